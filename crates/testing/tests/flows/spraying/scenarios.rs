use std::time::Duration;

use durward_core::accounts::{Chore, PasswordAttempt};
use durward_core::budget::Rate;
use durward_core::entity::AuditEntry;
use durward_core::store::{Audit, AuditQuery};
use durward_core::{Error, Plain, Store};
use durward_testing::{TestAccounts, given};
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";
const WRONG: &str = "this is quite wrong, whoever asks";
const PERIOD: Duration = Duration::from_mins(10);

/// Accounts of which twenty are too many to be guessed at, on this store.
pub(crate) fn watched<S: Store<Attrs = Plain>>(store: S) -> TestAccounts<S> {
    TestAccounts::on_with(store, |parts| {
        parts.settings.limits.guessed_accounts = Rate::per(20, PERIOD);
    })
}

/// Guesses at each of these people, whom nobody knows, from a network of its own.
pub(crate) async fn guess<S: Store<Attrs = Plain>>(
    it: &TestAccounts<S>,
    people: std::ops::Range<u8>,
) {
    for n in people {
        guess_at(it, &format!("user{n}@example.com"), n).await;
    }
}

async fn guess_at<S: Store<Attrs = Plain>>(it: &TestAccounts<S>, address: &str, network: u8) {
    let attempt = PasswordAttempt {
        email: given::email(address),
        password: given::password(WRONG),
        state: it.state(),
    };
    let origin = given::origin(&format!("198.51.100.{network}"));
    let answer = it.accounts().login_with_password(attempt, &origin).await;
    // The one answer, whether an alarm was raised or not (R-EN-01).
    assert!(matches!(answer, Err(Error::Unauthenticated)), "{answer:?}");
}

/// What the audit log has of it, the newest first.
async fn told<S: Store<Attrs = Plain>>(it: &TestAccounts<S>) -> Vec<AuditEntry> {
    let event = Some("accounts.sprayed".to_owned());
    let query = AuditQuery { event, limit: 100, ..AuditQuery::default() };
    it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap()
}

pub(crate) async fn write<S: Store<Attrs = Plain>>(it: &TestAccounts<S>) -> u64 {
    it.accounts().attend_to(Chore::NoteSpraying, 100).await.unwrap()
}

/// R-TH-05, R-LG-01
pub(crate) async fn guesses_at_many_accounts_are_in_the_log_of_the_deployment<S>(store: S)
where
    S: Store<Attrs = Plain>,
{
    let it = watched(store);
    it.sign_up(ADA).await;
    for network in 0..100 {
        guess_at(&it, ADA, network).await;
    }
    guess(&it, 0..18).await;
    assert_eq!(write(&it).await, 0, "one account, often, and 18 others");
    guess(&it, 18..40).await;
    assert_eq!(told(&it).await, [], "not in the request");
    assert_eq!((write(&it).await, write(&it).await), (1, 0));
    let rows = told(&it).await;
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    let whose = (row.organization, row.client, row.actor, row.subject, &row.ip);
    assert_eq!(whose, (None, None, None, None, &None));
    let now = it.accounts().now();
    let details: Value = serde_json::from_str(&row.details).unwrap();
    let expected = json!({
        "accounts": 20, "failures": 119, "since": now - PERIOD, "limit": 20, "seconds": 600.0,
    });
    assert_eq!(details, expected);

    it.clock().advance(PERIOD / 2);
    guess(&it, 40..90).await;
    assert_eq!(write(&it).await, 0, "once in a period");
    it.clock().advance(PERIOD / 2);
    guess(&it, 90..91).await;
    assert_eq!(write(&it).await, 1, "while it goes on");
    it.clock().advance(2 * PERIOD);
    guess(&it, 100..115).await;
    assert_eq!(write(&it).await, 0);
    assert_eq!(told(&it).await.len(), 2);
}
