//! The reviewed tables of the policy, held against every route, on the store in memory. The same matrix runs on
//! the SQL engines in the tests of their store.
#![expect(clippy::unwrap_used, reason = "these are tests")]

// By its path, as the SQL store has it too: so its own modules are found beside it.
#[path = "matrix.rs"]
mod matrix;

use durward_store_memory::MemoryStore;

#[tokio::test]
async fn every_route_answers_every_principal_as_the_tables_say() {
    // R-AZ-01, R-AZ-02, R-AZ-03
    matrix::holds(MemoryStore::default()).await;
}
