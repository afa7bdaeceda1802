mod commit;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use durward_core::store::{Result, Tx};
use durward_core::{Attrs, Plain, StoreError};
use serde::Serialize;
use sqlx::{SqlSafeStr, Transaction};

use crate::SqlRead;
use crate::engine::{Engine, Open, Source, Value, translate};
use crate::pending::{Batch, Durability, Pending, Touch};
use crate::row::{Decode, json_text};
use crate::statement::{Statement, Statements};

/// A unit of work that the application may share; rolled back when dropped.
///
/// The transaction begins with the first statement that needs one.
pub struct SqlTx<'c, E: Engine, A: Attrs = Plain> {
    stage: Stage<'c, E>,
    condition: Condition,
    /// See [`Tx::presume`].
    presumes: bool,
    durability: Durability,
    pending: Pending,
    statements: Arc<Statements>,
    attrs: PhantomData<fn() -> A>,
}

/// Whether the transaction has begun.
enum Stage<'c, E: Engine> {
    Idle(E::Source),
    Open(Open<'c, E>),
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
        Self::new(Stage::Open(Open::Transaction(transaction)), Condition::Lent, statements)
    }

    pub(crate) fn idle(source: E::Source, statements: Arc<Statements>) -> Self {
        Self::new(Stage::Idle(source), Condition::Sound, statements)
    }

    fn new(stage: Stage<'c, E>, condition: Condition, statements: Arc<Statements>) -> Self {
        Self {
            stage,
            condition,
            presumes: false,
            durability: Durability::default(),
            pending: Pending::default(),
            statements,
            attrs: PhantomData,
        }
    }

    /// Hands a joined transaction back; whoever holds it last commits it.
    ///
    /// [`Spent`](StoreError::Spent) after an error, whose traces must not be committed: the transaction is
    /// rolled back then. An error as well for a unit of work that was not [joined](Self::join).
    pub fn into_inner(self) -> Result<Transaction<'c, E>> {
        if self.condition == Condition::Spent {
            return Err(StoreError::Spent);
        }
        match self.stage {
            Stage::Open(Open::Transaction(transaction)) => Ok(transaction),
            Stage::Open(Open::Unit(_)) | Stage::Idle(_) => Err(StoreError::backend(NotJoined)),
        }
    }

    /// The application's way to its own rows, inside this unit of work.
    ///
    /// It may open savepoints with [`begin`](sqlx::Connection::begin) and must not end the transaction. An
    /// error of its own statements that ended the transaction is noticed: everything afterwards is
    /// refused. After an error of the unit itself it is [`Spent`](StoreError::Spent).
    pub async fn conn(&mut self) -> Result<&mut E::Connection> {
        self.catch_up().await?;
        match self.condition {
            Condition::Spent => return Err(StoreError::Spent),
            Condition::Sound | Condition::Lent => self.condition = Condition::Spent,
        }
        let open = Self::begin(&mut self.stage).await?;
        self.condition = Condition::Lent;
        Ok(open.conn())
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
        self.flush().await?;
        self.enter().await?;
        let open = Self::begin(&mut self.stage).await?;
        let done = E::execute(open.conn(), self.statements.text(statement), values).await;
        self.leave(done.map_err(|error| translate::<E>(error, what)))
    }

    /// Inserts one row, now or, if the unit may [presume](Tx::presume), together with what comes later.
    pub(crate) async fn append(
        &mut self,
        touch: impl Into<Touch<'_>>,
        values: &[Value<'_>],
        what: &'static str,
    ) -> Result<()> {
        self.change_unique(touch, values, what).await.map(drop)
    }

    /// Runs a guarded update of one row; answers whether the guard let it pass, or presumes so. Not for a lock,
    /// which must be held when this returns.
    pub(crate) async fn change(
        &mut self,
        touch: impl Into<Touch<'_>>,
        values: &[Value<'_>],
    ) -> Result<bool> {
        self.change_unique(touch, values, "row").await
    }

    /// The same for one that may break a uniqueness rule.
    pub(crate) async fn change_unique(
        &mut self,
        touch: impl Into<Touch<'_>>,
        values: &[Value<'_>],
        what: &'static str,
    ) -> Result<bool> {
        let touch = touch.into();
        if self.presumes {
            return self.put_off(touch, values, true).await.map(|()| true);
        }
        Ok(self.insert(touch.statement, values, what).await? > 0)
    }

    /// Runs a write that takes what there is, now or, if the unit may presume, together with what comes later.
    pub(crate) async fn sweep(
        &mut self,
        touch: impl Into<Touch<'_>>,
        values: &[Value<'_>],
    ) -> Result<()> {
        let touch = touch.into();
        if self.presumes {
            return self.put_off(touch, values, false).await;
        }
        self.execute(touch.statement, values).await.map(drop)
    }

    /// Looks one row up.
    pub(crate) async fn row<T>(
        &mut self,
        touch: impl Into<Touch<'_>>,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Option<T>> {
        let touch = touch.into();
        self.give_way(touch).await?;
        self.enter().await?;
        let row = if let Some(mut outside) = self.outside() {
            outside.row(touch.statement, values, decode).await
        } else {
            let open = Self::begin(&mut self.stage).await?;
            let row = E::row(open.conn(), self.statements.text(touch.statement), values).await;
            let row = row.map_err(|error| translate::<E>(error, "row"));
            row.and_then(|row| row.map(|row| decode(&row)).transpose())
        };
        self.leave(row)
    }

    /// Looks rows up.
    pub(crate) async fn rows<T>(
        &mut self,
        statement: Statement,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>> {
        self.found(statement, values, decode, false).await
    }

    /// Looks rows up of which there are few.
    pub(crate) async fn few<T>(
        &mut self,
        statement: Statement,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>> {
        self.found(statement, values, decode, true).await
    }

    async fn found<T>(
        &mut self,
        statement: Statement,
        values: &[Value<'_>],
        decode: Decode<T>,
        are_few: bool,
    ) -> Result<Vec<T>> {
        self.give_way(statement.into()).await?;
        self.enter().await?;
        let rows = match self.outside() {
            Some(mut outside) if are_few => outside.few(statement, values, decode).await,
            Some(mut outside) => outside.rows(statement, values, decode).await,
            None => self.rows_inside(statement, values, decode).await,
        };
        self.leave(rows)
    }

    async fn rows_inside<T>(
        &mut self,
        statement: Statement,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>> {
        let open = Self::begin(&mut self.stage).await?;
        let rows = E::rows(open.conn(), self.statements.text(statement), values).await;
        let rows = rows.map_err(|error| translate::<E>(error, "row"))?;
        rows.iter().map(|row| decode(row)).collect()
    }

    /// Whether guards may be answered before they are asked.
    pub(crate) fn presumes(&self) -> bool {
        self.presumes
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

    /// Puts a write off until something depends on it.
    async fn put_off(
        &mut self,
        touch: Touch<'_>,
        values: &[Value<'_>],
        counts: bool,
    ) -> Result<()> {
        if self.condition == Condition::Spent {
            return Err(StoreError::Spent);
        }
        self.give_way(touch).await?;
        self.pending.push(touch, values, counts);
        Ok(())
    }

    /// Lets happen what this statement may depend on.
    async fn give_way(&mut self, touch: Touch<'_>) -> Result<()> {
        if self.pending.precedes(touch) { self.flush().await } else { Ok(()) }
    }

    /// Lets everything happen that was put off.
    async fn flush(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.enter().await?;
        let batch = Batch { writes: self.pending.take(), durability: Durability::Full };
        let open = Self::begin(&mut self.stage).await?;
        let done = commit::run::<E>(open.conn(), &self.statements, &batch).await;
        self.leave(done)
    }

    /// For a look-up of a unit that has not begun to write: it sees what is committed, as it would inside
    /// of a transaction, and nothing of the unit itself concerns it.
    fn outside(&self) -> Option<SqlRead<'_, E, A>> {
        match &self.stage {
            Stage::Idle(source) if self.presumes => Some(SqlRead::new(source, &self.statements)),
            Stage::Idle(_) | Stage::Open(_) => None,
        }
    }

    async fn begin<'s>(stage: &'s mut Stage<'c, E>) -> Result<&'s mut Open<'c, E>> {
        if let Stage::Idle(source) = stage {
            let begun = source.begin().await;
            let open = begun.map_err(|error| translate::<E>(error, "transaction"))?;
            *stage = Stage::Open(open);
        }
        match stage {
            Stage::Open(open) => Ok(open),
            Stage::Idle(_) => Err(StoreError::Spent),
        }
    }

    /// Until the statement has succeeded, the unit of work counts as spent: whoever stops waiting for it
    /// does not know whether it ran.
    async fn enter(&mut self) -> Result<()> {
        match (std::mem::replace(&mut self.condition, Condition::Spent), &mut self.stage) {
            (Condition::Spent, _) => Err(StoreError::Spent),
            (Condition::Lent, Stage::Open(open)) => {
                let probed = E::run(open.conn(), E::PROBE.into_sql_str()).await;
                match probed {
                    probed if E::still_open(&probed) => Ok(()),
                    Err(error) if error.as_database_error().is_none() => {
                        Err(translate::<E>(error, "row"))
                    }
                    Ok(()) | Err(_) => Err(StoreError::Spent),
                }
            }
            (Condition::Sound | Condition::Lent, _) => Ok(()),
        }
    }

    fn leave<T>(&mut self, done: Result<T>) -> Result<T> {
        done.inspect(|_| self.condition = Condition::Sound)
    }
}

impl<E: Engine, A: Attrs> Tx<A> for SqlTx<'_, E, A> {
    /// Only before anything else was asked of the unit, and not of one that was joined.
    fn presume(&mut self) {
        self.presumes = matches!(self.stage, Stage::Idle(_));
    }

    /// Only a unit that is nothing but what it put off gains by it.
    fn delay_durability(&mut self) {
        self.durability = Durability::Delayed;
    }

    async fn catch_up(&mut self) -> Result<()> {
        self.presumes = false;
        self.flush().await
    }

    async fn commit(mut self) -> Result<()> {
        if self.condition != Condition::Spent
            && !self.pending.is_empty()
            && let Stage::Idle(source) = &self.stage
        {
            let source = source.clone();
            return self.commit_alone(&source).await;
        }
        self.flush().await?;
        self.enter().await?;
        self.stage.commit().await
    }
}

impl<E: Engine, A: Attrs> fmt::Debug for SqlTx<'_, E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlTx").field("condition", &self.condition).finish_non_exhaustive()
    }
}
