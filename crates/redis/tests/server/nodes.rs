//! Nodes of a deployment that share the limiter.

use std::sync::Arc;

use durward_core::accounts::Joining;
use durward_core::budget::Rate;
use durward_core::entity::NodeName;
use durward_core::{Accounts, Error, Sharing};
use durward_store_memory::MemoryStore;
use durward_testing::rates::{client, failures_looked_at, granted, granted_together};
use durward_testing::{SeededEntropy, TestAccounts};

use crate::middle::Middle;
use crate::{HOUR, limiter, url};

type Node = Accounts<MemoryStore>;

/// Two nodes on one store, with a connection each.
async fn nodes(url: &str, test: &str) -> [Node; 2] {
    let (store, entropy) = (MemoryStore::default(), SeededEntropy::default());
    let nodes = ["one", "two"].map(|_| {
        let node = TestAccounts::on_with(store.clone(), |parts| {
            parts.entropy = Arc::new(entropy.clone());
            parts.sharing = Sharing::Limiter(Arc::new(limiter(url, test)));
        });
        node.accounts().clone()
    });
    // The first one learns of the second when it looks again.
    for name in ["one", "two", "one"] {
        let node = &nodes[usize::from(name == "two")];
        let joined = node.join_nodes(&NodeName::parse(name).unwrap()).await.unwrap();
        assert!(matches!(joined, Joining::Joined { .. }), "{joined:?}");
    }
    nodes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_keep_to_the_rate_together_within_a_tenth() {
    let Some(url) = url() else { return };
    let nodes = nodes(&url, "together").await;
    for (n, count) in [(1, 40), (2, 200), (3, 2_000)] {
        let granted = granted_together(nodes.each_ref(), client(n), Rate::per(count, HOUR)).await;
        assert!((count * 9 / 10..=count * 11 / 10).contains(&granted), "{granted} of {count}");
    }
}

#[tokio::test]
async fn a_failure_on_one_node_costs_more_than_a_success_and_counts_on_the_other() {
    // GW-05
    let Some(url) = url() else { return };
    let nodes = nodes(&url, "failures").await;
    let rate = Rate::per(40, HOUR);
    let mut successes = 0;
    nodes[0].charge_failure(client(1), &rate).await;
    nodes[0].charge_failure(client(1), &rate).await;
    while granted(&nodes[0], client(1), &rate).await {
        successes += 1;
    }
    while granted(&nodes[1], client(1), &rate).await {
        successes += 1;
    }
    assert!((18..=22).contains(&successes), "{successes}");
    let refused = nodes[0].check_rate(client(1), &rate).await;
    assert!(matches!(refused, Err(Error::Throttled { .. })));
    // What the last one on each node costs is not paid yet.
    let failures = failures_looked_at(nodes.each_ref(), client(2), rate).await;
    assert!((4..=6).contains(&failures), "{failures}");
}

#[tokio::test]
async fn a_server_that_is_killed_leaves_each_node_its_share() {
    let Some(url) = url() else { return };
    let mut middle = Middle::to(&url).await;
    let nodes = nodes(&middle.url, "killed").await;
    let rate = Rate::per(200, HOUR);
    assert!(granted(&nodes[0], client(1), &rate).await);
    middle.die();
    let mut counts = [0, 0];
    for (node, count) in nodes.iter().zip(&mut counts) {
        while granted(node, client(2), &rate).await {
            *count += 1;
        }
    }
    // Half of the rate, and the little that needs no lease.
    assert!(counts.iter().all(|count| (100..=105).contains(count)), "{counts:?}");
}
