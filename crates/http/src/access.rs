//! What a request shows to the access restrictions of its client.

use axum::extract::OriginalUri;
use axum::http::HeaderMap;
use axum::http::header::ORIGIN;
use axum::http::request::Parts;
use durward_core::access::RequestTarget;

use crate::forward_auth::{Proxy, Word};
use crate::problem::Problem;

/// What a request is for: its own path, or what a proxy says of the one that it asks about.
///
/// The word of nobody but a trusted proxy counts; without any, a client that may not do everything may do nothing
/// (R-HT-03, R-CL-03).
pub(crate) fn target(
    parts: &Parts,
    asking: Option<Proxy>,
    trusted: bool,
) -> Result<Option<RequestTarget>, Problem> {
    match asking {
        None => Ok(RequestTarget::new(None, whole_path(parts))),
        Some(proxy) if trusted => Ok(Word::of(proxy, &parts.uri, &parts.headers)?.into_target()),
        Some(_stranger) => Ok(None),
    }
}

/// The path as it was sent, also to a router that is nested.
pub(crate) fn whole_path(parts: &Parts) -> &str {
    parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri).path()
}

/// The page that sends the request, if a browser names it (RFC 6454, 7).
pub(crate) fn web_origin(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(ORIGIN).iter();
    let Some(first) = values.next() else {
        return Ok(None);
    };
    match (first.to_str(), values.next()) {
        (Ok(origin), None) => Ok(Some(origin)),
        // R-IN-06
        (Ok(_) | Err(_), _) => {
            Err(Problem::header("ORIGIN_MALFORMED", "Origin must be one visible text."))
        }
    }
}
