use std::fmt;
use std::net::IpAddr;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::{SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use percent_encoding::percent_decode_str;
use url::Url;

use super::SmtpError;

/// A mail server, as a URL names it.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) credentials: Option<Credentials>,
    /// The name to introduce oneself with, if the URL has one.
    pub(super) hello: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    Tls,
    StartTls,
    None,
}

impl Server {
    pub(super) fn parse(text: &str) -> Result<Self, SmtpError> {
        let text = text.trim();
        // The parser would drop them silently, also from a password.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(SmtpError::Url("it holds spaces or control characters"));
        }
        let url = Url::parse(text).map_err(|_malformed| SmtpError::Url("it is malformed"))?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(SmtpError::Url(
                "nothing but parameters may follow the host; percent-encode special characters",
            ));
        }
        let host = host(&url)?;
        let options = Options::parse(&url)?;
        let (security, port) = match (url.scheme(), options.tls.as_deref()) {
            ("smtps", None | Some("required")) => (Security::Tls, SUBMISSIONS_PORT),
            ("smtp", None | Some("required")) => (Security::StartTls, SUBMISSION_PORT),
            ("smtp", Some("none")) => (Security::None, SMTP_PORT),
            ("smtp" | "smtps", Some(_)) => {
                return Err(SmtpError::Url("tls is `required`, or `none` with smtp:"));
            }
            _ => return Err(SmtpError::Url("it must begin with smtps:// or smtp://")),
        };
        let server = Self {
            host,
            port: url.port().unwrap_or(port),
            security,
            credentials: credentials(&url)?,
            hello: options.helo,
        };
        if server.credentials.is_some() && server.is_exposed() {
            return Err(SmtpError::Url("the password would travel in plain text"));
        }
        Ok(server)
    }

    /// Whether others on the network can read what is sent.
    pub(super) fn is_exposed(&self) -> bool {
        let is_this_machine = match self.host.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback(),
            Err(_a_name) => self.host.eq_ignore_ascii_case("localhost"),
        };
        self.security == Security::None && !is_this_machine
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} ({:?})", self.host, self.port, self.security)
    }
}

#[derive(Default)]
struct Options {
    tls: Option<String>,
    helo: Option<String>,
}

impl Options {
    fn parse(url: &Url) -> Result<Self, SmtpError> {
        let mut options = Self::default();
        for (name, value) in url.query_pairs() {
            let place = match &*name {
                "tls" => &mut options.tls,
                "helo" => &mut options.helo,
                _ => return Err(SmtpError::Url("the parameters are `tls` and `helo`")),
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(SmtpError::Url("a parameter is repeated"));
            }
        }
        if options.helo.as_deref().is_some_and(|name| !is_host_name(name)) {
            return Err(SmtpError::Url("helo must be a host name"));
        }
        Ok(options)
    }
}

fn host(url: &Url) -> Result<String, SmtpError> {
    let host = url.host_str().unwrap_or_default();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if address.parse::<IpAddr>().is_err() && !is_host_name(host) {
        return Err(SmtpError::Url("the host must be a host name in ASCII, or an IP address"));
    }
    Ok(address.to_owned())
}

fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpError> {
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err(SmtpError::Url("it has a password, but no user")),
        (_, None | Some("")) => Err(SmtpError::Url("it has a user, but no password")),
        (user, Some(password)) => Ok(Some(Credentials::new(decode(user)?, decode(password)?))),
    }
}

fn decode(text: &str) -> Result<String, SmtpError> {
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_binary| SmtpError::Url("user and password must be UTF-8"))?;
    if decoded.chars().any(char::is_control) {
        return Err(SmtpError::Url("user or password hold control characters"));
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Server {
        Server::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    // R-DP-04
    #[test]
    fn tls_is_required_unless_the_url_says_otherwise() {
        for (url, shown) in [
            ("smtps://mail.example", "mail.example:465 (Tls)"),
            ("smtps://mail.example:1465/?tls=required", "mail.example:1465 (Tls)"),
            ("smtp://mail.example", "mail.example:587 (StartTls)"),
            ("smtp://127.0.0.1:25", "127.0.0.1:25 (StartTls)"),
            ("smtp://mail.example?tls=none", "mail.example:25 (None)"),
            ("smtp://[::1]:1025?tls=none", "::1:1025 (None)"),
        ] {
            assert_eq!(format!("{:?}", parse(url)), shown, "{url}");
        }
    }

    #[test]
    fn only_plain_text_beyond_this_machine_is_exposed() {
        assert!(parse("smtp://mailpit:1025?tls=none").is_exposed());
        assert!(parse("smtp://192.0.2.1?tls=none").is_exposed());
        for url in [
            "smtp://localhost?tls=none",
            "smtp://127.8.9.1?tls=none",
            "smtp://[::1]?tls=none",
            "smtp://mail.example",
            "smtps://mail.example",
        ] {
            assert!(!parse(url).is_exposed(), "{url}");
        }
    }

    #[test]
    fn a_password_never_travels_in_plain_text() {
        let exposed = Server::parse("smtp://u:p@mail.example?tls=none");
        assert_eq!(exposed.err(), Some(SmtpError::Url("the password would travel in plain text")));
        assert!(parse("smtp://u:p@localhost?tls=none").credentials.is_some());
    }

    #[test]
    fn user_and_password_are_percent_decoded() {
        let server = parse("smtps://shop%40example.com:p%3A%23%2F%C3%A9+%25@mail.example");
        let expected = Credentials::new("shop@example.com".into(), "p:#/é+%".into());
        assert!(server.credentials == Some(expected));
    }

    #[test]
    fn the_url_may_name_what_the_client_calls_itself() {
        assert_eq!(parse("smtps://a.example?helo=b.example").hello.as_deref(), Some("b.example"));
        assert_eq!(parse("smtps://a.example").hello, None);
    }

    #[test]
    fn a_url_that_is_not_understood_is_refused_without_repeating_it() {
        for url in [
            "",
            "mail.example",
            "smtps:mail.example",
            "smtps://",
            "https://mail.example",
            "smtps://mail.example?tls=none",
            "smtp://mail.example?tls=off",
            "smtp://mail.example?tls=none&tls=required",
            "smtp://mail.example?starttls=true",
            "smtp://mail.example/path",
            "smtp://mail.example#fragment",
            "smtps://user@mail.example",
            "smtps://user:@mail.example",
            "smtps://:hunter2@mail.example",
            "smtps://user:hunter2#x@mail.example",
            "smtps://user:12#hunter2@mail.example",
            "smtps://user:hunter2/x@mail.example",
            "smtps://user:hun\nter2@mail.example",
            "smtps://user:hunter2%00@mail.example",
            "smtps://user:hunter2%FF@mail.example",
            "smtps://mail%20x.example",
            "smtps://mäil.example",
            "smtps://mail.example:99999",
            "smtp://mail.example?helo=a%0D%0AMAIL",
            "smtp://mail.example?helo=",
        ] {
            let error = Server::parse(url).err().unwrap_or_else(|| panic!("accepted: {url}"));
            let text = format!("{error} {error:?}");
            assert!(!text.contains("hunter2") && !text.contains("mail."), "{text}");
        }
    }
}
