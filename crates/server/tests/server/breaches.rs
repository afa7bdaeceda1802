//! A server that asks a service about breached passwords.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::spawn;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::client::{Api, PASSWORD, STATE, tokens};
use crate::process::Server;
use crate::production;
use crate::smtp_sink::SmtpSink;

const ADA: &str = "ada@example.com";
const BREACHED: &str = "lovely weather we are having";
const NEW: &str = "harbour violet ninety sparrow";

/// The SHA-1 digests of [`PASSWORD`] and [`BREACHED`], as such a service has them.
const OF_PASSWORD: &str = "4F17AC0A45E1693DCBC1166804C3F5FBF7A25D19";
const OF_BREACHED: &str = "6C8ADE822571056A790F2ECA00752712B60EFEF7";

/// A range service on a free port of this machine.
struct Range {
    url: String,
    /// The digests that it knows; `None` for one that answers nothing.
    known: Arc<Mutex<Option<Vec<&'static str>>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Range {
    fn open(known: Option<Vec<&'static str>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (known, asked) = (Arc::new(Mutex::new(known)), Arc::<Mutex<Vec<_>>>::default());
        let (its_known, its_asked) = (Arc::clone(&known), Arc::clone(&asked));
        spawn(move || {
            for stream in listener.incoming() {
                let (known, asked) = (Arc::clone(&its_known), Arc::clone(&its_asked));
                spawn(move || converse(&stream.unwrap(), &known, &asked));
            }
        });
        Self { url, known, asked }
    }

    fn knows(&self, digest: &'static str) {
        self.known.lock().unwrap().as_mut().unwrap().push(digest);
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// One connection, until its other end is tired of it.
fn converse(
    mut stream: &TcpStream,
    known: &Mutex<Option<Vec<&'static str>>>,
    asked: &Mutex<Vec<String>>,
) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(line) = lines.next() {
        let path = line.split(' ').nth(1).unwrap().to_owned();
        let fields: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        assert!(fields.iter().any(|it| it.eq_ignore_ascii_case("add-padding: true")), "{fields:?}");
        let prefix = path.strip_prefix("/range/").unwrap().to_owned();
        asked.lock().unwrap().push(prefix.clone());
        let Some(known) = known.lock().unwrap().clone() else {
            // Nothing, until the other end has had enough.
            assert_eq!(lines.next(), None);
            return;
        };
        let suffixes = known.iter().filter_map(|digest| digest.strip_prefix(&*prefix));
        let mut rows = vec![format!("{}:0\r\n", "0".repeat(35))];
        rows.extend(suffixes.map(|suffix| format!("{suffix}:3\r\n")));
        let body = rows.concat();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        if stream.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

fn serve(place: &std::path::Path, sink: &SmtpSink, range: &Range) -> Server {
    let mut command = production::configured(place, sink);
    command.env("DURWARD_BREACHES__URL", &range.url).env("DURWARD_BREACHES__TIMEOUT", "300ms");
    command.args(["serve", "--migrate"]);
    Server::start(command)
}

fn with_password(mut body: Value, password: &str) -> Value {
    body["password"] = json!(password);
    body["passwordConf"] = json!(password);
    body
}

fn is_breached((status, answer): &(StatusCode, Value)) -> bool {
    let found = &answer["obstructions"][0];
    *status == 422 && found["code"] == "PASSWORD_BREACHED" && found["pointer"] == "/password"
}

#[tokio::test]
async fn a_breached_password_is_refused_and_one_that_was_breached_since_is_replaced() {
    // R-PW-06, R-PW-10
    let place = tempfile::tempdir().unwrap();
    let (sink, range) = (SmtpSink::open(), Range::open(Some(vec![OF_BREACHED])));
    let server = serve(place.path(), &sink, &range);
    let api = Api::new(&server.base);
    let body = json!({ "name": "Ada", "email": ADA, "state": STATE });
    assert!(is_breached(&api.post("/v1/users", &with_password(body, BREACHED)).await));
    let handle = api.sign_up(ADA).await;
    api.answer_code(&handle, &sink.code()).await;

    let login = |secret: &str| json!({ "idType": "email", "idValue": ADA, "secret": secret, "state": STATE });
    let (_, answer) = api.post("/v1/authn/password", &login(PASSWORD)).await;
    tokens(&answer);
    range.knows(OF_PASSWORD);
    let (status, step) = api.post("/v1/authn/password", &login(PASSWORD)).await;
    assert_eq!((status, &step["step"]), (StatusCode::OK, &json!("newPassword")), "{step}");
    let body = json!({ "idType": "code", "idValue": step["code"], "state": STATE });
    let chosen = with_password(body.clone(), BREACHED);
    assert!(is_breached(&api.post("/v1/authn/new-password", &chosen).await));
    let (status, answer) = api.post("/v1/authn/new-password", &with_password(body, NEW)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    tokens(&answer);
    let (_, answer) = api.post("/v1/authn/password", &login(NEW)).await;
    tokens(&answer);

    let asked = range.asked();
    assert!(asked.len() >= 6, "{asked:?}");
    for prefix in asked {
        assert!(prefix.len() == 5 && prefix.bytes().all(|it| it.is_ascii_hexdigit()), "{prefix}");
    }
    let log = server.stop();
    assert!(!log.contains("breach_checks_failed"), "{log}");
}

#[tokio::test]
async fn a_service_that_does_not_answer_keeps_nobody_out_and_is_counted() {
    // R-PW-06
    let place = tempfile::tempdir().unwrap();
    let (sink, range) = (SmtpSink::open(), Range::open(None));
    let server = serve(place.path(), &sink, &range);
    let api = Api::new(&server.base);
    let handle = api.sign_up(ADA).await;
    api.answer_code(&handle, &sink.code()).await;
    let login = json!({ "idType": "email", "idValue": ADA, "secret": PASSWORD, "state": STATE });
    let (status, answer) = api.post("/v1/authn/password", &login).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    tokens(&answer);
    assert_eq!(range.asked().len(), 2);
    let log = server.stop();
    let warnings: Vec<&str> =
        log.lines().filter(|line| line.contains("breach_checks_failed")).collect();
    assert_eq!(warnings.len(), 2, "{log}");
    assert!(warnings[0].contains("WARN") && warnings[0].contains("does not answer in time"));
}
