//! The names of header fields that the `http` crate does not know.

use axum::http::HeaderName;

pub(crate) static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(crate) static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(crate) static X_FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
pub(crate) static X_ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
pub(crate) static REMOTE_USER: HeaderName = HeaderName::from_static("remote-user");
pub(crate) static REMOTE_GROUPS: HeaderName = HeaderName::from_static("remote-groups");
pub(crate) static DURWARD_DEMAND: HeaderName = HeaderName::from_static("durward-demand");
pub(crate) static DURWARD_CLIENT: HeaderName = HeaderName::from_static("durward-client");
pub(crate) static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(crate) static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
