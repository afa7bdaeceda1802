//! The processes that serve the deployment.

use durward::entity::Node;
use durward::store::{Nodes, NodesMut, Result};
use durward::{Attrs, NodeId, Timestamp};

use super::Handle;
use super::tables::change;

impl<A: Attrs> Nodes for Handle<A> {
    async fn live_nodes(&mut self, now: Timestamp) -> Result<Vec<Node>> {
        self.look(|tables| {
            let live = tables.nodes.iter().filter(|node| now < node.expires);
            let mut live: Vec<Node> = live.cloned().collect();
            live.sort_by(|one, other| one.name.cmp(&other.name));
            live
        })
    }
}

impl<A: Attrs> NodesMut for Handle<A> {
    async fn register_node(&mut self, node: &Node, now: Timestamp) -> Result<()> {
        self.write(|tables| {
            tables.nodes.retain(|other| other.name != node.name && now < other.expires);
            tables.nodes.push(node.clone());
            Ok(())
        })
    }

    async fn renew_node(&mut self, id: NodeId, expires: Timestamp) -> Result<bool> {
        self.write(|tables| {
            let renew = |node: &mut Node| node.expires = expires;
            Ok(change(&mut tables.nodes, |node| node.id == id, renew))
        })
    }

    async fn delete_node(&mut self, id: NodeId) -> Result<bool> {
        self.write(|tables| {
            let before = tables.nodes.len();
            tables.nodes.retain(|node| node.id != id);
            Ok(tables.nodes.len() < before)
        })
    }
}
