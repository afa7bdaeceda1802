use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use durward_core::{Attrs, StoreError};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use tokio::time::{Instant, sleep};

use crate::SqlStore;
use crate::engine::{Engine, Open, Source, Value, translate, values};
use crate::migrations::{self, INSERT_LOCK, MIGRATIONS, Migration};
use crate::row::Columns;
use crate::schema::{self, Progress, SchemaError};
use crate::statement::with_prefix;

const LOCK: &str = "SELECT holder, beat FROM {migration_lock} WHERE id = 1";
const TAKE_LOCK: &str = "UPDATE {migration_lock} SET holder = ?, beat = beat + 1 \
     WHERE id = 1 AND holder = ? AND beat = ?";
const BEAT: &str = "UPDATE {migration_lock} SET beat = beat + 1 WHERE id = 1 AND holder = ?";
const FREE_LOCK: &str = "UPDATE {migration_lock} SET holder = 0 WHERE id = 1 AND holder = ?";
const INSERT_PROGRESS: &str =
    "INSERT INTO {migrations} (version, checksum, steps, steps_done) VALUES (?, ?, ?, 0)";
const STEP_DONE: &str =
    "UPDATE {migrations} SET steps_done = ? WHERE version = ? AND steps_done = ?";

/// How often something that another node was faster at is tried again.
const TRIES: u32 = 200;
/// The same for tables of the migrator's own, where every error looks like one that passes.
const CREATE_TRIES: u32 = 20;

/// Brings the tables up to date, one step at a time, with any number of nodes trying at once.
///
/// The lock is a row with its holder and a count of heart beats. A holder whose heart has not beaten for
/// the whole patience of a waiting node is taken to be dead, and loses the lock to it; nobody's clock
/// matters. Should it be alive after all, nothing is lost: each step is repeatable, and only one of two
/// can note that it was done.
#[derive(Debug)]
pub(crate) struct Migrator<'a, E: Engine, A: Attrs> {
    store: &'a SqlStore<E, A>,
    patience: Duration,
    me: i64,
    /// Where to stop as if the process had been killed.
    interruption: Option<Interruption>,
}

/// A moment at which a process may be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interruption {
    /// After this many steps.
    pub(crate) after: u32,
    /// Between a step and the note that it was done, instead of after the note.
    pub(crate) before_note: bool,
}

impl<'a, E: Engine, A: Attrs> Migrator<'a, E, A> {
    pub(crate) fn new(store: &'a SqlStore<E, A>) -> Self {
        // Any number but 0, which means that nobody holds the lock.
        let random = RandomState::new().hash_one(std::process::id()) >> 1;
        let me = i64::try_from(random).unwrap_or(1).max(1);
        Self { store, patience: Duration::from_secs(30), me, interruption: None }
    }

    /// For tests: stop there, and take over from a dead holder after so long.
    #[cfg(feature = "testing")]
    pub(crate) fn interrupted(self, at: Option<Interruption>, patience: Duration) -> Self {
        Self { interruption: at, patience, ..self }
    }

    pub(crate) async fn run(mut self) -> Result<(), SchemaError> {
        if self.is_current().await? {
            return Ok(());
        }
        self.prepare().await?;
        let mut tries = 0;
        loop {
            let done = match self.lock().await {
                Ok(true) => self.advance().await,
                // Somebody else did all there was to do.
                Ok(false) => return Ok(()),
                Err(error) => Err(error),
            };
            match done {
                Err(SchemaError::Store(StoreError::Conflict)) if tries < TRIES => tries += 1,
                done => return done,
            }
            sleep(self.patience / 100).await;
        }
    }

    /// Whether nothing is to be done; an error where nothing may be done.
    async fn is_current(&self) -> Result<bool, SchemaError> {
        match schema::check(self.store).await {
            Ok(()) => Ok(true),
            // Whoever is in the way migrates.
            Err(SchemaError::Behind { .. } | SchemaError::Store(StoreError::Conflict)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Creates what the migrator keeps about itself. Nodes that do so at once get in each other's way on
    /// some engines, in ways that have no error code of their own.
    async fn prepare(&self) -> Result<(), StoreError> {
        let tables = migrations::progress(E::DIALECT, self.store.prefix());
        let mut tries = 0;
        for table in tables {
            let sql = AssertSqlSafe(table).into_sql_str();
            while let Err(error) = self.create(sql.clone()).await {
                let Some(database) = error.as_database_error() else {
                    return Err(StoreError::backend(error));
                };
                tries += 1;
                if tries >= if E::is_conflict(database) { TRIES } else { CREATE_TRIES } {
                    return Err(translate::<E>(error, "table"));
                }
                sleep(Duration::from_millis(50)).await;
            }
        }
        loop {
            match self.execute(INSERT_LOCK, values![]).await {
                Ok(_) | Err(StoreError::Duplicate(_)) => return Ok(()),
                Err(StoreError::Conflict) if tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn create(&self, sql: SqlStr) -> sqlx::Result<()> {
        let mut open = self.store.source().begin().await?;
        E::run(open.conn(), sql).await?;
        open.commit().await
    }

    /// Waits for the lock; `false` when there is nothing left to do instead.
    async fn lock(&self) -> Result<bool, SchemaError> {
        let mut seen = (self.look().await?, Instant::now());
        loop {
            if self.is_current().await? {
                return Ok(false);
            }
            let ((holder, beat), since) = seen;
            let dead = since.elapsed() >= self.patience;
            if (holder == 0 || dead)
                && self.execute(TAKE_LOCK, values![self.me, holder, beat]).await? > 0
            {
                if dead {
                    tracing::warn!("took over from a node that stopped while it migrated");
                }
                return Ok(true);
            }
            sleep((self.patience / 100).min(Duration::from_millis(200))).await;
            let now = self.look().await?;
            if now != seen.0 {
                seen = (now, Instant::now());
            }
        }
    }

    /// The holder of the lock, and how often its heart has beaten.
    async fn look(&self) -> Result<(i64, i64), StoreError> {
        let sql = AssertSqlSafe(with_prefix(LOCK, self.store.prefix())).into_sql_str();
        let backend = |error| translate::<E>(error, "row");
        let mut conn = self.store.source().reader().await.map_err(backend)?;
        let row = E::row(&mut conn, sql, values![]).await.map_err(backend)?;
        let row = row.ok_or(StoreError::Conflict)?;
        Ok((row.number("holder")?, row.number("beat")?))
    }

    /// Runs every step that was not run yet, and frees the lock.
    async fn advance(&mut self) -> Result<(), SchemaError> {
        let progress = schema::progress(self.store).await?;
        match schema::compare(&progress) {
            Ok(()) | Err(SchemaError::Behind { .. }) => {}
            Err(error) => {
                self.execute(FREE_LOCK, values![self.me]).await?;
                return Err(error);
            }
        }
        for migration in MIGRATIONS {
            if self.run_migration(migration, &progress).await? == Ended::Interrupted {
                return Ok(());
            }
        }
        self.execute(FREE_LOCK, values![self.me]).await?;
        Ok(())
    }

    async fn run_migration(
        &mut self,
        migration: &Migration,
        progress: &[Progress],
    ) -> Result<Ended, StoreError> {
        let version = migration.version;
        let begun = progress.iter().find(|progress| progress.version == version);
        let done = begun.map_or(0, |progress| progress.steps_done);
        if begun.is_none() {
            let steps = migration.number_of_steps();
            let values = values![version, migration.checksum(), steps];
            match self.execute(INSERT_PROGRESS, values).await {
                Ok(_) | Err(StoreError::Duplicate(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let steps = migration.steps(E::DIALECT, self.store.prefix());
        let to_do = steps.len() as u64 > u64::try_from(done).unwrap_or(0);
        for (step, number) in steps.into_iter().zip(0..).filter(|(_, number)| *number >= done) {
            self.beat().await?;
            let sql = AssertSqlSafe(step).into_sql_str();
            let ended = tokio::select! {
                ended = self.run_step(sql, version, number) => ended?,
                lost = self.keep_beating() => return Err(lost),
            };
            if ended == Ended::Interrupted {
                return Ok(ended);
            }
            tracing::debug!(migration = version, step = number + 1, "ran a step of a migration");
            if let Some(interruption) = &mut self.interruption {
                interruption.after = interruption.after.saturating_sub(1);
            }
        }
        if to_do {
            tracing::info!(migration = version, "migrated the database");
        }
        Ok(Ended::Normally)
    }

    /// Runs one step and notes that it was done: together where the engine can, one after the other where a
    /// change of the schema commits what came before it.
    async fn run_step(&self, sql: SqlStr, version: i64, number: i64) -> Result<Ended, StoreError> {
        let backend = |error| translate::<E>(error, "step");
        let last = self.interruption.filter(|interruption| interruption.after == 0);
        if last.is_some_and(|interruption| !interruption.before_note) {
            return Ok(Ended::Interrupted);
        }
        let mut open = self.store.source().begin().await.map_err(backend)?;
        match E::run(open.conn(), sql).await {
            Err(error) if error.as_database_error().is_some_and(E::has_run_already) => {
                // The error may have ended the transaction.
                drop(open);
                open = self.store.source().begin().await.map_err(backend)?;
            }
            done => done.map_err(backend)?,
        }
        if last.is_some() {
            return Ok(Ended::Interrupted);
        }
        let noted = values![number + 1, version, number];
        if self.execute_in(&mut open, STEP_DONE, noted).await? == 0 {
            return Err(StoreError::Conflict);
        }
        open.commit().await.map_err(backend)?;
        Ok(Ended::Normally)
    }

    /// Shows the others that this node is alive, until it is known to have lost the lock.
    async fn keep_beating(&self) -> StoreError {
        loop {
            sleep(self.patience / 6).await;
            match self.beat().await {
                // On SQLite the step itself keeps others from writing, and may take its time.
                Ok(()) | Err(StoreError::Backend(_)) => {}
                Err(lost) => return lost,
            }
        }
    }

    async fn beat(&self) -> Result<(), StoreError> {
        let beaten = self.execute(BEAT, values![self.me]).await? > 0;
        if beaten { Ok(()) } else { Err(StoreError::Conflict) }
    }

    /// Runs a statement in a unit of work of its own.
    async fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let backend = |error| translate::<E>(error, "row");
        let mut open = self.store.source().begin().await.map_err(backend)?;
        let changed = self.execute_in(&mut open, sql, values).await?;
        open.commit().await.map_err(backend)?;
        Ok(changed)
    }

    async fn execute_in(
        &self,
        open: &mut Open<'static, E>,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let sql = E::DIALECT.placeholders(&with_prefix(sql, self.store.prefix()));
        let sql = AssertSqlSafe(sql).into_sql_str();
        E::execute(open.conn(), sql, values).await.map_err(|error| translate::<E>(error, "row"))
    }
}

/// How a run of steps ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Normally,
    /// As if the process had been killed there.
    Interrupted,
}
