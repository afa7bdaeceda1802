//! Second factors that are in doubt by an objection: on the store in memory here, and on every engine in `store-sql`.

pub(crate) mod scenarios;

use durward_store_memory::MemoryStore;

#[tokio::test]
async fn an_app_that_a_thief_enrolled_stops_to_count() {
    scenarios::an_app_that_a_thief_enrolled_stops_to_count(MemoryStore::default()).await;
}

#[tokio::test]
async fn who_has_the_app_keeps_it() {
    scenarios::who_has_the_app_keeps_it(MemoryStore::default()).await;
}

#[tokio::test]
async fn a_factor_that_was_there_before_is_left_alone() {
    scenarios::a_factor_that_was_there_before_is_left_alone(MemoryStore::default()).await;
}
