//! Every flow of the core, on the store in memory.
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod audit;
mod client_access;
mod clients;
mod codes;
mod factors;
mod hooks;
mod idempotency;
mod import;
mod invitations;
mod keys;
mod life_cycle;
mod login;
mod memberships;
mod model;
mod notices;
mod one_answer;
mod organizations;
mod outbox;
mod passwords;
mod properties;
mod refresh;
mod resets;
mod sessions;
mod sign_up;
mod steps;
mod support;
mod team;
mod throttle;
mod tokens;
mod traced;
mod units;
mod upkeep;
mod user_lists;
mod users;
mod verification;
