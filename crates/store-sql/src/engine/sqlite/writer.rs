use std::fmt;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::sqlite::{SqliteConnectOptions, SqliteTransactionManager};
use sqlx::{SqlSafeStr, Sqlite, SqliteConnection};
use sqlx_core::transaction::TransactionManager;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

use super::file::open_writer;
use super::log::Log;
use super::readers::close;
use crate::engine::Driver;
use crate::engine::pools::PATIENCE;

/// Whoever has it writes, and nobody else.
pub(super) type Turn = OwnedMutexGuard<Option<SqliteConnection>>;

/// The one connection that writes. Units of work take turns, in the order in which they came.
pub(super) struct Writer {
    options: SqliteConnectOptions,
    /// Absent after it broke, until the next unit of work.
    connection: Arc<Mutex<Option<SqliteConnection>>>,
    log: Arc<Log<fs::File>>,
    closed: AtomicBool,
}

impl Writer {
    pub(super) fn new(
        options: SqliteConnectOptions,
        connection: SqliteConnection,
        log: Log<fs::File>,
    ) -> Self {
        let connection = Arc::new(Mutex::new(Some(connection)));
        Self { options, connection, log: Arc::new(log), closed: AtomicBool::new(false) }
    }

    /// The turn to write, of whoever may write to the file at all.
    pub(super) async fn turn(&self) -> sqlx::Result<Turn> {
        let turn = timeout(PATIENCE, Arc::clone(&self.connection).lock_owned())
            .await
            .map_err(|_elapsed| sqlx::Error::PoolTimedOut)?;
        if self.closed.load(Ordering::Acquire) {
            return Err(sqlx::Error::PoolClosed);
        }
        self.log.check()?;
        Ok(turn)
    }

    /// What everything that is written in a turn is made durable by.
    pub(super) fn log(&self) -> &Arc<Log<fs::File>> {
        &self.log
    }

    pub(super) async fn begin(&self) -> sqlx::Result<Writing> {
        let turn = self.turn().await?;
        // From here on, dropping the unit of work rolls back whatever has begun by then.
        let mut writing = Writing { turn, log: Arc::clone(&self.log), open: true };
        if writing.turn.is_some() {
            match begin(&mut writing.turn).await {
                Err(error) if is_broken(&error) => {
                    tracing::warn!(%error, "the connection that writes is replaced");
                    *writing.turn = None;
                }
                begun => return begun.map(|()| writing),
            }
        }
        let (connection, log) = open_writer(&self.options).await?;
        self.log.replace(log);
        *writing.turn = Some(connection);
        begin(&mut writing.turn).await?;
        Ok(writing)
    }

    pub(super) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let connection = self.connection.lock().await.take();
        if let Some(connection) = connection {
            close(connection).await;
        }
    }
}

async fn begin(connection: &mut Option<SqliteConnection>) -> sqlx::Result<()> {
    let connection = connection.as_mut().ok_or(sqlx::Error::WorkerCrashed)?;
    SqliteTransactionManager::begin(connection, Some(Sqlite::BEGIN.into_sql_str())).await
}

/// Whether a transaction cannot begin for another reason than that somebody else writes, such as an
/// earlier one that an error ended without sqlx's notice.
fn is_broken(error: &sqlx::Error) -> bool {
    !error.as_database_error().is_some_and(Sqlite::is_conflict)
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("closed", &self.closed).finish_non_exhaustive()
    }
}

/// A unit of work on the connection that writes; rolled back when dropped.
///
/// What `sqlx::Transaction` is for a pool, with the same care: an answer that nobody waited for is
/// accounted for by sqlx, so that the roll-back of a dropped commit never hits the next transaction.
pub(crate) struct Writing {
    turn: Turn,
    log: Arc<Log<fs::File>>,
    open: bool,
}

impl Writing {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        self.turn.as_mut().expect("a unit of work begins with a connection")
    }

    /// Commits, lets the next one write, and waits until the log is on the disk.
    pub(super) async fn make_durable(mut self) -> sqlx::Result<()> {
        SqliteTransactionManager::commit(self.connection()).await?;
        self.open = false;
        let log = Arc::clone(&self.log);
        drop(self);
        Ok(log.durable().await?)
    }
}

impl fmt::Debug for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writing").field("open", &self.open).finish_non_exhaustive()
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if let Some(connection) = self.turn.as_mut().filter(|_| self.open) {
            SqliteTransactionManager::start_rollback(connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_commit_is_on_the_disk_when_it_is_acknowledged() {
        let directory = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(directory.path().join("durward.db"))
            .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
            .create_if_missing(true);
        let (connection, log) = open_writer(&options).await.unwrap();
        let writer = Writer::new(options, connection, Log::new(log));
        for commits in 1..=3 {
            writer.begin().await.unwrap().make_durable().await.unwrap();
            assert_eq!(writer.log.counts(), (commits, commits));
        }
        drop(writer.begin().await.unwrap());
        assert_eq!(writer.log.counts(), (3, 3));
    }
}
