use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use durward_core::{Clock, Timestamp};

/// 2030-01-01T00:00:00Z: far from the present, so that a test that reads a real clock is found out.
const START: i64 = 1_893_456_000_000;

/// A clock that stands still until a test moves it; clones show the same time.
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<AtomicI64>);

impl FakeClock {
    /// A clock that shows this moment.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_millis())))
    }

    /// Moves on by this much.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    /// Shows this moment from now on, be it earlier or later.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }
}

impl Default for FakeClock {
    /// The first moment of the year 2030.
    fn default() -> Self {
        Self::at(Timestamp::from_millis(START))
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_until_it_is_moved() {
        let clock = FakeClock::default();
        let shared = clock.clone();
        assert_eq!(clock.now().to_string(), "2030-01-01T00:00:00.000Z");
        shared.advance(Duration::from_millis(1_500));
        assert_eq!(clock.now().to_string(), "2030-01-01T00:00:01.500Z");
        shared.set(Timestamp::from_millis(0));
        assert_eq!(clock.now(), Timestamp::from_millis(0));
    }
}
