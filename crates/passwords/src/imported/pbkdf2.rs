use durward_core::password::HashError;
use hmac::Hmac;
use pbkdf2::pbkdf2;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::Unreadable;
use crate::limits::{MAX_DIGEST, MAX_PBKDF2_WORK, MIN_DIGEST};
use crate::phc::{Phc, base64, number};

/// PBKDF2 with HMAC (RFC 8018).
pub(crate) struct Pbkdf2Hash {
    hash: Hash,
    iterations: u32,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

/// What the HMAC is made with.
#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

impl Pbkdf2Hash {
    /// `$pbkdf2-sha256$i=600000[,l=32]$salt$digest`, or only the number in place of the parameters.
    pub(super) fn parse_phc(text: &str) -> Result<Self, Unreadable> {
        let read = || {
            let phc = Phc::parse(text).filter(|phc| phc.version.is_none())?;
            let hash = match phc.id {
                "pbkdf2" | "pbkdf2-sha1" => Hash::Sha1,
                "pbkdf2-sha256" => Hash::Sha256,
                "pbkdf2-sha512" => Hash::Sha512,
                _ => return None,
            };
            let digest = base64(phc.digest)?;
            let iterations = if phc.has_only(&["i", "l"]) {
                let length = phc.number("l").map(|length| usize::try_from(length).ok());
                if phc.param("l").is_some() && length != Some(Some(digest.len())) {
                    return None;
                }
                phc.number("i")?
            } else {
                number(phc.params())?
            };
            Some(Self { hash, iterations, salt: base64(phc.salt)?, digest })
        };
        read().ok_or(Unreadable::Malformed)?.within_limits()
    }

    /// `pbkdf2_sha256$600000$salt$digest`, the salt as it is.
    pub(super) fn parse_django(text: &str) -> Result<Self, Unreadable> {
        let read = || {
            let mut fields = text.split('$');
            let hash = match fields.next()? {
                "pbkdf2_sha1" => Hash::Sha1,
                "pbkdf2_sha256" => Hash::Sha256,
                _ => return None,
            };
            let iterations = number(fields.next()?)?;
            let salt = fields.next()?.as_bytes().to_vec();
            let digest = base64(fields.next()?)?;
            fields.next().is_none().then_some(Self { hash, iterations, salt, digest })
        };
        read().ok_or(Unreadable::Malformed)?.within_limits()
    }

    fn within_limits(self) -> Result<Self, Unreadable> {
        if !(MIN_DIGEST..=MAX_DIGEST).contains(&self.digest.len()) || self.iterations == 0 {
            return Err(Unreadable::Malformed);
        }
        let blocks = self.digest.len().div_ceil(self.hash.bytes()) as u64;
        Unreadable::unless(u64::from(self.iterations) * blocks <= MAX_PBKDF2_WORK)?;
        Ok(self)
    }

    /// How often it goes round.
    pub(super) const fn iterations(&self) -> u32 {
        self.iterations
    }

    pub(super) fn is_right(&self, typed: &[u8]) -> Result<bool, HashError> {
        let derive = match self.hash {
            Hash::Sha1 => pbkdf2::<Hmac<Sha1>>,
            Hash::Sha256 => pbkdf2::<Hmac<Sha256>>,
            Hash::Sha512 => pbkdf2::<Hmac<Sha512>>,
        };
        let mut digest = vec![0; self.digest.len()];
        derive(typed, &self.salt, self.iterations, &mut digest)
            .map_err(|_length| HashError::Failed("HMAC refused the length of a password"))?;
        Ok(digest.ct_eq(&self.digest).into())
    }
}
