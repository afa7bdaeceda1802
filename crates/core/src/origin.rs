//! Where a request came from.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use data_encoding::BASE64URL_NOPAD;

use crate::ids::{ClientId, SessionId, UserId};
use crate::text::UserAgent;
use crate::time::Entropy;

/// Where a request came from, as the audit log, the sessions and the budgets need it.
///
/// A struct of distinct types, so that an address is never written where a user agent belongs (AM-01).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the caller, after the trusted-proxy rule.
    pub ip: Option<IpAddr>,
    /// What the caller says it is.
    pub agent: Option<UserAgent>,
    /// The id under which this request is logged.
    pub request: Option<RequestId>,
    /// The client through which the user acts.
    pub client: Option<ClientId>,
    /// The user whose session came along, if one did: who did it, for the audit log.
    pub actor: Option<UserId>,
    /// That session; logging in with it replaces it (R-SE-03).
    pub session: Option<SessionId>,
    /// Whether it was whoever runs the deployment, as by its command line: then nobody of its users did it.
    pub by_operator: bool,
}

impl Origin {
    /// Whoever runs the deployment, as by its command line: no user, and from no network.
    pub fn operator() -> Self {
        Self { by_operator: true, ..Self::default() }
    }

    /// The network that a budget counts: an IPv4 address, or the /64 of an IPv6 address (R-TH-05).
    ///
    /// An IPv4 address mapped into IPv6 counts as the IPv4 address.
    pub fn network(&self) -> Network {
        match self.ip.map(|ip| ip.to_canonical()) {
            Some(IpAddr::V4(ip)) => Network(u128::from(ip.to_bits()), 32),
            Some(IpAddr::V6(ip)) => Network::v6(ip, 64),
            None => Network(0, 0),
        }
    }

    /// The site of an IPv6 address, which is its /48: what one subscriber may be given (RFC 6177), with 65,536 networks
    /// to come from (R-TH-05). An IPv4 address has none beyond itself.
    pub fn site(&self) -> Option<Network> {
        match self.ip?.to_canonical() {
            IpAddr::V4(_) => None,
            IpAddr::V6(ip) => Some(Network::v6(ip, 48)),
        }
    }
}

/// A network that shares one budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(u128, u8);

impl Network {
    fn v6(ip: Ipv6Addr, length: u8) -> Self {
        let rest = 128 - length;
        Self(ip.to_bits() >> rest << rest, length)
    }

    /// Its first address, if there was one at all.
    pub fn address(self) -> Option<IpAddr> {
        match (self.1, u32::try_from(self.0)) {
            (0, _) => None,
            (32, Ok(bits)) => Some(Ipv4Addr::from_bits(bits).into()),
            _ => Some(Ipv6Addr::from_bits(self.0).into()),
        }
    }

    /// How many bits its addresses have in common.
    pub const fn prefix(self) -> u8 {
        self.1
    }

    /// The canonical bytes of the network, for a keyed digest.
    pub fn to_bytes(self) -> [u8; 17] {
        let mut bytes = [0; 17];
        bytes[..16].copy_from_slice(&self.0.to_be_bytes());
        bytes[16] = self.1;
        bytes
    }
}

/// The id of one request, as the caller sent it or the server made it; at most 64 safe characters.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// Takes an id of 1 to 64 characters of `[A-Za-z0-9._-]`; anything else is refused.
    pub fn parse(text: &str) -> Option<Self> {
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(safe);
        fits.then(|| Self(text.to_owned()))
    }

    /// Makes a new id, of 120 random bits.
    pub fn mint(entropy: &dyn Entropy) -> Self {
        let mut random = [0; 15];
        entropy.fill(&mut random);
        Self(BASE64URL_NOPAD.encode(&random))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(ip: &str) -> Network {
        Origin { ip: Some(ip.parse().unwrap()), ..Origin::default() }.network()
    }

    #[test]
    fn neighbours_in_a_64_share_a_budget_and_ipv4_addresses_do_not() {
        // R-TH-05
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("::"), Origin::default().network());
        let shown = |it: Network| (it.address().map(|it| it.to_string()), it.prefix());
        assert_eq!(shown(network("2001:db8:1:2::1")), (Some("2001:db8:1:2::".into()), 64));
        assert_eq!(shown(network("192.0.2.1")), (Some("192.0.2.1".into()), 32));
        assert_eq!(shown(Origin::default().network()), (None, 0));
        assert_ne!(network("0.0.0.0"), Origin::default().network());
    }

    #[test]
    fn the_networks_of_a_48_share_a_site_and_ipv4_has_none() {
        // R-TH-05
        let site = |ip: &str| Origin { ip: Some(ip.parse().unwrap()), ..Origin::default() }.site();
        assert_eq!(site("2001:db8:1:2::1"), site("2001:db8:1:ffff::9"));
        assert_ne!(site("2001:db8:1::1"), site("2001:db8:2::1"));
        assert_ne!(site("2001:db8:1::"), Some(network("2001:db8:1::")), "the length counts");
        assert!(site("192.0.2.1").is_none() && site("::ffff:192.0.2.1").is_none());
        assert_eq!(Origin::default().site(), None);
    }

    #[test]
    fn a_request_id_cannot_break_a_log_line() {
        struct Worst;
        impl Entropy for Worst {
            fn fill(&self, buffer: &mut [u8]) {
                buffer.fill(0xff);
            }
        }
        let made = RequestId::mint(&Worst);
        assert_eq!(RequestId::parse(made.as_str()), Some(made));
        assert!(RequestId::parse("01J-a_b.c").is_some());
        for wrong in ["", "a b", "a\nb", "é", &"x".repeat(65)] {
            assert!(RequestId::parse(wrong).is_none());
        }
    }
}
