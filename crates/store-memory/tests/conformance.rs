//! The store in memory keeps every promise.

use durward_conformance::Suite;
use durward_store_memory::MemoryStore;

async fn fresh() -> MemoryStore<Suite> {
    MemoryStore::default()
}

durward_conformance::suite!(fresh);
