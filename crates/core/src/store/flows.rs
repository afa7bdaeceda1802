use super::Result;
use crate::attrs::Attrs;
use crate::entity::{Flow, Purpose};
use crate::ids::{FlowId, UserId};
use crate::secret::Digest;
use crate::time::Timestamp;

/// Look-ups of flows.
#[trait_variant::make(Send)]
pub trait Flows<A: Attrs> {
    /// The flow whose present handle this is.
    async fn flow_by_handle(&mut self, handle: &Digest) -> Result<Option<Flow<A>>>;

    /// The flow whose present link carries this code.
    async fn flow_by_link(&mut self, link: &Digest) -> Result<Option<Flow<A>>>;

    /// The open flows about this user that have this purpose, the newest first.
    async fn open_flows_of(
        &mut self,
        user: UserId,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Vec<Flow<A>>>;
}

/// Writes of flows.
#[trait_variant::make(Send)]
pub trait FlowsMut<A: Attrs> {
    /// Inserts a flow.
    async fn insert_flow(&mut self, flow: &Flow<A>) -> Result<()>;

    /// Counts one attempt against a step, if the flow is unfinished, still at `position`, and fewer than
    /// `limit` were tried; answers whether it counted. Of any number of concurrent callers at most `limit`
    /// are told `true` per flow.
    async fn debit_flow(&mut self, id: FlowId, position: u32, limit: u32) -> Result<bool>;

    /// Replaces everything that a transition changes (step, position, handle, codes, attempts, mails,
    /// methods, user, expiry), if the flow is unfinished and still at `from` with `mails` mails sent;
    /// answers whether it was.
    async fn advance_flow(&mut self, flow: &Flow<A>, from: u32, mails: u32) -> Result<bool>;

    /// Finishes a flow, if it is unfinished, still at `position` and not expired at `now`. Of any number
    /// of concurrent callers exactly one is told `true` (AM-04).
    async fn finish_flow(&mut self, id: FlowId, position: u32, now: Timestamp) -> Result<bool>;

    /// Finishes every unfinished flow about this user, but for [objections](Purpose::is_objection); answers how
    /// many there were (R-SE-07).
    ///
    /// Waits for every concurrent unit of work that has finished or advanced one of them, and finishes those that
    /// it inserted as well: nothing that was proven before goes on in another flow (R-SE-06).
    async fn finish_flows_of(&mut self, user: UserId, now: Timestamp) -> Result<u64>;
}
