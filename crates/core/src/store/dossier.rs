use super::Result;
use crate::attrs::Attrs;
use crate::entity::{Flow, Session};
use crate::ids::{FlowId, SessionId, UserId};
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
}
