//! The loop that empties the outbox: whoever runs the accounts runs it, too.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::accounts::{Accounts, Delivery};
use crate::pace::{Pace, Pass, guarded};
use crate::store::Store;

/// How a worker goes about its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long it waits before it looks for mails again: how late a mail may be.
    pub poll_interval: Duration,
    /// How long it waits at most while storage or mail server fail.
    pub max_back_off: Duration,
    /// How many mails it takes up in one pass.
    pub batch: u32,
    /// How long the mails in flight may take at shutdown; after that they are left to another worker.
    pub grace: Duration,
}

impl Default for Options {
    /// Looks every second, waits half a minute at most, takes 16 mails at once, and has 10 seconds to end.
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_secs(1),
            max_back_off: Duration::from_secs(30),
            batch: 16,
            grace: Duration::from_secs(10),
        }
    }
}

impl Options {
    fn pace(&self) -> Pace {
        let back_off = self.poll_interval.saturating_mul(2);
        let longest = self.max_back_off.max(self.poll_interval);
        Pace::new("deliver-mail", self.poll_interval, [back_off, longest])
    }
}

/// Delivers the mails of the outbox until `shutdown` is ready.
///
/// Any number of nodes may run any number of workers: each mail is leased to one of them. A worker that
/// dies, or whose future is dropped, loses no mail; one that was just accepted by the server may then be
/// delivered twice, under the same `Message-ID`.
///
/// It looks for mails at the interval of the options, give or take a quarter so that nodes spread, and
/// again at once as long as there are more. While every mail of a full pass fails, or the storage does, it
/// waits longer and longer. A failure of the storage is logged when it begins, changes and ends; what
/// becomes of each mail is logged by [`Accounts::deliver_mail`].
///
/// The future does all of the work itself. The host decides where it runs, and waits for it at shutdown:
///
/// ```
/// use durward_core::{Accounts, Store};
/// use durward_core::mail::worker;
///
/// # fn spawn(_: impl Future<Output = ()> + Send + 'static) {}
/// async fn serve<S: Store>(accounts: Accounts<S>, shutdown: impl Future<Output = ()> + Send + 'static) {
///     spawn(worker::run(accounts, worker::Options::default(), shutdown));
///     // ... serve requests until the process is told to end ...
/// }
/// ```
pub async fn run<S: Store>(
    accounts: Accounts<S>,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) {
    let mut shutdown = pin!(shutdown);
    let mut pace = options.pace();
    let store = &accounts.parts().store;
    let mut wait = Duration::ZERO;
    loop {
        let pause = pin!(store.pause(wait));
        if matches!(select(shutdown.as_mut(), pause).await, Either::Left(_)) {
            return;
        }
        let pass = pin!(guarded(Box::pin(accounts.deliver_mail(options.batch.max(1)))));
        let outcome = match select(pass, shutdown.as_mut()).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(((), in_flight)) => {
                let grace = pin!(store.pause(options.grace));
                if matches!(select(in_flight, grace).await, Either::Right(_)) {
                    tracing::warn!("shutdown did not wait for a slow mail; it will be tried again");
                }
                return;
            }
        };
        wait = accounts.spread(pace.pause_after(&outcome.map(judged)));
    }
}

fn judged(pass: Delivery) -> Pass {
    let Delivery { delivered, failed, dead, more } = pass;
    let count = u64::from(delivered) + u64::from(failed) + u64::from(dead);
    if !more || count == 0 {
        // Other workers may have taken what there was: nothing is gained by racing them.
        return Pass::Done(count);
    }
    // A fault of the server, not of the mails, if none got any further.
    if delivered == 0 && dead == 0 { Pass::InVain } else { Pass::More(count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: Options = Options {
        poll_interval: Duration::from_secs(1),
        max_back_off: Duration::from_secs(30),
        batch: 4,
        grace: Duration::from_secs(10),
    };

    fn pauses(passes: impl IntoIterator<Item = Delivery>) -> Vec<u64> {
        let mut pace = OPTIONS.pace();
        passes.into_iter().map(|pass| pace.pause_after(&Ok(judged(pass))).as_secs()).collect()
    }

    fn delivered(delivered: u32) -> Delivery {
        Delivery { delivered, more: delivered == OPTIONS.batch, ..Delivery::default() }
    }

    fn failed(failed: u32) -> Delivery {
        Delivery { failed, more: failed == OPTIONS.batch, ..Delivery::default() }
    }

    #[test]
    fn a_worker_that_left_mails_looks_again_at_once() {
        assert_eq!(pauses([delivered(4), delivered(4), delivered(1), delivered(0)]), [0, 0, 1, 1]);
    }

    #[test]
    fn a_server_that_refuses_everything_is_given_time() {
        let passes = [failed(4); 8].into_iter().chain([delivered(1), failed(4)]);
        assert_eq!(pauses(passes), [2, 4, 8, 16, 30, 30, 30, 30, 1, 2]);
    }

    #[test]
    fn one_bad_mail_does_not_slow_down_the_others() {
        let mixed = Delivery { delivered: 1, failed: 3, dead: 0, more: true };
        let dead = Delivery { delivered: 0, failed: 3, dead: 1, more: true };
        assert_eq!(pauses([mixed, dead]), [0, 0]);
        assert_eq!(pauses([failed(1), failed(1)]), [1, 1], "nor does it delay the next");
    }

    #[test]
    fn a_worker_that_others_overtook_does_not_race_them() {
        assert_eq!(pauses([Delivery { more: true, ..Delivery::default() }]), [1]);
    }
}
