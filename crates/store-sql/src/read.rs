use std::fmt;
use std::marker::PhantomData;

use durward_core::store::Result;
use durward_core::{Attrs, Plain, StoreError};

use crate::engine::{Engine, Reader, Source, Value, translate};
use crate::row::Decode;
use crate::statement::{Statement, Statements};

/// Look-ups outside of any transaction; each takes a connection for as long as it lasts.
pub struct SqlRead<'c, E: Engine, A: Attrs = Plain> {
    source: &'c E::Source,
    statements: &'c Statements,
    attrs: PhantomData<fn() -> A>,
}

impl<'c, E: Engine, A: Attrs> SqlRead<'c, E, A> {
    pub(crate) fn new(source: &'c E::Source, statements: &'c Statements) -> Self {
        Self { source, statements, attrs: PhantomData }
    }

    /// Looks one row up.
    pub(crate) async fn row<T>(
        &mut self,
        statement: Statement,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Option<T>> {
        let text = self.statements.text(statement);
        if let Some(found) = self.source.row_at_once(text.as_str(), values, decode) {
            return found;
        }
        let mut conn = self.source.reader().await.map_err(translated::<E>)?;
        match E::row(&mut conn, text, values).await {
            Ok(row) => {
                conn.keep();
                row.map(|row| decode(&row)).transpose()
            }
            Err(error) => Err(failed(conn, error)),
        }
    }

    /// Looks rows up of which there are few.
    pub(crate) async fn few<T>(
        &mut self,
        statement: Statement,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>> {
        let text = self.statements.text(statement);
        match self.source.rows_at_once(text.as_str(), values, decode) {
            Some(found) => found,
            None => self.rows(statement, values, decode).await,
        }
    }

    /// Looks rows up.
    pub(crate) async fn rows<T>(
        &mut self,
        statement: Statement,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>> {
        let mut conn = self.source.reader().await.map_err(translated::<E>)?;
        match E::rows(&mut conn, self.statements.text(statement), values).await {
            Ok(rows) => {
                conn.keep();
                rows.iter().map(|row| decode(row)).collect()
            }
            Err(error) => Err(failed(conn, error)),
        }
    }
}

fn failed<E: Engine>(conn: impl Reader<E>, error: sqlx::Error) -> StoreError {
    conn.discard();
    translated::<E>(error)
}

/// A look-up breaks no uniqueness rule.
fn translated<E: Engine>(error: sqlx::Error) -> StoreError {
    translate::<E>(error, "row")
}

impl<E: Engine, A: Attrs> fmt::Debug for SqlRead<'_, E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlRead").finish_non_exhaustive()
    }
}

/// Implements a port of look-ups twice, once with `SqlRead` and once with `SqlTx` for `Handle`.
macro_rules! look_ups {
    ($($implementation:tt)+) => {
        const _: () = {
            use $crate::SqlRead as Handle;
            $($implementation)+
        };
        const _: () = {
            use $crate::SqlTx as Handle;
            $($implementation)+
        };
    };
}
pub(crate) use look_ups;
