//! The second factor: an authenticator app, and recovery codes in its place.

use std::time::Duration;

use durward_core::accounts::{
    Answer, CodeRequest, FactorAttempt, FactorProof, IssuedSession, PasswordAttempt, StepAnswer,
};
use durward_core::entity::{TotpCode, TotpSecret, totp_step};
use durward_core::{
    Caller, Error, FlowState, FreshUser, Method, RecoveryCode, Step, Store, UserId, UserStatus,
    unit,
};
use durward_testing::given::PASSWORD;
use durward_testing::{TestAccounts, given, session, step, typed};

use crate::support::{audited, set_status};

const ADA: &str = "ada@example.com";
const STEP: Duration = Duration::from_secs(30);

/// A user with an authenticator app in the hands of the test.
pub(crate) struct Enrolled {
    pub(crate) it: TestAccounts,
    user: UserId,
    secret: TotpSecret,
    pub(crate) codes: Vec<RecoveryCode>,
    session: IssuedSession,
}

pub(crate) async fn fresh<S: Store>(it: &TestAccounts<S>, session: &IssuedSession) -> FreshUser {
    let user = it.accounts().authenticate(&session.token, None).await.unwrap();
    it.accounts().fresh(&Caller { user: Some(user), ..Caller::anonymous(None) }).unwrap()
}

pub(crate) fn secret_of(base_32: &str) -> TotpSecret {
    TotpSecret::parse(base_32).unwrap()
}

async fn enrolled() -> Enrolled {
    enrolled_at(TestAccounts::new()).await
}

pub(crate) async fn enrolled_at(it: TestAccounts) -> Enrolled {
    let session = it.sign_up(ADA).await;
    let user = fresh(&it, &session).await;
    let enrolment =
        unit!(it.accounts(), |tx| it.accounts().enrol_totp(tx, &user, &it.origin()).await).unwrap();
    let secret = secret_of(enrolment.secret.expose());
    let code = secret.code_at(totp_step(it.accounts().now()));
    let codes = it
        .accounts()
        .confirm_totp(&user, Some(&enrolment.handle), Some(&code), &it.origin())
        .await
        .unwrap();
    it.clock().advance(STEP);
    Enrolled { user: session.user, it, secret, codes, session }
}

impl Enrolled {
    pub(crate) fn code(&self) -> TotpCode {
        self.secret.code_at(totp_step(self.it.accounts().now()))
    }

    async fn password_step(&self) -> (StepAnswer, FlowState) {
        let attempt = PasswordAttempt {
            email: given::email(ADA),
            password: given::password(PASSWORD),
            state: self.it.state(),
        };
        let state = attempt.state.clone();
        let answer = self.it.accounts().login_with_password(attempt, &self.it.origin()).await;
        (step(answer.unwrap()), state)
    }

    async fn answer(
        &self,
        step: &StepAnswer,
        state: &FlowState,
        proof: FactorProof,
    ) -> Result<Answer, Error> {
        let attempt = FactorAttempt { handle: step.handle.clone(), proof };
        self.it.accounts().answer_factor(&attempt, state, &self.it.origin()).await
    }

    pub(crate) async fn log_in(&self, proof: FactorProof) -> Result<Answer, Error> {
        let (step, state) = self.password_step().await;
        self.answer(&step, &state, proof).await
    }
}

fn refused(answer: &Result<Answer, Error>) -> bool {
    matches!(answer, Err(Error::Unauthenticated))
}

#[tokio::test]
async fn every_first_factor_is_followed_by_the_second() {
    // R-MF-02, R-RC-03, AM-07
    let ada = enrolled().await;
    let (step_, state) = ada.password_step().await;
    assert_eq!(step_.step, Step::Totp);
    let proof = FactorProof::Totp(Some(ada.code()));
    let issued = session(ada.answer(&step_, &state, proof).await.unwrap());
    let caller = ada.it.accounts().authenticate(&issued.token, None).await.unwrap();
    assert_eq!(caller.methods, [Method::Password, Method::Totp]);

    ada.it.deliver().await;
    let request = CodeRequest { email: given::email(ADA), state: ada.it.state() };
    let begun = ada.it.accounts().request_code(&request, &ada.it.origin()).await.unwrap();
    let code = typed(&step(begun), ada.it.mail_to(ADA).await.code());
    let answer = ada.it.accounts().answer_code(&code, &request.state, &ada.it.origin()).await;
    assert_eq!(step(answer.unwrap()).step, Step::Totp);

    // A second sign-up with the address logs in, and not past the second factor.
    let request = ada.it.request(ADA);
    let state = request.state.clone();
    let begun = ada.it.accounts().sign_up(request, &ada.it.origin()).await.unwrap();
    let code = typed(&step(begun), ada.it.mail_to(ADA).await.code());
    let answer = ada.it.accounts().answer_code(&code, &state, &ada.it.origin()).await;
    assert_eq!(step(answer.unwrap()).step, Step::Totp);
}

#[tokio::test]
async fn a_code_is_good_once_on_any_number_of_flows() {
    // R-OT-01
    let ada = enrolled().await;
    let code = ada.code();
    let (one, one_state) = ada.password_step().await;
    let (two, two_state) = ada.password_step().await;
    let proof = || FactorProof::Totp(Some(code.clone()));
    assert!(ada.answer(&one, &one_state, proof()).await.is_ok());
    assert!(refused(&ada.answer(&two, &two_state, proof()).await));
    assert!(refused(&ada.answer(&one, &one_state, proof()).await), "the flow is over");
    // The one before is dead as well once a later one was used.
    let earlier = ada.secret.code_at(totp_step(ada.it.accounts().now()) - 1);
    assert!(refused(&ada.log_in(FactorProof::Totp(Some(earlier))).await));
    ada.it.clock().advance(STEP);
    assert!(ada.log_in(FactorProof::Totp(Some(ada.code()))).await.is_ok());
}

#[tokio::test]
async fn the_code_of_the_step_before_counts_unless_the_deployment_is_strict() {
    // R-OT-02
    for lenient in [true, false] {
        let it = TestAccounts::with(|parts| parts.settings.totp_previous_step = lenient);
        let ada = enrolled_at(it).await;
        let (step, state) = ada.password_step().await;
        let proof = FactorProof::Totp(Some(ada.code()));
        ada.it.clock().advance(STEP);
        assert_eq!(ada.answer(&step, &state, proof).await.is_ok(), lenient);
    }
}

#[tokio::test]
async fn nothing_is_enrolled_before_its_proof_and_all_other_sessions_end_with_it() {
    // R-MF-04, R-SE-06, R-NO-01
    let it = TestAccounts::new();
    let first = it.sign_up(ADA).await;
    let other = it.log_in(ADA).await;
    let user = fresh(&it, &first).await;
    let enrolment =
        unit!(it.accounts(), |tx| it.accounts().enrol_totp(tx, &user, &it.origin()).await).unwrap();
    assert_eq!(it.log_in(ADA).await.user, first.user, "not asked for yet");
    let secret = secret_of(enrolment.secret.expose());
    let now = totp_step(it.accounts().now());
    let confirm =
        async |handle, code| it.accounts().confirm_totp(&user, handle, code, &it.origin()).await;
    let wrong = secret.code_at(now + 5);
    assert!(matches!(confirm(Some(&enrolment.handle), Some(&wrong)).await, Err(Error::Invalid(_))));
    let right = secret.code_at(now);
    assert!(matches!(confirm(None, Some(&right)).await, Err(Error::Invalid(_))));
    let codes = confirm(Some(&enrolment.handle), Some(&right)).await.unwrap();
    assert_eq!(codes.len(), 10);
    let again = confirm(Some(&enrolment.handle), Some(&right)).await;
    assert!(matches!(again, Err(Error::Invalid(_))));
    assert!(matches!(
        unit!(it.accounts(), |tx| it.accounts().enrol_totp(tx, &user, &it.origin()).await),
        Err(Error::Duplicate(_))
    ));
    assert!(it.accounts().authenticate(&first.token, None).await.is_ok());
    assert!(it.accounts().authenticate(&other.token, None).await.is_err());
    assert!(it.accounts().refresh(&other.refresh, &it.origin()).await.is_err());
    assert_eq!(it.mail_to(ADA).await.name(), "notice");
    assert!(audited(&it, first.user).await.contains(&"totp.enabled".to_owned()));
}

#[tokio::test]
async fn an_enrolment_of_somebody_else_or_of_long_ago_proves_nothing() {
    let it = TestAccounts::new();
    let (ada, eve) = (it.sign_up(ADA).await, it.sign_up("eve@example.com").await);
    let (ada, eve) = (fresh(&it, &ada).await, fresh(&it, &eve).await);
    let enrolment =
        unit!(it.accounts(), |tx| it.accounts().enrol_totp(tx, &ada, &it.origin()).await).unwrap();
    let secret = secret_of(enrolment.secret.expose());
    let code = || secret.code_at(totp_step(it.accounts().now()));
    let theirs = it.accounts();
    let (now, origin) = (code(), it.origin());
    let stolen = theirs.confirm_totp(&eve, Some(&enrolment.handle), Some(&now), &origin).await;
    assert!(matches!(stolen, Err(Error::Invalid(_))));
    it.clock().advance(Duration::from_mins(10));
    let late = theirs.confirm_totp(&ada, Some(&enrolment.handle), Some(&code()), &origin).await;
    assert!(matches!(late, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn a_recovery_code_takes_the_place_of_the_app_once() {
    // R-RC-01, R-NO-01
    let ada = enrolled().await;
    let proof = |n: usize| {
        let typed = ada.codes[n].grouped().expose().to_lowercase();
        FactorProof::RecoveryCode(RecoveryCode::parse(&typed).ok())
    };
    ada.it.deliver().await;
    let issued = session(ada.log_in(proof(0)).await.unwrap());
    let caller = ada.it.accounts().authenticate(&issued.token, None).await.unwrap();
    assert_eq!(caller.methods, [Method::Password, Method::RecoveryCode]);
    assert_eq!(ada.it.mail_to(ADA).await.name(), "notice");
    assert!(refused(&ada.log_in(proof(0)).await));

    let user = fresh(&ada.it, &issued).await;
    let renewed = unit!(ada.it.accounts(), |tx| ada
        .it
        .accounts()
        .renew_recovery_codes(tx, &user, &ada.it.origin())
        .await)
    .unwrap();
    assert!(refused(&ada.log_in(proof(1)).await), "the old set is dead");
    let new = FactorProof::RecoveryCode(Some(renewed[1].clone()));
    assert!(ada.log_in(new).await.is_ok());
}

#[tokio::test]
async fn an_app_is_removed_with_its_recovery_codes() {
    // R-MF-07, R-SE-06
    let ada = enrolled().await;
    let user = fresh(&ada.it, &ada.session).await;
    ada.it.accounts().remove_totp(&user, &ada.it.origin()).await.unwrap();
    assert!(ada.it.accounts().authenticate(&ada.session.token, None).await.is_ok());
    ada.it.log_in(ADA).await;
    let gone = ada.it.accounts().remove_totp(&user, &ada.it.origin()).await;
    assert!(matches!(gone, Err(Error::NotFound(_))));
    let none = unit!(ada.it.accounts(), |tx| ada
        .it
        .accounts()
        .renew_recovery_codes(tx, &user, &ada.it.origin())
        .await);
    assert!(matches!(none, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn after_a_hundred_failures_the_app_is_off_and_a_recovery_code_is_not() {
    // R-TH-01, R-TH-04
    let ada = enrolled().await;
    let wrong = || FactorProof::Totp(TotpCode::parse("000000").ok());
    for _ in 0..100 {
        ada.it.clock().advance(Duration::from_mins(16));
        assert!(refused(&ada.log_in(wrong()).await));
    }
    ada.it.clock().advance(Duration::from_hours(24 * 365));
    assert!(refused(&ada.log_in(FactorProof::Totp(Some(ada.code()))).await), "disabled");
    let recovery = FactorProof::RecoveryCode(Some(ada.codes[0].clone()));
    let issued = session(ada.log_in(recovery).await.unwrap());
    // Bound anew, it works again.
    let user = fresh(&ada.it, &issued).await;
    ada.it.accounts().remove_totp(&user, &ada.it.origin()).await.unwrap();
    let enrolment = unit!(ada.it.accounts(), |tx| ada
        .it
        .accounts()
        .enrol_totp(tx, &user, &ada.it.origin())
        .await)
    .unwrap();
    let secret = secret_of(enrolment.secret.expose());
    let code = secret.code_at(totp_step(ada.it.accounts().now()));
    let confirmed = ada.it.accounts();
    confirmed
        .confirm_totp(&user, Some(&enrolment.handle), Some(&code), &ada.it.origin())
        .await
        .unwrap();
    ada.it.clock().advance(STEP);
    let ada = Enrolled { secret, ..ada };
    assert!(ada.log_in(FactorProof::Totp(Some(ada.code()))).await.is_ok());
}

#[tokio::test]
async fn a_right_code_during_a_delay_looks_like_a_wrong_one() {
    // R-TH-03
    let ada = enrolled().await;
    for _ in 0..5 {
        assert!(refused(&ada.log_in(FactorProof::Totp(None)).await));
    }
    assert!(refused(&ada.log_in(FactorProof::Totp(Some(ada.code()))).await));
    ada.it.clock().advance(STEP);
    assert!(ada.log_in(FactorProof::Totp(Some(ada.code()))).await.is_ok());
}

#[tokio::test]
async fn whoever_was_banned_between_two_steps_stays_out() {
    // R-SE-07, AM-08
    let ada = enrolled().await;
    let (step, state) = ada.password_step().await;
    set_status(&ada.it, ada.user, UserStatus::Banned).await;
    assert!(refused(&ada.answer(&step, &state, FactorProof::Totp(Some(ada.code()))).await));
}

#[tokio::test]
async fn the_handle_of_one_step_is_worth_nothing_at_another() {
    // R-CC-02, AM-06
    let ada = enrolled().await;
    let (step_, state) = ada.password_step().await;
    let as_code = typed(&step_, "BCDF2345");
    let answer = ada.it.accounts().answer_code(&as_code, &state, &ada.it.origin()).await;
    assert!(refused(&answer));
    let request = CodeRequest { email: given::email(ADA), state: ada.it.state() };
    let begun = ada.it.accounts().request_code(&request, &ada.it.origin()).await.unwrap();
    let mailed = step(begun);
    let proof = FactorProof::Totp(Some(ada.code()));
    assert!(refused(&ada.answer(&mailed, &request.state, proof).await));
    let proof = FactorProof::Totp(Some(ada.code()));
    assert!(refused(&ada.answer(&step_, &ada.it.state(), proof).await), "another state");
    let proof = FactorProof::Totp(Some(ada.code()));
    assert!(ada.answer(&step_, &state, proof).await.is_ok());
}

#[tokio::test]
async fn who_has_not_proven_the_first_factor_cannot_wear_out_the_second() {
    // R-TH-04
    let ada = enrolled().await;
    for _ in 0..30 {
        // Anybody may ask for a mailed code, and gets a handle about Ada's account.
        let request = CodeRequest { email: given::email(ADA), state: ada.it.state() };
        let begun = ada.it.accounts().request_code(&request, &ada.it.origin()).await.unwrap();
        let handle = step(begun);
        for proof in [FactorProof::Totp(None), FactorProof::RecoveryCode(None)] {
            assert!(refused(&ada.answer(&handle, &request.state, proof).await));
        }
    }
    assert!(ada.log_in(FactorProof::Totp(Some(ada.code()))).await.is_ok());
    let recovery = FactorProof::RecoveryCode(Some(ada.codes[0].clone()));
    assert!(ada.log_in(recovery).await.is_ok());
}

#[tokio::test]
async fn a_new_enrolment_forgets_the_wrong_codes_of_the_one_before() {
    // R-TH-01
    let it = TestAccounts::new();
    let session = it.sign_up(ADA).await;
    let user = fresh(&it, &session).await;
    let (accounts, origin) = (it.accounts(), it.origin());
    for _ in 0..8 {
        let wrong = accounts.confirm_totp(&user, None, None, &origin).await;
        assert!(matches!(wrong, Err(Error::Invalid(_))));
    }
    let enrolment =
        unit!(accounts, |tx| accounts.enrol_totp(tx, &user, &it.origin()).await).unwrap();
    let code = secret_of(enrolment.secret.expose()).code_at(totp_step(accounts.now()));
    let confirmed = accounts.confirm_totp(&user, Some(&enrolment.handle), Some(&code), &origin);
    assert!(confirmed.await.is_ok());
}
