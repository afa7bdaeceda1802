use super::Accounts;
use crate::email::CanonicalEmail;
use crate::error::Error;
use crate::event::Event;
use crate::ids::UserId;
use crate::origin::Origin;
use crate::spraying::Spray;
use crate::store::Store;

/// What somebody failed to prove something about.
#[derive(Clone, Copy)]
pub(super) enum Guessed<'a> {
    /// An address, and who has it, if anybody.
    Address(&'a CanonicalEmail, Option<UserId>),
    /// A user, if it is known which one.
    User(Option<UserId>),
}

impl Guessed<'_> {
    pub(super) const fn user(self) -> Option<UserId> {
        match self {
            Self::Address(_, user) | Self::User(user) => user,
        }
    }
}

impl<S: Store> Accounts<S> {
    /// Counts a guess with all others of this node, whoever makes them, and raises an alarm when they are about too many
    /// accounts (R-TH-05). An address that nobody has counts as any other, at the same cost (R-EN-02).
    pub(super) fn note_guess(&self, guessed: Guessed<'_>) {
        let account = match guessed {
            Guessed::Address(email, _) => {
                self.budget(&[b"guessed", b"email", email.as_str().as_bytes()])
            }
            Guessed::User(Some(user)) => self.budget(&[b"guessed", b"user", user.as_bytes()]),
            Guessed::User(None) => return,
        };
        let Some(Spray { accounts, failures, .. }) = self.spraying().note(&account.0, self.now())
        else {
            return;
        };
        self.metrics().spraying_alarms.increment(1);
        tracing::error!(
            accounts,
            failures,
            "somebody guesses at many accounts: see docs/server.md for what can be done"
        );
    }

    /// Writes down that many accounts were guessed at, if that was found out on this node; answers how often.
    pub(super) async fn note_spraying(&self) -> Result<u64, Error> {
        let Some(spray) = self.spraying().take() else { return Ok(0) };
        let Spray { accounts, failures, since } = spray;
        let bar = self.settings().limits.guessed_accounts;
        let event = Event::AccountsSprayed { accounts, failures, since, bar };
        match unit!(self, |tx| self.record(tx, &event, &Origin::default()).await) {
            Ok(()) | Err(Error::Vetoed(_)) => Ok(1),
            Err(error) => {
                self.spraying().put_back(spray);
                Err(error)
            }
        }
    }
}
