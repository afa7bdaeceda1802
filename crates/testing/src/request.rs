use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

/// More than any answer of the API.
const LONGEST_ANSWER: usize = 16 << 20;

/// A request to an app, to be completed and sent.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing before it is sent"]
pub struct Request {
    router: Router,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    peer: SocketAddr,
}

impl Request {
    pub(crate) fn new(router: Router, method: Method, path: &str) -> Self {
        Self {
            router,
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            peer: SocketAddr::from(([192, 0, 2, 1], 50_000)),
        }
    }

    /// With this session token or secret key.
    pub fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// With this header, in addition to others of the name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("the name of a header");
        self.headers.append(name, HeaderValue::from_str(value).expect("the value of a header"));
        self
    }

    /// With this JSON as its body.
    pub fn json(self, body: &Value) -> Self {
        self.header(CONTENT_TYPE.as_str(), "application/json").body(body.to_string())
    }

    /// With this body, whatever it is.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// From this address instead of 192.0.2.1.
    pub fn from_ip(mut self, ip: &str) -> Self {
        self.peer.set_ip(ip.parse().expect("an IP address"));
        self
    }

    /// Sends it, and waits for the whole answer.
    pub async fn send(self) -> Reply {
        let Self { router, method, path, headers, body, peer } = self;
        let mut request = axum::http::Request::new(Body::from(body));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().expect("a path");
        *request.headers_mut() = headers;
        request.extensions_mut().insert(ConnectInfo(peer));
        let Ok(response) = router.oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, LONGEST_ANSWER).await.expect("an answer that ends");
        Reply { status: parts.status, headers: parts.headers, body }
    }
}

/// The answer of an app.
#[derive(Clone, Debug)]
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// This answer, if it has this status; panics otherwise, and shows it.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// The headers.
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The value of a header; panics when it is not there or no text.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}"));
        value.to_str().expect("a header of plain text")
    }

    /// The body.
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as JSON; panics when it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The text at this place of the body, a JSON pointer such as `/user/id`; panics when there is none.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        let json = self.json();
        let text = json.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text at {pointer} of {json}")).to_owned()
    }
}
