//! The meters of a node, as many as it can hold.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::meter::{Meter, Spender};
use crate::time::Timestamp;

pub(crate) type SharedMeter = Arc<futures_util::lock::Mutex<Meter>>;

type Shard = HashMap<Spender, SharedMeter>;

/// The meters of a node.
pub(crate) struct Meters {
    clients: [Mutex<Shard>; Self::SHARDS],
    /// Apart, since strangers decide how many there are.
    networks: [Mutex<Shard>; Self::SHARDS],
    /// When the limiter, which did not answer, is asked again.
    away_until: Mutex<Option<Timestamp>>,
}

impl Meters {
    const SHARDS: usize = 16;
    /// How many a shard holds before it looks for some that may go.
    const MANY: usize = 4_096;

    pub(crate) fn new() -> Self {
        Self {
            clients: std::array::from_fn(|_| Mutex::default()),
            networks: std::array::from_fn(|_| Mutex::default()),
            away_until: Mutex::default(),
        }
    }

    fn shard_of(&self, spender: Spender) -> MutexGuard<'_, Shard> {
        let sum = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum ^ usize::from(*byte));
        let (shards, sum) = match spender {
            Spender::Client(id) => (&self.clients, sum(id.as_bytes())),
            Spender::Network(network) => (&self.networks, sum(&network.to_bytes())),
        };
        shards[(sum ^ (sum >> 4)) % Self::SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The meter of this spender.
    pub(crate) fn of(&self, spender: Spender, now: Timestamp) -> SharedMeter {
        let mut meters = self.shard_of(spender);
        if meters.len() >= Self::MANY && !meters.contains_key(&spender) {
            make_room(&mut meters, now);
        }
        Arc::clone(meters.entry(spender).or_default())
    }
}

/// Forgets those who owe nothing and, where that is not enough, those who owe the least: whoever comes from very many
/// networks is not forgiven what he owes by that.
fn make_room(meters: &mut Shard, now: Timestamp) {
    let idle_from = |meter: &SharedMeter| meter.try_lock().map_or(u128::MAX, |it| it.idle_from());
    let now = u128::try_from(now.as_millis()).unwrap_or_default() * 1_000_000;
    meters.retain(|_, meter| idle_from(meter) > now);
    let most = Meters::MANY / 4 * 3;
    let excess = meters.len().saturating_sub(most);
    if excess == 0 {
        return;
    }
    let mut all: Vec<_> = meters.iter().map(|(spender, it)| (idle_from(it), *spender)).collect();
    all.select_nth_unstable(excess - 1);
    for (_, spender) in &all[..excess] {
        meters.remove(spender);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Rate;
    use crate::ids::ClientId;
    use crate::origin::Origin;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    fn network(n: u32) -> Spender {
        let ip = Some(std::net::IpAddr::from(n.to_be_bytes()));
        Spender::Network(Origin { ip, ..Origin::default() }.network())
    }

    fn hold(meters: &Meters, spender: Spender, count: u32) -> bool {
        let rate = Rate::per(100, Duration::from_mins(1));
        let shared = meters.of(spender, at(0));
        let mut meter = shared.try_lock().unwrap();
        meter.own.take(&rate, count, at(0)).is_ok()
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
        for n in 0..100_000 {
            meters.of(network(n), at(0));
        }
        let held: usize = meters.networks.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(held <= Meters::SHARDS * Meters::MANY, "{held}");
    }

    #[test]
    fn whoever_comes_from_very_many_networks_is_forgiven_nothing_and_resets_nobody() {
        // GW-18, R-TH-05
        let meters = Meters::new();
        let client = Spender::Client(ClientId::from_bytes([1; 16]));
        assert!(hold(&meters, client, 100) && hold(&meters, network(0), 100));
        for n in 1..100_000 {
            assert!(hold(&meters, network(n), 1), "{n}");
        }
        assert!(!hold(&meters, client, 1), "the meter of a client");
        assert!(!hold(&meters, network(0), 1), "the one that owes the most");
    }
}
