use std::fmt;

use data_encoding::BASE64_NOPAD;
use durward_core::PasswordHash;

use crate::argon2id::DIGEST_BYTES;
use crate::phc::Phc;
use crate::settings::Cost;

pub(crate) const SALT_BYTES: usize = 16;

const ID: &str = "durward-argon2id";
/// How passwords are normalised before they are hashed; another way gets another name (R-PW-04).
const NORMALISER: &str = "nfkc1";
/// Argon2 1.3 (RFC 9106).
const VERSION: u32 = 19;

/// A hash in the format of this crate; its text form is described at the top.
pub(crate) struct OwnHash {
    /// The number of the key whose pepper was used.
    pub(crate) key: u32,
    pub(crate) cost: Cost,
    pub(crate) salt: [u8; SALT_BYTES],
    pub(crate) digest: [u8; DIGEST_BYTES],
}

impl OwnHash {
    /// Whether the text claims to be of this format.
    pub(crate) fn claims(text: &str) -> bool {
        text.strip_prefix('$').and_then(|text| text.strip_prefix(ID)).is_some()
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let phc = Phc::parse(text)?;
        let known = phc.id == ID
            && phc.version == Some(VERSION)
            && phc.param("n") == Some(NORMALISER)
            && phc.has_only(&["m", "t", "p", "k", "n"]);
        if !known {
            return None;
        }
        let cost = Cost {
            memory_kib: phc.number("m")?,
            passes: phc.number("t")?,
            lanes: phc.number("p")?,
        };
        Some(Self {
            key: phc.number("k")?,
            cost: Some(cost).filter(|cost| cost.is_bearable())?,
            salt: bytes(phc.salt)?,
            digest: bytes(phc.digest)?,
        })
    }
}

impl fmt::Display for OwnHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cost { memory_kib, passes, lanes } = self.cost;
        write!(
            f,
            "${ID}$v={VERSION}$m={memory_kib},t={passes},p={lanes},k={},n={NORMALISER}${}${}",
            self.key,
            BASE64_NOPAD.encode_display(&self.salt),
            BASE64_NOPAD.encode_display(&self.digest),
        )
    }
}

impl From<&OwnHash> for PasswordHash {
    fn from(hash: &OwnHash) -> Self {
        Self::from_stored(hash.to_string())
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()
}
