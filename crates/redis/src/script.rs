use std::time::Duration;

use data_encoding::HEXLOWER;
use durward_core::budget::Rate;
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisResult, ServerErrorKind};
use sha1::{Digest, Sha1};

const TEXT: &str = include_str!("debit.lua");

/// The script that debits a budget, as the server names it.
pub(crate) struct Script {
    sha: String,
}

impl Script {
    pub(crate) fn new() -> Self {
        Self { sha: HEXLOWER.encode(&Sha1::digest(TEXT)) }
    }

    /// Debits a budget; answers how long to wait if there is nothing left.
    pub(crate) async fn run(
        &self,
        connection: &mut MultiplexedConnection,
        key: &str,
        rate: &Rate,
    ) -> RedisResult<Option<Duration>> {
        let run = |command: &str, script: &str| {
            let mut run = redis::cmd(command);
            run.arg(script).arg(1).arg(key).arg(micros(rate, 1)).arg(micros(rate, rate.burst));
            run
        };
        let known = run("EVALSHA", &self.sha).query_async(connection).await;
        let wait: u64 = match known {
            // It was started anew, or forgot its scripts.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                run("EVAL", TEXT).query_async(connection).await?
            }
            answer => answer?,
        };
        Ok((wait > 0).then(|| Duration::from_micros(wait)))
    }
}

/// How long so many take to be earned back, in whole microseconds that the numbers of the script hold exactly.
fn micros(rate: &Rate, count: u32) -> u64 {
    /// More than thirty years.
    const MOST: u64 = 1_000_000_000_000_000;
    let interval = rate.interval.as_nanos().div_ceil(1_000).max(1);
    let micros = interval.saturating_mul(u128::from(count.max(1)));
    u64::try_from(micros).unwrap_or(MOST).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_rate_has_whole_microseconds_within_bounds() {
        // R-IN-05
        let per = |count, period| micros(&Rate::per(count, period), count);
        assert_eq!(per(4, Duration::from_secs(1)), 1_000_000);
        assert_eq!(per(3, Duration::from_secs(1)), 1_000_002);
        assert_eq!(per(10_000_000, Duration::from_secs(1)), 10_000_000);
        assert_eq!(per(1, Duration::MAX), 1_000_000_000_000_000);
        assert_eq!(micros(&Rate { burst: 0, interval: Duration::ZERO }, 0), 1);
    }
}
