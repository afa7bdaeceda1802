use super::UserStatus;
use crate::ids::UserId;
use crate::password::PasswordHash;
use crate::time::Timestamp;

/// The password of a user, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPassword {
    /// Whose it is.
    pub user: UserId,
    /// The peppered hash.
    pub hash: PasswordHash,
    /// When its owner last chose it; a re-hash does not count.
    pub changed: Timestamp,
    /// What is known against it, if anything: then it opens no session before its owner has chosen another
    /// one (R-PW-10).
    pub compromised: Option<Compromise>,
    /// Counts what logins by it that are under way must not outlive: another choice, a mark, and whatever ends what was
    /// proven. A re-hash does not count.
    pub version: i64,
}

/// What is known against a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Compromise {
    /// Since when.
    pub since: Timestamp,
    /// What its owner must do about it.
    pub remedy: Remedy,
}

/// What the owner of a compromised password must do about it, the lesser thing first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remedy {
    /// Choose another one at the next login by it, once every factor is proven: for one that others may guess.
    Change,
    /// Choose another one by a mailed code. Until then it is worth nothing: for one that somebody else has, and
    /// would only change into another one that he has.
    Reset,
}

impl StoredPassword {
    /// What stands between this password and a session: nothing, or what must be done first (R-PW-10).
    pub fn opens(&self) -> Result<(), Remedy> {
        match self.compromised {
            None => Ok(()),
            Some(Compromise { remedy, .. }) => Err(remedy),
        }
    }
}

impl Compromise {
    /// Whether it takes the place of what is known already: it does of nothing, and of less.
    pub fn outweighs(&self, present: Option<Self>) -> bool {
        present.is_none_or(|present| present.remedy < self.remedy)
    }
}

impl Remedy {
    /// Every remedy.
    pub const ALL: [Self; 2] = [Self::Change, Self::Reset];

    /// The name under which a store keeps the remedy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Reset => "reset",
        }
    }

    /// The remedy with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|remedy| remedy.name() == name)
    }
}

/// What a login by password needs to know, in one look-up by a proven address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordLogin {
    /// Who has proven the address.
    pub user: UserId,
    /// Whether the account may be used.
    pub status: UserStatus,
    /// The password, if the user has one.
    pub stored: Option<StoredPassword>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compromise(remedy: Remedy) -> Compromise {
        Compromise { since: Timestamp::from_millis(7), remedy }
    }

    #[test]
    fn a_compromised_password_opens_nothing() {
        // R-PW-10
        let stored = |compromised| StoredPassword {
            user: UserId::from_bytes([1; 16]),
            hash: PasswordHash::from_stored("h".into()),
            changed: Timestamp::from_millis(0),
            compromised,
            version: 1,
        };
        assert_eq!(stored(None).opens(), Ok(()));
        for remedy in Remedy::ALL {
            assert_eq!(stored(Some(compromise(remedy))).opens(), Err(remedy));
        }
    }

    #[test]
    fn what_is_known_never_becomes_less() {
        // R-PW-10
        let [change, reset] = Remedy::ALL.map(compromise);
        assert!(change.outweighs(None) && reset.outweighs(None));
        assert!(reset.outweighs(Some(change)) && !change.outweighs(Some(reset)));
        assert!(!change.outweighs(Some(change)) && !reset.outweighs(Some(reset)));
    }

    #[test]
    fn every_remedy_survives_its_name() {
        assert!(Remedy::ALL.iter().all(|it| Remedy::named(it.name()) == Some(*it)));
        assert_eq!(Remedy::named("Change"), None);
    }
}
