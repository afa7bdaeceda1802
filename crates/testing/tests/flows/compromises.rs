//! Another password in the place of a compromised one, at the end of a login (R-PW-10).

use std::sync::Arc;
use std::time::Duration;

use durward_core::accounts::{
    Answer, FactorAttempt, FactorProof, NewPasswordAttempt, PasswordAttempt, StepAnswer,
};
use durward_core::behavior::{StepContext, StepRule};
use durward_core::entity::{TotpSecret, totp_step};
use durward_core::store::Passwords;
use durward_core::{
    CompromiseCause, Error, FlowState, FlowToken, Method, Origin, PasswordCause, Step, Store,
    UserId, UserStatus, unit,
};
use durward_testing::given::{self, PASSWORD};
use durward_testing::{TestAccounts, session, step, typed};

use crate::factors::secret_of;
use crate::support::{audited, fresh, is_refused, mark, proven_user, set_status, try_password};

const ADA: &str = "ada@example.com";
const NEW: &str = "harbour violet ninety sparrow";

async fn log_in<S: Store>(it: &TestAccounts<S>, password: &str) -> (StepAnswer, FlowState) {
    let attempt = PasswordAttempt {
        email: given::email(ADA),
        password: given::password(password),
        state: it.state(),
    };
    let state = attempt.state.clone();
    (step(it.accounts().login_with_password(attempt, &it.origin()).await.unwrap()), state)
}

async fn choose_from<S: Store>(
    it: &TestAccounts<S>,
    handle: &FlowToken,
    state: &FlowState,
    password: &str,
    origin: &Origin,
) -> Result<Answer, Error> {
    let handle = Some(handle.clone());
    let attempt = NewPasswordAttempt { handle, password: given::password(password) };
    it.accounts().answer_new_password(attempt, state, origin).await
}

async fn choose<S: Store>(
    it: &TestAccounts<S>,
    step: &StepAnswer,
    state: &FlowState,
    password: &str,
) -> Result<Answer, Error> {
    choose_from(it, &step.handle, state, password, &it.origin()).await
}

/// Enrols an authenticator app, and lets half a minute pass.
async fn enrol(it: &TestAccounts) -> TotpSecret {
    let user = fresh(it, &it.log_in(ADA).await).await;
    let enrolment =
        unit!(it.accounts(), |tx| it.accounts().enrol_totp(tx, &user, &it.origin()).await).unwrap();
    let secret = secret_of(enrolment.secret.expose());
    let code = secret.code_at(totp_step(it.accounts().now()));
    let (handle, origin) = (Some(&enrolment.handle), it.origin());
    it.accounts().confirm_totp(&user, handle, Some(&code), &origin).await.unwrap();
    it.clock().advance(Duration::from_secs(30));
    secret
}

async fn answer_totp(
    it: &TestAccounts,
    secret: &TotpSecret,
    handle: &FlowToken,
    state: &FlowState,
) -> Result<Answer, Error> {
    let code = secret.code_at(totp_step(it.accounts().now()));
    let attempt = FactorAttempt { handle: handle.clone(), proof: FactorProof::Totp(Some(code)) };
    it.accounts().answer_factor(&attempt, state, &it.origin()).await
}

fn codes(outcome: Result<Answer, Error>) -> Vec<String> {
    let Err(Error::Invalid(found)) = outcome else { panic!("{outcome:?}") };
    assert!(found.iter().all(|it| it.pointer == "/password"));
    found.into_iter().map(|it| it.code.into_owned()).collect()
}

#[tokio::test]
async fn a_login_by_a_marked_password_ends_with_another_one() {
    // R-PW-10, R-SE-06, R-NO-01
    let it = TestAccounts::new();
    let before = it.sign_up(ADA).await;
    assert!(mark(&it, before.user, CompromiseCause::Reported).await);
    assert!(it.accounts().authenticate(&before.token, None).await.is_ok(), "sessions go on");
    let (asked, state) = log_in(&it, PASSWORD).await;
    assert_eq!(asked.step, Step::NewPassword);
    it.deliver().await;
    it.inbox().clear();

    let issued = session(choose(&it, &asked, &state, NEW).await.unwrap());
    let caller = it.accounts().authenticate(&issued.token, None).await.unwrap();
    assert_eq!((caller.id, caller.methods), (before.user, vec![Method::Password]));
    assert!(it.accounts().authenticate(&before.token, None).await.is_err());
    assert!(is_refused(it.accounts().refresh(&before.refresh, &it.origin()).await));
    assert_eq!(it.mail_to(ADA).await.name(), "notice");
    assert!(is_refused(try_password(&it, ADA, PASSWORD).await));
    it.log_in_with(ADA, NEW).await;
    let events = audited(&it, before.user).await;
    for event in ["password.compromised", "password.changed"] {
        assert!(events.contains(&event.to_owned()), "{event}: {events:?}");
    }
    assert_eq!(PasswordCause::Forced.name(), "forced");
}

#[tokio::test]
async fn only_a_good_and_another_password_is_taken_and_the_step_waits_for_it() {
    // R-PW-01, R-PW-06, R-PW-07, R-PW-10
    let it = TestAccounts::new();
    let user = it.sign_up(ADA).await.user;
    mark(&it, user, CompromiseCause::Reported).await;
    let (asked, state) = log_in(&it, PASSWORD).await;
    assert_eq!(codes(choose(&it, &asked, &state, "short").await), ["PASSWORD_TOO_SHORT"]);
    assert_eq!(codes(choose(&it, &asked, &state, "ada@example.com").await), ["PASSWORD_PERSONAL"]);
    assert_eq!(codes(choose(&it, &asked, &state, PASSWORD).await), ["PASSWORD_UNCHANGED"]);
    for _ in 0..6 {
        choose(&it, &asked, &state, "short").await.unwrap_err();
    }
    assert!(choose(&it, &asked, &state, NEW).await.is_ok());
}

#[tokio::test]
async fn the_second_factor_comes_first_and_is_never_skipped() {
    // R-MF-02, R-PW-10, R-CC-02
    let it = TestAccounts::new();
    let user = it.sign_up(ADA).await.user;
    let secret = enrol(&it).await;
    mark(&it, user, CompromiseCause::Breached).await;
    let (at_totp, state) = log_in(&it, PASSWORD).await;
    assert_eq!(at_totp.step, Step::Totp);
    assert!(is_refused(choose(&it, &at_totp, &state, NEW).await), "nothing but digits goes there");
    let answer = answer_totp(&it, &secret, &at_totp.handle, &state).await;
    let asked = step(answer.unwrap());
    assert_eq!(asked.step, Step::NewPassword);
    it.clock().advance(Duration::from_secs(30));
    let skipped = answer_totp(&it, &secret, &asked.handle, &state).await;
    assert!(is_refused(skipped), "nothing but a password goes there");
    let issued = session(choose(&it, &asked, &state, NEW).await.unwrap());
    let caller = it.accounts().authenticate(&issued.token, None).await.unwrap();
    assert_eq!(caller.methods, [Method::Password, Method::Totp]);
}

struct PasswordThenCode;

impl StepRule for PasswordThenCode {
    fn next(&self, context: &StepContext<'_>) -> Option<Step> {
        (context.done == [Method::Password]).then_some(Step::Code)
    }
}

#[tokio::test]
async fn a_mailed_code_that_a_rule_asks_for_comes_first_too() {
    // R-CC-02, R-PW-10
    let it = TestAccounts::with(|parts| parts.behavior.steps = Arc::new(PasswordThenCode));
    let user = it.sign_up(ADA).await.user;
    mark(&it, user, CompromiseCause::Reported).await;
    it.deliver().await;
    let (at_code, state) = log_in(&it, PASSWORD).await;
    assert_eq!(at_code.step, Step::Code);
    let code = typed(&at_code, it.mail_to(ADA).await.code());
    let asked = step(it.accounts().answer_code(&code, &state, &it.origin()).await.unwrap());
    assert_eq!(asked.step, Step::NewPassword);
    session(choose(&it, &asked, &state, NEW).await.unwrap());
}

#[tokio::test]
async fn a_mark_says_nothing_about_logins_by_mail_and_outlasts_them() {
    // R-PW-10
    let it = TestAccounts::new();
    let user = it.sign_up(ADA).await.user;
    mark(&it, user, CompromiseCause::Reported).await;
    it.log_in_by_mail(ADA).await;
    assert_eq!(log_in(&it, PASSWORD).await.0.step, Step::NewPassword);
}

#[tokio::test]
async fn a_password_that_is_marked_during_a_login_is_asked_for_at_its_end() {
    // R-PW-10
    let it = TestAccounts::new();
    let user = it.sign_up(ADA).await.user;
    let secret = enrol(&it).await;
    let (at_totp, state) = log_in(&it, PASSWORD).await;
    mark(&it, user, CompromiseCause::Reported).await;
    let asked = step(answer_totp(&it, &secret, &at_totp.handle, &state).await.unwrap());
    assert_eq!(asked.step, Step::NewPassword);

    // In the wrong hands: nobody goes on who has it, and what he chooses does not count.
    mark(&it, user, CompromiseCause::Revoked).await;
    assert!(is_refused(choose(&it, &asked, &state, NEW).await));
    it.clock().advance(Duration::from_secs(30));
    assert!(is_refused(try_password(&it, ADA, PASSWORD).await), "not even the second factor");
    assert!(is_refused(try_password(&it, ADA, NEW).await));
}

#[tokio::test]
async fn a_second_factor_opens_nothing_once_the_password_was_revoked() {
    // R-PW-10
    let it = TestAccounts::new();
    let user = it.sign_up(ADA).await.user;
    let secret = enrol(&it).await;
    let (at_totp, state) = log_in(&it, PASSWORD).await;
    mark(&it, user, CompromiseCause::Objection).await;
    assert!(is_refused(answer_totp(&it, &secret, &at_totp.handle, &state).await));
}

#[tokio::test]
async fn the_step_belongs_to_whoever_began_it_once_and_for_ten_minutes() {
    // R-CC-02, R-OT-02
    let it = TestAccounts::new();
    let user = it.sign_up(ADA).await.user;
    mark(&it, user, CompromiseCause::Reported).await;
    let (asked, state) = log_in(&it, PASSWORD).await;
    let client = durward_core::ClientId::from_bytes([7; 16]);
    let elsewhere = Origin { client: Some(client), ..it.origin() };
    assert!(is_refused(choose(&it, &asked, &it.state(), NEW).await));
    assert!(is_refused(choose_from(&it, &asked.handle, &state, NEW, &elsewhere).await));
    let unknown = NewPasswordAttempt { handle: None, password: given::password(NEW) };
    assert!(is_refused(it.accounts().answer_new_password(unknown, &state, &it.origin()).await));
    it.clock().advance(Duration::from_mins(10));
    assert!(is_refused(choose(&it, &asked, &state, NEW).await));

    let (asked, state) = log_in(&it, PASSWORD).await;
    assert!(choose(&it, &asked, &state, NEW).await.is_ok());
    let again = choose(&it, &asked, &state, "nine yellow kites at noon").await;
    assert!(is_refused(again));
}

#[tokio::test]
async fn of_many_new_passwords_one_counts() {
    // R-OT-01, R-CC-01
    let it = TestAccounts::new();
    let user = it.sign_up(ADA).await.user;
    mark(&it, user, CompromiseCause::Reported).await;
    let (one, one_state) = log_in(&it, PASSWORD).await;
    let (two, two_state) = log_in(&it, PASSWORD).await;
    let passwords = [1, 2, 3].map(|n| format!("{NEW} {n}"));
    let outcomes: [_; 3] = tokio::join!(
        choose(&it, &one, &one_state, &passwords[0]),
        choose(&it, &one, &one_state, &passwords[1]),
        choose(&it, &two, &two_state, &passwords[2]),
    )
    .into();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let won = outcomes.iter().position(Result::is_ok).unwrap();
    it.log_in_with(ADA, &passwords[won]).await;
}

#[tokio::test]
async fn whoever_was_banned_meanwhile_chooses_nothing() {
    // R-SE-07
    let it = TestAccounts::new();
    let user = it.sign_up(ADA).await.user;
    mark(&it, user, CompromiseCause::Reported).await;
    let (asked, state) = log_in(&it, PASSWORD).await;
    set_status(&it, user, UserStatus::Banned).await;
    assert!(is_refused(choose(&it, &asked, &state, NEW).await));
    set_status(&it, user, UserStatus::Active).await;
    assert!(is_refused(try_password(&it, ADA, NEW).await));
}

#[tokio::test]
async fn a_better_hash_of_the_same_password_changes_nothing_about_it() {
    // R-PW-09, R-PW-10
    let it = TestAccounts::new();
    let user = it.sign_up(ADA).await.user;
    mark(&it, user, CompromiseCause::Reported).await;
    it.hasher().age();
    let (asked, state) = log_in(&it, PASSWORD).await;
    it.hasher().age();
    assert_eq!(log_in(&it, PASSWORD).await.0.step, Step::NewPassword);
    assert_eq!(codes(choose(&it, &asked, &state, PASSWORD).await), ["PASSWORD_UNCHANGED"]);
    assert!(choose(&it, &asked, &state, NEW).await.is_ok());
}

#[tokio::test]
async fn a_report_is_for_every_account_that_there_is() {
    // R-PW-10
    let it = TestAccounts::new();
    let (accounts, origin) = (it.accounts(), it.origin());
    let report =
        async |user| unit!(accounts, |tx| accounts.report_password(tx, user, &origin).await);
    let ada = it.sign_up(ADA).await.user;
    let eve = proven_user(&it, "eve@example.com").await.id;
    report(ada).await.unwrap();
    report(ada).await.unwrap();
    report(eve).await.unwrap();
    let marks = |events: Vec<String>| {
        events.into_iter().filter(|event| event == "password.compromised").count()
    };
    assert_eq!((marks(audited(&it, ada).await), marks(audited(&it, eve).await)), (1, 0));
    set_status(&it, ada, UserStatus::Deleted).await;
    assert!(matches!(report(ada).await, Err(Error::Deleted)));
    let nobody = UserId::from_bytes([9; 16]);
    assert!(matches!(report(nobody).await, Err(Error::NotFound(_))));
    assert!(accounts.read().await.unwrap().password(eve).await.unwrap().is_none());
}

struct Always(Step);

impl StepRule for Always {
    fn next(&self, _: &StepContext<'_>) -> Option<Step> {
        Some(self.0)
    }
}

#[tokio::test]
async fn no_rule_asks_for_another_password_without_a_mark() {
    let it = TestAccounts::with(|parts| parts.behavior.steps = Arc::new(Always(Step::NewPassword)));
    it.sign_up(ADA).await;
    it.log_in(ADA).await;
}
