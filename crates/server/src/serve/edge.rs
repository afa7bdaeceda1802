//! What every answer of the server carries, whoever made it.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use durward::http::HttpSettings;
use durward::{RequestId, SystemEntropy};

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The edge of the server, behind its last middleware.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// Whether people reach the server over TLS, which ends at a proxy.
    pub(super) is_https: bool,
}

impl Edge {
    /// Adds the headers that hold for all answers (R-HT-06); those that an answer has already stay.
    pub(super) fn finish(
        self,
        mut response: Response,
        framing: Framing,
        id: &RequestId,
    ) -> Response {
        let headers = response.headers_mut();
        if !headers.contains_key(&X_REQUEST_ID) {
            write_id(headers, id);
        }
        let mut set = |name: &HeaderName, value: &'static str| {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        };
        set(&header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(&header::REFERRER_POLICY, "no-referrer");
        set(&header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
        set(&RESOURCE_POLICY, "same-origin");
        if self.is_https {
            set(&header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
        }
        if framing == Framing::Doubtful {
            set(&header::CONNECTION, "close");
        }
        response
    }
}

/// Gives a request an id, if it came with none that is safe to log; answers it. Whoever is further inside takes it.
pub(super) fn identify(headers: &mut HeaderMap) -> RequestId {
    let sent = headers.get(&X_REQUEST_ID).and_then(|value| value.to_str().ok());
    let id = sent.and_then(RequestId::parse).unwrap_or_else(|| RequestId::mint(&SystemEntropy));
    write_id(headers, &id);
    id
}

fn write_id(headers: &mut HeaderMap, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(&X_REQUEST_ID, value);
    }
}

/// Whether a proxy in front may have seen another end of a request than we did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// The length was told in one way.
    Plain,
    /// The body came in chunks; a length beside them was ignored. What follows on the connection may be
    /// part of this request for the proxy, so nothing may follow (R-HT-01; RFC 9112, 6.1 and 11.2).
    Doubtful,
}

impl Framing {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        if headers.contains_key(header::TRANSFER_ENCODING) { Self::Doubtful } else { Self::Plain }
    }
}

/// The answer to a request that took longer than requests may take.
pub(super) fn too_slow(id: &RequestId) -> Response {
    tracing::warn!(request.id = id.as_str(), "a request took too long and was given up");
    let mut response = durward::http::too_slow(&HttpSettings::default(), id);
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
