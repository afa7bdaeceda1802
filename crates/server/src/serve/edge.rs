//! What every answer of the server carries, whoever made it.

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Adds the headers that hold for all answers (R-HT-06); those that an answer has already stay.
pub(super) fn harden(router: Router, is_https: bool) -> Router {
    router.layer(map_response(move |mut response: Response| async move {
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, value: &'static str| {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        };
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(header::REFERRER_POLICY, "no-referrer");
        set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
        set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
        if is_https {
            set(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
        }
        response
    }))
}

/// The answer to a request that took longer than requests may take.
pub(super) fn too_slow() -> Response {
    let problem = json!({
        "type": "about:blank",
        "title": "Took too long",
        "status": 503,
        "detail": "The request took longer than requests may take. Try again.",
        "code": "TOO_SLOW",
    });
    let headers = [
        (header::CONTENT_TYPE, "application/problem+json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::RETRY_AFTER, "5"),
        (header::CONNECTION, "close"),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, headers, problem.to_string()).into_response()
}
