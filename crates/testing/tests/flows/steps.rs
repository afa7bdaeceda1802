//! Two factors: a password, then a mailed code.

use std::sync::Arc;
use std::time::Duration;

use durward_core::accounts::Authenticated;
use durward_core::behavior::{StepContext, StepRule, TwoFactors};
use durward_core::{Caller, Error, Method, Step};
use durward_store_memory::MemoryStore;
use durward_testing::given::PASSWORD;
use durward_testing::{TestAccounts, followed, session, step, typed};

use crate::support::{begin_login, is_refused, try_password};

struct PasswordThenCode;

impl StepRule for PasswordThenCode {
    fn next(&self, context: &StepContext<'_>) -> Option<Step> {
        (context.done == [Method::Password]).then_some(Step::Code)
    }
}

fn two_steps() -> TestAccounts {
    TestAccounts::with(|parts| {
        parts.behavior.steps = Arc::new(PasswordThenCode);
    })
}

#[tokio::test]
async fn a_right_password_opens_nothing_before_the_mailed_code() {
    // R-CC-02, R-MF-02, AM-07
    let it = two_steps();
    let ada = it.sign_up("ada@example.com").await;
    it.inbox().clear();
    let attempt = durward_core::accounts::PasswordAttempt {
        email: durward_testing::given::email("ada@example.com"),
        password: durward_testing::given::password(PASSWORD),
        state: it.state(),
    };
    let state = attempt.state.clone();
    let answer = it.accounts().login_with_password(attempt, &it.origin()).await.unwrap();
    let step = step(answer);
    let letter = it.mail_to("ada@example.com").await;
    assert_eq!(letter.name(), "login");
    let code = typed(&step, letter.code());
    let answer = it.accounts().answer_code(&code, &state, &it.origin()).await.unwrap();
    let issued = session(answer);
    assert_eq!(issued.user, ada.user);
    let caller = it.accounts().authenticate(&issued.token, None).await.unwrap();
    assert_eq!(caller.methods, [Method::Password, Method::Email]);
}

#[tokio::test]
async fn a_wrong_password_does_not_tell_that_there_is_a_second_step() {
    // R-EN-04
    let it = two_steps();
    it.sign_up("ada@example.com").await;
    it.inbox().clear();
    assert!(is_refused(try_password(&it, "ada@example.com", "wrong").await));
    assert!(is_refused(try_password(&it, "nobody@example.com", PASSWORD).await));
    it.deliver().await;
    assert!(it.inbox().is_empty());
}

#[tokio::test]
async fn the_code_of_another_login_is_no_second_step() {
    // R-OT-04, AM-06
    let it = two_steps();
    it.sign_up("ada@example.com").await;
    let (_, other_state) = begin_login(&it, "ada@example.com").await;
    let other = it.mail_to("ada@example.com").await;
    let first = step(try_password(&it, "ada@example.com", PASSWORD).await.unwrap());
    let guess = typed(&first, other.code());
    assert!(is_refused(it.accounts().answer_code(&guess, &other_state, &it.origin()).await));
}

#[tokio::test]
async fn the_second_step_lives_ten_minutes() {
    // R-OT-02
    let it = two_steps();
    it.sign_up("ada@example.com").await;
    let state = it.state();
    let attempt = durward_core::accounts::PasswordAttempt {
        email: durward_testing::given::email("ada@example.com"),
        password: durward_testing::given::password(PASSWORD),
        state: state.clone(),
    };
    it.accounts().login_with_password(attempt, &it.origin()).await.unwrap();
    let link = followed(&it.mail_to("ada@example.com").await);
    it.clock().advance(Duration::from_mins(10));
    assert!(is_refused(it.accounts().answer_code(&link, &state, &it.origin()).await));
}

/// Asks for a mailed code whatever was proven.
struct AlwaysCode;

impl StepRule for AlwaysCode {
    fn next(&self, _: &StepContext<'_>) -> Option<Step> {
        Some(Step::Code)
    }
}

#[tokio::test]
async fn the_same_mailbox_twice_is_not_two_factors() {
    // R-MF-03, security decision 6
    let store: MemoryStore = MemoryStore::default();
    let it = TestAccounts::on(store.clone());
    it.sign_up("ada@example.com").await;
    let strict = TestAccounts::on_with(store, |parts| {
        parts.behavior.steps = Arc::new(AlwaysCode);
        parts.entropy = Arc::new(durward_testing::SeededEntropy::new(5));
    });
    let (step, state) = begin_login(&strict, "ada@example.com").await;
    let code = typed(&step, strict.mail_to("ada@example.com").await.code());
    assert!(is_refused(strict.accounts().answer_code(&code, &state, &strict.origin()).await));
    assert_eq!(strict.inbox().len(), 1, "it asks for no second code");
}

#[tokio::test]
async fn a_rule_that_becomes_stricter_holds_for_sessions_of_before() {
    // R-MF-01
    let store: MemoryStore = MemoryStore::default();
    let before = TestAccounts::on(store.clone());
    let ada = before.sign_up("ada@example.com").await;
    assert!(before.accounts().authenticate(&ada.token, None).await.is_ok());
    let strict = TestAccounts::on_with(store, |parts| {
        parts.behavior.steps = Arc::new(TwoFactors::Everyone);
        parts.entropy = Arc::new(durward_testing::SeededEntropy::new(5));
    });
    let accounts = strict.accounts();
    let refused = accounts.authenticate(&ada.token, None).await;
    assert!(matches!(refused, Err(Error::SecondFactorRequired)));
    let found = accounts.authenticate_or_enrol(&ada.token, None).await.unwrap();
    let Authenticated::ToEnrol(user) = found else { panic!("{found:?}") };
    assert_eq!(user.id, ada.user);
    let caller = Caller { enrolling: Some(user), ..Caller::anonymous(None) };
    assert!(matches!(accounts.fresh(&caller), Err(Error::SecondFactorRequired)));
    assert!(accounts.enroller(&caller).is_ok());
    let refreshed = accounts.refresh(&ada.refresh, &strict.origin()).await.unwrap();
    let refused = accounts.authenticate(&refreshed.token, None).await;
    assert!(matches!(refused, Err(Error::SecondFactorRequired)), "a refresh proves nothing");
}
