//! What the store asks of a database. Only the files in `engine/` know which one it is.

#[cfg(any(feature = "mysql", feature = "postgres"))]
mod connections;
mod dialect;
#[cfg(feature = "mysql")]
mod my_sql;
pub(crate) mod pools;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod server;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
mod value;

use std::ops::DerefMut;
use std::sync::Arc;

use durward_core::StoreError;
use sqlx::error::DatabaseError;
use sqlx::{Pool, SqlStr, Transaction};

pub use dialect::Dialect;
pub use pools::pool_options;
pub(crate) use value::{Kept, Value, values};

use crate::pending::Batch;
use crate::row::{Decode, Row};
use crate::statement::Statements;

/// How many prepared statements a connection keeps: all of ours, and some that were put together.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub(crate) const KEPT_STATEMENTS: usize = 256;

/// A database that the store speaks: `sqlx::Sqlite`, `sqlx::Postgres`, or `sqlx::MySql` for MariaDB and
/// MySQL, each behind a feature of its name.
///
/// Sealed: the store knows each of them well enough to keep its promises.
#[expect(private_bounds, reason = "this is what seals it")]
pub trait Engine: Driver {}

impl<E: Driver> Engine for E {}

/// What [`Engine`] hides.
pub(crate) trait Driver: sqlx::Database<Row: Row> {
    /// How the engine spells things.
    const DIALECT: Dialect;
    /// Begins a transaction, on a connection of whatever settings.
    const BEGIN: &'static str;
    /// A cheap statement whose outcome [`Driver::still_open`] understands.
    const PROBE: &'static str;

    /// Whether sqlx finds its way back into step with the server after a statement for whose answer nobody
    /// waited.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    const RESUMES: bool;

    /// Where connections come from.
    type Source: Source<Self>;
    /// A transaction that the source keeps itself, instead of one of sqlx's.
    type Unit: Unit<Self>;

    /// Whether a transaction that somebody else used is still open and usable.
    ///
    /// Some errors end a transaction without a word: what follows would then be durable at once
    /// (SQLite, MySQL), or would be committed as nothing (PostgreSQL). Whoever got such an error may
    /// have overlooked it.
    fn still_open(probed: &sqlx::Result<()>) -> bool;

    /// Whether the same unit of work may succeed when it is tried again.
    fn is_conflict(error: &dyn DatabaseError) -> bool;

    /// Whether a statement of a migration failed because it has run already.
    fn has_run_already(error: &dyn DatabaseError) -> bool;

    /// Whether a table is missing.
    fn is_missing_table(error: &dyn DatabaseError) -> bool;

    /// Runs a statement; answers how many rows it changed or would have left as they were.
    fn execute(
        conn: &mut Self::Connection,
        sql: SqlStr,
        values: &[Value<'_>],
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;

    /// Runs a statement that finds one row or none.
    fn row(
        conn: &mut Self::Connection,
        sql: SqlStr,
        values: &[Value<'_>],
    ) -> impl Future<Output = sqlx::Result<Option<Self::Row>>> + Send;

    /// Runs a statement that finds rows.
    fn rows(
        conn: &mut Self::Connection,
        sql: SqlStr,
        values: &[Value<'_>],
    ) -> impl Future<Output = sqlx::Result<Vec<Self::Row>>> + Send;

    /// Runs text once, without preparing it.
    fn run(
        conn: &mut Self::Connection,
        sql: SqlStr,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Prepares a statement.
    #[cfg(feature = "testing")]
    fn prepare(
        conn: &mut Self::Connection,
        sql: SqlStr,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
}

/// Where a store gets its connections.
pub(crate) trait Source<E: Driver>: Clone + Send + Sync + 'static {
    /// A connection for one look-up.
    type Reader: Reader<E>;

    /// The application's own pool.
    fn of_pool(pool: Pool<E>) -> Self;
    /// A connection for one look-up, outside of any transaction.
    fn reader(&self) -> impl Future<Output = sqlx::Result<Self::Reader>> + Send;
    /// Looks one row up on the calling thread, where that takes a few microseconds; `None` where it does not, or
    /// did not work just now.
    fn row_at_once<T>(
        &self,
        _sql: &str,
        _values: &[Value<'_>],
        _decode: Decode<T>,
    ) -> Option<durward_core::store::Result<Option<T>>> {
        None
    }
    /// The same for rows of which there are few.
    fn rows_at_once<T>(
        &self,
        _sql: &str,
        _values: &[Value<'_>],
        _decode: Decode<T>,
    ) -> Option<durward_core::store::Result<Vec<T>>> {
        None
    }
    /// Commits a unit of work that is nothing but these writes, each of one row or of what there is, where there is a shorter way than a
    /// transaction of its own; `None` where there is not, or it did not work just now and nothing happened.
    fn commit_at_once(
        &self,
        _statements: &Arc<Statements>,
        _batch: &Arc<Batch>,
    ) -> impl Future<Output = Option<durward_core::store::Result<()>>> + Send {
        std::future::ready(None)
    }
    /// A transaction that will write.
    fn begin(&self) -> impl Future<Output = sqlx::Result<Open<'static, E>>> + Send;
    /// Closes every connection.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// A connection for one look-up; goes back where it came from when dropped, whatever state it is in.
pub(crate) trait Reader<E: Driver>:
    DerefMut<Target = E::Connection> + Send + 'static
{
    /// Gives it back after an answer that was waited for.
    fn keep(self)
    where
        Self: Sized,
    {
    }

    /// Gives it back after an error, which may have broken it.
    fn discard(self);
}

/// A transaction that a source keeps itself; rolled back when dropped.
pub(crate) trait Unit<E: Driver>: Send + 'static {
    /// The connection.
    fn conn(&mut self) -> &mut E::Connection;
    /// Makes it durable.
    fn commit(self) -> impl Future<Output = sqlx::Result<()>> + Send;
}

/// An open transaction; rolled back when dropped.
#[derive(Debug)]
pub(crate) enum Open<'c, E: Driver> {
    /// One of sqlx's, perhaps a savepoint in a transaction of the application.
    Transaction(Transaction<'c, E>),
    /// One that the source keeps.
    Unit(E::Unit),
}

impl<E: Driver> Open<'_, E> {
    pub(crate) fn conn(&mut self) -> &mut E::Connection {
        match self {
            Self::Transaction(transaction) => transaction,
            Self::Unit(unit) => unit.conn(),
        }
    }

    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Transaction(transaction) => transaction.commit().await,
            Self::Unit(unit) => unit.commit().await,
        }
    }
}

/// Translates an error; `what` names what is there already when it is a broken uniqueness rule.
pub(crate) fn translate<E: Driver>(error: sqlx::Error, what: &'static str) -> StoreError {
    let Some(database) = error.as_database_error() else {
        return StoreError::backend(error);
    };
    if database.is_unique_violation() {
        StoreError::Duplicate(what)
    } else if database.is_foreign_key_violation() || E::is_conflict(database) {
        // What a row refers to was there a moment ago.
        StoreError::Conflict
    } else {
        StoreError::backend(error)
    }
}

/// The functions of a [`Driver`] that read the same for every engine but cannot be generic over them.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
macro_rules! run_statements {
    () => {
        async fn execute(
            conn: &mut Self::Connection,
            sql: sqlx::SqlStr,
            values: &[$crate::engine::Value<'_>],
        ) -> sqlx::Result<u64> {
            let arguments = $crate::engine::value::bind::<Self>(values)?;
            let query = sqlx::query_with::<Self, _>(sql, arguments);
            Ok(query.execute(conn).await?.rows_affected())
        }

        async fn row(
            conn: &mut Self::Connection,
            sql: sqlx::SqlStr,
            values: &[$crate::engine::Value<'_>],
        ) -> sqlx::Result<Option<Self::Row>> {
            let arguments = $crate::engine::value::bind::<Self>(values)?;
            sqlx::query_with::<Self, _>(sql, arguments).fetch_optional(conn).await
        }

        async fn rows(
            conn: &mut Self::Connection,
            sql: sqlx::SqlStr,
            values: &[$crate::engine::Value<'_>],
        ) -> sqlx::Result<Vec<Self::Row>> {
            let arguments = $crate::engine::value::bind::<Self>(values)?;
            sqlx::query_with::<Self, _>(sql, arguments).fetch_all(conn).await
        }

        async fn run(conn: &mut Self::Connection, sql: sqlx::SqlStr) -> sqlx::Result<()> {
            sqlx::raw_sql(sql).execute(conn).await.map(|_done| ())
        }

        #[cfg(feature = "testing")]
        async fn prepare(conn: &mut Self::Connection, sql: sqlx::SqlStr) -> sqlx::Result<()> {
            sqlx::Executor::prepare(conn, sql).await.map(|_prepared| ())
        }
    };
}
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
use run_statements;

/// Reads the three types of column from a row of sqlx; text with a function of its own.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
macro_rules! read_row {
    ($row:ty, $get_text:ident) => {
        impl $crate::row::Row for $row {
            fn integer(&self, column: &str) -> sqlx::Result<Option<i64>> {
                sqlx::Row::try_get(self, column)
            }
            fn text(&self, column: &str) -> sqlx::Result<Option<&str>> {
                sqlx::Row::$get_text(self, column)
            }
            fn bytes(&self, column: &str) -> sqlx::Result<Option<&[u8]>> {
                sqlx::Row::try_get(self, column)
            }
        }
    };
}
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
use read_row;
