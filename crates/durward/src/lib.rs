#![cfg_attr(
    all(feature = "axum", feature = "mail", feature = "passwords", feature = "sqlite"),
    doc = include_str!("../../../README.md")
)]
//!
//! # Where things are
//!
//! This crate is all that an application depends on. At its root is the core: [`Accounts`] and everything that
//! it is made of; besides requests it needs [`background`], which sends the mails and deletes what is over, and, before
//! several nodes serve, [`Accounts::join_nodes`]. The rest comes with features, none of which is a default and each of which only adds:
//!
//! | Feature | Adds |
//! | --- | --- |
//! | `memory` | `memory`: a store for tests and examples |
//! | `sqlite`, `postgres`, `mysql` | `sql`: the store on these engines |
//! | `passwords` | `passwords`: the standard password hasher; [`Essentials`](crate::Essentials) |
//! | `breaches` | to `passwords`: a client of services that know breached passwords, for [`Parts::breaches`] |
//! | `mail` | to [`mail`]: templates and SMTP |
//! | `redis` | `redis`: rates of requests on Redis or Valkey, for all nodes |
//! | `axum` | `http`: a router, a layer, extractors and the OpenAPI document |
//!
//! Tests of an application find a clock to turn, an inbox to read and a whole app in memory in the crate
//! `durward-testing`, a dev-dependency: what makes tests predictable must not be a feature that a release could
//! be built with. A store of one's own is tested by `durward-conformance`.

mod essentials;
mod system;

pub use durward_core::*;

#[cfg(feature = "passwords")]
pub use essentials::{Essentials, StartError};
pub use system::{SystemClock, SystemEntropy};

/// What is mailed, the port of whoever sends it, the worker that empties the outbox, and (with the feature
/// `mail`) templates and SMTP.
pub mod mail {
    pub use durward_core::mail::*;
    #[cfg(feature = "mail")]
    pub use durward_mail::*;
}

#[cfg(feature = "axum")]
pub use durward_http as http;
#[cfg(feature = "passwords")]
pub use durward_passwords as passwords;
#[cfg(feature = "redis")]
pub use durward_redis as redis;
#[cfg(feature = "memory")]
pub use durward_store_memory as memory;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use durward_store_sql as sql;
