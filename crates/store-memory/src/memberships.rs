use std::cmp::Reverse;
use std::sync::Arc;

use durward_core::entity::{Member, Membership, UserStatus};
use durward_core::ids::{MembershipId, OrganizationId, UserId};
use durward_core::store::{Memberships, MembershipsMut, Result, StoreError};
use durward_core::{Attrs, Slice};

use crate::state::{Rows, State};
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

pub(crate) struct MembershipTable<A: Attrs> {
    pub(crate) rows: Rows<MembershipId, Membership<A>>,
}

impl<A: Attrs> MembershipTable<A> {
    pub(crate) fn row(&self, id: MembershipId) -> Option<&Membership<A>> {
        self.rows.get(&id).map(Arc::as_ref)
    }

    pub(crate) fn of(&self, organization: OrganizationId, user: UserId) -> Option<&Membership<A>> {
        let mut rows = self.rows.values().map(Arc::as_ref);
        rows.find(|row| row.organization == organization && row.user == user)
    }

    pub(crate) fn insert(&mut self, membership: &Membership<A>) -> Result<()> {
        let taken = self.rows.contains_key(&membership.id)
            || self.of(membership.organization, membership.user).is_some();
        if taken {
            return Err(StoreError::Duplicate("membership"));
        }
        self.rows.insert(membership.id, Arc::new(membership.clone()));
        Ok(())
    }

    pub(crate) fn update(&mut self, membership: &Membership<A>, from: i64) -> bool {
        let Some(stored) = self.row(membership.id).filter(|stored| stored.version == from) else {
            return false;
        };
        let Membership { role, version, updated, .. } = *membership;
        let updated = Membership { role, version, updated, ..stored.clone() };
        self.rows.insert(membership.id, Arc::new(updated));
        true
    }

    pub(crate) fn delete(&mut self, id: MembershipId, from: i64) -> bool {
        self.row(id).is_some_and(|row| row.version == from) && self.rows.remove(&id).is_some()
    }
}

impl<A: Attrs> State<A> {
    pub(crate) fn members_of(
        &self,
        organization: OrganizationId,
        slice: Slice<MembershipId>,
    ) -> Vec<Member<A>> {
        let rows = self.memberships.rows.values().map(Arc::as_ref);
        let of = rows.filter(|row| row.organization == organization);
        let mut found: Vec<_> = of
            .filter(|row| slice.after.is_none_or(|after| row.id < after))
            .filter_map(|row| {
                let name = self.users.row(row.user)?.name.clone();
                Some(Member { membership: row.clone(), name })
            })
            .collect();
        found.sort_by_key(|it| Reverse(it.membership.id));
        found.truncate(usize::try_from(slice.limit).unwrap_or(usize::MAX));
        found
    }

    pub(crate) fn count_members(
        &self,
        organization: OrganizationId,
        role: A::OrganizationRole,
    ) -> u64 {
        let rows = self.memberships.rows.values();
        let with_role = rows.filter(|row| row.organization == organization && row.role == role);
        let active = |id| self.users.row(id).is_some_and(|it| it.status == UserStatus::Active);
        with_role.filter(|row| active(row.user)).count() as u64
    }

    pub(crate) fn count_memberships(&self, user: UserId) -> u64 {
        self.memberships.rows.values().filter(|row| row.user == user).count() as u64
    }
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Memberships<A> for Handle<A> {
        async fn membership(&mut self, id: MembershipId) -> Result<Option<Membership<A>>> {
            self.look(|state| state.memberships.row(id).cloned())
        }

        async fn membership_of(
            &mut self,
            organization: OrganizationId,
            user: UserId,
        ) -> Result<Option<Membership<A>>> {
            self.look(|state| state.memberships.of(organization, user).cloned())
        }

        async fn members_of(
            &mut self,
            organization: OrganizationId,
            slice: Slice<MembershipId>,
        ) -> Result<Vec<Member<A>>> {
            self.look(|state| state.members_of(organization, slice))
        }

        async fn count_members(
            &mut self,
            organization: OrganizationId,
            role: A::OrganizationRole,
        ) -> Result<u64> {
            self.look(|state| state.count_members(organization, role))
        }

        async fn count_memberships(&mut self, user: UserId) -> Result<u64> {
            self.look(|state| state.count_memberships(user))
        }
    }
}

impl<A: Attrs> MembershipsMut<A> for MemoryTx<A> {
    async fn insert_membership(&mut self, membership: &Membership<A>) -> Result<()> {
        self.write(|state| Arc::make_mut(&mut state.memberships).insert(membership))
    }

    async fn update_membership(&mut self, membership: &Membership<A>, from: i64) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.memberships).update(membership, from)))
    }

    async fn delete_membership(&mut self, id: MembershipId, from: i64) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.memberships).delete(id, from)))
    }
}

impl<A: Attrs> Default for MembershipTable<A> {
    fn default() -> Self {
        Self { rows: Rows::new() }
    }
}

impl<A: Attrs> Clone for MembershipTable<A> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone() }
    }
}
