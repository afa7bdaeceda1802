use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use durward_core::accounts::Delivery;
use durward_core::entity::MailState;
use durward_core::store::{Outbox, Tx};
use durward_core::{Mail, MailError, MailId, Mailer, Method};
use durward_store_memory::MemoryStore;
use durward_testing::TestAccounts;
use tokio::sync::{Mutex, Notify};

use crate::support::{begin_login, begin_sign_up, proven_user};

fn down() -> MailError {
    MailError::Temporary(String::from("connection refused"))
}

#[tokio::test]
async fn a_dead_mail_server_fails_no_request_and_the_mail_arrives_later() {
    let it = TestAccounts::new();
    it.inbox().fail_next(down());
    begin_sign_up(&it, "ada@example.com").await;
    let first = it.deliver().await;
    assert_eq!(first, Delivery { failed: 1, ..Delivery::default() });
    it.clock().advance(Duration::from_millis(14_999));
    assert_eq!(it.deliver().await, Delivery::default(), "not yet");
    it.clock().advance(Duration::from_millis(1));
    assert_eq!(it.deliver().await, Delivery { delivered: 1, ..Delivery::default() });
    assert_eq!(it.inbox().only().to(), "ada@example.com");
    it.clock().advance(Duration::from_mins(5));
    assert_eq!(it.deliver().await, Delivery::default(), "once");
}

/// Remembers the ids of what it is given, and never takes it.
#[derive(Default)]
struct Refusing(Mutex<Vec<MailId>>);

#[async_trait]
impl Mailer for Refusing {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.0.lock().await.push(mail.id);
        Err(down())
    }
}

fn with_mailer(mailer: Arc<dyn Mailer>) -> TestAccounts {
    TestAccounts::with(|parts| parts.mailer = mailer)
}

#[tokio::test]
async fn a_mail_keeps_its_id_and_is_given_up_when_its_code_has_expired() {
    // R-OT-02
    let refusing = Arc::new(Refusing::default());
    let it = with_mailer(refusing.clone());
    begin_sign_up(&it, "ada@example.com").await;
    let mut total = Delivery::default();
    for _ in 0..20 {
        let pass = it.deliver().await;
        total.failed += pass.failed;
        total.dead += pass.dead;
        it.clock().advance(Duration::from_mins(1));
    }
    assert_eq!(total.dead, 1);
    let ids = refusing.0.lock().await.clone();
    assert!(ids.len() > 2 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let mut read = it.accounts().read().await.unwrap();
    let dead = read.dead_mail(10).await.unwrap();
    assert_eq!((dead.len(), dead[0].id), (1, ids[0]));
    assert_eq!(dead[0].last_error.as_deref(), Some("the code has expired"));
    assert_eq!(dead[0].state, MailState::Dead);
    assert!(dead[0].body.as_bytes().is_empty(), "the code is gone");
    let counts = read.count_mail().await.unwrap();
    assert_eq!((counts.pending, counts.dead), (0, 1));
}

#[tokio::test]
async fn a_mail_without_a_code_is_tried_twelve_times() {
    let refusing = Arc::new(Refusing::default());
    let it = with_mailer(refusing.clone());
    let notified = notice(&it).await;
    let mut dead = 0;
    for _ in 0..40 {
        dead += it.deliver().await.dead;
        it.clock().advance(Duration::from_hours(1));
    }
    let tries = refusing.0.lock().await.iter().filter(|id| **id == notified).count();
    assert_eq!(tries, 12);
    assert!(dead >= 1);
    let mut read = it.accounts().read().await.unwrap();
    let row = read.mail(notified).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts), (MailState::Dead, 12));
    assert_eq!(row.last_error.as_deref(), Some("connection refused"));
}

/// Lets a session's family end by reuse, and gives the id of the notice about it.
async fn notice(it: &TestAccounts) -> MailId {
    let ada = proven_user(it, "ada@example.com").await;
    let mut tx = it.accounts().begin().await.unwrap();
    let methods = vec![Method::Email];
    let opened = it.accounts().open_session(&mut tx, &ada, methods, &it.origin()).await.unwrap();
    tx.commit().await.unwrap();
    it.accounts().refresh(&opened.refresh, &it.origin()).await.unwrap();
    it.clock().advance(Duration::from_secs(30));
    let mut read = it.accounts().read().await.unwrap();
    let before = read.due_mail(it.accounts().now(), 10).await.unwrap();
    assert!(it.accounts().refresh(&opened.refresh, &it.origin()).await.is_err());
    let mut due = read.due_mail(it.accounts().now(), 10).await.unwrap();
    due.retain(|mail| before.iter().all(|it| it.id != mail.id));
    assert_eq!(due.len(), 1);
    due[0].id
}

#[tokio::test]
async fn a_refused_mail_is_given_up_at_once() {
    let it = TestAccounts::new();
    it.inbox().fail_next(MailError::Permanent(String::from("no such mailbox")));
    begin_sign_up(&it, "ada@example.com").await;
    assert_eq!(it.deliver().await, Delivery { dead: 1, ..Delivery::default() });
    let mut read = it.accounts().read().await.unwrap();
    let dead = read.dead_mail(10).await.unwrap();
    assert_eq!(dead[0].last_error.as_deref(), Some("no such mailbox"));
    assert!(dead[0].body.as_bytes().is_empty());
}

#[tokio::test]
async fn a_delivered_mail_is_wiped_from_the_store() {
    let it = TestAccounts::new();
    begin_sign_up(&it, "ada@example.com").await;
    let mut read = it.accounts().read().await.unwrap();
    let pending = read.due_mail(it.accounts().now(), 10).await.unwrap().remove(0);
    let code = it.mail_to("ada@example.com").await.code().to_owned();
    let sealed = String::from_utf8_lossy(pending.body.as_bytes()).into_owned();
    assert!(!sealed.contains(&code) && !sealed.contains("ada@example.com"), "sealed");
    let delivered = read.mail(pending.id).await.unwrap().unwrap();
    assert_eq!(delivered.state, MailState::Delivered);
    assert!(delivered.body.as_bytes().is_empty());
}

#[tokio::test]
async fn what_stands_in_for_a_mail_is_never_delivered() {
    // R-EN-02
    let it = TestAccounts::new();
    begin_login(&it, "nobody@example.com").await;
    let mut read = it.accounts().read().await.unwrap();
    assert!(read.due_mail(it.accounts().now(), 10).await.unwrap().is_empty());
    assert_eq!(it.deliver().await, Delivery::default());
}

#[tokio::test]
async fn a_mail_that_cannot_be_opened_is_given_up_and_the_others_arrive() {
    let store: MemoryStore = MemoryStore::default();
    let foreign = TestAccounts::on_with(store.clone(), |parts| {
        let entropy = durward_testing::SeededEntropy::new(77);
        let ring = durward_core::KeyRing::generate(5, &entropy);
        parts.keys = Arc::new(durward_core::KeyRing::parse(ring.expose()).unwrap());
        parts.entropy = Arc::new(entropy);
    });
    begin_sign_up(&foreign, "eve@example.com").await;
    let it = TestAccounts::on(store);
    begin_sign_up(&it, "ada@example.com").await;
    assert_eq!(it.deliver().await, Delivery { delivered: 1, dead: 1, ..Delivery::default() });
    assert_eq!(it.inbox().only().to(), "ada@example.com");
}

/// A mailer that hangs in the first mail until it is let go.
#[derive(Default)]
struct Hanging {
    begun: Notify,
    go_on: Notify,
    sent: Mutex<u32>,
}

#[async_trait]
impl Mailer for Hanging {
    async fn send(&self, _: &Mail) -> Result<(), MailError> {
        let first = {
            let mut sent = self.sent.lock().await;
            *sent += 1;
            *sent == 1
        };
        if first {
            self.begun.notify_one();
            self.go_on.notified().await;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_mail_is_leased_to_one_worker_and_free_again_when_that_one_died() {
    let hanging = Arc::new(Hanging::default());
    let it = Arc::new(with_mailer(hanging.clone()));
    begin_sign_up(&it, "ada@example.com").await;
    let worker = tokio::spawn({
        let it = Arc::clone(&it);
        async move { it.deliver().await }
    });
    hanging.begun.notified().await;
    assert_eq!(it.deliver().await, Delivery::default(), "leased");
    it.clock().advance(Duration::from_mins(3));
    assert_eq!(it.deliver().await, Delivery { delivered: 1, ..Delivery::default() });
    hanging.go_on.notify_one();
    assert_eq!(worker.await.unwrap(), Delivery::default(), "its lease was over: not its to settle");
    assert_eq!(*hanging.sent.lock().await, 2, "at least once");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_workers_deliver_each_mail_once() {
    let it = Arc::new(TestAccounts::new());
    for number in 0..20 {
        begin_sign_up(&it, &format!("user{number}@example.com")).await;
    }
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let it = Arc::clone(&it);
        workers.spawn(async move { it.deliver().await.delivered });
    }
    assert_eq!(workers.join_all().await.into_iter().sum::<u32>(), 20);
    assert_eq!(it.inbox().len(), 20);
}
