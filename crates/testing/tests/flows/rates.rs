use std::sync::Arc;
use std::time::Duration;

use durward_core::budget::Rate;
use durward_core::{ClientId, Error, Origin, Sharing, Spender};
use durward_store_memory::MemoryStore;
use durward_testing::{FakeClock, TestAccounts};

const SECOND: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_millis(1);

fn client() -> Spender {
    Spender::Client(ClientId::from_bytes([1; 16]))
}

async fn granted(it: &TestAccounts, spender: Spender, rate: &Rate) -> bool {
    match it.accounts().spend(spender, rate).await {
        Ok(_) => true,
        Err(error) => {
            let later = |it| it > Duration::ZERO;
            assert!(matches!(error, Error::Throttled { retry_after } if later(retry_after)));
            false
        }
    }
}

/// Nodes on one store, with one clock.
fn nodes(count: usize) -> (Vec<TestAccounts>, FakeClock) {
    let (store, clock) = (MemoryStore::default(), FakeClock::default());
    let node = |_| {
        TestAccounts::on_with(store.clone(), |parts| {
            parts.clock = Arc::new(clock.clone());
            parts.settings.limits.sharing = Sharing::Store;
        })
    };
    ((0..count).map(node).collect(), clock)
}

/// How many requests the nodes grant in ten seconds when three times as many come as may, so many parts of them
/// to each node.
async fn granted_together(per_second: u32, parts: &[u32]) -> u32 {
    let (nodes, clock) = nodes(parts.len());
    let rate = Rate::per(per_second, SECOND);
    let all: u32 = parts.iter().sum();
    let (mut granted_in_all, mut turn, mut due) = (0, 0, 0);
    for _ in 0..10_000 {
        due += 3 * per_second;
        while due >= 1_000 {
            due -= 1_000;
            turn = (turn + 7) % all;
            let mut before = 0;
            let node = parts.iter().position(|part| {
                before += part;
                turn < before
            });
            granted_in_all += u32::from(granted(&nodes[node.unwrap()], client(), &rate).await);
        }
        clock.advance(MOMENT);
    }
    granted_in_all
}

#[tokio::test]
async fn a_node_alone_keeps_to_the_rate_exactly() {
    let it = TestAccounts::new();
    let rate = Rate::per(5, SECOND);
    for left in (0..5).rev() {
        assert_eq!(it.accounts().spend(client(), &rate).await.unwrap().left, left);
    }
    assert!(!granted(&it, client(), &rate).await);
    it.clock().advance(Duration::from_millis(199));
    assert!(!granted(&it, client(), &rate).await);
    it.clock().advance(MOMENT);
    assert!(granted(&it, client(), &rate).await);
    assert!(!granted(&it, client(), &rate).await);
    let other = Spender::Client(ClientId::from_bytes([2; 16]));
    assert!(granted(&it, other, &rate).await, "GW-06: nobody runs under the limit of another one");
}

#[tokio::test]
async fn nodes_keep_to_the_rate_together_within_a_tenth() {
    for per_second in [5, 100, 1_000] {
        for parts in [&[1_u32][..], &[1, 1], &[9, 1], &[1, 1, 1]] {
            let granted = granted_together(per_second, parts).await;
            // A burst, and ten seconds of the rate.
            let right = 11 * per_second;
            assert!(
                (right * 9 / 10..=right * 11 / 10).contains(&granted),
                "{per_second}/s on {parts:?}: {granted} of {right}"
            );
        }
    }
}

#[tokio::test]
async fn what_one_node_used_up_is_used_up_on_the_others() {
    let (nodes, clock) = nodes(2);
    let rate = Rate::per(100, SECOND);
    let mut first = 0;
    while granted(&nodes[0], client(), &rate).await {
        first += 1;
    }
    let mut second = 0;
    while granted(&nodes[1], client(), &rate).await {
        second += 1;
    }
    assert!((90..=110).contains(&(first + second)), "{first} and {second}");
    clock.advance(SECOND);
    assert!(granted(&nodes[1], client(), &rate).await);
}

#[tokio::test]
async fn few_requests_of_many_callers_cost_no_write() {
    let (nodes, _) = nodes(1);
    let rate = Rate::per(6_000, Duration::from_mins(1));
    let network = |ip: &str| {
        let ip = Some(ip.parse().unwrap());
        Spender::Network(Origin { ip, ..Origin::default() }.network())
    };
    for ip in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
        assert!(granted(&nodes[0], network(ip), &rate).await);
    }
    let leases = nodes[0].accounts().attend_to(
        durward_core::accounts::Chore::Delete(durward_core::store::Leftover::Budgets),
        100,
    );
    nodes[0].clock().advance(Duration::from_hours(1));
    assert_eq!(leases.await.unwrap(), 0);
}

#[tokio::test]
async fn a_failure_costs_more_than_a_success() {
    // GW-05
    for sharing in [Sharing::Alone, Sharing::Store] {
        let it = TestAccounts::with(|parts| parts.settings.limits.sharing = sharing);
        let rate = Rate::per(20, SECOND);
        assert!(it.accounts().check_rate(client(), &rate).await.is_ok());
        it.accounts().charge_failure(client(), &rate).await;
        it.accounts().charge_failure(client(), &rate).await;
        assert!(!granted(&it, client(), &rate).await, "{sharing:?}");
        let refused = it.accounts().check_rate(client(), &rate).await;
        assert!(matches!(refused, Err(Error::Throttled { .. })), "{sharing:?}");
        it.clock().advance(2 * SECOND);
        assert!(granted(&it, client(), &rate).await, "{sharing:?}");
    }
}
