use super::Result;
use crate::attrs::Attrs;
use crate::entity::{Member, Membership};
use crate::ids::{MembershipId, OrganizationId, UserId};
use crate::page::Slice;

/// Look-ups of memberships.
#[trait_variant::make(Send)]
pub trait Memberships<A: Attrs> {
    /// The membership with this id.
    async fn membership(&mut self, id: MembershipId) -> Result<Option<Membership<A>>>;

    /// The membership of this user in this organization.
    async fn membership_of(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Membership<A>>>;

    /// A part of the members of an organization, with their names, by descending id of the membership.
    async fn members_of(
        &mut self,
        organization: OrganizationId,
        slice: Slice<MembershipId>,
    ) -> Result<Vec<Member<A>>>;

    /// How many active users have this role in this organization; the others could not use it.
    async fn count_members(
        &mut self,
        organization: OrganizationId,
        role: A::OrganizationRole,
    ) -> Result<u64>;

    /// How many organizations this user is a member of.
    async fn count_memberships(&mut self, user: UserId) -> Result<u64>;
}

/// Writes of memberships.
#[trait_variant::make(Send)]
pub trait MembershipsMut<A: Attrs> {
    /// Inserts a membership. [`Duplicate`](super::StoreError::Duplicate) when the user is a member already,
    /// in whatever order two units of work run (GW-26).
    async fn insert_membership(&mut self, membership: &Membership<A>) -> Result<()>;

    /// Replaces role, version and time of update, if the stored version is `from`; answers whether it was.
    /// Of concurrent updates from one version at most one is told `true`.
    async fn update_membership(&mut self, membership: &Membership<A>, from: i64) -> Result<bool>;

    /// Deletes a membership, if it is there at this version; answers whether it was.
    async fn delete_membership(&mut self, id: MembershipId, from: i64) -> Result<bool>;
}
