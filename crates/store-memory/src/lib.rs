//! A store that keeps everything in memory, for tests and examples.
//!
//! ```
//! use durward_core::store::{Store, StoreError, Tx};
//! use durward_store_memory::MemoryStore;
//!
//! async fn touch() -> Result<(), StoreError> {
//!     let store: MemoryStore = MemoryStore::default();
//!     let tx = store.begin().await?;
//!     tx.commit().await
//! }
//! ```
//!
//! It keeps every promise of the port but one: what was committed is gone when the last clone of the store
//! is. Units of work run one after the other, each on a draft that becomes the state at its commit. Look-ups
//! see the last committed state and never wait. A draft shares with the state what it does not change,
//! down to the single row.

mod tx;

mod audit;
mod bootstraps;
mod budgets;
mod clients;
mod dossier;
mod factors;
mod flows;
mod invitations;
mod leftovers;
mod login_emails;
mod memberships;
mod nodes;
mod organizations;
mod outbox;
mod passwords;
mod replies;
mod sessions;
mod state;
mod store;
mod user_lists;
mod users;

pub use store::{MemoryStore, Snapshot};
pub use tx::{MemoryRead, MemoryTx};

#[cfg(test)]
mod broken;
