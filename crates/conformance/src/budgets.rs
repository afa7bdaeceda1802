//! Promises about budgets: what is granted, to whom, and when.

use std::time::Duration;

use durward_core::budget::{BudgetKey, Debit, Delays, Rate};
use durward_core::store::{BudgetsMut, Result, Tx};
use durward_core::{Store, Timestamp};

use crate::Suite;
use crate::race::{race, winners};
use crate::sample::{at, digest};

/// Three at once, and one more every ten seconds.
const RATE: Rate = Rate { burst: 3, interval: Duration::from_secs(10) };
/// Two free failures, then waits of 1, 4, 9 and 16 seconds.
const DELAYS: Delays = Delays([
    (2, Duration::from_secs(1)),
    (4, Duration::from_secs(4)),
    (5, Duration::from_secs(9)),
    (7, Duration::from_secs(16)),
]);

const fn key(n: u8) -> BudgetKey {
    BudgetKey(digest(0x99, n))
}

const fn refused(seconds: u64) -> Debit {
    Debit::Refused { retry_after: Duration::from_secs(seconds) }
}

/// A budget that nobody named before is whole: it grants its burst at once, and then says exactly when
/// the next try has a chance.
pub async fn a_new_budget_grants_its_burst<S: Store<Attrs = Suite>>(store: &S) {
    for expected in [Debit::Granted, Debit::Granted, Debit::Granted, refused(10), refused(10)] {
        assert_eq!(debit(store, 1, at(0)).await, expected);
    }
    assert_eq!(debit(store, 1, at(4)).await, refused(6));
}

/// A budget earns one back per interval, to the millisecond.
pub async fn a_budget_earns_one_back_per_interval<S: Store<Attrs = Suite>>(store: &S) {
    for _ in 0..3 {
        assert_eq!(debit(store, 1, at(0)).await, Debit::Granted);
    }
    let just_before = Timestamp::from_millis(at(10).as_millis() - 1);
    let next = Debit::Refused { retry_after: Duration::from_millis(1) };
    assert_eq!(debit(store, 1, just_before).await, next);
    assert_eq!(debit(store, 1, at(10)).await, Debit::Granted);
    assert_eq!(debit(store, 1, at(10)).await, refused(10));
    // 15 seconds on, one and a half were earned back: one may be tried, the half is kept.
    assert_eq!(debit(store, 1, at(25)).await, Debit::Granted);
    assert_eq!(debit(store, 1, at(25)).await, refused(5));
}

/// However long nobody asks, a budget grants no more than its burst at once.
pub async fn a_budget_never_holds_more_than_its_burst<S: Store<Attrs = Suite>>(store: &S) {
    assert_eq!(debit(store, 1, at(0)).await, Debit::Granted);
    for expected in [Debit::Granted, Debit::Granted, Debit::Granted, refused(10)] {
        assert_eq!(debit(store, 1, at(1_000_000)).await, expected);
    }
}

/// A refusal debits nothing, however often it is asked for.
pub async fn a_refusal_debits_nothing<S: Store<Attrs = Suite>>(store: &S) {
    for n in 0..20 {
        let granted = debit(store, 1, at(0)).await == Debit::Granted;
        assert_eq!(granted, n < 3);
    }
    assert_eq!(debit(store, 1, at(10)).await, Debit::Granted);
}

/// Budgets of different names are apart, however alike the names.
pub async fn budgets_are_apart<S: Store<Attrs = Suite>>(store: &S) {
    for n in [1, 2, 255] {
        for expected in [Debit::Granted, Debit::Granted, Debit::Granted, refused(10)] {
            assert_eq!(debit(store, n, at(0)).await, expected);
        }
    }
}

/// A refund gives one back, and no more than was taken.
pub async fn a_refund_gives_one_back<S: Store<Attrs = Suite>>(store: &S) {
    for _ in 0..3 {
        assert_eq!(debit(store, 1, at(0)).await, Debit::Granted);
    }
    refund(store, 1).await;
    assert_eq!(debit(store, 1, at(0)).await, Debit::Granted);
    assert_eq!(debit(store, 1, at(0)).await, refused(10));
    // Whole budgets, and those that nobody named, are not made larger.
    for n in [1, 2] {
        for _ in 0..10 {
            refund(store, n).await;
        }
        for expected in [Debit::Granted, Debit::Granted, Debit::Granted, refused(10)] {
            assert_eq!(debit(store, n, at(0)).await, expected);
        }
    }
}

/// A rate beyond all times is held: one is granted, and then none.
pub async fn an_endless_interval_does_not_wrap_around<S: Store<Attrs = Suite>>(store: &S) {
    let rate = Rate { burst: 1, interval: Duration::MAX };
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.debit_budget(key(1), &rate, at(0)).await.unwrap(), Debit::Granted);
    for now in [at(0), at(1_000_000)] {
        let answer = tx.debit_budget(key(1), &rate, now).await.unwrap();
        assert!(matches!(answer, Debit::Refused { .. }), "{answer:?}");
    }
}

/// Of concurrent callers exactly as many are granted as the budget holds (R-TH-05).
pub async fn concurrent_debits_are_granted_up_to_the_burst<S: Store<Attrs = Suite>>(store: &S) {
    // On a budget that exists, and on one that all of them are the first to name.
    assert_eq!(debit(store, 1, at(-1_000)).await, Debit::Granted);
    for n in [1, 2] {
        let answers = race(store, 12, move |_, tx| {
            Box::pin(async move {
                let answer = tx.debit_budget(key(n), &RATE, at(0)).await?;
                Ok(answer == Debit::Granted)
            })
        });
        assert_eq!(winners(answers.await), 3);
        assert_eq!(debit(store, n, at(0)).await, refused(10));
    }
}

/// A unit of work that is undone gives back what it took.
pub async fn a_debit_is_undone_with_its_unit<S: Store<Attrs = Suite>>(store: &S) {
    let mut tx = store.begin().await.unwrap();
    for _ in 0..3 {
        assert_eq!(tx.debit_budget(key(1), &RATE, at(0)).await.unwrap(), Debit::Granted);
    }
    for _ in 0..2 {
        assert!(tx.debit_attempt(key(2), &DELAYS, at(0)).await.unwrap());
    }
    drop(tx);
    assert_eq!(debit(store, 1, at(0)).await, Debit::Granted);
    assert!(attempt(store, 2, at(0)).await);
    assert!(attempt(store, 2, at(0)).await);
}

/// An attempt counts if the delay after the last one that counted has passed, to the millisecond; the
/// delay grows with every one, and an attempt that came too early neither counts nor lengthens it
/// (R-TH-03).
pub async fn attempts_count_after_growing_delays<S: Store<Attrs = Suite>>(store: &S) {
    let mut now = at(0);
    for failures in 0..10 {
        let wait = DELAYS.after(failures);
        if !wait.is_zero() {
            let early = Timestamp::from_millis((now + wait).as_millis() - 1);
            for moment in [now, early, early] {
                assert!(!attempt(store, 1, moment).await, "{failures} failures, too early");
            }
        }
        now = now + wait;
        assert!(attempt(store, 1, now).await, "{failures} failures, in time");
    }
}

/// Failures are forgotten when they are reset, of this budget only.
pub async fn reset_attempts_are_forgotten<S: Store<Attrs = Suite>>(store: &S) {
    for n in [1, 2] {
        assert!(attempt(store, n, at(0)).await && attempt(store, n, at(0)).await);
        assert!(!attempt(store, n, at(0)).await);
    }
    let mut tx = store.begin().await.unwrap();
    tx.reset_attempts(key(1)).await.unwrap();
    tx.reset_attempts(key(3)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(attempt(store, 1, at(0)).await && attempt(store, 1, at(0)).await);
    assert!(!attempt(store, 1, at(0)).await);
    assert!(!attempt(store, 2, at(0)).await);
    assert!(attempt(store, 3, at(0)).await);
}

/// Of concurrent attempts exactly as many count as are free of a delay (R-TH-03).
pub async fn concurrent_attempts_count_while_they_are_free<S: Store<Attrs = Suite>>(store: &S) {
    assert!(attempt(store, 1, at(-1_000)).await);
    for (n, free) in [(1, 1), (2, 2)] {
        let answers = race(store, 10, move |_, tx| {
            Box::pin(async move { tx.debit_attempt(key(n), &DELAYS, at(0)).await })
        });
        assert_eq!(winners(answers.await), free);
    }
}

/// Debits in a unit of work of its own, as before anything is verified.
async fn debit<S: Store<Attrs = Suite>>(store: &S, n: u8, now: Timestamp) -> Debit {
    let debit = async {
        let mut tx = store.begin().await?;
        let answer = tx.debit_budget(key(n), &RATE, now).await?;
        tx.commit().await?;
        Result::Ok(answer)
    };
    debit.await.unwrap()
}

async fn refund<S: Store<Attrs = Suite>>(store: &S, n: u8) {
    let mut tx = store.begin().await.unwrap();
    tx.refund_budget(key(n), &RATE).await.unwrap();
    tx.commit().await.unwrap();
}

async fn attempt<S: Store<Attrs = Suite>>(store: &S, n: u8, now: Timestamp) -> bool {
    let mut tx = store.begin().await.unwrap();
    let counted = tx.debit_attempt(key(n), &DELAYS, now).await.unwrap();
    tx.commit().await.unwrap();
    counted
}
