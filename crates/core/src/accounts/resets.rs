use super::budgets::granted;
use super::codes::Shown;
use super::flows::{Beginning, Letter};
use super::login_emails::heir;
use super::notices::Means;
use super::passwords::Replacement;
use super::{Accounts, Answer, CodeAttempt};
use crate::email::EmailAddress;
use crate::entity::{CodeAnswer, Method, Purpose, UserStatus};
use crate::error::{Error, Obstruction};
use crate::event::{CompromiseCause, EndReason, Event, PasswordCause};
use crate::ids::UserId;
use crate::mail::{Message, Notice};
use crate::origin::Origin;
use crate::password::Password;
use crate::store::{BudgetsMut, FlowsMut, LoginEmails, Passwords, PasswordsMut, Store, Users};
use crate::text::FlowState;

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
        unit!(self, |tx| {
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
        let proven = self.try_reset(reset, origin).await;
        self.proven(Method::Email, proven)
    }

    async fn try_reset(&self, reset: PasswordReset, origin: &Origin) -> Result<(), Error> {
        let PasswordReset { attempt, state, password } = reset;
        self.check_password(&password, &[], None)?;
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
        self.check_password(&password, &[&flow.email], name.as_ref())?;
        let hash = self.hash_another(password, stored.as_ref()).await?;
        let typed = attempt.is_some_and(|attempt| matches!(attempt, CodeAttempt::Typed { .. }));
        let changed = unit!(self, |tx| {
            // First of all, as by a login: in another order two would wait for each other.
            tx.outdate_password(user).await?;
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

    /// Mails a user a code by which he chooses another password, or his first one, inside the caller's unit of work: an
    /// administrator's part of a recovery, who neither sets a password nor sees a code (R-PW-11).
    ///
    /// It goes to the primary proven address, and is good through any client and with any state: nobody waits for it
    /// where it was begun. With `revoke` the present password is worth nothing from now on, and all sessions, refresh
    /// tokens, flows and personal keys end, which the other proven addresses are told (R-NO-01); without, nothing changes
    /// until the code comes back.
    ///
    /// [`Error::Deleted`] for a deleted account, [`Error::Forbidden`] for a banned one, [`Error::Invalid`] for one that
    /// has proven no address, and [`Error::Throttled`] when its owner was written to often enough.
    pub async fn start_reset(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        revoke: bool,
        origin: &Origin,
    ) -> Result<(), Error> {
        match self.present_user(tx, user).await?.status {
            UserStatus::Active => {}
            UserStatus::Banned => return Err(Error::Forbidden),
            UserStatus::Deleted => return Err(Error::Deleted),
        }
        let emails = tx.login_emails_of(user).await?;
        let to = &heir(&emails).ok_or_else(|| Error::Invalid(vec![unreachable_user()]))?.address;
        let key = self.budget(&[b"started resets", user.as_bytes()]);
        let rate = self.settings().limits.notices;
        granted(tx.debit_budget(key, &rate, self.now()).await?, rate)?;
        self.record(tx, &Event::PasswordResetStarted { user, revoked: revoke }, origin).await?;
        if revoke {
            let (cause, reason) = (CompromiseCause::Revoked, EndReason::Revoked);
            self.revoke_password(tx, user, cause, reason, origin).await?;
            for other in emails.iter().filter(|it| it.proven.is_some() && it.address != *to) {
                let notice = Notice::PasswordRevoked;
                self.tell(tx, user, &other.address, notice, Means::Report).await?;
            }
        }
        // It is the user's flow, and has nothing to do with the client and the session of whoever began it.
        let elsewhere = Origin { client: None, session: None, ..origin.clone() };
        self.mail_reset(tx, user, to, Letter::Granted(Message::ResetStarted), &elsewhere).await
    }

    /// Mails a user a code by which he chooses another password, with any state: he need not be where it was begun.
    pub(super) async fn mail_reset(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        to: &EmailAddress,
        letter: Letter,
        origin: &Origin,
    ) -> Result<(), Error> {
        let beginning = Beginning {
            purpose: Purpose::ResetPassword,
            email: to,
            state: None,
            user: Some(user),
            claim: None,
            methods: Vec::new(),
            pending: None,
            letter,
        };
        self.begin_flow(tx, beginning, origin).await.map(drop)
    }
}

fn unreachable_user() -> Obstruction {
    Obstruction::new("EMAIL_NONE_PROVEN", "The user has proven no address to write to.")
}
