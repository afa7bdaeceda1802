use data_encoding::{BitOrder, Encoding, Specification};
use durward_core::password::HashError;
use scrypt::{Params, scrypt};
use subtle::ConstantTimeEq;

use super::Unreadable;
use crate::limits::{MAX_DIGEST, MAX_SCRYPT_WORK, MIN_DIGEST};
use crate::memory::Memory;
use crate::phc::{Phc, base64};

/// The alphabet of crypt, in the order of its values.
const CRYPT_64: &str = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// A 30-bit number in it.
const CRYPT_NUMBER: usize = 5;

/// scrypt (RFC 7914).
pub(crate) struct ScryptHash {
    params: Params,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl ScryptHash {
    /// `$scrypt$ln=17,r=8,p=1$salt$digest`.
    pub(super) fn parse_phc(text: &str) -> Result<Self, Unreadable> {
        let phc = Phc::parse(text)
            .filter(|phc| phc.version.is_none() && phc.has_only(&["ln", "r", "p"]))
            .ok_or(Unreadable::Malformed)?;
        let read = || {
            let costs = [phc.number("ln")?, phc.number("r")?, phc.number("p")?];
            Some((costs, base64(phc.salt)?, base64(phc.digest)?))
        };
        Self::new(read().ok_or(Unreadable::Malformed)?)
    }

    /// `$7$`, one character for N, five each for r and p, the salt as it is, `$` and the digest.
    pub(super) fn parse_crypt(text: &str) -> Result<Self, Unreadable> {
        let read = || {
            let (setting, digest) = text.strip_prefix("$7$")?.split_once('$')?;
            let (log_n, rest) = setting.split_at_checked(1)?;
            let (r, rest) = rest.split_at_checked(CRYPT_NUMBER)?;
            let (p, salt) = rest.split_at_checked(CRYPT_NUMBER)?;
            let costs = [crypt_number(log_n)?, crypt_number(r)?, crypt_number(p)?];
            Some((costs, salt.as_bytes().to_vec(), crypt_64()?.decode(digest.as_bytes()).ok()?))
        };
        Self::new(read().ok_or(Unreadable::Malformed)?)
    }

    fn new((costs, salt, digest): ([u32; 3], Vec<u8>, Vec<u8>)) -> Result<Self, Unreadable> {
        if !(MIN_DIGEST..=MAX_DIGEST).contains(&digest.len()) {
            return Err(Unreadable::Malformed);
        }
        Ok(Self { params: params(costs)?, salt, digest })
    }

    pub(super) fn memory_kib(&self) -> u64 {
        memory_kib(&self.params)
    }

    pub(super) fn is_right(&self, typed: &[u8], memory: &mut Memory) -> Result<bool, HashError> {
        let _lease = memory.spare(self.memory_kib())?;
        let mut digest = vec![0; self.digest.len()];
        scrypt(typed, &self.salt, &self.params, &mut digest)
            .map_err(|_length| HashError::Failed("scrypt refused the length of a digest"))?;
        Ok(digest.ct_eq(&self.digest).into())
    }
}

/// The costs log2 N, r and p, if they are bearable.
pub(super) fn params([log_n, r, p]: [u32; 3]) -> Result<Params, Unreadable> {
    if log_n == 0 || r == 0 || p == 0 {
        return Err(Unreadable::Malformed);
    }
    let work = 1_u64.checked_shl(log_n).and_then(|n| n.checked_mul(u64::from(r)));
    let work = work.and_then(|work| work.checked_mul(u64::from(p)));
    Unreadable::unless(work.is_some_and(|work| work <= MAX_SCRYPT_WORK))?;
    let params = u8::try_from(log_n).ok().and_then(|log_n| Params::new(log_n, r, p).ok());
    params.ok_or(Unreadable::TooCostly)
}

/// The table of N blocks of 128 r bytes, p blocks to fold, and one to work with.
pub(super) fn memory_kib(params: &Params) -> u64 {
    let blocks = params.n() + u64::from(params.p()) + 2;
    (128 * u64::from(params.r()) * blocks).div_ceil(1_024)
}

/// A number as crypt writes it: six bits in each character, the lowest first.
fn crypt_number(text: &str) -> Option<u32> {
    text.chars().rev().try_fold(0, |number, c| {
        let digit = CRYPT_64.chars().position(|symbol| symbol == c)?;
        Some(number << 6 | u32::try_from(digit).ok()?)
    })
}

fn crypt_64() -> Option<Encoding> {
    let mut base64 = Specification::new();
    base64.symbols.push_str(CRYPT_64);
    base64.bit_order = BitOrder::LeastSignificantFirst;
    base64.encoding().ok()
}
