use std::time::Duration;

use durward_core::accounts::{Chore, IssuedSession, PasswordAttempt};
use durward_core::ids::ClientId;
use durward_core::store::{Leftover, Sessions, Tx, Users, UsersMut};
use durward_core::{
    EndReason, Error, Method, Notice, Origin, SessionLimits, SessionToken, Settings, StandardRole,
    User, UserAgent, UserStatus,
};
use durward_testing::given::PASSWORD;
use durward_testing::{TestAccounts, given, session};

use crate::support::{audited, is_refused, set_status};

const DAY: Duration = Duration::from_hours(24);

async fn lives(it: &TestAccounts, session: &IssuedSession) -> bool {
    it.accounts().authenticate(&session.token, None).await.is_ok()
}

#[tokio::test]
async fn logging_out_ends_a_session_at_once_and_may_be_repeated() {
    // R-SE-05, GW-12, GW-66
    let it = TestAccounts::new();
    let (other, ended) = (it.sign_up("ada@example.com").await, it.log_in("ada@example.com").await);
    for _ in 0..2 {
        it.accounts().logout(&ended.token, &it.origin()).await.unwrap();
        assert!(!lives(&it, &ended).await);
    }
    assert!(is_refused(it.accounts().refresh(&ended.refresh, &it.origin()).await));
    assert!(lives(&it, &other).await);
    let events = audited(&it, ended.user).await;
    assert_eq!(events.iter().filter(|event| *event == "session.ended").count(), 1);
}

#[tokio::test]
async fn an_expired_token_still_logs_out() {
    // R-SE-05, GW-66
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    it.clock().advance(Duration::from_hours(2));
    it.accounts().logout(&session.token, &it.origin()).await.unwrap();
    assert!(is_refused(it.accounts().refresh(&session.refresh, &it.origin()).await));
}

#[tokio::test]
async fn a_token_that_a_refresh_has_replaced_still_logs_out_and_does_nothing_else() {
    // R-SE-05, GW-66
    let it = TestAccounts::new();
    let first = it.sign_up("ada@example.com").await;
    let second = it.accounts().refresh(&first.refresh, &it.origin()).await.unwrap();
    let third = it.accounts().refresh(&second.refresh, &it.origin()).await.unwrap();
    assert!(!lives(&it, &first).await && !lives(&it, &second).await && lives(&it, &third).await);
    it.accounts().logout(&first.token, &it.origin()).await.unwrap();
    assert!(!lives(&it, &third).await);
    assert!(is_refused(it.accounts().refresh(&third.refresh, &it.origin()).await));
}

#[tokio::test]
async fn a_refresh_token_logs_out_be_it_current_or_spent() {
    // R-SE-05
    for spent in [false, true] {
        let it = TestAccounts::new();
        let first = it.sign_up("ada@example.com").await;
        let current = it.accounts().refresh(&first.refresh, &it.origin()).await.unwrap();
        let token = if spent { &first.refresh } else { &current.refresh };
        for _ in 0..2 {
            it.accounts().logout_by_refresh(token, &it.origin()).await.unwrap();
        }
        assert!(!lives(&it, &current).await);
        assert!(is_refused(it.accounts().refresh(&current.refresh, &it.origin()).await));
        assert_eq!(it.mail_to("ada@example.com").await.name(), "sign-up", "no alarm");
    }
}

#[tokio::test]
async fn logging_out_with_an_unknown_token_changes_nothing() {
    // R-SE-05
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    it.accounts().logout(&SessionToken::mint(it.entropy()), &it.origin()).await.unwrap();
    let unknown = durward_core::RefreshToken::mint(it.entropy());
    it.accounts().logout_by_refresh(&unknown, &it.origin()).await.unwrap();
    assert!(lives(&it, &session).await);
}

#[tokio::test]
async fn a_session_token_lives_an_hour() {
    // R-SE-04
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    assert_eq!(session.expires, it.accounts().now() + Duration::from_hours(1));
    it.clock().advance(Duration::from_millis(3_599_999));
    assert!(lives(&it, &session).await);
    it.clock().advance(Duration::from_millis(1));
    assert!(!lives(&it, &session).await);
}

#[tokio::test]
async fn a_session_belongs_to_the_client_it_was_opened_through() {
    // GW-15
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    let client = Some(ClientId::from_bytes([7; 16]));
    assert!(is_refused(it.accounts().authenticate(&session.token, client).await));
    assert!(lives(&it, &session).await);

    let through = Origin { client, ..it.origin() };
    let mut tx = it.accounts().begin().await.unwrap();
    let ada = tx.user(session.user).await.unwrap().unwrap();
    let methods = vec![Method::Password];
    let theirs = it.accounts().open_session(&mut tx, &ada, methods, &through).await.unwrap();
    tx.commit().await.unwrap();
    assert!(is_refused(it.accounts().authenticate(&theirs.token, None).await));
    assert!(it.accounts().authenticate(&theirs.token, client).await.is_ok());
}

#[tokio::test]
async fn a_token_that_nobody_got_is_never_adopted() {
    // R-SE-02
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    let made_up = SessionToken::mint(it.entropy());
    for _ in 0..2 {
        assert!(is_refused(it.accounts().authenticate(&made_up, None).await));
    }
}

#[tokio::test]
async fn status_and_roles_are_read_at_every_use() {
    // R-SE-11, R-SE-07
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    let mut tx = it.accounts().begin().await.unwrap();
    let before = tx.user(session.user).await.unwrap().unwrap();
    let roles = vec![StandardRole::Administrator];
    let after = User { roles: roles.clone(), version: before.version + 1, ..before.clone() };
    assert!(tx.update_user(&after, before.version).await.unwrap());
    tx.commit().await.unwrap();
    let caller = it.accounts().authenticate(&session.token, None).await.unwrap();
    assert_eq!(caller.roles, roles);

    for status in [UserStatus::Banned, UserStatus::Deleted] {
        set_status(&it, session.user, status).await;
        assert!(!lives(&it, &session).await, "{status:?}");
    }
}

#[tokio::test]
async fn no_session_opens_for_a_user_who_is_not_active() {
    // R-SE-07
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    for status in [UserStatus::Banned, UserStatus::Deleted] {
        set_status(&it, session.user, status).await;
        let mut tx = it.accounts().begin().await.unwrap();
        let ada = tx.user(session.user).await.unwrap().unwrap();
        let opened = it.accounts().open_session(&mut tx, &ada, Vec::new(), &it.origin()).await;
        assert!(matches!(opened, Err(Error::Unauthenticated)));
    }
    let mut read = it.accounts().read().await.unwrap();
    assert_eq!(read.sessions_of(session.user).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_application_may_end_a_session_in_its_own_unit_of_work() {
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    for (commits, expected) in [(false, true), (true, false)] {
        let mut tx = it.accounts().begin().await.unwrap();
        let ended = it
            .accounts()
            .end_session(&mut tx, session.session, session.user, EndReason::Revoked, &it.origin())
            .await
            .unwrap();
        assert!(ended);
        if commits {
            tx.commit().await.unwrap();
        } else {
            drop(tx);
        }
        assert_eq!(lives(&it, &session).await, expected);
    }
}

/// Logs in by password with this program, from this network.
async fn log_in_as(it: &TestAccounts, agent: &str, ip: &str) -> IssuedSession {
    let attempt = PasswordAttempt {
        email: given::email("ada@example.com"),
        password: given::password(PASSWORD),
        state: it.state(),
    };
    let origin =
        Origin { agent: Some(UserAgent::from_header(agent.as_bytes())), ..given::origin(ip) };
    session(it.accounts().login_with_password(attempt, &origin).await.unwrap())
}

#[tokio::test]
async fn when_there_are_too_many_sessions_the_oldest_end() {
    // R-SE-12
    let it = TestAccounts::with(|parts| parts.settings.sessions.concurrent = 2);
    let mut sessions = vec![it.sign_up("ada@example.com").await];
    for _ in 0..2 {
        it.clock().advance(Duration::from_secs(1));
        sessions.push(it.log_in("ada@example.com").await);
    }
    assert!(!lives(&it, &sessions[0]).await);
    assert!(is_refused(it.accounts().refresh(&sessions[0].refresh, &it.origin()).await));
    assert!(lives(&it, &sessions[1]).await && lives(&it, &sessions[2]).await);
    let events = audited(&it, sessions[0].user).await;
    assert_eq!(events.iter().filter(|event| *event == "session.ended").count(), 1);
    it.accounts().logout(&sessions[2].token, &it.origin()).await.unwrap();
    it.clock().advance(Duration::from_secs(1));
    it.log_in("ada@example.com").await;
    assert!(lives(&it, &sessions[1]).await, "one that is over takes no place");
}

#[tokio::test]
async fn a_login_from_a_new_device_is_told_once() {
    // R-NO-01
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    let told = async || {
        it.deliver().await;
        let letters = it.inbox().all_to("ada@example.com");
        let notices = letters.iter().filter_map(|it| it.message().notice());
        notices.filter(|it| it.notice == Notice::NewDevice).count()
    };
    it.log_in("ada@example.com").await;
    assert_eq!(told().await, 0, "it is the device of the sign-up");
    let first = log_in_as(&it, "Phone", "192.0.2.1").await;
    assert_eq!(told().await, 1, "another program");
    it.accounts().logout(&first.token, &it.origin()).await.unwrap();
    log_in_as(&it, "Phone", "192.0.2.1").await;
    assert_eq!(told().await, 1, "it was here before, if not any more");
    log_in_as(&it, "Phone", "198.51.100.7").await;
    assert_eq!(told().await, 2, "another network");
    log_in_as(&it, "Phone", "2001:db8::1").await;
    log_in_as(&it, "Phone", "2001:db8::2").await;
    assert_eq!(told().await, 3, "a /64 is one network");
}

#[tokio::test]
async fn who_was_imported_or_away_for_long_is_told_of_a_login_too() {
    // R-NO-01: only the session of a sign-up is from no new device.
    let it = TestAccounts::new();
    crate::support::proven_user(&it, "ada@example.com").await;
    let told = async || {
        it.deliver().await;
        let letters = it.inbox().all_to("ada@example.com");
        let notices = letters.iter().filter_map(|it| it.message().notice());
        notices.filter(|it| it.notice == Notice::NewDevice).count()
    };
    it.log_in_by_mail("ada@example.com").await;
    assert_eq!(told().await, 1, "nobody knows where she was before");
    it.log_in_by_mail("ada@example.com").await;
    assert_eq!(told().await, 1, "and now one does");

    let Settings { retention, sessions: SessionLimits { absolute, .. }, .. } = Settings::default();
    it.clock().advance(absolute + retention.sessions + DAY);
    let sessions = Chore::Delete(Leftover::Sessions);
    assert_eq!(it.accounts().attend_to(sessions, 100).await.unwrap(), 2);
    it.log_in_by_mail("ada@example.com").await;
    assert_eq!(told().await, 2, "nothing is left of her sessions");
}

#[tokio::test]
async fn a_sign_up_is_from_no_new_device() {
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    it.deliver().await;
    assert!(it.inbox().all().iter().all(|letter| letter.message().notice().is_none()));
}
