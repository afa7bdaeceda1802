use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderName, Uri};
use durward_core::access::RequestTarget;

use super::{ENVOY, Proxy};
use crate::headers::{X_FORWARDED_HOST, X_FORWARDED_URI, X_ORIGINAL_URI};
use crate::problem::Problem;

/// What a proxy says that a request is for. Only that of a trusted one is to be asked for (R-HT-03).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Host and path, where both can be read in one way only.
    target: Option<RequestTarget>,
    /// Whether there is a path that two programs could read differently (R-IN-03).
    ambiguous: bool,
}

impl Word {
    /// Reads it. A field that comes twice is refused: nobody can know which of them the proxy wrote.
    pub(crate) fn of(proxy: Proxy, uri: &Uri, headers: &HeaderMap) -> Result<Self, Problem> {
        let (path, host) = match proxy {
            Proxy::Nginx => (single(headers, &X_ORIGINAL_URI)?, &X_FORWARDED_HOST),
            Proxy::Traefik | Proxy::Caddy => {
                (single(headers, &X_FORWARDED_URI)?, &X_FORWARDED_HOST)
            }
            Proxy::Envoy => (behind(uri).map(Ok), &HOST),
        };
        let host = single(headers, host)?;
        let Some(path) = path else {
            return Ok(Self { target: None, ambiguous: false });
        };
        let path = path.ok().map(|path| path.split(['?', '#']).next().unwrap_or_default());
        let readable = path.and_then(|path| RequestTarget::new(None, path));
        let target = match (path, host) {
            (None, _) | (Some(_), Some(Err(Unreadable))) => None,
            (Some(path), Some(Ok(host))) => RequestTarget::new(Some(host), path),
            (Some(_), None) => readable.clone(),
        };
        Ok(Self { target, ambiguous: readable.is_none() })
    }

    /// Host and path, where both can be read in one way only.
    pub(crate) fn into_target(self) -> Option<RequestTarget> {
        self.target
    }

    /// Whether there is a path that two programs could read differently.
    pub(crate) const fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }
}

/// A field that is no visible ASCII.
struct Unreadable;

/// The value of a field that comes at most once.
fn single<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<Result<&'h str, Unreadable>>, Problem> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        // R-IN-06
        return Err(Problem::header(
            "FORWARDED_REPEATED",
            "A field about the request comes twice.",
        ));
    }
    Ok(value.map(|value| value.to_str().map_err(|_unreadable| Unreadable)))
}

/// The path that Envoy writes behind ours, as it was sent.
fn behind(uri: &Uri) -> Option<&str> {
    uri.path().strip_prefix(ENVOY).filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const PROXIES: [Proxy; 4] = [Proxy::Nginx, Proxy::Traefik, Proxy::Caddy, Proxy::Envoy];

    /// What the proxy says of a request for this URI at this host.
    fn said(proxy: Proxy, host: Option<&[u8]>, path: &[u8]) -> Result<Word, Problem> {
        let mut headers = HeaderMap::new();
        let mut uri = Uri::from_static("/forward-auth/any");
        let (path_field, host_field) = match proxy {
            Proxy::Nginx => (Some(&X_ORIGINAL_URI), &X_FORWARDED_HOST),
            Proxy::Traefik | Proxy::Caddy => (Some(&X_FORWARDED_URI), &X_FORWARDED_HOST),
            Proxy::Envoy => (None, &HOST),
        };
        match path_field {
            Some(field) => drop(headers.insert(field, HeaderValue::from_bytes(path).unwrap())),
            None => uri = [ENVOY.as_bytes(), path].concat().as_slice().try_into().unwrap(),
        }
        if let Some(host) = host {
            headers.insert(host_field, HeaderValue::from_bytes(host).unwrap());
        }
        Word::of(proxy, &uri, &headers)
    }

    #[test]
    fn every_proxy_says_host_and_path_in_its_own_way() {
        for proxy in PROXIES {
            let word = said(proxy, Some(b"Shop.example:8443"), b"/orders/7?a=/../b").unwrap();
            let target = RequestTarget::new(Some("shop.example"), "/orders/7");
            assert_eq!(word, Word { target, ambiguous: false }, "{proxy:?}");
            let nameless = said(proxy, None, b"/orders/7").unwrap();
            assert_eq!(nameless.target, RequestTarget::new(None, "/orders/7"), "{proxy:?}");
        }
    }

    #[test]
    fn a_path_that_can_be_read_in_two_ways_is_found() {
        // R-IN-03, GW-20
        for proxy in PROXIES {
            for path in [
                "/public//../admin",
                "/public/%2e%2e/admin",
                "/public/..;/admin",
                "/public%2fadmin",
                "/public/%5cadmin",
                "//admin",
                "/%00",
                "/%zz",
                "/%252e",
                "/..",
            ] {
                let word = said(proxy, Some(b"shop.example"), path.as_bytes()).unwrap();
                assert_eq!(word, Word { target: None, ambiguous: true }, "{proxy:?} {path}");
            }
        }
        let word = said(Proxy::Nginx, None, b"orders").unwrap();
        assert!(word.is_ambiguous(), "no absolute path");
        assert!(said(Proxy::Nginx, None, b"").unwrap().is_ambiguous());
        assert!(said(Proxy::Nginx, None, b"/caf\xc3\xa9").unwrap().is_ambiguous());
        assert!(said(Proxy::Nginx, None, b"http://evil.example/x").unwrap().is_ambiguous());
    }

    #[test]
    fn a_host_that_cannot_be_read_names_no_target() {
        for host in [&b"bad host"[..], b"a.example, b.example", b"", b"[::1]:8080", b"\xff"] {
            let word = said(Proxy::Caddy, Some(host), b"/orders").unwrap();
            assert_eq!(word, Word { target: None, ambiguous: false }, "{host:?}");
        }
    }

    #[test]
    fn what_is_not_said_is_not_made_up() {
        for proxy in [Proxy::Nginx, Proxy::Traefik, Proxy::Caddy] {
            // The fields of the others count for nothing.
            let mut headers = HeaderMap::new();
            let foreign = if proxy == Proxy::Nginx { &X_FORWARDED_URI } else { &X_ORIGINAL_URI };
            headers.insert(foreign, HeaderValue::from_static("/..;/admin"));
            let word = Word::of(proxy, &Uri::from_static("/forward-auth/any"), &headers).unwrap();
            assert_eq!(word, Word { target: None, ambiguous: false });
        }
        let word = Word::of(Proxy::Envoy, &Uri::from_static(ENVOY), &HeaderMap::new()).unwrap();
        assert_eq!(word, Word { target: None, ambiguous: false });
    }

    #[test]
    fn a_field_that_comes_twice_is_refused() {
        // R-IN-06
        for (proxy, field) in [
            (Proxy::Nginx, &X_ORIGINAL_URI),
            (Proxy::Nginx, &X_FORWARDED_HOST),
            (Proxy::Traefik, &X_FORWARDED_URI),
            (Proxy::Caddy, &X_FORWARDED_URI),
            (Proxy::Envoy, &HOST),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(field, HeaderValue::from_static("/a"));
            headers.append(field, HeaderValue::from_static("/b"));
            let refused = Word::of(proxy, &Uri::from_static("/forward-auth/envoy/x"), &headers);
            assert_eq!(refused.unwrap_err().fault().status(), 400, "{proxy:?}");
        }
    }
}
