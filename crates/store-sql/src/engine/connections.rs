use std::fmt;
use std::io::ErrorKind;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::error::DatabaseError;
use sqlx::{ConnectOptions, Connection, SqlSafeStr};
use sqlx_core::transaction::TransactionManager;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use crate::engine::pools::{IDLE, PATIENCE};
use crate::engine::{Driver, Reader, Unit};

/// A connection is not used for longer, so that it follows the server to another place.
const LIFETIME: Duration = Duration::from_mins(30);
/// A connection that nobody needed for so long is closed.
const NEEDLESS: Duration = Duration::from_mins(10);

type Options<E> = <<E as sqlx::Database>::Connection as Connection>::Options;

/// The connections to a database server, opened as they are needed.
///
/// sqlx's own pool pings a connection whenever it comes back, from a task made for it. That is a round trip
/// more for each look-up and each unit of work; here only those are tried of which it is not known
/// how they were left, and those that were idle for long.
pub(crate) struct Connections<E: Driver> {
    options: Options<E>,
    /// Those that nobody uses, the last used one at the end.
    idle: Mutex<Vec<Kept<E>>>,
    /// How many there are at most.
    most: u32,
    turns: Arc<Semaphore>,
}

struct Kept<E: Driver> {
    connection: E::Connection,
    opened: Instant,
    used: Instant,
}

impl<E: Driver> Connections<E> {
    /// Opens the first one.
    pub(crate) async fn open(options: Options<E>, most: u32) -> sqlx::Result<Arc<Self>> {
        let most = most.max(1);
        let turns =
            Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS)));
        let connections = Arc::new(Self { options, idle: Mutex::default(), most, turns });
        connections.lease().await?.keep();
        Ok(connections)
    }

    /// A connection of one's own for a while.
    pub(crate) async fn lease(self: &Arc<Self>) -> sqlx::Result<Lease<E>> {
        let leased = timeout(PATIENCE, self.connection_in_turn()).await;
        let (kept, turn) = leased.map_err(|_elapsed| sqlx::Error::PoolTimedOut)??;
        let home = Arc::clone(self);
        Ok(Lease { kept: Some(kept), home, turn: Some(turn), left: Left::Clean })
    }

    async fn connection_in_turn(&self) -> sqlx::Result<(Kept<E>, OwnedSemaphorePermit)> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_closed| sqlx::Error::PoolClosed)?;
        Ok((self.connection().await?, turn))
    }

    async fn connection(&self) -> sqlx::Result<Kept<E>> {
        loop {
            let Some(mut kept) = self.idle().pop() else {
                return self.connect().await;
            };
            if kept.used.elapsed() <= IDLE || kept.connection.ping().await.is_ok() {
                return Ok(kept);
            }
        }
    }

    /// Connects, also to a server that is starting just now.
    async fn connect(&self) -> sqlx::Result<Kept<E>> {
        loop {
            match self.options.connect().await {
                Ok(connection) => {
                    let opened = Instant::now();
                    return Ok(Kept { connection, opened, used: opened });
                }
                Err(error) if is_passing(&error) => sleep(Duration::from_millis(50)).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes a connection back that is ready for the next one.
    fn put(&self, mut kept: Kept<E>) {
        let now = Instant::now();
        kept.used = now;
        let too_old = self.turns.is_closed() || now.duration_since(kept.opened) > LIFETIME;
        let surplus = if too_old {
            Some(kept)
        } else {
            let mut idle = self.idle();
            idle.push(kept);
            let needless = idle.first().is_some_and(|it| now.duration_since(it.used) > NEEDLESS);
            needless.then(|| idle.remove(0))
        };
        if let (Some(surplus), Ok(runtime)) = (surplus, Handle::try_current()) {
            runtime.spawn(close::<E>(surplus.connection));
        }
    }

    pub(crate) async fn close(&self) {
        // Whoever has a connection now gives it back first.
        let turns = Arc::clone(&self.turns).acquire_many_owned(self.most).await;
        self.turns.close();
        let idle = std::mem::take(&mut *self.idle());
        for kept in idle {
            close::<E>(kept.connection).await;
        }
        drop(turns);
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Kept<E>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a server may be reached a moment later.
fn is_passing(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Io(error) = error {
        return error.kind() == ErrorKind::ConnectionRefused;
    }
    error.as_database_error().is_some_and(DatabaseError::is_transient_in_connect_phase)
}

async fn close<E: Driver>(connection: E::Connection) {
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "a connection to the database could not be closed");
    }
}

impl<E: Driver> fmt::Debug for Connections<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("idle", &self.idle().len()).finish_non_exhaustive()
    }
}

/// A connection for a while; goes back when dropped, after whatever must be done to it first.
pub(crate) struct Lease<E: Driver> {
    /// Absent only while the lease is being dropped.
    kept: Option<Kept<E>>,
    home: Arc<Connections<E>>,
    turn: Option<OwnedSemaphorePermit>,
    left: Left,
}

/// How a connection was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// Nothing is under way.
    Clean,
    /// It was used, and perhaps nobody waited for the answer.
    Used,
    /// A transaction may have begun without sqlx's notice, because nobody waited for that.
    Beginning,
    /// A transaction has begun.
    Begun,
}

const GONE: &str = "a lease has its connection until it is dropped";

impl<E: Driver> Lease<E> {
    /// Begins a transaction.
    pub(crate) async fn begin(mut self) -> sqlx::Result<Self> {
        self.left = Left::Beginning;
        E::TransactionManager::begin(&mut self, Some(E::BEGIN.into_sql_str())).await?;
        self.left = Left::Begun;
        Ok(self)
    }
}

impl<E: Driver> Deref for Lease<E> {
    type Target = E::Connection;
    fn deref(&self) -> &E::Connection {
        &self.kept.as_ref().expect(GONE).connection
    }
}

impl<E: Driver> DerefMut for Lease<E> {
    fn deref_mut(&mut self) -> &mut E::Connection {
        if self.left == Left::Clean {
            self.left = Left::Used;
        }
        &mut self.kept.as_mut().expect(GONE).connection
    }
}

impl<E: Driver> Reader<E> for Lease<E> {
    fn keep(mut self) {
        self.left = Left::Clean;
    }

    /// It is tried before anybody else gets it.
    fn discard(self) {}
}

impl<E: Driver> Unit<E> for Lease<E> {
    fn conn(&mut self) -> &mut E::Connection {
        self
    }

    async fn commit(mut self) -> sqlx::Result<()> {
        E::TransactionManager::commit(&mut self).await?;
        self.left = Left::Clean;
        Ok(())
    }
}

impl<E: Driver> Drop for Lease<E> {
    fn drop(&mut self) {
        let Some(kept) = self.kept.take() else { return };
        if self.left == Left::Clean {
            self.home.put(kept);
        } else if self.left == Left::Used && !E::RESUMES {
            // Closed by that.
            drop(kept);
        } else if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(clean(kept, self.left, Arc::clone(&self.home), self.turn.take()));
        }
    }
}

/// Brings a connection into order and gives it back; one that cannot be is closed.
async fn clean<E: Driver>(
    mut kept: Kept<E>,
    left: Left,
    home: Arc<Connections<E>>,
    _turn: Option<OwnedSemaphorePermit>,
) {
    let connection = &mut kept.connection;
    let cleaned = timeout(PATIENCE, async {
        match left {
            Left::Clean | Left::Used => connection.ping().await,
            Left::Beginning => E::run(connection, "ROLLBACK".into_sql_str()).await,
            Left::Begun => E::TransactionManager::rollback(connection).await,
        }
    });
    match cleaned.await {
        Ok(Ok(())) => home.put(kept),
        // What broke this one may have broken all others.
        Ok(Err(_)) | Err(_) => home.idle().clear(),
    }
}

impl<E: Driver> fmt::Debug for Lease<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("left", &self.left).finish_non_exhaustive()
    }
}
