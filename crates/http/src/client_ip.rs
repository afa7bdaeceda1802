//! Finds out whom a request comes from (security decision 13, R-HT-03).

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

use crate::headers::X_FORWARDED_FOR;
use crate::problem::Problem;

/// The address of the caller: the peer, unless that is a trusted proxy; then the right-most hop that no
/// trusted proxy stands for.
///
/// What strangers say of themselves counts nothing (GW-01), so the hops further to the left, which no trusted
/// proxy wrote, are not even read. A hop that is read and is no address is refused.
pub(crate) fn client_ip(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> Result<Option<IpAddr>, Problem> {
    let peer = peer.map(|ip| ip.to_canonical());
    let Some(mut caller) = peer.filter(|ip| is_trusted(*ip, trusted)) else {
        return Ok(peer);
    };
    for field in headers.get_all(&X_FORWARDED_FOR).iter().rev() {
        let Ok(hops) = field.to_str() else {
            return Err(malformed());
        };
        for hop in hops.rsplit(',') {
            caller = parse(hop.trim()).ok_or_else(malformed)?;
            if !is_trusted(caller, trusted) {
                return Ok(Some(caller));
            }
        }
    }
    Ok(Some(caller))
}

/// Whether the word of this address on others counts.
pub(crate) fn is_trusted(ip: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&ip.to_canonical()))
}

/// An address, with or without the port that some proxies add.
fn parse(hop: &str) -> Option<IpAddr> {
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    let ip = hop.parse().ok().or_else(with_port).or_else(bracketed)?;
    Some(ip.to_canonical())
}

fn malformed() -> Problem {
    Problem::header("FORWARDED_MALFORMED", "X-Forwarded-For holds something that is no address.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    /// Peer, fields, and the caller that comes out; `None` is a refusal.
    fn caller(peer: &str, fields: &[&str]) -> Option<String> {
        let trusted: Vec<IpNet> =
            ["10.0.0.0/8", "2001:db8:ffff::/48"].map(|net| net.parse().unwrap()).into();
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(&X_FORWARDED_FOR, HeaderValue::from_str(field).unwrap());
        }
        let found = client_ip(Some(peer.parse().unwrap()), &headers, &trusted);
        found.ok().flatten().map(|ip| ip.to_string())
    }

    #[test]
    fn a_stranger_is_who_he_is_whatever_he_says() {
        // GW-01, R-HT-03
        assert_eq!(caller("203.0.113.9", &["192.0.2.1"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(caller("203.0.113.9", &["nonsense"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(caller("::ffff:203.0.113.9", &[]).as_deref(), Some("203.0.113.9"));
    }

    #[test]
    fn behind_trusted_proxies_the_right_most_other_hop_counts() {
        // R-HT-03
        let client = Some("203.0.113.9");
        for fields in [
            &["203.0.113.9"][..],
            &["192.0.2.66, 203.0.113.9"],
            &["192.0.2.66", "203.0.113.9, 10.1.1.1"],
            &["192.0.2.66, 203.0.113.9", "10.1.1.1,10.2.2.2"],
            &["unknown, 203.0.113.9"],
            &["203.0.113.9:4711"],
            &["::ffff:203.0.113.9"],
        ] {
            assert_eq!(caller("10.0.0.1", fields).as_deref(), client, "{fields:?}");
            assert_eq!(caller("::ffff:10.0.0.1", fields).as_deref(), client, "{fields:?}");
        }
        let six = Some("2001:db8::1");
        assert_eq!(caller("2001:db8:ffff::1", &["[2001:db8::1]:443"]).as_deref(), six);
        assert_eq!(caller("2001:db8:ffff::1", &["[2001:db8::1]"]).as_deref(), six);
        assert_eq!(caller("2001:db8:ffff::1", &["2001:DB8::1"]).as_deref(), six);
    }

    #[test]
    fn a_trusted_proxy_may_speak_for_itself() {
        assert_eq!(caller("10.0.0.1", &[]).as_deref(), Some("10.0.0.1"));
        assert_eq!(caller("10.0.0.1", &["10.3.3.3, 10.2.2.2"]).as_deref(), Some("10.3.3.3"));
    }

    #[test]
    fn what_a_trusted_proxy_garbles_is_refused() {
        // GW-01
        for field in
            ["", "unknown", "203.0.113.9,", "203.0.113.9, x", "203.0.113.999", "a b", "[::1"]
        {
            assert_eq!(caller("10.0.0.1", &[field]), None, "{field}");
        }
    }

    #[test]
    fn without_a_peer_nobody_is_trusted() {
        let mut headers = HeaderMap::new();
        headers.insert(&X_FORWARDED_FOR, HeaderValue::from_static("192.0.2.1"));
        assert_eq!(client_ip(None, &headers, &["0.0.0.0/0".parse().unwrap()]).unwrap(), None);
    }
}
