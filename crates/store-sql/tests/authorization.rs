//! The reviewed tables of the policy, held against every route, on every engine.
#![cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql", feature = "testing"))]
#![expect(clippy::unwrap_used, reason = "these are tests")]

#[path = "../../testing/tests/authorization/matrix.rs"]
mod matrix;

use durward_store_sql::testing;

#[tokio::test]
async fn every_route_answers_every_principal_as_the_tables_say_on_sqlite() {
    // R-AZ-01, R-AZ-02, R-AZ-03
    matrix::holds(testing::fresh_sqlite().await).await;
}

#[tokio::test]
async fn every_route_answers_every_principal_as_the_tables_say_on_postgres() {
    if let Some(store) = testing::fresh_postgres().await {
        matrix::holds(store).await;
    }
}

#[tokio::test]
async fn every_route_answers_every_principal_as_the_tables_say_on_mariadb() {
    if let Some(store) = testing::fresh_mysql().await {
        matrix::holds(store).await;
    }
}
