//! What the server counts, and tells on a listener of its own.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{Api, PASSWORD, STATE};
use crate::process::{Server, durward, finish, text};

const ADA: &str = "ada.lovelace@example.com";
const NOBODY: &str = "nobody.at.all@example.com";
const DOCUMENTED: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md"));
const ROUTES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/routes.golden.txt"));

/// A development server that tells metrics, and where.
fn measured(data: &std::path::Path) -> (Server, String) {
    let server = Server::develop(data, &["--metrics-listen", "127.0.0.1:0"]);
    let address = server.told("serving metrics")["address"].as_str().unwrap().to_owned();
    (server, format!("http://{address}"))
}

async fn scrape(at: &str) -> String {
    let response = reqwest::get(format!("{at}/metrics")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(header("cache-control"), "no-store");
    response.text().await.unwrap()
}

/// One line of the text format.
#[derive(Debug, PartialEq)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: String,
}

impl Sample {
    fn read(line: &str) -> Self {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
            None => (series, ""),
        };
        // No value has a comma in it, as the test of their values shows.
        let labels = labels.split(',').filter(|it| !it.is_empty()).map(|label| {
            let (name, value) = label.split_once('=').unwrap();
            (name.to_owned(), value.trim_matches('"').to_owned())
        });
        let labels = labels.collect();
        Self { name: name.to_owned(), labels, value: value.to_owned() }
    }

    fn all(text: &str) -> Vec<Self> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(Self::read).collect()
    }
}

/// The count of the one sample with this name and these labels among its own; 0 if there is none.
fn count(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> u64 {
    let fits = |it: &&Sample| {
        it.name == name && labels.iter().all(|(label, value)| it.labels[*label] == *value)
    };
    let found: Vec<&Sample> = samples.iter().filter(fits).collect();
    assert!(found.len() < 2, "{found:?}");
    found.first().map_or(0, |it| it.value.parse().unwrap())
}

/// The names that the page lists, with their types.
fn documented() -> BTreeMap<&'static str, &'static str> {
    let rows = DOCUMENTED.lines().filter_map(|line| line.strip_prefix("| `durward_"));
    let name_and_type = |row: &'static str| {
        let mut cells = row.split('|').map(str::trim);
        let name = cells.next()?.trim_end_matches('`');
        Some((name, cells.next()?))
    };
    rows.filter_map(name_and_type).collect()
}

/// Somebody signs up, logs in, and gets things wrong; answers everything that must not be told.
async fn a_day(api: &Api) -> Vec<String> {
    let ada = api.sign_up_fully(ADA).await;
    let again = api.log_in(ADA).await;
    let wrong = "this is quite wrong, whoever asks";
    for (email, secret) in [(ADA, wrong), (NOBODY, PASSWORD)] {
        let body = json!({ "idType": "email", "idValue": email, "secret": secret, "state": STATE });
        assert_eq!(api.post("/v1/authn/password", &body).await.0, StatusCode::UNAUTHORIZED);
    }
    let path = format!("/v1/users/{}", ada.user);
    let (status, me) = api.send(Method::GET, &path, Some(&ada.token), None).await;
    assert_eq!(status, StatusCode::OK, "{me}");
    assert_eq!(api.get(&path).await.status(), StatusCode::UNAUTHORIZED);
    let (status, _) = api.send(Method::PUT, &path, Some(&ada.token), None).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(api.get("/v1/never/heard/of").await.status(), StatusCode::NOT_FOUND);
    let caller = Client::new().get(format!("{}/v1/caller", api.base()));
    let client = "cli_01890a5d7c7e7c8a9b0c1d2e3f".to_owned();
    let refused = caller.header("durward-client", &client).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let mut said: Vec<String> = [ADA, NOBODY, PASSWORD, wrong, STATE, "never", "127.0.0.1", "Ada"]
        .map(str::to_owned)
        .into();
    said.extend([ada.token, ada.refresh, ada.user, again.token, again.refresh, client]);
    said
}

#[tokio::test]
async fn a_day_is_counted_and_nothing_is_told_that_was_said() {
    // R-LG-02, R-CF-02
    let place = tempfile::tempdir().unwrap();
    let (server, at) = measured(&place.path().join("data"));
    let api = Api::new(&server.base);
    let said = a_day(&api).await;
    let text = scrape(&at).await;
    for said in &said {
        assert!(!text.contains(said.as_str()), "{said} is in the metrics");
    }
    let samples = Sample::all(&text);
    let requests = |route: &str, method: &str, status: &str| {
        let labels = [("route", route), ("method", method), ("status", status)];
        count(&samples, "durward_http_requests_total", &labels)
    };
    assert_eq!(requests("/v1/users", "POST", "202"), 1);
    assert_eq!(requests("/v1/authn/password", "POST", "200"), 1);
    assert_eq!(requests("/v1/authn/password", "POST", "401"), 2);
    assert_eq!(requests("/v1/users/{id}", "GET", "200"), 1);
    assert_eq!(requests("/v1/users/{id}", "_OTHER", "405"), 1);
    assert_eq!(requests("_OTHER", "_OTHER", "404"), 1);
    let labels = [("route", "/v1/authn/password"), ("method", "POST")];
    let durations = "durward_http_request_duration_seconds";
    assert_eq!(count(&samples, &format!("{durations}_count"), &labels), 3);
    let in_time = [&labels[..], &[("le", "10")]].concat();
    assert_eq!(count(&samples, &format!("{durations}_bucket"), &in_time), 3);
    let attempts = |method: &str, outcome: &str| {
        let labels = [("method", method), ("outcome", outcome)];
        count(&samples, "durward_authentication_attempts_total", &labels)
    };
    assert_eq!(attempts("password", "success"), 1);
    assert_eq!(attempts("password", "refused"), 2);
    assert_eq!(attempts("email", "success"), 1);
    let hashed = |operation: &str| {
        let name = "durward_password_hash_duration_seconds_count";
        count(&samples, name, &[("operation", operation)])
    };
    assert_eq!((hashed("hash"), hashed("verify")), (1, 3));
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(count(&samples, "durward_build_info", &version), 1);
    assert_eq!(count(&samples, "durward_http_requests_in_flight", &[]), 0);
    let delivered = [("outcome", "delivered")];
    assert_eq!(count(&samples, "durward_mail_attempts_total", &delivered), 1);
    server.stop();
}

#[tokio::test]
async fn what_is_told_is_what_the_page_lists_and_every_label_has_few_values() {
    let place = tempfile::tempdir().unwrap();
    let (server, at) = measured(&place.path().join("data"));
    a_day(&Api::new(&server.base)).await;
    let text = scrape(&at).await;
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE durward_"));
    let told: BTreeMap<&str, &str> = types.filter_map(|it| it.split_once(' ')).collect();
    assert_eq!(told, documented());
    for name in told.keys() {
        let described = text.contains(&format!("# HELP durward_{name} "));
        assert!(described, "{name} is not described");
    }
    let known = known();
    let buckets = ["0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25"];
    let buckets: BTreeSet<&str> =
        buckets.into_iter().chain(["0.5", "1", "2.5", "5", "10", "+Inf"]).collect();
    for sample in Sample::all(&text) {
        assert!(sample.value.parse::<f64>().unwrap() >= 0.0, "{sample:?}");
        for (label, value) in &sample.labels {
            let of = if label == "le" { &buckets } else { &known[label.as_str()] };
            assert!(of.contains(value.as_str()), "{value} is no {label} that is known: {sample:?}");
        }
    }
    server.stop();
}

/// Everything that a label may be.
fn known() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let routes = ROUTES.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1));
    let set = |values: &[&'static str]| values.iter().copied().collect::<BTreeSet<_>>();
    BTreeMap::from([
        ("route", routes.chain(["_OTHER"]).collect()),
        (
            "method",
            set(&[
                "GET",
                "POST",
                "PATCH",
                "DELETE",
                "_OTHER",
                "password",
                "email",
                "totp",
                "recoveryCode",
            ]),
        ),
        ("status", set(&["200", "202", "204", "401", "404", "405"])),
        (
            "outcome",
            set(&[
                "success",
                "continued",
                "refused",
                "throttled",
                "busy",
                "delivered",
                "failed",
                "given-up",
            ]),
        ),
        ("limit", set(&["client_requests", "caller_requests"])),
        ("operation", set(&["hash", "verify"])),
        ("reason", set(&["full", "late", "unknown"])),
        (
            "work",
            set(&[
                "deliver-mail",
                "seal-audit",
                "note-uses",
                "note-overruns",
                "note-spraying",
                "renew-node",
                "measure",
                "delete-flows",
                "delete-invitations",
                "delete-sessions",
                "delete-replies",
                "delete-mails",
                "delete-budgets",
                "delete-attempts",
                "erase",
            ]),
        ),
        ("version", set(&[env!("CARGO_PKG_VERSION")])),
    ])
}

#[tokio::test]
async fn the_metrics_have_a_listener_of_their_own_and_it_has_nothing_else() {
    // R-CF-02
    let place = tempfile::tempdir().unwrap();
    let (server, at) = measured(&place.path().join("data"));
    let client = Client::new();
    let at_interface = client.get(format!("{}/metrics", server.base)).send().await.unwrap();
    assert_eq!(at_interface.status(), StatusCode::NOT_FOUND);
    let problem: Value = at_interface.json().await.unwrap();
    assert_eq!(problem["code"], "NOT_FOUND");
    for path in ["/", "/livez", "/v1/caller", "/metrics/x", "/dev/mail"] {
        let answer = client.get(format!("{at}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let ask = async |method: Method| {
        client.request(method, format!("{at}/metrics")).send().await.unwrap()
    };
    for method in [Method::POST, Method::DELETE, Method::OPTIONS, Method::TRACE] {
        let answer = ask(method.clone()).await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.headers()["allow"].to_str().unwrap().replace(' ', ""), "GET,HEAD");
    }
    let head = ask(Method::HEAD).await;
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.text().await.unwrap(), "");
    // A program that holds its connection open does not keep the server from its end.
    let log = server.stop();
    assert!(log.contains("\"stopped\""), "{log}");
    assert!(client.get(format!("{at}/metrics")).send().await.is_err());
}

#[tokio::test]
async fn nothing_is_told_unless_it_is_asked_for() {
    // R-CF-02
    let place = tempfile::tempdir().unwrap();
    let server = Server::develop(&place.path().join("data"), &[]);
    let answer = reqwest::get(format!("{}/metrics", server.base)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(!server.stop().contains("serving metrics"));
}

#[test]
fn an_address_that_others_have_or_may_reach_is_refused() {
    // R-CF-02
    let place = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let refused = |listen: &str, metrics: &str| {
        let mut command = durward(place.path());
        command.args(["serve", "--dev", "--listen", listen, "--metrics-listen", metrics]);
        let refused = finish(&mut command);
        (refused.status.code(), text(&refused.stderr))
    };
    for (listen, metrics) in [("127.0.0.1:0", "0.0.0.0:9464"), ("127.0.0.1:4000", "127.0.0.1:4000")]
    {
        let (code, told) = refused(listen, metrics);
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains("metrics_listen"), "{told}");
    }
    let (code, told) = refused("127.0.0.1:0", &taken);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("--metrics-listen") && told.contains(&taken), "{told}");
}
