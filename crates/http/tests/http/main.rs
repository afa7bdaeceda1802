//! The HTTP API as its clients see it, on a store in memory. Every answer is checked against the OpenAPI document.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test cannot do without, it fails without"
)]

mod ask;
mod audit;
mod authn;
mod bodies;
mod bootstraps;
mod client_lists;
mod client_rights;
mod clients;
mod compromised_passwords;
mod conventions;
mod credentials;
mod demands;
mod document;
mod emails;
mod error_codes;
mod export;
mod factors;
mod forward_auth;
mod guards;
mod identities;
mod impersonation;
mod layer;
mod life_cycle;
mod login_emails;
mod logs;
mod notices;
mod organization_lists;
mod organizations;
mod owners;
mod passwords;
mod peerless;
mod rates;
mod refusals;
mod requirements;
mod roles;
mod schema;
mod second_factor;
mod sessions;
mod site;
mod store;
mod user_lists;
mod users;
