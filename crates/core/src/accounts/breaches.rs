use super::Accounts;
use crate::entity::StoredPassword;
use crate::error::{Error, Obstruction};
use crate::password::{Admission, Password, PasswordHash, Verdict};
use crate::store::Store;

impl<S: Store> Accounts<S> {
    /// Whether a right password of a login is known from a breach, where that is asked at all; never inside a
    /// unit of work.
    pub(super) async fn is_breached_login(&self, password: &Password) -> bool {
        let asked = self.parts().breaches.as_ref().is_some_and(|check| check.at_login);
        asked && self.is_breached(password).await
    }

    /// Hashes a new password that is not breached (R-PW-06).
    pub(super) async fn hash_new(
        &self,
        password: Password,
        mut admission: Admission,
    ) -> Result<PasswordHash, Error> {
        let hasher = &self.parts().passwords;
        if self.parts().breaches.is_some() {
            // No place in the queue is held while somebody else is asked.
            drop(admission);
            if self.is_breached(&password).await {
                return Err(Error::Invalid(vec![breached()]));
            }
            admission = hasher.admit()?;
        }
        Ok(hasher.hash(password, admission).await?)
    }

    /// Hashes a new password that is neither breached nor the compromised one which it is to replace (R-PW-06,
    /// R-PW-10).
    pub(super) async fn hash_another(
        &self,
        password: Password,
        stored: Option<&StoredPassword>,
    ) -> Result<PasswordHash, Error> {
        let hasher = &self.parts().passwords;
        if let Some(stored) = stored.filter(|stored| stored.opens().is_err()) {
            let (admission, hash) = (hasher.admit()?, Some(stored.hash.clone()));
            match hasher.verify(password.clone(), hash, admission).await? {
                Verdict::Wrong => {}
                Verdict::Right | Verdict::RightRehashed(_) => {
                    return Err(Error::Invalid(vec![unchanged()]));
                }
            }
        }
        self.hash_new(password, hasher.admit()?).await
    }

    /// Whoever cannot be asked keeps nobody out.
    async fn is_breached(&self, password: &Password) -> bool {
        let Some(check) = &self.parts().breaches else { return false };
        match check.passwords.contains(password).await {
            Ok(found) => found,
            Err(error) => {
                self.metrics().breach_check_failures.increment(1);
                tracing::warn!(
                    %error,
                    monotonic_counter.breach_checks_failed = 1_u64,
                    "a password was not compared with breached ones"
                );
                false
            }
        }
    }
}

fn breached() -> Obstruction {
    Obstruction::new("PASSWORD_BREACHED", "Must not be a password that was stolen elsewhere.")
        .at("/password")
}

pub(super) fn unchanged() -> Obstruction {
    Obstruction::new("PASSWORD_UNCHANGED", "Must not be the current password.").at("/password")
}
