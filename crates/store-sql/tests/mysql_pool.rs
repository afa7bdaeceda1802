//! The promises of every store, on a pool that the application made for MariaDB.
#![cfg(all(feature = "mysql", feature = "testing"))]

use durward_conformance::Suite;
use durward_store_sql::{SqlStore, testing};

async fn fresh() -> Option<SqlStore<sqlx::MySql, Suite>> {
    let store = SqlStore::new(testing::mysql_pool().await?);
    testing::run_schema(&store).await;
    Some(store)
}

durward_conformance::suite!(fresh, optional);
