use std::sync::Arc;

use ipnet::IpNet;

/// What a deployment decides about its HTTP side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// The networks of the proxies in front of the server. Only a peer inside one of them may say, by
    /// `X-Forwarded-For`, whom it speaks for (security decision 13, R-HT-03). Empty by default.
    pub trusted_proxies: Vec<IpNet>,
    /// The page that describes the error codes; the `type` of a problem is this URL and, as its fragment,
    /// the code in lower case (RFC 9457, 3.1.1). By default `docs/errors.md` of the project.
    pub error_page: Arc<str>,
    /// Where the router is mounted, as the OpenAPI document tells clients; `/` by default. An application
    /// that nests the router under `/accounts` writes that here.
    pub mounted_at: Arc<str>,
    /// How callers are told to services behind proxies; `None`, and by default, they are not: the routes under
    /// `/forward-auth` and `/.well-known/jwks.json` are then as if they were not there.
    pub identity: Option<IdentitySettings>,
}

/// How callers are told to services behind proxies; see [`identity`](crate::identity).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentitySettings {
    /// In whose name: as a rule the URL of the deployment. It is never taken from a request.
    pub issuer: Arc<str>,
    /// To whom: a name for each service. The first is meant when a proxy names none; without any, the issuer is
    /// the only one.
    pub audiences: Vec<Arc<str>>,
}

impl HttpSettings {
    pub(crate) const ERROR_PAGE: &str =
        concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/errors.md");
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            error_page: Arc::from(Self::ERROR_PAGE),
            mounted_at: Arc::from("/"),
            identity: None,
        }
    }
}
