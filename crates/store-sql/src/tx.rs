use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use durward_core::store::{Result, Tx};
use durward_core::{Attrs, Plain, StoreError};
use serde::Serialize;
use sqlx::{SqlSafeStr, Transaction};

use crate::engine::{Engine, Open, Value, translate};
use crate::row::json_text;
use crate::statement::{Statement, Statements};

/// A unit of work that the application may share; rolled back when dropped.
pub struct SqlTx<'c, E: Engine, A: Attrs = Plain> {
    open: Open<'c, E>,
    condition: Condition,
    statements: Arc<Statements>,
    attrs: PhantomData<fn() -> A>,
}

/// What is known of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    /// The last statement was ours and succeeded.
    Sound,
    /// The application may have run statements since.
    Lent,
    /// A statement failed, or nobody waited for its end.
    Spent,
}

/// A unit of work that the store began has no transaction of sqlx's to hand out.
#[derive(Debug, thiserror::Error)]
#[error("only a unit of work that was joined has a transaction to hand back")]
struct NotJoined;

impl<'c, E: Engine, A: Attrs> SqlTx<'c, E, A> {
    /// Makes a unit of work of a transaction that the application began, on tables with the default
    /// prefix; see [`SqlStore::join`](crate::SqlStore::join).
    pub fn join(transaction: Transaction<'c, E>) -> Self {
        Self::joined(transaction, Statements::standard(E::DIALECT))
    }

    pub(crate) fn joined(transaction: Transaction<'c, E>, statements: Arc<Statements>) -> Self {
        let open = Open::Transaction(transaction);
        Self { open, condition: Condition::Lent, statements, attrs: PhantomData }
    }

    pub(crate) fn begun(open: Open<'c, E>, statements: Arc<Statements>) -> Self {
        Self { open, condition: Condition::Sound, statements, attrs: PhantomData }
    }

    /// Hands a joined transaction back; whoever holds it last commits it.
    ///
    /// [`Spent`](StoreError::Spent) after an error, whose traces must not be committed: the transaction is
    /// rolled back then. An error as well for a unit of work that was not [joined](Self::join), on
    /// engines where the store keeps its own.
    pub fn into_inner(self) -> Result<Transaction<'c, E>> {
        if self.condition == Condition::Spent {
            return Err(StoreError::Spent);
        }
        match self.open {
            Open::Transaction(transaction) => Ok(transaction),
            Open::Unit(_) => Err(StoreError::backend(NotJoined)),
        }
    }

    /// The application's way to its own rows, inside this unit of work.
    ///
    /// It may open savepoints with [`begin`](sqlx::Connection::begin) and must not end the transaction. An
    /// error of its own statements that ended the transaction is noticed: everything afterwards is
    /// refused. After an error of the unit itself nothing may be written through it any more.
    pub fn conn(&mut self) -> &mut E::Connection {
        if self.condition == Condition::Sound {
            self.condition = Condition::Lent;
        }
        self.open.conn()
    }

    /// Runs a statement; answers how many rows it found to change.
    pub(crate) async fn execute(
        &mut self,
        statement: Statement,
        values: &[Value<'_>],
    ) -> Result<u64> {
        self.insert(statement, values, "row").await
    }

    /// Runs a statement that may break a uniqueness rule, which then says what is there already.
    pub(crate) async fn insert(
        &mut self,
        statement: Statement,
        values: &[Value<'_>],
        what: &'static str,
    ) -> Result<u64> {
        self.enter().await?;
        let done = E::execute(self.open.conn(), self.statements.text(statement), values).await;
        self.leave(done.map_err(|error| translate::<E>(error, what)))
    }

    /// Runs a guarded update of one row; answers whether the guard let it pass.
    pub(crate) async fn change(
        &mut self,
        statement: Statement,
        values: &[Value<'_>],
    ) -> Result<bool> {
        Ok(self.execute(statement, values).await? > 0)
    }

    /// Looks one row up.
    pub(crate) async fn row<T>(
        &mut self,
        statement: Statement,
        values: &[Value<'_>],
        decode: fn(&E::Row) -> Result<T>,
    ) -> Result<Option<T>> {
        self.enter().await?;
        let row = E::row(self.open.conn(), self.statements.text(statement), values).await;
        let row = row.map_err(|error| translate::<E>(error, "row"));
        self.leave(row.and_then(|row| row.as_ref().map(decode).transpose()))
    }

    /// Looks rows up.
    pub(crate) async fn rows<T>(
        &mut self,
        statement: Statement,
        values: &[Value<'_>],
        decode: fn(&E::Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.enter().await?;
        let rows = E::rows(self.open.conn(), self.statements.text(statement), values).await;
        let rows = rows.map_err(|error| translate::<E>(error, "row"));
        self.leave(rows.and_then(|rows| rows.iter().map(decode).collect()))
    }

    /// Makes JSON of a value that is about to be stored.
    pub(crate) fn json<T: Serialize>(&mut self, value: &T) -> Result<String> {
        if self.condition == Condition::Spent {
            return Err(StoreError::Spent);
        }
        json_text(value).inspect_err(|_unserialisable| self.condition = Condition::Spent)
    }

    /// Answers an error that ends the unit of work.
    pub(crate) fn fail<T>(&mut self, error: StoreError) -> Result<T> {
        self.condition = Condition::Spent;
        Err(error)
    }

    /// Until the statement has succeeded, the unit of work counts as spent: whoever stops waiting for it
    /// does not know whether it ran.
    async fn enter(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.condition, Condition::Spent) {
            Condition::Sound => Ok(()),
            Condition::Spent => Err(StoreError::Spent),
            Condition::Lent => {
                let probed = E::run(self.open.conn(), E::PROBE.into_sql_str()).await;
                match probed {
                    probed if E::still_open(&probed) => Ok(()),
                    Err(error) if error.as_database_error().is_none() => {
                        Err(translate::<E>(error, "row"))
                    }
                    Ok(()) | Err(_) => Err(StoreError::Spent),
                }
            }
        }
    }

    fn leave<T>(&mut self, done: Result<T>) -> Result<T> {
        done.inspect(|_| self.condition = Condition::Sound)
    }
}

impl<E: Engine, A: Attrs> Tx<A> for SqlTx<'_, E, A> {
    async fn commit(mut self) -> Result<()> {
        self.enter().await?;
        self.open.commit().await.map_err(|error| translate::<E>(error, "row"))
    }
}

impl<E: Engine, A: Attrs> fmt::Debug for SqlTx<'_, E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlTx").field("condition", &self.condition).finish_non_exhaustive()
    }
}
