//! Decides requests for a proxy: whether they may go on to a service, and whom the service is told.
//!
//! The credentials are those of the request itself. What the proxy says of the request counts only from a trusted
//! one, and allows nothing: it can only refuse, or narrow what a client may do (R-HT-03, R-AZ-06). There is no
//! redirect and no other way to say no than an error.

mod terms;
mod word;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use durward_core::authz::Denial;
use durward_core::{Action, Error, IdentityClaims, Kind, Store};

use crate::answer::empty;
use crate::call::Call;
use crate::error::Fault;
use crate::headers::{REMOTE_GROUPS, REMOTE_USER};
use crate::identity::{IDENTITY_FIELD, Issuer};
use crate::problem::Problem;

use terms::Terms;
pub(crate) use word::Word;

/// Who asks: each proxy says in a way of its own what a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// `auth_request`
    Nginx,
    /// `ForwardAuth`
    Traefik,
    /// `forward_auth`
    Caddy,
    /// `ext_authz` with an `http_service`
    Envoy,
}

/// The path under which Envoy asks; it writes the path of the request behind.
pub(crate) const ENVOY: &str = Proxy::Envoy.path();

impl Proxy {
    const ALL: [Self; 4] = [Self::Nginx, Self::Traefik, Self::Caddy, Self::Envoy];

    /// Where it asks.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Nginx => "/forward-auth/nginx",
            Self::Traefik => "/forward-auth/traefik",
            Self::Caddy => "/forward-auth/caddy",
            Self::Envoy => "/forward-auth/envoy",
        }
    }

    /// The one that asks at the path of a route.
    pub(crate) fn asking_at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|proxy| proxy.path() == path)
    }

    /// Whether a request with this path reaches one of them, in a router that is mounted there.
    pub(crate) fn asks_at(path: &str, mounted_at: &str) -> bool {
        let Some(path) = path.strip_prefix(mounted_at.trim_end_matches('/')) else {
            return false;
        };
        let behind = path.strip_prefix(ENVOY).is_some_and(|behind| behind.starts_with('/'));
        behind || Self::asking_at(path).is_some()
    }
}

/// `GET /forward-auth/{nginx|traefik|caddy|envoy}`
pub(crate) async fn decide<S: Store>(call: Call<S>, proxy: Proxy) -> Result<Response, Problem> {
    let issuer = issuer(&call)?;
    let terms = Terms::<S::Attrs>::read(proxy, &call.uri, &call.headers)?;
    let audience = issuer.audience(terms.audience.as_deref());
    let audience = audience.map_err(Terms::<S::Attrs>::refuse_audience)?;
    if call.trusted && !terms.any_path {
        let word = Word::of(proxy, &call.uri, &call.headers)?;
        if word.is_ambiguous() {
            // R-IN-03, GW-20: proxy and service may well read it differently.
            tracing::info!("the path of the request has no canonical form");
            return Err(Error::Forbidden.into());
        }
    }
    if !terms.are_met(&call.caller) {
        // R-AZ-08
        tracing::info!(rule = "role", "the terms of a service refused");
        let (denial, origin) = (Denial::of_service(Action::UseUpstream), call.origin());
        let denied = call.accounts().record_denial(&denial, &origin).await;
        if let Err(failed) = denied {
            tracing::error!(error = %failed, "a denial could not be written to the audit log");
        }
        return Err(Error::Forbidden.into());
    }
    let (claims, identity) = issuer.issue(call.accounts(), &call.caller, audience)?;
    allow(&claims, &identity)
}

/// `GET /.well-known/jwks.json`
pub(crate) async fn keys<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let document = issuer(&call)?.document(call.accounts())?;
    let mut response = Response::new(document.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(response)
}

fn issuer<S: Store>(call: &Call<S>) -> Result<&Issuer, Problem> {
    call.edge.issuer.as_ref().ok_or_else(|| Problem::new(Fault::Flow(Kind::NotFound)))
}

/// The answer that lets a request go on; no other one has these fields.
fn allow(claims: &IdentityClaims, identity: &str) -> Result<Response, Problem> {
    let mut response = empty(StatusCode::OK);
    let mut tell = |name: HeaderName, value: &str| -> Result<(), Problem> {
        let unfit = |_unfit| Error::Internal("an identity does not fit into a header field");
        response.headers_mut().insert(name, HeaderValue::from_str(value).map_err(unfit)?);
        Ok(())
    };
    tell(HeaderName::from_static(IDENTITY_FIELD), identity)?;
    if let Some(user) = claims.user() {
        tell(REMOTE_USER.clone(), user)?;
        let groups: Vec<&str> =
            claims.roles.iter().map(String::as_str).filter(|it| is_group(it)).collect();
        tell(REMOTE_GROUPS.clone(), &groups.join(","))?;
    }
    Ok(response)
}

/// Whether a list with commas can hold it: a role that could be read as two is left out, and is in the signed
/// identity only.
fn is_group(role: &str) -> bool {
    !role.is_empty() && role.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_could_be_read_as_another_is_no_group() {
        for role in ["user", "administrator", "on-call", "a:b/c"] {
            assert!(is_group(role), "{role}");
        }
        for role in ["", "user,administrator", "a b", "a\nb", "é", "a\u{7f}"] {
            assert!(!is_group(role), "{role}");
        }
    }
}
