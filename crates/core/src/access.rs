//! Access restrictions of a client: from where, by which page and for what its requests may come.
//!
//! Values are parsed, canonical and checked when they are written; a stored one that cannot be read denies
//! (R-CL-03, GW-08). Kinds are combined with AND, values of one kind with OR.

mod api;
mod host;
mod ip;

use std::fmt;
use std::net::IpAddr;

pub use api::{ApiScope, RequestTarget};
pub use host::WebOrigin;
pub use ip::IpRange;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Obstruction;

/// What a restriction is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AccessKind {
    /// The address that the request comes from.
    Ip,
    /// The web page that makes the request, by its `Origin`; a control for browsers, since any other
    /// program sends what it likes, and no substitute for the secret (GW-02).
    Host,
    /// The API that the request is for.
    Api,
}

/// One value of a restriction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AccessRule {
    /// The caller's address is in this range.
    Ip(IpRange),
    /// The request comes from a page of this origin.
    Host(WebOrigin),
    /// The request is for this API.
    Api(ApiScope),
}

/// What a request shows to the restrictions of its client.
#[derive(Clone, Copy, Debug)]
pub struct AccessRequest<'a> {
    /// The address of the caller, after the trusted-proxy rule.
    pub ip: Option<IpAddr>,
    /// The `Origin` field, as it was sent.
    pub origin: Option<&'a str>,
    /// What the request is for; `None` when its path has no canonical form.
    pub target: Option<&'a RequestTarget>,
}

/// Why the restrictions of a client refuse a request; for the audit log, never for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessRefusal {
    /// No value of this kind allows it.
    Outside(AccessKind),
    /// A stored rule cannot be read; somebody must look at it.
    Unreadable,
}

impl AccessKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Ip, Self::Host, Self::Api];

    /// The name under which a store keeps the kind.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Host => "host",
            Self::Api => "api",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl AccessRule {
    /// Reads a value of a kind from outside; the obstruction says what is wrong with it.
    pub fn parse(kind: AccessKind, text: &str) -> Result<Self, Obstruction> {
        match kind {
            AccessKind::Ip => IpRange::parse(text).map(Self::Ip),
            AccessKind::Host => WebOrigin::parse(text).map(Self::Host),
            AccessKind::Api => ApiScope::parse(text).map(Self::Api),
        }
    }

    /// What it is about.
    pub const fn kind(&self) -> AccessKind {
        match self {
            Self::Ip(_) => AccessKind::Ip,
            Self::Host(_) => AccessKind::Host,
            Self::Api(_) => AccessKind::Api,
        }
    }

    fn allows(&self, request: &AccessRequest<'_>) -> bool {
        match self {
            Self::Ip(range) => request.ip.is_some_and(|ip| range.contains(ip)),
            Self::Host(origin) => request.origin.is_some_and(|sent| origin.is(sent)),
            Self::Api(scope) => request.target.is_some_and(|target| scope.covers(target)),
        }
    }
}

/// The value in its canonical form, which [`AccessRule::parse`] reads back.
impl fmt::Display for AccessRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(range) => range.fmt(f),
            Self::Host(origin) => origin.fmt(f),
            Self::Api(scope) => scope.fmt(f),
        }
    }
}

/// Decides over a request by all rules of its client; `None` is a stored rule that cannot be read.
///
/// Without rules everything is allowed. Each further rule of a new kind can only refuse more.
pub fn decide<'r>(
    rules: impl IntoIterator<Item = Option<&'r AccessRule>>,
    request: &AccessRequest<'_>,
) -> Result<(), AccessRefusal> {
    // Per kind: whether there is a rule, and whether one allows it. All rules are looked at (R-CL-03).
    let mut seen = [(false, false); AccessKind::ALL.len()];
    for rule in rules {
        let rule = rule.ok_or(AccessRefusal::Unreadable)?;
        let (there, allowed) = &mut seen[rule.kind() as usize];
        *there = true;
        *allowed |= rule.allows(request);
    }
    match AccessKind::ALL.into_iter().zip(seen).find(|(_, seen)| *seen == (true, false)) {
        Some((kind, _)) => Err(AccessRefusal::Outside(kind)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(kind: AccessKind, text: &str) -> AccessRule {
        AccessRule::parse(kind, text).unwrap()
    }

    fn ask(rules: &[AccessRule], ip: &str, origin: Option<&str>) -> Result<(), AccessRefusal> {
        let target = RequestTarget::new(None, "/v1/orders/7");
        let request =
            AccessRequest { ip: Some(ip.parse().unwrap()), origin, target: target.as_ref() };
        decide(rules.iter().map(Some), &request)
    }

    #[test]
    fn kinds_are_combined_with_and_and_values_with_or() {
        // R-CL-03
        let (home, office) =
            (rule(AccessKind::Ip, "192.0.2.0/24"), rule(AccessKind::Ip, "2001:db8::/32"));
        let page = rule(AccessKind::Host, "https://shop.example");
        assert_eq!(ask(&[], "203.0.113.9", None), Ok(()));
        let ips = [home.clone(), office.clone()];
        assert_eq!(ask(&ips, "192.0.2.7", None), Ok(()));
        assert_eq!(ask(&ips, "2001:db8::7", None), Ok(()));
        assert_eq!(ask(&ips, "203.0.113.9", None), Err(AccessRefusal::Outside(AccessKind::Ip)));
        let both = [home, office, page];
        assert_eq!(ask(&both, "192.0.2.7", Some("https://shop.example")), Ok(()));
        let outside = Err(AccessRefusal::Outside(AccessKind::Host));
        assert_eq!(ask(&both, "192.0.2.7", None), outside);
        assert_eq!(ask(&both, "192.0.2.7", Some("null")), outside);
    }

    #[test]
    fn a_rule_that_cannot_be_read_denies() {
        // R-CL-03
        let home = rule(AccessKind::Ip, "192.0.2.0/24");
        let request =
            AccessRequest { ip: Some("192.0.2.7".parse().unwrap()), origin: None, target: None };
        assert_eq!(decide([Some(&home), None], &request), Err(AccessRefusal::Unreadable));
        let api = rule(AccessKind::Api, "/v1");
        let refused = decide([Some(&api)], &request);
        assert_eq!(refused, Err(AccessRefusal::Outside(AccessKind::Api)));
    }

    #[test]
    fn another_kind_never_allows_more() {
        // Monotone: over all subsets of rules, adding one of a new kind turns no refusal into a permission.
        let rules = [
            rule(AccessKind::Ip, "192.0.2.0/24"),
            rule(AccessKind::Host, "https://shop.example"),
            rule(AccessKind::Api, "/v1/users"),
        ];
        for origin in [None, Some("https://shop.example")] {
            for ip in ["192.0.2.7", "203.0.113.9"] {
                for chosen in 0..8_usize {
                    let subset = |mask: usize| {
                        let kept = rules.iter().enumerate().filter(|(n, _)| mask >> n & 1 == 1);
                        kept.map(|(_, rule)| rule.clone()).collect::<Vec<_>>()
                    };
                    for added in 0..3 {
                        let fewer = ask(&subset(chosen), ip, origin);
                        let more = ask(&subset(chosen | 1 << added), ip, origin);
                        assert!(fewer.is_ok() || more.is_err());
                    }
                }
            }
        }
    }
}
