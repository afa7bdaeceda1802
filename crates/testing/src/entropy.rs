use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use durward_core::Entropy;

/// The odd number closest to 2^64 divided by the golden ratio: adding it visits every state once.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Chance that repeats itself: the same seed gives the same bytes. Clones draw from the same sequence.
///
/// `SplitMix64`, which anyone can predict: for tests only.
#[derive(Clone, Debug)]
pub struct SeededEntropy(Arc<AtomicU64>);

impl SeededEntropy {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }

    fn next(&self) -> u64 {
        let mut word = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

impl Default for SeededEntropy {
    /// The sequence of the seed 1.
    fn default() -> Self {
        Self::new(1)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn draw(entropy: &SeededEntropy) -> [u8; 19] {
        let mut bytes = [0; 19];
        entropy.fill(&mut bytes);
        bytes
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let (one, other) = (SeededEntropy::new(7), SeededEntropy::new(7));
        assert_eq!([draw(&one), draw(&one)], [draw(&other), draw(&other)]);
        assert_ne!(draw(&one), draw(&SeededEntropy::new(8)));
        // The published first output of SplitMix64 for the seed 0.
        assert_eq!(SeededEntropy::new(0).next(), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn no_two_threads_draw_the_same_bytes() {
        let entropy = SeededEntropy::default();
        let mut drawn: Vec<u64> = thread::scope(|scope| {
            let draws = || (0..500).map(|_| entropy.next()).collect::<Vec<u64>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(draws)).collect();
            threads.into_iter().flat_map(|it| it.join().unwrap()).collect()
        });
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 2_000);
    }
}
