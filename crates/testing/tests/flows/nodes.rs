use std::sync::Arc;
use std::time::Duration;

use durward_core::accounts::{Chore, Joining};
use durward_core::entity::{Node, NodeName};
use durward_core::sharing::SharingKind;
use durward_core::store::{Nodes, Store};
use durward_core::{Sharing, upkeep};
use durward_store_memory::MemoryStore;
use durward_testing::{FakeClock, SeededEntropy, TestAccounts};
use tokio::sync::oneshot;

const MOMENT: Duration = Duration::from_millis(1);

/// Nodes on one store, with one clock, and with chances of their own.
#[derive(Default)]
struct Deployment {
    store: MemoryStore,
    clock: FakeClock,
    entropy: SeededEntropy,
}

impl Deployment {
    fn process(&self, sharing: Sharing) -> TestAccounts {
        TestAccounts::on_with(self.store.clone(), |parts| {
            parts.clock = Arc::new(self.clock.clone());
            parts.entropy = Arc::new(self.entropy.clone());
            parts.sharing = sharing;
        })
    }

    async fn live(&self) -> Vec<Node> {
        let now = self.process(Sharing::Store).accounts().now();
        self.store.read().await.unwrap().live_nodes(now).await.unwrap()
    }
}

async fn join(it: &TestAccounts, name: &str) -> Joining {
    it.accounts().join_nodes(&NodeName::parse(name).unwrap()).await.unwrap()
}

/// The names of those beside which it may serve.
async fn joined(it: &TestAccounts, name: &str) -> Vec<String> {
    let joining = join(it, name).await;
    let Joining::Joined { beside } = joining else { panic!("{joining:?}") };
    beside.iter().map(|node| node.name.to_string()).collect()
}

async fn refused(it: &TestAccounts, name: &str) -> String {
    let joining = join(it, name).await;
    let Joining::Refused { beside } = joining else { panic!("{joining:?}") };
    beside.name.to_string()
}

#[tokio::test]
async fn a_node_that_counts_by_itself_is_not_admitted_beside_another_one() {
    for (first, second) in [
        (Sharing::Alone, Sharing::Alone),
        (Sharing::Alone, Sharing::Store),
        (Sharing::Store, Sharing::Alone),
    ] {
        let deployment = Deployment::default();
        let one = deployment.process(first.clone());
        assert_eq!(joined(&one, "one").await, [""; 0]);
        let two = deployment.process(second);
        assert_eq!(refused(&two, "two").await, "one");
        // It left nothing behind that would stand in the way of others.
        let [left] = deployment.live().await.try_into().unwrap();
        assert_eq!((left.name.as_str(), left.sharing), ("one", first.kind()));
        one.accounts().attend_to(Chore::RenewNode, 1).await.unwrap();
    }
}

#[tokio::test]
async fn of_two_that_begin_at_once_no_more_than_one_is_admitted() {
    for round in 0..20 {
        let deployment = Deployment::default();
        let one = deployment.process(Sharing::Alone);
        let two = deployment.process(if round % 2 == 0 { Sharing::Alone } else { Sharing::Store });
        let (one, two) = tokio::join!(join(&one, "one"), join(&two, "two"));
        let admitted = |it: &Joining| matches!(it, Joining::Joined { .. });
        assert!(!(admitted(&one) && admitted(&two)));
    }
}

#[tokio::test]
async fn nodes_that_share_know_of_each_other() {
    let deployment = Deployment::default();
    let [one, two, three] = [(); 3].map(|()| deployment.process(Sharing::Store));
    assert_eq!(joined(&two, "two").await, [""; 0]);
    assert_eq!(joined(&one, "one").await, ["two"]);
    assert_eq!(joined(&three, "three").await, ["one", "two"]);
    two.accounts().leave_nodes().await.unwrap();
    let names: Vec<String> = deployment.live().await.iter().map(|it| it.name.to_string()).collect();
    assert_eq!(names, ["one", "three"]);
    two.accounts().leave_nodes().await.unwrap();
}

#[tokio::test]
async fn a_restarted_node_takes_the_place_of_the_one_that_crashed() {
    let deployment = Deployment::default();
    joined(&deployment.process(Sharing::Alone), "one").await;
    let restarted = deployment.process(Sharing::Alone);
    assert_eq!(joined(&restarted, "one").await, [""; 0]);
    assert_eq!(deployment.live().await.len(), 1);
}

#[tokio::test]
async fn a_node_that_crashed_stands_in_the_way_until_its_registration_ends() {
    let deployment = Deployment::default();
    joined(&deployment.process(Sharing::Alone), "one").await;
    let two = deployment.process(Sharing::Alone);
    deployment.clock.advance(Node::LIFETIME.saturating_sub(MOMENT));
    assert_eq!(refused(&two, "two").await, "one");
    deployment.clock.advance(MOMENT);
    assert_eq!(joined(&two, "two").await, [""; 0]);
}

#[tokio::test]
async fn upkeep_renews_the_registration() {
    let deployment = Deployment::default();
    let (one, two) = (deployment.process(Sharing::Alone), deployment.process(Sharing::Alone));
    joined(&one, "one").await;
    for _ in 0..5 {
        deployment.clock.advance(Node::LIFETIME.saturating_sub(MOMENT));
        one.accounts().attend_to(Chore::RenewNode, 1).await.unwrap();
        assert_eq!(refused(&two, "two").await, "one");
    }
    one.accounts().leave_nodes().await.unwrap();
    one.accounts().attend_to(Chore::RenewNode, 1).await.unwrap();
    assert_eq!(joined(&two, "two").await, [""; 0], "who has left is not renewed");
}

#[tokio::test]
async fn upkeep_itself_renews_the_registration() {
    let deployment = Deployment::default();
    let one = deployment.process(Sharing::Store);
    joined(&one, "one").await;
    let first = deployment.live().await.remove(0).expires;
    deployment.clock.advance(Duration::from_secs(9));
    let (stop, stopped) = oneshot::channel::<()>();
    let options = upkeep::Options { renewing: MOMENT, ..upkeep::Options::default() };
    let stopped = async { stopped.await.unwrap_or_default() };
    let keeping = tokio::spawn(upkeep::run(one.accounts().clone(), options, stopped));
    while deployment.live().await.remove(0).expires == first {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    keeping.await.unwrap();
}

#[tokio::test]
async fn a_node_that_was_cut_off_registers_again() {
    let deployment = Deployment::default();
    let (one, two) = (deployment.process(Sharing::Store), deployment.process(Sharing::Store));
    joined(&one, "one").await;
    deployment.clock.advance(2 * Node::LIFETIME);
    assert_eq!(joined(&two, "two").await, [""; 0], "the other one is forgotten");
    one.accounts().attend_to(Chore::RenewNode, 1).await.unwrap();
    let names: Vec<String> = deployment.live().await.iter().map(|it| it.name.to_string()).collect();
    assert_eq!(names, ["one", "two"]);
}

#[tokio::test]
async fn two_nodes_at_odds_or_of_one_name_are_an_error_until_one_is_gone() {
    let deployment = Deployment::default();
    let (one, two) = (deployment.process(Sharing::Alone), deployment.process(Sharing::Store));
    joined(&one, "one").await;
    deployment.clock.advance(2 * Node::LIFETIME);
    joined(&two, "two").await;
    for it in [&one, &two] {
        assert!(it.accounts().attend_to(Chore::RenewNode, 1).await.is_err());
    }
    two.accounts().leave_nodes().await.unwrap();
    one.accounts().attend_to(Chore::RenewNode, 1).await.unwrap();

    let three = deployment.process(Sharing::Alone);
    joined(&three, "one").await;
    assert!(one.accounts().attend_to(Chore::RenewNode, 1).await.is_err(), "its name was taken");
    three.accounts().attend_to(Chore::RenewNode, 1).await.unwrap();
    assert_eq!(deployment.live().await.len(), 1);
    assert_eq!(deployment.live().await[0].sharing, SharingKind::Alone);
}
