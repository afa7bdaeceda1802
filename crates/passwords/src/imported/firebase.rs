use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use durward_core::password::HashError;
use scrypt::{Params, scrypt};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Unreadable;
use super::scrypt::params;
use crate::limits::{MAX_DIGEST, MIN_DIGEST};
use crate::memory::Memory;
use crate::phc::{Phc, base64};

/// The scrypt of Firebase Authentication: not a digest of the password but the project's signer key,
/// encrypted with AES-256 in counter mode under what scrypt makes of password, salt and separator.
pub(crate) struct FirebaseHash {
    params: Params,
    /// The salt of the user, then the separator of the project.
    salt: Vec<u8>,
    signer_key: Zeroizing<Vec<u8>>,
    encrypted: Vec<u8>,
}

impl FirebaseHash {
    /// `$firebase-scrypt$ln=14,r=8,sep=..,key=..$salt$hash`: `mem_cost`, `rounds`, `base64_salt_separator` and
    /// `base64_signer_key` of the project, then what it exports of the user.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let phc = Phc::parse(text)
            .filter(|phc| phc.version.is_none() && phc.has_only(&["ln", "r", "sep", "key"]))
            .ok_or(Unreadable::Malformed)?;
        let read = || {
            let costs = [phc.number("ln")?, phc.number("r")?, 1];
            let mut salt = base64(phc.salt)?;
            salt.extend(base64(phc.param("sep")?)?);
            Some((costs, salt, Zeroizing::new(base64(phc.param("key")?)?), base64(phc.digest)?))
        };
        let (costs, salt, signer_key, encrypted) = read().ok_or(Unreadable::Malformed)?;
        let is_whole = encrypted.len() == signer_key.len();
        if !is_whole || !(MIN_DIGEST..=MAX_DIGEST).contains(&encrypted.len()) {
            return Err(Unreadable::Malformed);
        }
        Ok(Self { params: params(costs)?, salt, signer_key, encrypted })
    }

    pub(super) fn memory_kib(&self) -> u64 {
        super::scrypt::memory_kib(&self.params)
    }

    pub(super) fn is_right(&self, typed: &[u8], memory: &mut Memory) -> Result<bool, HashError> {
        let _lease = memory.spare(self.memory_kib())?;
        let mut key = Zeroizing::new([0; 32]);
        scrypt(typed, &self.salt, &self.params, key.as_mut())
            .map_err(|_length| HashError::Failed("scrypt refused the length of a key"))?;
        let mut encrypted = self.signer_key.clone();
        Ctr128BE::<Aes256>::new((&*key).into(), &[0; 16].into()).apply_keystream(&mut encrypted);
        Ok(encrypted.ct_eq(&self.encrypted).into())
    }
}
