//! The promises of every store, on PostgreSQL.
#![cfg(all(feature = "postgres", feature = "testing"))]

use durward_conformance::Suite;
use durward_store_sql::{SqlStore, testing};

async fn fresh() -> Option<SqlStore<sqlx::Postgres, Suite>> {
    testing::fresh_postgres().await
}

durward_conformance::suite!(fresh, optional);
