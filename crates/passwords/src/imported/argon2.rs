use argon2::{Algorithm, Version};
use durward_core::password::HashError;
use subtle::ConstantTimeEq;

use super::Unreadable;
use crate::argon2id::Flavour;
use crate::limits::{MAX_DIGEST, MIN_DIGEST};
use crate::memory::Memory;
use crate::phc::{Phc, base64};
use crate::settings::Cost;

/// The least salt that Argon2 takes (RFC 9106, 3.1).
const MIN_SALT: usize = 8;

/// Argon2 as its reference implementation and all libraries write it, without key or associated data.
pub(crate) struct Argon2Hash {
    flavour: Flavour,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Argon2Hash {
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let hash = Self::read(text).ok_or(Unreadable::Malformed)?;
        Unreadable::unless(hash.cost().is_bearable())?;
        Ok(hash)
    }

    fn read(text: &str) -> Option<Self> {
        let phc = Phc::parse(text)?;
        if !phc.has_only(&["m", "t", "p"]) {
            return None;
        }
        let algorithm = match phc.id {
            "argon2id" => Algorithm::Argon2id,
            "argon2i" => Algorithm::Argon2i,
            "argon2d" => Algorithm::Argon2d,
            _ => return None,
        };
        // Strings from before version 1.3 have no version.
        let version = match phc.version {
            None | Some(16) => Version::V0x10,
            Some(19) => Version::V0x13,
            Some(_) => return None,
        };
        let cost = Cost {
            memory_kib: phc.number("m")?,
            passes: phc.number("t")?,
            lanes: phc.number("p")?,
        };
        Some(Self {
            flavour: Flavour { algorithm, version, cost },
            salt: base64(phc.salt).filter(|salt| salt.len() >= MIN_SALT)?,
            digest: base64(phc.digest)
                .filter(|digest| (MIN_DIGEST..=MAX_DIGEST).contains(&digest.len()))?,
        })
    }

    pub(super) const fn cost(&self) -> Cost {
        self.flavour.cost
    }

    pub(super) fn is_right(&self, typed: &[u8], memory: &mut Memory) -> Result<bool, HashError> {
        let mut digest = vec![0; self.digest.len()];
        self.flavour.digest((typed, &self.salt), &mut digest, memory)?;
        Ok(digest.ct_eq(&self.digest).into())
    }
}
