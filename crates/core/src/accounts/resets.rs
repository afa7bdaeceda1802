use super::codes::Shown;
use super::flows::{Beginning, Letter};
use super::passwords::Replacement;
use super::{Accounts, Answer, CodeAttempt};
use crate::behavior::PasswordContext;
use crate::email::EmailAddress;
use crate::entity::{CodeAnswer, Purpose, UserStatus};
use crate::error::{Error, Obstruction};
use crate::event::PasswordCause;
use crate::mail::Message;
use crate::origin::Origin;
use crate::password::Password;
use crate::store::{BudgetsMut, FlowsMut, Passwords, Store, Users};
use crate::text::{FlowState, PersonName};

/// A request for a code by which a password is reset.
#[derive(Clone, Debug)]
pub struct ResetRequest {
    /// Where to send it.
    pub email: EmailAddress,
    /// Binds the flow to whoever began it.
    pub state: FlowState,
}

/// The end of a reset: the code that was mailed, and the new password.
#[derive(Clone, Debug)]
pub struct PasswordReset {
    /// The code; `None` for something that is none, which counts as a wrong one.
    pub attempt: Option<CodeAttempt>,
    /// The state that the reset was begun with.
    pub state: FlowState,
    /// The new password.
    pub password: Password,
}

impl<S: Store> Accounts<S> {
    /// Mails a code by which the password of a proven address is reset; for any other address the answer
    /// and the work are the same, and nothing is mailed (R-EN-01, R-EN-02).
    ///
    /// Nothing changes until the code comes back (R-RC-03).
    pub async fn request_reset(
        &self,
        request: &ResetRequest,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        unit!(self, |tx, _| {
            self.debit_requests(tx, origin, self.now()).await?;
            let user = tx.user_by_email(request.email.canonical()).await?;
            let active = user.filter(|user| user.status == UserStatus::Active);
            let beginning = Beginning {
                purpose: Purpose::ResetPassword,
                email: &request.email,
                state: Some(&request.state),
                user: active.as_ref().map(|user| user.id),
                claim: None,
                methods: Vec::new(),
                pending: None,
                letter: active.map_or(Letter::Nothing, |_| Letter::Code(Message::ResetPassword)),
            };
            self.begin_flow(tx, beginning, origin).await
        })
    }

    /// Sets a new password, or the first one, by a mailed code. Every failure of the code is
    /// [`Error::Unauthenticated`].
    ///
    /// It opens no session and leaves second factors as they are; all sessions, refresh tokens, flows and personal
    /// keys of the user end (R-RC-03, R-CL-04). The account's own delay after failed logins is over: whoever reads the
    /// mailbox has bound the password anew (R-TH-01).
    ///
    /// A password that is not good enough is [`Error::Invalid`] and does not spend the code. What can be
    /// said without looking at the code is said before it counts as an attempt.
    pub async fn confirm_reset(&self, reset: PasswordReset, origin: &Origin) -> Result<(), Error> {
        let PasswordReset { attempt, state, password } = reset;
        self.check_reset(&password, None, None)?;
        let shown = match &attempt {
            Some(attempt) => self.shown(attempt, origin).await?,
            None => None,
        };
        let Some(Shown { flow, proof }) = shown else {
            return Err(self.refuse_flow(None, origin).await);
        };
        let answer = CodeAnswer { proof: &proof, state: Some(&state), client: origin.client };
        let accepted = flow.accept_code(self.keys(), &answer, self.now());
        let (Ok(()), Purpose::ResetPassword, Some(user)) = (accepted, flow.purpose, flow.user)
        else {
            return Err(self.refuse_flow(flow.user, origin).await);
        };
        let mut read = self.read().await?;
        let name = read.user(user).await?.map(|user| user.name);
        let stored = read.password(user).await?;
        drop(read);
        self.check_reset(&password, Some(&flow.email), name.as_ref())?;
        let hash = self.hash_another(password, stored.as_ref()).await?;
        let typed = attempt.is_some_and(|attempt| matches!(attempt, CodeAttempt::Typed { .. }));
        let changed = unit!(self, |tx, _| {
            if !tx.finish_flow(flow.id, flow.position, self.now()).await? {
                return Ok(false);
            }
            let owner = tx.user_by_email(flow.email.canonical()).await?;
            let Some(owner) = owner.filter(|owner| owner.id == user) else {
                return Ok(false);
            };
            if owner.status != UserStatus::Active {
                return Ok(false);
            }
            if typed {
                self.refund_failure(tx, origin).await?;
            }
            tx.reset_attempts(self.code_budget(&flow)).await?;
            let from = tx.password(user).await?.map(|stored| stored.hash);
            let cause = PasswordCause::Reset;
            let replacement = Replacement { hash: hash.clone(), from, cause, keep: None };
            self.replace_password(tx, &owner, replacement, origin).await?;
            self.revoke_personal_keys(tx, user, origin).await.map(|()| true)
        })?;
        if changed { Ok(()) } else { Err(self.refuse_flow(Some(user), origin).await) }
    }

    fn check_reset(
        &self,
        password: &Password,
        email: Option<&EmailAddress>,
        name: Option<&PersonName>,
    ) -> Result<(), Error> {
        let service = &self.settings().service;
        let context = PasswordContext { service, email, name, only_factor: true };
        let found = self.parts().behavior.password.check(password, &context);
        if found.is_empty() {
            return Ok(());
        }
        Err(Error::Invalid(found.into_iter().map(at_password).collect()))
    }
}

fn at_password(obstruction: Obstruction) -> Obstruction {
    obstruction.at("/password")
}
