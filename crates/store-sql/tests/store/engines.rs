//! One text per test, for every engine.

use std::time::Duration;

use durward_core::{
    NoAttributes, PersonName, Plain, StandardRole, Timestamp, User, UserId, UserStatus,
};
use durward_store_sql::{Engine, SqlStore, testing};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, MySql, Pool, Postgres, Row, Sqlite};
use tempfile::TempDir;

/// An application's database with the tables of the store and one of its own, `baskets`.
pub(crate) struct Database<E: Engine> {
    pub(crate) pool: Pool<E>,
    pub(crate) store: SqlStore<E, Plain>,
    _directory: Option<TempDir>,
}

impl<E: Application> Database<E> {
    async fn of_pool(pool: Pool<E>, directory: Option<TempDir>) -> Self {
        let store = SqlStore::new(pool.clone());
        testing::run_schema(&store).await;
        let baskets = "CREATE TABLE baskets (owner VARCHAR(20) NOT NULL PRIMARY KEY)";
        let mut connection = pool.acquire().await.unwrap();
        E::run(&mut connection, baskets).await.unwrap();
        drop(connection);
        Self { pool, store, _directory: directory }
    }

    pub(crate) async fn begin(&self) -> sqlx::Transaction<'static, E> {
        self.pool.begin_with(E::WRITE).await.unwrap()
    }

    /// How many baskets are committed.
    pub(crate) async fn baskets(&self) -> i64 {
        let mut connection = self.pool.acquire().await.unwrap();
        E::count(&mut connection, "SELECT COUNT(*) FROM baskets").await
    }
}

/// What an application does with its own database.
pub(crate) trait Application: Engine {
    /// How it begins a transaction that will write.
    const WRITE: &'static str;
    /// What comes before the hexadecimal digits of a literal.
    const HEX: &'static str;
    /// Runs a statement of its own.
    async fn run(connection: &mut Self::Connection, sql: &str) -> sqlx::Result<()>;
    /// Looks a number up.
    async fn count(connection: &mut Self::Connection, sql: &str) -> i64;
    /// Whether a transaction is open on the connection.
    async fn is_open(connection: &mut Self::Connection) -> bool;
}

macro_rules! application {
    ($engine:ty, $write:literal, $hex:literal, $probe:literal, $open:ident) => {
        impl Application for $engine {
            const WRITE: &'static str = $write;
            const HEX: &'static str = $hex;
            async fn run(connection: &mut Self::Connection, sql: &str) -> sqlx::Result<()> {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(|_| ())
            }
            async fn count(connection: &mut Self::Connection, sql: &str) -> i64 {
                let sql = AssertSqlSafe(sql);
                sqlx::query(sql).fetch_one(connection).await.unwrap().try_get(0).unwrap()
            }
            async fn is_open(connection: &mut Self::Connection) -> bool {
                Self::run(connection, $probe).await.$open()
            }
        }
    };
}
application!(Sqlite, "BEGIN IMMEDIATE", "x'", "BEGIN; ROLLBACK", is_err);
application!(Postgres, "BEGIN", "'\\x", "SAVEPOINT probe", is_ok);
application!(MySql, "BEGIN", "x'", "SET TRANSACTION ISOLATION LEVEL READ COMMITTED", is_err);

pub(crate) async fn sqlite() -> Option<Database<Sqlite>> {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(directory.path().join("application.db"))
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(Duration::from_millis(200))
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.unwrap();
    Some(Database::of_pool(pool, Some(directory)).await)
}

pub(crate) async fn postgres() -> Option<Database<Postgres>> {
    Some(Database::of_pool(testing::postgres_pool().await?, None).await)
}

pub(crate) async fn my_sql() -> Option<Database<MySql>> {
    Some(Database::of_pool(testing::mysql_pool().await?, None).await)
}

/// Runs tests that take a [`Database`] on every engine.
macro_rules! on_every_engine {
    ($($test:ident),+ $(,)?) => {
        on_every_engine!(@on sqlite: $($test),+);
        on_every_engine!(@on postgres: $($test),+);
        on_every_engine!(@on my_sql: $($test),+);
    };
    (@on $engine:ident: $($test:ident),+) => {
        mod $engine {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    if let Some(database) = crate::engines::$engine().await {
                        super::$test(database).await;
                    }
                }
            )+
        }
    };
}
pub(crate) use on_every_engine;

pub(crate) fn user(n: u8) -> User {
    User {
        id: UserId::from_bytes([n; 16]),
        name: PersonName::parse("Ada").unwrap(),
        status: UserStatus::Active,
        roles: vec![StandardRole::User],
        version: 1,
        created: Timestamp::from_millis(1),
        updated: Timestamp::from_millis(1),
        erasure: None,
        attrs: NoAttributes {},
    }
}
