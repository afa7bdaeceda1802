use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use durward_core::accounts::Joining;
use durward_core::budget::{BudgetKey, Debit, Rate};
use durward_core::entity::NodeName;
use durward_core::{
    ClientId, Clock, Error, Origin, RateLimiter, RateLimiterError, Sharing, Spender, Timestamp,
};
use durward_store_memory::MemoryStore;
use durward_testing::{FakeClock, SeededEntropy, TestAccounts};

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
            assert!(matches!(error, Error::Throttled { retry_after, .. } if later(retry_after)));
            false
        }
    }
}

/// A server that counts for all nodes, and can be away.
#[derive(Default)]
struct Limiter {
    clock: FakeClock,
    whole: Mutex<BTreeMap<BudgetKey, Timestamp>>,
    away: AtomicBool,
    asked: AtomicU32,
}

#[async_trait]
impl RateLimiter for Limiter {
    async fn debit(&self, key: BudgetKey, rate: &Rate) -> Result<Debit, RateLimiterError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.away.load(Ordering::Relaxed) {
            return Err(RateLimiterError::new("the server is away"));
        }
        let (mut all, now) = (self.whole.lock().unwrap(), self.clock.now());
        let whole = all.get(&key).map_or(now, |whole| now.max(*whole));
        let last_grant = rate.last_grant(now);
        if whole > last_grant {
            return Ok(Debit::Refused { retry_after: whole.since(last_grant) });
        }
        all.insert(key, whole + rate.interval);
        Ok(Debit::Granted)
    }
}

/// Nodes on one store, with one clock, that share so.
fn nodes_sharing(count: usize, clock: &FakeClock, sharing: &Sharing) -> Vec<TestAccounts> {
    let (store, entropy) = (MemoryStore::default(), SeededEntropy::default());
    let node = |_| {
        TestAccounts::on_with(store.clone(), |parts| {
            parts.clock = Arc::new(clock.clone());
            parts.entropy = Arc::new(entropy.clone());
            parts.sharing = sharing.clone();
        })
    };
    (0..count).map(node).collect()
}

/// Nodes on one store, with one clock.
fn nodes(count: usize) -> (Vec<TestAccounts>, FakeClock) {
    let clock = FakeClock::default();
    (nodes_sharing(count, &clock, &Sharing::Store), clock)
}

/// Nodes that have registered, and the server that counts for them.
async fn nodes_with_limiter(count: usize) -> (Vec<TestAccounts>, FakeClock, Arc<Limiter>) {
    let (clock, limiter) = (FakeClock::default(), Limiter::default());
    let limiter = Arc::new(Limiter { clock: clock.clone(), ..limiter });
    let nodes = nodes_sharing(count, &clock, &Sharing::Limiter(limiter.clone()));
    for round in 0..2 {
        for (n, node) in nodes.iter().enumerate() {
            let name = NodeName::parse(&format!("node-{n}")).unwrap();
            let joined = node.accounts().join_nodes(&name).await.unwrap();
            let Joining::Joined { beside } = joined else { panic!("{joined:?}") };
            assert_eq!(beside.len(), if round == 0 { n } else { count - 1 });
        }
    }
    (nodes, clock, limiter)
}

/// How many requests the nodes grant in ten seconds when three times as many come as may, so many parts of them
/// to each node.
async fn granted_together(
    nodes: &[TestAccounts],
    clock: &FakeClock,
    per_second: u32,
    parts: &[u32],
) -> u32 {
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
            let (on_store, clock) = nodes(parts.len());
            is_right(&on_store, &clock, per_second, parts).await;
            let (with_limiter, clock, _) = nodes_with_limiter(parts.len()).await;
            is_right(&with_limiter, &clock, per_second, parts).await;
        }
    }
}

#[tokio::test]
async fn what_is_left_is_of_the_whole_rate() {
    // R-TH-07
    let clock = FakeClock::default();
    let limiter = Arc::new(Limiter { clock: clock.clone(), ..Limiter::default() });
    for sharing in [Sharing::Alone, Sharing::Store, Sharing::Limiter(limiter)] {
        for (n, count) in [(1, 1), (2, 5), (3, 32), (4, 100), (5, 1_000)] {
            let [node] = &nodes_sharing(1, &clock, &sharing)[..] else { panic!("one") };
            let (spender, rate) =
                (Spender::Client(ClientId::from_bytes([n; 16])), Rate::per(count, SECOND));
            for used in 1..=count * 9 / 10 {
                let allowance = node.accounts().spend(spender, &rate).await.unwrap();
                assert_eq!(allowance.left, count - used, "{sharing:?} {count}");
                assert_eq!(allowance.reset, rate.interval * used, "{sharing:?} {count}");
            }
            clock.advance(2 * SECOND);
            let allowance = node.accounts().spend(spender, &rate).await.unwrap();
            // Whole again, but for what was advanced and is not paid yet.
            let left = allowance.left;
            assert!((count - 1 - count / 50..count).contains(&left), "{sharing:?} {count}: {left}");
        }
    }
}

#[tokio::test]
async fn what_others_used_up_is_known_from_the_first_refusal() {
    let (nodes, clock) = nodes(2);
    let rate = Rate::per(100, SECOND);
    let left = async |node: &TestAccounts| {
        node.accounts().spend(client(), &rate).await.map(|allowance| allowance.left)
    };
    while left(&nodes[0]).await.is_ok() {}
    while left(&nodes[1]).await.is_ok() {}
    clock.advance(Duration::from_millis(500));
    for node in &nodes {
        let left = left(node).await.unwrap();
        assert!((40..=52).contains(&left), "{left}");
    }
}

#[tokio::test]
async fn twelve_nodes_grant_no_more_than_one() {
    // R-TH-05
    let even = [1; 12];
    let (on_store, clock) = nodes(12);
    is_right(&on_store, &clock, 100, &even).await;
    let (with_limiter, clock, _) = nodes_with_limiter(12).await;
    is_right(&with_limiter, &clock, 100, &even).await;
    // All of a burst, wherever it goes.
    clock.advance(Duration::from_hours(1));
    let rate = Rate::per(100, SECOND);
    let mut at_once = 0;
    for _ in 0..20 {
        for node in &with_limiter {
            at_once += u32::from(granted(node, client(), &rate).await);
        }
    }
    assert!((90..=110).contains(&at_once), "{at_once}");
}

#[tokio::test]
async fn fifty_nodes_grant_no_less_than_one() {
    // R-TH-05: a little on each node at random, and together nearly all of the rate.
    let (nodes, clock, limiter) = nodes_with_limiter(50).await;
    let rate = Rate::per(100, SECOND);
    let (mut random, mut came, mut served) = (1_u64, 0, 0);
    for millis in 0..20_000_u32 {
        if millis % 100 < 90 && millis % 10 == 0 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let node = usize::try_from(random >> 33).unwrap() % nodes.len();
            came += 1;
            served += u32::from(granted(&nodes[node], client(), &rate).await);
        }
        clock.advance(MOMENT);
    }
    let asked = limiter.asked.load(Ordering::Relaxed);
    assert!(served >= came * 9 / 10, "{served} of {came}, {asked} leases");
}

async fn is_right(nodes: &[TestAccounts], clock: &FakeClock, per_second: u32, parts: &[u32]) {
    let granted = granted_together(nodes, clock, per_second, parts).await;
    // A burst, and ten seconds of the rate.
    let right = 11 * per_second;
    assert!(
        (right * 9 / 10..=right * 11 / 10).contains(&granted),
        "{per_second}/s on {parts:?}: {granted} of {right}"
    );
}

#[tokio::test]
async fn while_the_limiter_is_away_each_node_keeps_to_its_share() {
    let (nodes, clock, limiter) = nodes_with_limiter(4).await;
    limiter.away.store(true, Ordering::Relaxed);
    let asked = limiter.asked.load(Ordering::Relaxed);
    is_right(&nodes, &clock, 100, &[1, 1, 1, 1]).await;
    let asked = limiter.asked.load(Ordering::Relaxed) - asked;
    assert!((4..=4 * 12).contains(&asked), "it was asked {asked} times");

    limiter.away.store(false, Ordering::Relaxed);
    clock.advance(2 * SECOND);
    is_right(&nodes, &clock, 100, &[9, 1, 1, 1]).await;
    // Nobody else serves, and the share of the node is a quarter.
    limiter.away.store(true, Ordering::Relaxed);
    clock.advance(10 * SECOND);
    let rate = Rate::per(100, SECOND);
    let mut alone = 0;
    while granted(&nodes[0], client(), &rate).await {
        alone += 1;
    }
    assert!((25..=28).contains(&alone), "{alone}");
}

#[tokio::test]
async fn a_failure_costs_more_while_the_limiter_is_away_too() {
    // GW-05
    let (nodes, clock, limiter) = nodes_with_limiter(2).await;
    limiter.away.store(true, Ordering::Relaxed);
    let rate = Rate::per(40, SECOND);
    nodes[0].accounts().charge_failure(client(), &rate).await;
    nodes[0].accounts().charge_failure(client(), &rate).await;
    assert!(!granted(&nodes[0], client(), &rate).await);
    let refused = nodes[0].accounts().check_rate(client(), &rate).await;
    assert!(matches!(refused, Err(Error::Throttled { .. })));
    assert!(granted(&nodes[1], client(), &rate).await, "the other one knows nothing of it");
    clock.advance(2 * SECOND);
    assert!(granted(&nodes[0], client(), &rate).await);
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
    let clock = FakeClock::default();
    let limiter = Arc::new(Limiter { clock: clock.clone(), ..Limiter::default() });
    for sharing in [Sharing::Alone, Sharing::Store, Sharing::Limiter(limiter)] {
        let it = TestAccounts::with(|parts| {
            parts.clock = Arc::new(clock.clone());
            parts.sharing = sharing.clone();
        });
        let rate = Rate::per(20, SECOND);
        assert!(it.accounts().check_rate(client(), &rate).await.is_ok());
        it.accounts().charge_failure(client(), &rate).await;
        it.accounts().charge_failure(client(), &rate).await;
        assert!(!granted(&it, client(), &rate).await, "{sharing:?}");
        let refused = it.accounts().check_rate(client(), &rate).await;
        assert!(matches!(refused, Err(Error::Throttled { .. })), "{sharing:?}");
        clock.advance(2 * SECOND);
        assert!(granted(&it, client(), &rate).await, "{sharing:?}");
    }
}
