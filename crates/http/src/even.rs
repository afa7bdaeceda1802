//! Answers that come no sooner for one address than for another.

use std::time::Duration;

use tokio::time::sleep;

/// How long an answer takes at least. More than the work, in which microseconds tell who has an account; less than
/// anybody notices who waits for a mail.
const LEAST: Duration = Duration::from_millis(5);

/// Does some work and answers when that is done and the least time has passed, so that how long it took does not tell
/// what was found (R-EN-02).
///
/// For what mails somebody something: it does less than a login by password, whose hash hides the rest.
pub(crate) async fn evenly<T>(work: impl Future<Output = T>) -> T {
    let (done, ()) = tokio::join!(work, sleep(LEAST));
    done
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use tokio::time::Instant;

    use super::*;

    async fn took(work: impl Future<Output = ()>) -> Duration {
        let begun = Instant::now();
        evenly(work).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn whatever_takes_less_takes_the_least_time() {
        // R-EN-02
        assert_eq!(took(ready(())).await, LEAST);
        assert_eq!(took(sleep(LEAST / 5)).await, LEAST);
        assert_eq!(took(sleep(LEAST * 2)).await, LEAST * 2, "the time is not added");
    }
}
