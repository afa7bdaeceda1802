//! What tests of accounts need: time, chance and mail in the hands of the test.
//!
//! [`TestAccounts`] are whole accounts on a store in memory, or on any other; a [`TestApp`] puts a router in front
//! of them and calls it without a network.
//!
//! ```
//! use std::time::Duration;
//! use durward_testing::TestAccounts;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let it = TestAccounts::new();
//! let session = it.sign_up("ada@example.com").await;
//!
//! it.clock().advance(Duration::from_secs(3_600));
//! assert!(it.accounts().authenticate(&session.token, None).await.is_err(), "an hour is over");
//! # });
//! ```
//!
//! For tests only, as a dev-dependency: everything here can be predicted.
#![expect(clippy::expect_used, clippy::panic, reason = "these are tests that ship")]
#![expect(clippy::missing_panics_doc, reason = "a helper of tests panics when the test has failed")]

mod accounts;
mod app;
mod clock;
mod entropy;
pub mod given;
pub mod hasher;
mod inbox;
mod links;
mod metrics;
pub mod rates;
mod request;

pub use self::metrics::TestMetrics;
pub use accounts::{TestAccounts, followed, session, step, typed};
pub use app::{LoggedIn, TestApp};
pub use clock::FakeClock;
pub use entropy::SeededEntropy;
pub use inbox::{Inbox, Letter};
pub use links::TestLinks;
pub use request::{Reply, Request};
