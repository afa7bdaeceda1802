//! The promises of every store, on a pool that the application made for PostgreSQL.
#![cfg(all(feature = "postgres", feature = "testing"))]

use durward_conformance::Suite;
use durward_store_sql::{SqlStore, testing};

async fn fresh() -> Option<SqlStore<sqlx::Postgres, Suite>> {
    let store = SqlStore::new(testing::postgres_pool().await?);
    testing::run_schema(&store).await;
    Some(store)
}

durward_conformance::suite!(fresh, optional);
