use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::budget::Rate;
use crate::meter::Spender;
use crate::time::Timestamp;

/// Requests of one spender that a node refused because a rate was used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overrun {
    /// The rate.
    pub(crate) rate: Rate,
    /// How many were refused.
    pub(crate) refused: u64,
    /// When the first of them was.
    pub(crate) since: Timestamp,
}

/// What is known of a spender.
#[derive(Default)]
struct Noted {
    /// What is not written down yet.
    open: Option<Overrun>,
    /// Until when nothing more is written down.
    quiet_until: Option<Timestamp>,
}

/// Who ran into a rate on this node, until that is written down: never in a request, and of nobody more than once in a
/// while, so that a flood does not fill the log.
#[derive(Default)]
pub(crate) struct Overruns(Mutex<HashMap<Spender, Noted>>);

impl Overruns {
    /// How long nothing more is written of a spender.
    pub(crate) const QUIET: Duration = Duration::from_mins(1);
    /// How many networks are remembered at most, since strangers decide how many there are; and how many clients.
    const MOST: [usize; 2] = [256, 16_384];

    pub(crate) fn note(&self, spender: Spender, rate: &Rate, at: Timestamp) {
        let mut noted = self.held();
        if !noted.contains_key(&spender) {
            let is_client = |spender: &Spender| matches!(spender, Spender::Client(_));
            let client = is_client(&spender);
            let most = Self::MOST[usize::from(client)];
            if noted.len() >= most
                && noted.keys().filter(|other| is_client(other) == client).count() >= most
            {
                return;
            }
        }
        let open = &mut noted.entry(spender).or_default().open;
        let first = Overrun { rate: *rate, refused: 0, since: at };
        let overrun = open.get_or_insert(first);
        overrun.refused += 1;
    }

    /// Takes so many of those that may be written down, and forgets who has been quiet.
    pub(crate) fn take(&self, limit: usize, now: Timestamp) -> Vec<(Spender, Overrun)> {
        let mut noted = self.held();
        let is_due = |it: &Noted| it.quiet_until.is_none_or(|until| until <= now);
        noted.retain(|_, it| it.open.is_some() || !is_due(it));
        let due = noted.iter_mut().filter(|(_, it)| it.open.is_some() && is_due(it)).take(limit);
        due.filter_map(|(spender, it)| {
            it.quiet_until = Some(now + Self::QUIET);
            Some((*spender, it.open.take()?))
        })
        .collect()
    }

    /// Remembers again what could not be written.
    pub(crate) fn put_back(&self, spender: Spender, overrun: Overrun) {
        let mut noted = self.held();
        let noted = noted.entry(spender).or_default();
        let refused = overrun.refused + noted.open.map_or(0, |later| later.refused);
        *noted = Noted { open: Some(Overrun { refused, ..overrun }), quiet_until: None };
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Spender, Noted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Overruns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overruns").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ClientId;
    use crate::origin::Origin;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + seconds * 1_000)
    }

    #[test]
    fn a_spender_is_told_of_once_a_minute() {
        let (overruns, rate) = (Overruns::default(), Rate::per(1, Duration::from_secs(1)));
        let client = Spender::Client(ClientId::from_bytes([1; 16]));
        let told = |refused, since| vec![(client, Overrun { rate, refused, since: at(since) })];
        overruns.note(client, &rate, at(0));
        overruns.note(client, &rate, at(1));
        assert_eq!(overruns.take(9, at(1)), told(2, 0));
        assert_eq!(overruns.take(9, at(1)), []);
        overruns.note(client, &rate, at(2));
        assert_eq!(overruns.take(9, at(60)), []);
        assert_eq!(overruns.take(9, at(61)), told(1, 2));
        let [(_, overrun)] = told(1, 2)[..] else { return };
        overruns.note(client, &rate, at(62));
        overruns.put_back(client, overrun);
        assert_eq!(overruns.take(9, at(63)), told(2, 2));
        assert_eq!(overruns.take(9, at(200)), []);
        assert!(overruns.held().is_empty(), "forgotten");
    }

    #[test]
    fn a_flood_from_many_networks_leaves_room_for_clients() {
        let (overruns, rate) = (Overruns::default(), Rate::per(1, Duration::from_secs(1)));
        for n in 0..10_000_u32 {
            let ip = Some(std::net::IpAddr::from(n.to_be_bytes()));
            let network = Origin { ip, ..Origin::default() }.network();
            overruns.note(Spender::Network(network), &rate, at(0));
        }
        overruns.note(Spender::Client(ClientId::from_bytes([1; 16])), &rate, at(0));
        assert_eq!(overruns.take(100_000, at(0)).len(), 257);
    }
}
