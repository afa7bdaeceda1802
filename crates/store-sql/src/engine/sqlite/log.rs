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

    /// How many commits are in the log, and how many of them on the disk.
    #[cfg(test)]
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.written.load(Ordering::Acquire), self.durable.load(Ordering::Acquire))
    }

    /// Waits until everything that is in the log by now is on the disk.
    pub(super) async fn durable(&self) -> io::Result<()> {
        let mine = self.wrote();
        let _turn = self.turn.lock().await;
        let Some(written) = self.outstanding(mine)? else { return Ok(()) };
        let disk = self.disk();
        self.synced(written, spawn_blocking(move || disk.sync()).await.map_err(io::Error::other)?)
    }

    /// The same on a thread that may wait.
    pub(super) fn durable_here(&self) -> io::Result<()> {
        let mine = self.wrote();
        let _turn = self.turn.blocking_lock();
        let Some(written) = self.outstanding(mine)? else { return Ok(()) };
        self.synced(written, self.disk().sync())
    }

    /// Counts a commit.
    fn wrote(&self) -> u64 {
        self.written.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// How many commits a sync now would keep; `None` when the one with this number is on the disk.
    fn outstanding(&self, mine: u64) -> io::Result<Option<u64>> {
        self.check()?;
        let is_durable = self.durable.load(Ordering::Acquire) >= mine;
        Ok((!is_durable).then(|| self.written.load(Ordering::Acquire)))
    }

    fn disk(&self) -> Arc<D> {
        Arc::clone(&self.disk.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes note of how a sync ended that began with so many commits in the log.
    fn synced(&self, written: u64, synced: io::Result<()>) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use super::*;

    /// Tells when a sync begins, and ends it as it is told.
    struct Puppet {
        begun: Sender<()>,
        end: Mutex<Receiver<io::Result<()>>>,
    }

    impl Disk for Puppet {
        fn sync(&self) -> io::Result<()> {
            self.begun.send(()).unwrap();
            self.end.lock().unwrap().recv().unwrap()
        }
    }

    type Strings = (Arc<Log<Puppet>>, Receiver<()>, Sender<io::Result<()>>);

    fn puppet() -> Strings {
        let ((begun, has_begun), (end_it, end)) = (channel(), channel());
        (Arc::new(Log::new(Puppet { begun, end: Mutex::new(end) })), has_begun, end_it)
    }

    fn commit(log: &Arc<Log<Puppet>>) -> tokio::task::JoinHandle<io::Result<()>> {
        let log = Arc::clone(log);
        tokio::spawn(async move { log.durable().await })
    }

    /// Waits until so many commits have asked to become durable.
    async fn asked(log: &Log<Puppet>, commits: u64) {
        while log.counts().0 < commits {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn wait_for(begun: &Receiver<()>) {
        begun.recv_timeout(Duration::from_secs(10)).unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_commit_waits_for_a_sync_that_began_after_it() {
        let (log, begun, end) = puppet();
        let first = commit(&log);
        wait_for(&begun);
        let second = commit(&log);
        asked(&log, 2).await;
        end.send(Ok(())).unwrap();
        first.await.unwrap().unwrap();
        wait_for(&begun);
        assert!(!second.is_finished(), "the first sync began too early for it");
        end.send(Ok(())).unwrap();
        second.await.unwrap().unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn commits_during_one_sync_share_the_next() {
        let (log, begun, end) = puppet();
        let first = commit(&log);
        wait_for(&begun);
        let others: Vec<_> = (0..50).map(|_| commit(&log)).collect();
        asked(&log, 51).await;
        end.send(Ok(())).unwrap();
        first.await.unwrap().unwrap();
        wait_for(&begun);
        end.send(Ok(())).unwrap();
        for other in others {
            other.await.unwrap().unwrap();
        }
        assert!(begun.try_recv().is_err(), "two syncs were enough");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_shares_a_failed_sync_is_told_and_nothing_is_promised_afterwards() {
        let (log, begun, end) = puppet();
        let first = commit(&log);
        wait_for(&begun);
        let others: Vec<_> = (0..5).map(|_| commit(&log)).collect();
        asked(&log, 6).await;
        end.send(Err(io::Error::other("no disk"))).unwrap();
        assert_eq!(first.await.unwrap().unwrap_err().to_string(), "no disk");
        for other in others {
            other.await.unwrap().unwrap_err();
        }
        log.check().unwrap_err();
        commit(&log).await.unwrap().unwrap_err();
        assert!(
            begun.try_recv().is_err(),
            "a second sync may succeed without having kept anything"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_sync_that_nobody_waits_for_does_not_count() {
        let (log, begun, end) = puppet();
        let dropped = commit(&log);
        wait_for(&begun);
        let second = commit(&log);
        asked(&log, 2).await;
        dropped.abort();
        dropped.await.unwrap_err();
        wait_for(&begun);
        end.send(Ok(())).unwrap();
        end.send(Ok(())).unwrap();
        second.await.unwrap().unwrap();
    }
}
