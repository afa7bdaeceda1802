use std::fmt;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use crate::error::Obstruction;

/// A range of addresses in CIDR form (RFC 4632), canonical: no host bits, and IPv4 never written as IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpRange(IpNet);

/// How many bits of an IPv6 address say that it is an IPv4 address.
const MAPPED: u8 = 96;

impl IpRange {
    /// Reads `address/length`, or an address alone. Refused are lengths that the family does not have, bits
    /// set beyond the length, zones, and every spelling of IPv4 but four decimal numbers.
    pub fn parse(text: &str) -> Result<Self, Obstruction> {
        let wrong = |code, says: &str| Obstruction::new(code, says);
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_malformed| {
            wrong(
                "IP_MALFORMED",
                "Must be an IPv4 or IPv6 address, or a range of them such as 192.0.2.0/24.",
            )
        })?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let plain = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let canonical = digits && !(text.len() > 1 && text.starts_with('0'));
            canonical.then(|| text.parse::<u8>().ok()).flatten()
        };
        let length = match length {
            None => Some(most),
            Some(text) => plain(text).filter(|length| *length <= most),
        };
        let net = length.and_then(|length| IpNet::new(address, length).ok()).ok_or_else(|| {
            wrong(
                "IP_PREFIX_LENGTH",
                "The prefix length must be from 0 to 32 for IPv4 and to 128 for IPv6.",
            )
            .with("max", u64::from(most))
        })?;
        if net.trunc() != net {
            return Err(wrong("IP_HOST_BITS", "Bits beyond the prefix length must not be set."));
        }
        canonical(net)
            .map(Self)
            .ok_or_else(|| wrong("IP_MAPPED", "A range of IPv4 addresses must be written as IPv4."))
    }

    /// Whether the address is in the range; an IPv4 address written as IPv6 is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

/// IPv4 ranges in their own form. A range that would hold all of IPv4 beside other addresses is none of
/// both, and is refused: nobody means it.
fn canonical(net: IpNet) -> Option<IpNet> {
    let IpNet::V6(six) = net else {
        return Some(net);
    };
    match (six.addr().to_ipv4_mapped(), six.prefix_len()) {
        (Some(four), length) if length >= MAPPED => {
            Ipv4Net::new(four, length - MAPPED).ok().map(IpNet::V4)
        }
        (Some(_), _) => None,
        (None, _) => Some(net),
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        IpRange::parse(text).unwrap_err().code.into_owned()
    }

    #[test]
    fn a_range_has_one_spelling() {
        for (text, canonical) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("::ffff:c000:207", "192.0.2.7/32"),
        ] {
            assert_eq!(IpRange::parse(text).unwrap().to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_range_is_told_apart() {
        // GW-08
        for text in [
            "192.0.2.0/33",
            "::/129",
            "192.0.2.0/-1",
            "192.0.2.0/+4",
            "192.0.2.0/024",
            "192.0.2.0/",
        ] {
            assert_eq!(code(text), "IP_PREFIX_LENGTH", "{text}");
        }
        for text in ["192.0.2.1/24", "2001:db8::1/64", "::ffff:192.0.2.1/120"] {
            assert_eq!(code(text), "IP_HOST_BITS", "{text}");
        }
        for text in [
            "",
            " 192.0.2.7",
            "192.0.2.7 ",
            "192.0.2",
            "0300.0.2.7",
            "0xc0.0.2.7",
            "3221226183",
            "fe80::1%eth0",
            "192.0.2.07",
            "192.0.2.7,192.0.2.8",
            "example.com",
            "::1::",
        ] {
            assert_eq!(code(text), "IP_MALFORMED", "{text}");
        }
        assert_eq!(code("::ffff:0:0/95"), "IP_HOST_BITS");
    }

    #[test]
    fn a_mapped_address_is_the_ipv4_address() {
        let range = IpRange::parse("192.0.2.0/24").unwrap();
        for (address, inside) in [
            ("192.0.2.255", true),
            ("::ffff:192.0.2.255", true),
            ("192.0.3.0", false),
            ("::192.0.2.7", false),
        ] {
            assert_eq!(range.contains(address.parse().unwrap()), inside, "{address}");
        }
        let everything = IpRange::parse("::/0").unwrap();
        assert!(everything.contains("2001:db8::1".parse().unwrap()));
        assert!(!everything.contains("::ffff:192.0.2.7".parse().unwrap()));
    }
}
