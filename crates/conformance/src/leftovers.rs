//! Promises about what is deleted when it has been over for a while.

use std::time::Duration;

use durward_core::budget::{BudgetKey, Debit, Delays, Rate};
use durward_core::entity::{Flow, Invitation, MailState, OutboxMail, Session, StoredReply};
use durward_core::store::{BudgetsMut, Leftover, LeftoversMut, SessionsMut, Tx};
use durward_core::{Store, Timestamp};

use crate::race::race;
use crate::sample::{
    at, digest, flow, flow_id, invitation, mail, organization, refresh, reply, rotated, session,
    token,
};
use crate::{Suite, given, seen};

/// One at once, and one more every hundred seconds.
const RATE: Rate = Rate { burst: 1, interval: Duration::from_secs(100) };
/// One failure, and then an hour of waiting.
const DELAYS: Delays = Delays([(1, Duration::from_hours(1)); 4]);

/// What was over a millisecond before is deleted; what was over at the moment, later, or is not over stays.
pub async fn what_was_over_before_is_deleted_and_nothing_else<S: Store<Attrs = Suite>>(store: &S) {
    let moment = at(500);
    let before = Timestamp::from_millis(moment.as_millis() - 1);
    let never = Timestamp::from_millis(i64::MAX);
    let [ada] = given::users(store, [1]).await;

    let flow_at = |n, expires| Flow { expires, ..flow(n) };
    let early = Flow { finished: Some(at(1)), ..flow_at(3, never) };
    given::flows(store, &[&flow_at(1, before), &flow_at(2, moment), &early]).await;
    let invited_at = |n, expires| Invitation { expires, ..invitation(n, 1) };
    let revoked = Invitation { finished: Some(at(1)), ..invited_at(3, never) };
    let invitations =
        [(invited_at(1, before), true), (invited_at(2, moment), false), (revoked, false)];
    given::organizations(store, &[&organization(1)]).await;
    given::invitations(store, &invitations.each_ref().map(|(invitation, _)| invitation)).await;
    let open = Session { expires: never, ..session(1, ada.id) };
    let sessions = [
        (open.clone(), false),
        (Session { expires: before, ..session(2, ada.id) }, true),
        (Session { expires: moment, ..session(3, ada.id) }, false),
        (Session { expires: never, ended: Some(before), ..session(4, ada.id) }, true),
        (Session { expires: never, ended: Some(moment), ..session(5, ada.id) }, false),
    ];
    given::sessions(store, &sessions.each_ref().map(|(session, _)| session)).await;
    for (n, expires) in [(1, before), (2, moment), (3, never)] {
        given::reply(store, &StoredReply { expires, ..reply(n) }).await;
    }
    let states = MailState::ALL.into_iter().zip([1, 11, 21, 31]);
    let mails: Vec<_> = states
        .flat_map(|(state, n)| {
            [(n, before), (n + 1, moment)].map(|(n, due)| OutboxMail { state, due, ..mail(n) })
        })
        .collect();
    given::mails(store, &mails.iter().collect::<Vec<_>>()).await;
    debit(store, 1, before - RATE.interval).await;
    debit(store, 2, moment - RATE.interval).await;
    assert!(attempt(store, 1, before).await && attempt(store, 2, moment).await);

    for (what, count) in Leftover::ALL.into_iter().zip([1, 1, 2, 1, 3, 1, 1]) {
        assert_eq!(delete(store, what, moment, 100).await, count, "{what:?}");
        assert_eq!(delete(store, what, moment, 100).await, 0, "{what:?}");
    }

    let flows = [1, 2, 3].map(|n| flow(n).handle);
    let mut read = store.read().await.unwrap();
    let mut left = Vec::new();
    for handle in &flows {
        left.push(durward_core::store::Flows::flow_by_handle(&mut read, handle).await.unwrap());
    }
    drop(read);
    let left: Vec<_> = left.into_iter().map(|flow| flow.map(|flow| flow.id)).collect();
    assert_eq!(left, [None, Some(flow_id(2)), Some(flow_id(3))]);
    for (invitation, deleted) in invitations {
        let found = seen::invitation(store, invitation.id).await;
        assert_eq!(found, (!deleted).then_some(invitation));
    }
    for (session, deleted) in sessions {
        let found = seen::session(store, session.id).await;
        assert_eq!(found, (!deleted).then_some(session));
    }
    for n in [1, 2, 3] {
        assert_eq!(seen::reply(store, &reply(n).key).await.is_some(), n > 1);
    }
    for mail in mails {
        let deleted = mail.state != MailState::Pending && mail.due < moment;
        assert_eq!(seen::mail(store, mail.id).await, (!deleted).then_some(mail));
    }
    assert!(matches!(debit(store, 2, before).await, Debit::Refused { .. }));
    assert!(attempt(store, 1, moment).await && !attempt(store, 2, moment).await);
}

/// No more is deleted than was asked for, and nothing is deleted twice.
pub async fn no_more_is_deleted_than_was_asked_for<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::organizations(store, &[&organization(1)]).await;
    for n in 1..=5 {
        given::invitations(store, &[&invitation(n, 1)]).await;
        given::flows(store, &[&flow(n)]).await;
        let ended = (n % 2 == 0).then_some(at(1));
        given::sessions(store, &[&Session { ended, ..session(n, ada.id) }]).await;
        given::reply(store, &reply(n)).await;
        let state = if n % 2 == 0 { MailState::Void } else { MailState::Dead };
        given::mails(store, &[&OutboxMail { state, ..mail(n) }]).await;
        debit(store, n, at(0)).await;
        attempt(store, n, at(0)).await;
    }
    let later = at(1_000_000);
    for what in Leftover::ALL {
        assert_eq!(delete(store, what, later, 0).await, 0, "{what:?}");
        assert_eq!(delete(store, what, later, 3).await, 3, "{what:?}");
        assert_eq!(delete(store, what, later, 3).await, 2, "{what:?}");
        assert_eq!(delete(store, what, later, 3).await, 0, "{what:?}");
    }
}

/// With a session go its tokens and all refresh tokens of its family: none of them finds anything, and
/// none is taken any more.
pub async fn a_deleted_session_takes_its_refresh_tokens_along<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let first = session(1, ada.id);
    given::sessions(store, &[&first, &session(3, ada.id)]).await;
    let second = rotated(&first, 2);
    let mut tx = store.begin().await.unwrap();
    assert!(tx.rotate_session(&second, &first.refresh).await.unwrap());
    assert!(tx.end_session(first.id, at(9)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(delete(store, Leftover::Sessions, at(10), 100).await, 1);
    for n in [1, 2] {
        assert_eq!(seen::session_by_refresh(store, &refresh(n)).await, None);
        assert_eq!(seen::session_by_token(store, &token(n)).await, None);
    }
    assert!(seen::session_by_refresh(store, &refresh(3)).await.is_some());
    given::sessions(store, &[&second]).await;
    assert_eq!(seen::session_by_refresh(store, &refresh(2)).await, Some(second));
}

/// A budget that was deleted grants what a whole one grants, and one that is not whole is not deleted.
pub async fn a_deleted_budget_is_whole<S: Store<Attrs = Suite>>(store: &S) {
    debit(store, 1, at(0)).await;
    debit(store, 2, at(50)).await;
    assert_eq!(delete(store, Leftover::Budgets, at(101), 100).await, 1);
    assert_eq!(debit(store, 1, at(101)).await, Debit::Granted);
    assert!(matches!(debit(store, 1, at(101)).await, Debit::Refused { .. }));
    assert!(matches!(debit(store, 2, at(101)).await, Debit::Refused { .. }));
}

/// Of concurrent callers each counts what it deleted itself: together, everything once.
pub async fn of_concurrent_callers_each_counts_its_own<S: Store<Attrs = Suite>>(store: &S) {
    for n in 1..=20 {
        given::flows(store, &[&flow(n)]).await;
    }
    let answers = race(store, 4, |_, tx| {
        Box::pin(async move { tx.delete_leftovers(Leftover::Flows, at(1_000), 8).await })
    });
    let counted: u64 = answers.await.into_iter().map(Result::unwrap).sum();
    let left = delete(store, Leftover::Flows, at(1_000), 100).await;
    assert_eq!(counted + left, 20, "{counted} were counted, and {left} were left");
    assert!(counted >= 8, "{counted} were counted");
}

async fn delete<S: Store<Attrs = Suite>>(
    store: &S,
    what: Leftover,
    before: Timestamp,
    limit: u32,
) -> u64 {
    let mut tx = store.begin().await.unwrap();
    let deleted = tx.delete_leftovers(what, before, limit).await.unwrap();
    tx.commit().await.unwrap();
    deleted
}

async fn debit<S: Store<Attrs = Suite>>(store: &S, n: u8, now: Timestamp) -> Debit {
    let mut tx = store.begin().await.unwrap();
    let debit = tx.debit_budget(BudgetKey(digest(0x99, n)), &RATE, now).await.unwrap();
    tx.commit().await.unwrap();
    debit
}

async fn attempt<S: Store<Attrs = Suite>>(store: &S, n: u8, now: Timestamp) -> bool {
    let mut tx = store.begin().await.unwrap();
    let counted = tx.debit_attempt(BudgetKey(digest(0x9a, n)), &DELAYS, now).await.unwrap();
    tx.commit().await.unwrap();
    counted
}
