use std::time::Duration;

use super::Allowance;
use crate::budget::Rate;
use crate::time::Timestamp;

/// The generic cell rate algorithm in nanoseconds, since requests come faster than milliseconds pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    /// When all of the burst is there again.
    whole: u128,
}

impl Cell {
    /// One that is whole after so long.
    pub(crate) fn whole_after(wait: Duration, now: Timestamp) -> Self {
        Self { whole: nanos(now) + wait.as_nanos() }
    }

    /// Takes `cost` of the burst, if it is there; else when to come back.
    pub(crate) fn take(
        &mut self,
        rate: &Rate,
        cost: u32,
        now: Timestamp,
    ) -> Result<Allowance, Duration> {
        let (now, interval, burst) = (nanos(now), rate.interval.as_nanos(), rate.burst);
        let whole = self.whole.max(now) + interval * u128::from(cost);
        let most = now + interval * u128::from(burst);
        if whole > most {
            return Err(duration(whole - most));
        }
        self.whole = whole;
        let left = (most - whole).checked_div(interval).unwrap_or_default();
        let left = u32::try_from(left).unwrap_or(u32::MAX);
        Ok(Allowance { rate: *rate, left, reset: duration(whole - now) })
    }

    /// Takes `cost` whether it is there or not; debts end with one burst.
    pub(crate) fn charge(&mut self, rate: &Rate, cost: u32, now: Timestamp) {
        let (now, interval) = (nanos(now), rate.interval.as_nanos());
        let most = now + 2 * interval * u128::from(rate.burst);
        self.whole = (self.whole.max(now) + interval * u128::from(cost)).min(most);
    }

    /// When one more may come, if not now.
    pub(crate) fn wait(&self, rate: &Rate, now: Timestamp) -> Option<Duration> {
        let mut copy = *self;
        copy.take(rate, 1, now).err()
    }

    /// How much was taken and has not come back yet.
    pub(crate) fn taken(&self, rate: &Rate, now: Timestamp) -> u32 {
        let taken = self.whole.saturating_sub(nanos(now));
        let taken = taken.div_ceil(rate.interval.as_nanos().max(1));
        u32::try_from(taken).unwrap_or(u32::MAX)
    }

    /// When nothing is missing any more, in nanoseconds.
    pub(crate) const fn whole(&self) -> u128 {
        self.whole
    }
}

pub(super) fn nanos(at: Timestamp) -> u128 {
    u128::try_from(at.as_millis()).unwrap_or_default() * 1_000_000
}

fn duration(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    #[test]
    fn a_cell_grants_its_burst_and_then_its_rate() {
        let rate = Rate::per(100_000, Duration::from_secs(1));
        let mut cell = Cell::default();
        let granted = |cell: &mut Cell, now| {
            (0..200_000).filter(|_| cell.take(&rate, 1, now).is_ok()).count()
        };
        assert_eq!(granted(&mut cell, at(0)), 100_000);
        assert_eq!(granted(&mut cell, at(1)), 100, "faster than milliseconds");
        let wait = cell.take(&rate, 1, at(1)).unwrap_err();
        assert_eq!(wait, Duration::from_micros(10));
        let left = cell.take(&rate, 1, at(1_001)).unwrap();
        assert_eq!((left.left, left.reset.as_micros()), (99_999, 10));
    }

    #[test]
    fn debts_end_with_one_burst() {
        let rate = Rate::per(10, Duration::from_secs(1));
        let mut cell = Cell::default();
        cell.charge(&rate, 1_000, at(0));
        assert_eq!(cell.wait(&rate, at(0)), Some(Duration::from_millis(1_100)));
        assert_eq!(cell.wait(&rate, at(1_100)), None);
    }

    #[test]
    fn what_was_taken_comes_back_one_by_one() {
        let rate = Rate::per(10, Duration::from_secs(1));
        let mut cell = Cell::default();
        assert_eq!(cell.taken(&rate, at(0)), 0);
        assert!(cell.take(&rate, 3, at(0)).is_ok());
        let taken = [0, 1, 100, 299, 300].map(|millis| cell.taken(&rate, at(millis)));
        assert_eq!(taken, [3, 3, 2, 1, 0]);
        assert_eq!(Cell::whole_after(Duration::from_millis(250), at(0)).taken(&rate, at(0)), 3);
        assert_eq!(cell.taken(&Rate { burst: 1, interval: Duration::ZERO }, at(400)), 0);
    }
}
