use std::fmt;

use url::Url;

use crate::access::{self, AccessKind, AccessRefusal, AccessRequest, AccessRule};
use crate::attrs::{Attrs, Plain};
use crate::error::Obstruction;
use crate::ids::{ClientId, OrganizationId, RestrictionId, SecretId, UserId};
use crate::secret::Digest;
use crate::text::PersonName;
use crate::time::Timestamp;

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

/// A restriction of a client, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRestriction {
    /// Names the restriction.
    pub id: RestrictionId,
    /// What it is about.
    pub kind: AccessKind,
    /// The rule; `None` when the stored one cannot be read, and then the client is refused (R-CL-03).
    pub rule: Option<AccessRule>,
}

/// A secret key of a client; at most two are live, so that one can be rotated without a failed request
/// (R-CL-01).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// Names the secret.
    pub id: SecretId,
    /// Whose it is.
    pub client: ClientId,
    /// The keyed digest of the key; a key has 256 random bits, so nothing slow is needed.
    pub digest: Digest,
    /// When it was made.
    pub created: Timestamp,
    /// When it stops to work, if it does.
    pub expires: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked: Option<Timestamp>,
}

/// What a request of a client needs to know, in one look-up by the digest of its secret or by its id.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveClient<A: Attrs = Plain> {
    /// The client.
    pub client: Client<A>,
    /// The secret by which it was found, or `None` for a look-up by id.
    pub secret: Option<ClientSecret>,
    /// Whether its owner may act: the organization is not archived, the user is active.
    pub owner_active: bool,
}

/// Why a client is refused; for the audit log, never for the caller (GW-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientRefusal {
    /// It is disabled, expired, or its owner may not act.
    NotActive,
    /// Its secret is expired or revoked.
    SecretOver,
    /// A confidential client did not prove itself, or a public one presented a secret.
    WrongKind,
    /// An access restriction refuses the request.
    Restricted(AccessRefusal),
}

impl<A: Attrs> LiveClient<A> {
    /// Decides over a request of this client; what it says of rate and user comes afterwards.
    ///
    /// A public client is accepted by its id alone and then counts as not authenticated.
    pub fn admit(&self, request: &AccessRequest<'_>, now: Timestamp) -> Result<(), ClientRefusal> {
        let over = |at: Option<Timestamp>| at.is_some_and(|at| now >= at);
        let Self { client, secret, owner_active } = self;
        match (client.kind, secret) {
            (ClientKind::Confidential, Some(secret)) => {
                if secret.revoked.is_some() || over(secret.expires) {
                    return Err(ClientRefusal::SecretOver);
                }
            }
            (ClientKind::Public, None) => {}
            (ClientKind::Confidential, None) | (ClientKind::Public, Some(_)) => {
                return Err(ClientRefusal::WrongKind);
            }
        }
        if !client.enabled || over(client.expires) || !owner_active {
            return Err(ClientRefusal::NotActive);
        }
        let rules = client.restrictions.iter().map(|it| it.rule.as_ref());
        access::decide(rules, request).map_err(ClientRefusal::Restricted)
    }

    /// Whether it proved a secret; without, it has no rights (security decision 14).
    pub const fn is_authenticated(&self) -> bool {
        self.secret.is_some()
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
    use crate::attrs::NoAttributes;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn live() -> LiveClient {
        let id = ClientId::from_bytes([1; 16]);
        LiveClient {
            client: Client {
                id,
                owner: ClientOwner::Organization(OrganizationId::from_bytes([2; 16])),
                name: PersonName::from_stored("Shop".into()),
                kind: ClientKind::Confidential,
                enabled: true,
                require_user: false,
                rate_limit: None,
                redirect_uris: vec![],
                roles: vec![],
                restrictions: vec![],
                expires: Some(at(100)),
                version: 1,
                created: at(0),
                updated: at(0),
                last_used: None,
                attrs: NoAttributes {},
            },
            secret: Some(ClientSecret {
                id: SecretId::from_bytes([3; 16]),
                client: id,
                digest: Digest::from_bytes([4; 32]),
                created: at(0),
                expires: Some(at(50)),
                revoked: None,
            }),
            owner_active: true,
        }
    }

    fn admit(live: &LiveClient, now: i64) -> Result<(), ClientRefusal> {
        let request =
            AccessRequest { ip: Some("192.0.2.7".parse().unwrap()), origin: None, target: None };
        live.admit(&request, at(now))
    }

    #[test]
    fn a_client_is_admitted_while_it_and_its_secret_live() {
        // R-CL-01
        assert_eq!(admit(&live(), 49), Ok(()));
        assert_eq!(admit(&live(), 50), Err(ClientRefusal::SecretOver));
        let mut lasting = live();
        lasting.secret.as_mut().unwrap().expires = None;
        assert_eq!(admit(&lasting, 99), Ok(()));
        assert_eq!(admit(&lasting, 100), Err(ClientRefusal::NotActive));
        let mut revoked = live();
        revoked.secret.as_mut().unwrap().revoked = Some(at(1));
        assert_eq!(admit(&revoked, 2), Err(ClientRefusal::SecretOver));
        let mut disabled = live();
        disabled.client.enabled = false;
        assert_eq!(admit(&disabled, 1), Err(ClientRefusal::NotActive));
        assert_eq!(
            admit(&LiveClient { owner_active: false, ..live() }, 1),
            Err(ClientRefusal::NotActive)
        );
    }

    #[test]
    fn an_id_alone_is_enough_for_a_public_client_only() {
        // R-CL-02, GW-03
        let named = LiveClient { secret: None, ..live() };
        assert_eq!(admit(&named, 1), Err(ClientRefusal::WrongKind));
        let mut public = named.clone();
        public.client.kind = ClientKind::Public;
        assert_eq!(admit(&public, 1), Ok(()));
        assert!(!public.is_authenticated());
        let mut both = live();
        both.client.kind = ClientKind::Public;
        assert_eq!(admit(&both, 1), Err(ClientRefusal::WrongKind));
    }

    #[test]
    fn restrictions_are_asked_and_an_unreadable_one_denies() {
        // R-CL-03
        let mut client = live();
        let restriction = |text: Option<&str>| AccessRestriction {
            id: RestrictionId::from_bytes([5; 16]),
            kind: AccessKind::Ip,
            rule: text.map(|text| AccessRule::parse(AccessKind::Ip, text).unwrap()),
        };
        client.client.restrictions = vec![restriction(Some("192.0.2.0/24"))];
        assert_eq!(admit(&client, 1), Ok(()));
        client.client.restrictions.push(restriction(None));
        let unreadable = ClientRefusal::Restricted(AccessRefusal::Unreadable);
        assert_eq!(admit(&client, 1), Err(unreadable));
    }

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
