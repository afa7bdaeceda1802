use std::time::Duration;

use super::Accounts;
use crate::budget::{Debit, Rate};
use crate::entity::{LiveClient, RateLimit};
use crate::error::Error;
use crate::meter::{self, Allowance, Cell, Meter, Spender};
use crate::sharing::Sharing;
use crate::store::{BudgetsMut, Store};
use crate::time::Timestamp;

impl<S: Store> Accounts<S> {
    /// How much more a failed credential costs than a request.
    const FAILURE: u32 = 10;

    /// The rate of a client: its own, as far as the deployment allows it by now, or the standard one.
    pub fn rate_of(&self, client: &LiveClient<S::Attrs>) -> Rate {
        let limits = &self.settings().limits;
        match client.rate_limit.map(RateLimit::get) {
            Some(own) => Rate::per(own.min(limits.client_rate), Duration::from_secs(1)),
            None => limits.client_requests,
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
        let spent = match &self.parts().sharing {
            Sharing::Alone => meter.own.take(rate, 1, now).map_err(|wait| throttled(wait, rate)),
            Sharing::Store | Sharing::Limiter(_) => {
                self.spend_leased(spender, &mut meter, rate, now).await
            }
        };
        self.noting(spender, rate, now, spent)
    }

    /// Whether a rate is used up; takes nothing but what failures cost. [`Error::Throttled`] if so.
    ///
    /// It asks nobody, unless failures were [charged](Self::charge_failure) on this node and not paid yet.
    pub async fn check_rate(&self, spender: Spender, rate: &Rate) -> Result<(), Error> {
        let now = self.now();
        let shared = self.meters().of(spender, now);
        let mut meter = shared.lock().await;
        let checked = match &self.parts().sharing {
            Sharing::Alone => {
                meter.own.wait(rate, now).map_or(Ok(()), |wait| Err(throttled(wait, rate)))
            }
            Sharing::Store | Sharing::Limiter(_) => {
                self.check_leased(spender, &mut meter, rate, now).await
            }
        };
        self.noting(spender, rate, now, checked)
    }

    /// Takes what a failed credential costs more than a request that succeeds (GW-05): before the next request is
    /// looked at.
    pub async fn charge_failure(&self, spender: Spender, rate: &Rate) {
        let now = self.now();
        let shared = self.meters().of(spender, now);
        let mut meter = shared.lock().await;
        match &self.parts().sharing {
            Sharing::Alone => meter.own.charge(rate, Self::FAILURE, now),
            Sharing::Store | Sharing::Limiter(_) => meter.owe(rate, Self::FAILURE, now),
        }
    }

    async fn check_leased(
        &self,
        spender: Spender,
        meter: &mut Meter,
        rate: &Rate,
        now: Timestamp,
    ) -> Result<(), Error> {
        is_refused(meter, rate, now)?;
        if meter.owed(now) == 0 {
            return Ok(());
        }
        match self.cover(spender, meter, rate, now).await? {
            Cover::Leased => Ok(()),
            Cover::Share(share) => {
                let wait = meter.share.wait(&share, now);
                wait.map_or(Ok(()), |wait| Err(refuse(meter, rate, wait, now)))
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
        is_refused(meter, rate, now)?;
        meter.expire(now);
        if let Some(part) = meter::advance(rate, self.count_nodes())
            && meter.owed(now) == 0
            && meter.leased == 0
            && meter.advance.take(&part, 1, now).is_ok()
        {
            meter.serve();
            return Ok(meter.allowance(rate, meter.advance.taken(&part, now), now));
        }
        match self.cover(spender, meter, rate, now).await? {
            Cover::Leased => {
                meter.leased -= 1;
                meter.serve();
                Ok(meter.allowance(rate, 0, now))
            }
            Cover::Share(share) => match meter.share.take(&share, 1, now) {
                Ok(allowance) => Ok(Allowance { rate: *rate, ..allowance }),
                Err(wait) => Err(refuse(meter, rate, wait, now)),
            },
        }
    }

    /// Pays what is owed and what was advanced, and sees to it that one request more is leased.
    async fn cover(
        &self,
        spender: Spender,
        meter: &mut Meter,
        rate: &Rate,
        now: Timestamp,
    ) -> Result<Cover, Error> {
        meter.expire(now);
        let nodes = self.count_nodes();
        let advanced =
            meter::advance(rate, nodes).map_or(0, |part| meter.advance.taken(&part, now));
        let due = meter.owed(now).saturating_add(advanced);
        if meter.leased <= due {
            let size = (due + 1 - meter.leased).max(meter.demand(rate, now)).min(rate.burst);
            let batches = meter::in_batches(rate, size);
            match self.lease(spender, &batches, now).await? {
                None => {
                    let share = meter::share(rate, nodes);
                    let owed = meter.settle(now);
                    meter.share.charge(&share, owed, now);
                    return Ok(Cover::Share(share));
                }
                Some(Debit::Granted) => meter.lease(rate, size, now),
                Some(Debit::Refused { retry_after }) => {
                    let missing = batches.last_grant(now).since(now) + retry_after;
                    meter.budget = Cell::whole_after(missing, now);
                    return Err(refuse(meter, rate, retry_after, now));
                }
            }
        }
        meter.pay(advanced, now);
        if meter.leased == 0 {
            Err(refuse(meter, rate, rate.interval, now))
        } else {
            Ok(Cover::Leased)
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
            return unit!(self, |tx| Ok(Some(tx.debit_budget(key, batches, now).await?)));
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
                self.metrics().limiter_failures.increment(1);
                if self.meters().note_limiter(false, self.now()) {
                    tracing::warn!(%error, "the rate limiter is away: this node keeps to its share of the rates");
                }
                Ok(None)
            }
        }
    }
}

/// Out of what the next request is served.
enum Cover {
    /// What this node leased: one at least.
    Leased,
    /// What it may grant by itself, since whoever keeps the budgets is away.
    Share(Rate),
}

fn is_refused(meter: &Meter, rate: &Rate, now: Timestamp) -> Result<(), Error> {
    if now < meter.refused_until {
        return Err(throttled(meter.refused_until.since(now), rate));
    }
    Ok(())
}

/// Asks nobody until then.
fn refuse(meter: &mut Meter, rate: &Rate, wait: Duration, now: Timestamp) -> Error {
    let wait = wait.max(Duration::from_millis(1));
    meter.refused_until = now + wait;
    throttled(wait, rate)
}

const fn throttled(retry_after: Duration, rate: &Rate) -> Error {
    Error::Throttled { retry_after, rate: *rate }
}
