//! Fresh databases for tests: SQLite in a directory of its own, the others on the servers that
//! `DURWARD_TEST_POSTGRES_URL` and `DURWARD_TEST_MYSQL_URL` name, which `./test` starts.
//!
//! A server that is not named is a loud skip, and a failure where `CI` is `true`, unless
//! `DURWARD_TEST_SKIP` lists it. What is created on a server, a schema on PostgreSQL and a database on
//! MariaDB, is named `durward_test_...` and stays there: the server is for tests.

#![expect(clippy::missing_panics_doc, reason = "a test without its database fails by a panic")]

use std::env;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::time::Duration;

use durward_core::Attrs;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use sqlx::Connection;
use sqlx::{AssertSqlSafe, SqlSafeStr};

#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::engine::{Driver, pools::CONNECTIONS};
use crate::engine::{Engine, Source};
use crate::migrate::{Interruption, Migrator};
use crate::{SchemaError, SqlStore, migrations};

/// A migrated SQLite database; its directory vanishes with the last clone of the store.
#[cfg(feature = "sqlite")]
pub async fn fresh_sqlite<A: Attrs>() -> SqlStore<sqlx::Sqlite, A> {
    let store = empty_sqlite().await;
    run_schema(&store).await;
    store
}

/// A SQLite database without tables.
#[cfg(feature = "sqlite")]
pub async fn empty_sqlite<A: Attrs>() -> SqlStore<sqlx::Sqlite, A> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("durward.db");
    let store = SqlStore::open(path).await.expect("a database file");
    if let crate::engine::sqlite::SqliteSource::File(file) = store.source() {
        file.directory.set(directory).expect("nobody else sets it");
    }
    store
}

/// A migrated schema on PostgreSQL, with connections of its own; `None` is a skip that was told.
#[cfg(feature = "postgres")]
pub async fn fresh_postgres<A: Attrs>() -> Option<SqlStore<sqlx::Postgres, A>> {
    let store = empty_postgres().await?;
    run_schema(&store).await;
    Some(store)
}

/// An empty schema on PostgreSQL.
#[cfg(feature = "postgres")]
pub async fn empty_postgres<A: Attrs>() -> Option<SqlStore<sqlx::Postgres, A>> {
    let options = postgres_options().await?;
    Some(
        SqlStore::<sqlx::Postgres, A>::connect_with(options, CONNECTIONS)
            .await
            .expect("PostgreSQL"),
    )
}

/// A pool on an empty schema of PostgreSQL.
#[cfg(feature = "postgres")]
pub async fn postgres_pool() -> Option<sqlx::PgPool> {
    Some(pool_of(postgres_options().await?).await)
}

/// The way to an empty schema of PostgreSQL.
#[cfg(feature = "postgres")]
async fn postgres_options() -> Option<sqlx::postgres::PgConnectOptions> {
    use sqlx::postgres::PgConnectOptions;

    let url = server("DURWARD_TEST_POSTGRES_URL", "postgres")?;
    let options: PgConnectOptions = url.parse().expect("DURWARD_TEST_POSTGRES_URL");
    let name = random_name();
    let mut admin = sqlx::PgConnection::connect_with(&options).await.expect("PostgreSQL");
    let create = AssertSqlSafe(format!("CREATE SCHEMA {name}")).into_sql_str();
    sqlx::Postgres::run(&mut admin, create).await.expect("a schema");
    admin.close().await.expect("PostgreSQL");
    Some(options.options([("search_path", name)]))
}

/// A migrated database on MariaDB, with connections of its own; `None` is a skip that was told.
#[cfg(feature = "mysql")]
pub async fn fresh_mysql<A: Attrs>() -> Option<SqlStore<sqlx::MySql, A>> {
    let store = empty_mysql().await?;
    run_schema(&store).await;
    Some(store)
}

/// An empty database on MariaDB.
#[cfg(feature = "mysql")]
pub async fn empty_mysql<A: Attrs>() -> Option<SqlStore<sqlx::MySql, A>> {
    let options = mysql_options().await?;
    Some(SqlStore::<sqlx::MySql, A>::connect_with(options, CONNECTIONS).await.expect("MariaDB"))
}

/// A pool on an empty database of MariaDB.
#[cfg(feature = "mysql")]
pub async fn mysql_pool() -> Option<sqlx::MySqlPool> {
    Some(pool_of(mysql_options().await?).await)
}

/// The way to an empty database of MariaDB.
#[cfg(feature = "mysql")]
async fn mysql_options() -> Option<sqlx::mysql::MySqlConnectOptions> {
    use sqlx::mysql::MySqlConnectOptions;

    let url = server("DURWARD_TEST_MYSQL_URL", "mysql")?;
    let options: MySqlConnectOptions = url.parse().expect("DURWARD_TEST_MYSQL_URL");
    let name = random_name();
    let mut admin = sqlx::MySqlConnection::connect_with(&options).await.expect("MariaDB");
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}")).into_sql_str();
    sqlx::MySql::run(&mut admin, create).await.expect("a database");
    admin.close().await.expect("MariaDB");
    Some(options.database(&name))
}

/// Every statement of the store with its name, as the engine reads it.
pub fn statements<E: Engine, A: Attrs>(
    store: &SqlStore<E, A>,
) -> impl Iterator<Item = (&'static str, sqlx::SqlStr)> {
    store.statements().all()
}

/// Prepares every statement of the store; answers the ones that the engine refused.
pub async fn refused_statements<E: Engine, A: Attrs>(
    store: &SqlStore<E, A>,
) -> Vec<(&'static str, sqlx::Error)> {
    let mut conn = store.source().reader().await.expect("a connection");
    let mut refused = Vec::new();
    for (name, sql) in statements(store) {
        if let Err(error) = E::prepare(&mut conn, sql).await {
            refused.push((name, error));
        }
    }
    refused
}

/// Migrates as a process that is killed after so many steps: between the last one and the note that it
/// was done, or after the note. It keeps the lock.
pub async fn migrate_until_killed<E: Engine, A: Attrs>(
    store: &SqlStore<E, A>,
    steps: u32,
    before_note: bool,
    patience: Duration,
) -> Result<(), SchemaError> {
    let at = Interruption { after: steps, before_note };
    Migrator::new(store).interrupted(Some(at), patience).run().await
}

/// Migrates as usual, but takes a lock over from a holder that is silent for this long.
pub async fn migrate_impatiently<E: Engine, A: Attrs>(
    store: &SqlStore<E, A>,
    patience: Duration,
) -> Result<(), SchemaError> {
    Migrator::new(store).interrupted(None, patience).run().await
}

/// Runs a script of several statements.
pub async fn run_script<E: Engine, A: Attrs>(store: &SqlStore<E, A>, script: &str) {
    let script = AssertSqlSafe(script).into_sql_str();
    let mut open = store.source().begin().await.expect("a transaction");
    E::run(open.conn(), script).await.expect("a script");
    open.commit().await.expect("a commit");
}

/// Runs text on a connection that look-ups use.
pub async fn run_as_reader<E: Engine, A: Attrs>(
    store: &SqlStore<E, A>,
    text: &str,
) -> sqlx::Result<()> {
    let mut conn = store.source().reader().await?;
    E::run(&mut conn, AssertSqlSafe(text).into_sql_str()).await
}

/// Creates the tables by the printed schema, which is much faster than migrating step by step.
pub async fn run_schema<E: Engine, A: Attrs>(store: &SqlStore<E, A>) {
    run_script(store, &migrations::print(E::DIALECT, store.prefix())).await;
}

/// The server that a variable names; `None` is a skip that was told.
///
/// Panics where `CI` is `true` and the engine is not listed in `DURWARD_TEST_SKIP`.
pub fn server(variable: &str, engine: &str) -> Option<String> {
    if let Ok(url) = env::var(variable).as_deref()
        && !url.is_empty()
    {
        return Some(url.to_owned());
    }
    let listed = env::var("DURWARD_TEST_SKIP").unwrap_or_default();
    let listed = listed.split(',').any(|listed| listed == engine);
    let required = env::var("CI").is_ok_and(|ci| ci == "true") && !listed;
    assert!(!required, "{variable} is not set, and CI=true forbids to skip {engine}");
    // The test harness captures what the print macros write; a skip must be seen.
    let told = format!("SKIPPED a test on {engine}: {variable} is not set\n");
    io::stderr().lock().write_all(told.as_bytes()).expect("the error output");
    None
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn random_name() -> String {
    format!("durward_test_{:016x}", RandomState::new().hash_one(std::process::id()))
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
async fn pool_of<E: Engine>(options: <E::Connection as Connection>::Options) -> sqlx::Pool<E> {
    let settings = crate::pool_options::<E>().max_connections(8);
    settings.connect_with(options).await.expect("a pool")
}
