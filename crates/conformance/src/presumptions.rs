//! Promises about units of work that may presume: whatever a store makes of that, nothing is lost, and
//! what was wrong never happened.

use std::time::Duration;

use durward_core::budget::{BudgetKey, Debit, Delays, Rate};
use durward_core::entity::{AuditEntry, Flow, User};
use durward_core::store::{
    AuditMut, BudgetsMut, Flows, FlowsMut, OutboxMut, Result, Sessions, SessionsMut, Tx, Users,
    UsersMut,
};
use durward_core::{Store, StoreError};

use crate::race::{race, winners};
use crate::sample::{
    at, audit, digest, flow, flow_id, handle, mail, refresh, rotated, row, session, token, user,
    user_id,
};
use crate::{Suite, given, seen};

const RATE: Rate = Rate { burst: 3, interval: Duration::from_secs(10) };
/// Two free failures, then ten seconds each.
const DELAYS: Delays = Delays([(2, Duration::from_secs(10)); 4]);

/// A presuming unit of work whose guards hold does all that it was told, in that order.
pub async fn what_was_presumed_happens<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let old = session(1, ada.id);
    given::sessions(store, &[&old]).await;
    given::flows(store, &[&flow(1)]).await;
    let next = rotated(&old, 2);
    let entry = AuditEntry { subject: Some(ada.id), ..audit(1) };
    let mut tx = store.begin().await.unwrap();
    tx.presume();
    assert!(tx.finish_flow(flow_id(1), 0, at(5)).await.unwrap());
    assert!(tx.rotate_session(&next, &old.refresh).await.unwrap());
    tx.insert_session(&session(3, ada.id)).await.unwrap();
    assert!(tx.end_session(session(3, ada.id).id, at(6)).await.unwrap());
    tx.insert_flow(&flow(2)).await.unwrap();
    tx.insert_flow(&flow(3)).await.unwrap();
    assert!(tx.debit_flow(flow_id(3), 0, 1).await.unwrap());
    tx.insert_mail(&mail(1)).await.unwrap();
    tx.insert_audit(&row(&entry)).await.unwrap();
    tx.commit().await.unwrap();

    let finished = Flow { finished: Some(at(5)), ..flow(1) };
    assert_eq!(seen::flow(store, &handle(1)).await, Some(finished));
    assert_eq!(seen::session(store, old.id).await, Some(next));
    assert_eq!(seen::session_by_refresh(store, &refresh(2)).await.unwrap().id, old.id);
    let third = seen::session(store, session(3, ada.id).id).await.unwrap();
    assert_eq!(third.ended, Some(at(6)));
    assert_eq!(seen::flow(store, &handle(2)).await, Some(flow(2)));
    assert_eq!(seen::flow(store, &handle(3)).await.unwrap().attempts, 1);
    assert_eq!(seen::mail(store, mail(1).id).await, Some(mail(1)));
    assert_eq!(seen::audit_rows(store).await, [row(&entry)]);
}

/// Look-ups of a presuming unit of work see what it wrote, and what others committed.
pub async fn a_presuming_unit_sees_its_own_writes<S: Store<Attrs = Suite>>(store: &S) {
    given::flows(store, &[&flow(1)]).await;
    let mut tx = store.begin().await.unwrap();
    tx.presume();
    assert!(tx.flow_by_handle(&handle(1)).await.unwrap().is_some());
    tx.insert_user(&user(1)).await.unwrap();
    assert_eq!(tx.user(user_id(1)).await.unwrap(), Some(user(1)));
    tx.insert_session(&session(1, user_id(1))).await.unwrap();
    assert!(tx.session_by_token(&token(1)).await.unwrap().is_some());
    assert!(tx.finish_flow(flow_id(1), 0, at(5)).await.unwrap());
    assert_eq!(tx.flow_by_handle(&handle(1)).await.unwrap().unwrap().finished, Some(at(5)));
    let changed = User { version: 2, ..user(1) };
    assert!(tx.update_user(&changed, 1).await.unwrap());
    assert_eq!(tx.user(user_id(1)).await.unwrap(), Some(changed));
    tx.commit().await.unwrap();
    assert_eq!(seen::user(store, user_id(1)).await.unwrap().version, 2);
}

/// What a presuming unit of work was told never happened when it is dropped.
pub async fn a_presuming_unit_that_is_dropped_leaves_no_trace<S: Store<Attrs = Suite>>(store: &S) {
    given::flows(store, &[&flow(1)]).await;
    let mut tx = store.begin().await.unwrap();
    tx.presume();
    tx.insert_user(&user(1)).await.unwrap();
    assert!(tx.user(user_id(1)).await.unwrap().is_some());
    assert!(tx.finish_flow(flow_id(1), 0, at(5)).await.unwrap());
    drop(tx);
    assert_eq!(seen::user(store, user_id(1)).await, None);
    assert_eq!(seen::flow(store, &handle(1)).await, Some(flow(1)));
}

/// If a guard refuses what was presumed, nothing of the unit of work happens: a conflict, now or with
/// the commit. A store that asked the guard at once says so.
pub async fn a_wrong_presumption_leaves_no_trace<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let old = session(1, ada.id);
    given::sessions(store, &[&old]).await;
    given::flows(store, &[&flow(1)]).await;
    for wrong in 0..4 {
        let mut tx = store.begin().await.unwrap();
        tx.presume();
        tx.insert_mail(&mail(1)).await.unwrap();
        let told = match wrong {
            0 => tx.finish_flow(flow_id(1), 7, at(5)).await.unwrap(),
            1 => tx.rotate_session(&rotated(&old, 2), &refresh(9)).await.unwrap(),
            2 => tx.debit_flow(flow_id(9), 0, 5).await.unwrap(),
            _ => tx.update_user(&ada, 7).await.unwrap(),
        };
        if !told {
            continue;
        }
        tx.insert_mail(&mail(2)).await.unwrap();
        let committed = tx.commit().await;
        assert!(matches!(committed, Err(StoreError::Conflict)), "{wrong}: {committed:?}");
        assert_eq!(seen::mail(store, mail(1).id).await, None, "{wrong}");
        assert_eq!(seen::mail(store, mail(2).id).await, None, "{wrong}");
    }
    assert_eq!(seen::session(store, old.id).await, Some(old));
    assert_eq!(seen::flow(store, &handle(1)).await, Some(flow(1)));
    assert_eq!(seen::session_by_refresh(store, &refresh(2)).await, None);
}

/// A broken uniqueness rule is told at once, or is a conflict; nothing of the unit of work happens.
pub async fn a_presumed_duplicate_leaves_no_trace<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let mut tx = store.begin().await.unwrap();
    tx.presume();
    tx.insert_mail(&mail(1)).await.unwrap();
    let told = tx.insert_user(&ada).await;
    let committed = tx.commit().await;
    match told {
        Ok(()) => assert!(matches!(committed, Err(StoreError::Conflict)), "{committed:?}"),
        Err(told) => {
            assert!(matches!(told, StoreError::Duplicate(_) | StoreError::Conflict), "{told:?}");
            assert!(matches!(committed, Err(StoreError::Spent)), "{committed:?}");
        }
    }
    assert_eq!(seen::mail(store, mail(1).id).await, None);
}

/// Of any number of concurrent units of work that presume one guard, one happens, whole.
pub async fn of_concurrent_presuming_units_one_happens<S: Store<Attrs = Suite>>(store: &S) {
    given::flows(store, &[&flow(1)]).await;
    let racers = (1..=8).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let work = async {
                let mut tx = store.begin().await?;
                tx.presume();
                let first = tx.finish_flow(flow_id(1), 0, at(5)).await?;
                if first {
                    tx.insert_mail(&mail(n)).await?;
                }
                tx.commit().await.map(|()| first)
            };
            match work.await {
                Err(StoreError::Conflict) => Ok(false),
                answer => answer,
            }
        })
    });
    let mut happened = 0;
    for (racer, n) in racers.collect::<Vec<_>>().into_iter().zip(1..) {
        let won: Result<bool> = racer.await.unwrap();
        let won = won.unwrap();
        happened += u32::from(won);
        assert_eq!(seen::mail(store, mail(n).id).await.is_some(), won);
    }
    assert_eq!(happened, 1);
}

/// However many presume it, a budget grants its burst and no more; a refusal is told.
pub async fn presumed_debits_stop_at_the_burst<S: Store<Attrs = Suite>>(store: &S) {
    let key = BudgetKey(digest(0x99, 1));
    let answers = race(store, 8, move |_, tx| {
        Box::pin(async move {
            tx.presume();
            Ok(tx.debit_budget(key, &RATE, at(0)).await? == Debit::Granted)
        })
    });
    assert_eq!(winners(answers.await), RATE.burst as usize);
    let mut tx = store.begin().await.unwrap();
    tx.presume();
    let other = BudgetKey(digest(0x99, 2));
    assert_eq!(tx.debit_budget(other, &RATE, at(0)).await.unwrap(), Debit::Granted);
    let refused = Debit::Refused { retry_after: Duration::from_secs(10) };
    assert_eq!(tx.debit_budget(key, &RATE, at(0)).await.unwrap(), refused);
}

/// However many presume it, no more attempts count than may come without a delay; one that comes too early is told,
/// and one that comes in time counts (R-TH-03).
pub async fn presumed_attempts_keep_to_the_delays<S: Store<Attrs = Suite>>(store: &S) {
    const KEY: BudgetKey = BudgetKey(digest(0x99, 1));
    let answers = race(store, 8, |_, tx| {
        Box::pin(async move {
            tx.presume();
            tx.debit_attempt(KEY, &DELAYS, at(0)).await
        })
    });
    assert_eq!(winners(answers.await), 2);
    for (second, counts) in [(9, false), (10, true), (19, false), (20, true)] {
        let mut tx = store.begin().await.unwrap();
        tx.presume();
        let counted = tx.debit_attempt(KEY, &DELAYS, at(second)).await.unwrap();
        assert_eq!(counted, counts, "{second}");
        tx.commit().await.unwrap();
    }
}

/// A presuming unit of work forgets the failures of a budget, and finds nothing wrong with one that has none.
pub async fn a_presumed_reset_takes_what_there_is<S: Store<Attrs = Suite>>(store: &S) {
    let [some, none] = [1, 2].map(|n| BudgetKey(digest(0x99, n)));
    let mut tx = store.begin().await.unwrap();
    for _ in 0..2 {
        assert!(tx.debit_attempt(some, &DELAYS, at(0)).await.unwrap());
    }
    assert!(!tx.debit_attempt(some, &DELAYS, at(0)).await.unwrap());
    tx.commit().await.unwrap();
    for key in [none, some] {
        let mut tx = store.begin().await.unwrap();
        tx.presume();
        tx.reset_attempts(key).await.unwrap();
        tx.insert_mail(&mail(if key == some { 1 } else { 2 })).await.unwrap();
        tx.commit().await.unwrap();
    }
    for n in [1, 2] {
        assert_eq!(seen::mail(store, mail(n).id).await, Some(mail(n)));
    }
    let mut tx = store.begin().await.unwrap();
    assert!(tx.debit_attempt(some, &DELAYS, at(0)).await.unwrap());
}

/// Once it has caught up, a unit of work did what it was told and presumes no more.
pub async fn a_unit_that_caught_up_tells_the_truth<S: Store<Attrs = Suite>>(store: &S) {
    given::flows(store, &[&flow(1), &flow(2)]).await;
    let mut tx = store.begin().await.unwrap();
    tx.presume();
    assert!(tx.finish_flow(flow_id(1), 0, at(5)).await.unwrap());
    tx.catch_up().await.unwrap();
    assert!(!tx.finish_flow(flow_id(1), 0, at(5)).await.unwrap());
    assert!(!tx.finish_flow(flow_id(2), 7, at(5)).await.unwrap());
    assert!(tx.finish_flow(flow_id(2), 0, at(5)).await.unwrap());
    tx.commit().await.unwrap();
    for n in [1, 2] {
        assert_eq!(seen::flow(store, &handle(n)).await.unwrap().finished, Some(at(5)));
    }
}

/// What a unit of work with delayed durability did is seen at once and once only, alone or beside others; one
/// whose guard refuses leaves no trace.
pub async fn delayed_durability_changes_nothing_that_can_be_seen<S: Store<Attrs = Suite>>(
    store: &S,
) {
    const KEY: BudgetKey = BudgetKey(digest(0x99, 1));
    given::flows(store, &[&flow(1)]).await;
    // Alone and with another write, by which a store may commit in another way; asked at once, and presumed.
    for (n, presumes) in [(1, false), (2, true), (3, true)] {
        let mut tx = store.begin().await.unwrap();
        if presumes {
            tx.presume();
        }
        tx.delay_durability();
        assert_eq!(tx.debit_budget(KEY, &RATE, at(0)).await.unwrap(), Debit::Granted);
        if n > 1 {
            tx.insert_mail(&mail(n)).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(seen::mail(store, mail(n).id).await.is_some(), n > 1);
    }
    let mut tx = store.begin().await.unwrap();
    assert!(matches!(tx.debit_budget(KEY, &RATE, at(0)).await.unwrap(), Debit::Refused { .. }));
    drop(tx);

    let mut tx = store.begin().await.unwrap();
    tx.presume();
    tx.delay_durability();
    tx.insert_mail(&mail(4)).await.unwrap();
    let passed = tx.finish_flow(flow_id(1), 7, at(5)).await.unwrap();
    assert!(!passed || matches!(tx.commit().await, Err(StoreError::Conflict)));
    assert_eq!(seen::mail(store, mail(4).id).await, None);
    assert_eq!(seen::flow(store, &handle(1)).await, Some(flow(1)));
}
