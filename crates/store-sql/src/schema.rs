use durward_core::{Attrs, StoreError};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use crate::SqlStore;
use crate::engine::{Engine, Source, translate, values};
use crate::migrations::{MIGRATIONS, latest};
use crate::row::{Columns, Row};
use crate::statement::with_prefix;

/// Why the tables are not those that this program knows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The database is older: migrate it.
    #[error("the schema of the database is version {found} and this program needs {known}")]
    Behind {
        /// The version of the database; 0 when it is empty.
        found: i64,
        /// The version that this program knows.
        known: i64,
    },
    /// The database is newer, and this program must not change it.
    ///
    /// A program of the release before can go on using it: migrations add first, and remove a release
    /// later.
    #[error(
        "the schema of the database is version {found}, newer than the {known} of this program"
    )]
    Newer {
        /// The version of the database.
        found: i64,
        /// The version that this program knows.
        known: i64,
    },
    /// A migration was run that is not the one this program knows under its number.
    #[error("migration {version} of the database is not the one that this program knows")]
    Edited {
        /// The number of the migration.
        version: i64,
    },
    /// The database could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far one migration has come.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) version: i64,
    checksum: String,
    steps: i64,
    pub(crate) steps_done: i64,
}

const PROGRESS: &str =
    "SELECT version, checksum, steps, steps_done FROM {migrations} ORDER BY version";

/// Compares the database with the migrations that this program knows.
pub(crate) async fn check<E: Engine, A: Attrs>(store: &SqlStore<E, A>) -> Result<(), SchemaError> {
    compare(&progress(store).await?)
}

/// How far every migration has come; none where there are no tables.
pub(crate) async fn progress<E: Engine, A: Attrs>(
    store: &SqlStore<E, A>,
) -> Result<Vec<Progress>, StoreError> {
    let sql = AssertSqlSafe(with_prefix(PROGRESS, store.prefix())).into_sql_str();
    let backend = |error| translate::<E>(error, "row");
    let mut conn = store.source().reader().await.map_err(backend)?;
    match E::rows(&mut conn, sql, values![]).await {
        Ok(rows) => rows.iter().map(|row| decode(row)).collect(),
        Err(error) if error.as_database_error().is_some_and(E::is_missing_table) => Ok(vec![]),
        Err(error) => Err(backend(error)),
    }
}

fn decode(row: &dyn Row) -> Result<Progress, StoreError> {
    Ok(Progress {
        version: row.number("version")?,
        checksum: row.string("checksum")?,
        steps: row.number("steps")?,
        steps_done: row.number("steps_done")?,
    })
}

pub(crate) fn compare(progress: &[Progress]) -> Result<(), SchemaError> {
    let known = latest();
    if let Some(newer) = progress.last().filter(|last| last.version > known) {
        return Err(SchemaError::Newer { found: newer.version, known });
    }
    for migration in MIGRATIONS {
        let version = migration.version;
        let of_version = progress.iter().find(|progress| progress.version == version);
        if of_version.is_some_and(|progress| progress.checksum != migration.checksum()) {
            return Err(SchemaError::Edited { version });
        }
        if of_version.is_none_or(|progress| progress.steps_done < progress.steps) {
            return Err(SchemaError::Behind { found: version - 1, known });
        }
    }
    Ok(())
}
