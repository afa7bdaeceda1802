//! `durward admin link`, and the page behind it.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::client::Api;
use crate::process::{Server, durward, finish, json as parsed, text};
use crate::production::configured;
use crate::smtp_sink::SmtpSink;

const ADA: &str = "ada@example.com";

/// What the program said when it began: the link is on a line of its own.
fn printed(log: &str) -> Vec<&str> {
    let links = log.lines().map(str::trim).filter(|line| line.contains("/bootstrap#dw_bs_"));
    links.collect()
}

#[tokio::test]
async fn the_first_administrator_comes_by_a_link_that_can_be_printed_again() {
    // R-CF-01, GW-28
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::develop(&data, &[]);
    let link = |flags: &[&str]| {
        let mut command = durward(place.path());
        command.args(["admin", "link", "--dev", "--json"]).args(flags).arg("--data").arg(&data);
        finish(&mut command)
    };
    let code = |answer: &std::process::Output| {
        assert_eq!(answer.status.code(), Some(0), "{}", text(&answer.stdout));
        let answer = parsed(&answer.stdout);
        assert!(answer["expiresAt"].is_string());
        let (page, code) = answer["link"].as_str().unwrap().split_once('#').unwrap();
        assert!(page.ends_with("/bootstrap"), "{page}");
        code.to_owned()
    };
    let (old, new) = (code(&link(&[])), code(&link(&[])));

    let api = Api::new(&server.base);
    let session = api.sign_up_fully(ADA).await;
    let used = async |code: &str, token: &str| {
        let path = "/v1/bootstrap";
        let body = json!({ "code": code });
        api.send(reqwest::Method::POST, path, Some(token), Some(&body)).await.0
    };
    assert_eq!(used(&old, &session.token).await, StatusCode::FORBIDDEN, "another one was printed");
    assert_eq!(used(&new, &session.token).await, StatusCode::NO_CONTENT);
    assert_eq!(api.caller(&session.token).await.0, StatusCode::UNAUTHORIZED);

    let refused = link(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stdout).contains("--recover"), "{}", text(&refused.stdout));
    assert!(code(&link(&["--recover"])).starts_with("dw_bs_"));
    let log = server.stop();
    assert_eq!(printed(&log).len(), 1, "a server for development prints one itself: {log}");

    let server = Server::develop(&data, &[]);
    let log = server.stop();
    assert_eq!(printed(&log), Vec::<&str>::new(), "but not when somebody administers");
}

#[tokio::test]
async fn the_page_does_nothing_by_itself() {
    // R-SE-15, security decision 7
    let place = tempfile::tempdir().unwrap();
    let server = Server::develop(&place.path().join("data"), &[]);
    for (path, kind) in [("/bootstrap", "text/html"), ("/assets/bootstrap.js", "text/javascript")] {
        let answer = reqwest::get(format!("{}{path}", server.base)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let headers = answer.headers();
        assert!(headers["content-type"].to_str().unwrap().starts_with(kind), "{path}");
        if path == "/bootstrap" {
            let policy = headers["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'none'"));
            assert_eq!(headers["cache-control"], "no-store");
        }
    }
}

#[test]
fn a_link_needs_to_know_where_the_server_is() {
    // R-EM-06
    let place = tempfile::tempdir().unwrap();
    let sink = SmtpSink::open();
    let run = |command: &mut std::process::Command| -> (Option<i32>, Value) {
        let answer = finish(command);
        (answer.status.code(), parsed(&answer.stdout))
    };
    assert!(finish(configured(place.path(), &sink).arg("migrate")).status.success());
    let mut command = configured(place.path(), &sink);
    let (status, answer) = run(command.args(["admin", "link", "--json"]));
    assert_eq!(status, Some(0), "{answer}");
    let link = answer["link"].as_str().unwrap();
    assert!(link.starts_with("http://127.0.0.1:4000/bootstrap#dw_bs_"), "{link}");
    let mut command = configured(place.path(), &sink);
    command.env_remove("DURWARD_PUBLIC_URL");
    let (status, answer) = run(command.args(["admin", "link", "--json"]));
    assert_eq!((status, &answer["problems"][0]["setting"]), (Some(2), &json!("public_url")));
}
