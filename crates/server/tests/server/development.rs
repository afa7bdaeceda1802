//! `durward serve --dev`.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{Api, STATE, tokens};
use crate::process::{Server, durward, finish, text};

const ADA: &str = "ada@example.com";

#[tokio::test]
async fn a_stranger_signs_up_reads_the_mail_holds_uses_refreshes_and_ends_a_session() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::develop(&place.path().join("data"), &[]);
    let api = Api::new(&server.base);

    let handle = api.sign_up(ADA).await;
    let mail = api.mail("ADA@example.com").await;
    assert_eq!(mail["to"], ADA);
    let code = mail["code"].as_str().unwrap();
    assert_eq!(code.len(), 8);
    let link = mail["link"].as_str().unwrap();
    assert!(link.starts_with(&format!("{}/verify?purpose=sign-up#dw_cd_", server.base)), "{link}");
    assert!(mail["text"].as_str().unwrap().contains(code));
    assert!(mail["html"].as_str().unwrap().contains(code));
    for key in ["id", "subject", "createdAt"] {
        assert!(mail[key].is_string(), "{key}");
    }

    let session = api.answer_code(&handle, code).await;
    let (status, caller) = api.caller(&session.token).await;
    assert_eq!((status, &caller["user"]["id"]), (StatusCode::OK, &json!(session.user)));

    let (status, refreshed) = api.refresh(&session).await;
    assert_eq!(status, StatusCode::OK);
    let refreshed = tokens(&refreshed);
    assert_eq!(api.caller(&session.token).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(api.caller(&refreshed.token).await.0, StatusCode::OK);

    let logout = "/v1/sessions/logout";
    let (status, _) = api.send(Method::POST, logout, Some(&refreshed.token), None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(api.caller(&refreshed.token).await.0, StatusCode::UNAUTHORIZED);
    server.stop();
}

#[tokio::test]
async fn a_second_factor_can_be_asked_of_everybody() {
    // R-MF-01
    let place = tempfile::tempdir().unwrap();
    let flags = ["--set=second_factor=required"];
    let server = Server::develop(&place.path().join("data"), &flags);
    let api = Api::new(&server.base);
    let session = api.sign_up_fully(ADA).await;
    let (status, caller) = api.caller(&session.token).await;
    assert_eq!((status, &caller["enrolling"]["id"]), (StatusCode::OK, &json!(session.user)));
    let bearer = Some(session.token.as_str());
    let (status, refused) = api.send(Method::GET, "/v1/organizations", bearer, None).await;
    assert_eq!(
        (status, &refused["code"]),
        (StatusCode::FORBIDDEN, &json!("SECOND_FACTOR_REQUIRED"))
    );
    let (status, _) = api.send(Method::POST, "/v1/users/me/totp", bearer, None).await;
    assert_eq!(status, StatusCode::CREATED);
}

#[tokio::test]
async fn the_code_of_the_link_works_for_the_state_that_began() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::develop(&place.path().join("data"), &[]);
    let api = Api::new(&server.base);
    api.sign_up(ADA).await;
    let mail = api.mail(ADA).await;
    let (_, code) = mail["link"].as_str().unwrap().split_once('#').unwrap();
    let attempt = |state: &str| json!({ "idType": "code", "idValue": code, "state": state });

    let (status, _) = api.post("/v1/authn/code", &attempt("another-state-0123456789")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, answer) = api.post("/v1/authn/code", &attempt(STATE)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

#[tokio::test]
async fn a_restart_keeps_sessions_mails_and_keys() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::develop(&data, &[]);
    let session = Api::new(&server.base).sign_up_fully(ADA).await;
    server.stop();

    let server = Server::develop(&data, &[]);
    let api = Api::new(&server.base);
    assert_eq!(api.caller(&session.token).await.0, StatusCode::OK);
    assert_eq!(api.refresh(&session).await.0, StatusCode::OK);
    assert_eq!(api.get_json("/dev/mail/messages").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn two_servers_share_a_folder() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let servers = [Server::develop(&data, &[]), Server::develop(&data, &[])];
    let [one, other] = servers.each_ref().map(|server| Api::new(&server.base));

    let handle = one.sign_up(ADA).await;
    let mail = other.mail(ADA).await;
    let session = other.answer_code(&handle, mail["code"].as_str().unwrap()).await;
    assert_eq!(one.caller(&session.token).await.0, StatusCode::OK);

    let (status, refreshed) = one.refresh(&session).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(other.caller(&session.token).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(other.caller(&tokens(&refreshed).token).await.0, StatusCode::OK);

    // However many ask two processes at once, a code is spent once.
    let handle = one.sign_up("eve@example.com").await;
    let mail = one.mail("eve@example.com").await;
    let body = json!({
        "idType": "code", "idValue": handle, "secret": mail["code"], "state": STATE,
    });
    let answers = (0..4).flat_map(|_| [&one, &other]).map(|api| api.post("/v1/authn/code", &body));
    let statuses: Vec<StatusCode> = futures_util::future::join_all(answers)
        .await
        .into_iter()
        .map(|(status, _)| status)
        .collect();
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 1);
    assert!(statuses.iter().all(|status| status.is_success() || status.is_client_error()));
}

#[test]
fn it_refuses_to_be_reached_by_others() {
    // R-CF-02
    let place = tempfile::tempdir().unwrap();
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let refused = finish(durward(place.path()).args(["serve", "--dev", "--listen", listen]));
        assert_eq!(refused.status.code(), Some(2));
        let told = text(&refused.stderr);
        assert!(told.contains("listen") && told.contains("127.0.0.1"), "{told}");
    }
    // Nothing was begun.
    assert_eq!(place.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn its_pages_load_nothing_from_elsewhere_and_do_nothing_on_get() {
    // R-HT-06, R-SE-15
    let place = tempfile::tempdir().unwrap();
    let server = Server::develop(&place.path().join("data"), &[]);
    let api = Api::new(&server.base);
    api.sign_up(ADA).await;
    let mail = api.mail(ADA).await;
    let shown = format!("/dev/mail/{}", mail["id"].as_str().unwrap());
    for path in ["/", "/verify", "/docs", "/dev/mail", shown.as_str()] {
        let response = api.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let headers = response.headers().clone();
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{path}: {policy}");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cache-control"), "no-store");
        let html = response.text().await.unwrap().replace("&#x2f;", "/");
        let elsewhere =
            html.match_indices("http").filter(|(at, _)| !html[*at..].starts_with(&server.base));
        assert_eq!(elsewhere.count(), 0, "{path}: {html}");
    }
    let html = api.get(&format!("{shown}/html")).await;
    assert!(html.headers()["content-security-policy"].to_str().unwrap().starts_with("sandbox"));
    assert!(html.text().await.unwrap().contains(mail["code"].as_str().unwrap()));
    assert_eq!(api.get("/dev/mail/no-such-mail").await.status(), StatusCode::NOT_FOUND);

    // All of these pages were opened, and the code is still good.
    let (_, code) = mail["link"].as_str().unwrap().split_once('#').unwrap();
    let body = json!({ "idType": "code", "idValue": code, "state": STATE });
    assert_eq!(api.post("/v1/authn/code", &body).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_page_elsewhere_whose_name_points_here_cannot_read_the_mails() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::develop(&place.path().join("data"), &[]);
    let request = reqwest::Client::new()
        .get(format!("{}/dev/mail/messages", server.base))
        .header("host", "rebound.example");
    assert_eq!(request.send().await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn it_says_that_it_lives_and_is_ready() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::develop(&place.path().join("data"), &[]);
    let api = Api::new(&server.base);
    assert_eq!(api.get_json("/livez").await, json!({ "live": true }));
    let ready: Value = api.get_json("/readyz").await;
    let checks = json!({ "database": "ok", "schema": "ok", "outbox": "ok" });
    assert_eq!(ready, json!({ "ready": true, "checks": checks }));
    let document = api.get_json("/v1/openapi.json").await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
}
