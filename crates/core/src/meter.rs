//! Meters: how many requests a client, or a caller without one, may still make; in memory, one per spender.
//!
//! Alone, a node counts by itself. Beside others it leases requests in small batches from the budgets of the
//! store or of a [`RateLimiter`](crate::RateLimiter), and spends only what it leased, so that all nodes together
//! keep to the rate. While a limiter is away, each node grants its share of the rate by itself.

mod cell;

use std::time::Duration;

use crate::budget::Rate;
use crate::ids::ClientId;
use crate::origin::Network;
use crate::time::Timestamp;

pub(crate) use cell::Cell;

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
    /// How many more may come at once, on all nodes together; as far as this one knows.
    pub left: u32,
    /// When all of it may come at once again.
    pub reset: Duration,
}

/// What a node knows of a spender.
#[derive(Debug)]
pub(crate) struct Meter {
    /// What this node counts by itself, as long as it is alone.
    pub(crate) own: Cell,
    /// What was granted before anything was leased, to be paid out of the next lease.
    pub(crate) advance: Cell,
    /// Requests that were leased and not spent yet.
    pub(crate) leased: u32,
    /// When the lease is over, spent or not: what is not used soon is not saved up.
    until: Timestamp,
    /// Requests that were served since something was leased, and when that was.
    served: (u32, Timestamp),
    /// What this node counts by itself while the limiter is away.
    pub(crate) share: Cell,
    /// What failures cost and nobody has paid yet.
    owed: u32,
    /// When that is forgotten.
    owed_until: Timestamp,
    /// Until when the store has nothing to lease.
    pub(crate) refused_until: Timestamp,
    /// The budget of all nodes, as the store last told it.
    pub(crate) budget: Cell,
}

impl Default for Meter {
    fn default() -> Self {
        let (never, cell) = (Timestamp::from_millis(0), Cell::default());
        Self {
            own: cell,
            advance: cell,
            leased: 0,
            until: never,
            served: (0, never),
            share: cell,
            owed: 0,
            owed_until: never,
            refused_until: never,
            budget: cell,
        }
    }
}

impl Meter {
    /// How long failures are remembered that nobody paid, at least: each node may forget one of them as often.
    const REMEMBERED: Duration = Duration::from_mins(1);

    /// When nothing would be different without it, in nanoseconds: the later, the more is owed.
    pub(crate) fn idle_from(&self) -> u128 {
        let cells = [self.own, self.advance, self.share].map(|cell| cell.whole());
        let times = [self.until, self.owed_until, self.refused_until].map(cell::nanos);
        cells.into_iter().chain(times).max().unwrap_or_default()
    }

    /// What failures cost and nobody has paid yet.
    pub(crate) fn owed(&self, now: Timestamp) -> u32 {
        if now < self.owed_until { self.owed } else { 0 }
    }

    /// Owes so much more; debts end with one burst.
    pub(crate) fn owe(&mut self, rate: &Rate, cost: u32, now: Timestamp) {
        self.owed = (self.owed(now) + cost).min(rate.burst);
        let window = rate.period();
        self.owed_until = now + Self::REMEMBERED.max(window.saturating_mul(2));
    }

    /// Owes nothing any more; answers what it was.
    pub(crate) fn settle(&mut self, now: Timestamp) -> u32 {
        let owed = self.owed(now);
        (self.owed, self.owed_until) = (0, Timestamp::from_millis(0));
        owed
    }

    /// Leaves what is leased when its time is over.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        if now >= self.until {
            self.leased = 0;
        }
    }

    /// Serves a request.
    pub(crate) const fn serve(&mut self) {
        self.served.0 = self.served.0.saturating_add(1);
    }

    /// How many requests to lease: what came lately in half the time of a lease, so that little is lost when it is over
    /// on whichever of many nodes; and a part of what comes on all of them at most.
    pub(crate) fn demand(&self, rate: &Rate, now: Timestamp) -> u32 {
        let (served, since) = self.served;
        let passed = now.since(since).as_millis().max(1);
        let expected = u128::from(served) * (LEASE.as_millis() / 2) / passed;
        u32::try_from(expected).unwrap_or(u32::MAX).clamp(1, batch(rate))
    }

    /// Has leased so many more.
    pub(crate) fn lease(&mut self, rate: &Rate, size: u32, now: Timestamp) {
        self.budget.charge(rate, size, now);
        self.leased += size;
        self.until = now + LEASE;
        self.served = (0, now);
    }

    /// Pays what is owed and what was advanced, out of what is leased.
    pub(crate) fn pay(&mut self, advanced: u32, now: Timestamp) {
        self.leased -= advanced.min(self.leased);
        self.advance = Cell::default();
        let owed = self.settle(now);
        let paid = owed.min(self.leased);
        self.leased -= paid;
        if paid < owed {
            self.owed = owed - paid;
            self.owed_until = now + Self::REMEMBERED;
        }
    }

    /// What is left of the rate on all nodes together, as far as this one knows.
    pub(crate) fn allowance(&self, rate: &Rate, advanced: u32, now: Timestamp) -> Allowance {
        let used = self.budget.taken(rate, now).saturating_sub(self.leased);
        let used = used.saturating_add(advanced).saturating_add(self.owed(now)).min(rate.burst);
        let reset = rate.interval.saturating_mul(used);
        Allowance { rate: *rate, left: rate.burst - used, reset }
    }
}

/// Which part of a rate a node leases at once, and how long it keeps it.
const PART: u32 = 32;
const LEASE: Duration = Duration::from_secs(1);

/// How many requests are leased at once, unless more are owed: a part of what comes in the time of a lease.
fn batch(rate: &Rate) -> u32 {
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

/// The small part of a rate that each of so many nodes advances before it leases anything, so that a few requests
/// of many callers cost no write: a fiftieth, of all nodes together no more than a twentieth.
///
/// It is paid out of the next lease. Where none follows, it is forgotten: so slowly that all nodes together give away
/// a fiftieth of the rate, and that even 250 that do not know of each other stay within a tenth.
pub(crate) fn advance(rate: &Rate, nodes: u32) -> Option<Rate> {
    let burst = rate.burst / nodes.saturating_mul(20).max(50);
    let forgotten = nodes.max(50).saturating_mul(50);
    (burst > 0).then(|| Rate { burst, interval: rate.interval.saturating_mul(forgotten) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
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
    fn the_advances_of_all_nodes_are_a_twentieth_at_once_and_a_fiftieth_for_ever() {
        for count in [5, 49, 50, 100, 6_000, 1_000_000] {
            let rate = Rate::per(count, Duration::from_mins(1));
            for nodes in [1, 2, 5, 12, 50, 1_000] {
                let Some(part) = advance(&rate, nodes) else { continue };
                assert!(part.burst * nodes <= count / 20, "{count} on {nodes}: {part:?}");
                assert!(part.interval / nodes >= rate.interval * 50, "{count} on {nodes}");
            }
        }
        assert_eq!(advance(&Rate::per(49, Duration::from_secs(1)), 1), None);
        assert_eq!(advance(&Rate::per(100, Duration::from_secs(1)), 12), None);
    }

    #[test]
    fn what_failures_cost_is_owed_until_it_is_paid_or_forgotten() {
        let rate = Rate::per(100, Duration::from_secs(1));
        let mut meter = Meter::default();
        meter.owe(&rate, 10, at(0));
        meter.owe(&rate, 10, at(0));
        assert_eq!([0, 59_999, 60_000].map(|millis| meter.owed(at(millis))), [20, 20, 0]);
        meter.leased = 25;
        meter.pay(2, at(1));
        assert_eq!((meter.owed(at(1)), meter.leased), (0, 3));
        meter.owe(&rate, 1_000, at(1));
        assert_eq!(meter.owed(at(1)), 100);
        meter.pay(0, at(1));
        assert_eq!((meter.owed(at(1)), meter.leased), (97, 0));
    }
}
