mod live;
mod restriction;
mod secret;
mod sessions;

use std::fmt;

use url::Url;

use crate::attrs::{Attrs, Plain};
use crate::error::Obstruction;
use crate::ids::{ClientId, OrganizationId, UserId};
use crate::text::PersonName;
use crate::time::Timestamp;

pub use live::{ClientRefusal, KeyOwner, LiveClient, LiveSecret};
pub use restriction::AccessRestriction;
pub use secret::ClientSecret;
pub use sessions::ClientSessions;

/// A program that uses an API, known by its secret keys or, if it can keep none, by its id alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Client<A: Attrs = Plain> {
    /// Names the client for ever.
    pub id: ClientId,
    /// Whose it is, for ever.
    pub owner: ClientOwner,
    /// What it is called.
    pub name: PersonName,
    /// Whether it can keep a secret, for ever.
    pub kind: ClientKind,
    /// Whether it may be used.
    pub enabled: bool,
    /// Whether its requests need a user's session too.
    pub require_user: bool,
    /// How many requests it may make per second; `None` for the standard of the deployment.
    pub rate_limit: Option<RateLimit>,
    /// How long the sessions last that are issued through it.
    pub sessions: ClientSessions,
    /// Where a browser may be sent back to; compared exactly (R-HT-10).
    pub redirect_uris: Vec<RedirectUri>,
    /// What it may do in the deployment; counts only once it has proven its secret (R-CL-02).
    pub roles: Vec<A::ClientRole>,
    /// From where and for what its requests may come.
    pub restrictions: Vec<AccessRestriction>,
    /// When it stops to work, if it does.
    pub expires: Option<Timestamp>,
    /// Counts the changes; an update names the version that it was decided on.
    pub version: i64,
    /// When it came to be.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// When it was last used; written behind, in batches.
    pub last_used: Option<Timestamp>,
    /// The application's own fields.
    pub attrs: A::Client,
}

/// Whose a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientOwner {
    /// An organization's; works while that is not archived.
    Organization(OrganizationId),
    /// A person's own key; its rights are at most those of its owner at the moment of use (R-CL-04).
    User(UserId),
}

/// Whether a client can keep a secret (security decision 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientKind {
    /// It proves itself by a secret, and has no rights without.
    Confidential,
    /// A page or an installed program: it has no secret, and its id gives no role.
    Public,
}

/// How many requests per second, from 1 to 100,000 (GW-07).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RateLimit(u32);

/// An address that a browser may be sent back to, exactly as it was registered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RedirectUri(String);

impl ClientOwner {
    /// The organization, if it is one.
    pub const fn organization(self) -> Option<OrganizationId> {
        match self {
            Self::Organization(id) => Some(id),
            Self::User(_) => None,
        }
    }

    /// The user, if it is one.
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::Organization(_) => None,
            Self::User(id) => Some(id),
        }
    }
}

impl<A: Attrs> Client<A> {
    /// The most redirect URIs of one client.
    pub const MOST_REDIRECT_URIS: usize = 20;

    /// Whether a browser may be sent back to this address: only to one that is registered, to the letter (RFC 9700, 2.1).
    pub fn may_redirect_to(&self, address: &str) -> bool {
        self.redirect_uris.iter().any(|registered| registered.as_str() == address)
    }
}

impl RateLimit {
    /// The highest limit that can be asked for.
    pub const MAX: u32 = 100_000;

    /// Takes a number of requests per second.
    pub fn per_second(requests: u32) -> Option<Self> {
        (1..=Self::MAX).contains(&requests).then_some(Self(requests))
    }

    /// Requests per second.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl RedirectUri {
    /// The most characters.
    pub const MAX_LENGTH: usize = 2_000;

    /// Reads an absolute `https` address, `http` on the loopback interface only, or the scheme of an installed
    /// program (RFC 8252, 7); without a fragment and without user information (RFC 6749, 3.1.2).
    pub fn parse(text: &str) -> Result<Self, Obstruction> {
        let refused = || {
            Obstruction::new(
                "REDIRECT_URI_MALFORMED",
                "Must be an absolute https address without a fragment; http only for the loopback interface.",
            )
        };
        let url = Url::parse(text).map_err(|_malformed| refused())?;
        let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let scheme = match url.scheme() {
            "https" => url.host_str().is_some(),
            "http" => loopback,
            // A name in reverse order, so that nobody registers `javascript` or `data`.
            other => other.contains('.'),
        };
        let plain =
            url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
        // Compared as text: so the text must be what a browser makes of it.
        let exact = url.as_str() == text && text.len() <= Self::MAX_LENGTH;
        if scheme && plain && exact { Ok(Self(text.to_owned())) } else { Err(refused()) }
    }

    /// The address that a store kept.
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ClientKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Confidential, Self::Public];

    /// The name under which a store keeps the kind.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confidential => "confidential",
            Self::Public => "public",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_is_one_exact_address() {
        // R-HT-10
        for good in [
            "https://shop.example/back?x=1",
            "http://localhost:3000/back",
            "http://127.0.0.1/back",
            "com.example.shop:/back",
        ] {
            assert!(RedirectUri::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/back",
            "https://",
            "https://shop.example/#x",
            "https://u@shop.example/",
            "http://shop.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://shop.example/a/../b",
            "https://SHOP.example/",
            "https://shop.example",
            " https://shop.example/",
        ] {
            assert!(RedirectUri::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_rate_limit_has_bounds() {
        // GW-07
        assert!(RateLimit::per_second(0).is_none() && RateLimit::per_second(100_001).is_none());
        assert_eq!(RateLimit::per_second(100_000).map(RateLimit::get), Some(100_000));
    }
}
