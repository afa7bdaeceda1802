//! Who is there before the callers begin.

use std::sync::Arc;
use std::time::Duration;

use durward_core::accounts::{
    FactorAttempt, FactorProof, IssuedSession, PasswordAttempt, StepAnswer,
};
use durward_core::behavior::{PasswordContext, PasswordRule};
use durward_core::entity::{TotpCode, TotpSecret, totp_step};
use durward_core::{
    Caller as Client, Clock, FlowState, FlowToken, FreshUser, Obstruction, Password, Plain,
    RecoveryCode, Store, Timestamp, unit,
};
use durward_store_memory::{MemoryRead, MemoryStore, Snapshot};
use durward_testing::given::PASSWORD;
use durward_testing::{Letter, TestAccounts, given, step};

use crate::conduct::{Conduct, Fault};
use crate::factors::secret_of;
use crate::model::explorer::at_once;
use crate::support::{begin_login, fresh};
use crate::traced::TracedStore;

pub(crate) const ADA: &str = "ada@example.com";

pub(crate) type It = TestAccounts<TracedStore<MemoryStore>>;

/// Ada, who has an account, and a session; a world adds whom else it needs.
pub(crate) struct Given {
    pub(crate) it: It,
    store: TracedStore<MemoryStore>,
    pub(crate) ada: IssuedSession,
}

/// An authenticator app that was enrolled.
pub(crate) struct App {
    secret: TotpSecret,
    pub(crate) codes: Vec<RecoveryCode>,
}

/// A login that has come to a step.
#[derive(Clone)]
pub(crate) struct Begun {
    pub(crate) step: StepAnswer,
    pub(crate) state: FlowState,
}

/// Where all schedules of a world begin.
pub(crate) struct Beginning(Snapshot, Timestamp);

/// Which passwords are good enough is no part of these worlds, and takes longer to say than all the rest.
struct AnyPassword;

impl PasswordRule for AnyPassword {
    fn check(&self, _: &Password, _: &PasswordContext<'_>) -> Vec<Obstruction> {
        Vec::new()
    }
}

impl Given {
    pub(crate) fn new() -> Self {
        let store = TracedStore::default();
        let any = Arc::new(AnyPassword);
        let it = TestAccounts::on_with(store.clone(), |parts| parts.behavior.password = any);
        let ada = at_once(it.sign_up(ADA));
        Self { it, store, ada }
    }

    pub(crate) fn beginning(&self) -> Beginning {
        // A mail that is under way would be one more for whoever looks into his mailbox afterwards.
        at_once(self.it.deliver());
        Beginning(self.store.inner().snapshot(), self.it.clock().now())
    }

    /// Forgets what happened since the beginning.
    pub(crate) fn go_back(&self, Beginning(snapshot, now): &Beginning) {
        self.store.inner().restore(snapshot);
        self.it.clock().set(*now);
        self.it.inbox().clear();
    }

    /// From now on callers take turns, and the store has these faults.
    pub(crate) fn conduct(&self, faults: &'static [Fault]) {
        self.store.conduct(Conduct { yields: true, faults });
    }

    /// What is stored, whatever the store answers.
    pub(crate) fn stored(&self) -> MemoryRead<Plain> {
        at_once(self.store.inner().read()).unwrap()
    }

    pub(crate) fn sign_up(&self, address: &str) -> IssuedSession {
        at_once(self.it.sign_up(address))
    }

    /// Another session of Ada's.
    pub(crate) fn another_session(&self) -> IssuedSession {
        at_once(self.it.log_in(ADA))
    }

    pub(crate) fn refreshed(&self, session: &IssuedSession) -> IssuedSession {
        at_once(self.it.accounts().refresh(&session.refresh, &self.it.origin())).unwrap()
    }

    /// Ada in a request.
    pub(crate) fn client(&self) -> Client {
        let user = at_once(self.it.accounts().authenticate(&self.ada.token, None)).unwrap();
        Client { user: Some(user), ..Client::anonymous(None) }
    }

    pub(crate) fn fresh(&self) -> FreshUser {
        at_once(fresh(&self.it, &self.ada))
    }

    /// A login by mail, and the letter with its code.
    pub(crate) fn mailed_login(&self) -> (Begun, Letter) {
        at_once(async {
            self.it.deliver().await;
            let (step, state) = begin_login(&self.it, ADA).await;
            (Begun { step, state }, self.it.mail_to(ADA).await)
        })
    }

    /// A login by the password, which must lead to another step.
    pub(crate) fn password_login(&self) -> Begun {
        let (email, password) = (given::email(ADA), given::password(PASSWORD));
        let attempt = PasswordAttempt { email, password, state: self.it.state() };
        let state = attempt.state.clone();
        let origin = self.it.origin();
        let answer = at_once(self.it.accounts().login_with_password(attempt, &origin));
        Begun { step: step(answer.unwrap()), state }
    }

    /// An enrolment that waits for the first code.
    pub(crate) fn enrolment(&self) -> (FlowToken, TotpCode) {
        let enrolment = at_once(async {
            unit!(self.it.accounts(), |tx| self
                .it
                .accounts()
                .enrol_totp(tx, &self.fresh(), &self.it.origin())
                .await)
        })
        .unwrap();
        let secret = secret_of(enrolment.secret.expose());
        (enrolment.handle, secret.code_at(totp_step(self.it.accounts().now())))
    }

    pub(crate) fn enrolled(&self) -> App {
        let (it, user) = (&self.it, self.fresh());
        let enrolment = at_once(async {
            unit!(it.accounts(), |tx| it.accounts().enrol_totp(tx, &user, &it.origin()).await)
        })
        .unwrap();
        let secret = secret_of(enrolment.secret.expose());
        let code = secret.code_at(totp_step(it.accounts().now()));
        let (handle, origin) = (Some(&enrolment.handle), it.origin());
        let codes = at_once(it.accounts().confirm_totp(&user, handle, Some(&code), &origin));
        it.clock().advance(Duration::from_secs(30));
        App { secret, codes: codes.unwrap() }
    }

    /// What the app shows now.
    pub(crate) fn shown_by(&self, app: &App) -> FactorProof {
        FactorProof::Totp(Some(app.secret.code_at(totp_step(self.it.accounts().now()))))
    }
}

impl Begun {
    pub(crate) fn with(&self, proof: FactorProof) -> FactorAttempt {
        FactorAttempt { handle: self.step.handle.clone(), proof }
    }
}
