#![expect(clippy::unnecessary_wraps, reason = "outcomes of all kinds stand in one list")]

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex};

use durward_core::StoreError;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::*;

const OPTIONS: Options = Options {
    poll_interval: Duration::from_secs(1),
    max_back_off: Duration::from_secs(30),
    batch: 4,
    grace: Duration::from_secs(10),
};

type Outcome = Result<Delivery, Error>;

fn delivered(count: u32) -> Outcome {
    Ok(Delivery { delivered: count, more: count == OPTIONS.batch, ..Delivery::default() })
}

fn failed(count: u32) -> Outcome {
    Ok(Delivery { failed: count, more: count == OPTIONS.batch, ..Delivery::default() })
}

fn down(why: &'static str) -> Outcome {
    Err(Error::Store(StoreError::backend(why)))
}

/// Answers the given outcomes, then shuts down; returns when each pass began.
async fn passes(outcomes: impl IntoIterator<Item = Outcome>) -> Vec<Duration> {
    let begun = Instant::now();
    let (moments, shutdown) = (Mutex::new(Vec::new()), Notify::new());
    let outcomes = Mutex::new(outcomes.into_iter().collect::<VecDeque<_>>());
    let pass = || async {
        moments.lock().unwrap().push(begun.elapsed());
        let mut outcomes = outcomes.lock().unwrap();
        let outcome = outcomes.pop_front().unwrap();
        if outcomes.is_empty() {
            shutdown.notify_one();
        }
        outcome
    };
    repeat(pass, OPTIONS, shutdown.notified()).await;
    moments.into_inner().unwrap()
}

fn gaps(moments: &[Duration]) -> Vec<Duration> {
    moments.windows(2).map(|pair| pair[1].checked_sub(pair[0]).unwrap()).collect()
}

fn is_about(gap: Duration, seconds: f64) -> bool {
    // The timer counts whole milliseconds.
    (seconds * 0.75..=seconds * 1.25 + 0.001).contains(&gap.as_secs_f64())
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_looks_again_after_about_the_interval() {
    let gaps = gaps(&passes((0..20).map(|_| delivered(0))).await);
    assert_eq!(gaps.len(), 19);
    assert!(gaps.iter().all(|gap| is_about(*gap, 1.0)), "{gaps:?}");
    assert!(gaps.iter().any(|gap| *gap != gaps[0]), "no jitter: {gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_left_mails_looks_again_at_once() {
    let gaps = gaps(&passes([delivered(4), delivered(4), delivered(1), delivered(0)]).await);
    assert!(gaps[0] < Duration::from_millis(5) && gaps[1] < Duration::from_millis(5), "{gaps:?}");
    assert!(is_about(gaps[2], 1.0), "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_everything_is_given_time() {
    let outcomes = (0..8).map(|_| failed(4)).chain([delivered(1), delivered(0)]);
    let gaps = gaps(&passes(outcomes).await);
    let expected = [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0, 1.0];
    assert_eq!(gaps.len(), expected.len());
    for (gap, expected) in gaps.iter().zip(expected) {
        assert!(is_about(*gap, expected), "{gaps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_bad_mail_does_not_slow_down_the_others() {
    let mixed = Ok(Delivery { delivered: 1, failed: 3, dead: 0, more: true });
    let dead = Ok(Delivery { delivered: 0, failed: 3, dead: 1, more: true });
    let gaps = gaps(&passes([mixed, dead, delivered(0)]).await);
    assert!(gaps.iter().all(|gap| *gap < Duration::from_millis(5)), "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_mail_that_fails_alone_does_not_delay_the_next() {
    let gaps = gaps(&passes([failed(1), failed(1), failed(1), delivered(0)]).await);
    assert!(gaps.iter().all(|gap| is_about(*gap, 1.0)), "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_others_overtook_does_not_race_them() {
    let overtaken = Ok(Delivery { more: true, ..Delivery::default() });
    let gaps = gaps(&passes([overtaken, delivered(0)]).await);
    assert!(is_about(gaps[0], 1.0), "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failing_store_is_asked_less_and_less_often() {
    let outcomes = [down("a"), down("a"), down("b"), delivered(0), down("a"), delivered(0)];
    let gaps = gaps(&passes(outcomes).await);
    for (gap, expected) in gaps.iter().zip([2.0, 4.0, 8.0, 1.0, 2.0]) {
        assert!(is_about(*gap, expected), "{gaps:?}");
    }
}

#[test]
fn trouble_is_remembered_until_it_ends() {
    let mut pace = Pace::new(OPTIONS);
    pace.wait_after(down("disk full"));
    assert_eq!(pace.trouble.as_deref().map(|text| text.contains("disk full")), Some(true));
    pace.wait_after(down("gone"));
    assert_eq!(pace.trouble.as_deref().map(|text| text.contains("gone")), Some(true));
    pace.wait_after(failed(1));
    assert_eq!(pace.trouble, None);
}

#[test]
fn no_options_make_a_busy_loop() {
    let options = Options {
        poll_interval: Duration::ZERO,
        max_back_off: Duration::ZERO,
        batch: 0,
        grace: Duration::ZERO,
    };
    let mut pace = Pace::new(options);
    assert!(pace.wait_after(delivered(0)) >= Duration::from_millis(7));
    assert!(pace.wait_after(down("x")) >= Duration::from_millis(7));
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_ends_at_once() {
    let begun = Instant::now();
    let options = Options { poll_interval: Duration::from_hours(1), ..OPTIONS };
    let shutdown = sleep(Duration::from_secs(5));
    repeat(|| async { delivered(0) }, options, shutdown).await;
    assert!(begun.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn a_worker_that_is_shut_down_before_it_begins_takes_no_mail() {
    let pass = || async { panic!("took a mail") };
    repeat(pass, OPTIONS, async {}).await;
}

#[tokio::test(start_paused = true)]
async fn mails_in_flight_are_finished_at_shutdown() {
    let (begun, finished) = (Instant::now(), Arc::new(Mutex::new(0)));
    let pass = || async {
        sleep(Duration::from_secs(8)).await;
        *finished.lock().unwrap() += 1;
        delivered(4)
    };
    repeat(pass, OPTIONS, sleep(Duration::from_secs(2))).await;
    assert_eq!(*finished.lock().unwrap(), 1);
    assert_eq!(begun.elapsed().as_secs(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_mail_that_hangs_does_not_hold_up_shutdown_for_ever() {
    let begun = Instant::now();
    repeat(pending::<Outcome>, OPTIONS, sleep(Duration::from_secs(2))).await;
    assert_eq!(begun.elapsed().as_secs(), 12);
}
