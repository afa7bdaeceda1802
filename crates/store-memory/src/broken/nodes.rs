use std::sync::Arc;

use durward_core::Timestamp;
use durward_core::entity::{Node, NodeName};
use durward_core::ids::NodeId;

use super::fault::Fault;
use super::{Faults, altered};

/// Registers a node with something of it altered.
macro_rules! kept {
    ($alter:expr) => {
        Fault::register_node(|state, node, now| {
            let alter: fn(&mut Node) = $alter;
            state.register_node(&altered(node, alter), now);
            Ok(())
        })
    };
}

fn soon(moment: Timestamp) -> Timestamp {
    Timestamp::from_millis(moment.as_millis() - 1)
}

pub(super) const FAULTS: Faults = &[
    (
        "a_node_comes_back_as_it_was_registered",
        &[
            kept!(|node| node.id = NodeId::from_bytes([0; 16])),
            kept!(|node| node.name = NodeName::parse("node").expect("a name")),
            kept!(|node| node.name =
                NodeName::parse(&node.name.as_str().to_ascii_lowercase()).expect("a name")),
            kept!(|node| node.sharing = durward_core::sharing::SharingKind::Store),
            kept!(|node| node.started = node.expires),
            kept!(|node| node.expires = Timestamp::from_millis(node.expires.as_millis() + 1)),
            Fault::live_nodes(|_, _| Vec::new()),
            Fault::live_nodes(|state, now| {
                let mut nodes = state.live_nodes(now);
                nodes.reverse();
                nodes
            }),
        ],
    ),
    (
        "a_node_counts_until_it_expires",
        &[
            Fault::live_nodes(|state, _| state.nodes.values().cloned().collect()),
            Fault::live_nodes(|state, now| state.live_nodes(soon(now))),
            Fault::renew_node(|_, _, _| Ok(true)),
            Fault::renew_node(|state, id, expires| {
                state.renew_node(id, expires);
                Ok(true)
            }),
            Fault::renew_node(|state, _, expires| {
                let nodes = Arc::make_mut(&mut state.nodes).values_mut();
                Ok(nodes.map(|node| node.expires = expires).count() > 0)
            }),
        ],
    ),
    (
        "a_node_takes_the_place_of_the_one_with_its_name",
        &[
            Fault::register_node(|state, node, now| {
                if !state.nodes.contains_key(&node.name) {
                    state.register_node(node, now);
                }
                Ok(())
            }),
            Fault::register_node(|state, node, now| {
                Arc::make_mut(&mut state.nodes).clear();
                state.register_node(node, now);
                Ok(())
            }),
            Fault::register_node(|state, node, _| {
                Arc::make_mut(&mut state.nodes).insert(node.name.clone(), node.clone());
                Ok(())
            }),
            Fault::register_node(|state, node, now| {
                state.register_node(node, Timestamp::from_millis(now.as_millis() - 1));
                Ok(())
            }),
            Fault::delete_node(|_, _| Ok(true)),
            Fault::delete_node(|state, id| {
                state.delete_node(id);
                Ok(true)
            }),
            Fault::delete_node(|state, _| {
                Arc::make_mut(&mut state.nodes).clear();
                Ok(true)
            }),
        ],
    ),
    ("of_nodes_that_register_at_once_all_are_there", &[Fault::UnitsOverlap, Fault::LateUnitsFail]),
];
