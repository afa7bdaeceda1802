//! Signed identities: what a proxy hands to a service as `X-Durward-Identity`, and how the service reads it.
//!
//! An identity is a JWT (RFC 7519) of the type `durward-identity+jwt`, signed with ES256 (RFC 7518, 3.4), for one
//! audience and at most 60 seconds. There is no other form: none unsigned, none with a shared secret, and no
//! setting that would allow one (GW-22). The keys are made of the key ring and change by themselves (ADR 0016).
//!
//! ```
//! use durward_core::Timestamp;
//! use durward_http::identity::{IdentityError, Verifier};
//!
//! /// Whom a request is from; `key_set` is the body of `/.well-known/jwks.json`, fetched anew every few minutes
//! /// and when a key is not known.
//! fn user(key_set: &str, header: &str, now: Timestamp) -> Result<Option<String>, IdentityError> {
//!     let verifier = Verifier::new("https://accounts.example.com", "orders", key_set)?;
//!     let identity = verifier.verify(header, now)?;
//!     Ok(identity.user().map(str::to_owned))
//! }
//! ```

mod issuer;
mod key;
mod key_set;
mod token;
mod verifier;

pub use verifier::{IdentityError, Verifier};

pub(crate) use issuer::Issuer;
pub(crate) use key::KeySetView;

/// The field in which a proxy hands the identity to a service.
pub const IDENTITY_FIELD: &str = "x-durward-identity";
