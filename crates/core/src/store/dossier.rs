use super::Result;
use crate::attrs::Attrs;
use crate::entity::{Flow, Invitation, Session};
use crate::ids::{FlowId, InvitationId, SessionId, UserId};
use crate::page::Slice;

/// Look-ups of everything that is stored about a person, over or not, in parts by descending id (R-DP-01).
#[trait_variant::make(Send)]
pub trait Dossier<A: Attrs> {
    /// A part of all sessions of this user, ended and expired ones among them.
    async fn every_session_of(
        &mut self,
        user: UserId,
        slice: Slice<SessionId>,
    ) -> Result<Vec<Session<A>>>;

    /// A part of all flows about this user, finished and expired ones among them.
    async fn every_flow_of(&mut self, user: UserId, slice: Slice<FlowId>) -> Result<Vec<Flow<A>>>;

    /// A part of all invitations to the addresses that this user has proven, accepted, revoked and expired ones among
    /// them. What went to an address that he only claims is another's.
    async fn every_invitation_to(
        &mut self,
        user: UserId,
        slice: Slice<InvitationId>,
    ) -> Result<Vec<Invitation<A>>>;
}
