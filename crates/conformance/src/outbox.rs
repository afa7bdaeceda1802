//! Promises about the outbox: what is due, and who may deliver it.

use durward_core::entity::{MailState, OutboxMail};
use durward_core::ids::MailId;
use durward_core::keys::Sealed;
use durward_core::store::{MailCounts, Outbox, OutboxMut, Tx};
use durward_core::{Store, Timestamp};

use crate::race::{race, winners};
use crate::sample::{TRICKY, at, mail};
use crate::{Suite, given, seen};

/// Every field of a mail comes back: each state, any bytes, absent, empty and long reasons, numbers and
/// times of the full range.
pub async fn a_mail_comes_back_as_it_was_stored<S: Store<Attrs = Suite>>(store: &S) {
    let ends = [Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX)];
    let every_byte = Sealed::from_bytes((0..=255).collect());
    let long = Sealed::from_bytes(vec![0xa5; 100_000]);
    let reason = |text: &str| Some(text.to_owned());
    let variants = [
        mail(1),
        OutboxMail { state: MailState::Delivered, body: every_byte, ..mail(2) },
        OutboxMail { state: MailState::Dead, last_error: reason(TRICKY), ..mail(3) },
        OutboxMail { state: MailState::Void, body: Sealed::from_bytes(vec![]), ..mail(4) },
        OutboxMail { body: long, attempts: u32::MAX, ..mail(5) },
        OutboxMail { due: ends[0], created: ends[1], last_error: reason(""), ..mail(6) },
        OutboxMail { due: ends[1], created: ends[0], attempts: 7, ..mail(7) },
        OutboxMail { last_error: Some("x".repeat(2_000)), ..mail(8) },
    ];
    for stored in variants {
        let mut tx = store.begin().await.unwrap();
        tx.insert_mail(&stored).await.unwrap();
        assert_eq!(tx.mail(stored.id).await.unwrap().as_ref(), Some(&stored));
        tx.commit().await.unwrap();
        assert_eq!(seen::mail(store, stored.id).await, Some(stored));
    }
}

/// A mail that never was is not found.
pub async fn an_unknown_mail_is_not_found<S: Store<Attrs = Suite>>(store: &S) {
    given::mails(store, &[&mail(1)]).await;
    assert_eq!(seen::mail(store, MailId::from_bytes([2; 16])).await, None);
}

/// A mail is due from its moment on, and the one that is due longest comes first.
pub async fn the_mail_due_longest_comes_first<S: Store<Attrs = Suite>>(store: &S) {
    let first = OutboxMail { due: at(10), ..mail(3) };
    let second = OutboxMail { due: at(20), ..mail(1) };
    let third = OutboxMail { due: at(30), ..mail(2) };
    let later = OutboxMail { due: Timestamp::from_millis(at(30).as_millis() + 1), ..mail(4) };
    given::mails(store, &[&third, &later, &first, &second]).await;
    assert_eq!(seen::due_mail(store, at(30), 10).await, [first, second, third]);
    assert_eq!(seen::due_mail(store, at(9), 10).await, []);
}

/// No more mails are told than were asked for, and those that are due longest are.
pub async fn no_more_due_mail_is_told_than_was_asked_for<S: Store<Attrs = Suite>>(store: &S) {
    for n in 1..=5 {
        given::mails(store, &[&OutboxMail { due: at(100 - i64::from(n)), ..mail(n) }]).await;
    }
    let found = seen::due_mail(store, at(1_000), 2).await;
    let ids: Vec<_> = found.iter().map(|mail| mail.id).collect();
    assert_eq!(ids, [mail(5).id, mail(4).id]);
    assert_eq!(seen::due_mail(store, at(1_000), 0).await, []);
    assert_eq!(seen::due_mail(store, at(1_000), u32::MAX).await.len(), 5);
}

/// What is delivered, given up or void is never due (R-EN-02).
pub async fn only_pending_mail_is_due<S: Store<Attrs = Suite>>(store: &S) {
    for (n, state) in (1..).zip(MailState::ALL) {
        given::mails(store, &[&OutboxMail { state, ..mail(n) }]).await;
    }
    assert_eq!(seen::due_mail(store, at(1_000), 10).await, [mail(1)]);
}

/// Mails that were given up are told, the newest first and no more than were asked for.
pub async fn dead_mail_is_told_from_the_newest_on<S: Store<Attrs = Suite>>(store: &S) {
    let dead = |n, created| OutboxMail { state: MailState::Dead, created: at(created), ..mail(n) };
    let [oldest, middle, newest] = [dead(2, 10), dead(3, 20), dead(1, 30)];
    given::mails(store, &[&middle, &newest, &oldest, &mail(4)]).await;
    let void = OutboxMail { state: MailState::Void, created: at(40), ..mail(5) };
    let delivered = OutboxMail { state: MailState::Delivered, created: at(50), ..mail(6) };
    given::mails(store, &[&void, &delivered]).await;
    let mut read = store.read().await.unwrap();
    let found = read.dead_mail(10).await.unwrap();
    assert_eq!(found, [newest.clone(), middle.clone(), oldest]);
    assert_eq!(read.dead_mail(2).await.unwrap(), [newest, middle]);
}

/// Pending and dead mails are counted, and no others.
pub async fn mails_are_counted_by_where_they_stand<S: Store<Attrs = Suite>>(store: &S) {
    let mut read = store.read().await.unwrap();
    assert_eq!(read.count_mail().await.unwrap(), MailCounts::default());
    let states = [MailState::Pending, MailState::Dead, MailState::Delivered, MailState::Void];
    let mut n = 0;
    for (state, count) in states.into_iter().zip([3, 2, 1, 4]) {
        for _ in 0..count {
            n += 1;
            // Pending mail counts also when it is not due.
            given::mails(store, &[&OutboxMail { state, due: at(i64::from(n)), ..mail(n) }]).await;
        }
    }
    assert_eq!(read.count_mail().await.unwrap(), MailCounts { pending: 3, dead: 2 });
}

/// A lease moves a mail behind its end and counts the attempt; nothing else of it changes.
pub async fn a_lease_moves_a_mail_and_counts_the_attempt<S: Store<Attrs = Suite>>(store: &S) {
    given::mails(store, &[&mail(1), &mail(2)]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.lease_mail(mail(1).id, at(10), at(60)).await.unwrap());
    tx.commit().await.unwrap();
    let leased = OutboxMail { due: at(60), attempts: 1, ..mail(1) };
    assert_eq!(seen::mail(store, leased.id).await.as_ref(), Some(&leased));
    assert_eq!(seen::due_mail(store, at(59), 10).await, [mail(2)]);
    // A worker that never comes back loses its lease.
    assert_eq!(seen::due_mail(store, at(60), 10).await, [mail(2), leased]);
    let mut tx = store.begin().await.unwrap();
    assert!(tx.lease_mail(mail(1).id, at(60), at(90)).await.unwrap());
    tx.commit().await.unwrap();
    let leased = OutboxMail { due: at(90), attempts: 2, ..mail(1) };
    assert_eq!(seen::mail(store, leased.id).await, Some(leased));
}

/// A mail that is not due at that moment any more, or not pending, or that never was, is not leased.
pub async fn only_the_mail_that_was_seen_is_leased<S: Store<Attrs = Suite>>(store: &S) {
    for (n, state) in (1..).zip(MailState::ALL) {
        given::mails(store, &[&OutboxMail { state, ..mail(n) }]).await;
    }
    let mut tx = store.begin().await.unwrap();
    for due in [at(9), at(11), at(60)] {
        assert!(!tx.lease_mail(mail(1).id, due, at(90)).await.unwrap());
    }
    for n in [2, 3, 4, 9] {
        assert!(!tx.lease_mail(mail(n).id, at(10), at(90)).await.unwrap());
    }
    tx.commit().await.unwrap();
    for (n, state) in (1..).zip(MailState::ALL) {
        let expected = OutboxMail { state, ..mail(n) };
        assert_eq!(seen::mail(store, expected.id).await, Some(expected));
    }
}

/// Of any number of concurrent workers one gets the mail.
pub async fn of_concurrent_workers_one_gets_the_mail<S: Store<Attrs = Suite>>(store: &S) {
    given::mails(store, &[&mail(1)]).await;
    let answers = race(store, 8, |racer, tx| {
        let until = at(100 + i64::from(racer));
        Box::pin(async move { tx.lease_mail(mail(1).id, at(10), until).await })
    });
    assert_eq!(winners(answers.await), 1);
    let found = seen::mail(store, mail(1).id).await.unwrap();
    assert_eq!(found.attempts, 1);
    assert!(found.due >= at(100));
}

/// A settlement replaces state, body, due time and error of this mail, and nothing else.
pub async fn a_settlement_replaces_what_it_names_and_nothing_else<S: Store<Attrs = Suite>>(
    store: &S,
) {
    given::mails(store, &[&mail(1), &mail(2), &mail(3)]).await;
    let mut tx = store.begin().await.unwrap();
    let wiped = Sealed::from_bytes(vec![]);
    let delivered = OutboxMail { state: MailState::Delivered, body: wiped, ..mail(1) };
    assert!(tx.lease_mail(mail(1).id, at(10), at(60)).await.unwrap());
    let asked = OutboxMail { attempts: 99, created: at(99), ..delivered.clone() };
    assert!(tx.settle_mail(&asked, at(60)).await.unwrap());
    let again = OutboxMail { due: at(200), last_error: Some(TRICKY.to_owned()), ..mail(2) };
    assert!(tx.lease_mail(mail(2).id, at(10), at(60)).await.unwrap());
    assert!(tx.settle_mail(&again, at(60)).await.unwrap());
    tx.commit().await.unwrap();
    let expected = OutboxMail { attempts: 1, ..delivered };
    assert_eq!(seen::mail(store, expected.id).await, Some(expected));
    let expected = OutboxMail { attempts: 1, ..again };
    assert_eq!(seen::mail(store, expected.id).await, Some(expected));
    assert_eq!(seen::due_mail(store, at(199), 10).await, [mail(3)]);
}

/// Who has lost the lease settles nothing, and what is settled stays so.
pub async fn only_the_lease_that_counts_settles<S: Store<Attrs = Suite>>(store: &S) {
    given::mails(store, &[&mail(1), &OutboxMail { state: MailState::Void, ..mail(2) }]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.lease_mail(mail(1).id, at(10), at(60)).await.unwrap());
    // Another worker takes the mail over when the first lease is past.
    assert!(tx.lease_mail(mail(1).id, at(60), at(90)).await.unwrap());
    tx.commit().await.unwrap();
    let delivered = |n| OutboxMail { state: MailState::Delivered, ..mail(n) };
    let mut tx = store.begin().await.unwrap();
    for until in [at(10), at(60), at(89), at(91)] {
        assert!(!tx.settle_mail(&delivered(1), until).await.unwrap());
    }
    assert!(!tx.settle_mail(&delivered(2), mail(2).due).await.unwrap());
    assert!(!tx.settle_mail(&delivered(9), mail(9).due).await.unwrap());
    assert_eq!(tx.mail(mail(1).id).await.unwrap().unwrap().state, MailState::Pending);
    let dead = OutboxMail { state: MailState::Dead, due: at(90), ..mail(1) };
    assert!(tx.settle_mail(&dead, at(90)).await.unwrap());
    assert!(!tx.settle_mail(&delivered(1), at(90)).await.unwrap());
    tx.commit().await.unwrap();
    let expected = OutboxMail { attempts: 2, ..dead };
    assert_eq!(seen::mail(store, expected.id).await, Some(expected));
    assert_eq!(seen::mail(store, mail(9).id).await, None);
}

/// A settlement to what is stored already is one: engines that count changed rows must not tell.
pub async fn a_settlement_that_changes_nothing_is_one<S: Store<Attrs = Suite>>(store: &S) {
    given::mails(store, &[&mail(1)]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.lease_mail(mail(1).id, at(10), at(60)).await.unwrap());
    let same = OutboxMail { due: at(60), ..mail(1) };
    assert!(tx.settle_mail(&same, at(60)).await.unwrap());
    assert!(tx.settle_mail(&same, at(60)).await.unwrap());
    tx.commit().await.unwrap();
    let expected = OutboxMail { attempts: 1, ..same };
    assert_eq!(seen::mail(store, expected.id).await, Some(expected));
}

/// Of concurrent settlements of one lease one happens.
pub async fn of_concurrent_settlements_one_happens<S: Store<Attrs = Suite>>(store: &S) {
    given::mails(store, &[&mail(1)]).await;
    let answers = race(store, 8, |_, tx| {
        Box::pin(async move {
            let delivered = OutboxMail { state: MailState::Delivered, ..mail(1) };
            tx.settle_mail(&delivered, at(10)).await
        })
    });
    assert_eq!(winners(answers.await), 1);
}
