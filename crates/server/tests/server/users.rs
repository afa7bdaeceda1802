//! `durward user`: users in the hands of whoever runs the deployment.

use std::path::PathBuf;

use durward::entity::{TotpSecret, totp_step};
use durward::{Clock, SystemClock};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::Api;
use crate::process::{Server, durward, finish, json as parsed, text};
use crate::production::configured;
use crate::smtp_sink::SmtpSink;

const ADA: &str = "ada@example.com";

/// The command line of a development server.
pub(crate) struct Desk {
    place: tempfile::TempDir,
    pub(crate) data: PathBuf,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        Self { place, data }
    }

    /// Runs `durward ...` on the server's database; answers its exit code and what it said.
    pub(crate) fn run(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let mut command = durward(self.place.path());
        let answer =
            finish(command.args(arguments).args(["--dev", "--json", "--data"]).arg(&self.data));
        (answer.status.code(), parsed(&answer.stdout))
    }

    /// The same, when it succeeds.
    pub(crate) fn done(&self, arguments: &[&str]) -> Value {
        let (code, answer) = self.run(arguments);
        assert_eq!((code, &answer["ok"]), (Some(0), &json!(true)), "{arguments:?}: {answer}");
        answer
    }

    /// What it said to people.
    pub(crate) fn said(&self, arguments: &[&str]) -> String {
        let mut command = durward(self.place.path());
        let answer = finish(command.args(arguments).args(["--dev", "--data"]).arg(&self.data));
        assert_eq!(answer.status.code(), Some(0), "{}", text(&answer.stderr));
        text(&answer.stdout)
    }

    /// The exit code.
    pub(crate) fn code(&self, arguments: &[&str]) -> Option<i32> {
        let mut command = durward(self.place.path());
        finish(command.args(arguments).args(["--dev", "--data"]).arg(&self.data)).status.code()
    }

    /// Why it was not done: an error that ends with 1 and says what to do.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let (code, answer) = self.run(arguments);
        assert_eq!((code, &answer["ok"]), (Some(1), &json!(false)), "{arguments:?}: {answer}");
        answer["error"].as_str().unwrap().to_owned()
    }
}

fn addresses(answer: &Value) -> Vec<&str> {
    let users = answer["users"].as_array().unwrap().iter();
    users.map(|user| user["emails"][0]["email"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn users_are_listed_and_shown() {
    let desk = Desk::new();
    let server = Server::develop(&desk.data, &[]);
    let api = Api::new(&server.base);
    let ada = api.sign_up_fully(ADA).await;
    desk.done(&["admin", "create", "--name", "Grace", "--email", "grace@example.com"]);
    let all = desk.done(&["user", "list"]);
    assert_eq!((addresses(&all), &all["next"]), (vec!["grace@example.com", ADA], &Value::Null));
    let first = desk.done(&["user", "list", "--limit", "1"]);
    assert_eq!(addresses(&first), ["grace@example.com"]);
    let next = first["next"].as_str().unwrap();
    let rest = desk.done(&["user", "list", "--after", next]);
    assert_eq!((addresses(&rest), &rest["next"]), (vec![ADA], &Value::Null));
    let elsewhere = desk.refused(&["user", "list", "--search", "a", "--after", next]);
    assert!(elsewhere.contains("--after"), "a cursor is bound to its list: {elsewhere}");
    assert!(desk.said(&["user", "list", "--limit", "1"]).contains("--after "));
    assert_eq!(addresses(&desk.done(&["user", "list", "--search", "GRA"])), ["grace@example.com"]);
    let both = desk.done(&["user", "list", "--search", "ada@"]);
    assert_eq!((addresses(&both), &both["next"]), (vec![ADA], &Value::Null));
    assert!(addresses(&desk.done(&["user", "list", "--status", "banned"])).is_empty());
    for user in [ada.user.as_str(), ADA, "Ada@Example.com"] {
        let shown = desk.done(&["user", "show", user])["user"].clone();
        assert_eq!((&shown["id"], &shown["status"]), (&json!(ada.user), &json!("active")));
        assert_eq!(shown["sessions"].as_array().unwrap().len(), 1);
        assert_eq!(shown["authenticatorApp"], json!(false));
    }
    let said = desk.said(&["user", "show", ADA]);
    assert!(said.contains(&ada.user) && said.contains("1 sessions"), "{said}");
    assert!(desk.said(&["user", "list"]).contains(ADA));
    let missing = desk.refused(&["user", "show", "nobody@example.com"]);
    assert!(missing.contains("durward user list --search"), "{missing}");
    assert_eq!(desk.run(&["user", "show", "usr_01890a5d7c7e7c8a9b0c1d2e3f"]).0, Some(1));
    for wrong in [
        &["user", "show", "Ada"][..],
        &["user", "list", "--search", ""],
        &["user", "list", "--limit", "0"],
        &["user", "grant", "king", ADA],
        &["user", "ban"],
    ] {
        assert_eq!(desk.code(wrong), Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn an_account_is_shut_at_once_and_opened_again() {
    // R-SE-07, R-LG-01
    let desk = Desk::new();
    let server = Server::develop(&desk.data, &[]);
    let api = Api::new(&server.base);
    let ada = api.sign_up_fully(ADA).await;
    assert_eq!(api.caller(&ada.token).await.0, StatusCode::OK);
    for _again in 0..2 {
        assert_eq!(desk.done(&["user", "ban", ADA])["user"]["status"], "banned");
    }
    assert_eq!(api.caller(&ada.token).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(addresses(&desk.done(&["user", "list", "--status", "banned"])), [ADA]);
    assert_eq!(desk.done(&["user", "unban", &ada.user])["user"]["status"], "active");
    assert_eq!(api.caller(&ada.token).await.0, StatusCode::UNAUTHORIZED, "what died stays dead");
    let ada = api.log_in(ADA).await;
    assert_eq!(api.caller(&ada.token).await.0, StatusCode::OK);
    assert_eq!(desk.said(&["user", "logout", ADA]).lines().last(), Some("1 sessions ended."));
    assert_eq!(api.caller(&ada.token).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(desk.said(&["user", "logout", ADA]).lines().last(), Some("0 sessions ended."));

    let ada = api.log_in(ADA).await;
    let (_, log) = {
        let path = "/v1/users/me/audit-events?limit=100";
        api.send(Method::GET, path, Some(&ada.token), None).await
    };
    let log = log["data"].as_array().unwrap().clone();
    for event in ["user.banned", "user.unbanned", "sessions.ended"] {
        let entry = log.iter().find(|entry| entry["event"] == event);
        let entry = entry.unwrap_or_else(|| panic!("no {event}: {log:?}"));
        assert_eq!(entry["actorId"], Value::Null, "nobody of the deployment did it: {entry}");
    }
}

#[tokio::test]
async fn roles_are_given_and_taken_and_somebody_always_administers() {
    // R-AZ-05, R-SE-03
    let desk = Desk::new();
    let server = Server::develop(&desk.data, &[]);
    let api = Api::new(&server.base);
    let ada = api.sign_up_fully(ADA).await;
    let granted = desk.done(&["user", "grant", "administrator", ADA]);
    assert_eq!(granted["user"]["roles"], json!(["user", "administrator"]));
    assert_eq!(api.caller(&ada.token).await.0, StatusCode::UNAUTHORIZED, "he logs in anew");
    for last in [
        &["user", "revoke", "administrator", ADA][..],
        &["user", "ban", ADA],
        &["user", "ban", &ada.user],
    ] {
        let told = desk.refused(last);
        assert!(told.contains("durward user grant administrator"), "{told}");
    }
    desk.done(&["admin", "create", "--name", "Grace", "--email", "grace@example.com"]);
    let revoked = desk.done(&["user", "revoke", "administrator", ADA]);
    assert_eq!(revoked["user"]["roles"], json!(["user"]));
    let said = desk.said(&["user", "grant", "administrator", ADA]);
    assert_eq!(said.lines().last(), Some("The roles are: user, administrator."));
}

/// Enrols an authenticator app.
async fn enrol(api: &Api, token: &str) {
    let (status, begun) = api.send(Method::POST, "/v1/users/me/totp", Some(token), None).await;
    assert!(status.is_success(), "{begun}");
    let secret = TotpSecret::parse(begun["secret"].as_str().unwrap()).unwrap();
    let code = secret.code_at(totp_step(SystemClock.now())).digits().expose().clone();
    let body = json!({ "code": begun["code"], "secret": code });
    let path = "/v1/users/me/totp/confirm";
    let (status, answer) = api.send(Method::POST, path, Some(token), Some(&body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

#[test]
fn what_is_told_by_mail_is_done_where_the_server_is_known() {
    // R-EM-06: the notice has a link.
    let place = tempfile::tempdir().unwrap();
    let sink = SmtpSink::open();
    let run = |arguments: &[&str], public: bool| -> (Option<i32>, Value) {
        let mut command = configured(place.path(), &sink);
        if !public {
            command.env_remove("DURWARD_PUBLIC_URL");
        }
        let answer = finish(command.args(arguments).arg("--json"));
        (answer.status.code(), parsed(&answer.stdout))
    };
    assert!(finish(configured(place.path(), &sink).arg("migrate")).status.success());
    let grace = "grace@example.com";
    assert_eq!(run(&["admin", "create", "--name", "Grace", "--email", grace], true).0, Some(0));
    let (code, answer) = run(&["user", "reset-factors", grace], true);
    assert_eq!((code, &answer["ok"]), (Some(0), &json!(true)), "{answer}");
    for mailing in [
        &["user", "reset-factors", grace][..],
        &["client", "rotate", "cli_01890a5d7c7e7c8a9b0c1d2e3f"],
    ] {
        let (code, answer) = run(mailing, false);
        assert_eq!((code, &answer["problems"][0]["setting"]), (Some(2), &json!("public_url")));
    }
    assert_eq!(run(&["user", "show", grace], false).0, Some(0), "others need none");
}

#[tokio::test]
async fn whoever_lost_his_second_factor_gets_in_again() {
    // R-MF-07
    let desk = Desk::new();
    let server = Server::develop(&desk.data, &[]);
    let api = Api::new(&server.base);
    let ada = api.sign_up_fully(ADA).await;
    enrol(&api, &ada.token).await;
    let shown = desk.done(&["user", "show", ADA])["user"].clone();
    assert_eq!((&shown["authenticatorApp"], &shown["recoveryCodes"]), (&json!(true), &json!(10)));
    let said = desk.said(&["user", "reset-factors", ADA]);
    assert!(said.ends_with("The authenticator app and the recovery codes are gone.\n"), "{said}");
    assert_eq!(api.caller(&ada.token).await.0, StatusCode::UNAUTHORIZED);
    let shown = desk.done(&["user", "show", ADA])["user"].clone();
    assert_eq!((&shown["authenticatorApp"], &shown["recoveryCodes"]), (&json!(false), &json!(0)));
    api.log_in(ADA).await;
    assert!(desk.said(&["user", "reset-factors", ADA]).contains("no second factor"));
}
