use super::Accounts;
use crate::budget::Rate;
use crate::error::Error;
use crate::event::Event;
use crate::meter::Spender;
use crate::origin::Origin;
use crate::overruns::Overrun;
use crate::store::{Clients, Store};
use crate::time::Timestamp;

impl<S: Store> Accounts<S> {
    /// Passes on what a rate said, and remembers who ran into it (R-LG-01).
    pub(super) fn noting<T>(
        &self,
        spender: Spender,
        rate: &Rate,
        now: Timestamp,
        answer: Result<T, Error>,
    ) -> Result<T, Error> {
        if matches!(answer, Err(Error::Throttled { .. })) {
            self.metrics().limited(spender);
            self.overruns().note(spender, rate, now);
        }
        answer
    }

    /// Writes down, for at most so many, who ran into a rate on this node; answers for how many.
    pub(super) async fn note_overruns(&self, limit: u32) -> Result<u64, Error> {
        let taken = self.overruns().take(usize::try_from(limit).unwrap_or(usize::MAX), self.now());
        let count = taken.len() as u64;
        let mut failed = Ok(count);
        for (spender, overrun) in taken {
            if failed.is_ok()
                && let Err(error) = self.note_overrun(spender, overrun).await
            {
                failed = Err(error);
            }
            if failed.is_err() {
                self.overruns().put_back(spender, overrun);
            }
        }
        failed
    }

    async fn note_overrun(&self, spender: Spender, overrun: Overrun) -> Result<(), Error> {
        let Overrun { rate, refused, since } = overrun;
        let written = unit!(self, |tx| {
            let (mut origin, mut owner) = (Origin::default(), None);
            match spender {
                Spender::Network(network) => origin.ip = network.address(),
                Spender::Client(id) => {
                    let Some(client) = tx.client(id).await? else { return Ok(()) };
                    (origin.client, owner) = (Some(id), Some(client.owner));
                }
            }
            let event = Event::RateExceeded { spender, owner, rate, refused, since };
            self.record(tx, &event, &origin).await
        });
        match written {
            Ok(()) | Err(Error::Vetoed(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
