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
