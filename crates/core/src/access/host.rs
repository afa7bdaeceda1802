use std::fmt;

use url::Url;

use crate::error::Obstruction;

/// The origin of a web page: scheme, host and port (RFC 6454), in the form in which browsers send it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WebOrigin(String);

impl WebOrigin {
    /// Reads `https://host` or `https://host:port`; `http` too. Letter case and a default port do not matter.
    /// Refused is everything that has another meaning than it seems to have: paths, user names, wildcards,
    /// numbers that stand for addresses.
    pub fn parse(text: &str) -> Result<Self, Obstruction> {
        Self::canonical(text).ok_or_else(|| {
            Obstruction::new(
                "ORIGIN_MALFORMED",
                "Must be the origin of a web page, such as https://shop.example, without a path.",
            )
        })
    }

    /// Whether this `Origin` field names it; `null` names nobody (GW-02).
    pub fn is(&self, sent: &str) -> bool {
        self.0 == sent || Self::canonical(sent).as_ref() == Some(self)
    }

    fn canonical(text: &str) -> Option<Self> {
        if is_plain(text) { Some(Self(text.to_owned())) } else { Self::mended(text) }
    }

    /// The origin that a parser makes of it, if that has nothing else to mend than letter case and a default port.
    fn mended(text: &str) -> Option<Self> {
        // A `*` is a letter like any other to a parser, and means something else to whoever writes it.
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:/[]".contains(&byte);
        let typed = text.bytes().all(known).then(|| text.to_ascii_lowercase())?;
        let url = Url::parse(&typed).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let origin = url.origin().ascii_serialization();
        // What the parser had to mend was not an origin, but for the default port.
        let default_port = if url.scheme() == "https" { ":443" } else { ":80" };
        let same = typed == origin || typed.strip_suffix(default_port) == Some(origin.as_str());
        same.then_some(Self(origin))
    }
}

/// Whether a parser would read it as it is, which can be told at a glance: a name in lower case without a port. Every
/// stored restriction is read with every request (P3).
fn is_plain(text: &str) -> bool {
    let name = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |label: &str| {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let inner = !label.starts_with('-') && !label.ends_with('-') && !label.starts_with("xn--");
        inner && !label.is_empty() && label.bytes().all(known)
    };
    // What ends in a number may be an address.
    let ends_in_a_name = |name: &str| {
        let last = name.rsplit('.').next().unwrap_or_default();
        last.starts_with(|first: char| first.is_ascii_lowercase())
    };
    name.is_some_and(|name| name.len() <= 253 && ends_in_a_name(name) && name.split('.').all(plain))
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_one_spelling() {
        for (text, canonical) in [
            ("https://shop.example", "https://shop.example"),
            ("HTTPS://Shop.Example:443", "https://shop.example"),
            ("http://shop.example:80", "http://shop.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("https://192.0.2.7", "https://192.0.2.7"),
            ("https://[2001:db8::7]:8443", "https://[2001:db8::7]:8443"),
        ] {
            assert_eq!(WebOrigin::parse(text).unwrap().to_string(), canonical);
        }
    }

    #[test]
    fn what_is_plain_is_read_as_a_parser_reads_it() {
        let labels = [
            "shop",
            "a-b",
            "x1",
            "1x",
            "0x7f",
            "42",
            "xn--bcher-kva",
            "-a",
            "a-",
            "",
            "A",
            "*",
            "m\u{fc}",
        ];
        let tails = ["", "/", ":443", ":8443", "."];
        let mut plain = 0;
        for scheme in ["https://", "http://", "ftp://", "//", ""] {
            for (first, last) in labels.iter().flat_map(|it| labels.map(|last| (*it, last))) {
                for tail in tails {
                    let text = format!("{scheme}{first}.{last}{tail}");
                    if is_plain(&text) {
                        plain += 1;
                        let parsed = WebOrigin::mended(&text);
                        assert_eq!(parsed.map(|it| it.0), Some(text));
                    }
                }
            }
        }
        assert!(plain >= 30, "{plain}");
    }

    #[test]
    fn what_would_match_unintended_pages_is_refused() {
        for text in [
            "",
            "null",
            "*",
            "https://*.example",
            "shop.example",
            "//shop.example",
            "https://",
            "https://shop.example/",
            "https://shop.example/path",
            "https://shop.example?x",
            "https://user@shop.example",
            "https://shop.example:99999",
            " https://shop.example",
            "https://0x7f.1",
            "https://2130706433",
            "https://0177.0.0.1",
            "https://shop.example.:443x",
            "ftp://shop.example",
            "file:///etc",
            "https:\\\\shop.example",
            "https://shop.exa\tmple",
            "https://b\u{fc}cher.example",
        ] {
            let refused = WebOrigin::parse(text);
            assert_eq!(refused.map_err(|it| it.code), Err("ORIGIN_MALFORMED".into()), "{text}");
        }
    }

    #[test]
    fn only_the_exact_origin_is_it() {
        let origin = WebOrigin::parse("https://shop.example").unwrap();
        assert!(origin.is("https://shop.example") && origin.is("https://SHOP.example"));
        for other in [
            "null",
            "",
            "http://shop.example",
            "https://shop.example:8443",
            "https://a.shop.example",
            "https://shop.example.evil.example",
            "https://shop.example https://evil.example",
        ] {
            assert!(!origin.is(other), "{other}");
        }
    }
}
