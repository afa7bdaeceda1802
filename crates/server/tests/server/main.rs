//! The binary as its users run it: as a process of its own, over the network and the file system.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at what it did not expect")]

mod audit;
mod bootstrap;
mod breaches;
mod client;
mod commands;
mod conventions;
mod desk;
mod development;
mod engines;
mod forward_auth;
mod gate;
mod import;
mod logs;
mod metrics;
mod nodes;
mod process;
mod production;
mod programs;
mod shutdown;
mod smtp_sink;
mod tours;
mod users;
