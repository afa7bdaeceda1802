use std::sync::Arc;
use std::time::Duration;

use durward_core::RefreshToken;
use durward_core::behavior::{Behavior, StepContext, StepRule};
use durward_core::entity::{Method, Step};
use durward_http::HttpSettings;
use serde_json::{Value, json};

use crate::site::{Ask, PASSWORD, Reply, STATE, Site, sign_up};

fn password(email: &str, secret: &str) -> Value {
    json!({ "idType": "email", "idValue": email, "secret": secret, "state": STATE })
}

async fn login(site: &Site, body: &Value) -> Reply {
    site.send(Ask::post("/v1/authn/password").json(body).header("x-request-id", "same")).await
}

#[tokio::test]
async fn whatever_is_wrong_with_a_login_looks_the_same() {
    // R-EN-01, AM-02, AM-15
    let site = Site::standard();
    site.session("ada@example.com").await;
    let mut passwordless = sign_up("bob@example.com");
    passwordless.as_object_mut().unwrap().retain(|name, _| !name.starts_with("password"));
    site.send(Ask::post("/v1/users").json(&passwordless)).await;
    let code = site.mailed("bob@example.com").await.unwrap();
    let body = json!({ "idType": "code", "idValue": code.link, "state": STATE });
    assert_eq!(site.send(Ask::post("/v1/authn/code").json(&body)).await.status, 200);
    site.send(Ask::post("/v1/users").json(&sign_up("eve@example.com"))).await;

    let mut seen = Vec::new();
    for (email, secret) in [
        ("ada@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("bob@example.com", PASSWORD),
        ("eve@example.com", PASSWORD),
    ] {
        let reply = login(&site, &password(email, secret)).await;
        seen.push((reply.status, reply.text(), format!("{:?}", reply.headers)));
    }
    assert_eq!(seen[0].0, 401);
    assert!(seen.iter().all(|it| *it == seen[0]), "{seen:?}");
    assert_eq!(login(&site, &password("ada@example.com", PASSWORD)).await.status, 200);
}

#[tokio::test]
async fn a_login_by_mail_takes_the_typed_code_or_the_link() {
    let site = Site::standard();
    site.session("ada@example.com").await;
    let ask = json!({ "idType": "email", "idValue": "ada@example.com", "state": STATE });
    for typed in [true, false] {
        let reply = site.send(Ask::post("/v1/authn/email").json(&ask)).await;
        assert_eq!(reply.status, 202);
        let code = site.mailed("ada@example.com").await.unwrap();
        let body = if typed {
            let handle = &reply.json()["code"];
            let typed = code.typed.to_lowercase();
            json!({ "idType": "code", "idValue": handle, "secret": typed, "state": STATE })
        } else {
            json!({ "idType": "code", "idValue": code.link, "state": STATE })
        };
        let reply = site.send(Ask::post("/v1/authn/code").json(&body)).await;
        assert_eq!((reply.status, &reply.json()["t"]), (200, &json!("session")));
        // R-OT-01
        let again = site.send(Ask::post("/v1/authn/code").json(&body)).await;
        assert_eq!(again.problem(), (401, "UNAUTHENTICATED".into()));
    }
    let nobody = json!({ "idType": "email", "idValue": "nobody@example.com", "state": STATE });
    let mails = site.mails().await;
    assert_eq!(site.send(Ask::post("/v1/authn/email").json(&nobody)).await.status, 202);
    assert_eq!(site.mails().await, mails);
}

#[tokio::test]
async fn a_text_that_is_no_code_is_as_wrong_as_a_wrong_one() {
    // R-EN-01
    let site = Site::standard();
    let step = site.send(Ask::post("/v1/users").json(&sign_up("ada@example.com"))).await.json();
    let handle = step["code"].as_str().unwrap();
    let unknown = RefreshToken::mint(&*site.accounts.parts().entropy).expose().to_owned();
    let mut seen = Vec::new();
    for (value, secret) in [
        (handle, Some("BCDFGHJK")),
        (handle, Some("no code at all")),
        (handle, Some("")),
        ("dw_fl_x", Some("BCDFGHJK")),
        ("", Some("BCDFGHJK")),
        (unknown.as_str(), Some("BCDFGHJK")),
        (unknown.as_str(), None),
        ("dw_cd_x", None),
        ("x", None),
    ] {
        let mut body = json!({ "idType": "code", "idValue": value, "state": STATE });
        if let Some(secret) = secret {
            body["secret"] = json!(secret);
        }
        let ask = Ask::post("/v1/authn/code").json(&body).header("x-request-id", "same");
        let reply = site.send(ask).await;
        seen.push((reply.status, reply.text()));
    }
    assert_eq!(seen[0].0, 401);
    assert!(seen.iter().all(|it| *it == seen[0]), "{seen:?}");
}

#[tokio::test]
async fn the_state_binds_a_flow_to_its_browser() {
    let site = Site::standard();
    site.send(Ask::post("/v1/users").json(&sign_up("ada@example.com"))).await;
    let code = site.mailed("ada@example.com").await.unwrap();
    let other = "x".repeat(22);
    let body = json!({ "idType": "code", "idValue": code.link, "state": other });
    assert_eq!(site.send(Ask::post("/v1/authn/code").json(&body)).await.status, 401);
    for state in [json!("short"), json!(null), json!("x".repeat(129)), json!("ü".repeat(22))] {
        let body = json!({ "idType": "code", "idValue": code.link, "state": state });
        let reply = site.send(Ask::post("/v1/authn/code").json(&body)).await;
        assert_eq!((reply.status, reply.pointers()), (422, vec!["/state".to_owned()]));
    }
}

#[tokio::test]
async fn bodies_of_logins_are_closed() {
    let site = Site::standard();
    for (path, least) in [
        ("/v1/authn/email", vec!["/idType", "/idValue", "/state"]),
        ("/v1/authn/password", vec!["/idType", "/idValue", "/secret", "/state"]),
        ("/v1/authn/code", vec!["/idType", "/idValue", "/state"]),
    ] {
        let reply = site.send(Ask::post(path).json(&json!({}))).await;
        assert_eq!(
            (reply.status, reply.pointers()),
            (422, least.iter().map(|&it| it.into()).collect())
        );
        let body = json!({ "idType": "totp", "user": 1 });
        let reply = site.send(Ask::post(path).json(&body)).await;
        let found = reply.obstructions();
        assert!(found.contains(&("/idType".into(), "UNKNOWN_VALUE".into())), "{found:?}");
        assert!(found.contains(&("/user".into(), "UNKNOWN_FIELD".into())), "{found:?}");
    }
}

struct CodeAfterPassword;
impl StepRule for CodeAfterPassword {
    fn next(&self, context: &StepContext<'_>) -> Option<Step> {
        (context.done == [Method::Password]).then_some(Step::Code)
    }
}

#[tokio::test]
async fn a_login_may_need_another_step() {
    let change = |parts: &mut durward_core::Parts<_>| {
        parts.behavior = Behavior { steps: Arc::new(CodeAfterPassword), ..Behavior::default() };
    };
    let site = Site::new(change, HttpSettings::default());
    site.session("ada@example.com").await;
    let reply = login(&site, &password("ada@example.com", PASSWORD)).await;
    assert_eq!((reply.status, &reply.json()["t"]), (200, &json!("step")));
    let code = site.mailed("ada@example.com").await.unwrap();
    let handle = &reply.json()["code"];
    let body = json!({ "idType": "code", "idValue": handle, "secret": code.typed, "state": STATE });
    let reply = site.send(Ask::post("/v1/authn/code").json(&body)).await;
    assert_eq!((reply.status, &reply.json()["t"]), (200, &json!("session")));
}

#[tokio::test]
async fn too_many_failures_from_one_network_must_wait() {
    // R-TH-05, R-TH-07
    let site = Site::new(
        |parts| {
            parts.settings.limits.network_failures =
                durward_core::budget::Rate::per(3, Duration::from_secs(30));
        },
        HttpSettings::default(),
    );
    let wrong = password("nobody@example.com", "wrong");
    for _ in 0..3 {
        assert_eq!(login(&site, &wrong).await.status, 401);
    }
    let reply = login(&site, &wrong).await;
    assert_eq!(reply.problem(), (429, "THROTTLED".into()));
    assert_eq!(reply.header("retry-after"), "10");
    assert_eq!(reply.header("ratelimit-policy"), r#""failures";q=3;w=30"#);
    assert_eq!(reply.header("ratelimit"), r#""failures";r=0;t=10"#);
    let elsewhere = Ask::post("/v1/authn/password").json(&wrong).from("198.51.100.7:1");
    assert_eq!(site.send(elsewhere).await.status, 401);
    site.wait(Duration::from_secs(10));
    assert_eq!(login(&site, &wrong).await.status, 401);
}
