use std::fmt;
use std::fs;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::spawn_blocking;

/// What can be told to keep everything that was written to it.
pub(super) trait Disk: Send + Sync + 'static {
    fn sync(&self) -> io::Result<()>;
}

impl Disk for fs::File {
    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Makes commits durable, many at a time.
///
/// With `synchronous = NORMAL` a commit in write-ahead mode is complete and visible once it is in the
/// log; what `FULL` adds is one sync of the log per commit, while everybody waits. This is the same sync,
/// after the commit and outside of the turn to write: units of work that commit during one sync share
/// the next one. SQLite's own syncs, before and after it moves the log into the database, stay as they are.
pub(super) struct Log<D> {
    disk: Mutex<Arc<D>>,
    /// How many commits are in the log.
    written: AtomicU64,
    /// How many of them are on the disk.
    durable: AtomicU64,
    /// After a failed sync nobody knows what the disk holds, and the next sync may not tell either.
    failed: AtomicBool,
    turn: tokio::sync::Mutex<()>,
}

impl<D: Disk> Log<D> {
    pub(super) fn new(disk: D) -> Self {
        Self {
            disk: Mutex::new(Arc::new(disk)),
            written: AtomicU64::new(0),
            durable: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// Takes another file, since the connection that wrote to the last one is gone.
    pub(super) fn replace(&self, disk: D) {
        *self.disk.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(disk);
    }

    /// Refuses when an earlier sync failed: until the store is opened anew, nothing more is promised.
    pub(super) fn check(&self) -> io::Result<()> {
        if self.failed.load(Ordering::Acquire) {
            return Err(io::Error::other(
                "an earlier sync of the write-ahead log failed; open the database anew",
            ));
        }
        Ok(())
    }

    /// Waits until everything that is in the log by now is on the disk.
    pub(super) async fn durable(&self) -> io::Result<()> {
        let mine = self.written.fetch_add(1, Ordering::AcqRel) + 1;
        let _turn = self.turn.lock().await;
        self.check()?;
        if self.durable.load(Ordering::Acquire) >= mine {
            return Ok(());
        }
        let written = self.written.load(Ordering::Acquire);
        let disk = Arc::clone(&self.disk.lock().unwrap_or_else(PoisonError::into_inner));
        let synced = spawn_blocking(move || disk.sync()).await.map_err(io::Error::other)?;
        if let Err(error) = synced {
            self.failed.store(true, Ordering::Release);
            tracing::error!(%error, "the write-ahead log cannot be written to the disk");
            return Err(error);
        }
        self.durable.store(written, Ordering::Release);
        Ok(())
    }
}

impl<D> fmt::Debug for Log<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { disk: _, written, durable, failed, turn: _ } = self;
        f.debug_struct("Log")
            .field("written", written)
            .field("durable", durable)
            .field("failed", failed)
            .finish_non_exhaustive()
    }
}
