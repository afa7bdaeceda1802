//! The connections to a server that the store keeps itself.

use std::time::Duration;

use durward_core::store::{Tx, Users, UsersMut};
use durward_core::{Plain, Store};
use durward_store_sql::{Engine, SqlStore, testing};
use sqlx::{MySql, Postgres};
use tokio::time::timeout;

use crate::engines::{Application, user};

/// Runs tests that take a store with its own connections on every engine that is a server.
macro_rules! on_every_server {
    ($($test:ident),+ $(,)?) => {
        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    if let Some(store) = super::testing::fresh_postgres().await {
                        super::$test::<super::Postgres>(store).await;
                    }
                }
            )+
        }
        mod on_my_sql {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    if let Some(store) = super::testing::fresh_mysql().await {
                        super::$test::<super::MySql>(store).await;
                    }
                }
            )+
        }
    };
}
on_every_server!(
    a_beginning_that_nobody_waits_for_leaves_nothing_open,
    a_look_up_that_nobody_waits_for_does_not_answer_the_next,
    connections_that_died_are_replaced,
    a_closed_store_waits_for_its_units_and_refuses_the_next,
    there_are_no_more_connections_than_were_allowed,
);

async fn is_stored<E: Engine>(store: &SqlStore<E, Plain>, n: u8) -> bool {
    store.read().await.unwrap().user(user(n).id).await.unwrap().is_some()
}

async fn insert<E: Engine>(store: &SqlStore<E, Plain>, n: u8) {
    let mut tx = store.begin().await.unwrap();
    tx.insert_user(&user(n)).await.unwrap();
    tx.commit().await.unwrap();
}

/// At moments of all kinds, among them those between a statement and its answer.
fn delays() -> impl Iterator<Item = Duration> {
    (0..1_000).step_by(20).map(Duration::from_micros)
}

async fn a_beginning_that_nobody_waits_for_leaves_nothing_open<E: Application>(
    store: SqlStore<E, Plain>,
) {
    for (delay, n) in delays().zip(1..) {
        let begun = async {
            let mut tx = store.begin().await.unwrap();
            tx.user(user(n).id).await.unwrap();
        };
        drop(timeout(delay, begun).await);
        // In a transaction that was left open it would be rolled back sooner or later.
        insert(&store, n).await;
    }
    store.close().await;
}

async fn a_look_up_that_nobody_waits_for_does_not_answer_the_next<E: Application>(
    store: SqlStore<E, Plain>,
) {
    insert(&store, 1).await;
    for delay in delays() {
        drop(timeout(delay, is_stored(&store, 1)).await);
        assert!(!is_stored(&store, 2).await, "after {delay:?}");
        assert!(is_stored(&store, 1).await, "after {delay:?}");
    }
}

async fn connections_that_died_are_replaced<E: Application>(store: SqlStore<E, Plain>) {
    insert(&store, 1).await;
    let mut tx = store.begin().await.unwrap();
    let end = if E::NAME == "PostgreSQL" {
        "SELECT pg_terminate_backend(pg_backend_pid())"
    } else {
        "KILL CONNECTION_ID()"
    };
    E::run(tx.conn().await.unwrap(), end).await.unwrap_err();
    tx.insert_user(&user(2)).await.unwrap_err();
    drop(tx);
    assert!(is_stored(&store, 1).await);
    insert(&store, 2).await;
}

async fn a_closed_store_waits_for_its_units_and_refuses_the_next<E: Application>(
    store: SqlStore<E, Plain>,
) {
    let mut tx = store.begin().await.unwrap();
    tx.insert_user(&user(1)).await.unwrap();
    let closing = store.clone();
    let closing = tokio::spawn(async move { closing.close().await });
    tokio::task::yield_now().await;
    assert!(!closing.is_finished());
    tx.commit().await.unwrap();
    closing.await.unwrap();
    assert!(store.read().await.unwrap().user(user(1).id).await.is_err());
}

async fn there_are_no_more_connections_than_were_allowed<E: Application>(
    store: SqlStore<E, Plain>,
) {
    let mut units = Vec::new();
    for _ in 0..16 {
        let mut unit = store.begin().await.unwrap();
        unit.conn().await.unwrap();
        units.push(unit);
    }
    let patience = Duration::from_millis(200);
    assert!(timeout(patience, is_stored(&store, 1)).await.is_err(), "the seventeenth waits");
    drop(units.pop());
    assert!(!is_stored(&store, 1).await);
}
