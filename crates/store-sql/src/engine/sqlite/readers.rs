use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::engine::pools::PATIENCE;

/// How many look-ups run at the same time.
const READERS: usize = 8;

/// The connections that read, opened as they are needed.
///
/// sqlx's own pool pings a connection whenever it comes back, from a task made for it; a look-up in a
/// file cannot leave a connection broken, and that would double what it costs.
pub(super) struct Readers {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(options: SqliteConnectOptions) -> Self {
        let turns = Arc::new(Semaphore::new(READERS));
        Self { options, idle: Mutex::default(), turns }
    }

    pub(super) async fn reader(self: &Arc<Self>) -> sqlx::Result<FileReader> {
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_elapsed| sqlx::Error::PoolTimedOut)?
            .map_err(|_closed| sqlx::Error::PoolClosed)?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        Ok(FileReader { connection: Some(connection), home: Arc::clone(self), _turn: turn })
    }

    pub(super) async fn close(&self) {
        self.turns.close();
        let idle = std::mem::take(&mut *self.idle());
        for connection in idle {
            close(connection).await;
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes a connection whose store is being closed.
pub(super) async fn close(connection: SqliteConnection) {
    if let Err(error) = sqlx::Connection::close(connection).await {
        tracing::warn!(%error, "a connection to the database could not be closed");
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("idle", &self.idle().len()).finish_non_exhaustive()
    }
}

/// A connection that reads; goes back when dropped.
#[derive(Debug)]
pub(crate) struct FileReader {
    /// Absent only while the reader is being dropped.
    connection: Option<SqliteConnection>,
    home: Arc<Readers>,
    _turn: OwnedSemaphorePermit,
}

const GONE: &str = "a reader has its connection until it is dropped";

impl FileReader {
    pub(super) fn discard(mut self) {
        self.connection = None;
    }
}

impl Deref for FileReader {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        self.connection.as_ref().expect(GONE)
    }
}

impl DerefMut for FileReader {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect(GONE)
    }
}

impl Drop for FileReader {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take().filter(|_| !self.home.turns.is_closed()) {
            self.home.idle().push(connection);
        }
    }
}
