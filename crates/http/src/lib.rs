//! The accounts of Durward over HTTP: a router to nest, a layer, and extractors, for any axum application.
//!
//! ```
//! use axum::Router;
//! use axum::routing::get;
//! use durward_core::{Accounts, Store};
//! use durward_http::{CurrentUser, Http, HttpSettings};
//!
//! async fn hello(user: Option<CurrentUser>) -> String {
//!     match user {
//!         Some(user) => format!("hello, {}", user.id),
//!         None => String::from("hello, stranger"),
//!     }
//! }
//!
//! fn app<S: Store>(accounts: Accounts<S>) -> Router {
//!     let own = Router::new().route("/hello", get(hello));
//!     Http::new(accounts, HttpSettings::default()).mount(own)
//! }
//! ```
//!
//! Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: without the peer's address all
//! callers share one rate budget, and `X-Forwarded-For` is ignored; the log is warned of it.
//!
//! Every route stands in one table (`routes.rs`) that makes the [router](Http::router) and the [OpenAPI document](Http::openapi); every
//! failure is a [`Problem`]. The conventions are in `docs/http.md`, the codes in `docs/errors.md`.

mod access;
mod aim;
mod answer;
mod attributes;
mod audit;
mod authn;
mod body;
mod bootstraps;
mod call;
mod caller;
mod client_ip;
mod client_lists;
mod client_rules;
mod client_secrets;
mod client_values;
mod client_views;
mod clients;
mod credentials;
mod demands;
mod edge;
mod emails;
mod entity_tag;
mod error;
mod even;
mod export;
mod extract;
mod factors;
mod fields;
mod forward_auth;
mod guard;
mod headers;
mod http;
mod idempotency;
mod identify;
pub mod identity;
mod impersonation;
mod invitations;
mod json;
mod judge;
mod layer;
mod life_cycle;
mod login_emails;
mod memberships;
mod metrics;
mod notices;
mod openapi;
mod operation;
mod organization_lists;
mod organizations;
mod owners;
mod paging;
mod passwords;
mod problem;
mod query;
mod roles;
mod router;
mod routes;
mod schemas;
mod sessions;
mod settings;
mod shapes;
mod user_lists;
mod users;
mod values;
pub mod views;

pub use demands::{
    Fresh, HasClientRole, HasRole, Member, NeededClientRole, NeededPermission, NeededRole, OfCaller,
};
pub use error::Fault;
pub use extract::{CurrentCaller, CurrentClient, CurrentUser, RequestOrigin};
pub use guard::{Guard, Guarded, Require, require};
pub use http::Http;
pub use layer::{Authenticate, Authenticated};
pub use problem::Problem;
pub use router::too_slow;
pub use settings::{HttpSettings, IdentitySettings};
