//! How what a unit of work put off happens.

use std::sync::Arc;

use durward_core::store::Result;
use durward_core::{Attrs, StoreError};

use super::{SqlTx, Stage};
use crate::engine::{Engine, Kept, Reader, Source, translate};
use crate::pending::{Batch, Durability};
use crate::statement::{Part, Statements};

impl<E: Engine, A: Attrs> SqlTx<'_, E, A> {
    /// Commits a unit that is nothing but what it put off, with as little around it as the engine needs.
    pub(super) async fn commit_alone(mut self, source: &E::Source) -> Result<()> {
        let batch = Batch { writes: self.pending.take(), durability: self.durability };
        let batch = Arc::new(batch);
        if let Some(done) = source.commit_at_once(&self.statements, &batch).await {
            return done;
        }
        if E::DIALECT.is_whole_by_itself() {
            let reader = source.reader().await;
            let mut conn = reader.map_err(|error| translate::<E>(error, "row"))?;
            let done = run::<E>(&mut conn, &self.statements, &batch).await;
            match &done {
                Ok(()) => conn.keep(),
                Err(_) => conn.discard(),
            }
            return done;
        }
        let open = Self::begin(&mut self.stage).await?;
        run::<E>(open.conn(), &self.statements, &batch).await?;
        self.stage.commit().await
    }
}

impl<E: Engine> Stage<'_, E> {
    pub(super) async fn commit(self) -> Result<()> {
        match self {
            Self::Idle(_) => Ok(()),
            Self::Open(open) => open.commit().await.map_err(|error| translate::<E>(error, "row")),
        }
    }
}

/// Runs writes together, of which each that counts must change exactly one row.
///
/// Whatever stands in their way is a conflict: tried again without presuming, it is told by its name.
pub(super) async fn run<E: Engine>(
    conn: &mut E::Connection,
    statements: &Statements,
    batch: &Batch,
) -> Result<()> {
    let presumed = |error| {
        let error = translate::<E>(error, "row");
        if matches!(error, StoreError::Duplicate(_)) { StoreError::Conflict } else { error }
    };
    let Batch { writes, durability } = batch;
    let parts: Vec<_> = writes.iter().map(Part::from).collect();
    let counted = parts.iter().filter(|part| part.counts).count();
    let alone = parts.len() == 1 && *durability == Durability::Full;
    let together = if alone { None } else { statements.together(parts, *durability) };
    if let Some(text) = together {
        let values: Vec<_> =
            writes.iter().flat_map(|write| &write.values).map(Kept::value).collect();
        let changed = E::execute(conn, text, &values).await.map_err(presumed)?;
        return if changed == counted as u64 { Ok(()) } else { Err(StoreError::Conflict) };
    }
    for write in writes {
        let values: Vec<_> = write.values.iter().map(Kept::value).collect();
        let text = statements.text(write.statement);
        let changed = E::execute(conn, text, &values).await.map_err(presumed)?;
        if write.counts && changed != 1 {
            return Err(StoreError::Conflict);
        }
    }
    Ok(())
}
