//! What the SQL store promises beyond the promises of every store.
#![cfg(all(feature = "testing", feature = "sqlite", feature = "postgres", feature = "mysql"))]
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod addresses;
mod audit;
mod commits;
mod connections;
mod engines;
mod failures;
mod file;
mod joins;
mod leftovers;
mod migrations;
mod statements;
