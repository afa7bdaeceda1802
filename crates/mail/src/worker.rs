//! The worker that empties the outbox.

use std::error::Error as StdError;
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::time::Duration;

use durward_core::accounts::Delivery;
use durward_core::{Accounts, Error, Store};
use tokio::time::{sleep, timeout};

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
/// use durward_mail::worker::{self, Options};
///
/// async fn serve<S: Store>(accounts: Accounts<S>) -> Result<(), tokio::task::JoinError> {
///     let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
///     let shutdown = async { stopped.await.unwrap_or_default() };
///     let worker = tokio::spawn(worker::run(accounts, Options::default(), shutdown));
///     // ... serve requests until the process is told to end ...
///     drop(stop);
///     worker.await
/// }
/// ```
pub async fn run<S: Store>(
    accounts: Accounts<S>,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) {
    let accounts = &accounts;
    let batch = options.batch.max(1);
    repeat(|| accounts.deliver_mail(batch), options, shutdown).await;
}

async fn repeat<F>(
    mut pass: impl FnMut() -> F,
    options: Options,
    shutdown: impl Future<Output = ()>,
) where
    F: Future<Output = Result<Delivery, Error>>,
{
    let mut shutdown = pin!(shutdown);
    let mut pace = Pace::new(options);
    let mut wait = Duration::ZERO;
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            () = sleep(wait) => {}
        }
        let mut running = pin!(pass());
        let outcome = tokio::select! {
            biased;
            outcome = &mut running => outcome,
            () = &mut shutdown => {
                if timeout(options.grace, running).await.is_err() {
                    tracing::warn!("shutdown did not wait for a slow mail; it will be tried again");
                }
                return;
            }
        };
        wait = pace.wait_after(outcome);
    }
}

/// When to look for mails again.
struct Pace {
    options: Options,
    /// Passes in a row that came to nothing.
    failures: u32,
    trouble: Option<String>,
}

impl Pace {
    const SHORTEST: Duration = Duration::from_millis(10);

    const fn new(options: Options) -> Self {
        Self { options, failures: 0, trouble: None }
    }

    fn wait_after(&mut self, outcome: Result<Delivery, Error>) -> Duration {
        match outcome {
            Ok(pass) => {
                if self.trouble.take().is_some() {
                    tracing::info!("the outbox can be read again");
                }
                let failed_only = pass.failed > 0 && pass.delivered == 0 && pass.dead == 0;
                if pass.more && failed_only {
                    // A fault of the server, not of the mails; the next ones would only fail too.
                    return self.back_off();
                }
                self.failures = 0;
                let did_something = pass.delivered > 0 || pass.failed > 0 || pass.dead > 0;
                if pass.more && did_something {
                    Duration::ZERO
                } else {
                    jittered(self.poll_interval())
                }
            }
            Err(error) => {
                let text = with_causes(&error);
                if self.trouble.as_ref() == Some(&text) {
                    tracing::debug!(error = text, "the outbox still cannot be worked on");
                } else {
                    tracing::error!(error = text, "the outbox cannot be worked on");
                    self.trouble = Some(text);
                }
                self.back_off()
            }
        }
    }

    fn back_off(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let interval = self.poll_interval();
        let wait = interval.saturating_mul(1 << self.failures.min(16));
        jittered(wait.min(self.options.max_back_off).max(interval))
    }

    fn poll_interval(&self) -> Duration {
        self.options.poll_interval.max(Self::SHORTEST)
    }
}

/// Between three and five quarters of the time, so that nodes that began together drift apart.
fn jittered(wait: Duration) -> Duration {
    let chance = RandomState::new().hash_one(0_u8) % 1000;
    wait.saturating_mul(750 + u32::try_from(chance / 2).unwrap_or(0)) / 1000
}

fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
