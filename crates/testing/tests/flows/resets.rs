use std::time::Duration;

use durward_core::accounts::{
    Answer, CodeAttempt, PasswordChange, PasswordReset, ResetRequest, SignUp, StepAnswer,
};
use durward_core::store::Passwords;
use durward_core::{Caller, CompromiseCause, Error, FlowState, Store, UserStatus};
use durward_testing::given::PASSWORD;
use durward_testing::{TestAccounts, followed, given, step, typed};

use crate::support::{
    audited, begin_login, is_refused, mark, proven_user, set_status, try_password,
};

const NEW: &str = "harbour violet ninety sparrow";
const ADA: &str = "ada@example.com";

async fn begin<S: Store>(it: &TestAccounts<S>, address: &str) -> (StepAnswer, FlowState) {
    it.deliver().await;
    let request = ResetRequest { email: given::email(address), state: it.state() };
    let answer = it.accounts().request_reset(&request, &it.origin()).await.unwrap();
    (step(answer), request.state)
}

async fn confirm<S: Store>(
    it: &TestAccounts<S>,
    attempt: CodeAttempt,
    state: &FlowState,
    password: &str,
) -> Result<(), Error> {
    let (attempt, password) = (Some(attempt), given::password(password));
    let reset = PasswordReset { attempt, state: state.clone(), password };
    it.accounts().confirm_reset(reset, &it.origin()).await
}

#[tokio::test]
async fn a_reset_ends_everything_and_opens_nothing() {
    // R-RC-03, R-SE-06, R-NO-01
    let it = TestAccounts::new();
    let session = it.sign_up(ADA).await;
    let (login, login_state) = begin_login(&it, ADA).await;
    let login_code = it.mail_to(ADA).await;
    let (_, state) = begin(&it, ADA).await;
    let letter = it.mail_to(ADA).await;
    assert_eq!(letter.name(), "reset-password");
    confirm(&it, followed(&letter), &state, NEW).await.unwrap();
    assert_eq!(it.mail_to(ADA).await.name(), "notice");
    assert!(it.accounts().authenticate(&session.token, None).await.is_err());
    assert!(is_refused(it.accounts().refresh(&session.refresh, &it.origin()).await));
    let old = typed(&login, login_code.code());
    assert!(is_refused(it.accounts().answer_code(&old, &login_state, &it.origin()).await));
    assert!(is_refused(try_password(&it, ADA, PASSWORD).await));
    assert!(try_password(&it, ADA, NEW).await.is_ok());
    assert!(audited(&it, session.user).await.contains(&"password.changed".to_owned()));
}

#[tokio::test]
async fn a_reset_sets_the_first_password_of_an_account_that_has_none() {
    // R-RC-03
    let it = TestAccounts::new();
    let ada = proven_user(&it, ADA).await;
    let (step, state) = begin(&it, ADA).await;
    let code = it.mail_to(ADA).await;
    confirm(&it, typed(&step, code.code()), &state, NEW).await.unwrap();
    assert!(it.accounts().read().await.unwrap().password(ada.id).await.unwrap().is_some());
    assert!(try_password(&it, ADA, NEW).await.is_ok());
}

#[tokio::test]
async fn a_reset_code_dies_of_five_wrong_attempts_of_time_and_of_a_change() {
    // R-TH-02, R-OT-02, R-RC-03
    let it = TestAccounts::new();
    let session = it.sign_up(ADA).await;
    let (step, state) = begin(&it, ADA).await;
    let code = it.mail_to(ADA).await;
    for _ in 0..5 {
        assert!(is_refused(confirm(&it, typed(&step, "ZZZZZZZZ"), &state, NEW).await));
    }
    assert!(is_refused(confirm(&it, typed(&step, code.code()), &state, NEW).await));

    let (step, state) = begin(&it, ADA).await;
    let code = it.mail_to(ADA).await;
    assert!(is_refused(confirm(&it, typed(&step, code.code()), &it.state(), NEW).await));
    it.clock().advance(Duration::from_mins(10));
    assert!(is_refused(confirm(&it, typed(&step, code.code()), &state, NEW).await));

    let (step, state) = begin(&it, ADA).await;
    let code = it.mail_to(ADA).await;
    let user = it.accounts().authenticate(&session.token, None).await.unwrap();
    let caller = Caller { user: Some(user), ..Caller::anonymous(None) };
    let current = Some(given::password(PASSWORD));
    let change = PasswordChange { current, password: given::password(NEW) };
    it.accounts().change_password(&caller, &change, &it.origin()).await.unwrap();
    assert!(is_refused(confirm(&it, typed(&step, code.code()), &state, PASSWORD).await));
}

#[tokio::test]
async fn whoever_was_banned_meanwhile_resets_nothing() {
    // R-SE-07
    let it = TestAccounts::new();
    let session = it.sign_up(ADA).await;
    let (_, state) = begin(&it, ADA).await;
    let letter = it.mail_to(ADA).await;
    set_status(&it, session.user, UserStatus::Banned).await;
    assert!(is_refused(confirm(&it, followed(&letter), &state, NEW).await));
    set_status(&it, session.user, UserStatus::Active).await;
    assert!(try_password(&it, ADA, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_reset_is_a_way_out_of_the_delays() {
    // R-TH-01, R-TH-04
    let it = TestAccounts::new();
    it.sign_up(ADA).await;
    for _ in 0..6 {
        assert!(is_refused(try_password(&it, ADA, "wrong").await));
    }
    let (_, state) = begin(&it, ADA).await;
    let letter = it.mail_to(ADA).await;
    confirm(&it, followed(&letter), &state, NEW).await.unwrap();
    assert!(try_password(&it, ADA, NEW).await.is_ok());
}

#[tokio::test]
async fn of_many_confirmations_with_one_code_one_counts() {
    // R-OT-01
    let it = TestAccounts::new();
    it.sign_up(ADA).await;
    let (_, state) = begin(&it, ADA).await;
    let letter = it.mail_to(ADA).await;
    let passwords = [1, 2, 3].map(|n| format!("{NEW} {n}"));
    let [one, two, three] = &passwords;
    let outcomes: [_; 3] = tokio::join!(
        confirm(&it, followed(&letter), &state, one),
        confirm(&it, followed(&letter), &state, two),
        confirm(&it, followed(&letter), &state, three),
    )
    .into();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let won = outcomes.iter().position(Result::is_ok).unwrap();
    assert!(matches!(try_password(&it, ADA, &passwords[won]).await, Ok(Answer::Session(_))));
}

#[tokio::test]
async fn a_sign_up_without_a_password_may_set_one_later_by_a_reset() {
    let it = TestAccounts::new();
    it.sign_up_as(SignUp { password: None, ..it.request(ADA) }).await;
    let (_, state) = begin(&it, ADA).await;
    let letter = it.mail_to(ADA).await;
    confirm(&it, followed(&letter), &state, NEW).await.unwrap();
    it.log_in_with(ADA, NEW).await;
}

#[tokio::test]
async fn a_password_in_the_wrong_hands_opens_nothing_until_it_is_reset() {
    // R-PW-10
    let it = TestAccounts::new();
    let user = it.sign_up(ADA).await.user;
    assert!(mark(&it, user, CompromiseCause::Objection).await);
    assert!(is_refused(try_password(&it, ADA, PASSWORD).await));
    let (_, state) = begin(&it, ADA).await;
    let letter = it.mail_to(ADA).await;
    confirm(&it, followed(&letter), &state, NEW).await.unwrap();
    assert!(try_password(&it, ADA, NEW).await.is_ok());
}
