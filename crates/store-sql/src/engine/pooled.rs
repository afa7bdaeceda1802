use std::convert::Infallible;
use std::{fmt, io};

use sqlx::pool::PoolConnection;
use sqlx::{Pool, SqlSafeStr, Transaction};

use crate::engine::{Driver, Open, Source, Unit};

/// A pool for look-ups and units of work alike.
pub(crate) struct Pooled<E: Driver>(pub(crate) Pool<E>);

impl<E: Driver> Clone for Pooled<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E: Driver> fmt::Debug for Pooled<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<E: Driver> Source<E> for Pooled<E> {
    type Reader = PoolConnection<E>;

    fn of_pool(pool: Pool<E>) -> Self {
        Self(pool)
    }

    async fn reader(&self) -> sqlx::Result<PoolConnection<E>> {
        self.0.acquire().await
    }

    /// In a task, because sqlx forgets a transaction when nobody waits for the end of its beginning: the
    /// connection would go back to the pool with the transaction open, and swallow what is written next.
    async fn begin(&self) -> sqlx::Result<Open<'static, E>> {
        let connection = self.0.acquire().await?;
        let begun = tokio::spawn(Transaction::begin(connection, Some(E::BEGIN.into_sql_str())));
        let begun = begun.await.map_err(|died| sqlx::Error::Io(io::Error::other(died)))?;
        begun.map(Open::Transaction)
    }

    async fn close(&self) {
        self.0.close().await;
    }
}

/// For an engine whose transactions are all of sqlx's kind.
impl<E: Driver> Unit<E> for Infallible {
    fn conn(&mut self) -> &mut E::Connection {
        match *self {}
    }

    async fn commit(self) -> sqlx::Result<()> {
        match self {}
    }
}
