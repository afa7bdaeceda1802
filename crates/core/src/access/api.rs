use std::fmt;

use crate::error::Obstruction;

/// An API that a client may use: a path and everything below it, of any service or of the one at a host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiScope {
    host: Option<String>,
    /// A slash before each segment; nothing for everything.
    path: String,
}

/// What a request is for: a host, where it is known, and the canonical path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestTarget {
    host: Option<String>,
    /// A slash before each segment; nothing for the root.
    path: String,
}

impl ApiScope {
    /// The most characters of a scope.
    pub const MAX_LENGTH: usize = 255;

    /// Reads `/path` or `host/path`. The path covers itself and what is below it, segment by segment:
    /// `/v1/users` covers `/v1/users/me` and not `/v1/users2`.
    pub fn parse(text: &str) -> Result<Self, Obstruction> {
        let malformed = || {
            Obstruction::new(
                "API_MALFORMED",
                "Must be a path such as /v1/orders, or a host and a path such as api.shop.example/v1.",
            )
        };
        let (host, path) =
            text.find('/').map(|slash| text.split_at(slash)).ok_or_else(malformed)?;
        if text.len() > Self::MAX_LENGTH || text.contains('%') {
            return Err(malformed());
        }
        let host = match host {
            "" => None,
            host => Some(canonical_host(host).ok_or_else(malformed)?),
        };
        let path = canonical_path(path).ok_or_else(malformed)?.to_owned();
        Ok(Self { host, path })
    }

    /// Whether a request for this target is one for this API.
    pub fn covers(&self, target: &RequestTarget) -> bool {
        let host = self.host.is_none() || self.host == target.host;
        let below = target.path.strip_prefix(&self.path);
        host && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl RequestTarget {
    /// The target of a request, by the path as it was sent, without a query; `None` when two programs could
    /// read that path differently: dot segments, empty segments, encoded slashes, bad encodings (R-IN-03).
    ///
    /// The host is known to whoever asks on behalf of a proxy, and must come from there.
    pub fn new(host: Option<&str>, path: &str) -> Option<Self> {
        let host = match host {
            None => None,
            Some(host) => Some(canonical_host(without_port(host))?),
        };
        let path = canonical_path(&decode(path)?)?.to_owned();
        Some(Self { host, path })
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn canonical_host(host: &str) -> Option<String> {
    let label = |label: &str| {
        let known = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        known && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    host.split('.').all(label).then(|| host.to_ascii_lowercase())
}

/// An absolute path without the slash at its end, which does not matter.
fn canonical_path(path: &str) -> Option<&str> {
    if path == "/" {
        return Some("");
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments = path.strip_prefix('/')?;
    let known = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.chars().all(|it| !it.is_control() && !matches!(it, '\\' | '?' | '#' | ';'))
    };
    segments.split('/').all(known).then_some(path)
}

/// Decodes a path once; what is encoded and means something as it is has no canonical form.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|it| char::from(it).to_digit(16));
        let decoded = u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?;
        if matches!(decoded, b'/' | b'\\' | b'%') {
            return None;
        }
        bytes.push(decoded);
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for ApiScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.host.as_deref().unwrap_or_default())?;
        f.write_str(if self.path.is_empty() { "/" } else { &self.path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(scope: &str, host: Option<&str>, path: &str) -> bool {
        let scope = ApiScope::parse(scope).unwrap();
        RequestTarget::new(host, path).is_some_and(|target| scope.covers(&target))
    }

    #[test]
    fn a_scope_covers_whole_segments() {
        assert!(
            covers("/v1/users", None, "/v1/users") && covers("/v1/users", None, "/v1/users/me")
        );
        assert!(covers("/v1/users/", None, "/v1/users/") && covers("/", None, "/anything"));
        assert!(!covers("/v1/users", None, "/v1/users2") && !covers("/v1/users", None, "/v1"));
        assert!(!covers("/v1/users", None, "/V1/users"));
        assert!(covers("/v1/users", None, "/v1/%75sers"));
    }

    #[test]
    fn a_path_that_two_programs_read_differently_is_covered_by_nothing() {
        // R-IN-03, GW-20
        for path in [
            "/v1/users/../clients",
            "/v1/users/./x",
            "/v1//users",
            "/v1/users%2fme",
            "/v1/users%2F..",
            "/v1/users/%2e%2e/clients",
            "/v1\\users",
            "/v1/%5cusers",
            "/v1/users;x",
            "/v1/%",
            "/v1/%zz",
            "/v1/%ff",
            "/v1/%00",
            "/v1/%2575sers",
            "",
            "//",
            "v1/users",
        ] {
            assert!(!covers("/", None, path), "{path}");
        }
    }

    #[test]
    fn a_host_is_compared_when_the_scope_names_one() {
        let scope = "API.shop.example/v1";
        assert!(covers(scope, Some("api.shop.example"), "/v1/orders"));
        assert!(covers(scope, Some("api.SHOP.example:8443"), "/v1/orders"));
        assert!(!covers(scope, Some("api.shop.example.evil.example"), "/v1/orders"));
        assert!(!covers(scope, None, "/v1/orders"));
        assert!(covers("/v1", Some("any.example"), "/v1"));
        assert!(!covers("/v1", Some("bad host"), "/v1"));
    }

    #[test]
    fn a_scope_has_one_spelling() {
        for (text, canonical) in
            [("/", "/"), ("/v1/", "/v1"), ("/v1/users", "/v1/users"), ("A.example/", "a.example/")]
        {
            assert_eq!(ApiScope::parse(text).unwrap().to_string(), canonical);
        }
        for text in [
            "",
            "v1",
            "https://a.example/v1",
            "/v1/../x",
            "//v1",
            "/v1//x",
            "/v1?x",
            "/%76",
            "-a.example/",
            &format!("/{}", "x".repeat(255)),
        ] {
            let refused = ApiScope::parse(text).map_err(|it| it.code);
            assert_eq!(refused, Err("API_MALFORMED".into()), "{text}");
        }
    }
}
