//! Passwords, and the port of whoever hashes them.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use unicode_normalization::UnicodeNormalization;

use crate::error::Obstruction;
use crate::secret::Secret;

/// A password as its owner typed it, normalised once (NFKC, NIST SP 800-63B-4 3.1.1.2, R-PW-04).
///
/// Nothing else is done to it: no trimming, no case folding, no truncation (R-PW-03).
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    normalised: Secret<String>,
    typed: Secret<String>,
}

impl Password {
    /// The most bytes a password may have, before and after normalisation (R-PW-02).
    pub const MAX_BYTES: usize = 1_024;

    /// Takes a password; refuses an empty one and one of more than [`Password::MAX_BYTES`] bytes.
    ///
    /// Whether it is good enough is the question of a [`PasswordRule`](crate::behavior::PasswordRule).
    pub fn parse(typed: Secret<String>) -> Result<Self, Obstruction> {
        let too_long = || {
            Obstruction::new("PASSWORD_TOO_LONG", "Must not be longer than 1024 bytes.")
                .with("maxBytes", Self::MAX_BYTES as u64)
        };
        if typed.expose().is_empty() {
            return Err(Obstruction::new("PASSWORD_EMPTY", "Must not be empty."));
        }
        if typed.expose().len() > Self::MAX_BYTES {
            return Err(too_long());
        }
        let normalised = Secret::new(typed.expose().nfkc().collect::<String>());
        if normalised.expose().len() > Self::MAX_BYTES {
            return Err(too_long());
        }
        Ok(Self { normalised, typed })
    }

    /// The normalised text, which new hashes are made of.
    pub fn expose(&self) -> &str {
        self.normalised.expose()
    }

    /// The text exactly as typed, which hashes imported from other systems may be made of.
    pub fn expose_typed(&self) -> &str {
        self.typed.expose()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

/// A stored password hash with its parameters; only a [`PasswordHasher`] reads it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The text a hasher made or a store kept.
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text a store keeps.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

/// What a hasher found out about a password and a stored hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password is wrong, or there was no hash to compare it with.
    Wrong,
    /// The password is right and its hash is as new ones are.
    Right,
    /// The password is right, and this hash should replace the weaker or older one (R-PW-09).
    RightRehashed(PasswordHash),
}

/// A place in the hasher's queue, given back when dropped.
pub struct Admission(Option<Box<dyn Any + Send>>);

impl Admission {
    /// An admission that holds the given place until it is dropped.
    pub fn holding(place: impl Any + Send) -> Self {
        Self(Some(Box::new(place)))
    }

    /// An admission to a hasher that has room without end, such as one for tests.
    pub const fn unlimited() -> Self {
        Self(None)
    }

    /// The place, as its own hasher made it.
    pub fn into_place<T: Any + Send>(self) -> Option<T> {
        self.0.and_then(|place| place.downcast::<T>().ok()).map(|place| *place)
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admission")
    }
}

/// Why a hasher gave no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The queue is full or its deadline passed (R-PW-13).
    #[error("the password hasher is busy")]
    Busy {
        /// When there may be room.
        retry_after: Duration,
    },
    /// The hasher itself failed, such as a hash whose pepper is not on the key ring.
    #[error("the password hasher failed: {0}")]
    Failed(&'static str),
}

/// Hashes and verifies passwords with bounded memory and processor time (R-PW-08, R-PW-13).
///
/// The standard implementation is the pool in `durward-passwords`.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Asks for room before anything expensive or durable is done.
    fn admit(&self) -> Result<Admission, HashError>;

    /// Makes the hash of a new password.
    async fn hash(
        &self,
        password: Password,
        admission: Admission,
    ) -> Result<PasswordHash, HashError>;

    /// Compares a password with a stored hash; without one it does the same work and finds it wrong,
    /// so that time does not tell who has a password (R-EN-02).
    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
        admission: Admission,
    ) -> Result<Verdict, HashError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Password, Obstruction> {
        Password::parse(Secret::new(text.to_owned()))
    }

    #[test]
    fn a_password_is_normalised_once_and_otherwise_untouched() {
        // R-PW-03, R-PW-04
        let password = parse("  Cafe\u{301} \u{fb01} ").unwrap();
        assert_eq!(password.expose(), "  Caf\u{e9} fi ");
        assert_eq!(password.expose_typed(), "  Cafe\u{301} \u{fb01} ");
        assert_eq!(format!("{password:?}"), "Password(***)");
    }

    #[test]
    fn the_byte_limit_holds_before_and_after_normalisation() {
        // R-PW-02
        assert!(parse(&"a".repeat(1_024)).is_ok());
        assert_eq!(parse(&"a".repeat(1_025)).unwrap_err().code, "PASSWORD_TOO_LONG");
        // One ligature of three bytes becomes eighteen characters.
        let grows = "\u{fdfa}".repeat(300);
        assert!(grows.len() <= 1_024);
        assert_eq!(parse(&grows).unwrap_err().code, "PASSWORD_TOO_LONG");
        assert_eq!(parse("").unwrap_err().code, "PASSWORD_EMPTY");
    }
}
