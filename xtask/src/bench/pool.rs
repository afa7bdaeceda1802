use std::time::Duration;

use anyhow::{Result, bail};
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Database, PgPool, SqlitePool};

use super::baseline::key;

/// A plain pool of the driver that the server uses, with the settings that serve it best.
#[derive(Clone)]
pub(super) enum Pool {
    /// Many connections that read, and the one that may write.
    Sqlite(SqlitePool, SqlitePool),
    Postgres(PgPool),
}

const MAKE_POINTS: &str = "CREATE TABLE IF NOT EXISTS points (id {} NOT NULL PRIMARY KEY, \
     user_id TEXT NOT NULL, session_id TEXT NOT NULL, authenticated TEXT NOT NULL)";
const MAKE_COMMITS: &str =
    "CREATE TABLE IF NOT EXISTS commits (id {} NOT NULL PRIMARY KEY, value TEXT NOT NULL)";
const VALUE: &str = "sixty-four bytes of text, about what one of our smaller rows holds";

impl Pool {
    /// Opens a database; commits are durable, as the server's are.
    pub(super) async fn open(url: &str, connections: u32) -> Result<Self> {
        if url.starts_with("sqlite:") {
            let options: SqliteConnectOptions = url.parse()?;
            let options = options
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full);
            let writer = options_of(1).connect_with(options.clone()).await?;
            let readers = options_of(connections.min(8)).connect_with(options).await?;
            return Ok(Self::Sqlite(readers, writer));
        }
        if url.starts_with("postgres") {
            return Ok(Self::Postgres(options_of(connections).connect(url).await?));
        }
        bail!("the bench knows SQLite and PostgreSQL")
    }

    /// Makes the rows of the bare read, unless they are there.
    pub(super) async fn fill_points(&self, count: u64, values: [&str; 3]) -> Result<()> {
        let [user, session, authenticated] = values;
        match self {
            Self::Sqlite(_, writer) => {
                let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
                sqlx::query(sqlx::AssertSqlSafe(MAKE_POINTS.replace("{}", "BLOB")))
                    .execute(&mut *tx)
                    .await?;
                for number in 0..count {
                    sqlx::query("INSERT OR IGNORE INTO points VALUES (?, ?, ?, ?)")
                        .bind(key(number).to_vec())
                        .bind(user)
                        .bind(session)
                        .bind(authenticated)
                        .execute(&mut *tx)
                        .await?;
                }
                tx.commit().await?;
            }
            Self::Postgres(pool) => {
                let mut tx = pool.begin().await?;
                sqlx::query(sqlx::AssertSqlSafe(MAKE_POINTS.replace("{}", "BYTEA")))
                    .execute(&mut *tx)
                    .await?;
                for number in 0..count {
                    sqlx::query(
                        "INSERT INTO points VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                    )
                    .bind(key(number).to_vec())
                    .bind(user)
                    .bind(session)
                    .bind(authenticated)
                    .execute(&mut *tx)
                    .await?;
                }
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// One prepared read of one row by its key.
    pub(super) async fn point(&self, key: &[u8]) -> Result<Option<[String; 3]>> {
        let row: Option<(String, String, String)> = match self {
            Self::Sqlite(readers, _) => {
                sqlx::query_as("SELECT user_id, session_id, authenticated FROM points WHERE id = ?")
                    .bind(key)
                    .fetch_optional(readers)
                    .await?
            }
            Self::Postgres(pool) => {
                sqlx::query_as(
                    "SELECT user_id, session_id, authenticated FROM points WHERE id = $1",
                )
                .bind(key)
                .fetch_optional(pool)
                .await?
            }
        };
        Ok(row.map(|(user, session, authenticated)| [user, session, authenticated]))
    }

    /// Makes the table of the loop of commits.
    pub(super) async fn make_commits(&self) -> Result<()> {
        match self {
            Self::Sqlite(_, writer) => {
                let sql = sqlx::AssertSqlSafe(MAKE_COMMITS.replace("{}", "BLOB"));
                sqlx::query(sql).execute(writer).await?;
            }
            Self::Postgres(pool) => {
                let sql = sqlx::AssertSqlSafe(MAKE_COMMITS.replace("{}", "BYTEA"));
                sqlx::query(sql).execute(pool).await?;
            }
        }
        Ok(())
    }

    /// The smallest transaction: begin, one row, commit.
    pub(super) async fn commit(&self, id: &[u8]) -> Result<()> {
        match self {
            Self::Sqlite(_, writer) => {
                let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
                sqlx::query("INSERT INTO commits VALUES (?, ?)")
                    .bind(id)
                    .bind(VALUE)
                    .execute(&mut *tx)
                    .await?;
                tx.commit().await?;
            }
            Self::Postgres(pool) => {
                let mut tx = pool.begin().await?;
                sqlx::query("INSERT INTO commits VALUES ($1, $2)")
                    .bind(id)
                    .bind(VALUE)
                    .execute(&mut *tx)
                    .await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }
}

/// Without a round trip to try a connection before each use, as in the server.
fn options_of<D: Database>(connections: u32) -> PoolOptions<D> {
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
}
