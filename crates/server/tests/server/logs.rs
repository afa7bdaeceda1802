//! What the logs say, and what they never say.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{Api, PASSWORD, STATE, tokens};
use crate::production;
use crate::smtp_sink::SmtpSink;

const ADA: &str = "ada.lovelace@example.com";

#[tokio::test]
async fn at_the_finest_level_the_log_holds_no_secret_of_a_whole_run() {
    // R-LG-02
    let place = tempfile::tempdir().unwrap();
    let sink = SmtpSink::open();
    let server = production::serve(place.path(), &sink, &["--log-level", "trace"]);
    let api = Api::new(&server.base);
    let mut secrets: Vec<String> = vec![PASSWORD.into(), STATE.into(), ADA.into()];
    secrets.push(std::fs::read_to_string(place.path().join("keys")).unwrap().trim()[2..].into());

    // Sign-up, by the typed code.
    let handle = api.sign_up(ADA).await;
    let mail = sink.mail();
    secrets.extend(secrets_of_mail(&mail));
    let code = secrets.last().unwrap().clone();
    let first = api.answer_code(&handle, &code).await;
    secrets.extend([handle, first.token.clone(), first.refresh.clone()]);

    // A wrong password, the right one, and one for nobody.
    let login = |email: &str, secret: &str| json!({ "idType": "email", "idValue": email, "secret": secret, "state": STATE });
    let wrong = "this is quite wrong, whoever asks";
    secrets.push(wrong.into());
    for (email, secret, expected) in [
        (ADA, wrong, StatusCode::UNAUTHORIZED),
        ("nobody.at.all@example.com", wrong, StatusCode::UNAUTHORIZED),
        (ADA, PASSWORD, StatusCode::OK),
    ] {
        let (status, answer) = api.post("/v1/authn/password", &login(email, secret)).await;
        assert_eq!(status, expected, "{answer}");
        if status == StatusCode::OK {
            let session = tokens(&answer);
            secrets.extend([session.token, session.refresh]);
        }
    }
    secrets.push("nobody.at.all@example.com".into());

    // Login by the link of a mail.
    let request = json!({ "idType": "email", "idValue": ADA, "state": STATE });
    let (status, step) = api.post("/v1/authn/email", &request).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    secrets.push(step["code"].as_str().unwrap().into());
    let mail = sink.mail();
    let found = secrets_of_mail(&mail);
    let link = json!({ "idType": "code", "idValue": found[0], "state": STATE });
    secrets.extend(found);
    let (status, answer) = api.post("/v1/authn/code", &link).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let second = tokens(&answer);
    secrets.extend([second.token.clone(), second.refresh.clone()]);

    // Use, refresh, malformed requests with secrets in them, logout.
    let (status, refreshed) = api.refresh(&first).await;
    assert_eq!(status, StatusCode::OK);
    let refreshed = tokens(&refreshed);
    secrets.extend([refreshed.token.clone(), refreshed.refresh.clone()]);
    assert_eq!(api.caller(&refreshed.token).await.0, StatusCode::OK);
    assert_eq!(api.caller(&refreshed.refresh).await.0, StatusCode::UNAUTHORIZED);
    let broken = json!({ "name": "Ada", "email": ADA, "password": PASSWORD, "secret": PASSWORD });
    assert_eq!(api.post("/v1/users", &broken).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let in_query = format!("/v1/caller?token={}", refreshed.token);
    api.get(&in_query).await;
    let logout = "/v1/sessions/logout";
    let (status, _) = api.send(Method::POST, logout, Some(&second.token), None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);

    let log = server.stop();
    for secret in &secrets {
        assert!(!log.contains(secret.as_str()), "the log holds {secret}");
    }
    // The log did say something, one JSON object a line, down to the level that was asked for.
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(lines.iter().any(|line| line["message"] == "a mail was delivered"), "{log}");
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()));
}

/// The link code and the typed code of a mail, as they were before they travelled.
fn secrets_of_mail(mail: &str) -> Vec<String> {
    let whole = mail.replace("=\n", "").replace("=3D", "=");
    let at = whole.find("dw_cd_").unwrap_or_else(|| panic!("no link in {whole}"));
    let link = whole[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let is_code = |line: &&str| {
        line.len() == 8 && line.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let typed = whole.lines().map(str::trim).find(is_code).expect("no code in the mail").to_owned();
    vec![link, typed]
}
