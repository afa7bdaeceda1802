use std::time::Duration;

use durward_core::store::{Audit, AuditQuery};
use durward_core::{BootstrapToken, Caller, Error, FreshUser, Origin};
use durward_testing::TestAccounts;
use tokio::task::JoinSet;

use crate::support::{audited, set_status};

async fn fresh(it: &TestAccounts, address: &str) -> FreshUser {
    let session = it.sign_up(address).await;
    let user = it.accounts().authenticate(&session.token, None).await.unwrap();
    let caller = Caller { user: Some(user), ..Caller::anonymous(None) };
    it.accounts().fresh(&caller).unwrap()
}

async fn issue(it: &TestAccounts, recovery: bool) -> Result<BootstrapToken, Error> {
    let issued = it.accounts().issue_bootstrap(recovery, &Origin::default()).await?;
    assert_eq!(issued.expires, it.accounts().now() + Duration::from_hours(24));
    let code = issued.link.expose().split_once('#').unwrap().1;
    Ok(BootstrapToken::parse(code).unwrap())
}

#[tokio::test]
async fn of_parallel_uses_of_a_link_one_makes_an_administrator() {
    // R-CF-01, R-CC-02
    let it = TestAccounts::new();
    let mut users = Vec::new();
    for n in 0..8 {
        users.push(fresh(&it, &format!("user{n}@example.com")).await);
    }
    let code = issue(&it, false).await.unwrap().expose().to_owned();
    let mut racing = JoinSet::new();
    for by in users.clone() {
        let (accounts, origin) = (it.accounts().clone(), it.origin());
        let code = BootstrapToken::parse(&code).unwrap();
        racing.spawn(async move { accounts.use_bootstrap(&code, &by, &origin).await });
    }
    let outcomes = racing.join_all().await;
    let made: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    assert!(made.len() == 1 && made[0].administers());
    assert!(outcomes.iter().all(|it| matches!(it, Ok(_) | Err(Error::Forbidden))));
    let events = audited(&it, made[0].id).await;
    for event in ["bootstrap.used", "roles.changed", "sessions.ended"] {
        assert!(events.contains(&event.to_owned()), "{event}: {events:?}");
    }
}

#[tokio::test]
async fn a_link_is_issued_while_nobody_administers_or_for_recovery() {
    // R-CF-01, GW-28
    let it = TestAccounts::new();
    assert!(!it.accounts().is_administered().await.unwrap());
    let by = fresh(&it, "ada@example.com").await;
    let code = issue(&it, false).await.unwrap();
    it.accounts().use_bootstrap(&code, &by, &it.origin()).await.unwrap();
    assert!(it.accounts().is_administered().await.unwrap());
    assert!(matches!(issue(&it, false).await, Err(Error::Forbidden)));
    let recovery = issue(&it, true).await.unwrap();
    let eve = fresh(&it, "eve@example.com").await;
    let made = it.accounts().use_bootstrap(&recovery, &eve, &it.origin()).await.unwrap();
    assert!(made.administers());
    let query = AuditQuery {
        event: Some("bootstrap.issued".to_owned()),
        limit: 9,
        ..AuditQuery::default()
    };
    let issued = it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap();
    assert_eq!(issued.len(), 2, "what was refused was not issued");
    assert!(issued.iter().all(|entry| entry.actor.is_none() && entry.subject.is_none()));
    assert!(issued.iter().any(|entry| entry.details.contains("\"recovery\":true")));
}

#[tokio::test]
async fn a_refused_use_spends_nothing_and_is_written_down() {
    // R-AZ-08
    let it = TestAccounts::new();
    let by = fresh(&it, "ada@example.com").await;
    let old = issue(&it, false).await.unwrap();
    let code = issue(&it, false).await.unwrap();
    let refused = it.accounts().use_bootstrap(&old, &by, &it.origin()).await;
    assert!(matches!(refused, Err(Error::Forbidden)), "another one took its place");
    set_status(&it, by.id(), durward_core::UserStatus::Deleted).await;
    let deleted = it.accounts().use_bootstrap(&code, &by, &it.origin()).await;
    assert!(matches!(deleted, Err(Error::Deleted)));
    set_status(&it, by.id(), durward_core::UserStatus::Active).await;
    it.accounts().use_bootstrap(&code, &by, &it.origin()).await.unwrap();
    let query =
        AuditQuery { event: Some("access.denied".to_owned()), limit: 9, ..AuditQuery::default() };
    let denied = it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap();
    assert_eq!(denied.len(), 1);
    assert!(denied[0].details.contains("UseBootstrap"));
}
