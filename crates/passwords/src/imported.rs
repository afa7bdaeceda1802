//! Hashes that other systems made, each verified by its own rules (R-PW-09).

use durward_core::PasswordHash;
use durward_core::password::HashError;

use crate::limits::MAX_TEXT;
use crate::memory::Memory;
use crate::settings::Cost;

mod argon2;
mod bcrypt;
mod firebase;
mod pbkdf2;
mod scrypt;

use argon2::Argon2Hash;
use bcrypt::BcryptHash;
use firebase::FirebaseHash;
use pbkdf2::Pbkdf2Hash;
use scrypt::ScryptHash;

/// A hash from elsewhere whose cost is within the [limits](crate::limits).
pub(crate) enum Imported {
    Argon2(Argon2Hash),
    Bcrypt(BcryptHash),
    Scrypt(ScryptHash),
    Firebase(FirebaseHash),
    Pbkdf2(Pbkdf2Hash),
}

/// Why a stored hash is not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    Malformed,
    TooCostly,
}

/// Takes the hash of another system, if its owner will be able to log in with it.
///
/// Refused is what the pool could not verify later: an unknown or malformed text, and a cost beyond the
/// [limits](crate::limits) (R-PW-09, R-PW-13).
///
/// ```
/// use durward_passwords::imported_hash;
///
/// assert!(imported_hash("$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234").is_ok());
/// assert!(imported_hash("$2b$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234").is_err());
/// assert!(imported_hash("5f4dcc3b5aa765d61d8327deb882cf99").is_err());
/// ```
pub fn imported_hash(text: &str) -> Result<PasswordHash, NotImported> {
    let read = Imported::parse(text).map_err(|why| NotImported(why.reason()));
    read.map(|_bearable| PasswordHash::from_stored(text.to_owned()))
}

/// A hash of another system could not be verified; says why, without the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the hash is {0}")]
pub struct NotImported(&'static str);

impl Unreadable {
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "malformed or of an unknown format",
            Self::TooCostly => "beyond the limits of cost",
        }
    }

    /// What a format answers to a hash whose cost it read.
    fn unless(bearable: bool) -> Result<(), Self> {
        if bearable { Ok(()) } else { Err(Self::TooCostly) }
    }
}

impl Imported {
    pub(crate) fn parse(text: &str) -> Result<Self, Unreadable> {
        if text.len() > MAX_TEXT || !text.is_ascii() {
            return Err(Unreadable::Malformed);
        }
        let (dollar, rest) = text.strip_prefix('$').map_or(("", text), |rest| ("$", rest));
        let id = rest.split('$').next().unwrap_or_default();
        match (dollar, id) {
            ("$", "argon2id" | "argon2i" | "argon2d") => Argon2Hash::parse(text).map(Self::Argon2),
            ("$", "2a" | "2b" | "2x" | "2y") => BcryptHash::parse(text).map(Self::Bcrypt),
            ("$", "firebase-scrypt") => FirebaseHash::parse(text).map(Self::Firebase),
            ("$", "scrypt") => ScryptHash::parse_phc(text).map(Self::Scrypt),
            ("$", "7") => ScryptHash::parse_crypt(text).map(Self::Scrypt),
            ("$", _) => Pbkdf2Hash::parse_phc(text).map(Self::Pbkdf2),
            _ => Pbkdf2Hash::parse_django(text).map(Self::Pbkdf2),
        }
    }

    /// How much memory its verification takes.
    pub(crate) fn memory_kib(&self) -> u64 {
        match self {
            Self::Argon2(hash) => u64::from(hash.cost().memory_kib),
            Self::Scrypt(hash) => hash.memory_kib(),
            Self::Firebase(hash) => hash.memory_kib(),
            Self::Bcrypt(_) | Self::Pbkdf2(_) => 0,
        }
    }

    /// Whether its verification takes less than half of what that of the cheapest hash of ours takes.
    pub(crate) fn is_light(&self) -> bool {
        match self {
            Self::Argon2(hash) => {
                let Cost { memory_kib, passes, .. } = hash.cost();
                u64::from(memory_kib) * u64::from(passes) <= 19 * 1_024
            }
            Self::Bcrypt(hash) => hash.cost() <= 8,
            Self::Pbkdf2(hash) => hash.iterations() <= 20_000,
            Self::Scrypt(_) | Self::Firebase(_) => self.memory_kib() <= 4_096,
        }
    }

    /// What it costs in terms that new hashes have too.
    pub(crate) const fn argon2_cost(&self) -> Option<Cost> {
        match self {
            Self::Argon2(hash) => Some(hash.cost()),
            Self::Bcrypt(_) | Self::Scrypt(_) | Self::Firebase(_) | Self::Pbkdf2(_) => None,
        }
    }

    /// Whether it was made of these bytes, compared in constant time (R-DP-02).
    pub(crate) fn is_right(&self, typed: &[u8], memory: &mut Memory) -> Result<bool, HashError> {
        match self {
            Self::Argon2(hash) => hash.is_right(typed, memory),
            Self::Bcrypt(hash) => Ok(hash.is_right(typed)),
            Self::Scrypt(hash) => hash.is_right(typed, memory),
            Self::Firebase(hash) => hash.is_right(typed, memory),
            Self::Pbkdf2(hash) => hash.is_right(typed),
        }
    }
}
