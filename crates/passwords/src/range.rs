use std::error::Error as _;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use data_encoding::HEXUPPER;
use durward_core::{BreachError, BreachedPasswords, Password};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use sha1::{Digest, Sha1};
use tokio_rustls::rustls::crypto::ring;
use zeroize::Zeroizing;

/// How many digits of a digest are told: one of a million groups, each of hundreds of passwords.
const PREFIX: usize = 5;
const SUFFIX: usize = 35;

/// The most that an answer may have; those of the largest service have some 50,000 bytes.
const MOST_BYTES: usize = 1 << 20;

const ADD_PADDING: HeaderName = HeaderName::from_static("add-padding");
const PROGRAM: HeaderValue =
    HeaderValue::from_static(concat!("durward/", env!("CARGO_PKG_VERSION")));

/// A client of a range service of breached passwords, such as Pwned Passwords or a mirror of it.
///
/// Of each password it tells the first five of the forty digits of its SHA-1 digest, and takes all digests that begin
/// so (k-anonymity). It asks for padding, so that not even the length of the encrypted answer tells which group it was;
/// rows that count nothing are padding. A password that was typed in another Unicode form than it is compared in is
/// looked up in both. Connections are encrypted, verified and kept for a while; redirections are not followed.
pub struct RangeClient {
    http: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    base: String,
    timeout: Duration,
}

impl RangeClient {
    /// A client of the service at this address, which may take so long for one answer; nothing is asked yet.
    pub fn new(url: &RangeUrl, timeout: Duration) -> Result<Self, RangeUrlError> {
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(ring::default_provider())
            .map_err(|_unusable| RangeUrlError("no version of TLS can be used"))?;
        // An address without TLS is one of this machine.
        let connector = tls.https_or_http().enable_http1().build();
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(4)
            .build(connector);
        Ok(Self { http, base: url.0.clone(), timeout })
    }

    async fn holds(&self, text: &str) -> Result<bool, BreachError> {
        let digest = Zeroizing::new(HEXUPPER.encode(&Sha1::digest(text.as_bytes())));
        let (prefix, suffix) = digest.split_at(PREFIX);
        let answer = self.range(prefix).await?;
        let answer = str::from_utf8(&answer).map_err(|_not_text| malformed())?;
        find(answer, suffix)
    }

    /// All that the service knows of this group.
    async fn range(&self, prefix: &str) -> Result<Bytes, BreachError> {
        let request = Request::get(format!("{}/range/{prefix}", self.base))
            .header(ADD_PADDING, "true")
            .header(USER_AGENT, PROGRAM)
            .body(Empty::new())
            .map_err(|_malformed| failed("the address cannot be asked"))?;
        let response = self.http.request(request).await.map_err(|error| {
            // The outermost error says no more than that there is one.
            let mut cause = error.source();
            while let Some(deeper) = cause.and_then(std::error::Error::source) {
                cause = Some(deeper);
            }
            let cause = cause.map_or_else(|| error.to_string(), ToString::to_string);
            BreachError(format!("the service cannot be reached: {cause}"))
        })?;
        if response.status() != StatusCode::OK {
            return Err(BreachError(format!("the service answers {}", response.status())));
        }
        let body = Limited::new(response.into_body(), MOST_BYTES).collect().await;
        let body = body.map_err(|_broken| failed("the answer breaks off, or has no end"))?;
        Ok(body.to_bytes())
    }
}

#[async_trait]
impl BreachedPasswords for RangeClient {
    async fn contains(&self, password: &Password) -> Result<bool, BreachError> {
        let (compared, typed) = (password.expose(), password.expose_typed());
        let asked = async {
            Ok(self.holds(compared).await? || (typed != compared && self.holds(typed).await?))
        };
        match tokio::time::timeout(self.timeout, asked).await {
            Ok(known) => known,
            Err(_elapsed) => Err(failed("the service does not answer in time")),
        }
    }
}

impl fmt::Debug for RangeClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RangeClient")
            .field("base", &self.base)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The address of a range service: `https`, or `http` on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeUrl(String);

/// Why a text is not the address of a range service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RangeUrlError(&'static str);

impl RangeUrl {
    /// Reads the address to which `/range/` and five digits are added, such as `https://api.pwnedpasswords.com`.
    pub fn parse(text: &str) -> Result<Self, RangeUrlError> {
        let url: Uri = text.parse().map_err(|_malformed| RangeUrlError("it is malformed"))?;
        let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else {
            return Err(RangeUrlError("it must begin with https://"));
        };
        let safe = scheme == "https" || (scheme == "http" && is_here(authority.host()));
        if !safe {
            return Err(RangeUrlError("it must begin with https://, unless it is on this machine"));
        }
        if authority.as_str().contains('@') || text.contains(['?', '#']) {
            return Err(RangeUrlError("it must have neither a user nor parameters"));
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_here(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.is_loopback())
}

/// Whether an answer has this suffix, and counts it.
fn find(answer: &str, suffix: &str) -> Result<bool, BreachError> {
    let mut found = false;
    for line in answer.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (other, count) = line.split_once(':').ok_or_else(malformed)?;
        let count: u64 = count.parse().map_err(|_not_a_number| malformed())?;
        if other.len() != SUFFIX || !other.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(malformed());
        }
        found |= count > 0 && other.eq_ignore_ascii_case(suffix);
    }
    Ok(found)
}

fn malformed() -> BreachError {
    failed("the answer is not a list of suffixes and counts")
}

fn failed(what: &str) -> BreachError {
    BreachError(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUFFIX_OF_PASSWORD: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";

    #[test]
    fn a_suffix_is_found_if_it_is_counted() {
        // R-PW-06
        let line = |count| format!("{SUFFIX_OF_PASSWORD}:{count}");
        let other = "0018A45C4D1DEF81644B54AB7F969B88D65:10";
        for (answer, found) in [
            (format!("{other}\r\n{}\r\n", line(1)), true),
            (format!("{}\n{other}", line(9_545_824)), true),
            (line(1).to_lowercase(), true),
            (format!("{other}\r\n{}", line(0)), false),
            (other.to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(find(&answer, SUFFIX_OF_PASSWORD), Ok(found), "{answer}");
        }
        for answer in [
            "<html>",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8:",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8:-1",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD:1",
            "ZE4C9B93F3F0682250B6CF8331B7EE68FD8:1",
        ] {
            assert_eq!(find(answer, SUFFIX_OF_PASSWORD), Err(malformed()), "{answer}");
        }
    }

    #[test]
    fn an_address_is_encrypted_unless_it_is_on_this_machine() {
        // R-DP-04
        for url in [
            "https://api.pwnedpasswords.com",
            "https://mirror.example:8443/pwned/",
            "http://127.0.0.1:4001",
            "http://localhost",
            "http://[::1]:4001/x",
        ] {
            let parsed = RangeUrl::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!(parsed.as_str(), url.trim_end_matches('/'));
        }
        for url in [
            "",
            "api.pwnedpasswords.com",
            "/range",
            "http://api.pwnedpasswords.com",
            "http://127.0.0.1.example",
            "ftp://localhost",
            "https://u:p@mirror.example",
            "https://mirror.example/?x=1",
            "https://mirror.example/#x",
            "https://mirror .example",
        ] {
            assert!(RangeUrl::parse(url).is_err(), "{url}");
        }
    }
}
