use super::flows::{Beginning, Letter, Reached};
use super::passwords::MAX_ROUNDS;
use super::sessions::{Occasion, step_context};
use super::spraying::Guessed;
use super::{Accounts, Answer};
use crate::email::EmailAddress;
use crate::entity::{
    Method, PasswordLogin, Purpose, Remedy, Step, StoredPassword, User, UserStatus,
};
use crate::error::Error;
use crate::event::{CompromiseCause, EndReason, Event, FailureReason};
use crate::ids::UserId;
use crate::mail::Message;
use crate::origin::Origin;
use crate::password::{Password, PasswordHash, Verdict};
use crate::store::{BudgetsMut, Passwords, PasswordsMut, Store, StoreError, Tx, Users};
use crate::text::FlowState;

/// A request for a login code by mail.
#[derive(Clone, Debug)]
pub struct CodeRequest {
    /// Where to send it.
    pub email: EmailAddress,
    /// Binds the flow to whoever began it.
    pub state: FlowState,
}

/// A login by password.
#[derive(Clone, Debug)]
pub struct PasswordAttempt {
    /// The address, which must be proven.
    pub email: EmailAddress,
    /// The password.
    pub password: Password,
    /// Binds the flow to whoever began it, should another step be needed.
    pub state: FlowState,
}

impl<S: Store> Accounts<S> {
    /// Mails a login code to a proven address; for any other address the answer and the work are the same,
    /// and nothing is mailed (R-EN-01, R-EN-02).
    pub async fn request_code(
        &self,
        request: &CodeRequest,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        unit!(self, presuming, |tx| {
            self.debit_requests(tx, origin, self.now()).await?;
            let user = tx.user_by_email(request.email.canonical()).await?;
            let active = user.filter(|user| user.status == UserStatus::Active);
            let beginning = Beginning {
                purpose: Purpose::Login,
                email: &request.email,
                state: Some(&request.state),
                user: active.as_ref().map(|user| user.id),
                claim: None,
                methods: Vec::new(),
                pending: None,
                letter: active.map_or(Letter::Nothing, |_| Letter::Code(Message::Login)),
            };
            self.begin_flow(tx, beginning, origin).await
        })
    }

    /// Logs in by password, or answers the next step.
    ///
    /// [`Error::Unauthenticated`] for an unknown or unproven address, a wrong or missing password, a banned
    /// or deleted account, and an attempt that came too early: one answer, at the cost of one verification
    /// (R-EN-01, R-EN-02). The attempt is debited durably before anything is verified (security decision 3).
    pub async fn login_with_password(
        &self,
        attempt: PasswordAttempt,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let answer = self.try_password(attempt, origin).await;
        self.answered(Method::Password, answer)
    }

    async fn try_password(
        &self,
        attempt: PasswordAttempt,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let PasswordAttempt { email, password, state } = attempt;
        let mut admission = self.parts().passwords.admit()?;
        let mut login = self.password_login(&email).await?;
        let failures = match &login {
            Some(login) => self.password_failures(login.user),
            None => self.stranger_failures(email.canonical()),
        };
        let in_time = unit!(self, presuming, |tx| {
            // Nobody is told of a wrong password before that is committed as well.
            tx.delay_durability();
            let now = self.now();
            self.debit_failure(tx, origin, now).await?;
            let delays = self.settings().limits.delays;
            Ok(tx.debit_attempt(failures, &delays, now).await?)
        })?;
        let mut breached = None;
        for _ in 0..MAX_ROUNDS {
            let stored = login.as_ref().and_then(|login| login.stored.as_ref());
            let hash = stored.map(|stored| stored.hash.clone());
            let verdict = self.parts().passwords.verify(password.clone(), hash, admission).await?;
            let Right { stored, rehashed } = match judge(login, verdict, in_time) {
                Ok(right) => right,
                Err((user, reason)) => {
                    let guessed = Guessed::Address(email.canonical(), user);
                    return Err(self.refuse(guessed, Method::Password, reason, origin).await);
                }
            };
            let is_breached = match breached {
                Some(known) => known,
                None => self.is_breached_login(&password).await,
            };
            breached = Some(is_breached);
            let user = stored.user;
            let answer = unit!(self, presuming, |tx| {
                // Whoever has another password by now is found out here; and until this is over nobody changes it, or
                // anything else that sessions end with.
                if !tx.replace_password_hash(&stored, &rehashed).await? {
                    return Ok(Outcome::Outdated);
                }
                // So is whoever was banned or lost the address while the password was verified.
                let owner = tx.user_by_email(email.canonical()).await?;
                let Some(owner) = owner.filter(|owner| owner.id == user) else {
                    return Ok(Outcome::Refused);
                };
                if owner.status != UserStatus::Active {
                    return Ok(Outcome::Refused);
                }
                self.refund_failure(tx, origin).await?;
                tx.reset_attempts(failures).await?;
                let mut standing = stored.opens();
                if is_breached && standing.is_ok() {
                    self.mark_password(tx, user, CompromiseCause::Breached, origin).await?;
                    standing = Err(Remedy::Change);
                }
                let methods = vec![Method::Password];
                let proven = Proven { standing: Some(standing), ..Proven::from(methods) };
                self.proceed(tx, &owner, proven, &email, &state, origin)
                    .await
                    .map(Outcome::Answered)
            })?;
            match answer {
                Outcome::Answered(answer) => return Ok(answer),
                Outcome::Refused => {
                    let guessed = Guessed::Address(email.canonical(), Some(user));
                    let reason = FailureReason::NotActive;
                    return Err(self.refuse(guessed, Method::Password, reason, origin).await);
                }
                // It may have been a better hash of the same password.
                Outcome::Outdated => {
                    admission = self.parts().passwords.admit()?;
                    login = self.password_login(&email).await?;
                }
            }
        }
        Err(Error::Store(StoreError::Conflict))
    }

    async fn password_login(&self, email: &EmailAddress) -> Result<Option<PasswordLogin>, Error> {
        Ok(self.read().await?.password_login(email.canonical()).await?)
    }

    /// What comes after what was proven: another step, or the session.
    ///
    /// Another password comes last, when everything is proven: whoever is asked for it is who he says, and no
    /// session comes from a compromised one (R-PW-10). Only logins by it are concerned; who never used it owes
    /// nothing.
    pub(super) async fn proceed(
        &self,
        tx: &mut S::Tx<'_>,
        user: &User<S::Attrs>,
        proven: Proven,
        email: &EmailAddress,
        state: &FlowState,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let Proven { methods: done, standing, occasion } = proven;
        let asked = step_context(user.id, &user.roles, origin.client, &done);
        let second = asked.has_second_factor();
        let enrolled = self.present_totp(tx, user.id, origin).await?.is_some();
        // Whatever the rule says, who has a second factor proves it (R-MF-02).
        let next = match self.parts().behavior.steps.next(&asked) {
            _ if enrolled && !second => Some(Step::Totp),
            // Who has none gets a session that may enrol one.
            Some(Step::Totp) => None,
            Some(Step::NewPassword) => {
                tracing::warn!("the step rule asks for another password, which a mark does");
                None
            }
            next => next,
        };
        let next = match next {
            None if done.contains(&Method::Password) => match standing {
                Some(standing) => owed(standing)?,
                None => self.owed(tx, user.id).await?,
            },
            next => next,
        };
        if let Some(next) = next {
            let event = Event::FactorProven { user: user.id, methods: &done, next };
            self.record(tx, &event, origin).await?;
        }
        match next {
            Some(step @ (Step::Totp | Step::NewPassword)) => {
                self.begin_step(tx, step, Reached { user: user.id, done, email, state }, origin)
                    .await
            }
            None => {
                if let (Some(actor), Some(old)) = (origin.actor, origin.session)
                    && actor == user.id
                {
                    self.end_session(tx, old, actor, EndReason::Replaced, origin).await?;
                }
                let issued = self.open_session_on(tx, user, done, occasion, origin).await?;
                Ok(Answer::Session(issued))
            }
            Some(Step::Code) if done.contains(&Method::Email) => {
                tracing::error!("the step rule asks for a mailed code after a mailed code");
                Err(Error::Unauthenticated)
            }
            Some(Step::Code) => {
                let beginning = Beginning {
                    purpose: Purpose::Login,
                    email,
                    state: Some(state),
                    user: Some(user.id),
                    claim: None,
                    methods: done,
                    pending: None,
                    letter: Letter::Code(Message::Login),
                };
                self.begin_flow(tx, beginning, origin).await
            }
        }
    }

    /// What a login by a password owes when everything is proven; read again at every later step, since the password
    /// may have been marked after the first one.
    async fn owed(&self, tx: &mut S::Tx<'_>, user: UserId) -> Result<Option<Step>, Error> {
        owed(tx.password(user).await?.map_or(Ok(()), |stored| stored.opens()))
    }
}

const fn owed(standing: Result<(), Remedy>) -> Result<Option<Step>, Error> {
    match standing {
        Ok(()) => Ok(None),
        Err(Remedy::Change) => Ok(Some(Step::NewPassword)),
        Err(Remedy::Reset) => Err(Error::Unauthenticated),
    }
}

/// What somebody who logs in has proven.
pub(super) struct Proven {
    pub(super) methods: Vec<Method>,
    /// What stands between his password and a session, where that was looked at under the guard of this unit of work.
    pub(super) standing: Option<Result<(), Remedy>>,
    pub(super) occasion: Occasion,
}

impl From<Vec<Method>> for Proven {
    fn from(methods: Vec<Method>) -> Self {
        Self { methods, standing: None, occasion: Occasion::Login }
    }
}

/// What became of a right password.
enum Outcome {
    Answered(Answer),
    /// Its user may not be used, or has not this address any more.
    Refused,
    /// The hash that it was compared with is not stored any more.
    Outdated,
}

/// A right password.
#[derive(Debug)]
struct Right {
    /// What it was compared with.
    stored: StoredPassword,
    /// The hash that is to be stored instead; the same, unless there is a better one.
    rehashed: PasswordHash,
}

/// The decision over a login by password, from what was found; a right password that came too early is
/// treated as a wrong one (R-TH-03), and so is one that is in the wrong hands: its owner chooses another one by a reset
/// (R-PW-10).
fn judge(
    login: Option<PasswordLogin>,
    verdict: Verdict,
    in_time: bool,
) -> Result<Right, (Option<UserId>, FailureReason)> {
    let Some(PasswordLogin { user, status, stored }) = login else {
        return Err((None, FailureReason::UnknownAddress));
    };
    let Some(stored) = stored else {
        return Err((Some(user), FailureReason::NoPassword));
    };
    if !in_time {
        return Err((Some(user), FailureReason::Delayed));
    }
    let rehashed = match verdict {
        Verdict::Wrong => return Err((Some(user), FailureReason::WrongSecret)),
        Verdict::Right => stored.hash.clone(),
        Verdict::RightRehashed(new) => new,
    };
    if status != UserStatus::Active {
        return Err((Some(user), FailureReason::NotActive));
    }
    if stored.opens() == Err(Remedy::Reset) {
        return Err((Some(user), FailureReason::Compromised));
    }
    Ok(Right { stored, rehashed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Compromise;
    use crate::time::Timestamp;

    fn login(status: UserStatus, hash: Option<&str>) -> PasswordLogin {
        let user = UserId::from_bytes([1; 16]);
        let stored = hash.map(|hash| StoredPassword {
            user,
            hash: PasswordHash::from_stored(hash.into()),
            changed: Timestamp::from_millis(0),
            compromised: None,
            version: 1,
        });
        PasswordLogin { user, status, stored }
    }

    #[test]
    fn only_a_right_password_in_time_of_an_active_user_is_right() {
        // R-EN-01, R-TH-03, AM-08
        let active = || Some(login(UserStatus::Active, Some("h")));
        assert!(judge(active(), Verdict::Right, true).is_ok());
        let refused = [
            (judge(None, Verdict::Wrong, true), FailureReason::UnknownAddress),
            (
                judge(Some(login(UserStatus::Active, None)), Verdict::Wrong, true),
                FailureReason::NoPassword,
            ),
            (judge(active(), Verdict::Wrong, true), FailureReason::WrongSecret),
            (judge(active(), Verdict::Right, false), FailureReason::Delayed),
            (
                judge(Some(login(UserStatus::Banned, Some("h"))), Verdict::Right, true),
                FailureReason::NotActive,
            ),
            (
                judge(Some(login(UserStatus::Deleted, Some("h"))), Verdict::Right, true),
                FailureReason::NotActive,
            ),
        ];
        for (judged, reason) in refused {
            assert_eq!(judged.unwrap_err().1, reason);
        }
    }

    #[test]
    fn a_password_in_the_wrong_hands_is_wrong_and_one_to_be_changed_is_not() {
        // R-PW-10
        let judged = |remedy| {
            let mut login = login(UserStatus::Active, Some("h"));
            let compromised = Some(Compromise { since: Timestamp::from_millis(1), remedy });
            login.stored = login.stored.map(|stored| StoredPassword { compromised, ..stored });
            judge(Some(login), Verdict::Right, true)
        };
        assert!(judged(Remedy::Change).is_ok());
        assert_eq!(judged(Remedy::Reset).unwrap_err().1, FailureReason::Compromised);
    }

    #[test]
    fn a_rehash_replaces_exactly_the_hash_that_was_verified() {
        let new = PasswordHash::from_stored("new".into());
        let verdict = Verdict::RightRehashed(new.clone());
        let right = |verdict| judge(Some(login(UserStatus::Active, Some("h"))), verdict, true);
        let found = right(verdict).unwrap();
        assert_eq!((found.stored.hash.as_str(), found.rehashed), ("h", new));
        let found = right(Verdict::Right).unwrap();
        assert_eq!((found.stored.hash.as_str(), found.rehashed.as_str()), ("h", "h"));
    }
}
