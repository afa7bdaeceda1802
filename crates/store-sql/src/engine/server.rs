use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{Pool, SqlSafeStr, Transaction};

use crate::engine::connections::{Connections, Lease};
use crate::engine::{Driver, Open, Reader, Source};

/// The connections to a database server, for look-ups and units of work alike.
pub(crate) enum Server<E: Driver> {
    /// The application's own pool.
    Pool(Pool<E>),
    /// Those of the store.
    Own(Arc<Connections<E>>),
}

impl<E: Driver> Clone for Server<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Pool(pool) => Self::Pool(pool.clone()),
            Self::Own(connections) => Self::Own(Arc::clone(connections)),
        }
    }
}

impl<E: Driver> fmt::Debug for Server<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pool(pool) => fmt::Debug::fmt(pool, f),
            Self::Own(connections) => fmt::Debug::fmt(connections, f),
        }
    }
}

impl<E: Driver<Unit = Lease<E>>> Source<E> for Server<E> {
    type Reader = ServerReader<E>;

    fn of_pool(pool: Pool<E>) -> Self {
        Self::Pool(pool)
    }

    async fn reader(&self) -> sqlx::Result<ServerReader<E>> {
        match self {
            Self::Pool(pool) => pool.acquire().await.map(ServerReader::Pool),
            Self::Own(connections) => connections.lease().await.map(ServerReader::Own),
        }
    }

    async fn begin(&self) -> sqlx::Result<Open<'static, E>> {
        match self {
            Self::Pool(pool) => begin_in(pool).await.map(Open::Transaction),
            Self::Own(connections) => {
                let lease = connections.lease().await?;
                lease.begin().await.map(Open::Unit)
            }
        }
    }

    async fn close(&self) {
        match self {
            Self::Pool(pool) => pool.close().await,
            Self::Own(connections) => connections.close().await,
        }
    }
}

/// In a task, because sqlx forgets a transaction when nobody waits for the end of its beginning: the
/// connection would go back to the pool with the transaction open, and swallow what is written next.
async fn begin_in<E: Driver>(pool: &Pool<E>) -> sqlx::Result<Transaction<'static, E>> {
    let connection = pool.acquire().await?;
    let begun = tokio::spawn(Transaction::begin(connection, Some(E::BEGIN.into_sql_str())));
    begun.await.map_err(|died| sqlx::Error::Io(io::Error::other(died)))?
}

/// A connection for one look-up.
pub(crate) enum ServerReader<E: Driver> {
    /// Of the application's pool.
    Pool(PoolConnection<E>),
    /// Of the store's own connections.
    Own(Lease<E>),
}

impl<E: Driver> Deref for ServerReader<E> {
    type Target = E::Connection;
    fn deref(&self) -> &E::Connection {
        match self {
            Self::Pool(connection) => connection,
            Self::Own(lease) => lease,
        }
    }
}

impl<E: Driver> DerefMut for ServerReader<E> {
    fn deref_mut(&mut self) -> &mut E::Connection {
        match self {
            Self::Pool(connection) => connection,
            Self::Own(lease) => lease,
        }
    }
}

impl<E: Driver> Reader<E> for ServerReader<E> {
    fn keep(self) {
        match self {
            Self::Pool(connection) => connection.keep(),
            Self::Own(lease) => lease.keep(),
        }
    }

    fn discard(self) {
        match self {
            Self::Pool(connection) => connection.discard(),
            Self::Own(lease) => lease.discard(),
        }
    }
}
