use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use durward_core::mail::worker::{self, Options};
use durward_core::{Mail, MailError, Mailer, background};
use durward_testing::TestAccounts;
use tokio::time::{Instant, sleep};

use crate::support::{begin_sign_up, proven_user};

const SECOND: Duration = Duration::from_secs(1);

/// A mail server that takes its time, or does not answer at all.
struct Slow {
    takes: Duration,
    sent: AtomicU32,
}

#[async_trait]
impl Mailer for Slow {
    async fn send(&self, _: &Mail) -> Result<(), MailError> {
        sleep(self.takes).await;
        self.sent.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Accounts with one mail to be sent.
async fn waiting(takes: Duration) -> (TestAccounts, Arc<Slow>) {
    let mailer = Arc::new(Slow { takes, sent: AtomicU32::new(0) });
    let it = TestAccounts::with(|parts| parts.mailer = Arc::<Slow>::clone(&mailer));
    begin_sign_up(&it, "ada@example.com").await;
    (it, mailer)
}

#[tokio::test(start_paused = true)]
async fn a_worker_looks_for_mails_again_after_the_interval_and_ends_at_once_when_idle() {
    let (it, mailer) = waiting(Duration::ZERO).await;
    let begun = Instant::now();
    let running = worker::run(it.accounts().clone(), Options::default(), sleep(10 * SECOND));
    let running = tokio::spawn(running);
    sleep(5 * SECOND).await;
    begin_sign_up(&it, "bob@example.com").await;
    sleep(2 * SECOND).await;
    assert_eq!(mailer.sent.load(Ordering::SeqCst), 2);
    running.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 10);
}

/// A mailer with a mistake: its first mail ends in a panic.
#[derive(Default)]
struct Broken(AtomicU32);

#[async_trait]
impl Mailer for Broken {
    async fn send(&self, _: &Mail) -> Result<(), MailError> {
        let earlier = self.0.fetch_add(1, Ordering::SeqCst).checked_sub(1);
        earlier.expect("one mail more");
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_mailer_that_panics_does_not_end_the_worker() {
    // GW-29
    let mailer = Arc::new(Broken::default());
    let it = TestAccounts::with(|parts| parts.mailer = Arc::<Broken>::clone(&mailer));
    begin_sign_up(&it, "ada@example.com").await;
    let running = worker::run(it.accounts().clone(), Options::default(), sleep(60 * SECOND));
    let running = tokio::spawn(running);
    sleep(5 * SECOND).await;
    begin_sign_up(&it, "bob@example.com").await;
    running.await.unwrap();
    assert_eq!(mailer.0.load(Ordering::SeqCst), 2, "the second one was sent");
}

#[tokio::test]
async fn a_worker_that_is_shut_down_before_it_begins_takes_no_mail() {
    let (it, mailer) = waiting(Duration::ZERO).await;
    worker::run(it.accounts().clone(), Options::default(), async {}).await;
    assert_eq!(mailer.sent.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn mails_in_flight_are_finished_at_shutdown() {
    let (it, mailer) = waiting(8 * SECOND).await;
    let begun = Instant::now();
    worker::run(it.accounts().clone(), Options::default(), sleep(2 * SECOND)).await;
    assert_eq!((mailer.sent.load(Ordering::SeqCst), begun.elapsed().as_secs()), (1, 8));
}

#[tokio::test(start_paused = true)]
async fn a_mail_that_hangs_does_not_hold_up_shutdown_for_ever() {
    let (it, mailer) = waiting(365 * 24 * 3600 * SECOND).await;
    let begun = Instant::now();
    worker::run(it.accounts().clone(), Options::default(), sleep(2 * SECOND)).await;
    assert_eq!((mailer.sent.load(Ordering::SeqCst), begun.elapsed().as_secs()), (0, 12));
}

#[tokio::test(start_paused = true)]
async fn in_the_background_mails_are_sent_and_the_log_is_sealed() {
    let (it, mailer) = waiting(Duration::ZERO).await;
    proven_user(&it, "eve@example.com").await;
    let begun = Instant::now();
    background(it.accounts().clone(), sleep(40 * SECOND)).await;
    assert_eq!((mailer.sent.load(Ordering::SeqCst), begun.elapsed().as_secs()), (1, 40));
    let report = it.accounts().verify_audit(&[], &mut |_| {}).await.unwrap();
    assert_eq!((report.entries > 0, report.unsealed), (true, 0));
}
