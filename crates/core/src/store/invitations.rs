use super::Result;
use crate::attrs::Attrs;
use crate::email::CanonicalEmail;
use crate::entity::Invitation;
use crate::ids::{InvitationId, OrganizationId};
use crate::page::Slice;
use crate::secret::Digest;
use crate::time::Timestamp;

/// Look-ups of invitations.
#[trait_variant::make(Send)]
pub trait Invitations<A: Attrs> {
    /// The invitation with this id, open or not.
    async fn invitation(&mut self, id: InvitationId) -> Result<Option<Invitation<A>>>;

    /// The invitation with this code, open or not: the rule decides, not the store.
    async fn invitation_by_code(&mut self, code: &Digest) -> Result<Option<Invitation<A>>>;

    /// A part of the invitations of an organization that are [open](Invitation::is_open), by descending id.
    async fn invitations_of(
        &mut self,
        organization: OrganizationId,
        now: Timestamp,
        slice: Slice<InvitationId>,
    ) -> Result<Vec<Invitation<A>>>;

    /// How many invitations of an organization are open.
    async fn count_invitations(
        &mut self,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<u64>;
}

/// Writes of invitations.
#[trait_variant::make(Send)]
pub trait InvitationsMut<A: Attrs> {
    /// Inserts an invitation.
    async fn insert_invitation(&mut self, invitation: &Invitation<A>) -> Result<()>;

    /// Finishes an invitation, if it is open at `now`; answers whether it was. Of any number of concurrent
    /// callers exactly one is told `true`.
    async fn finish_invitation(&mut self, id: InvitationId, now: Timestamp) -> Result<bool>;

    /// Finishes every unfinished invitation of this organization to this address; answers how many.
    async fn finish_invitations_to(
        &mut self,
        organization: OrganizationId,
        email: &CanonicalEmail,
        now: Timestamp,
    ) -> Result<u64>;
}
