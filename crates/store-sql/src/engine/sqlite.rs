mod direct;
mod file;
mod group;
mod log;
mod readers;
mod writer;

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;

use durward_core::Attrs;
use durward_core::store::Result;
use sqlx::error::DatabaseError;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{Connection, SqlSafeStr, Sqlite, SqliteConnection, SqlitePool, Transaction};

use crate::SqlStore;
use crate::engine::{Dialect, Driver, Open, Reader, Source, Unit, Value, read_row, run_statements};
use crate::pending::Batch;
use crate::row::Decode;
use crate::statement::Statements;
use file::File;
use readers::FileReader;
use writer::Writing;

impl<A: Attrs> SqlStore<Sqlite, A> {
    /// Opens a database file, and creates it, readable by its owner only, when it is not there.
    ///
    /// One connection writes and others read, in write-ahead mode, so that no look-up waits for a unit of
    /// work. A look-up of one row happens on the calling thread, for the few microseconds that it takes; up to eight
    /// threads make longer ones. Other processes may use the file at the same time.
    pub async fn open(path: impl AsRef<Path>) -> sqlx::Result<Self> {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        Self::of_file(options, true).await
    }

    /// Opens a database file by a URL such as `sqlite:durward.db` or `sqlite:///var/lib/durward.db`.
    ///
    /// A `mode` in the URL decides whether a missing file is created. A database in memory is refused:
    /// it cannot have several connections.
    pub async fn connect(url: &str) -> sqlx::Result<Self> {
        let options: SqliteConnectOptions = url.parse()?;
        let said = url.contains("mode=");
        let options = if said { options } else { options.create_if_missing(true) };
        let plain = !url.contains("vfs=") && !url.contains("immutable=");
        Self::of_file(options, plain).await
    }

    /// Opens a database file by options of one's own; write-ahead mode, foreign keys and durability are not for them
    /// to choose. They may ask for what only a connection of sqlx's has, so every look-up is left to those.
    pub async fn connect_with(options: SqliteConnectOptions) -> sqlx::Result<Self> {
        Self::of_file(options, false).await
    }

    async fn of_file(options: SqliteConnectOptions, plain: bool) -> sqlx::Result<Self> {
        let file = File::open(options, plain).await?;
        Ok(Self::of(SqliteSource::File(Arc::new(file))))
    }
}

impl Driver for Sqlite {
    const DIALECT: Dialect = Dialect::Sqlite;
    /// Takes the write lock at once: a transaction that reads first and then wants to write fails when
    /// somebody else wrote in between, however long it is willing to wait.
    const BEGIN: &'static str = "BEGIN IMMEDIATE";
    const PROBE: &'static str = "BEGIN";
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    const RESUMES: bool = true;

    type Source = SqliteSource;
    type Unit = Writing;

    /// A full disk and its like end the whole transaction. Inside of one, another cannot begin.
    fn still_open(probed: &sqlx::Result<()>) -> bool {
        probed
            .as_ref()
            .is_err_and(|error| error.as_database_error().is_some_and(|error| code(error) == ERROR))
    }

    /// Also a schema that others went on changing while a statement was prepared: its message may be of a table that is
    /// not there yet, as that schema was, and is none of what is there now.
    fn is_conflict(error: &dyn DatabaseError) -> bool {
        matches!(code(error) & 0xff, BUSY | LOCKED | SCHEMA)
    }

    fn has_run_already(error: &dyn DatabaseError) -> bool {
        let repeated = |text: &str| {
            text.starts_with("duplicate column name") || text.ends_with("already exists")
        };
        code(error) == ERROR && repeated(error.message())
    }

    fn is_missing_table(error: &dyn DatabaseError) -> bool {
        code(error) == ERROR && error.message().starts_with("no such table")
    }

    run_statements!();
}

read_row!(SqliteRow, try_get);

const ERROR: u32 = 1;
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const SCHEMA: u32 = 17;

/// The extended result code, whose last byte is the plain one.
fn code(error: &dyn DatabaseError) -> u32 {
    error.code().and_then(|code| code.parse().ok()).unwrap_or_default()
}

/// A pool of the application's, or a file that the store opened itself.
#[derive(Clone, Debug)]
pub(crate) enum SqliteSource {
    /// The application's own pool, for look-ups and units of work alike.
    Pool(SqlitePool),
    /// One connection that writes and several that read.
    File(Arc<File>),
}

impl Source<Sqlite> for SqliteSource {
    type Reader = SqliteReader;

    fn of_pool(pool: SqlitePool) -> Self {
        Self::Pool(pool)
    }

    async fn reader(&self) -> sqlx::Result<SqliteReader> {
        match self {
            Self::Pool(pool) => pool.acquire().await.map(SqliteReader::Pool),
            Self::File(file) => file.reader().await.map(SqliteReader::File),
        }
    }

    fn row_at_once<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Option<Result<Option<T>>> {
        match self {
            Self::Pool(_) => None,
            Self::File(file) => file.row_at_once(sql, values, decode),
        }
    }

    fn rows_at_once<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Option<Result<Vec<T>>> {
        match self {
            Self::Pool(_) => None,
            Self::File(file) => file.rows_at_once(sql, values, decode),
        }
    }

    async fn commit_at_once(
        &self,
        statements: &Arc<Statements>,
        batch: &Arc<Batch>,
    ) -> Option<Result<()>> {
        match self {
            Self::Pool(_) => None,
            Self::File(file) => file.commit_at_once(statements, batch).await,
        }
    }

    async fn begin(&self) -> sqlx::Result<Open<'static, Sqlite>> {
        match self {
            Self::Pool(pool) => begin_in(pool).await.map(Open::Transaction),
            Self::File(file) => file.begin().await.map(Open::Unit),
        }
    }

    async fn close(&self) {
        match self {
            Self::Pool(pool) => pool.close().await,
            Self::File(file) => file.close().await,
        }
    }
}

/// Begins on a connection of which sqlx knows no other transaction. An error that ended one without its
/// notice would keep the connection from ever beginning again.
async fn begin_in(pool: &SqlitePool) -> sqlx::Result<Transaction<'static, Sqlite>> {
    loop {
        let connection = pool.acquire().await?;
        if !connection.is_in_transaction() {
            return Transaction::begin(connection, Some(Sqlite::BEGIN.into_sql_str())).await;
        }
        connection.close().await?;
    }
}

/// A connection for one look-up.
#[derive(Debug)]
pub(crate) enum SqliteReader {
    /// Of the application's pool.
    Pool(PoolConnection<Sqlite>),
    /// Of the store's own readers.
    File(FileReader),
}

impl Deref for SqliteReader {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        match self {
            Self::Pool(connection) => connection,
            Self::File(connection) => connection,
        }
    }
}

impl DerefMut for SqliteReader {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Pool(connection) => connection,
            Self::File(connection) => connection,
        }
    }
}

impl Reader<Sqlite> for SqliteReader {
    fn discard(self) {
        match self {
            Self::Pool(connection) => connection.discard(),
            Self::File(connection) => connection.discard(),
        }
    }
}

impl Unit<Sqlite> for Writing {
    fn conn(&mut self) -> &mut SqliteConnection {
        self.connection()
    }

    async fn commit(self) -> sqlx::Result<()> {
        self.make_durable().await
    }
}
