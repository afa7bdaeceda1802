use std::cmp::Reverse;
use std::sync::Arc;

use durward_core::entity::{Organization, OwnMembership};
use durward_core::ids::{OrganizationId, UserId};
use durward_core::store::{Organizations, OrganizationsMut, Result, StoreError};
use durward_core::{Attrs, Slice};

use crate::state::{Rows, State};
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

pub(crate) struct OrganizationTable<A: Attrs> {
    pub(crate) rows: Rows<OrganizationId, Organization<A>>,
}

impl<A: Attrs> OrganizationTable<A> {
    pub(crate) fn row(&self, id: OrganizationId) -> Option<&Organization<A>> {
        self.rows.get(&id).map(Arc::as_ref)
    }

    pub(crate) fn insert(&mut self, organization: &Organization<A>) -> Result<()> {
        if self.rows.contains_key(&organization.id) {
            return Err(StoreError::Duplicate("organization"));
        }
        self.rows.insert(organization.id, Arc::new(organization.clone()));
        Ok(())
    }

    pub(crate) fn update(&mut self, organization: &Organization<A>, from: i64) -> bool {
        let Some(stored) = self.row(organization.id).filter(|stored| stored.version == from) else {
            return false;
        };
        let updated = Organization { created: stored.created, ..organization.clone() };
        self.rows.insert(organization.id, Arc::new(updated));
        true
    }
}

impl<A: Attrs> State<A> {
    pub(crate) fn organizations_of(
        &self,
        user: UserId,
        slice: Slice<OrganizationId>,
    ) -> Vec<OwnMembership<A>> {
        let own = self.memberships.rows.values().filter(|row| row.user == user);
        let follows = |id| slice.after.is_none_or(|after| id < after);
        let mut found: Vec<_> = own
            .filter(|row| follows(row.organization))
            .filter_map(|row| {
                let organization = self.organizations.row(row.organization)?.clone();
                Some(OwnMembership { organization, membership: row.as_ref().clone() })
            })
            .collect();
        found.sort_by_key(|it| Reverse(it.organization.id));
        found.truncate(usize::try_from(slice.limit).unwrap_or(usize::MAX));
        found
    }
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Organizations<A> for Handle<A> {
        async fn organization(&mut self, id: OrganizationId) -> Result<Option<Organization<A>>> {
            self.look(|state| state.organizations.row(id).cloned())
        }

        async fn organizations_of(
            &mut self,
            user: UserId,
            slice: Slice<OrganizationId>,
        ) -> Result<Vec<OwnMembership<A>>> {
            self.look(|state| state.organizations_of(user, slice))
        }
    }
}

impl<A: Attrs> OrganizationsMut<A> for MemoryTx<A> {
    async fn insert_organization(&mut self, organization: &Organization<A>) -> Result<()> {
        self.write(|state| Arc::make_mut(&mut state.organizations).insert(organization))
    }

    async fn update_organization(
        &mut self,
        organization: &Organization<A>,
        from: i64,
    ) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.organizations).update(organization, from)))
    }

    async fn lock_organization(&mut self, id: OrganizationId) -> Result<bool> {
        // One unit of work runs at a time.
        self.write(|state| Ok(state.organizations.row(id).is_some()))
    }
}

impl<A: Attrs> Default for OrganizationTable<A> {
    fn default() -> Self {
        Self { rows: Rows::new() }
    }
}

impl<A: Attrs> Clone for OrganizationTable<A> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone() }
    }
}
