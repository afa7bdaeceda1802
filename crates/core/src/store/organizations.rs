use super::Result;
use crate::attrs::Attrs;
use crate::entity::{FoundOrganization, Organization, OrganizationMatch, OwnMembership, SearchKey};
use crate::ids::{OrganizationId, UserId};
use crate::page::Slice;

/// Which organizations are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrganizationQuery {
    /// Those that are archived, or those that are not; `None` for both.
    pub archived: Option<bool>,
}

/// Look-ups of organizations.
#[trait_variant::make(Send)]
pub trait Organizations<A: Attrs> {
    /// The organization with this id, archived or not.
    async fn organization(&mut self, id: OrganizationId) -> Result<Option<Organization<A>>>;

    /// A part of the organizations that this user is a member of, each with the membership, by descending
    /// id of the organization.
    async fn organizations_of(
        &mut self,
        user: UserId,
        slice: Slice<OrganizationId>,
    ) -> Result<Vec<OwnMembership<A>>>;

    /// A part of all organizations that fit, by descending id.
    async fn list_organizations(
        &mut self,
        query: &OrganizationQuery,
        slice: Slice<OrganizationId>,
    ) -> Result<Vec<Organization<A>>>;

    /// A part of the organizations that fit and whose name [begins](SearchKey::begins) with this, in its form
    /// [`SearchKey::of`]: by ascending place, in the order of code points. A part costs what it holds, and not what
    /// all there are.
    async fn search_organizations(
        &mut self,
        begin: &SearchKey,
        query: &OrganizationQuery,
        slice: Slice<OrganizationMatch>,
    ) -> Result<Vec<FoundOrganization<A>>>;
}

/// Writes of organizations.
#[trait_variant::make(Send)]
pub trait OrganizationsMut<A: Attrs> {
    /// Inserts an organization. [`Duplicate`](super::StoreError::Duplicate) when the id is taken.
    async fn insert_organization(&mut self, organization: &Organization<A>) -> Result<()>;

    /// Replaces name, archival, what is asked of members, version, time of update and attributes, if the stored version is `from`;
    /// answers whether it was. Of concurrent updates from one version at most one is told `true`.
    async fn update_organization(
        &mut self,
        organization: &Organization<A>,
        from: i64,
    ) -> Result<bool>;

    /// Holds off other units of work that lock this organization, until this one is over; answers whether
    /// it is there. What is looked up after it is what those who held it before have committed.
    async fn lock_organization(&mut self, id: OrganizationId) -> Result<bool>;
}
