use std::collections::BTreeMap;
use std::sync::Arc;

use durward_core::entity::{Node, NodeName};
use durward_core::store::{Nodes, NodesMut, Result};
use durward_core::{Attrs, NodeId, Timestamp};

use crate::state::State;
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

pub(crate) type NodeTable = BTreeMap<NodeName, Node>;

impl<A: Attrs> State<A> {
    pub(crate) fn live_nodes(&self, now: Timestamp) -> Vec<Node> {
        self.nodes.values().filter(|node| now < node.expires).cloned().collect()
    }

    pub(crate) fn register_node(&mut self, node: &Node, now: Timestamp) {
        let nodes = Arc::make_mut(&mut self.nodes);
        nodes.retain(|_, other| now < other.expires);
        nodes.insert(node.name.clone(), node.clone());
    }

    pub(crate) fn renew_node(&mut self, id: NodeId, expires: Timestamp) -> bool {
        let mut nodes = Arc::make_mut(&mut self.nodes).values_mut();
        let node = nodes.find(|node| node.id == id);
        node.map(|node| node.expires = expires).is_some()
    }

    pub(crate) fn delete_node(&mut self, id: NodeId) -> bool {
        let nodes = Arc::make_mut(&mut self.nodes);
        let before = nodes.len();
        nodes.retain(|_, node| node.id != id);
        nodes.len() < before
    }
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Nodes for Handle<A> {
        async fn live_nodes(&mut self, now: Timestamp) -> Result<Vec<Node>> {
            self.look(|state| state.live_nodes(now))
        }
    }
}

impl<A: Attrs> NodesMut for MemoryTx<A> {
    async fn register_node(&mut self, node: &Node, now: Timestamp) -> Result<()> {
        self.write(|state| {
            state.register_node(node, now);
            Ok(())
        })
    }

    async fn renew_node(&mut self, id: NodeId, expires: Timestamp) -> Result<bool> {
        self.write(|state| Ok(state.renew_node(id, expires)))
    }

    async fn delete_node(&mut self, id: NodeId) -> Result<bool> {
        self.write(|state| Ok(state.delete_node(id)))
    }
}
