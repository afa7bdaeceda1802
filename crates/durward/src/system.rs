use std::time::{SystemTime, UNIX_EPOCH};

use durward_core::{Clock, Entropy, Timestamp};

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "everyone else asks this clock")]
        let now = SystemTime::now();
        let epoch = Timestamp::from_millis(0);
        match now.duration_since(UNIX_EPOCH) {
            Ok(since) => epoch + since,
            Err(before) => epoch - before.duration(),
        }
    }
}

/// The randomness of the operating system (R-SE-01).
///
/// Where the system gives none, it panics: a failed request is better than a token that can be guessed.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        #[expect(clippy::disallowed_methods, reason = "everyone else asks this source")]
        let filled = getrandom::fill(buffer);
        filled.expect("the operating system gives randomness");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_in_this_century_and_does_not_stand_still_for_ever() {
        let (first, century) = (SystemClock.now(), Timestamp::from_millis(1_700_000_000_000));
        assert!(first > century && first < century + std::time::Duration::from_hours(876_600));
        while SystemClock.now() == first {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn no_two_draws_are_equal() {
        // R-SE-01
        let draw = || {
            let mut bytes = [0; 32];
            SystemEntropy.fill(&mut bytes);
            bytes
        };
        assert_ne!(draw(), draw());
        assert_ne!(draw(), [0; 32]);
    }
}
