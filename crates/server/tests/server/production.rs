//! `durward serve` without `--dev`.

use std::path::Path;
use std::process::Command;

use reqwest::StatusCode;
use serde_json::json;

use crate::client::Api;
use crate::process::{Server, durward, finish, json as parsed, text};
use crate::smtp_sink::SmtpSink;

/// A server for production on this machine, with its settings in the environment and its secrets in files.
pub(crate) fn configured(place: &Path, sink: &SmtpSink) -> Command {
    configured_with(place, &sink.url)
}

/// The same with the mail server at this address.
pub(crate) fn configured_with(place: &Path, smtp: &str) -> Command {
    if !place.join("keys").exists() {
        // Once: other keys would make the database unreadable.
        let keys = finish(durward(place).args(["keys", "generate"]));
        std::fs::write(place.join("keys"), keys.stdout).unwrap();
    }
    std::fs::write(place.join("smtp-url"), smtp).unwrap();
    let mut command = durward(place);
    command
        .env("DURWARD_DATABASE_URL", format!("sqlite:{}", place.join("durward.db").display()))
        .env("DURWARD_KEYS_FILE", place.join("keys"))
        .env("DURWARD_SMTP_URL_FILE", place.join("smtp-url"))
        .env("DURWARD_SMTP__FROM", "Shop <no-reply@shop.example>")
        .env("DURWARD_PUBLIC_URL", "http://127.0.0.1:4000")
        .env("DURWARD_LISTEN", "127.0.0.1:0");
    command
}

/// A server that is running, on a fresh database.
pub(crate) fn serve(place: &Path, sink: &SmtpSink, flags: &[&str]) -> Server {
    let mut command = configured(place, sink);
    command.args(["serve", "--migrate"]).args(flags);
    Server::start(command)
}

#[test]
fn it_names_all_that_is_missing_and_what_to_do() {
    let place = tempfile::tempdir().unwrap();
    let refused = finish(durward(place.path()).arg("serve"));
    assert_eq!(refused.status.code(), Some(2));
    let told = text(&refused.stderr);
    for (setting, advice) in [
        ("database.url is not set", "DURWARD_DATABASE_URL="),
        ("keys is not set", "durward keys generate"),
        ("public_url is not set", "DURWARD_PUBLIC_URL="),
        ("smtp.url is not set", "DURWARD_SMTP_URL="),
        ("smtp.from is not set", "DURWARD_SMTP__FROM="),
    ] {
        assert!(told.contains(setting) && told.contains(advice), "{setting}: {told}");
    }
    assert!(!told.contains("panicked"), "{told}");

    let json = finish(durward(place.path()).args(["serve", "--json"]));
    let problems = parsed(&json.stdout)["problems"].as_array().unwrap().len();
    assert_eq!((json.status.code(), problems), (Some(2), 5));
}

#[test]
fn unknown_settings_are_told_by_file_and_line_and_by_variable() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("durward.toml"), "[limits]\nmailboxx = 3\n").unwrap();
    let mut command = durward(place.path());
    let refused = finish(command.args(["config", "check"]).env("DURWARD_SESIONS__IDLE", "7d"));
    assert_eq!(refused.status.code(), Some(2));
    let told = text(&refused.stderr);
    assert!(told.contains("limits.mailboxx (durward.toml:2)"), "{told}");
    assert!(told.contains("sesions.idle (DURWARD_SESIONS__IDLE)"), "{told}");
    assert!(told.contains("Did you mean sessions.idle?"), "{told}");
}

#[test]
fn it_does_not_touch_a_schema_that_nobody_told_it_to_migrate() {
    let place = tempfile::tempdir().unwrap();
    let sink = SmtpSink::open();
    let refused = finish(configured(place.path(), &sink).arg("serve"));
    assert_eq!(refused.status.code(), Some(1));
    let told = text(&refused.stderr);
    assert!(told.contains("durward migrate"), "{told}");

    let migrated = finish(configured(place.path(), &sink).args(["migrate", "--json"]));
    assert_eq!(parsed(&migrated.stdout)["ok"], json!(true));
    let mut command = configured(place.path(), &sink);
    command.arg("serve");
    Server::start(command).stop();
}

#[tokio::test]
async fn it_mails_codes_and_shows_neither_mails_nor_pages_of_development() {
    let place = tempfile::tempdir().unwrap();
    let sink = SmtpSink::open();
    let server = serve(place.path(), &sink, &[]);
    let api = Api::new(&server.base);
    let handle = api.sign_up("ada@example.com").await;
    let session = api.answer_code(&handle, &sink.code()).await;
    assert_eq!(api.caller(&session.token).await.0, StatusCode::OK);
    for path in ["/", "/docs", "/dev/mail", "/dev/mail/messages", "/metrics", "/debug"] {
        assert_eq!(api.get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/verify", "/livez", "/readyz", "/v1/openapi.json"] {
        let response = api.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert!(!response.headers().contains_key("server"), "{path}");
    }
    server.stop();
}

#[tokio::test]
async fn a_port_in_use_is_told_in_a_sentence() {
    let place = tempfile::tempdir().unwrap();
    let sink = SmtpSink::open();
    let server = serve(place.path(), &sink, &[]);
    let address = server.base.strip_prefix("http://").unwrap();
    let mut command = configured(place.path(), &sink);
    let refused = finish(command.args(["serve", "--listen", address]));
    assert_eq!(refused.status.code(), Some(1));
    let told = text(&refused.stderr);
    assert!(
        told.contains(&format!("cannot listen on {address}: address already in use")),
        "{told}"
    );
    assert_eq!(told.trim().lines().count(), 1, "{told}");
}

#[test]
fn a_database_that_cannot_be_opened_is_told_without_its_password() {
    let refuse = |url: &str, says: &str| {
        let place = tempfile::tempdir().unwrap();
        let mut command = configured_with(place.path(), "smtp://127.0.0.1:1?tls=none");
        let refused = finish(command.env("DURWARD_DATABASE_URL", url).arg("serve"));
        assert_eq!(refused.status.code(), Some(1), "{url}");
        let told = text(&refused.stderr);
        assert!(told.contains(says) && !told.contains("dk3jf93jd"), "{told}");
        assert!(!told.contains("panicked") && !told.contains("backtrace"), "{told}");
    };
    // A server that does not answer is waited for.
    std::thread::scope(|scope| {
        for (url, says) in [
            ("sqlite:/nowhere/at/all/durward.db", "its folder must exist"),
            ("postgres://u:dk3jf93jd@127.0.0.1:1/durward", "check that it runs"),
            ("mysql://u:dk3jf93jd@127.0.0.1:1/durward", "check that it runs"),
        ] {
            let refuse = &refuse;
            scope.spawn(move || refuse(url, says));
        }
    });
}
