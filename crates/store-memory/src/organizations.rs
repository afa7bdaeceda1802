use std::cmp::Reverse;
use std::sync::Arc;

use durward_core::entity::{
    FoundOrganization, Organization, OrganizationMatch, OwnMembership, SearchKey,
};
use durward_core::ids::{OrganizationId, UserId};
use durward_core::store::{OrganizationQuery, Organizations, OrganizationsMut, Result, StoreError};
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

    /// Those that fit, the newest first.
    pub(crate) fn fitting(
        &self,
        query: OrganizationQuery,
    ) -> impl Iterator<Item = &Organization<A>> {
        let OrganizationQuery { archived } = query;
        let newest = self.rows.values().rev().map(Arc::as_ref);
        newest.filter(move |it| archived.is_none_or(|archived| it.archived.is_some() == archived))
    }

    pub(crate) fn list(
        &self,
        query: OrganizationQuery,
        slice: Slice<OrganizationId>,
    ) -> Vec<Organization<A>> {
        let rows = self.fitting(query);
        let rows = rows.filter(|it| slice.after.is_none_or(|after| it.id < after));
        rows.take(slice.limit as usize).cloned().collect()
    }

    pub(crate) fn search(
        &self,
        begin: &SearchKey,
        query: OrganizationQuery,
        slice: &Slice<OrganizationMatch>,
    ) -> Vec<FoundOrganization<A>> {
        let mut found: Vec<FoundOrganization<A>> = self
            .fitting(query)
            .map(|it| {
                let key = SearchKey::of(it.name.as_str()).as_str().to_owned();
                let place = OrganizationMatch { key, id: it.id };
                FoundOrganization { organization: it.clone(), place }
            })
            .filter(|found| begin.begins(&found.place.key))
            .filter(|found| slice.after.as_ref().is_none_or(|after| found.place > *after))
            .collect();
        found.sort_by(|one, other| one.place.cmp(&other.place));
        found.truncate(slice.limit as usize);
        found
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

        async fn list_organizations(
            &mut self,
            query: &OrganizationQuery,
            slice: Slice<OrganizationId>,
        ) -> Result<Vec<Organization<A>>> {
            self.look(|state| state.organizations.list(*query, slice))
        }

        async fn search_organizations(
            &mut self,
            begin: &SearchKey,
            query: &OrganizationQuery,
            slice: Slice<OrganizationMatch>,
        ) -> Result<Vec<FoundOrganization<A>>> {
            self.look(|state| state.organizations.search(begin, *query, &slice))
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
