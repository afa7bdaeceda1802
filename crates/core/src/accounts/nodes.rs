use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::Accounts;
use crate::entity::{Node, NodeName};
use crate::error::Error;
use crate::ids::NodeId;
use crate::store::{Nodes, NodesMut, Store};

/// What a process is told that wants to serve the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joining {
    /// It may.
    Joined {
        /// Those that serve it, too.
        beside: Vec<Node>,
    },
    /// It may not: it would count requests by itself beside another one, or the other way round.
    Refused {
        /// That other one.
        beside: Node,
    },
}

impl<S: Store> Accounts<S> {
    /// Registers this process as a node of the deployment, before it serves: under a name that no other running
    /// process has, and that it has again when it is restarted.
    ///
    /// One that counts requests by itself ([`Sharing::Alone`](crate::Sharing::Alone)) is not admitted beside
    /// another one, nor any beside it: of two that start at once no more than one is. A registration is renewed by
    /// [`upkeep`](crate::upkeep); without that it ends after [`Node::LIFETIME`].
    pub async fn join_nodes(&self, name: &NodeName) -> Result<Joining, Error> {
        let now = self.now();
        let node = Node {
            id: NodeId::new(now, self.entropy()),
            name: name.clone(),
            sharing: self.parts().sharing.kind(),
            started: now,
            expires: now + Node::LIFETIME,
        };
        // Registered first, and in a unit of its own: whoever looks last sees all that were before.
        self.register(&node).await?;
        let beside = self.nodes_beside(&node).await?;
        if let Some(other) = beside.iter().find(|other| node.is_at_odds_with(other)) {
            self.forget_node(node.id).await?;
            return Ok(Joining::Refused { beside: other.clone() });
        }
        *self.own_node() = Some(node);
        Ok(Joining::Joined { beside })
    }

    /// Ends the registration of this process, if it has one, so that it does not stand in the way of others.
    pub async fn leave_nodes(&self) -> Result<(), Error> {
        let node = self.own_node().take();
        match node {
            Some(node) => self.forget_node(node.id).await,
            None => Ok(()),
        }
    }

    /// How many nodes serve the deployment, as far as this one knows; at least itself.
    pub(crate) fn count_nodes(&self) -> u32 {
        self.shared().nodes.load(Ordering::Relaxed).max(1)
    }

    /// Lets the registration of this process count for longer.
    ///
    /// Two that must not run beside each other may come to do so: when one could not reach the store for as long as
    /// its registration counted. That is an error, until one of them is stopped.
    pub(super) async fn renew_own_node(&self) -> Result<u64, Error> {
        let Some(mut node) = self.own_node().clone() else {
            return Ok(0);
        };
        node.expires = self.now() + Node::LIFETIME;
        if !unit!(self, |tx| Ok(tx.renew_node(node.id, node.expires).await?))? {
            let others = self.nodes_beside(&node).await?;
            if others.iter().any(|other| other.name == node.name) {
                tracing::error!(node = %node.name, "another process has the name of this node");
                return Err(Error::Internal("another process has the name of this node"));
            }
            self.register(&node).await?;
        }
        let others = self.nodes_beside(&node).await?;
        match others.iter().find(|other| node.is_at_odds_with(other)) {
            None => Ok(0),
            Some(other) => {
                tracing::error!(
                    node = %node.name,
                    other = %other.name,
                    "one of two nodes counts requests by itself: stop one of them"
                );
                Err(Error::Internal("one of two nodes counts requests by itself"))
            }
        }
    }

    async fn register(&self, node: &Node) -> Result<(), Error> {
        unit!(self, |tx| Ok(tx.register_node(node, self.now()).await?))
    }

    async fn forget_node(&self, id: NodeId) -> Result<(), Error> {
        unit!(self, |tx| Ok(tx.delete_node(id).await?)).map(drop)
    }

    /// The other nodes; and takes note of how many there are.
    async fn nodes_beside(&self, node: &Node) -> Result<Vec<Node>, Error> {
        let mut nodes = self.read().await?.live_nodes(self.now()).await?;
        nodes.retain(|other| other.id != node.id);
        let count = u32::try_from(nodes.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.shared().nodes.store(count, Ordering::Relaxed);
        Ok(nodes)
    }

    fn own_node(&self) -> std::sync::MutexGuard<'_, Option<Node>> {
        self.shared().node.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
