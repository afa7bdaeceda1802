use super::passwords::Replacement;
use super::spraying::Guessed;
use super::{Accounts, Answer};
use crate::entity::{Compromise, Method, Remedy, Step, UserStatus};
use crate::error::Error;
use crate::event::{CompromiseCause, EndReason, Event, FailureReason, PasswordCause};
use crate::ids::UserId;
use crate::mail::Notice;
use crate::origin::Origin;
use crate::password::Password;
use crate::store::{FlowsMut, Passwords, PasswordsMut, Store, Users};
use crate::text::FlowState;
use crate::token::FlowToken;

/// An answer to the step [`Step::NewPassword`].
#[derive(Clone, Debug)]
pub struct NewPasswordAttempt {
    /// The handle of the step; `None` for something that is none, which counts as an unknown one.
    pub handle: Option<FlowToken>,
    /// The new password.
    pub password: Password,
}

impl<S: Store> Accounts<S> {
    /// Marks the password of a user as compromised, inside the caller's unit of work; the cause decides
    /// [what he must do](CompromiseCause::remedy) (R-PW-10). Answers whether there was one that was not marked so
    /// yet.
    ///
    /// Sessions go on, and so do logins by other ways: a mark says something about the password only. All proven
    /// addresses are told of one that somebody else [reported](CompromiseCause::Reported); the others come with what
    /// is told already (R-NO-01).
    pub async fn mark_password(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        cause: CompromiseCause,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let compromise = Compromise { since: self.now(), remedy: cause.remedy() };
        let marked = tx.mark_password(user, &compromise).await?;
        if marked {
            self.record(tx, &Event::PasswordCompromised { user, cause }, origin).await?;
            if cause == CompromiseCause::Reported {
                self.notify(tx, user, Notice::PasswordMarked).await?;
            }
        }
        Ok(marked)
    }

    /// Has the owner of a password choose another one at his next login by it, inside the caller's unit of work, on
    /// the word of an administrator or of the application (R-PW-10). Who has none has nothing to choose.
    ///
    /// [`Error::Deleted`] for a deleted account.
    pub async fn report_password(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        origin: &Origin,
    ) -> Result<(), Error> {
        match self.present_user(tx, user).await?.status {
            UserStatus::Active | UserStatus::Banned => {}
            UserStatus::Deleted => return Err(Error::Deleted),
        }
        self.mark_password(tx, user, CompromiseCause::Reported, origin).await.map(drop)
    }

    /// Ends everything that somebody may have who has the password of a user, and the password itself, inside the
    /// caller's unit of work.
    pub(super) async fn revoke_password(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        cause: CompromiseCause,
        reason: EndReason,
        origin: &Origin,
    ) -> Result<(), Error> {
        // First of all: from here on no login by it opens a session that would outlive this.
        self.mark_password(tx, user, cause, origin).await?;
        self.end_what_was_proven(tx, user, None, reason, origin).await?;
        self.revoke_personal_keys(tx, user, origin).await
    }

    /// Answers the step [`Step::NewPassword`] of a login, in which everything else is proven: with a session
    /// (R-PW-10).
    ///
    /// A password that is not good enough, breached, or the compromised one is [`Error::Invalid`], and the step
    /// waits for another one; every other failure is [`Error::Unauthenticated`]. Of any number of answers one
    /// counts. All sessions, refresh tokens and flows under way end, and the owner is told, as by every change of
    /// a password (R-SE-06, R-NO-01).
    pub async fn answer_new_password(
        &self,
        attempt: NewPasswordAttempt,
        state: &FlowState,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let answer = self.try_new_password(attempt, state, origin).await;
        self.answered(Method::Password, answer)
    }

    async fn try_new_password(
        &self,
        attempt: NewPasswordAttempt,
        state: &FlowState,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let NewPasswordAttempt { handle, password } = attempt;
        self.check_password(&password, &[], None)?;
        let mut read = self.read().await?;
        let flow = match &handle {
            Some(handle) => self.flow_of(&mut read, handle).await?,
            None => None,
        };
        drop(read);
        // Nothing is guessed here, so only what it costs to hash is counted.
        unit!(self, |tx| self.debit_failure(tx, origin, self.now()).await)?;
        let flow = flow.filter(|flow| flow.step == Step::NewPassword);
        let user = flow.as_ref().and_then(|flow| flow.user);
        let refused = async || {
            // Whoever has the handle has proven the password: this is no guess.
            let (guessed, reason) = (Guessed::User(None), FailureReason::FlowRefused);
            Err(self.refuse(guessed, Method::Password, reason, origin).await)
        };
        let (Some(flow), Some(id)) = (flow, user) else {
            return refused().await;
        };
        let (client, now) = (origin.client, self.now());
        if flow.accept_answer(self.keys(), Step::NewPassword, Some(state), client, now).is_err() {
            return refused().await;
        }
        let present = self.present(id).await?;
        self.check_password(&password, &present.addresses(), Some(&present.user.name))?;
        let hash = self.hash_another(password, present.stored.as_ref()).await?;
        let settled = unit!(self, |tx| {
            // First of all, as by a login: in another order two would wait for each other.
            tx.outdate_password(id).await?;
            if !tx.finish_flow(flow.id, flow.position, self.now()).await? {
                return Err(Error::Unauthenticated);
            }
            let owner = tx.user(id).await?.filter(|it| it.status == UserStatus::Active);
            let owner = owner.ok_or(Error::Unauthenticated)?;
            let stored = tx.password(id).await?.ok_or(Error::Unauthenticated)?;
            if stored.opens() != Err(Remedy::Change) {
                return Err(Error::Unauthenticated);
            }
            self.refund_failure(tx, origin).await?;
            let replacement = Replacement {
                hash: hash.clone(),
                from: Some(stored.hash),
                cause: PasswordCause::Forced,
                keep: None,
            };
            self.replace_password(tx, &owner, replacement, origin).await?;
            self.proceed(tx, &owner, flow.methods.clone().into(), &flow.email, state, origin).await
        });
        match settled {
            Err(Error::Unauthenticated) => refused().await,
            settled => settled,
        }
    }
}
