//! Promises about the nodes of a deployment.

use durward_core::entity::{Node, NodeName};
use durward_core::sharing::SharingKind;
use durward_core::store::{Nodes, NodesMut, Tx};
use durward_core::{NodeId, Store, Timestamp};

use crate::Suite;
use crate::race::race;
use crate::sample::at;

/// The node of this number, under this name, which expires after 100 seconds.
fn node(n: u8, name: &str) -> Node {
    Node {
        id: NodeId::from_bytes([n; 16]),
        name: NodeName::parse(name).unwrap(),
        sharing: SharingKind::ALL[usize::from(n) % 3],
        started: at(i64::from(n)),
        expires: at(100),
    }
}

async fn register<S: Store<Attrs = Suite>>(store: &S, node: &Node, now: Timestamp) {
    let mut tx = store.begin().await.unwrap();
    tx.register_node(node, now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn renew<S: Store<Attrs = Suite>>(store: &S, n: u8, expires: Timestamp) -> bool {
    let mut tx = store.begin().await.unwrap();
    let renewed = tx.renew_node(NodeId::from_bytes([n; 16]), expires).await.unwrap();
    tx.commit().await.unwrap();
    renewed
}

async fn delete<S: Store<Attrs = Suite>>(store: &S, n: u8) -> bool {
    let mut tx = store.begin().await.unwrap();
    let deleted = tx.delete_node(NodeId::from_bytes([n; 16])).await.unwrap();
    tx.commit().await.unwrap();
    deleted
}

async fn live<S: Store<Attrs = Suite>>(store: &S, now: Timestamp) -> Vec<Node> {
    store.read().await.unwrap().live_nodes(now).await.unwrap()
}

fn just_before(moment: Timestamp) -> Timestamp {
    Timestamp::from_millis(moment.as_millis() - 1)
}

/// Nodes are listed by their names, each as it was registered. Names that differ at all are different.
pub async fn a_node_comes_back_as_it_was_registered<S: Store<Attrs = Suite>>(store: &S) {
    assert_eq!(live(store, at(0)).await, []);
    let names = ["A:1", "[::1]:4000", "a:1", &"x".repeat(NodeName::MAX_LENGTH)];
    let nodes: Vec<Node> = (3..).zip(names).map(|(n, name)| node(n, name)).collect();
    for node in [2, 0, 3, 1].map(|n| &nodes[n]) {
        register(store, node, at(0)).await;
    }
    assert_eq!(live(store, at(0)).await, nodes);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.live_nodes(at(0)).await.unwrap(), nodes);
}

/// A node counts until it expires, which may be put off as long as it is registered.
pub async fn a_node_counts_until_it_expires<S: Store<Attrs = Suite>>(store: &S) {
    let (one, two) = (node(1, "one"), Node { expires: at(50), ..node(2, "two") });
    register(store, &one, at(0)).await;
    register(store, &two, at(0)).await;
    assert_eq!(live(store, just_before(at(50))).await.len(), 2);
    assert_eq!(live(store, at(50)).await, std::slice::from_ref(&one));
    assert_eq!(live(store, just_before(at(100))).await, std::slice::from_ref(&one));
    assert_eq!(live(store, at(100)).await, []);

    assert!(renew(store, 2, at(200)).await, "expired, and still registered");
    assert_eq!(live(store, at(100)).await, [Node { expires: at(200), ..two }]);
    assert!(!renew(store, 3, at(200)).await);
    assert_eq!(live(store, just_before(at(100))).await.len(), 2);
    assert!(delete(store, 2).await);
    assert!(!renew(store, 2, at(300)).await, "it is gone");
    assert_eq!(live(store, at(0)).await, [one]);
}

/// There is one node of a name, the last one that was registered; and those that have expired are forgotten then.
pub async fn a_node_takes_the_place_of_the_one_with_its_name<S: Store<Attrs = Suite>>(store: &S) {
    let early = Node { expires: at(50), ..node(1, "early") };
    register(store, &early, at(0)).await;
    register(store, &node(2, "one"), at(0)).await;
    register(store, &node(3, "one"), just_before(at(50))).await;
    assert_eq!(live(store, at(0)).await, [early, node(3, "one")]);
    assert!(!renew(store, 2, at(200)).await, "another one took its place");
    assert!(!delete(store, 2).await);
    register(store, &node(4, "two"), at(50)).await;
    assert_eq!(live(store, at(0)).await, [node(3, "one"), node(4, "two")]);
    assert!(!renew(store, 1, at(200)).await, "it was forgotten");
    assert!(delete(store, 3).await && !delete(store, 3).await);
    assert_eq!(live(store, at(0)).await, [node(4, "two")]);
}

/// Of nodes that register at once all are there afterwards, and of those with one name the last one.
pub async fn of_nodes_that_register_at_once_all_are_there<S: Store<Attrs = Suite>>(store: &S) {
    let answers = race(store, 8, |racer, tx| {
        Box::pin(async move {
            let name = ["one", "two", "three", "four"][usize::from(racer) % 4];
            tx.register_node(&node(racer + 1, name), at(0)).await
        })
    });
    for answer in answers.await {
        answer.unwrap();
    }
    let left = live(store, at(0)).await;
    let names: Vec<&str> = left.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["four", "one", "three", "two"]);
}
