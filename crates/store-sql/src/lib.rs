//! Durward's store on SQLite, PostgreSQL, and MariaDB or MySQL: one implementation over sqlx.
//!
//! No engine is a default feature; name the ones you use: `sqlite`, `postgres`, `mysql`.
//!
//! ```no_run
//! # #[cfg(feature = "sqlite")]
//! # async fn open() -> Result<(), Box<dyn std::error::Error>> {
//! use durward_core::Plain;
//! use durward_store_sql::SqlStore;
//!
//! let store = SqlStore::<sqlx::Sqlite, Plain>::open("durward.db").await?;
//! store.migrate().await?;
//! # Ok(())
//! # }
//! ```
//!
//! The tables may live beside those of an application: their names begin with a [`Prefix`], and the
//! application joins both ways. [`SqlStore::join`] makes a unit of work of a transaction that the
//! application began; [`SqlTx::conn`] lets it write its own rows inside one of ours.
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    expect(dead_code, reason = "without any engine nothing is used")
)]

mod audit;
mod bootstraps;
mod budgets;
mod client_lists;
mod clients;
mod dossier;
mod engine;
mod factors;
mod flows;
mod invitations;
mod leftovers;
mod login_emails;
mod memberships;
mod migrate;
pub mod migrations;
mod nodes;
mod organizations;
mod outbox;
mod passwords;
mod pending;
mod prefix;
mod read;
mod replies;
mod row;
mod schema;
mod sessions;
mod statement;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;
mod user_lists;
mod users;

pub use engine::{Dialect, Engine, pool_options};
pub use prefix::{Prefix, PrefixError};
pub use read::SqlRead;
pub use schema::SchemaError;
pub use store::SqlStore;
pub use tx::SqlTx;
