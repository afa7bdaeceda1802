//! The promises of every store, on MariaDB.
#![cfg(all(feature = "mysql", feature = "testing"))]

use durward_conformance::Suite;
use durward_store_sql::{SqlStore, testing};

async fn fresh() -> Option<SqlStore<sqlx::MySql, Suite>> {
    testing::fresh_mysql().await
}

durward_conformance::suite!(fresh, optional);
