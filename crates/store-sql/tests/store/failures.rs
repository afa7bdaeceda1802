use std::time::Duration;

use durward_core::entity::StoredPassword;
use durward_core::store::{PasswordsMut, Tx, Users, UsersMut};
use durward_core::{PasswordHash, Store, StoreError, Timestamp, User};
use durward_store_sql::{Engine, SqlTx};
use tokio::time::timeout;

use crate::engines::{Application, Database, my_sql, on_every_engine, postgres, sqlite, user};

on_every_engine!(a_row_about_nobody_is_a_conflict, a_broken_row_is_an_error_that_spends_the_unit);

fn renamed(n: u8) -> User {
    User { version: 2, ..user(n) }
}

async fn given_users<E: Application>(database: &Database<E>, numbers: &[u8]) {
    let mut tx = database.store.begin().await.unwrap();
    for n in numbers {
        tx.insert_user(&user(*n)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// What a row refers to may have gone a moment ago; the unit of work is tried again and sees it.
async fn a_row_about_nobody_is_a_conflict<E: Application>(database: Database<E>) {
    let mut tx = database.store.begin().await.unwrap();
    let password = StoredPassword {
        user: user(1).id,
        hash: PasswordHash::from_stored("x".to_owned()),
        changed: Timestamp::from_millis(1),
        compromised: None,
        version: 1,
    };
    let refused = tx.insert_password(&password).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert!(matches!(tx.commit().await, Err(StoreError::Spent)));
}

async fn a_broken_row_is_an_error_that_spends_the_unit<E: Application>(database: Database<E>) {
    given_users(&database, &[1]).await;
    let mut connection = database.pool.acquire().await.unwrap();
    E::run(&mut connection, "UPDATE durward_users SET status = 'odd'").await.unwrap();
    drop(connection);
    let mut read = database.store.read().await.unwrap();
    let broken = read.user(user(1).id).await;
    assert!(matches!(broken, Err(StoreError::Backend(_))), "{broken:?}");
    let mut tx = database.store.begin().await.unwrap();
    let broken = tx.user(user(1).id).await;
    assert!(matches!(broken, Err(StoreError::Backend(_))), "{broken:?}");
    assert!(matches!(tx.user(user(2).id).await, Err(StoreError::Spent)));
}

/// Two units of work that change two users, each in another order.
async fn deadlock<E: Application>(database: &Database<E>) -> Vec<Result<bool, StoreError>> {
    given_users(database, &[1, 2]).await;
    let mut first = database.store.begin().await.unwrap();
    let mut second = database.store.begin().await.unwrap();
    assert!(first.update_user(&renamed(1), 1).await.unwrap());
    assert!(second.update_user(&renamed(2), 1).await.unwrap());
    let (a, b) = tokio::join!(finish(first, 2), finish(second, 1));
    vec![a, b]
}

async fn finish<E: Engine>(mut tx: SqlTx<'static, E>, n: u8) -> Result<bool, StoreError> {
    let changed = tx.update_user(&renamed(n), 1).await?;
    tx.commit().await?;
    Ok(changed)
}

fn one_of_them_is_a_conflict(answers: &[Result<bool, StoreError>]) {
    let conflicts = answers.iter().filter(|it| matches!(it, Err(StoreError::Conflict)));
    assert_eq!(conflicts.count(), 1, "{answers:?}");
    assert!(answers.iter().any(|it| matches!(it, Ok(true))), "{answers:?}");
}

#[tokio::test]
async fn a_deadlock_is_a_conflict_on_postgres() {
    if let Some(database) = postgres().await {
        one_of_them_is_a_conflict(&deadlock(&database).await);
    }
}

#[tokio::test]
async fn a_deadlock_is_a_conflict_on_my_sql() {
    if let Some(database) = my_sql().await {
        one_of_them_is_a_conflict(&deadlock(&database).await);
    }
}

#[tokio::test]
async fn a_serialization_failure_is_a_conflict() {
    let Some(database) = postgres().await else { return };
    given_users(&database, &[1]).await;
    let strict = database.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    let mut late = database.store.join(strict);
    assert!(late.user(user(1).id).await.unwrap().is_some());
    let mut early = database.store.begin().await.unwrap();
    assert!(early.update_user(&renamed(1), 1).await.unwrap());
    early.commit().await.unwrap();
    let refused = late.update_user(&renamed(1), 1).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
}

#[tokio::test]
async fn a_lock_that_is_never_freed_is_a_conflict_on_my_sql() {
    let Some(database) = my_sql().await else { return };
    given_users(&database, &[1]).await;
    let mut holder = database.store.begin().await.unwrap();
    assert!(holder.update_user(&renamed(1), 1).await.unwrap());
    let mut other = database.store.begin().await.unwrap();
    sqlx::MySql::run(other.conn().await.unwrap(), "SET innodb_lock_wait_timeout = 1")
        .await
        .unwrap();
    let refused = other.update_user(&renamed(1), 1).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
}

/// On a pool of the application's with a time-out of 200 milliseconds.
#[tokio::test]
async fn a_busy_database_is_a_conflict_on_sqlite() {
    let database = sqlite().await.unwrap();
    let mut holder = database.store.begin().await.unwrap();
    holder.insert_user(&user(1)).await.unwrap();
    let mut other = database.store.begin().await.unwrap();
    let refused = timeout(Duration::from_secs(5), other.insert_user(&user(2))).await.unwrap();
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    drop(holder);
    given_users(&database, &[2]).await;
}

/// The units of work are weaker than a session's own default, which others may have made stricter.
#[tokio::test]
async fn a_unit_on_my_sql_sees_what_others_committed() {
    let Some(database) = my_sql().await else { return };
    let mut tx = database.store.begin().await.unwrap();
    assert!(tx.user(user(1).id).await.unwrap().is_none());
    given_users(&database, &[1]).await;
    assert!(tx.user(user(1).id).await.unwrap().is_some());
}
