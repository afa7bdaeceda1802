use super::Result;
use crate::entity::Node;
use crate::ids::NodeId;
use crate::time::Timestamp;

/// Look-ups of nodes.
#[trait_variant::make(Send)]
pub trait Nodes {
    /// The nodes that have not expired at this moment, by their names.
    async fn live_nodes(&mut self, now: Timestamp) -> Result<Vec<Node>>;
}

/// Writes of nodes.
#[trait_variant::make(Send)]
pub trait NodesMut {
    /// Registers a node, in the place of the one with its name, and forgets all that have expired at `now`.
    async fn register_node(&mut self, node: &Node, now: Timestamp) -> Result<()>;

    /// Lets a node count until this moment, if it is still registered, expired or not; answers whether it was.
    async fn renew_node(&mut self, id: NodeId, expires: Timestamp) -> Result<bool>;

    /// Forgets a node; answers whether it was registered.
    async fn delete_node(&mut self, id: NodeId) -> Result<bool>;
}
