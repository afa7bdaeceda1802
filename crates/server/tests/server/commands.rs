//! The commands that run to their end.

use std::io::Write;
use std::process::Stdio;

use reqwest::StatusCode;
use serde_json::json;

use crate::client::{Api, STATE};
use crate::process::{Server, durward, finish, json as parsed, text};
use crate::production::configured;
use crate::smtp_sink::SmtpSink;

#[test]
fn settings_are_printed_without_secrets_and_with_their_source() {
    // R-LG-02
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("durward.toml"), "[sessions]\nidle = '7d'\n").unwrap();
    let sink = SmtpSink::open();
    let mut command = configured(place.path(), &sink);
    command.env("DURWARD_DATABASE_URL", "postgres://u:dk3jf93jd@db.shop.dev/durward");
    let printed = finish(command.args(["config", "print"]));
    assert!(printed.status.success());
    let shown = text(&printed.stdout);
    let keys = std::fs::read_to_string(place.path().join("keys")).unwrap();
    assert!(!shown.contains("dk3jf93jd") && !shown.contains(keys.trim()), "{shown}");
    for line in [
        "keys = \"***\" # DURWARD_KEYS_FILE",
        "url = \"postgres://u:***@db.shop.dev/durward\" # DURWARD_DATABASE_URL",
        "idle = \"7d\" # durward.toml:2",
        "token = \"1h\" # default",
        "# sign_up is not set",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    let json = parsed(&finish(command.arg("--json")).stdout);
    assert_eq!(json["keys"], json!({ "value": "***", "from": "DURWARD_KEYS_FILE" }));
    assert_eq!(json["sessions.idle"], json!({ "value": "7d", "from": "durward.toml:2" }));
}

#[test]
fn complete_settings_pass_the_check() {
    let place = tempfile::tempdir().unwrap();
    let sink = SmtpSink::open();
    let checked = finish(configured(place.path(), &sink).args(["config", "check", "--json"]));
    assert_eq!(checked.status.code(), Some(0));
    assert_eq!(parsed(&checked.stdout), json!({ "ok": true, "problems": [] }));
    let checked = finish(durward(place.path()).args(["config", "check", "--json"]));
    assert_eq!(checked.status.code(), Some(2));
    assert_eq!(parsed(&checked.stdout)["ok"], json!(false));
    assert!(finish(durward(place.path()).args(["config", "check", "--dev"])).status.success());
}

#[test]
fn every_key_is_another_one() {
    let place = tempfile::tempdir().unwrap();
    let generate = |flags: &[&str]| {
        let mut command = durward(place.path());
        text(&finish(command.args(["keys", "generate"]).args(flags)).stdout)
    };
    let (one, other) = (generate(&[]), generate(&["--id", "2"]));
    assert!(one.starts_with("1:") && one.trim().len() == 45, "{one}");
    assert!(other.starts_with("2:") && other[2..] != one[2..]);
    let mut command = durward(place.path());
    command.env("DURWARD_KEYS", format!("{},{}", other.trim(), one.trim()));
    let problems = parsed(&finish(command.args(["config", "check", "--json"])).stdout);
    let named = |it: &serde_json::Value| it["setting"] == "keys";
    assert!(!problems["problems"].as_array().unwrap().iter().any(named));
}

#[test]
fn the_statements_of_the_schema_are_printed_without_a_database() {
    let place = tempfile::tempdir().unwrap();
    for engine in ["postgres", "sqlite", "mysql"] {
        let mut command = durward(place.path());
        let printed =
            finish(command.args(["migrate", "--print", "--engine", engine, "--prefix", "shop_"]));
        assert!(printed.status.success());
        let sql = text(&printed.stdout);
        assert!(sql.contains("CREATE TABLE IF NOT EXISTS shop_users"), "{engine}: {sql}");
    }
    let mut command = durward(place.path());
    assert!(
        text(&finish(command.args(["migrate", "--print", "--engine", "sqlite"])).stdout)
            .contains("durward_users")
    );
    let mut command = durward(place.path());
    assert_eq!(finish(command.args(["migrate", "--print"])).status.code(), Some(2));
}

#[test]
fn the_document_of_the_interface_is_printed() {
    let place = tempfile::tempdir().unwrap();
    let printed = finish(durward(place.path()).arg("openapi"));
    let document = parsed(&printed.stdout);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document["paths"]["/v1/authn/code"]["post"].is_object());
}

#[tokio::test]
async fn an_administrator_is_made_once_and_logs_in() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::develop(&data, &[]);
    let create = |email: &str, password: Option<&str>| {
        let mut command = durward(place.path());
        command.args(["admin", "create", "--dev", "--json", "--name", "Grace", "--email", email]);
        command.arg("--data").arg(&data);
        let Some(password) = password else {
            return finish(&mut command);
        };
        command.arg("--password-stdin").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        writeln!(input, "{password}").unwrap();
        drop(input);
        child.wait_with_output().unwrap()
    };
    let password = "a very long pass phrase indeed";
    let made = create("grace@example.com", Some(password));
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stdout));
    let user = parsed(&made.stdout)["userId"].clone();

    let api = Api::new(&server.base);
    let body = json!({
        "idType": "email", "idValue": "grace@example.com", "secret": password, "state": STATE,
    });
    let (status, session) = api.post("/v1/authn/password", &body).await;
    assert_eq!((status, &session["userId"]), (StatusCode::OK, &user), "{session}");
    let (_, caller) = api.caller(session["token"].as_str().unwrap()).await;
    assert_eq!(caller["user"]["roles"], json!(["administrator"]));

    // The address is taken, a weak password is refused with its reasons, and so is what is no address.
    assert_eq!(create("Grace@Example.com", None).status.code(), Some(1));
    let weak = create("other@example.com", Some("password1"));
    assert_eq!(weak.status.code(), Some(2));
    assert!(text(&weak.stdout).contains("15 characters"), "{}", text(&weak.stdout));
    assert_eq!(create("not an address", None).status.code(), Some(2));

    // Without a password, the login goes by mail.
    assert_eq!(create("joan@example.com", None).status.code(), Some(0));
    let body = json!({ "idType": "email", "idValue": "joan@example.com", "state": STATE });
    let (status, step) = api.post("/v1/authn/email", &body).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let mail = api.mail("joan@example.com").await;
    api.answer_code(step["code"].as_str().unwrap(), mail["code"].as_str().unwrap()).await;
}

#[tokio::test]
async fn a_client_is_made_with_a_role_and_its_key_works() {
    // R-CL-01
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::develop(&data, &[]);
    let api = Api::new(&server.base);
    let token = api.sign_up_fully("ada@example.com").await.token;
    let http = reqwest::Client::new();
    let ask = http.post(format!("{}/v1/organizations", server.base)).bearer_auth(&token);
    let ask = ask.header("content-type", "application/json").body(r#"{"name":"Looms"}"#);
    let made = parsed(ask.send().await.unwrap().text().await.unwrap().as_bytes());
    let create = |organization: &str| {
        let mut command = durward(place.path());
        command.args(["client", "create", "--dev", "--json", "--name", "Loom", "--role", "system"]);
        finish(command.args(["--organization", organization]).arg("--data").arg(&data))
    };
    let client = create(made["id"].as_str().unwrap());
    assert_eq!(client.status.code(), Some(0), "{}", text(&client.stdout));
    let client = parsed(&client.stdout);
    let (_, caller) = api.caller(client["secret"].as_str().unwrap()).await;
    assert_eq!(caller["client"]["id"], client["clientId"]);
    assert_eq!(caller["client"]["roles"], json!(["system"]));
    let mut command = durward(place.path());
    command.args(["client", "create", "--dev", "--name", "Loom"]);
    command.args(["--set", "limits.organization_clients=1"]);
    command.args(["--organization", made["id"].as_str().unwrap()]).arg("--data").arg(&data);
    let beyond = finish(&mut command);
    assert_eq!(beyond.status.code(), Some(1));
    assert!(text(&beyond.stderr).contains("limits.organization_clients"));
    assert_eq!(create("org_01890a5d7c7e7c8a9b0c1d2e3f").status.code(), Some(1));
    assert_eq!(create("Looms").status.code(), Some(2));
}

#[test]
fn wrong_usage_ends_with_2() {
    let place = tempfile::tempdir().unwrap();
    for wrong in
        [&["no-such-command"][..], &["serve", "--no-such-flag"], &["serve", "--data", "x"], &[]]
    {
        assert_eq!(finish(durward(place.path()).args(wrong)).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(finish(durward(place.path()).arg("--help")).status.code(), Some(0));
}

#[test]
fn the_doctor_finds_what_a_server_would_stumble_over() {
    let place = tempfile::tempdir().unwrap();
    let sink = SmtpSink::open();
    let examine = || finish(configured(place.path(), &sink).args(["doctor", "--json"]));
    let troubles = |answer: &std::process::Output| -> Vec<bool> {
        let findings = parsed(&answer.stdout)["findings"].as_array().unwrap().clone();
        findings.iter().map(|finding| !finding["trouble"].is_null()).collect()
    };
    let empty = examine();
    assert_eq!((empty.status.code(), troubles(&empty)), (Some(1), vec![false, false, true, false]));
    assert!(finish(configured(place.path(), &sink).arg("migrate")).status.success());
    let healthy = examine();
    assert_eq!((healthy.status.code(), troubles(&healthy)), (Some(0), vec![false; 4]));
    let mut command = configured(place.path(), &sink);
    command.env("DURWARD_SMTP_URL_FILE", "").env("DURWARD_SMTP_URL", "smtp://127.0.0.1:1?tls=none");
    let mute = finish(command.arg("doctor"));
    assert_eq!(mute.status.code(), Some(1));
    assert!(text(&mute.stdout).contains("FAILED  mail server: "), "{}", text(&mute.stdout));
}

#[test]
fn a_wrong_usage_is_told_in_json_to_whoever_asks_for_it() {
    let place = tempfile::tempdir().unwrap();
    for (wrong, named) in [
        (&["nonsense"][..], "nonsense"),
        (&["user", "ban"], "<USER>"),
        (&["user", "list", "--limit", "x"], "--limit"),
        (&[], "subcommand"),
    ] {
        let told = finish(durward(place.path()).args(wrong).arg("--json"));
        assert_eq!(told.status.code(), Some(2), "{wrong:?}");
        let answer = parsed(&told.stdout);
        assert_eq!(answer["ok"], json!(false), "{wrong:?}");
        assert!(answer["error"].as_str().unwrap().contains(named), "{answer}");
        assert_eq!(text(&told.stderr), "", "{wrong:?}");
        let told = finish(durward(place.path()).args(wrong));
        assert_eq!((told.status.code(), text(&told.stdout)), (Some(2), String::new()));
        assert!(text(&told.stderr).contains("--help"), "{wrong:?}");
    }
    for asked in ["--help", "--version"] {
        let told = finish(durward(place.path()).args([asked, "--json"]));
        assert!(told.status.success() && text(&told.stdout).contains("durward"), "{asked}");
    }
}
