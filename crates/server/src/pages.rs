//! The pages that the server brings along: one for mailed codes, and the explorer of the interface. Both
//! load nothing from elsewhere and run no script that is not a file of ours (R-HT-06, R-HT-11).

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// For pages with a script and a style sheet of their own, and nothing else.
const STRICT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// The page that takes mailed codes. It does nothing until a button is pressed (security decision 7).
pub(crate) fn verification() -> Router {
    Router::new()
        .route("/verify", get(|| async { page(include_str!("pages/html/verify.html")) }))
        .route(
            "/assets/verify.js",
            get(|| async { asset(SCRIPT, include_bytes!("pages/assets/verify.js")) }),
        )
        .route("/assets/pages.css", get(style))
}

/// The page that accepts invitations; it does nothing until a button is pressed either.
pub(crate) fn invitation() -> Router {
    Router::new()
        .route("/invitation", get(|| async { page(include_str!("pages/html/invitation.html")) }))
        .route(
            "/assets/invitation.js",
            get(|| async { asset(SCRIPT, include_bytes!("pages/assets/invitation.js")) }),
        )
}

/// The page that makes the first administrator; it does nothing until a button is pressed either.
pub(crate) fn bootstrap() -> Router {
    Router::new()
        .route("/bootstrap", get(|| async { page(include_str!("pages/html/bootstrap.html")) }))
        .route(
            "/assets/bootstrap.js",
            get(|| async { asset(SCRIPT, include_bytes!("pages/assets/bootstrap.js")) }),
        )
}

/// The explorer of the interface: Swagger UI, out of this binary.
pub(crate) fn explorer() -> Router {
    Router::new()
        .route("/docs", get(|| async { page(include_str!("pages/html/docs.html")) }))
        .route(
            "/docs/explorer.js",
            get(|| async { asset(SCRIPT, include_bytes!("pages/assets/explorer.js")) }),
        )
        .route(
            "/docs/explorer.css",
            get(|| async { asset(STYLE, include_bytes!("pages/assets/explorer.css")) }),
        )
        .route(
            "/docs/swagger-ui-bundle.js",
            get(|| async {
                compressed(SCRIPT, include_bytes!("pages/assets/swagger-ui-bundle.js.gz"))
            }),
        )
        .route(
            "/docs/swagger-ui.css",
            get(|| async { compressed(STYLE, include_bytes!("pages/assets/swagger-ui.css.gz")) }),
        )
}

pub(crate) const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// A page under the strict policy.
pub(crate) fn page(html: impl Into<Body>) -> Response {
    page_under(STRICT, html)
}

/// A page under a policy of its own.
pub(crate) fn page_under(policy: &'static str, html: impl Into<Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    (headers, html.into()).into_response()
}

/// The style sheet of the pages.
async fn style() -> Response {
    asset(STYLE, include_bytes!("pages/assets/pages.css"))
}

/// A file that belongs to a page.
pub(crate) fn asset(kind: &'static str, bytes: &'static [u8]) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, bytes).into_response()
}

/// A file that is kept, and travels, compressed; every browser takes it.
fn compressed(kind: &'static str, bytes: &'static [u8]) -> Response {
    let mut response = asset(kind, bytes);
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response
}
