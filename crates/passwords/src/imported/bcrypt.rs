use data_encoding::{Encoding, Specification};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Unreadable;
use crate::limits::MAX_BCRYPT_COST;
use crate::phc::number;

/// bcrypt reads no more of a password.
const MAX_BYTES: usize = 72;
/// The last byte of the cipher's output is not kept.
const DIGEST_BYTES: usize = 23;
const SALT_BYTES: usize = 16;
/// 16 bytes in base64.
const SALT_TEXT: usize = 22;

/// bcrypt as crypt writes it: `$2b$12$`, 22 characters of salt, 31 of digest.
pub(crate) struct BcryptHash {
    cost: u32,
    salt: [u8; SALT_BYTES],
    digest: [u8; DIGEST_BYTES],
    /// Whether it was made by the implementation that took bytes from 128 up as negative.
    has_sign_bug: bool,
}

impl BcryptHash {
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let hash = Self::read(text).ok_or(Unreadable::Malformed)?;
        Unreadable::unless(hash.cost <= MAX_BCRYPT_COST)?;
        Ok(hash)
    }

    fn read(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix('$')?.split('$');
        let (version, cost, rest) = (fields.next()?, fields.next()?, fields.next()?);
        if fields.next().is_some() || cost.len() != 2 {
            return None;
        }
        let cost =
            number(cost.strip_prefix('0').unwrap_or(cost)).filter(|n| (4..=31).contains(n))?;
        let (salt, digest) = rest.split_at_checked(SALT_TEXT)?;
        let base64 = base64()?;
        Some(Self {
            cost,
            salt: base64.decode(salt.as_bytes()).ok()?.try_into().ok()?,
            digest: base64.decode(digest.as_bytes()).ok()?.try_into().ok()?,
            has_sign_bug: version == "2x",
        })
    }

    /// The logarithm of its rounds.
    pub(super) const fn cost(&self) -> u32 {
        self.cost
    }

    pub(super) fn is_right(&self, typed: &[u8]) -> bool {
        let is_told_apart = !typed.contains(&0) && (typed.is_ascii() || !self.has_sign_bug);
        // The terminating zero belongs to the key, unless the 72 bytes end before it.
        let mut key = Zeroizing::new([0; MAX_BYTES]);
        let used = typed.len().min(MAX_BYTES);
        key[..used].copy_from_slice(&typed[..used]);
        let with_zero = (used + 1).min(MAX_BYTES);
        let digest = bcrypt::bcrypt(self.cost, self.salt, &key[..with_zero]);
        let is_equal: bool = digest[..DIGEST_BYTES].ct_eq(&self.digest).into();
        is_equal && is_told_apart
    }
}

/// bcrypt's own alphabet. Some systems wrote salts with bits beyond the last byte, which count for nothing.
fn base64() -> Option<Encoding> {
    let mut base64 = Specification::new();
    base64.symbols.push_str("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    base64.check_trailing_bits = false;
    base64.encoding().ok()
}
