use std::fs::{self, OpenOptions};
use std::sync::Arc;
use std::time::Duration;

use durward_core::store::Result;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use tokio::time::sleep;

use super::direct::Direct;
use super::group::Group;
use super::log::Log;
use super::readers::{FileReader, Readers};
use super::writer::{Writer, Writing};
use crate::engine::{Driver, KEPT_STATEMENTS, Value};
use crate::pending::Batch;
use crate::row::Decode;
use crate::statement::Statements;

/// How many bytes the log may keep on the disk when it is empty.
pub(super) const JOURNAL_LIMIT: i64 = 64 * 1024 * 1024;

/// A database file with one connection that writes and several that read.
#[derive(Debug)]
pub(crate) struct File {
    readers: Arc<Readers>,
    direct: Option<Direct>,
    group: Option<Group>,
    writer: Writer,
    /// Where the file lies, when it is to vanish with the store.
    #[cfg(feature = "testing")]
    pub(crate) directory: std::sync::OnceLock<tempfile::TempDir>,
}

impl File {
    /// `plain` options ask for nothing that only sqlx could do.
    pub(super) async fn open(options: SqliteConnectOptions, plain: bool) -> sqlx::Result<Self> {
        let options = options.foreign_keys(true).statement_cache_capacity(KEPT_STATEMENTS);
        create(&options).await?;
        // Reading needs no more than what the writer has set up by then.
        let readers = options.clone().pragma("query_only", "ON");
        // A commit writes to the log; that it reaches the disk is the business of `Log`.
        let writing = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .pragma("journal_size_limit", JOURNAL_LIMIT.to_string());
        let (connection, log) = open_writer(&writing).await?;
        let writer = Writer::new(writing, connection, Log::new(log));
        let path = plain.then(|| std::path::absolute(readers.get_filename())).transpose()?;
        Ok(Self {
            readers: Arc::new(Readers::new(readers)),
            direct: path.clone().map(Direct::new),
            group: path.map(Group::new),
            writer,
            #[cfg(feature = "testing")]
            directory: std::sync::OnceLock::new(),
        })
    }

    pub(super) async fn reader(&self) -> sqlx::Result<FileReader> {
        self.readers.reader().await
    }

    pub(super) fn row_at_once<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Option<Result<Option<T>>> {
        self.direct.as_ref()?.row(sql, values, decode)
    }

    pub(super) async fn begin(&self) -> sqlx::Result<Writing> {
        self.writer.begin().await
    }

    pub(super) fn rows_at_once<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Option<Result<Vec<T>>> {
        self.direct.as_ref()?.rows(sql, values, decode)
    }

    #[cfg(test)]
    pub(super) fn group(&self) -> Option<&Group> {
        self.group.as_ref()
    }

    #[cfg(test)]
    pub(super) fn log(&self) -> &Log<fs::File> {
        self.writer.log()
    }

    pub(super) async fn commit_at_once(
        &self,
        statements: &Arc<Statements>,
        batch: &Arc<Batch>,
    ) -> Option<Result<()>> {
        self.group.as_ref()?.commit(&self.writer, statements, batch).await
    }

    pub(super) async fn close(&self) {
        if let Some(direct) = &self.direct {
            direct.close();
        }
        self.readers.close().await;
        self.writer.close().await;
        if let Some(group) = &self.group {
            group.close().await;
        }
    }
}

/// A new file is its owner's only, and SQLite gives those it puts beside it the same permissions.
#[cfg(unix)]
async fn create(options: &SqliteConnectOptions) -> sqlx::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let path = options.get_filename();
    if path.exists() {
        return Ok(());
    }
    connect(options).await?.close().await?;
    if path.exists() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
async fn create(_options: &SqliteConnectOptions) -> sqlx::Result<()> {
    Ok(())
}

/// Opens the connection that writes, and the log that it writes to.
pub(super) async fn open_writer(
    options: &SqliteConnectOptions,
) -> sqlx::Result<(SqliteConnection, fs::File)> {
    let mut connection = connect(options).await?;
    let mode: String = first(&mut connection, "PRAGMA journal_mode").await?.try_get(0)?;
    let database = first(&mut connection, "PRAGMA database_list").await?;
    let path: String = database.try_get("file")?;
    if path.is_empty() || mode != "wal" {
        let why = "the store needs a database file, on a file system that allows write-ahead mode";
        return Err(sqlx::Error::Configuration(why.into()));
    }
    // The first look into a database in write-ahead mode creates the log.
    first(&mut connection, "SELECT COUNT(*) FROM sqlite_schema").await?;
    let log = OpenOptions::new().write(true).open(format!("{path}-wal"))?;
    Ok((connection, log))
}

/// Connects; SQLite does not wait for another process that switches to write-ahead mode just now.
async fn connect(options: &SqliteConnectOptions) -> sqlx::Result<SqliteConnection> {
    const TRIES: u32 = 100;
    for _ in 1..TRIES {
        match options.connect().await {
            Err(sqlx::Error::Database(error)) if sqlx::Sqlite::is_conflict(&*error) => {
                sleep(Duration::from_millis(50)).await;
            }
            done => return done,
        }
    }
    options.connect().await
}

async fn first(connection: &mut SqliteConnection, sql: &'static str) -> sqlx::Result<SqliteRow> {
    sqlx::query(sql).persistent(false).fetch_one(connection).await
}
