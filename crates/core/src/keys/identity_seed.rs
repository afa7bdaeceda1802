use std::fmt;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::secret::Secret;

/// What the keys that sign identities are made of: one for each key of the ring, the primary's first.
///
/// Nothing else is made of it, and nothing leads from it back to the key of the ring.
#[derive(Clone)]
pub struct IdentitySeed(pub(super) Hmac<Sha256>);

impl IdentitySeed {
    /// 32 bytes that may be the private key of a period, the same on every node. Not all are one on every
    /// curve: whoever needs one asks for the next attempt.
    pub fn candidate(&self, period: u64, attempt: u32) -> Secret<[u8; 32]> {
        let mut mac = self.0.clone();
        mac.update(&period.to_be_bytes());
        mac.update(&attempt.to_be_bytes());
        Secret::new(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for IdentitySeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentitySeed(***)")
    }
}

#[cfg(test)]
mod tests {
    use crate::keys::KeyRing;
    use crate::time::Entropy;

    struct Counting(u8);
    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            for (byte, n) in buffer.iter_mut().zip(0_u8..) {
                *byte = self.0.wrapping_add(n.wrapping_mul(5));
            }
        }
    }

    #[test]
    fn every_key_period_and_attempt_has_bytes_of_its_own() {
        // R-DP-03
        let text = |id, start| KeyRing::generate(id, &Counting(start)).expose().clone();
        let (old, new) = (text(1, 1), text(2, 2));
        let ring = KeyRing::parse(&format!("{new},{old}")).unwrap();
        let seeds: Vec<_> = ring.identity_seeds().collect();
        let mut seen = Vec::new();
        for seed in &seeds {
            for (period, attempt) in [(0, 0), (0, 1), (1, 0), (1 << 32, 0)] {
                let bytes = *seed.candidate(period, attempt).expose();
                assert!(!seen.contains(&bytes));
                seen.push(bytes);
            }
        }
        assert_eq!(seen.len(), 8);
        // The same key at another place of a ring makes the same.
        let alone = KeyRing::parse(&old).unwrap().identity_seeds().next().unwrap();
        assert_eq!(alone.candidate(7, 0), seeds[1].candidate(7, 0));
        assert_eq!(format!("{alone:?}"), "IdentitySeed(***)");
    }
}
