use std::time::Duration;

use super::Accounts;
use crate::budget::{Debit, Rate};
use crate::entity::{LiveClient, RateLimit};
use crate::error::Error;
use crate::meter::{self, Allowance, Meter, Spender};
use crate::sharing::Sharing;
use crate::store::{BudgetsMut, Store};
use crate::time::Timestamp;

impl<S: Store> Accounts<S> {
    /// How much more a failed credential costs than a request.
    const FAILURE: u32 = 10;

    /// The rate of a client.
    pub fn rate_of(&self, client: &LiveClient<S::Attrs>) -> Rate {
        match client.rate_limit.map(RateLimit::get) {
            Some(per_second) => Rate::per(per_second, Duration::from_secs(1)),
            None => self.settings().limits.client_requests,
        }
    }

    /// Takes one request from a rate. [`Error::Throttled`] when there is none left, on this node or, as
    /// [`Sharing`] says, on all of them together: within a tenth, whoever serves how many.
    ///
    /// A [`RateLimiter`](crate::RateLimiter) that does not answer is no error: until it does, each node grants its
    /// share of the rate, by the number of nodes that [registered](Accounts::join_nodes).
    pub async fn spend(&self, spender: Spender, rate: &Rate) -> Result<Allowance, Error> {
        let now = self.now();
        let shared = self.meters().of(spender, now);
        let mut meter = shared.lock().await;
        match &self.parts().sharing {
            Sharing::Alone => meter.own.take(rate, 1, now).map_err(throttled),
            Sharing::Store | Sharing::Limiter(_) => {
                self.spend_leased(spender, &mut meter, rate, now).await
            }
        }
    }

    /// Whether a rate is used up, as far as this node knows; takes nothing. [`Error::Throttled`] if so.
    pub async fn check_rate(&self, spender: Spender, rate: &Rate) -> Result<(), Error> {
        let now = self.now();
        let shared = self.meters().of(spender, now);
        let meter = shared.lock().await;
        let wait = match &self.parts().sharing {
            Sharing::Alone => meter.own.wait(rate, now),
            Sharing::Store | Sharing::Limiter(_) => {
                Some(meter.refused_until.since(now)).filter(|wait| *wait > Duration::ZERO)
            }
        };
        wait.map_or(Ok(()), |wait| Err(throttled(wait)))
    }

    /// Takes what a failed credential costs more than a request that succeeds (GW-05).
    pub async fn charge_failure(&self, spender: Spender, rate: &Rate) {
        let now = self.now();
        let shared = self.meters().of(spender, now);
        let mut meter = shared.lock().await;
        match &self.parts().sharing {
            Sharing::Alone => meter.own.charge(rate, Self::FAILURE, now),
            Sharing::Store | Sharing::Limiter(_) => {
                meter.owed = (meter.owed + Self::FAILURE).min(rate.burst);
            }
        }
    }

    async fn spend_leased(
        &self,
        spender: Spender,
        meter: &mut Meter,
        rate: &Rate,
        now: Timestamp,
    ) -> Result<Allowance, Error> {
        if now < meter.refused_until {
            return Err(throttled(meter.refused_until.since(now)));
        }
        if now >= meter.until {
            meter.leased = 0;
        }
        let unleased = meter::unleased(rate).filter(|_| meter.owed == 0 && meter.leased == 0);
        if unleased.is_some_and(|part| meter.own.take(&part, 1, now).is_ok()) {
            return Ok(Allowance { rate: *rate, left: rate.burst, reset: rate.interval });
        }
        if meter.leased <= meter.owed {
            let size = (meter.owed + 1 - meter.leased).max(meter::batch(rate)).min(rate.burst);
            let batches = meter::in_batches(rate, size);
            match self.lease(spender, &batches, now).await? {
                None => return self.spend_share(meter, rate, now),
                Some(Debit::Granted) => {
                    meter.leased += size;
                    meter.until = now + meter::LEASE;
                }
                Some(Debit::Refused { retry_after }) => {
                    meter.refused_until = now + retry_after.max(Duration::from_millis(1));
                    return Err(throttled(retry_after));
                }
            }
        }
        let paid = meter.owed.min(meter.leased);
        meter.owed -= paid;
        meter.leased -= paid;
        if meter.leased == 0 {
            meter.refused_until = now + rate.interval.max(Duration::from_millis(1));
            return Err(throttled(rate.interval));
        }
        meter.leased -= 1;
        Ok(Allowance { rate: *rate, left: meter.leased, reset: meter.until.since(now) })
    }

    /// Takes one request, and what failures cost, from what this node may grant by itself.
    fn spend_share(
        &self,
        meter: &mut Meter,
        rate: &Rate,
        now: Timestamp,
    ) -> Result<Allowance, Error> {
        let share = meter::share(rate, self.count_nodes());
        meter.share.charge(&share, std::mem::take(&mut meter.owed), now);
        match meter.share.take(&share, 1, now) {
            Ok(allowance) => Ok(Allowance { rate: *rate, ..allowance }),
            Err(wait) => {
                meter.refused_until = now + wait.max(Duration::from_millis(1));
                Err(throttled(wait))
            }
        }
    }

    /// Leases a batch; `None` if whoever keeps the budgets is away.
    async fn lease(
        &self,
        spender: Spender,
        batches: &Rate,
        now: Timestamp,
    ) -> Result<Option<Debit>, Error> {
        let key = match spender {
            Spender::Client(id) => self.budget(&[b"client-requests", id.as_bytes()]),
            Spender::Network(network) => self.budget(&[b"caller-requests", &network.to_bytes()]),
        };
        let Sharing::Limiter(limiter) = &self.parts().sharing else {
            return unit!(self, |tx, _| Ok(Some(tx.debit_budget(key, batches, now).await?)));
        };
        if !self.meters().asks_limiter(now) {
            return Ok(None);
        }
        match limiter.debit(key, batches).await {
            Ok(debit) => {
                if self.meters().note_limiter(true, now) {
                    tracing::info!("the rate limiter answers again");
                }
                Ok(Some(debit))
            }
            Err(error) => {
                if self.meters().note_limiter(false, self.now()) {
                    tracing::warn!(%error, "the rate limiter is away: this node keeps to its share of the rates");
                }
                Ok(None)
            }
        }
    }
}

const fn throttled(retry_after: Duration) -> Error {
    Error::Throttled { retry_after }
}
