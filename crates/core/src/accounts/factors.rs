use super::Accounts;
use super::spraying::Guessed;
use crate::authz::{Enroller, FreshUser};
use crate::budget::BudgetKey;
use crate::entity::{Flow, Method, Totp, TotpCode, TotpSecret, TotpSteps};
use crate::error::{Error, Obstruction};
use crate::event::{Event, FailureReason};
use crate::ids::{SessionId, TotpId, UserId};
use crate::keys::Label;
use crate::mail::Notice;
use crate::origin::Origin;
use crate::secret::{Digest, Secret};
use crate::store::{BudgetsMut, Factors, FactorsMut, FlowsMut, LoginEmails, Store, StoreError};
use crate::time::Timestamp;
use crate::token::{FlowToken, RecoveryCode};

/// The names of the budgets that count failures, per user.
pub(super) const TOTP: &[u8] = b"totp";
pub(super) const RECOVERY: &[u8] = b"recovery";
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

impl<S: Store> Accounts<S> {
    /// Begins to enrol an authenticator app, inside the caller's unit of work; nothing is enrolled until
    /// [`confirm_totp`](Accounts::confirm_totp) proves it. [`Error::Duplicate`] while one is enrolled.
    pub async fn enrol_totp(
        &self,
        tx: &mut S::Tx<'_>,
        user: impl Into<Enroller>,
        origin: &Origin,
    ) -> Result<TotpEnrolment, Error> {
        let user = user.into();
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
            doubted: None,
        };
        self.hold_in(tx, user).await?;
        if self.present_totp(tx, user.id(), origin).await?.is_some() {
            return Err(Error::Duplicate("authenticator app"));
        }
        tx.insert_totp(&totp).await?;
        // Another secret, of which nothing was guessed yet.
        tx.reset_attempts(self.factor_budget(ENROLMENT, user.id())).await?;
        let emails = tx.login_emails_of(user.id()).await?;
        let shown = emails.iter().find(|it| it.primary).or(emails.first());
        let account =
            shown.map_or_else(|| user.id().to_string(), |it| it.address.as_typed().to_owned());
        let uri = secret.uri(&self.settings().service, &account);
        Ok(TotpEnrolment { secret: secret.base_32(), uri, handle, expires: totp.expires })
    }

    /// Proves an enrolment by a first code of the app, and answers the recovery codes, for the only time.
    ///
    /// Ends all other sessions (R-SE-06). A wrong code, another user's handle and a dead one are the same
    /// obstruction.
    pub async fn confirm_totp(
        &self,
        user: impl Into<Enroller>,
        handle: Option<&FlowToken>,
        code: Option<&TotpCode>,
        origin: &Origin,
    ) -> Result<Vec<RecoveryCode>, Error> {
        let proven = self.try_enrolment(user.into(), (handle, code), origin).await;
        self.proven(Method::Totp, proven)
    }

    async fn try_enrolment(
        &self,
        user: Enroller,
        (handle, code): (Option<&FlowToken>, Option<&TotpCode>),
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
            let step = totp.accept(&self.open_totp(&totp)?, code?, self.totp_steps(now))?;
            Some((totp.id, step))
        });
        let Some((id, step)) = proven else {
            let (method, reason) = (Method::Totp, FailureReason::WrongSecret);
            let guessed = Guessed::User(Some(user.id()));
            let refusal = self.refuse(guessed, method, reason, origin).await;
            let noted = matches!(refusal, Error::Unauthenticated);
            return Err(if noted { Error::Invalid(vec![wrong_code()]) } else { refusal });
        };
        let codes = self.mint_recovery_codes();
        unit!(self, |tx| {
            self.hold_in(tx, user).await?;
            if !tx.confirm_totp(id, step, now).await? {
                return Err(Error::Invalid(vec![wrong_code()]));
            }
            self.refund_failure(tx, origin).await?;
            tx.reset_attempts(key).await?;
            tx.reset_attempts(self.factor_budget(TOTP, user.id())).await?;
            tx.reset_attempts(self.factor_budget(RECOVERY, user.id())).await?;
            self.store_recovery_codes(tx, user.id(), &codes).await?;
            self.record(tx, &Event::TotpEnabled { user: user.id() }, origin).await?;
            let keep = Some(user.session());
            self.credentials_changed(tx, user.id(), keep, Notice::TotpEnabled, origin).await
        })?;
        Ok(codes)
    }

    /// The time steps of which a code counts at this moment.
    pub(super) fn totp_steps(&self, now: Timestamp) -> TotpSteps {
        if self.settings().totp_previous_step {
            TotpSteps::around(now)
        } else {
            TotpSteps::strictly(now)
        }
    }

    /// Removes the authenticator app of the caller, and his recovery codes with it. [`Error::NotFound`] when
    /// there is none.
    pub async fn remove_totp(&self, user: &FreshUser, origin: &Origin) -> Result<(), Error> {
        unit!(self, |tx| {
            self.hold_in(tx, user).await?;
            self.drop_totp(tx, user.id(), Some(user.session()), origin).await
        })
    }

    /// Removes the authenticator app of somebody who lost it: an administrator's part of a recovery
    /// (R-MF-07). All sessions of that user end.
    pub async fn reset_totp(
        &self,
        administrator: &FreshUser,
        user: UserId,
        origin: &Origin,
    ) -> Result<(), Error> {
        unit!(self, |tx| {
            self.still_in(tx, administrator).await?;
            self.drop_totp(tx, user, None, origin).await
        })
    }

    /// Removes the authenticator app of somebody who lost it as [`reset_totp`](Self::reset_totp) does, inside the caller's
    /// unit of work, for whoever runs the deployment, as by its command line: nobody is asked whether he may.
    pub async fn discard_totp(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        origin: &Origin,
    ) -> Result<(), Error> {
        self.drop_totp(tx, user, None, origin).await
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
        tx.replace_recovery_codes(user, &[], self.now()).await?;
        self.record(tx, &Event::TotpDisabled { user }, origin).await?;
        self.credentials_changed(tx, user, keep, Notice::TotpDisabled, origin).await
    }

    /// Makes a new set of recovery codes, inside the caller's unit of work, for the only time they are shown; the old
    /// ones die. [`Error::NotFound`] without an authenticator app, whose place they take.
    pub async fn renew_recovery_codes(
        &self,
        tx: &mut S::Tx<'_>,
        user: &FreshUser,
        origin: &Origin,
    ) -> Result<Vec<RecoveryCode>, Error> {
        self.hold_in(tx, user).await?;
        if self.present_totp(tx, user.id(), origin).await?.is_none() {
            return Err(Error::NotFound("authenticator app"));
        }
        let codes = self.mint_recovery_codes();
        self.store_recovery_codes(tx, user.id(), &codes).await?;
        tx.reset_attempts(self.factor_budget(RECOVERY, user.id())).await?;
        self.record(tx, &Event::RecoveryCodesReplaced { user: user.id() }, origin).await?;
        let (keep, notice) = (Some(user.session()), Notice::RecoveryCodesReplaced);
        self.credentials_changed(tx, user.id(), keep, notice, origin).await?;
        Ok(codes)
    }

    /// Counts one attempt at a second factor: against the network, the flow, and the factor over all flows.
    pub(super) async fn debit_factor(
        &self,
        key: BudgetKey,
        flow: Option<&Flow<S::Attrs>>,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let limit = Flow::<S::Attrs>::MAX_ATTEMPTS;
        unit!(self, |tx| {
            let now = self.now();
            let of_flow = match flow {
                Some(flow) => tx.debit_flow(flow.id, flow.position, limit).await?,
                None => true,
            };
            self.debit_failure(tx, origin, now).await?;
            let delays = self.settings().limits.delays;
            Ok(tx.debit_attempt(key, &delays, now).await? && of_flow)
        })
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
        tx.replace_recovery_codes(user, &digests, self.now()).await
    }

    /// The secret of a factor; `None`, and a word to the operator, when its key is gone from the ring.
    pub(super) fn open_totp(&self, totp: &Totp) -> Option<TotpSecret> {
        let opened = self.keys().open(&Totp::context(totp.id, totp.user), &totp.secret);
        let secret = opened.and_then(|bytes| TotpSecret::from_bytes(bytes.expose()));
        if secret.is_none() {
            tracing::error!(totp.id = %totp.id, "the secret of an authenticator app cannot be opened");
        }
        secret
    }

    pub(super) fn factor_budget(&self, factor: &[u8], user: UserId) -> BudgetKey {
        self.budget(&[factor, user.as_bytes()])
    }
}

fn wrong_code() -> Obstruction {
    Obstruction::new("TOTP_WRONG", "Must be the code that the authenticator app shows now.")
        .at("/secret")
}
