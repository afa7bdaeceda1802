use std::time::Duration;

use durward_core::accounts::{
    Answer, FactorAttempt, FactorProof, IssuedSession, PasswordAttempt, PasswordReset,
};
use durward_core::entity::{Totp, TotpSecret, totp_step};
use durward_core::store::{Audit, AuditQuery, Factors};
use durward_core::{
    Caller, CodeToken, Error, FlowState, FreshUser, Notice, Plain, RecoveryCode, Step, Store, unit,
};
use durward_testing::given::PASSWORD;
use durward_testing::{Letter, TestAccounts, followed, given, session, step};

const ADA: &str = "ada@example.com";
const NEW_PASSWORD: &str = "nine green lanterns hum";
const WAIT: Duration = Duration::from_hours(72);
const MOMENT: Duration = Duration::from_millis(1);
const STEP: Duration = Duration::from_secs(30);

/// An account without a second factor, and what somebody does in it.
struct World<S: Store> {
    it: TestAccounts<S>,
}

struct App {
    secret: TotpSecret,
    codes: Vec<RecoveryCode>,
}

impl<S: Store<Attrs = Plain>> World<S> {
    async fn on(store: S) -> Self {
        let it = TestAccounts::on(store);
        it.sign_up(ADA).await;
        it.clock().advance(WAIT);
        Self { it }
    }

    async fn fresh(&self, session: &IssuedSession) -> FreshUser {
        let user = self.it.accounts().authenticate(&session.token, None).await.unwrap();
        let caller = Caller { user: Some(user), ..Caller::anonymous(None) };
        self.it.accounts().fresh(&caller).unwrap()
    }

    async fn enrol(&self, by: &IssuedSession) -> App {
        let (it, origin) = (&self.it, self.it.origin());
        let user = self.fresh(by).await;
        let begun =
            unit!(it.accounts(), |tx| it.accounts().enrol_totp(tx, &user, &origin).await).unwrap();
        let secret = TotpSecret::parse(begun.secret.expose()).unwrap();
        let code = secret.code_at(totp_step(it.accounts().now()));
        let (handle, code) = (Some(&begun.handle), Some(&code));
        let codes = it.accounts().confirm_totp(&user, handle, code, &origin).await.unwrap();
        it.clock().advance(STEP);
        App { secret, codes }
    }

    fn code(&self, app: &App) -> FactorProof {
        let now = self.it.accounts().now();
        FactorProof::Totp(Some(app.secret.code_at(totp_step(now))))
    }

    async fn stored(&self, of: &IssuedSession) -> Option<Totp> {
        self.it.accounts().read().await.unwrap().totp(of.user).await.unwrap()
    }

    async fn codes_left(&self, of: &IssuedSession) -> u64 {
        let mut read = self.it.accounts().read().await.unwrap();
        read.count_recovery_codes(of.user).await.unwrap()
    }

    async fn begin(&self, password: &str) -> (Answer, FlowState) {
        let attempt = PasswordAttempt {
            email: given::email(ADA),
            password: given::password(password),
            state: self.it.state(),
        };
        let state = attempt.state.clone();
        let answer = self.it.accounts().login_with_password(attempt, &self.it.origin()).await;
        (answer.unwrap(), state)
    }

    async fn answer(
        &self,
        (answer, state): (Answer, FlowState),
        proof: FactorProof,
    ) -> Result<Answer, Error> {
        let step = step(answer);
        assert_eq!(step.step, Step::Totp);
        let attempt = FactorAttempt { handle: step.handle, proof };
        self.it.accounts().answer_factor(&attempt, &state, &self.it.origin()).await
    }

    /// The newest notice of this kind.
    async fn notice(&self, what: Notice) -> Option<Letter> {
        self.it.deliver().await;
        let letters = self.it.inbox().all_to(ADA);
        letters.into_iter().rfind(|it| it.message().notice().is_some_and(|it| it.notice == what))
    }

    async fn was_sent(&self, name: &str) -> bool {
        self.it.deliver().await;
        self.it.inbox().all_to(ADA).iter().any(|letter| letter.name() == name)
    }

    /// Reports a notice, and chooses another password by what is mailed then.
    async fn object(&self, letter: &Letter) {
        let (it, origin) = (&self.it, self.it.origin());
        let code = CodeToken::parse(letter.link_code()).unwrap();
        it.accounts().report_notice(&code, &origin).await.unwrap();
        it.deliver().await;
        let recovery = it.inbox().all_to(ADA).into_iter().rfind(|it| it.name() == "recovery");
        let reset = PasswordReset {
            attempt: Some(followed(&recovery.unwrap())),
            state: it.state(),
            password: given::password(NEW_PASSWORD),
        };
        it.accounts().confirm_reset(reset, &origin).await.unwrap();
    }

    async fn happened(&self, event: &str) -> usize {
        let query = AuditQuery { event: Some(event.to_owned()), limit: 9, ..AuditQuery::default() };
        let mut read = self.it.accounts().read().await.unwrap();
        read.audit_entries(&query).await.unwrap().len()
    }
}

/// R-RC-04, R-NO-01: after a while, and not before.
pub(crate) async fn an_app_that_a_thief_enrolled_stops_to_count<S>(store: S)
where
    S: Store<Attrs = Plain>,
{
    let ada = World::on(store).await;
    let thief = ada.it.log_in(ADA).await;
    let app = ada.enrol(&thief).await;
    let letter = ada.notice(Notice::TotpEnabled).await.unwrap();
    ada.it.clock().advance(STEP);
    ada.object(&letter).await;
    assert!(ada.was_sent("factor-doubted").await);
    assert_eq!((ada.happened("totp.doubted").await, ada.codes_left(&thief).await), (1, 0));
    let since = ada.stored(&thief).await.unwrap().doubted.unwrap();
    assert_eq!(since, ada.it.accounts().now());

    // Whoever only reads the mailbox does not get past it at once, and its recovery codes are worth nothing.
    ada.it.clock().advance(WAIT.checked_sub(MOMENT).unwrap());
    let begun = ada.begin(NEW_PASSWORD).await;
    let recovery = FactorProof::RecoveryCode(Some(app.codes[0].clone()));
    assert!(ada.answer(begun.clone(), recovery).await.is_err());

    // It counts no more from one moment on, also for a login that was under way.
    ada.it.clock().advance(MOMENT);
    assert!(ada.answer(begun, ada.code(&app)).await.is_err());
    assert!(ada.it.accounts().totp(thief.user).await.unwrap().is_none());
    let owner = session(ada.begin(NEW_PASSWORD).await.0);
    assert_eq!(ada.stored(&owner).await, None, "and is gone");
    assert_eq!(ada.happened("totp.disabled").await, 1);
    assert!(ada.notice(Notice::TotpDisabled).await.is_some());
    let hers = ada.enrol(&owner).await;
    assert!(ada.answer(ada.begin(NEW_PASSWORD).await, ada.code(&hers)).await.is_ok());
}

/// R-RC-04: whoever reads the mailbox only delays nothing and takes nothing away.
pub(crate) async fn who_has_the_app_keeps_it<S>(store: S)
where
    S: Store<Attrs = Plain>,
{
    let ada = World::on(store).await;
    let owner = ada.it.log_in(ADA).await;
    let app = ada.enrol(&owner).await;
    let letter = ada.notice(Notice::TotpEnabled).await.unwrap();
    ada.object(&letter).await;
    assert!(ada.stored(&owner).await.unwrap().doubted.is_some());
    ada.it.clock().advance(WAIT.checked_sub(MOMENT).unwrap());
    let answered = ada.answer(ada.begin(NEW_PASSWORD).await, ada.code(&app)).await;
    let owner = session(answered.unwrap());
    assert_eq!(ada.stored(&owner).await.unwrap().doubted, None);
    assert_eq!(ada.happened("totp.trusted").await, 1);
    ada.it.clock().advance(WAIT);
    let answered = ada.answer(ada.begin(NEW_PASSWORD).await, ada.code(&app)).await;
    assert!(answered.is_ok(), "it is asked for as before");
    assert_eq!((ada.happened("totp.trusted").await, ada.happened("totp.disabled").await), (1, 0));
}

/// R-RC-04: an app that was there before is not doubted; recovery codes that were made since die.
pub(crate) async fn a_factor_that_was_there_before_is_left_alone<S>(store: S)
where
    S: Store<Attrs = Plain>,
{
    let ada = World::on(store).await;
    let owner = ada.it.log_in(ADA).await;
    let app = ada.enrol(&owner).await;
    ada.it.clock().advance(WAIT);
    let answered = ada.answer(ada.begin(PASSWORD).await, ada.code(&app)).await;
    let thief = session(answered.unwrap());
    let user = ada.fresh(&thief).await;
    unit!(ada.it.accounts(), |tx| ada
        .it
        .accounts()
        .renew_recovery_codes(tx, &user, &ada.it.origin())
        .await)
    .unwrap();
    let letter = ada.notice(Notice::RecoveryCodesReplaced).await.unwrap();
    ada.it.inbox().clear();
    ada.object(&letter).await;
    assert_eq!(
        (ada.stored(&owner).await.unwrap().doubted, ada.codes_left(&owner).await),
        (None, 0)
    );
    assert!(ada.notice(Notice::RecoveryCodesRevoked).await.is_some());
    assert!(!ada.was_sent("factor-doubted").await);
    assert_eq!(ada.happened("recovery-codes.revoked").await, 1);
    ada.it.clock().advance(WAIT);
    assert!(ada.answer(ada.begin(NEW_PASSWORD).await, ada.code(&app)).await.is_ok());
}
