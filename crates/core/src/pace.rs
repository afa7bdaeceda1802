//! When work that is done again and again goes on.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt;
use metrics::Counter;

use crate::error::{Error, with_causes};
use crate::metrics::failures_of;

/// How long it pauses at least when there is nothing to do: no options make a busy loop.
pub(crate) const SHORTEST: Duration = Duration::from_millis(10);

/// What came of one pass.
pub(crate) enum Pass {
    /// It did this much, and there may be more to do.
    More(u64),
    /// It did this much, and there is nothing else to do.
    Done(u64),
    /// It could work, and all that it did was in vain: the next one would do no better.
    InVain,
}

/// What came of a pass, which may run an application's code: when that panics, the pass has failed, and the work goes on
/// (GW-29). The pass is on the heap, since each layer around it would move it over the stack once more.
pub(crate) async fn guarded<T>(
    pass: Pin<Box<impl Future<Output = Result<T, Error>>>>,
) -> Result<T, Error> {
    let outcome = AssertUnwindSafe(pass).catch_unwind().await;
    outcome.unwrap_or_else(|_told_by_the_hook| Err(Error::Internal("it panicked")))
}

/// The pace of one kind of work.
pub(crate) struct Pace {
    /// The name of the work, for the log.
    pub(crate) work: &'static str,
    /// The pause when there is nothing to do.
    pub(crate) idle: Duration,
    /// The pause after a first failure; each further one doubles it.
    pub(crate) back_off: Duration,
    /// The pause that it never grows beyond.
    pub(crate) longest: Duration,
    /// How often it failed in a row.
    failures: u32,
    trouble: Option<String>,
    failed: Counter,
}

impl Pace {
    pub(crate) fn new(
        work: &'static str,
        idle: Duration,
        [back_off, longest]: [Duration; 2],
    ) -> Self {
        let idle = idle.max(SHORTEST);
        let failed = failures_of(work);
        Self { work, idle, back_off, longest, failures: 0, trouble: None, failed }
    }

    /// How long to pause after a pass. A failure is logged when it begins, changes and ends.
    pub(crate) fn pause_after(&mut self, outcome: &Result<Pass, Error>) -> Duration {
        let work = self.work;
        match outcome {
            Ok(Pass::More(_) | Pass::Done(_) | Pass::InVain) => {
                if self.trouble.take().is_some() {
                    tracing::info!(work, "work in the background goes on");
                }
            }
            Err(error) => {
                self.failed.increment(1);
                let text = with_causes(error);
                if self.trouble.as_ref() == Some(&text) {
                    tracing::debug!(work, error = text, "work in the background still fails");
                } else {
                    tracing::error!(work, error = text, "work in the background fails");
                    self.trouble = Some(text);
                }
            }
        }
        if let Ok(Pass::More(count @ 1..) | Pass::Done(count @ 1..)) = outcome {
            tracing::debug!(work, count, "work in the background did something");
        }
        match outcome {
            Ok(Pass::More(_)) => {
                self.failures = 0;
                Duration::ZERO
            }
            Ok(Pass::Done(_)) => {
                self.failures = 0;
                self.idle
            }
            Ok(Pass::InVain) | Err(_) => {
                let grown = self.back_off.saturating_mul(1 << self.failures.min(16));
                self.failures = self.failures.saturating_add(1);
                grown.min(self.longest).max(SHORTEST)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    fn pace(idle: Duration) -> Pace {
        Pace::new("work", idle, [Duration::from_secs(1), Duration::from_mins(10)])
    }

    fn down(why: &'static str) -> Result<Pass, Error> {
        Err(Error::Store(StoreError::backend(why)))
    }

    #[test]
    fn what_is_left_is_followed_at_once() {
        let mut pace = pace(Duration::from_mins(3));
        assert_eq!(pace.pause_after(&Ok(Pass::More(2))), Duration::ZERO);
        assert_eq!(pace.pause_after(&Ok(Pass::Done(1))), Duration::from_mins(3));
        assert_eq!(pace.pause_after(&Ok(Pass::Done(0))), Duration::from_mins(3));
    }

    #[test]
    fn failures_are_followed_by_growing_pauses() {
        for failure in [|| down("away"), || Ok(Pass::InVain)] {
            let mut pace = pace(Duration::from_mins(10));
            let mut after_failure = || pace.pause_after(&failure()).as_secs();
            assert_eq!([after_failure(), after_failure(), after_failure()], [1, 2, 4]);
            for _ in 0..20 {
                after_failure();
            }
            assert_eq!(after_failure(), 600);
            assert_eq!(pace.pause_after(&Ok(Pass::Done(0))), Duration::from_mins(10));
            assert_eq!(pace.pause_after(&failure()).as_secs(), 1);
        }
    }

    #[test]
    fn trouble_is_remembered_until_it_ends() {
        let mut pace = pace(Duration::ZERO);
        for why in ["disk full", "gone"] {
            pace.pause_after(&down(why));
            let told = pace.trouble.as_deref().map(|text| text.contains(why));
            assert_eq!(told, Some(true));
        }
        pace.pause_after(&Ok(Pass::InVain));
        assert_eq!(pace.trouble, None);
    }

    #[test]
    fn nothing_makes_a_busy_loop() {
        let mut pace = Pace::new("work", Duration::ZERO, [Duration::ZERO; 2]);
        assert_eq!(pace.pause_after(&Ok(Pass::Done(0))), SHORTEST);
        assert_eq!(pace.pause_after(&down("x")), SHORTEST);
    }
}
