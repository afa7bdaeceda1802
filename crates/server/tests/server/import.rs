//! `durward user import`.

use std::path::Path;
use std::process::Output;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::client::{Api, STATE};
use crate::process::{Server, durward, finish, json as parsed, text};

/// bcrypt of `correct horse battery`, made with libxcrypt.
const HASH: &str = "$2b$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.";

fn import(place: &Path, lines: &[Value], flags: &[&str]) -> (Output, Value, Vec<Value>) {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    std::fs::write(place.join("users.ndjson"), lines.join("\n")).unwrap();
    let mut command = durward(place);
    command.args(["--json", "user", "import", "--dev", "users.ndjson"]).args(flags);
    let output = finish(&mut command);
    let told = parsed(&output.stdout);
    let report = text(&output.stderr);
    let rejected = report.lines().filter(|line| line.starts_with("{\"line\""));
    let rejected = rejected.map(|line| serde_json::from_str(line).unwrap()).collect();
    (output, told, rejected)
}

fn user(n: u32) -> Value {
    json!({
        "sourceId": n.to_string(),
        "name": format!("Ada {n}"),
        "createdAt": "2020-01-02T03:04:05Z",
        "emails": [{ "email": format!("ada{n}@example.com"), "verified": true }],
    })
}

#[tokio::test]
async fn imported_users_log_in_with_the_password_they_had() {
    // R-PW-09
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("durward-data");
    Server::develop(&data, &[]).stop();
    let mut ada = user(1);
    ada["passwordHash"] = HASH.into();
    let lines: Vec<Value> = [ada].into_iter().chain((2..1_200).map(user)).collect();
    let (_, dry, _) = import(place.path(), &lines, &["--dry-run"]);
    assert_eq!(
        dry,
        json!({ "ok": true, "dryRun": true, "created": 1_199, "there": 0, "rejected": 0 })
    );
    let (_, half, _) = import(place.path(), &lines[..700], &[]);
    assert_eq!(half["created"], 700, "the dry run wrote nothing");
    // It goes on where it was interrupted, and nothing is there twice.
    let (_, rest, _) = import(place.path(), &lines, &[]);
    assert_eq!((&rest["created"], &rest["there"]), (&json!(499), &json!(700)));

    let server = Server::develop(&data, &[]);
    let client = reqwest::Client::new();
    let body = json!({
        "idType": "email",
        "idValue": "ada1@example.com",
        "secret": "correct horse battery",
        "state": STATE,
    });
    let login = client.post(format!("{}/v1/authn/password", server.base)).json(&body);
    let session: Value = login.send().await.unwrap().json().await.unwrap();
    assert_eq!(session["t"], "session", "{session}");
    let caller = Api::new(&server.base).caller(session["token"].as_str().unwrap()).await;
    assert_eq!(caller.0, StatusCode::OK);
    server.stop();
    let verified = finish(durward(place.path()).args(["audit", "verify", "--dev"]));
    assert!(verified.status.success(), "an entry for each: {}", text(&verified.stdout));
}

#[test]
fn everything_wrong_with_every_line_is_told() {
    let place = tempfile::tempdir().unwrap();
    Server::develop(&place.path().join("durward-data"), &[]).stop();
    let with = |name: &str, value: Value| {
        let mut line = user(9);
        line["sourceId"] = name.into();
        line["emails"][0]["email"] = format!("{name}@example.com").into();
        line[name] = value;
        line
    };
    let mut again = user(1);
    again["sourceId"] = "another".into();
    let lines = [
        user(1),
        json!({ "name": "", "emails": [{ "email": "no address" }], "shoeSize": 42, "roles": ["administrator"] }),
        user(1),
        again,
        with("passwordHash", "$2b$31$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.".into()),
        with("status", "deleted".into()),
        with("createdAt", "yesterday".into()),
        json!([]),
        user(2),
    ];
    for flags in [&["--dry-run"][..], &[]] {
        let (output, told, rejected) = import(place.path(), &lines, flags);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!((&told["created"], &told["rejected"]), (&json!(2), &json!(7)));
        let codes = |line: usize| -> Vec<&str> {
            let of_line = rejected.iter().find(|it| it["line"] == line).unwrap();
            let reasons = of_line["reasons"].as_array().unwrap();
            reasons.iter().map(|it| it["code"].as_str().unwrap()).collect()
        };
        let all = ["NAME_INVALID", "ROLE_RESTRICTED", "EMAIL_INVALID", "UNKNOWN_FIELD"];
        assert_eq!(codes(2), all);
        assert_eq!(codes(3), ["REPEATED", "REPEATED"]);
        assert_eq!(codes(4), ["REPEATED"]);
        assert_eq!(codes(5), ["HASH_INVALID"]);
        assert_eq!(codes(6), ["STATUS_INVALID"]);
        assert_eq!(codes(7), ["TIME_INVALID"]);
        assert_eq!(codes(8), ["NO_OBJECT"]);
    }
}
