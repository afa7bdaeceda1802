//! What every store promises: one named test per promise, for stores of our own and of others.
//!
//! ```
//! use durward_conformance::Suite;
//! use durward_store_memory::MemoryStore;
//!
//! async fn fresh() -> MemoryStore<Suite> {
//!     MemoryStore::default()
//! }
//!
//! durward_conformance::suite!(fresh);
//! ```
//!
//! `fresh` is an async function without arguments that returns an empty store, or whatever else is
//! [`Fresh`], such as a store together with the directory it lives in. The macro expands to one `#[test]`
//! per promise; nobody can switch one off. A store that needs an engine which may be absent says
//! `suite!(fresh, optional)`: then `fresh` returns an `Option`, and `None` is a loud skip on a developer's
//! machine and a failure where `CI` is `true`.
//!
//! Each promise is a sentence in the documentation of the ports in [`durward_core::store`], and each has
//! been seen to fail on a store that was broken on purpose. A promise about concurrent callers lets all
//! of them begin before any of them writes, and retries [`Conflict`](durward_core::StoreError::Conflict) as
//! the flows do: a store may hold racers off, or let one of them try again.
#![expect(clippy::unwrap_used, reason = "these are tests that ship")]
#![expect(clippy::missing_panics_doc, reason = "a promise tells by a panic that it is broken")]

mod given;
mod promises;
mod race;
mod run;
mod sample;
mod seen;
mod suite;

pub mod actors;
pub mod audit;
pub mod audit_chain;
pub mod bootstraps;
pub mod budgets;
pub mod client_lists;
pub mod client_searches;
pub mod client_secrets;
pub mod clients;
pub mod dossier;
pub mod factors;
pub mod flow_ends;
pub mod flows;
pub mod invitations;
pub mod key_owners;
pub mod leftovers;
pub mod life_cycle;
pub mod lists;
pub mod login_email_changes;
pub mod login_emails;
pub mod memberships;
pub mod nodes;
pub mod organization_lists;
pub mod organizations;
pub mod outbox;
pub mod passwords;
pub mod presumptions;
pub mod replies;
pub mod rotations;
pub mod sessions;
pub mod transactions;
pub mod user_lists;
pub mod users;

pub use run::{Fresh, run, run_if_there};
pub use suite::{Colour, Device, Profile, Suite, SuiteRole};
