//! A second factor that is asked of people who have none.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use durward_core::Plain;
use durward_core::behavior::TwoFactors;
use durward_core::entity::{TotpSecret, totp_step};
use durward_http::{Guard, require};
use serde_json::{Value, json};

use crate::site::{Ask, PASSWORD, STATE, Site, answer, settings};

fn strict(rule: TwoFactors) -> Site {
    Site::new(|parts| parts.behavior.steps = Arc::new(rule), settings())
}

async fn refusal(site: &Site, ask: Ask) -> (u16, String) {
    site.send(ask).await.problem()
}

fn required() -> (u16, String) {
    (403, "SECOND_FACTOR_REQUIRED".into())
}

/// Enrols an authenticator app and answers its secret.
pub(crate) async fn enrol(site: &Site, token: &Value) -> TotpSecret {
    let begun = site.send(Ask::post("/v1/users/me/totp").bearer(token)).await;
    assert_eq!(begun.status, 201);
    let begun = begun.json();
    let secret = TotpSecret::parse(begun["secret"].as_str().unwrap()).unwrap();
    let digits = secret.code_at(totp_step(site.accounts.now())).digits().expose().clone();
    let proof = json!({ "code": begun["code"], "secret": digits });
    let confirmed =
        site.send(Ask::post("/v1/users/me/totp/confirm").bearer(token).json(&proof)).await;
    assert_eq!(confirmed.status, 200);
    site.wait(std::time::Duration::from_secs(30));
    secret
}

#[tokio::test]
async fn who_must_have_a_second_factor_may_enrol_one_and_nothing_else() {
    // R-MF-01, R-MF-02
    let site = strict(TwoFactors::Everyone);
    let session = site.session("ada@example.com").await;
    let token = &session["token"];
    let caller = site.send(Ask::get("/v1/caller").bearer(token)).await.json();
    assert_eq!(caller["user"], Value::Null);
    let me = site.send(Ask::get("/v1/users/me").bearer(token)).await;
    assert_eq!((me.status, &caller["enrolling"]["id"]), (200, &me.json()["id"]));

    let locked = || {
        let organization = json!({ "name": "Looms" });
        let emails = json!({ "emails": ["ada@work.example"] });
        let password = json!({ "currentPassword": PASSWORD, "password": "other walrus meadow lantern",
            "passwordConf": "other walrus meadow lantern" });
        [
            Ask::post("/v1/organizations").json(&organization),
            Ask::get("/v1/organizations"),
            Ask::get("/v1/users/me/sessions"),
            Ask::get("/v1/users/me/export"),
            Ask::post("/v1/users/me/login-emails").json(&emails),
            Ask::post("/v1/users/me/password").json(&password),
            Ask::post("/v1/users/me/clients").json(&json!({ "name": "key" })),
            Ask::delete("/v1/users/me/totp"),
            Ask::delete("/v1/users/me"),
            Ask::get("/v1/users"),
        ]
    };
    for ask in locked() {
        assert_eq!(refusal(&site, ask.bearer(token)).await, required());
    }
    let secret = enrol(&site, token).await;
    for ask in locked() {
        assert_eq!(
            refusal(&site, ask.bearer(token)).await,
            required(),
            "it proved no second factor"
        );
    }

    let login = Ask::post("/v1/authn/password").json(&json!({
        "idType": "email", "idValue": "ada@example.com", "secret": PASSWORD, "state": STATE,
    }));
    let step = site.send(login).await.json();
    let digits = secret.code_at(totp_step(site.accounts.now())).digits().expose().clone();
    let proof =
        json!({ "idType": "code", "idValue": step["code"], "secret": digits, "state": STATE });
    let proof = Ask::post("/v1/authn/totp").bearer(token).json(&proof);
    let full = site.send(proof).await.json();
    let make = Ask::post("/v1/organizations").json(&json!({ "name": "Looms" }));
    assert_eq!(site.send(make.bearer(&full["token"])).await.status, 201);
    let replaced = Ask::get("/v1/users/me").bearer(token);
    assert_eq!(refusal(&site, replaced).await.0, 401, "the new session took its place");
}

#[tokio::test]
async fn a_session_that_may_only_enrol_can_be_ended() {
    let site = strict(TwoFactors::Everyone);
    let session = site.session("ada@example.com").await;
    let logout = Ask::post("/v1/sessions/logout").bearer(&session["token"]);
    assert_eq!(site.send(logout).await.status, 204);
    let me = Ask::get("/v1/users/me").bearer(&session["token"]);
    assert_eq!(refusal(&site, me).await, (401, "UNAUTHENTICATED".into()));
}

#[tokio::test]
async fn a_rule_for_administrators_leaves_others_alone() {
    // R-MF-01
    let site = strict(TwoFactors::Administrators);
    let session = site.session("ada@example.com").await;
    let list = Ask::get("/v1/organizations").bearer(&session["token"]);
    assert_eq!(site.send(list).await.status, 200);
}

#[tokio::test]
async fn the_routes_of_an_application_are_closed_to_who_must_enrol_first() {
    // R-MF-01
    let site = strict(TwoFactors::Everyone);
    let session = site.session("ada@example.com").await;
    for guard in [Guard::<Plain>::User, Guard::Fresh] {
        let app = Router::new()
            .route("/budget", get(|| async { "42" }))
            .route_layer(require(guard))
            .layer(site.http(settings()).authenticate());
        let reply = answer(app, Ask::get("/budget").bearer(&session["token"])).await;
        assert_eq!(reply.problem(), required());
    }
}
