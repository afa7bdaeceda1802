//! Flows where several meet at one thing, and those that a store could break by itself, on every engine.
#![cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql", feature = "testing"))]
#![expect(clippy::unwrap_used, reason = "these are tests")]

#[macro_use]
mod engines;

mod administrators;
mod authorization;
mod doubts;
mod nodes;
mod objections;
mod owners;
mod people;
mod quotas;
mod requirements;
mod rotations;
mod spraying;
