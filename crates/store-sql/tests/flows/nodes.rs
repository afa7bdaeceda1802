//! Two nodes on one database: rates that they keep to together, and secrets that they rotate for each other.

use std::sync::Arc;
use std::time::Duration;

use durward_core::access::AccessRequest;
use durward_core::accounts::{ClientCredential, IssuedSecret, Joining};
use durward_core::budget::Rate;
use durward_core::entity::NodeName;
use durward_core::{
    Accounts, ClientId, Error, FreshUser, Origin, Plain, SecretKey, Sharing, Store, unit,
};
use durward_testing::rates::{client, failures_looked_at, granted, granted_together};
use durward_testing::{FakeClock, TestAccounts};

use crate::people::{fresh_user, personal_key};

const HOUR: Duration = Duration::from_hours(1);

/// Two nodes with the same keys and the same time, and chances of their own.
struct Nodes<S: Store> {
    one: TestAccounts<S>,
    two: TestAccounts<S>,
    clock: FakeClock,
}

impl<S: Store> Nodes<S> {
    async fn on(store: S, sharing: Sharing) -> Self {
        let clock = FakeClock::default();
        let one = TestAccounts::on_with(store.clone(), |parts| {
            parts.clock = Arc::new(clock.clone());
            parts.sharing = sharing.clone();
        });
        let two = TestAccounts::on_with(store, |parts| {
            parts.clock = Arc::new(clock.clone());
            parts.entropy = Arc::new(one.entropy().clone());
            parts.keys = Arc::clone(&one.accounts().parts().keys);
            parts.sharing = sharing;
        });
        for (node, name) in [(&one, "one"), (&two, "two")] {
            let joined = node.accounts().join_nodes(&NodeName::parse(name).unwrap()).await;
            assert!(matches!(joined.unwrap(), Joining::Joined { .. }), "{name}");
        }
        Self { one, two, clock }
    }

    fn accounts(&self) -> [&Accounts<S>; 2] {
        [self.one.accounts(), self.two.accounts()]
    }
}

/// R-TH-05: no more than the rate, within a tenth, whoever serves how many; and a failure on one node costs more than
/// a success on both (GW-05).
async fn rates_are_kept_together<S: Store>(store: S) {
    let nodes = Nodes::on(store, Sharing::Store).await;
    for (n, count) in [(1, 40), (2, 400)] {
        let rate = Rate::per(count, HOUR);
        let right = count * 9 / 10..=count * 11 / 10;
        let all = granted_together(nodes.accounts(), client(n), rate).await;
        assert!(right.contains(&all), "{all} of {count}");
        // Half an hour later half of them are there again, for whoever comes.
        nodes.clock.advance(HOUR / 2);
        let half = granted_together(nodes.accounts(), client(n), rate).await;
        assert!((count * 4 / 10..=count * 6 / 10).contains(&half), "{half} of {count} / 2");
    }
    let (rate, [one, two]) = (Rate::per(40, HOUR), nodes.accounts());
    one.charge_failure(client(3), &rate).await;
    one.charge_failure(client(3), &rate).await;
    let mut successes = 0;
    for node in [one, two] {
        while granted(node, client(3), &rate).await {
            successes += 1;
        }
    }
    assert!((18..=22).contains(&successes), "{successes}");
    // What the last one on each node costs is not paid yet.
    let failures = failures_looked_at(nodes.accounts(), client(4), rate).await;
    assert!((4..=6).contains(&failures), "{failures}");
}

async fn rotate<S: Store<Attrs = Plain>>(
    node: &Accounts<S>,
    client: ClientId,
    overlap: Duration,
    by: &FreshUser,
) -> Result<IssuedSecret, Error> {
    let origin = Origin::default();
    unit!(node, |tx| node.add_secret(tx, client, Some(overlap), by, &origin).await)
}

async fn is_accepted<S: Store>(node: &Accounts<S>, key: &SecretKey) -> bool {
    let (request, origin) =
        (AccessRequest { ip: None, origin: None, target: None }, Origin::default());
    let credential = ClientCredential::Key(key.clone());
    match node.authenticate_client(&credential, &request, &origin).await {
        Ok(_) => true,
        Err(error) => {
            assert!(matches!(error, Error::Unauthenticated), "{error:?}");
            false
        }
    }
}

/// R-CL-01: a secret that one node made counts on the other at once, the one before until its overlap is over, and a
/// revoked one nowhere; of rotations on both nodes at once no more succeed than there is room for.
async fn secrets_rotate_on_both<S: Store<Attrs = Plain>>(store: S) {
    let nodes = Nodes::on(store, Sharing::Store).await;
    let [one, two] = nodes.accounts();
    let by = fresh_user(&nodes.one, "ada").await;
    let made = personal_key(one, &by).await;
    let (id, mut key) = (made.client.id, made.secret.unwrap().key);
    for round in 0..10 {
        // Both at once: one finds room.
        let minute = Duration::from_mins(1);
        let (a, b) = tokio::join!(rotate(one, id, minute, &by), rotate(two, id, minute, &by));
        let [issued] =
            [a, b].into_iter().filter_map(Result::ok).collect::<Vec<_>>().try_into().unwrap();
        for node in [one, two] {
            assert!(is_accepted(node, &key).await, "{round}: within the overlap");
            assert!(is_accepted(node, &issued.key).await, "{round}");
        }
        nodes.clock.advance(minute);
        for node in [one, two] {
            assert!(!is_accepted(node, &key).await, "{round}: the overlap is over");
            assert!(is_accepted(node, &issued.key).await, "{round}");
        }
        key = issued.key;
    }
    let last = rotate(two, id, Duration::ZERO, &by).await.unwrap();
    assert!(!is_accepted(one, &key).await && is_accepted(one, &last.key).await);
    let origin = Origin::default();
    unit!(two, |tx| two.revoke_secret(tx, id, last.id, &origin).await).unwrap();
    assert!(!is_accepted(one, &last.key).await, "revoked on the other node");
}

/// Whoever embeds counts requests in the store where other processes may be on it.
async fn a_server_is_shared_and_a_file_is_not<S: Store>(store: S) {
    let engine = std::any::type_name::<S>();
    assert_eq!(store.is_shared(), !engine.contains("Sqlite"), "{engine}");
}

on_every_engine!(
    rates_are_kept_together,
    secrets_rotate_on_both,
    a_server_is_shared_and_a_file_is_not
);
