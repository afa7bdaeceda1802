use std::sync::Arc;
use std::time::Duration;

use durward_core::accounts::IssuedSession;
use durward_core::ids::ClientId;
use durward_core::{Error, Notice, Origin, RefreshToken, UserStatus};
use durward_testing::TestAccounts;

use crate::support::{audited, is_refused, set_status};

const GRACE: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

async fn refresh(it: &TestAccounts, token: &RefreshToken) -> Result<IssuedSession, Error> {
    it.accounts().refresh(token, &it.origin()).await
}

async fn lives(it: &TestAccounts, session: &IssuedSession) -> bool {
    it.accounts().authenticate(&session.token, None).await.is_ok()
}

#[tokio::test]
async fn a_refresh_gives_a_new_pair_and_the_old_session_token_dies() {
    // R-SE-08, GW-65
    let it = TestAccounts::new();
    let old = it.sign_up("ada@example.com").await;
    it.clock().advance(HOUR);
    assert!(!lives(&it, &old).await, "it lived for an hour");
    let new = refresh(&it, &old.refresh).await.unwrap();
    assert_eq!((new.session, new.user), (old.session, old.user));
    assert_eq!(new.expires, it.accounts().now() + HOUR);
    assert_eq!(new.refresh_expires, it.accounts().now() + 14 * DAY);
    assert!(lives(&it, &new).await && !lives(&it, &old).await);
    assert_ne!(new.refresh.expose(), old.refresh.expose());
}

#[tokio::test]
async fn the_old_session_token_dies_with_the_refresh_even_if_it_was_young() {
    // R-SE-03
    let it = TestAccounts::new();
    let old = it.sign_up("ada@example.com").await;
    let new = refresh(&it, &old.refresh).await.unwrap();
    assert!(lives(&it, &new).await && !lives(&it, &old).await);
}

#[tokio::test]
async fn a_lost_answer_may_be_retried_for_thirty_seconds() {
    // R-SE-08
    let it = TestAccounts::new();
    let first = it.sign_up("ada@example.com").await;
    let lost = refresh(&it, &first.refresh).await.unwrap();
    it.clock().advance(Duration::from_millis(29_999));
    let retried = refresh(&it, &first.refresh).await.unwrap();
    assert!(lives(&it, &retried).await);
    assert!(!lives(&it, &lost).await, "what got lost is worth nothing");
    assert!(refresh(&it, &retried.refresh).await.is_ok());
}

#[tokio::test]
async fn retries_do_not_prolong_the_grace() {
    // R-SE-08
    let it = TestAccounts::new();
    let first = it.sign_up("ada@example.com").await;
    refresh(&it, &first.refresh).await.unwrap();
    it.clock().advance(Duration::from_secs(20));
    let retried = refresh(&it, &first.refresh).await.unwrap();
    it.clock().advance(Duration::from_secs(10));
    assert!(is_refused(refresh(&it, &first.refresh).await));
    assert!(!lives(&it, &retried).await, "the family has ended");
}

#[tokio::test]
async fn a_second_use_after_the_grace_ends_the_family_and_tells_its_owner() {
    // R-SE-08, R-NO-01, GW-65
    let it = TestAccounts::new();
    let other = it.sign_up("ada@example.com").await;
    let stolen = it.log_in("ada@example.com").await;
    let current = refresh(&it, &stolen.refresh).await.unwrap();
    it.clock().advance(GRACE);
    it.deliver().await;
    it.inbox().clear();
    for _ in 0..3 {
        assert!(is_refused(refresh(&it, &stolen.refresh).await));
    }
    assert!(!lives(&it, &current).await);
    assert!(is_refused(refresh(&it, &current.refresh).await));
    let letter = it.mail_to("ada@example.com").await;
    assert_eq!(letter.message().notice().unwrap().notice, Notice::SessionRevoked);
    assert_eq!(it.inbox().len(), 1, "once");
    assert!(audited(&it, stolen.user).await.contains(&String::from("session.ended")));
    assert!(lives(&it, &other).await, "her other session goes on");
}

#[tokio::test]
async fn a_second_use_ends_the_family_once_the_successor_was_used() {
    // R-SE-08
    let it = TestAccounts::new();
    let first = it.sign_up("ada@example.com").await;
    let second = refresh(&it, &first.refresh).await.unwrap();
    let third = refresh(&it, &second.refresh).await.unwrap();
    assert!(is_refused(refresh(&it, &first.refresh).await), "within the thirty seconds");
    assert!(!lives(&it, &third).await);
    assert!(is_refused(refresh(&it, &third.refresh).await));
}

#[tokio::test]
async fn a_lost_successor_that_turns_up_ends_the_family() {
    // R-SE-08: somebody else got the answer that was thought lost.
    let it = TestAccounts::new();
    let first = it.sign_up("ada@example.com").await;
    let intercepted = refresh(&it, &first.refresh).await.unwrap();
    let retried = refresh(&it, &first.refresh).await.unwrap();
    assert!(is_refused(refresh(&it, &intercepted.refresh).await));
    assert!(!lives(&it, &retried).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_parallel_refreshes_leave_at_most_one_branch() {
    // R-SE-08, R-CC-01
    let it = Arc::new(TestAccounts::new());
    let first = it.sign_up("ada@example.com").await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (it, token) = (Arc::clone(&it), first.refresh.clone());
        tasks.spawn(async move { refresh(&it, &token).await });
    }
    let mut usable = Vec::new();
    for outcome in tasks.join_all().await {
        match outcome {
            Ok(pair) if lives(&it, &pair).await => usable.push(pair),
            Ok(_) => {}
            Err(error) => assert!(matches!(error, Error::Unauthenticated), "{error:?}"),
        }
    }
    assert_eq!(usable.len(), 1);
    assert!(refresh(&it, &usable[0].refresh).await.is_ok());
}

#[tokio::test]
async fn a_refresh_token_belongs_to_the_client_that_got_it() {
    // R-SE-09
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    let elsewhere = Origin { client: Some(ClientId::from_bytes([7; 16])), ..it.origin() };
    assert!(is_refused(it.accounts().refresh(&session.refresh, &elsewhere).await));
    assert!(refresh(&it, &session.refresh).await.is_ok());
}

#[tokio::test]
async fn a_banned_user_refreshes_nothing() {
    // R-SE-07, R-SE-11
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    set_status(&it, session.user, UserStatus::Banned).await;
    assert!(is_refused(refresh(&it, &session.refresh).await));
}

#[tokio::test]
async fn a_session_may_lie_idle_for_fourteen_days() {
    // R-SE-04
    for (idle, accepted) in [(Duration::from_millis(14 * 86_400_000 - 1), true), (14 * DAY, false)]
    {
        let it = TestAccounts::new();
        let session = it.sign_up("ada@example.com").await;
        it.clock().advance(idle);
        assert_eq!(refresh(&it, &session.refresh).await.is_ok(), accepted);
    }
}

#[tokio::test]
async fn no_refresh_passes_the_absolute_limit() {
    // R-SE-04
    let it = TestAccounts::new();
    let mut session = it.sign_up("ada@example.com").await;
    let end = it.accounts().now() + 30 * DAY;
    for _ in 0..3 {
        it.clock().advance(9 * DAY);
        session = refresh(&it, &session.refresh).await.unwrap();
        assert!(session.expires <= end && session.refresh_expires <= end);
    }
    it.clock().advance(Duration::from_millis(3 * 86_400_000 - 1));
    session = refresh(&it, &session.refresh).await.unwrap();
    assert_eq!((session.expires, session.refresh_expires), (end, end));
    assert!(lives(&it, &session).await);
    it.clock().advance(Duration::from_millis(1));
    assert!(!lives(&it, &session).await);
    assert!(is_refused(refresh(&it, &session.refresh).await));
}

#[tokio::test]
async fn a_token_that_nobody_got_is_refused() {
    // R-SE-02
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    assert!(is_refused(refresh(&it, &RefreshToken::mint(it.entropy())).await));
}
