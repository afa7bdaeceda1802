use super::Accounts;
use super::breaches::unchanged;
use super::spraying::Guessed;
use crate::attrs::Attrs;
use crate::authz::Caller;
use crate::budget::BudgetKey;
use crate::email::{CanonicalEmail, EmailAddress};
use crate::entity::{LoginEmail, Method, StoredPassword, User, UserStatus};
use crate::error::{Error, Obstruction};
use crate::event::{Event, FailureReason, PasswordCause};
use crate::ids::{SessionId, UserId};
use crate::mail::Notice;
use crate::origin::Origin;
use crate::password::{Password, PasswordHash, Verdict};
use crate::store::{
    BudgetsMut, LoginEmails, Passwords, PasswordsMut, SessionsMut, Store, StoreError, Users,
};
use crate::text::PersonName;

/// How often a password is compared anew because its hash was replaced in the meantime.
pub(super) const MAX_ROUNDS: u32 = 4;

/// A user's wish for another password.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// The present one; not needed by whoever has none, or has just proven a second factor.
    pub current: Option<Password>,
    /// The new one.
    pub password: Password,
}

/// A password to be stored in the place of whatever is there.
pub(super) struct Replacement {
    pub(super) hash: PasswordHash,
    /// The hash that it replaces; `None` for the first password of a user.
    pub(super) from: Option<PasswordHash>,
    pub(super) cause: PasswordCause,
    /// The session that goes on.
    pub(super) keep: Option<SessionId>,
}

/// What stands of a user when the new password is looked at.
pub(super) struct Present<A: Attrs> {
    pub(super) user: User<A>,
    pub(super) emails: Vec<LoginEmail>,
    pub(super) stored: Option<StoredPassword>,
}

impl<A: Attrs> Present<A> {
    /// Everything that the user claims or has proven to read.
    pub(super) fn addresses(&self) -> Vec<&EmailAddress> {
        self.emails.iter().map(|email| &email.address).collect()
    }
}

impl<S: Store> Accounts<S> {
    /// Changes the password of the caller, or sets his first one (R-PW-07, R-PW-11).
    ///
    /// A change needs the current password, which is debited and verified as by a login, or a session that
    /// proved a second factor a moment ago; a first password needs any session of a moment ago. Everything
    /// else is [`Error::StepUp`] or [`Error::Invalid`], with all that is wrong at once.
    ///
    /// The session of the caller goes on, with its tokens; all others end, and flows under way (R-SE-06).
    pub async fn change_password(
        &self,
        caller: &Caller<S::Attrs>,
        change: &PasswordChange,
        origin: &Origin,
    ) -> Result<(), Error> {
        let me = caller.user()?;
        let mut debited = None;
        for _ in 0..MAX_ROUNDS {
            let present = self.present(me.id).await?;
            self.check_change(caller, change, &present)?;
            let Present { user, stored, .. } = present;
            if let (Some(current), Some(stored)) = (&change.current, &stored) {
                let checked = self.check_current(current, stored, debited, origin).await;
                debited = Some(self.proven(Method::Password, checked)?);
                if *current == change.password {
                    return Err(Error::Invalid(vec![unchanged()]));
                }
            } else if debited.is_none() {
                debited = Some(true);
                unit!(self, |tx| self.debit_failure(tx, origin, self.now()).await)?;
            }
            let hash = self.hash_another(change.password.clone(), stored.as_ref()).await?;
            let seen = stored.map(|stored| (stored.hash, stored.compromised));
            let from = seen.as_ref().map(|(hash, _)| hash.clone());
            let cause = from.as_ref().map_or(PasswordCause::Set, |_| PasswordCause::Changed);
            let changed = unit!(self, |tx| {
                // First of all, as by a login: in another order two would wait for each other.
                tx.outdate_password(user.id).await?;
                // Whoever objected meanwhile has ended it, and what was verified says nothing any more (R-PW-10).
                tx.lock_session(me.session_id).await?;
                self.session_goes_on(tx, me.session_id, me.id).await?;
                let present = tx.password(user.id).await?;
                if present.map(|stored| (stored.hash, stored.compromised)) != seen {
                    return Ok(false);
                }
                let user = tx.user(user.id).await?.ok_or(Error::Unauthenticated)?;
                if user.status != UserStatus::Active {
                    return Err(Error::Unauthenticated);
                }
                self.refund_failure(tx, origin).await?;
                let replacement = Replacement {
                    hash: hash.clone(),
                    from: from.clone(),
                    cause,
                    keep: Some(me.session_id),
                };
                self.replace_password(tx, &user, replacement, origin).await.map(|()| true)
            })?;
            if changed {
                return Ok(());
            }
        }
        Err(Error::Store(StoreError::Conflict))
    }

    /// Stores a password in the place of another one or of none, inside the caller's unit of work, with all
    /// that follows from it: the one function through which every later password comes to be.
    ///
    /// A [conflict](StoreError::Conflict) when something else is stored by now.
    pub(super) async fn replace_password(
        &self,
        tx: &mut S::Tx<'_>,
        user: &User<S::Attrs>,
        replacement: Replacement,
        origin: &Origin,
    ) -> Result<(), Error> {
        let Replacement { hash, from, cause, keep } = replacement;
        let changed = self.now();
        let password =
            StoredPassword { user: user.id, hash, changed, compromised: None, version: 1 };
        match from {
            Some(from) if !tx.update_password(&password, &from).await? => {
                return Err(Error::Store(StoreError::Conflict));
            }
            Some(_) => {}
            None => match tx.insert_password(&password).await {
                Err(StoreError::Duplicate(_)) => return Err(Error::Store(StoreError::Conflict)),
                inserted => inserted?,
            },
        }
        tx.reset_attempts(self.password_failures(user.id)).await?;
        self.record(tx, &Event::PasswordChanged { user: user.id, cause }, origin).await?;
        self.credentials_changed(tx, user.id, keep, Notice::PasswordChanged, origin).await
    }

    /// The budget of failed passwords of this user, by whichever of his addresses they came (R-TH-01).
    pub(super) fn password_failures(&self, user: UserId) -> BudgetKey {
        self.budget(&[b"password of", user.as_bytes()])
    }

    /// The budget of failed passwords for an address that nobody has proven. Whoever proves it later is not held to
    /// what others tried before.
    pub(super) fn stranger_failures(&self, email: &CanonicalEmail) -> BudgetKey {
        self.budget(&[b"password", email.as_str().as_bytes()])
    }

    pub(super) async fn present(&self, user: UserId) -> Result<Present<S::Attrs>, Error> {
        let mut read = self.read().await?;
        let stored = read.password(user).await?;
        let emails = read.login_emails_of(user).await?;
        let user = read.user(user).await?.ok_or(Error::Unauthenticated)?;
        Ok(Present { user, emails, stored })
    }

    fn check_change(
        &self,
        caller: &Caller<S::Attrs>,
        change: &PasswordChange,
        present: &Present<S::Attrs>,
    ) -> Result<(), Error> {
        let Present { user, stored, .. } = present;
        let methods = &caller.user()?.methods;
        let seconded = methods.iter().any(|method| method.is_second_factor());
        let mut found = Vec::new();
        match (stored, &change.current) {
            (Some(_), Some(_)) => {}
            (None, None) => _ = self.fresh(caller)?,
            (Some(_), None) if seconded => _ = self.fresh(caller)?,
            (Some(_), None) => {
                let text = "Must be given, or a second factor be proven.";
                found.push(Obstruction::new("REQUIRED", text).at("/currentPassword"));
            }
            (None, Some(_)) => found.push(wrong_current()),
        }
        found.extend(self.weaknesses(&change.password, &present.addresses(), Some(&user.name)));
        if found.is_empty() { Ok(()) } else { Err(Error::Invalid(found)) }
    }

    /// Asks the rule about a new password of whoever has these addresses and this name, as far as they are known.
    pub(super) fn check_password(
        &self,
        password: &Password,
        emails: &[&EmailAddress],
        name: Option<&PersonName>,
    ) -> Result<(), Error> {
        let found = self.weaknesses(password, emails, name);
        if found.is_empty() { Ok(()) } else { Err(Error::Invalid(found)) }
    }

    /// Everything that the rule says against a new password, each thing once.
    fn weaknesses(
        &self,
        password: &Password,
        emails: &[&EmailAddress],
        name: Option<&PersonName>,
    ) -> Vec<Obstruction> {
        let mut weak: Vec<Obstruction> = Vec::new();
        let addresses = emails.iter().copied().map(Some);
        for email in addresses.chain(emails.is_empty().then_some(None)) {
            let context = self.password_context(email, name);
            for obstruction in self.parts().behavior.password.check(password, &context) {
                let obstruction = obstruction.at("/password");
                if !weak.contains(&obstruction) {
                    weak.push(obstruction);
                }
            }
        }
        weak
    }

    /// Compares the current password, which is counted before the first time; answers whether it came in time.
    async fn check_current(
        &self,
        current: &Password,
        stored: &StoredPassword,
        debited: Option<bool>,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let in_time = match debited {
            Some(in_time) => in_time,
            None => self.debit_password(stored.user, origin).await?,
        };
        self.verify_current(current, stored, in_time, origin).await.map(|()| in_time)
    }

    /// Counts an attempt at the current password, durably and where logins count theirs; answers whether it
    /// came in time.
    async fn debit_password(&self, user: UserId, origin: &Origin) -> Result<bool, Error> {
        let key = self.password_failures(user);
        unit!(self, |tx| {
            let now = self.now();
            self.debit_failure(tx, origin, now).await?;
            Ok(tx.debit_attempt(key, &self.settings().limits.delays, now).await?)
        })
    }

    /// Compares the current password; one that came too early is as wrong as a wrong one (R-TH-03).
    async fn verify_current(
        &self,
        current: &Password,
        stored: &StoredPassword,
        in_time: bool,
        origin: &Origin,
    ) -> Result<(), Error> {
        let hasher = &self.parts().passwords;
        let (admission, hash) = (hasher.admit()?, Some(stored.hash.clone()));
        let reason = match hasher.verify(current.clone(), hash, admission).await? {
            _ if !in_time => FailureReason::Delayed,
            Verdict::Right | Verdict::RightRehashed(_) => return Ok(()),
            Verdict::Wrong => FailureReason::WrongSecret,
        };
        let guessed = Guessed::User(Some(stored.user));
        let refusal = self.refuse(guessed, Method::Password, reason, origin).await;
        let noted = matches!(refusal, Error::Unauthenticated);
        Err(if noted { Error::Invalid(vec![wrong_current()]) } else { refusal })
    }
}

fn wrong_current() -> Obstruction {
    Obstruction::new("PASSWORD_WRONG", "Is not the current password.").at("/currentPassword")
}
