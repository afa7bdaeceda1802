use std::hash::{BuildHasher, RandomState};

const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Repeatable chance (SplitMix64): the seed of a run is printed and gives the same choices again.
pub(crate) struct Random(u64);

impl Random {
    /// The same seed gives the same choices.
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed that no earlier run had.
    pub(crate) fn fresh_seed() -> u64 {
        RandomState::new().hash_one(0_u8)
    }

    /// Sixty-four bits.
    pub(crate) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound, which must not be 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(self.bits() % bound).unwrap_or(0)
    }

    /// True this many times out of a hundred.
    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// Letters and digits.
    pub(crate) fn letters(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(BASE_62[self.below(BASE_62.len())])).collect()
    }

    /// Bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.bits().to_le_bytes()[0])
    }

    /// An address of the private network that has the most of them.
    pub(crate) fn network(&mut self) -> String {
        let [a, b, c] = self.bytes();
        format!("10.{a}.{b}.{c}")
    }

    /// A generator of its own for a part of the run.
    pub(crate) const fn fork(&mut self) -> Self {
        Self(self.bits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_choices() {
        let draw = |seed| {
            let mut random = Random::seeded(seed);
            (random.letters(20), random.bytes::<8>(), random.below(1000), random.fork().bits())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn every_number_below_the_bound_comes_up() {
        let mut random = Random::seeded(1);
        let mut seen = [0; 6];
        for _ in 0..600 {
            seen[random.below(6)] += 1;
        }
        assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
    }
}
