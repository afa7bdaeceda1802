use super::{Accounts, Answer, StepAnswer};
use crate::authz::FreshUser;
use crate::budget::BudgetKey;
use crate::email::EmailAddress;
use crate::entity::{Flow, Method, Purpose, Step, Totp, TotpCode, TotpSecret, User, UserStatus};
use crate::error::{Error, Obstruction};
use crate::event::{Event, FailureReason};
use crate::ids::{FlowId, SessionId, TotpId, UserId};
use crate::keys::Label;
use crate::mail::Notice;
use crate::origin::Origin;
use crate::secret::{Digest, Secret};
use crate::store::{
    BudgetsMut, Factors, FactorsMut, Flows, FlowsMut, LoginEmails, Store, StoreError, Users,
};
use crate::text::FlowState;
use crate::time::Timestamp;
use crate::token::{FlowToken, RecoveryCode};

/// The names of the budgets that count failures, per user.
const TOTP: &[u8] = b"totp";
const RECOVERY: &[u8] = b"recovery";
const ENROLMENT: &[u8] = b"totp-enrolment";

/// How many recovery codes make a set.
const RECOVERY_CODES: usize = 10;

/// An authenticator app that is about to be enrolled: shown once.
#[derive(Clone, Debug)]
pub struct TotpEnrolment {
    /// The secret, in base 32.
    pub secret: Secret<String>,
    /// The address that the app reads from a QR code.
    pub uri: Secret<String>,
    /// The handle that the proof must name.
    pub handle: FlowToken,
    /// When the enrolment dies.
    pub expires: Timestamp,
}

/// An answer to the step [`Step::Totp`].
#[derive(Clone, Debug)]
pub struct FactorAttempt {
    /// The handle of the step.
    pub handle: FlowToken,
    /// What proves the second factor.
    pub proof: FactorProof,
}

/// What proves a second factor; `None` for something that is no code, which counts as a wrong one.
#[derive(Clone, Debug)]
pub enum FactorProof {
    /// Six digits of an authenticator app.
    Totp(Option<TotpCode>),
    /// A recovery code.
    RecoveryCode(Option<RecoveryCode>),
}

/// A proof that may be right, and what spending it takes.
enum Shown {
    Step(TotpId, u64),
    RecoveryCode(Vec<Digest>),
}

impl<S: Store> Accounts<S> {
    /// Begins to enrol an authenticator app; nothing is enrolled until
    /// [`confirm_totp`](Accounts::confirm_totp) proves it. [`Error::Duplicate`] while one is enrolled.
    pub async fn enrol_totp(&self, user: &FreshUser) -> Result<TotpEnrolment, Error> {
        let now = self.now();
        let secret = TotpSecret::mint(self.entropy());
        let handle = FlowToken::mint(self.entropy());
        let id = TotpId::new(now, self.entropy());
        let context = Totp::context(id, user.id());
        let totp = Totp {
            id,
            user: user.id(),
            secret: self.keys().seal(&context, secret.expose(), self.entropy()),
            handle: self.keys().digest(&handle),
            last_step: 0,
            created: now,
            confirmed: None,
            expires: now + self.settings().code_lifetime,
        };
        let account = unit!(self, |tx, _| {
            if tx.totp(user.id()).await?.is_some() {
                return Err(Error::Duplicate("authenticator app"));
            }
            tx.insert_totp(&totp).await?;
            // Another secret, of which nothing was guessed yet.
            tx.reset_attempts(self.factor_budget(ENROLMENT, user.id())).await?;
            let emails = tx.login_emails_of(user.id()).await?;
            let shown = emails.iter().find(|it| it.primary).or(emails.first());
            Ok(shown.map_or_else(|| user.id().to_string(), |it| it.address.as_typed().to_owned()))
        })?;
        let uri = secret.uri(&self.settings().service, &account);
        Ok(TotpEnrolment { secret: secret.base_32(), uri, handle, expires: totp.expires })
    }

    /// Proves an enrolment by a first code of the app, and answers the recovery codes, for the only time.
    ///
    /// Ends all other sessions (R-SE-06). A wrong code, another user's handle and a dead one are the same
    /// obstruction.
    pub async fn confirm_totp(
        &self,
        user: &FreshUser,
        handle: Option<&FlowToken>,
        code: Option<&TotpCode>,
        origin: &Origin,
    ) -> Result<Vec<RecoveryCode>, Error> {
        let key = self.factor_budget(ENROLMENT, user.id());
        let counted = self.debit_factor(key, None, origin).await?;
        let mut found = None;
        if let Some(handle) = handle {
            let mut read = self.read().await?;
            for digest in self.keys().digests(handle) {
                found = found.or(read.totp_enrolment(&digest).await?);
            }
        }
        let now = self.now();
        let mine = found.filter(|it| counted && it.user == user.id() && now < it.expires);
        let proven = mine.and_then(|totp| {
            let step = totp.accept(&self.open_totp(&totp)?, code?, now)?;
            Some((totp.id, step))
        });
        let Some((id, step)) = proven else {
            return Err(Error::Invalid(vec![wrong_code()]));
        };
        let codes = self.mint_recovery_codes();
        unit!(self, |tx, _| {
            if !tx.confirm_totp(id, step, now).await? {
                return Err(Error::Invalid(vec![wrong_code()]));
            }
            tx.reset_attempts(key).await?;
            tx.reset_attempts(self.factor_budget(TOTP, user.id())).await?;
            tx.reset_attempts(self.factor_budget(RECOVERY, user.id())).await?;
            self.refund_failure(tx, origin).await?;
            self.store_recovery_codes(tx, user.id(), &codes).await?;
            self.record(tx, &Event::TotpEnabled { user: user.id() }, origin).await?;
            let keep = Some(user.session());
            self.credentials_changed(tx, user.id(), keep, Notice::TotpEnabled, origin).await
        })?;
        Ok(codes)
    }

    /// Removes the authenticator app of the caller, and his recovery codes with it. [`Error::NotFound`] when
    /// there is none.
    pub async fn remove_totp(&self, user: &FreshUser, origin: &Origin) -> Result<(), Error> {
        unit!(self, |tx, _| self.drop_totp(tx, user.id(), Some(user.session()), origin).await)
    }

    /// Removes the authenticator app of somebody who lost it: an administrator's part of a recovery
    /// (R-MF-07). All sessions of that user end.
    pub async fn reset_totp(
        &self,
        _administrator: &FreshUser,
        user: UserId,
        origin: &Origin,
    ) -> Result<(), Error> {
        unit!(self, |tx, _| self.drop_totp(tx, user, None, origin).await)
    }

    async fn drop_totp(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        keep: Option<SessionId>,
        origin: &Origin,
    ) -> Result<(), Error> {
        if !tx.delete_totp(user).await? {
            return Err(Error::NotFound("authenticator app"));
        }
        tx.replace_recovery_codes(user, &[]).await?;
        self.record(tx, &Event::TotpDisabled { user }, origin).await?;
        self.credentials_changed(tx, user, keep, Notice::TotpDisabled, origin).await
    }

    /// Makes a new set of recovery codes, for the only time they are shown; the old ones die. [`Error::NotFound`]
    /// without an authenticator app, whose place they take.
    pub async fn renew_recovery_codes(
        &self,
        user: &FreshUser,
        origin: &Origin,
    ) -> Result<Vec<RecoveryCode>, Error> {
        let codes = self.mint_recovery_codes();
        unit!(self, |tx, _| {
            if tx.totp(user.id()).await?.is_none() {
                return Err(Error::NotFound("authenticator app"));
            }
            self.store_recovery_codes(tx, user.id(), &codes).await?;
            tx.reset_attempts(self.factor_budget(RECOVERY, user.id())).await?;
            self.record(tx, &Event::RecoveryCodesReplaced { user: user.id() }, origin).await?;
            let (keep, notice) = (Some(user.session()), Notice::RecoveryCodesReplaced);
            self.credentials_changed(tx, user.id(), keep, notice, origin).await
        })?;
        Ok(codes)
    }

    /// Answers the step [`Step::Totp`] of a login: with a session.
    ///
    /// Every failure is [`Error::Unauthenticated`], also a right code that came too early. The attempt is
    /// debited durably before anything is verified, over all flows of the user; of any number of answers
    /// with one code one succeeds (R-OT-01, R-TH-01, R-RC-01).
    pub async fn answer_factor(
        &self,
        attempt: &FactorAttempt,
        state: &FlowState,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let method = attempt.proof.method();
        let mut read = self.read().await?;
        let mut flow = None;
        for digest in self.keys().digests(&attempt.handle) {
            flow = flow.or(read.flow_by_handle(&digest).await?);
        }
        drop(read);
        // Anybody can begin a login: only who has proven its first factor may wear out the second (R-TH-04).
        let flow = flow.filter(|flow| flow.step == Step::Totp);
        let user = flow.as_ref().and_then(|flow| flow.user);
        let key = user.map(|user| self.factor_budget(attempt.proof.budget(), user));
        let counted = match key {
            Some(key) => self.debit_factor(key, flow.as_ref(), origin).await?,
            None => unit!(self, |tx, _| self.debit_failure(tx, origin, self.now()).await)
                .map(|()| false)?,
        };
        let refused = async |reason| Err(self.refuse(user, method, reason, origin).await);
        let (Some(flow), Some(user), Some(key)) = (flow, user, key) else {
            return refused(FailureReason::FlowRefused).await;
        };
        if !counted {
            return refused(FailureReason::Delayed).await;
        }
        let (client, now) = (origin.client, self.now());
        if flow.accept_answer(self.keys(), Step::Totp, Some(state), client, now).is_err() {
            return refused(FailureReason::FlowRefused).await;
        }
        let Some(shown) = self.shown_factor(user, &attempt.proof, now).await? else {
            return refused(FailureReason::WrongSecret).await;
        };
        let settled = unit!(self, |tx, _| {
            self.spend_factor(tx, user, &shown, origin).await?;
            if !tx.finish_flow(flow.id, flow.position, self.now()).await? {
                return Err(Error::Unauthenticated);
            }
            let owner = tx.user(user).await?.filter(|it| it.status == UserStatus::Active);
            let owner = owner.ok_or(Error::Unauthenticated)?;
            tx.reset_attempts(key).await?;
            self.refund_failure(tx, origin).await?;
            let mut done = flow.methods.clone();
            done.push(method);
            self.proceed(tx, &owner, done, &flow.email, state, origin).await
        });
        match settled {
            Err(Error::Unauthenticated) => refused(FailureReason::FlowRefused).await,
            settled => settled,
        }
    }

    /// Begins the step [`Step::Totp`] of a login, inside the caller's unit of work; nothing is mailed.
    pub(super) async fn begin_totp_step(
        &self,
        tx: &mut S::Tx<'_>,
        user: &User<S::Attrs>,
        done: Vec<Method>,
        email: &EmailAddress,
        state: &FlowState,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let now = self.now();
        let handle = FlowToken::mint(self.entropy());
        let flow = Flow {
            id: FlowId::new(now, self.entropy()),
            purpose: Purpose::Login,
            step: Step::Totp,
            position: 0,
            handle: self.keys().digest(&handle),
            state: Some(self.keys().label(Label::State, &[state.expose().as_bytes()])),
            email: email.clone(),
            user: Some(user.id),
            claim: None,
            session: origin.session,
            link: None,
            short: None,
            attempts: 0,
            mails: 0,
            methods: done,
            pending: None,
            client: origin.client,
            created: now,
            expires: now + self.settings().code_lifetime,
            finished: None,
        };
        tx.insert_flow(&flow).await?;
        Ok(Answer::Step(StepAnswer { step: Step::Totp, handle, expires: flow.expires }))
    }

    /// Counts one attempt at a second factor: against the network, the flow, and the factor over all flows.
    async fn debit_factor(
        &self,
        key: BudgetKey,
        flow: Option<&Flow<S::Attrs>>,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let limit = Flow::<S::Attrs>::MAX_ATTEMPTS;
        unit!(self, |tx, _| {
            let now = self.now();
            self.debit_failure(tx, origin, now).await?;
            let of_flow = match flow {
                Some(flow) => tx.debit_flow(flow.id, flow.position, limit).await?,
                None => true,
            };
            let delays = self.settings().limits.delays;
            Ok(tx.debit_attempt(key, &delays, now).await? && of_flow)
        })
    }

    /// Verifies a proof, as far as that can be done without spending it.
    async fn shown_factor(
        &self,
        user: UserId,
        proof: &FactorProof,
        now: Timestamp,
    ) -> Result<Option<Shown>, Error> {
        match proof {
            FactorProof::Totp(code) => {
                let totp = self.read().await?.totp(user).await?;
                Ok(totp.zip(code.as_ref()).and_then(|(totp, code)| {
                    let step = totp.accept(&self.open_totp(&totp)?, code, now)?;
                    Some(Shown::Step(totp.id, step))
                }))
            }
            FactorProof::RecoveryCode(code) => Ok(code.as_ref().map(|code| {
                let parts = [user.as_bytes().as_slice(), code.expose().as_bytes()];
                Shown::RecoveryCode(self.keys().labels(Label::RecoveryCode, &parts))
            })),
        }
    }

    /// Spends a proof, or undoes the unit: of any number of callers with one proof one goes on.
    async fn spend_factor(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        shown: &Shown,
        origin: &Origin,
    ) -> Result<(), Error> {
        match shown {
            Shown::Step(id, step) => {
                let spent = tx.spend_totp_step(*id, *step).await?;
                if spent { Ok(()) } else { Err(Error::Unauthenticated) }
            }
            Shown::RecoveryCode(digests) => {
                let mut spent = false;
                for digest in digests {
                    spent = spent || tx.spend_recovery_code(user, digest).await?;
                }
                if !spent {
                    return Err(Error::Unauthenticated);
                }
                let left = tx.count_recovery_codes(user).await?;
                self.record(tx, &Event::RecoveryCodeUsed { user, left }, origin).await?;
                self.notify(tx, user, Notice::RecoveryCodeUsed).await
            }
        }
    }

    fn mint_recovery_codes(&self) -> Vec<RecoveryCode> {
        (0..RECOVERY_CODES).map(|_| RecoveryCode::mint(self.entropy())).collect()
    }

    async fn store_recovery_codes(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        codes: &[RecoveryCode],
    ) -> Result<(), StoreError> {
        let digest = |code: &RecoveryCode| {
            let parts = [user.as_bytes().as_slice(), code.expose().as_bytes()];
            self.keys().label(Label::RecoveryCode, &parts)
        };
        let digests: Vec<Digest> = codes.iter().map(digest).collect();
        tx.replace_recovery_codes(user, &digests).await
    }

    /// The secret of a factor; `None`, and a word to the operator, when its key is gone from the ring.
    fn open_totp(&self, totp: &Totp) -> Option<TotpSecret> {
        let opened = self.keys().open(&Totp::context(totp.id, totp.user), &totp.secret);
        let secret = opened.and_then(|bytes| TotpSecret::from_bytes(bytes.expose()));
        if secret.is_none() {
            tracing::error!(totp.id = %totp.id, "the secret of an authenticator app cannot be opened");
        }
        secret
    }

    fn factor_budget(&self, factor: &[u8], user: UserId) -> BudgetKey {
        self.budget(&[factor, user.as_bytes()])
    }
}

impl FactorProof {
    const fn method(&self) -> Method {
        match self {
            Self::Totp(_) => Method::Totp,
            Self::RecoveryCode(_) => Method::RecoveryCode,
        }
    }

    /// The name of the budget that counts failures of the factor.
    const fn budget(&self) -> &'static [u8] {
        match self {
            Self::Totp(_) => TOTP,
            Self::RecoveryCode(_) => RECOVERY,
        }
    }
}

fn wrong_code() -> Obstruction {
    Obstruction::new("TOTP_WRONG", "Must be the code that the authenticator app shows now.")
        .at("/secret")
}
