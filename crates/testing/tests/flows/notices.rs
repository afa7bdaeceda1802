//! Notices, and what their readers can do about them (R-NO-01).

use std::time::Duration;

use durward_core::accounts::{CodeAttempt, IssuedSession, PasswordReset};
use durward_core::store::{Passwords, Tx};
use durward_core::{CodeToken, Notice, UserId, UserStatus};
use durward_testing::given::password;
use durward_testing::{Letter, TestAccounts, followed};

use crate::support::{audited, begin_login, is_refused, set_status};

/// Tells a user that something changed, and gives the mail.
async fn told(it: &TestAccounts, user: UserId, notice: Notice) -> Letter {
    it.deliver().await;
    it.inbox().clear();
    let mut tx = it.accounts().begin().await.unwrap();
    it.accounts().notify(&mut tx, user, notice).await.unwrap();
    tx.commit().await.unwrap();
    it.deliver().await;
    it.inbox().only()
}

async fn report(it: &TestAccounts, letter: &Letter) -> bool {
    let code = CodeToken::parse(letter.link_code()).unwrap();
    let outcome = it.accounts().report_notice(&code, &it.origin()).await;
    outcome.is_ok() || {
        assert!(is_refused(outcome));
        false
    }
}

async fn lives(it: &TestAccounts, session: &IssuedSession) -> bool {
    it.accounts().authenticate(&session.token, None).await.is_ok()
}

#[tokio::test]
async fn a_report_ends_everything_and_helps_the_owner_in_again() {
    // R-NO-01, R-SE-06
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    let thief = it.log_in("ada@example.com").await;
    let letter = told(&it, ada.user, Notice::NewDevice).await;
    let (_, state) = begin_login(&it, "ada@example.com").await;
    let login = it.mail_to("ada@example.com").await;
    assert!(report(&it, &letter).await);
    assert!(!lives(&it, &ada).await && !lives(&it, &thief).await);
    assert!(is_refused(it.accounts().refresh(&thief.refresh, &it.origin()).await));
    let pending = it.accounts().answer_code(&followed(&login), &state, &it.origin()).await;
    assert!(is_refused(pending), "a flow under way is over");
    assert!(audited(&it, ada.user).await.contains(&"notice.reported".to_owned()));

    // R-PW-10: the password may be in the wrong hands too.
    let stored = it.accounts().read().await.unwrap().password(ada.user).await.unwrap().unwrap();
    assert!(stored.compromised.is_some());
    let recovery = it.mail_to("ada@example.com").await;
    assert_eq!(recovery.name(), "recovery");
    let reset = PasswordReset {
        attempt: Some(CodeAttempt::Link(CodeToken::parse(recovery.link_code()).unwrap())),
        state: it.state(),
        password: password("nine green lanterns hum"),
    };
    it.accounts().confirm_reset(reset, &it.origin()).await.unwrap();
    it.log_in_with("ada@example.com", "nine green lanterns hum").await;
}

#[tokio::test]
async fn a_report_is_good_once_and_for_seven_days() {
    // R-NO-01
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    let first = told(&it, ada.user, Notice::NewDevice).await;
    let second = told(&it, ada.user, Notice::NewDevice).await;
    assert!(report(&it, &first).await);
    assert!(!report(&it, &first).await);
    it.clock().advance(Duration::from_hours(7 * 24) - Duration::from_millis(1));
    assert!(report(&it, &second).await, "one more than a moment before");
    let third = told(&it, ada.user, Notice::NewDevice).await;
    it.clock().advance(Duration::from_hours(7 * 24));
    assert!(!report(&it, &third).await);
}

#[tokio::test]
async fn a_report_is_worth_nothing_elsewhere_and_nothing_else_is_a_report() {
    // R-OT-04, R-SE-10
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    let letter = told(&it, ada.user, Notice::NewDevice).await;
    let as_login = it.accounts().answer_code(&followed(&letter), &it.state(), &it.origin()).await;
    assert!(is_refused(as_login));
    begin_login(&it, "ada@example.com").await;
    let login = it.mail_to("ada@example.com").await;
    assert!(!report(&it, &login).await);
    assert!(lives(&it, &ada).await);
    assert!(report(&it, &letter).await, "it was not spent elsewhere");
}

#[tokio::test]
async fn a_report_about_a_banned_account_opens_nothing() {
    // R-SE-07
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    let letter = told(&it, ada.user, Notice::NewDevice).await;
    set_status(&it, ada.user, UserStatus::Banned).await;
    assert!(report(&it, &letter).await);
    let recovery = it.mail_to("ada@example.com").await;
    let reset = PasswordReset {
        attempt: Some(CodeAttempt::Link(CodeToken::parse(recovery.link_code()).unwrap())),
        state: it.state(),
        password: password("nine green lanterns hum"),
    };
    assert!(is_refused(it.accounts().confirm_reset(reset, &it.origin()).await));
}

#[tokio::test]
async fn nobody_uses_up_what_a_warning_needs() {
    // R-TH-06, R-NO-01
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    for _ in 0..20 {
        begin_login(&it, "ada@example.com").await;
    }
    for _ in 0..20 {
        let mut tx = it.accounts().begin().await.unwrap();
        it.accounts().notify(&mut tx, ada.user, Notice::EmailAdded).await.unwrap();
        tx.commit().await.unwrap();
    }
    it.deliver().await;
    let told_of = |notice| {
        let letters = it.inbox().all();
        letters
            .iter()
            .filter(|it| it.message().notice().is_some_and(|it| it.notice == notice))
            .count()
    };
    assert_eq!(told_of(Notice::EmailAdded), 5, "bounded");
    let mut tx = it.accounts().begin().await.unwrap();
    it.accounts().notify(&mut tx, ada.user, Notice::PasswordChanged).await.unwrap();
    tx.commit().await.unwrap();
    it.deliver().await;
    assert_eq!(told_of(Notice::PasswordChanged), 1, "and each kind by itself");
}
