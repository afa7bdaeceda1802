//! The client of a range service, against services on this machine: a good one, and all kinds of bad ones.
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod service;

use std::time::{Duration, Instant};

use durward_core::{BreachedPasswords, Password, Secret};
use durward_passwords::{RangeClient, RangeUrl};

use service::{Conduct, Service};

const LONG: Duration = Duration::from_secs(20);

/// The SHA-1 digest of `password`, as every list of breached ones has it.
const OF_PASSWORD: (&str, &str) = ("5BAA6", "1E4C9B93F3F0682250B6CF8331B7EE68FD8");
/// How the digest of `café` begins, with its last letter composed.
const OF_CAFE: &str = "F4244";

fn password(text: &str) -> Password {
    Password::parse(Secret::new(text.to_owned())).unwrap()
}

fn client(service: &Service, timeout: Duration) -> RangeClient {
    RangeClient::new(&RangeUrl::parse(&service.url).unwrap(), timeout).unwrap()
}

async fn refused(conduct: Conduct, timeout: Duration) -> (String, Service) {
    let service = Service::start(conduct).await;
    let outcome = client(&service, timeout).contains(&password("password")).await;
    (outcome.unwrap_err().to_string(), service)
}

#[tokio::test]
async fn a_breached_password_is_known_by_five_digits() {
    // R-PW-06
    let (prefix, suffix) = OF_PASSWORD;
    let service = Service::start(Conduct::Knows(vec![(suffix.to_owned(), 9_545_824)])).await;
    let client = client(&service, LONG);
    assert_eq!(client.contains(&password("password")).await, Ok(true));
    assert_eq!(client.contains(&password("seven purple umbrellas dance")).await, Ok(false));
    let requests = service.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].line, format!("GET /range/{prefix} HTTP/1.1"));
    for request in &requests {
        let path = request.line.split(' ').nth(1).unwrap();
        let told = path.strip_prefix("/range/").unwrap();
        assert!(told.len() == 5 && told.bytes().all(|it| it.is_ascii_hexdigit()), "{path}");
        assert!(request.has("add-padding: true"), "{request:?}");
        let text = format!("{request:?}");
        assert!(!text.contains(suffix) && !text.contains("umbrellas"), "{text}");
    }
    assert_eq!(service.connections(), 1, "connections are kept");
}

#[tokio::test]
async fn padding_is_no_breach() {
    // R-PW-06
    let padding = (0..500).map(|n| (format!("{n:035X}"), 0));
    let mut rows: Vec<(String, u64)> = padding.collect();
    rows.push((OF_PASSWORD.1.to_owned(), 0));
    let service = Service::start(Conduct::Knows(rows)).await;
    assert_eq!(client(&service, LONG).contains(&password("password")).await, Ok(false));
}

#[tokio::test]
async fn a_password_is_looked_up_as_it_was_typed_too() {
    // R-PW-04: lists hold what people typed.
    let service = Service::start(Conduct::Knows(vec![])).await;
    let client = client(&service, LONG);
    assert_eq!(client.contains(&password("cafe\u{301}")).await, Ok(false));
    let lines: Vec<String> = service.requests().into_iter().map(|it| it.line).collect();
    assert_eq!(lines.len(), 2);
    assert_ne!(lines[0], lines[1]);
    assert_eq!(lines[0], format!("GET /range/{OF_CAFE} HTTP/1.1"));
}

#[tokio::test]
async fn a_service_that_does_not_answer_in_time_is_not_waited_for() {
    // R-PW-06
    let begun = Instant::now();
    let (error, service) = refused(Conduct::Silent, Duration::from_millis(200)).await;
    assert_eq!(error, "the service does not answer in time");
    assert!(begun.elapsed() < LONG / 2);
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn whatever_else_is_wrong_with_a_service_is_told() {
    // R-PW-06
    for (conduct, expected) in [
        (Conduct::Answers("503 Service Unavailable", "busy"), "the service answers 503"),
        (Conduct::Answers("302 Found\r\nlocation: /elsewhere", ""), "the service answers 302"),
        (Conduct::Answers("200 OK", "<html>Sign in to the network</html>"), "not a list"),
        (Conduct::Answers("200 OK", "\u{0}\u{0}"), "not a list"),
        (Conduct::BreaksOff, "the answer breaks off"),
        (Conduct::Endless, "the answer breaks off, or has no end"),
        (Conduct::HangsUp, "the service cannot be reached: "),
    ] {
        let (error, _service) = refused(conduct.clone(), LONG).await;
        assert!(error.contains(expected), "{conduct:?}: {error}");
        assert!(!error.contains(OF_PASSWORD.0), "{error}");
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_is_told() {
    // R-PW-06
    let service = Service::start(Conduct::HangsUp).await;
    let url = RangeUrl::parse(&service.url).unwrap();
    service.stop().await;
    let client = RangeClient::new(&url, LONG).unwrap();
    let error = client.contains(&password("password")).await.unwrap_err().to_string();
    assert!(error.starts_with("the service cannot be reached: "), "{error}");
}

#[tokio::test]
async fn nothing_is_told_to_a_service_whose_certificate_nobody_vouches_for() {
    // R-DP-04
    let (error, service) = refused(Conduct::Tls, LONG).await;
    assert!(error.contains("invalid peer certificate: UnknownIssuer"), "{error}");
    assert_eq!(service.requests().len(), 0);
}
