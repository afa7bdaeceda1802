//! Meters: how many requests a client, or a caller without one, may still make; in memory, one per spender.
//!
//! Alone, a node counts by itself. Beside others it leases requests in small batches from the budgets of the
//! store or of a [`RateLimiter`](crate::RateLimiter), and spends only what it leased, so that all nodes together
//! keep to the rate. While a limiter is away, each node grants its share of the rate by itself.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::budget::Rate;
use crate::ids::ClientId;
use crate::origin::Network;
use crate::time::Timestamp;

/// Whose requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spender {
    /// A client.
    Client(ClientId),
    /// Whoever comes from this network without one.
    Network(Network),
}

/// What is left of a rate after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The rate.
    pub rate: Rate,
    /// How many more may come at once; of what this node knows.
    pub left: u32,
    /// When all of it may come at once again.
    pub reset: Duration,
}

/// The generic cell rate algorithm in nanoseconds, since requests come faster than milliseconds pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    /// When all of the burst is there again.
    whole: u128,
}

/// What a node knows of a spender.
#[derive(Debug)]
pub(crate) struct Meter {
    /// What this node counts by itself: everything when it is alone, else the little that needs no lease.
    pub(crate) own: Cell,
    /// Requests that were leased and not spent yet.
    pub(crate) leased: u32,
    /// When the lease is over, spent or not: what is not used soon is not saved up.
    pub(crate) until: Timestamp,
    /// What this node counts by itself while the limiter is away.
    pub(crate) share: Cell,
    /// What failures cost and nobody has paid yet.
    pub(crate) owed: u32,
    /// Until when the store has nothing to lease.
    pub(crate) refused_until: Timestamp,
}

pub(crate) type SharedMeter = Arc<futures_util::lock::Mutex<Meter>>;

/// The meters of a node.
pub(crate) struct Meters {
    shards: [Mutex<HashMap<Spender, SharedMeter>>; Self::SHARDS],
    /// When the limiter, which did not answer, is asked again.
    away_until: Mutex<Option<Timestamp>>,
}

impl Cell {
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
}

impl Default for Meter {
    fn default() -> Self {
        let never = Timestamp::from_millis(0);
        let (own, share) = (Cell::default(), Cell::default());
        Self { own, leased: 0, until: never, share, owed: 0, refused_until: never }
    }
}

impl Meter {
    /// Whether nothing would be different without it.
    fn is_idle(&self, now: Timestamp) -> bool {
        self.own.whole.max(self.share.whole) <= nanos(now)
            && self.until <= now
            && self.owed == 0
            && self.refused_until <= now
    }
}

impl Meters {
    const SHARDS: usize = 16;
    /// How many a shard holds before it looks for idle ones.
    const MANY: usize = 4_096;

    pub(crate) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), away_until: Mutex::default() }
    }

    fn shard_of(spender: Spender) -> usize {
        let sum = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum ^ usize::from(*byte));
        let sum = match spender {
            Spender::Client(id) => sum(id.as_bytes()),
            Spender::Network(network) => sum(&network.to_bytes()),
        };
        (sum ^ (sum >> 4)) % Self::SHARDS
    }

    /// The meter of this spender.
    pub(crate) fn of(&self, spender: Spender, now: Timestamp) -> SharedMeter {
        let mut meters =
            self.shards[Self::shard_of(spender)].lock().unwrap_or_else(PoisonError::into_inner);
        if meters.len() >= Self::MANY && !meters.contains_key(&spender) {
            meters.retain(|_, meter| meter.try_lock().is_none_or(|meter| !meter.is_idle(now)));
            // Whoever comes from so many networks at once is not stopped by counting them.
            if meters.len() >= Self::MANY {
                meters.clear();
            }
        }
        Arc::clone(meters.entry(spender).or_default())
    }
}

impl Meters {
    /// How long a limiter that did not answer is left alone.
    const LEFT_ALONE: Duration = Duration::from_secs(1);

    /// Whether the limiter is to be asked. One that did not answer is asked by one request a second, so that the
    /// others need not wait for it.
    pub(crate) fn asks_limiter(&self, now: Timestamp) -> bool {
        let mut away = self.away_until();
        match *away {
            Some(until) if now < until => false,
            Some(_) => {
                *away = Some(now + Self::LEFT_ALONE);
                true
            }
            None => true,
        }
    }

    /// Notes whether the limiter answered; and says whether that is news.
    pub(crate) fn note_limiter(&self, answered: bool, now: Timestamp) -> bool {
        let mut away = self.away_until();
        let is_news = away.is_none() != answered;
        *away = (!answered).then(|| now + Self::LEFT_ALONE);
        is_news
    }

    fn away_until(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.away_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}

/// Which part of a rate a node leases at once, and how long it keeps it.
pub(crate) const PART: u32 = 32;
pub(crate) const LEASE: Duration = Duration::from_secs(1);

/// How many requests are leased at once, at least: a part of what comes in the time of a lease, so that little
/// is lost when it is over.
pub(crate) fn batch(rate: &Rate) -> u32 {
    let earned = LEASE.as_nanos().checked_div(rate.interval.as_nanos()).unwrap_or_default();
    let earned = u32::try_from(earned).unwrap_or(u32::MAX).min(rate.burst);
    earned.div_ceil(PART).max(1)
}

/// The rate of batches of this size, on the same budget as the rate of single requests.
pub(crate) fn in_batches(rate: &Rate, size: u32) -> Rate {
    let size = size.max(1);
    Rate { burst: (rate.burst / size).max(1), interval: rate.interval.saturating_mul(size) }
}

/// The part of a rate that each of so many nodes may grant by itself; one request at least.
pub(crate) fn share(rate: &Rate, nodes: u32) -> Rate {
    let nodes = nodes.max(1);
    Rate { burst: (rate.burst / nodes).max(1), interval: rate.interval.saturating_mul(nodes) }
}

/// The small part of a rate that a node grants before it leases anything, so that a few requests of many callers
/// cost no write.
pub(crate) fn unleased(rate: &Rate) -> Option<Rate> {
    const SHARE: u32 = 50;
    let burst = rate.burst / SHARE;
    (burst > 0).then(|| Rate { burst, interval: rate.interval.saturating_mul(SHARE) })
}

fn nanos(at: Timestamp) -> u128 {
    u128::try_from(at.as_millis()).unwrap_or_default() * 1_000_000
}

fn duration(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;

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
    fn the_shares_of_all_nodes_are_the_rate() {
        let rate = Rate::per(100, Duration::from_secs(1));
        assert_eq!(share(&rate, 0), rate);
        assert_eq!(share(&rate, 1), rate);
        assert_eq!(share(&rate, 4), Rate::per(25, Duration::from_secs(1)));
        let few = Rate::per(1, Duration::from_secs(1));
        assert_eq!(share(&few, 4), Rate { burst: 1, interval: Duration::from_secs(4) });
    }

    #[test]
    fn a_limiter_that_is_away_is_asked_once_a_second() {
        let meters = Meters::new();
        assert!(meters.asks_limiter(at(0)) && meters.asks_limiter(at(0)));
        assert!(!meters.note_limiter(true, at(0)));
        assert!(meters.note_limiter(false, at(0)), "news");
        assert!(!meters.note_limiter(false, at(0)), "no news");
        assert!(!meters.asks_limiter(at(999)));
        assert!(meters.asks_limiter(at(1_000)));
        assert!(!meters.asks_limiter(at(1_000)), "another one asks");
        assert!(meters.asks_limiter(at(2_000)), "that one never came back");
        assert!(meters.note_limiter(true, at(2_000)));
        assert!(meters.asks_limiter(at(2_000)) && meters.asks_limiter(at(2_000)));
    }

    #[test]
    fn the_meters_of_a_node_are_bounded() {
        let meters = Meters::new();
        for n in 0..200_000_u32 {
            let ip = Some(std::net::IpAddr::from(n.to_be_bytes()));
            let network = Origin { ip, ..Origin::default() }.network();
            meters.of(Spender::Network(network), at(0));
        }
        let held: usize = meters.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(held <= Meters::SHARDS * Meters::MANY, "{held}");
    }
}
