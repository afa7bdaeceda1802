use std::cmp::Reverse;
use std::sync::Arc;

use durward_core::email::CanonicalEmail;
use durward_core::entity::Invitation;
use durward_core::ids::{InvitationId, OrganizationId};
use durward_core::store::{Invitations, InvitationsMut, Result, StoreError};
use durward_core::{Attrs, Digest, Slice, Timestamp};

use crate::state::Rows;
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

pub(crate) struct InvitationTable<A: Attrs> {
    pub(crate) rows: Rows<InvitationId, Invitation<A>>,
}

impl<A: Attrs> InvitationTable<A> {
    pub(crate) fn row(&self, id: InvitationId) -> Option<&Invitation<A>> {
        self.rows.get(&id).map(Arc::as_ref)
    }

    pub(crate) fn by_code(&self, code: &Digest) -> Option<&Invitation<A>> {
        self.rows.values().map(Arc::as_ref).find(|row| row.code == *code)
    }

    pub(crate) fn open_of(
        &self,
        organization: OrganizationId,
        now: Timestamp,
    ) -> impl Iterator<Item = &Invitation<A>> {
        let rows = self.rows.values().map(Arc::as_ref);
        rows.filter(move |row| row.organization == organization && row.is_open(now))
    }

    pub(crate) fn slice_of(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        slice: Slice<InvitationId>,
    ) -> Vec<Invitation<A>> {
        let open = self.open_of(organization, now);
        let follows = |it: &&Invitation<A>| slice.after.is_none_or(|after| it.id < after);
        let mut found: Vec<_> = open.filter(follows).cloned().collect();
        found.sort_by_key(|it| Reverse(it.id));
        found.truncate(usize::try_from(slice.limit).unwrap_or(usize::MAX));
        found
    }

    pub(crate) fn insert(&mut self, invitation: &Invitation<A>) -> Result<()> {
        if self.rows.contains_key(&invitation.id) || self.by_code(&invitation.code).is_some() {
            return Err(StoreError::Duplicate("invitation"));
        }
        self.rows.insert(invitation.id, Arc::new(invitation.clone()));
        Ok(())
    }

    pub(crate) fn finish(&mut self, id: InvitationId, now: Timestamp) -> bool {
        let Some(open) = self.row(id).filter(|row| row.is_open(now)) else {
            return false;
        };
        let finished = Invitation { finished: Some(now), ..open.clone() };
        self.rows.insert(id, Arc::new(finished));
        true
    }

    pub(crate) fn finish_to(
        &mut self,
        organization: OrganizationId,
        email: &CanonicalEmail,
        now: Timestamp,
    ) -> u64 {
        let rows = self.rows.values_mut();
        let to = rows.filter(|row| {
            row.organization == organization
                && row.email.canonical() == email
                && row.finished.is_none()
        });
        to.map(|row| Arc::make_mut(row).finished = Some(now)).count() as u64
    }
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Invitations<A> for Handle<A> {
        async fn invitation(&mut self, id: InvitationId) -> Result<Option<Invitation<A>>> {
            self.look(|state| state.invitations.row(id).cloned())
        }

        async fn invitation_by_code(&mut self, code: &Digest) -> Result<Option<Invitation<A>>> {
            self.look(|state| state.invitations.by_code(code).cloned())
        }

        async fn invitations_of(
            &mut self,
            organization: OrganizationId,
            now: Timestamp,
            slice: Slice<InvitationId>,
        ) -> Result<Vec<Invitation<A>>> {
            self.look(|state| state.invitations.slice_of(organization, now, slice))
        }

        async fn count_invitations(
            &mut self,
            organization: OrganizationId,
            now: Timestamp,
        ) -> Result<u64> {
            self.look(|state| state.invitations.open_of(organization, now).count() as u64)
        }
    }
}

impl<A: Attrs> InvitationsMut<A> for MemoryTx<A> {
    async fn insert_invitation(&mut self, invitation: &Invitation<A>) -> Result<()> {
        self.write(|state| Arc::make_mut(&mut state.invitations).insert(invitation))
    }

    async fn finish_invitation(&mut self, id: InvitationId, now: Timestamp) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.invitations).finish(id, now)))
    }

    async fn finish_invitations_to(
        &mut self,
        organization: OrganizationId,
        email: &CanonicalEmail,
        now: Timestamp,
    ) -> Result<u64> {
        self.write(|state| {
            Ok(Arc::make_mut(&mut state.invitations).finish_to(organization, email, now))
        })
    }
}

impl<A: Attrs> Default for InvitationTable<A> {
    fn default() -> Self {
        Self { rows: Rows::new() }
    }
}

impl<A: Attrs> Clone for InvitationTable<A> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone() }
    }
}
