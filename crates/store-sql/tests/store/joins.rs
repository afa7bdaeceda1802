use std::time::Duration;

use durward_core::store::{Tx, Users, UsersMut};
use durward_core::{Plain, Store, StoreError};
use durward_store_sql::SqlTx;
use sqlx::Connection;

use crate::engines::{Application, Database, on_every_engine, user};

on_every_engine!(
    a_joined_transaction_is_committed_by_whoever_holds_it_last,
    a_joined_transaction_may_be_committed_as_a_unit,
    a_joined_transaction_that_is_dropped_leaves_no_trace,
    a_lent_connection_keeps_the_last_word,
    a_lent_connection_survives_a_failed_unit,
    rows_of_the_application_share_the_fate_of_the_unit,
    the_application_may_open_savepoints_in_a_unit,
    an_error_is_not_handed_back,
    a_transaction_that_ended_unseen_is_noticed,
    a_beginning_that_nobody_waits_for_leaves_nothing_open,
);

const BASKET: &str = "INSERT INTO baskets (owner) VALUES ('ada')";

async fn is_stored<E: Application>(database: &Database<E>, n: u8) -> bool {
    database.store.read().await.unwrap().user(user(n).id).await.unwrap().is_some()
}

async fn a_joined_transaction_is_committed_by_whoever_holds_it_last<E: Application>(
    database: Database<E>,
) {
    let mut mine = database.begin().await;
    E::run(&mut mine, BASKET).await.unwrap();
    let mut tx = SqlTx::<'_, E, Plain>::join(mine);
    tx.insert_user(&user(1)).await.unwrap();
    let mine = tx.into_inner().unwrap();
    assert!(!is_stored(&database, 1).await);
    mine.commit().await.unwrap();
    assert!(is_stored(&database, 1).await);
    assert_eq!(database.baskets().await, 1);
}

async fn a_joined_transaction_may_be_committed_as_a_unit<E: Application>(database: Database<E>) {
    let mut mine = database.begin().await;
    E::run(&mut mine, BASKET).await.unwrap();
    let mut tx = database.store.join(mine);
    tx.insert_user(&user(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(is_stored(&database, 1).await);
    assert_eq!(database.baskets().await, 1);
}

async fn a_joined_transaction_that_is_dropped_leaves_no_trace<E: Application>(
    database: Database<E>,
) {
    let mut mine = database.begin().await;
    E::run(&mut mine, BASKET).await.unwrap();
    let mut tx = database.store.join(mine);
    tx.insert_user(&user(1)).await.unwrap();
    drop(tx);
    assert!(!is_stored(&database, 1).await);
    assert_eq!(database.baskets().await, 0);
}

async fn a_lent_connection_keeps_the_last_word<E: Application>(database: Database<E>) {
    for (n, committed) in [(1, false), (2, true)] {
        let mut mine = database.begin().await;
        let mut tx = database.store.join(mine.begin().await.unwrap());
        tx.insert_user(&user(n)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!is_stored(&database, n).await, "the application has not committed yet");
        if committed {
            mine.commit().await.unwrap();
        } else {
            mine.rollback().await.unwrap();
        }
        assert_eq!(is_stored(&database, n).await, committed);
    }
}

async fn a_lent_connection_survives_a_failed_unit<E: Application>(database: Database<E>) {
    let mut mine = database.begin().await;
    E::run(&mut mine, BASKET).await.unwrap();
    let mut tx = database.store.join(mine.begin().await.unwrap());
    tx.insert_user(&user(1)).await.unwrap();
    let again = tx.insert_user(&user(1)).await;
    assert!(matches!(again, Err(StoreError::Duplicate("user"))), "{again:?}");
    drop(tx);
    let mut tx = database.store.join(mine.begin().await.unwrap());
    tx.insert_user(&user(2)).await.unwrap();
    tx.commit().await.unwrap();
    mine.commit().await.unwrap();
    assert!(!is_stored(&database, 1).await);
    assert!(is_stored(&database, 2).await);
    assert_eq!(database.baskets().await, 1);
}

async fn rows_of_the_application_share_the_fate_of_the_unit<E: Application>(database: Database<E>) {
    for (n, committed) in [(1, false), (2, true)] {
        let mut tx = database.store.begin().await.unwrap();
        tx.insert_user(&user(n)).await.unwrap();
        E::run(tx.conn().await.unwrap(), BASKET).await.unwrap();
        assert!(tx.user(user(n).id).await.unwrap().is_some());
        if committed {
            tx.commit().await.unwrap();
        } else {
            drop(tx);
        }
        assert_eq!(database.baskets().await, i64::from(committed));
        assert_eq!(is_stored(&database, n).await, committed);
    }
}

async fn the_application_may_open_savepoints_in_a_unit<E: Application>(database: Database<E>) {
    let mut tx = database.store.begin().await.unwrap();
    let mut mine = tx.conn().await.unwrap().begin().await.unwrap();
    E::run(&mut mine, BASKET).await.unwrap();
    E::run(&mut mine, BASKET).await.unwrap_err();
    mine.rollback().await.unwrap();
    tx.insert_user(&user(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(is_stored(&database, 1).await);
    assert_eq!(database.baskets().await, 0);
}

async fn an_error_is_not_handed_back<E: Application>(database: Database<E>) {
    let mut tx = database.store.join(database.begin().await);
    tx.insert_user(&user(1)).await.unwrap();
    tx.insert_user(&user(1)).await.unwrap_err();
    assert!(matches!(tx.into_inner(), Err(StoreError::Spent)));
    assert!(!is_stored(&database, 1).await);
}

/// As after an error that ends the transaction, such as a deadlock or a full disk, which the application
/// did not look at: nothing more may be written, since it would be durable at once.
async fn a_transaction_that_ended_unseen_is_noticed<E: Application>(database: Database<E>) {
    let ended = if E::NAME == "PostgreSQL" { "SELECT 1/0" } else { "ROLLBACK" };
    for before_commit in [false, true] {
        let mut tx = database.store.begin().await.unwrap();
        tx.insert_user(&user(1)).await.unwrap();
        let _overlooked = E::run(tx.conn().await.unwrap(), ended).await;
        if !before_commit {
            let after = tx.insert_user(&user(2)).await;
            assert!(matches!(after, Err(StoreError::Spent)), "{after:?}");
        }
        let committed = tx.commit().await;
        assert!(matches!(committed, Err(StoreError::Spent)), "{committed:?}");
        assert!(!is_stored(&database, 1).await);
        assert!(!is_stored(&database, 2).await);
    }
    let mut tx = database.store.begin().await.unwrap();
    tx.insert_user(&user(3)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(is_stored(&database, 3).await);
}

/// sqlx alone would put the connection back into the pool with the transaction open.
async fn a_beginning_that_nobody_waits_for_leaves_nothing_open<E: Application>(
    database: Database<E>,
) {
    for delay in (0..1_000).step_by(20).map(Duration::from_micros) {
        // Ends the beginning at another moment each time; on a fast machine the later ones succeed.
        let begun = async {
            let mut tx = database.store.begin().await.unwrap();
            tx.conn().await.unwrap();
        };
        drop(tokio::time::timeout(delay, begun).await);
        let pool = &database.pool;
        let all_are_back = async {
            while pool.num_idle() < pool.size() as usize {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), all_are_back).await.unwrap();
        let idle = pool.size();
        for _ in 0..idle {
            let mut connection = database.pool.acquire().await.unwrap();
            assert!(!E::is_open(&mut connection).await, "after {delay:?}");
        }
    }
}
