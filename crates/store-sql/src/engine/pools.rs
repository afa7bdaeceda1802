use std::time::Duration;

use sqlx::Connection;
use sqlx::pool::{PoolConnection, PoolOptions};

use crate::engine::{Driver, Reader};

/// How many connections to a server a store opens at most, unless it is told otherwise.
pub(crate) const CONNECTIONS: u32 = 16;
/// How long a caller waits for a connection before it is told that there is none.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// A connection that was idle for longer is tried before it is used.
pub(crate) const IDLE: Duration = Duration::from_secs(10);

/// The settings of the pools that a store makes itself, to start from when one makes a pool for
/// [`SqlStore::new`](crate::SqlStore::new): at most 16 connections and 10 seconds of patience.
///
/// A connection in steady use is not tried before each use, which would cost a round trip; one that was
/// idle for ten seconds is, since its server may have gone in the meantime.
pub fn pool_options<E: crate::Engine>() -> PoolOptions<E> {
    PoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .before_acquire(|connection: &mut E::Connection, meta| {
            Box::pin(async move {
                if meta.idle_for > IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

impl<E: Driver> Reader<E> for PoolConnection<E> {
    /// The pool looks after broken connections itself.
    fn discard(self) {}
}
