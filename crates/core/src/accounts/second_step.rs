use super::factors::{RECOVERY, TOTP};
use super::spraying::Guessed;
use super::{Accounts, Answer};
use crate::entity::{Method, Step, Totp, TotpCode, UserStatus};
use crate::error::Error;
use crate::event::{Event, FailureReason};
use crate::ids::{TotpId, UserId};
use crate::keys::Label;
use crate::mail::Notice;
use crate::origin::Origin;
use crate::secret::Digest;
use crate::store::{BudgetsMut, Factors, FactorsMut, FlowsMut, Store, Users};
use crate::text::FlowState;
use crate::time::Timestamp;
use crate::token::{FlowToken, RecoveryCode};

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
        let answer = self.try_factor(attempt, state, origin).await;
        self.answered(attempt.proof.method(), answer)
    }

    async fn try_factor(
        &self,
        attempt: &FactorAttempt,
        state: &FlowState,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let method = attempt.proof.method();
        let mut read = self.read().await?;
        let flow = self.flow_of(&mut read, &attempt.handle).await?;
        drop(read);
        // Anybody can begin a login: only who has proven its first factor may wear out the second (R-TH-04).
        let flow = flow.filter(|flow| flow.step == Step::Totp);
        let user = flow.as_ref().and_then(|flow| flow.user);
        let key = user.map(|user| self.factor_budget(attempt.proof.budget(), user));
        let counted = match key {
            Some(key) => self.debit_factor(key, flow.as_ref(), origin).await?,
            None => unit!(self, |tx| self.debit_failure(tx, origin, self.now()).await)
                .map(|()| false)?,
        };
        let guessed = Guessed::User(user);
        let refused = async |reason| Err(self.refuse(guessed, method, reason, origin).await);
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
        // A recovery code takes the place of the app, so neither is worth more than the other.
        let totp = self.totp(user).await?;
        let Some(totp) = totp else {
            return refused(FailureReason::WrongSecret).await;
        };
        let Some(shown) = self.shown_factor(&totp, &attempt.proof, now) else {
            return refused(FailureReason::WrongSecret).await;
        };
        let settled = unit!(self, |tx| {
            self.spend_factor(tx, user, &shown, origin).await?;
            if !tx.finish_flow(flow.id, flow.position, self.now()).await? {
                return Err(Error::Unauthenticated);
            }
            let owner = tx.user(user).await?.filter(|it| it.status == UserStatus::Active);
            let owner = owner.ok_or(Error::Unauthenticated)?;
            self.refund_failure(tx, origin).await?;
            tx.reset_attempts(key).await?;
            self.trust_totp(tx, &totp, origin).await?;
            let mut done = flow.methods.clone();
            done.push(method);
            self.proceed(tx, &owner, done.into(), &flow.email, state, origin).await
        });
        match settled {
            Err(Error::Unauthenticated) => refused(FailureReason::FlowRefused).await,
            settled => settled,
        }
    }

    /// Verifies a proof, as far as that can be done without spending it.
    fn shown_factor(&self, totp: &Totp, proof: &FactorProof, now: Timestamp) -> Option<Shown> {
        match proof {
            FactorProof::Totp(code) => {
                let step =
                    totp.accept(&self.open_totp(totp)?, code.as_ref()?, self.totp_steps(now))?;
                Some(Shown::Step(totp.id, step))
            }
            FactorProof::RecoveryCode(code) => {
                let code = code.as_ref()?;
                let parts = [totp.user.as_bytes().as_slice(), code.expose().as_bytes()];
                Some(Shown::RecoveryCode(self.keys().labels(Label::RecoveryCode, &parts)))
            }
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
