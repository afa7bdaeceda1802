//! Budgets: how much may be tried, and when the next try has a chance.
//!
//! A budget is one number per name in the store, debited in a transaction of its own before anything is
//! verified, so that it survives a roll-back, a restart and a caller who hangs up (security decision 3).

use std::time::Duration;

use crate::secret::Digest;
use crate::time::Timestamp;

/// The name of a budget: a keyed digest of what it counts, so that the store learns no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BudgetKey(pub Digest);

/// A rate with a burst, held by the generic cell rate algorithm (GCRA).
///
/// The stored number is the theoretical arrival time: the moment at which the budget is whole again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many may come at once.
    pub burst: u32,
    /// How long one takes to be earned back.
    pub interval: Duration,
}

impl Rate {
    /// This many per period, all at once if need be.
    pub fn per(count: u32, period: Duration) -> Self {
        let count = count.max(1);
        Self { burst: count, interval: period / count }
    }

    /// How long all of it takes to be earned back.
    pub const fn period(&self) -> Duration {
        self.interval.saturating_mul(self.burst)
    }

    /// The latest theoretical arrival time at which one more is granted.
    ///
    /// A store grants a debit when `max(stored, now) <= now + burst * interval - interval`, and then
    /// stores `max(stored, now) + interval`.
    pub fn last_grant(&self, now: Timestamp) -> Timestamp {
        now + self.interval.saturating_mul(self.burst.saturating_sub(1))
    }
}

/// The answer to a debit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Debit {
    /// It may be tried.
    Granted,
    /// It may not; nothing was debited.
    Refused {
        /// When the next try has a chance.
        retry_after: Duration,
    },
}

/// How the delay between attempts grows with consecutive failures (R-TH-03).
///
/// Each entry reads: from this many failures on, wait this long after each. From
/// [`MAX_FAILURES`](Self::MAX_FAILURES) on nothing is tried any more, until the factor is bound anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays(pub [(u32, Duration); 4]);

impl Delays {
    /// How many consecutive failures disable a factor, over all flows and nodes (NIST SP 800-63B-4, 3.2.2;
    /// R-TH-01): that factor alone, since another one or a recovery code remains (R-TH-04).
    pub const MAX_FAILURES: u32 = 100;

    /// No delay at all, until too many failures disable the factor: for codes, whose own attempts are few.
    pub const NONE: Self = Self([(u32::MAX, Duration::ZERO); 4]);

    /// How long to wait after this many consecutive failures; for ever after too many.
    pub fn after(&self, failures: u32) -> Duration {
        if failures >= Self::MAX_FAILURES {
            return Duration::MAX;
        }
        let reached = self.0.iter().filter(|(from, _)| failures >= *from);
        reached.map(|(_, delay)| *delay).max().unwrap_or(Duration::ZERO)
    }

    /// Whether another attempt may come at `now`, after so many consecutive failures of which the last one was at
    /// `last`. A delay of nothing has always passed, whatever the clocks of two nodes say.
    pub fn allow(&self, failures: u32, last: Timestamp, now: Timestamp) -> bool {
        let delay = self.after(failures);
        delay.is_zero() || now >= last + delay
    }
}

impl Default for Delays {
    /// Five free attempts, then 2 seconds, 15 seconds from the 8th, 2 minutes from the 12th and 15 minutes
    /// from the 20th on.
    fn default() -> Self {
        Self([
            (5, Duration::from_secs(2)),
            (8, Duration::from_secs(15)),
            (12, Duration::from_mins(2)),
            (20, Duration::from_mins(15)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_at_their_boundaries() {
        // R-TH-03
        let delays = Delays::default();
        for (failures, seconds) in
            [(0, 0), (4, 0), (5, 2), (7, 2), (8, 15), (12, 120), (20, 900), (99, 900)]
        {
            assert_eq!(delays.after(failures), Duration::from_secs(seconds), "{failures}");
        }
        // R-TH-01
        assert_eq!(delays.after(100), Duration::MAX);
        assert_eq!(delays.after(u32::MAX), Duration::MAX);
        assert_eq!(Delays::NONE.after(99), Duration::ZERO);
        assert_eq!(Delays::NONE.after(100), Duration::MAX);
    }

    #[test]
    fn another_attempt_may_come_when_the_delay_has_passed() {
        // R-TH-01, R-TH-03
        let (delays, last) = (Delays::default(), Timestamp::from_millis(1_000_000));
        let allowed =
            |failures, millis| delays.allow(failures, last, Timestamp::from_millis(millis));
        assert!(allowed(4, 1_000_000) && allowed(4, 999_999), "nothing to wait for");
        assert!(!allowed(5, 1_001_999) && allowed(5, 1_002_000));
        assert!(!allowed(Delays::MAX_FAILURES, i64::MAX - 1));
    }

    #[test]
    fn a_rate_grants_its_burst_and_then_one_per_interval() {
        let rate = Rate::per(3, Duration::from_secs(30));
        let now = Timestamp::from_millis(1_000_000);
        let mut arrival = Timestamp::from_millis(0);
        let mut debit = |now: Timestamp| {
            let from = arrival.max(now);
            let granted = from <= rate.last_grant(now);
            if granted {
                arrival = from + rate.interval;
            }
            granted
        };
        assert_eq!([debit(now), debit(now), debit(now), debit(now)], [true, true, true, false]);
        let later = now + Duration::from_secs(10);
        assert_eq!([debit(later), debit(later)], [true, false]);
    }
}
