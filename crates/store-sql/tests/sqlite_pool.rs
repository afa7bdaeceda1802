//! The promises of every store, on a pool that the application made for SQLite.
#![cfg(all(feature = "sqlite", feature = "testing"))]
#![expect(clippy::unwrap_used, reason = "a test")]

use durward_conformance::{Fresh, Suite};
use durward_store_sql::{Dialect, SqlStore, migrations, testing};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use tempfile::TempDir;

struct InDirectory {
    store: SqlStore<sqlx::Sqlite, Suite>,
    _directory: TempDir,
}

impl Fresh for InDirectory {
    type Store = SqlStore<sqlx::Sqlite, Suite>;
    fn store(&self) -> &Self::Store {
        &self.store
    }
}

async fn fresh() -> InDirectory {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(directory.path().join("application.db"))
        .journal_mode(SqliteJournalMode::Wal)
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.unwrap();
    let store = SqlStore::new(pool);
    testing::run_script(&store, &migrations::print(Dialect::Sqlite, store.prefix())).await;
    InDirectory { store, _directory: directory }
}

durward_conformance::suite!(fresh);
