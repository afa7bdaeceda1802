use std::sync::Arc;

use durward_core::password::{HashError, Verdict};
use durward_core::{Entropy, KeyRing, Password, PasswordHash, Secret};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::argon2id::{DIGEST_BYTES, Flavour};
use crate::imported::{Imported, Unreadable};
use crate::memory::Memory;
use crate::own_hash::{OwnHash, SALT_BYTES};
use crate::settings::Cost;

/// What is done with a password once a worker has it.
pub(crate) struct Hasher {
    keys: Arc<KeyRing>,
    entropy: Arc<dyn Entropy>,
    cost: Cost,
    /// A hash that no password has, for whoever has none.
    nobody: OwnHash,
}

impl Hasher {
    pub(crate) fn new(keys: Arc<KeyRing>, entropy: Arc<dyn Entropy>, cost: Cost) -> Self {
        let (mut salt, mut digest) = ([0; SALT_BYTES], [0; DIGEST_BYTES]);
        entropy.fill(&mut salt);
        entropy.fill(&mut digest);
        let nobody = OwnHash { key: keys.pepper().0, cost, salt, digest };
        Self { keys, entropy, cost, nobody }
    }

    pub(crate) fn hash(
        &self,
        password: &Password,
        memory: &mut Memory,
    ) -> Result<PasswordHash, HashError> {
        self.hash_at(self.cost, password, memory)
    }

    pub(crate) fn verify(
        &self,
        password: &Password,
        hash: Option<&PasswordHash>,
        memory: &mut Memory,
    ) -> Result<Verdict, HashError> {
        let Some(text) = hash.map(PasswordHash::as_str) else {
            return self.find_wrong(password, memory);
        };
        if OwnHash::claims(text) {
            return match OwnHash::parse(text) {
                Some(own) => self.verify_own(password, &own, memory),
                None => self.report(Unreadable::Malformed, password, memory),
            };
        }
        match Imported::parse(text) {
            Ok(hash) if !memory.suffices(hash.memory_kib()) => {
                self.report(Unreadable::TooCostly, password, memory)
            }
            Ok(hash) => self.verify_imported(password, &hash, memory),
            Err(unreadable) => self.report(unreadable, password, memory),
        }
    }

    /// Does the work of a verification for a password that has nothing to be compared with (R-EN-02).
    fn find_wrong(&self, password: &Password, memory: &mut Memory) -> Result<Verdict, HashError> {
        self.is_right(password, &self.nobody, memory)?;
        Ok(Verdict::Wrong)
    }

    /// Treats a hash that cannot be verified as absent; the log learns of it, not of the hash (AM-12).
    fn report(
        &self,
        unreadable: Unreadable,
        password: &Password,
        memory: &mut Memory,
    ) -> Result<Verdict, HashError> {
        tracing::error!(reason = unreadable.reason(), "a stored password hash cannot be verified");
        self.find_wrong(password, memory)
    }

    fn verify_own(
        &self,
        password: &Password,
        own: &OwnHash,
        memory: &mut Memory,
    ) -> Result<Verdict, HashError> {
        if !self.is_right(password, own, memory)? {
            return Ok(Verdict::Wrong);
        }
        let cost = self.no_less_than(own.cost);
        let grows = cost.memory_kib > own.cost.memory_kib || cost.passes > own.cost.passes;
        if grows || own.key != self.keys.pepper().0 {
            return Ok(self.rehash(cost, password, memory));
        }
        Ok(Verdict::Right)
    }

    fn verify_imported(
        &self,
        password: &Password,
        hash: &Imported,
        memory: &mut Memory,
    ) -> Result<Verdict, HashError> {
        if !hash.is_right(password.expose_typed().as_bytes(), memory)? {
            // Else an answer that comes sooner than others would tell that there is an account (R-EN-02).
            return if hash.is_light() {
                self.find_wrong(password, memory)
            } else {
                Ok(Verdict::Wrong)
            };
        }
        let cost = hash.argon2_cost().map_or(self.cost, |cost| self.no_less_than(cost));
        Ok(self.rehash(cost, password, memory))
    }

    /// What replaces a hash of this cost: never a downgrade in memory or passes (R-PW-09).
    fn no_less_than(&self, stored: Cost) -> Cost {
        let both = self.cost.max(stored);
        // Much memory from one and many passes from the other may be more than one hash may cost.
        if both.is_bearable() { both } else { stored }
    }

    /// The verdict on a right password whose hash is out of date. That it is right does not depend on
    /// whether there is a new hash.
    fn rehash(&self, cost: Cost, password: &Password, memory: &mut Memory) -> Verdict {
        match self.hash_at(cost, password, memory) {
            Ok(hash) => Verdict::RightRehashed(hash),
            Err(error) => {
                tracing::warn!(%error, "a password hash stays out of date");
                Verdict::Right
            }
        }
    }

    fn hash_at(
        &self,
        cost: Cost,
        password: &Password,
        memory: &mut Memory,
    ) -> Result<PasswordHash, HashError> {
        let (key, pepper) = self.keys.pepper();
        let mut salt = [0; SALT_BYTES];
        self.entropy.fill(&mut salt);
        let digest = digest(&*peppered(pepper, password)?, &salt, cost, memory)?;
        Ok(PasswordHash::from(&OwnHash { key, cost, salt, digest: *digest }))
    }

    /// Compares in constant time (R-DP-02).
    fn is_right(
        &self,
        password: &Password,
        own: &OwnHash,
        memory: &mut Memory,
    ) -> Result<bool, HashError> {
        let Some(pepper) = self.keys.pepper_numbered(own.key) else {
            tracing::error!(
                key = own.key,
                "the key of a stored password hash is not on the key ring"
            );
            return Err(HashError::Failed(
                "the key of a stored password hash is not on the key ring",
            ));
        };
        let digest = digest(&*peppered(pepper, password)?, &own.salt, own.cost, memory)?;
        Ok(digest.ct_eq(&own.digest).into())
    }
}

/// What Argon2id gets to see of a password.
fn peppered(
    pepper: &Secret<[u8; 32]>,
    password: &Password,
) -> Result<Zeroizing<[u8; 32]>, HashError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(pepper.expose())
        .map_err(|_length| HashError::Failed("the pepper has a wrong length"))?;
    mac.update(password.expose().as_bytes());
    Ok(Zeroizing::new(mac.finalize().into_bytes().into()))
}

fn digest(
    peppered: &[u8; 32],
    salt: &[u8; SALT_BYTES],
    cost: Cost,
    memory: &mut Memory,
) -> Result<Zeroizing<[u8; DIGEST_BYTES]>, HashError> {
    let mut digest = Zeroizing::new([0; DIGEST_BYTES]);
    Flavour::current(cost).digest((peppered, salt), digest.as_mut_slice(), memory)?;
    Ok(digest)
}
