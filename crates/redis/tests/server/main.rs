//! The limiter on a real server: `DURWARD_TEST_REDIS_URL` names it.
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod middle;
mod nodes;

use std::env;
use std::sync::Arc;
use std::time::{Duration, Instant};

use durward_core::budget::{BudgetKey, Debit, Rate};
use durward_core::{Digest, RateLimiter, Secret};
use durward_redis::{RedisLimiter, RedisSettings};
use redis::aio::MultiplexedConnection;

use middle::Middle;

const HOUR: Duration = Duration::from_hours(1);

/// The server of the tests; `None` is a skip that was told.
#[expect(clippy::print_stderr, reason = "a skip must be loud")]
fn url() -> Option<String> {
    if let Ok(url) = env::var("DURWARD_TEST_REDIS_URL") {
        return Some(url);
    }
    let told = env::var("DURWARD_TEST_SKIP").unwrap_or_default();
    let expected = told.split(',').any(|skipped| skipped.trim() == "redis");
    assert!(
        expected || env::var("CI").as_deref() != Ok("true"),
        "DURWARD_TEST_REDIS_URL names no server"
    );
    eprintln!("SKIPPED on Redis: DURWARD_TEST_REDIS_URL names no server");
    None
}

/// A limiter at this URL, with the keys of one test.
fn limiter(url: &str, test: &str) -> RedisLimiter {
    let key_prefix = format!("test-{}-{test}:", std::process::id());
    let settings = RedisSettings::at(Secret::new(url.to_owned()));
    RedisLimiter::new(&RedisSettings { key_prefix, ..settings }).unwrap()
}

fn key(n: u8) -> BudgetKey {
    BudgetKey(Digest::from_bytes([n; 32]))
}

async fn granted(limiter: &RedisLimiter, n: u8, rate: &Rate) -> bool {
    limiter.debit(key(n), rate).await.unwrap() == Debit::Granted
}

async fn connection(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

#[tokio::test]
async fn a_budget_grants_its_burst_and_is_earned_back() {
    let Some(url) = url() else { return };
    let limiter = limiter(&url, "burst");
    let rate = Rate::per(3, HOUR);
    for _ in 0..3 {
        assert!(granted(&limiter, 1, &rate).await);
    }
    let refused = limiter.debit(key(1), &rate).await.unwrap();
    let Debit::Refused { retry_after } = refused else { panic!("{refused:?}") };
    let third = HOUR / 3;
    assert!(retry_after <= third && retry_after > third * 9 / 10, "{retry_after:?}");
    assert!(granted(&limiter, 2, &rate).await, "another budget");

    let quick = Rate { burst: 1, interval: Duration::from_millis(50) };
    assert!(granted(&limiter, 3, &quick).await);
    let begun = Instant::now();
    let mut refusals = 0;
    while !granted(&limiter, 3, &quick).await {
        refusals += 1;
    }
    let waited = begun.elapsed();
    assert!(refusals > 0 && waited > Duration::from_millis(40), "{refusals} in {waited:?}");
    assert!(limiter.check().await.is_ok());
}

#[tokio::test]
async fn of_concurrent_debits_no_more_are_granted_than_the_rate_allows() {
    let Some(url) = url() else { return };
    let rate = Rate::per(100, HOUR);
    let callers = (0..8).map(|_| {
        let limiter = limiter(&url, "race");
        tokio::spawn(async move {
            let mut count = 0;
            for _ in 0..50 {
                count += u32::from(granted(&limiter, 1, &rate).await);
            }
            count
        })
    });
    let mut count = 0;
    for caller in callers.collect::<Vec<_>>() {
        count += caller.await.unwrap();
    }
    assert_eq!(count, 100);
}

#[tokio::test]
async fn a_key_expires_when_its_budget_is_whole() {
    let Some(url) = url() else { return };
    let limiter = limiter(&url, "expiry");
    let mut server = connection(&url).await;
    let prefix = format!("test-{}-expiry:*", std::process::id());
    for n in 1..=3_u32 {
        assert!(granted(&limiter, 1, &Rate::per(10, 10 * HOUR)).await);
        let keys: Vec<String> =
            redis::cmd("KEYS").arg(&prefix).query_async(&mut server).await.unwrap();
        assert_eq!(keys.len(), 1, "{keys:?}");
        let left: u64 = redis::cmd("PTTL").arg(&keys[0]).query_async(&mut server).await.unwrap();
        let left = Duration::from_millis(left);
        assert!(left <= HOUR * n && left > HOUR * n * 99 / 100, "{left:?} after {n}");
    }
}

#[tokio::test]
async fn a_lowered_rate_or_a_clock_set_back_leaves_no_longer_wait_than_an_empty_budget() {
    let Some(url) = url() else { return };
    let limiter = limiter(&url, "lowered");
    assert!(granted(&limiter, 1, &Rate::per(1, 1_000 * HOUR)).await);
    let refused = limiter.debit(key(1), &Rate::per(10, HOUR)).await.unwrap();
    let Debit::Refused { retry_after } = refused else { panic!("{refused:?}") };
    assert!(retry_after <= HOUR / 10, "{retry_after:?}");
}

#[tokio::test]
async fn a_server_that_forgot_the_script_is_told_again() {
    let Some(url) = url() else { return };
    let limiter = limiter(&url, "script");
    let rate = Rate::per(3, HOUR);
    let mut server = connection(&url).await;
    for _ in 0..3 {
        let flush = redis::cmd("SCRIPT").arg("FLUSH").query_async::<()>(&mut server).await;
        flush.unwrap();
        assert!(granted(&limiter, 1, &rate).await);
    }
    assert!(!granted(&limiter, 1, &rate).await);
}

#[tokio::test]
async fn a_server_that_is_away_fails_soon_and_is_found_again() {
    let Some(url) = url() else { return };
    let mut middle = Middle::to(&url).await;
    let limiter = limiter(&middle.url, "away");
    let rate = Rate::per(1_000, HOUR);
    assert!(granted(&limiter, 1, &rate).await);
    middle.die();
    let begun = Instant::now();
    assert!(limiter.debit(key(1), &rate).await.is_err());
    assert!(limiter.debit(key(1), &rate).await.is_err());
    assert!(limiter.check().await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    middle.live().await;
    assert!(granted(&limiter, 1, &rate).await);

    middle.hang();
    let begun = Instant::now();
    assert!(limiter.debit(key(1), &rate).await.is_err(), "on the connection that was there");
    assert!(limiter.debit(key(1), &rate).await.is_err(), "on a new one");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    middle.die();
    middle.live().await;
    assert!(granted(&limiter, 1, &rate).await);
}

#[tokio::test]
async fn a_wrong_password_fails_and_is_not_told() {
    // R-LG-02
    let Some(url) = url() else { return };
    let host = url.rsplit('@').next().unwrap();
    let wrong = limiter(&format!("redis://:hunter9@{host}"), "password");
    let error = wrong.check().await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter9"), "{error:?}");
}

#[tokio::test]
async fn tls_reaches_a_server_that_is_trusted_and_no_other() {
    // R-DP-04
    let Some(url) = url() else { return };
    let middle = Middle::with_tls(&url).await;
    let trusting = RedisSettings {
        authorities: Some(middle::AUTHORITY.to_vec()),
        ..RedisSettings::at(Secret::new(middle.url.clone()))
    };
    RedisLimiter::new(&trusting).unwrap().check().await.unwrap();
    // The public ones, and one of another name.
    let stranger = RedisLimiter::new(&RedisSettings { authorities: None, ..trusting.clone() });
    assert!(stranger.unwrap().check().await.is_err());
    let other = Secret::new(middle.url.replace("localhost", "127.0.0.1"));
    let other = RedisLimiter::new(&RedisSettings { url: other, ..trusting }).unwrap();
    assert!(Arc::new(other).check().await.is_err());
}
