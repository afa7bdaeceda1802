//! Many units of work on the one connection that writes to a SQLite file.

use std::task::Poll;
use std::time::Instant;

use durward_core::store::{Tx, Users, UsersMut};
use durward_core::{Plain, Store, StoreError};
use durward_store_sql::{SqlStore, testing};
use sqlx::Sqlite;

use crate::engines::{Application, user};

type FileStore = SqlStore<Sqlite, Plain>;

async fn has(store: &FileStore, n: u8) -> bool {
    store.read().await.unwrap().user(user(n).id).await.unwrap().is_some()
}

async fn insert(store: &FileStore, n: u8) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.insert_user(&user(n)).await?;
    tx.commit().await
}

/// Polls at most so often; whether it came to an end.
async fn poll<F: Future + Unpin>(future: &mut F, times: usize) -> bool {
    for _ in 0..times {
        let polled = std::future::poll_fn(|context| {
            Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_ready())
        });
        if polled.await {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_units_commit_at_the_same_time() {
    let store = testing::fresh_sqlite::<Plain>().await;
    let units = (1..=50).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { insert(&store, n).await })
    });
    for unit in units.collect::<Vec<_>>() {
        unit.await.unwrap().unwrap();
    }
    for n in 1..=50 {
        assert!(has(&store, n).await, "{n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_that_fails_or_is_dropped_takes_nobody_with_it() {
    let store = testing::fresh_sqlite::<Plain>().await;
    let units = (1..=60).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            tx.insert_user(&user(n)).await.unwrap();
            match n % 3 {
                0 => tx.commit().await.unwrap(),
                1 => drop(tx),
                _ => {
                    tx.insert_user(&user(n)).await.unwrap_err();
                    assert!(matches!(tx.commit().await, Err(StoreError::Spent)));
                }
            }
        })
    });
    for unit in units.collect::<Vec<_>>() {
        unit.await.unwrap();
    }
    for n in 1..=60 {
        assert_eq!(has(&store, n).await, n % 3 == 0, "{n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_fails_alone() {
    let store = testing::fresh_sqlite::<Plain>().await;
    let units = (1..=40).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            tx.insert_user(&user(n)).await.unwrap();
            if n % 4 == 0 {
                // Found out at the commit and no sooner.
                let orphan = "PRAGMA defer_foreign_keys = ON; \
                              INSERT INTO durward_passwords (user_id, hash, changed_ms) \
                              VALUES (x'00', 'x', 1)";
                Sqlite::run(tx.conn().await.unwrap(), orphan).await.unwrap();
            }
            tx.commit().await
        })
    });
    for (n, unit) in (1..).zip(units.collect::<Vec<_>>()) {
        let committed = unit.await.unwrap();
        if n % 4 == 0 {
            assert!(matches!(committed, Err(StoreError::Conflict)), "{committed:?}");
        } else {
            committed.unwrap();
        }
    }
    for n in 1..=40 {
        assert_eq!(has(&store, n).await, n % 4 != 0, "{n}");
    }
}

/// Nobody is told then; but the unit is whole or nothing, and the next ones are unharmed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_nobody_waits_for_is_whole_or_nothing() {
    let store = testing::fresh_sqlite::<Plain>().await;
    let mut done = 0;
    for n in (1..=200).step_by(3) {
        let mut tx = store.begin().await.unwrap();
        tx.insert_user(&user(n)).await.unwrap();
        tx.insert_user(&user(n + 1)).await.unwrap();
        let mut commit = Box::pin(tx.commit());
        done += usize::from(poll(&mut commit, usize::from(n % 20)).await);
        drop(commit);
        insert(&store, n + 2).await.unwrap();
        assert_eq!(has(&store, n).await, has(&store, n + 1).await, "{n}");
        assert!(has(&store, n + 2).await, "{n}");
    }
    assert!(done < 67, "some were interrupted");
}

/// The connection that writes is given back however a unit of work ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_interruption_leaves_the_turn_taken() {
    let store = testing::fresh_sqlite::<Plain>().await;
    let units = (1..=240).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut unit = Box::pin(async { insert(&store, n).await.unwrap() });
            let ended = poll(&mut unit, usize::from(n % 24)).await;
            drop(unit);
            (n, ended)
        })
    });
    let mut ended = Vec::new();
    for unit in units.collect::<Vec<_>>() {
        let (n, done) = unit.await.unwrap();
        if done {
            ended.push(n);
        }
    }
    for n in ended {
        assert!(has(&store, n).await, "{n} was told that it is committed");
    }
    insert(&store, 250).await.unwrap();
}

/// Neither can wait for the other: the first is committed before the second may write.
#[tokio::test]
async fn a_commit_does_not_wait_for_a_unit_that_has_begun_since() {
    let store = testing::fresh_sqlite::<Plain>().await;
    let mut first = store.begin().await.unwrap();
    first.insert_user(&user(1)).await.unwrap();
    let mut second = store.begin().await.unwrap();
    let next = user(2);
    let (committed, inserted) = tokio::join!(first.commit(), second.insert_user(&next));
    committed.unwrap();
    inserted.unwrap();
    assert!(has(&store, 1).await);
    assert!(!has(&store, 2).await);
}

#[tokio::test]
async fn a_connection_that_lost_its_transaction_is_replaced() {
    let store = testing::fresh_sqlite::<Plain>().await;
    for round in 1..=3 {
        let mut tx = store.begin().await.unwrap();
        tx.insert_user(&user(100)).await.unwrap();
        // As a full disk does.
        Sqlite::run(tx.conn().await.unwrap(), "ROLLBACK").await.unwrap();
        let after = tx.insert_user(&user(101)).await;
        assert!(matches!(after, Err(StoreError::Spent)), "{after:?}");
        assert!(matches!(tx.commit().await, Err(StoreError::Spent)));
        insert(&store, round).await.unwrap();
        assert!(has(&store, round).await);
        assert!(!has(&store, 100).await && !has(&store, 101).await);
    }
}

/// Prints what group commit is worth here; nothing is asserted of time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_per_second_are_printed() {
    const COMMITS: u32 = 400;
    for callers in [1, 4, 16, 50] {
        let store = testing::fresh_sqlite::<Plain>().await;
        let begun = Instant::now();
        let units = (0..callers).map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                insert(&store, n).await.unwrap();
                for version in 1..i64::from(COMMITS / u32::from(callers)) {
                    let mut tx = store.begin().await.unwrap();
                    let mut next = user(n);
                    next.version = version + 1;
                    assert!(tx.update_user(&next, version).await.unwrap());
                    tx.commit().await.unwrap();
                }
            })
        });
        for unit in units.collect::<Vec<_>>() {
            unit.await.unwrap();
        }
        println!("{callers:2} callers: {:?} per commit", begun.elapsed() / COMMITS);
    }
}
