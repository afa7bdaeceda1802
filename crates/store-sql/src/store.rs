use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use durward_core::store::Result;
use durward_core::{Attrs, Plain, Store};
use sqlx::{Pool, Transaction};

use crate::engine::{Dialect, Engine, Source};
use crate::migrate::Migrator;
use crate::prefix::Prefix;
use crate::schema::{self, SchemaError};
use crate::statement::Statements;
use crate::{SqlRead, SqlTx};

/// A store in a SQL database; every clone is the same one.
pub struct SqlStore<E: Engine, A: Attrs = Plain> {
    source: E::Source,
    prefix: Prefix,
    statements: Arc<Statements>,
    attrs: PhantomData<fn() -> A>,
}

impl<E: Engine, A: Attrs> SqlStore<E, A> {
    /// A store on the application's own pool, which it goes on using for itself.
    ///
    /// [`pool_options`](crate::pool_options) has the settings that the store would choose. On SQLite the
    /// store does better with a file that it opens itself, by `SqlStore::open`.
    pub fn new(pool: Pool<E>) -> Self {
        Self::of(E::Source::of_pool(pool))
    }

    pub(crate) fn of(source: E::Source) -> Self {
        let statements = Statements::standard(E::DIALECT);
        Self { source, prefix: Prefix::default(), statements, attrs: PhantomData }
    }

    /// This database, with tables of another prefix.
    pub fn with_prefix(self, prefix: Prefix) -> Self {
        let statements = Arc::new(Statements::new(E::DIALECT, &prefix));
        Self { prefix, statements, ..self }
    }

    /// What the names of the tables begin with.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// Makes a unit of work of a transaction that the application began, also of a savepoint.
    ///
    /// Committing the unit commits the transaction, or releases the savepoint;
    /// [`into_inner`](SqlTx::into_inner) hands the transaction back uncommitted. With a savepoint the
    /// application lends a transaction and keeps the last word:
    ///
    /// ```no_run
    /// # #[cfg(feature = "sqlite")]
    /// # async fn lend(
    /// #     store: durward_store_sql::SqlStore<sqlx::Sqlite>, pool: sqlx::SqlitePool,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// use durward_core::store::Tx;
    /// use sqlx::Acquire;
    ///
    /// let mut mine = pool.begin_with("BEGIN IMMEDIATE").await?;
    /// let lent = store.join(mine.begin().await?);
    /// // ... flows on `lent`, and then
    /// lent.commit().await?;
    /// mine.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// On SQLite begin with `BEGIN IMMEDIATE`, as here: a transaction that looks something up before it
    /// writes may else find that it no longer can.
    pub fn join<'c>(&self, transaction: Transaction<'c, E>) -> SqlTx<'c, E, A> {
        SqlTx::joined(transaction, Arc::clone(&self.statements))
    }

    /// Brings the tables up to date, or waits while another node does.
    ///
    /// Any number of nodes may call it at once, and it may be interrupted anywhere and called again.
    /// A database that is newer than this program is left alone: [`SchemaError::Newer`].
    pub async fn migrate(&self) -> std::result::Result<(), SchemaError> {
        Migrator::new(self).run().await
    }

    /// Whether the tables are those that this program knows; one look-up.
    pub async fn check_schema(&self) -> std::result::Result<(), SchemaError> {
        schema::check(self).await
    }

    /// Closes every connection, and those of the application's pool too if the store is on one; units of
    /// work that are still open are waited for.
    pub async fn close(&self) {
        self.source.close().await;
    }

    pub(crate) fn source(&self) -> &E::Source {
        &self.source
    }

    /// Each statement with its name, for a test that prepares all of them.
    #[cfg(feature = "testing")]
    pub(crate) fn statements(&self) -> &Statements {
        &self.statements
    }
}

impl<E: Engine, A: Attrs> Store for SqlStore<E, A> {
    type Attrs = A;
    type Read<'c> = SqlRead<'c, E, A>;
    type Tx<'c> = SqlTx<'c, E, A>;

    async fn read(&self) -> Result<SqlRead<'_, E, A>> {
        Ok(SqlRead::new(&self.source, &self.statements))
    }

    async fn begin(&self) -> Result<SqlTx<'static, E, A>> {
        Ok(SqlTx::idle(self.source.clone(), Arc::clone(&self.statements)))
    }

    async fn pause(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
    }

    fn is_shared(&self) -> bool {
        match E::DIALECT {
            Dialect::Sqlite => false,
            Dialect::Postgres | Dialect::MySql => true,
        }
    }
}

impl<E: Engine, A: Attrs> Clone for SqlStore<E, A> {
    fn clone(&self) -> Self {
        let Self { source, prefix, statements, attrs } = self;
        Self {
            source: source.clone(),
            prefix: prefix.clone(),
            statements: Arc::clone(statements),
            attrs: *attrs,
        }
    }
}

impl<E: Engine, A: Attrs> fmt::Debug for SqlStore<E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = E::DIALECT.name();
        f.debug_struct("SqlStore")
            .field("engine", &engine)
            .field("prefix", &self.prefix.as_str())
            .finish_non_exhaustive()
    }
}
