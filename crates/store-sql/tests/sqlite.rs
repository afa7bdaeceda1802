//! The promises of every store, on a SQLite file with one connection that writes and eight that read.
#![cfg(all(feature = "sqlite", feature = "testing"))]

use durward_conformance::Suite;
use durward_store_sql::{SqlStore, testing};

async fn fresh() -> SqlStore<sqlx::Sqlite, Suite> {
    testing::fresh_sqlite().await
}

durward_conformance::suite!(fresh);
