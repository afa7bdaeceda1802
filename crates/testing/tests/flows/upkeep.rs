use std::time::Duration;

use durward_core::accounts::{Chore, IssuedSession};
use durward_core::entity::MailState;
use durward_core::store::{Flows, Leftover, Outbox, Sessions, Store};
use durward_core::{MailId, SessionId, upkeep};
use durward_testing::{TestAccounts, typed};
use tokio::sync::oneshot;

use crate::support::{begin_login, is_refused};
use crate::traced::TracedStore;

const DAY: Duration = Duration::from_hours(24);
const MOMENT: Duration = Duration::from_millis(1);

/// Does every chore, a little at a time, until nothing is left to do.
pub(crate) async fn keep_up<S: Store>(it: &TestAccounts<S>) {
    for chore in Chore::ALL {
        while it.accounts().attend_to(chore, 2).await.unwrap() == 2 {}
    }
}

async fn is_kept(it: &TestAccounts, session: SessionId) -> bool {
    it.accounts().read().await.unwrap().session(session).await.unwrap().is_some()
}

async fn log_out(it: &TestAccounts, session: &IssuedSession) {
    it.accounts().logout(&session.token, &it.origin()).await.unwrap();
}

#[tokio::test]
async fn sessions_are_kept_for_90_days_after_they_ended_or_expired() {
    // R-DP-01
    let it = TestAccounts::new();
    let (ended, open) = (it.sign_up("ada@example.com").await, it.log_in("ada@example.com").await);
    log_out(&it, &ended).await;
    it.clock().advance(90 * DAY);
    keep_up(&it).await;
    assert!(is_kept(&it, ended.session).await && is_kept(&it, open.session).await);
    it.clock().advance(MOMENT);
    keep_up(&it).await;
    assert!(!is_kept(&it, ended.session).await && is_kept(&it, open.session).await);
    it.clock().advance((30 * DAY).saturating_sub(MOMENT));
    keep_up(&it).await;
    assert!(is_kept(&it, open.session).await);
    it.clock().advance(MOMENT);
    keep_up(&it).await;
    assert!(!is_kept(&it, open.session).await);
    // A token of a session that is forgotten is refused like any unknown one.
    assert!(is_refused(it.accounts().refresh(&open.refresh, &it.origin()).await));
    assert!(is_refused(it.accounts().authenticate(&open.token, None).await));
}

#[tokio::test]
async fn flows_are_kept_for_30_days_after_they_expired() {
    // R-DP-01
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    let (step, state) = begin_login(&it, "ada@example.com").await;
    let code = typed(&step, it.mail_to("ada@example.com").await.code());
    let is_kept = async || {
        let handle = it.accounts().parts().keys.digest(&step.handle);
        let mut read = it.accounts().read().await.unwrap();
        read.flow_by_handle(&handle).await.unwrap().is_some()
    };
    it.clock().advance(Duration::from_mins(10) + 30 * DAY);
    keep_up(&it).await;
    assert!(is_kept().await);
    it.clock().advance(MOMENT);
    keep_up(&it).await;
    assert!(!is_kept().await);
    assert!(is_refused(it.accounts().answer_code(&code, &state, &it.origin()).await));
}

#[tokio::test]
async fn mails_that_wait_are_never_deleted() {
    // R-DP-01
    let it = TestAccounts::with(|parts| parts.settings.mail_attempts = 2);
    it.sign_up("ada@example.com").await;
    begin_login(&it, "ada@example.com").await;
    begin_login(&it, "nobody@example.com").await;
    let due = it.accounts().read().await.unwrap().due_mail(it.accounts().now(), 9).await.unwrap();
    let [waiting] = due.iter().map(|mail| mail.id).collect::<Vec<MailId>>()[..] else {
        panic!("{due:?}");
    };
    let state = async || {
        let mail = it.accounts().read().await.unwrap().mail(waiting).await.unwrap();
        mail.map(|mail| mail.state)
    };
    it.clock().advance(365 * DAY);
    keep_up(&it).await;
    assert_eq!(state().await, Some(MailState::Pending));
    it.deliver().await;
    assert_eq!(state().await, Some(MailState::Dead), "its code has expired");
    keep_up(&it).await;
    assert_eq!(state().await, None, "it was due a year ago");
}

#[tokio::test]
async fn nothing_lives_longer_because_nobody_keeps_up() {
    // R-DP-01, R-OT-02, R-SE-04: not one chore is done here
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    let (step, state) = begin_login(&it, "ada@example.com").await;
    let code = typed(&step, it.mail_to("ada@example.com").await.code());
    it.clock().advance(Duration::from_mins(10));
    assert!(is_refused(it.accounts().answer_code(&code, &state, &it.origin()).await));
    it.clock().advance(Duration::from_mins(50));
    assert!(is_refused(it.accounts().authenticate(&session.token, None).await));
    it.clock().advance(14 * DAY);
    assert!(is_refused(it.accounts().refresh(&session.refresh, &it.origin()).await));
}

#[tokio::test]
async fn forgotten_failures_are_those_of_long_ago() {
    // R-TH-03
    use crate::support::try_password;
    use durward_testing::given::PASSWORD;
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    for _ in 0..5 {
        assert!(is_refused(try_password(&it, "ada@example.com", "not it").await));
    }
    keep_up(&it).await;
    assert!(is_refused(try_password(&it, "ada@example.com", PASSWORD).await), "too early");
    it.clock().advance(30 * DAY + MOMENT);
    keep_up(&it).await;
    for _ in 0..4 {
        assert!(is_refused(try_password(&it, "ada@example.com", "not it").await));
    }
    assert!(try_password(&it, "ada@example.com", PASSWORD).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_loop_goes_on_until_it_is_told_to_stop_whatever_fails() {
    let store = TracedStore::default();
    let it = TestAccounts::<TracedStore<durward_store_memory::MemoryStore>>::on(store.clone());
    let open = it.sign_up("ada@example.com").await;
    it.clock().advance(365 * DAY);
    store.lose_races(40);
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move { stopped.await.unwrap_or_default() };
    let options = upkeep::Options { batch: 1, ..upkeep::Options::default() };
    let running = tokio::spawn(upkeep::run(it.accounts().clone(), options, shutdown));
    tokio::time::sleep(Duration::from_mins(30)).await;
    let mut read = it.accounts().read().await.unwrap();
    assert_eq!(read.session(open.session).await.unwrap(), None);
    drop(read);
    let chores = store.trace().take().into_iter().filter(|call| *call == "delete_leftovers");
    assert!(chores.count() >= 2 * Leftover::ALL.len());
    drop(stop);
    running.await.unwrap();
}
