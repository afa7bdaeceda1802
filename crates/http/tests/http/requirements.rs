//! What an organization asks of the authentication of its members.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use durward_core::behavior::TwoFactors;
use durward_core::entity::{TotpSecret, totp_step};
use durward_core::{Plain, StandardPermission};
use durward_http::{Guard, require};
use serde_json::{Value, json};

use crate::organizations::{OWNER, accept, founded, invite, path};
use crate::second_factor::enrol;
use crate::sessions::administrator;
use crate::site::{Ask, Reply, STATE, Site, answer, login, settings};

const ADA: &str = "ada@example.com";

/// Logs in by password and app.
async fn log_in(site: &Site, email: &str, secret: &TotpSecret) -> Value {
    site.wait(Duration::from_secs(30));
    let step = site.send(Ask::post("/v1/authn/password").json(&login(email))).await.json();
    let digits = secret.code_at(totp_step(site.accounts.now())).digits().expose().clone();
    let proof =
        json!({ "idType": "code", "idValue": step["code"], "secret": digits, "state": STATE });
    let reply = site.send(Ask::post("/v1/authn/totp").json(&proof)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

async fn ask(site: &Site, organization: &Value, authentication: &str, by: &Value) -> Reply {
    let body = json!({ "authentication": authentication });
    site.send(Ask::patch(path(organization, "")).json(&body).bearer(&by["token"])).await
}

/// The refusal of whoever is authenticated too weakly.
fn assert_insufficient(reply: &Reply, required: &str) {
    assert_eq!(reply.problem(), (401, "INSUFFICIENT_AUTHENTICATION".into()));
    assert_eq!(reply.json()["authentication"], required);
    assert_eq!(
        reply.header("www-authenticate"),
        format!(
            r#"Bearer realm="durward", error="insufficient_user_authentication", acr_values="{required}""#
        )
    );
}

async fn personal_key(site: &Site, who: &Value) -> Value {
    let body = json!({ "name": "Laptop" });
    let made = site.send(Ask::post("/v1/users/me/clients").json(&body).bearer(&who["token"])).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()
}

#[tokio::test]
async fn a_member_is_told_what_to_prove_and_goes_on_with_that() {
    // R-MF-01, R-MF-05, security decision 6
    let (site, mailed, made) = founded().await;
    assert_eq!(made["authentication"], "any");
    let read = async |who: &Value| site.send(Ask::get(path(&made, "")).bearer(&who["token"])).await;
    let refused = ask(&site, &made, "noMailAlone", &mailed).await;
    assert_eq!(
        refused.obstructions(),
        [("/authentication".to_owned(), "AUTHENTICATION_UNPROVEN".to_owned())]
    );
    let owner = site.log_in(OWNER).await;
    let changed = ask(&site, &made, "noMailAlone", &owner).await;
    assert_eq!((changed.status, &changed.json()["authentication"]), (200, &json!("noMailAlone")));
    assert_insufficient(&read(&mailed).await, "noMailAlone");
    assert_eq!(read(&owner).await.status, 200);
    // The way back from the refusal: another login, which takes the place of the session.
    let again = Ask::post("/v1/authn/password").json(&login(OWNER)).bearer(&mailed["token"]);
    let again = site.send(again).await.json();
    assert_eq!(read(&again).await.status, 200);

    let secret = enrol(&site, &owner["token"]).await;
    assert_eq!(read(&owner).await.status, 200, "it proves nothing more by that, and nothing less");
    let refused = ask(&site, &made, "secondFactor", &owner).await;
    assert_eq!(refused.pointers(), ["/authentication"]);
    let strong = log_in(&site, OWNER, &secret).await;
    assert_eq!(ask(&site, &made, "secondFactor", &strong).await.status, 200);
    assert_insufficient(&read(&owner).await, "secondFactor");
    assert_eq!(read(&strong).await.status, 200);
    site.wait(Duration::from_mins(5));
    assert_eq!(ask(&site, &made, "any", &strong).await.problem(), (401, "STEP_UP_REQUIRED".into()));
    let events = Ask::get(path(&made, "/audit-events?event=organization.updated"));
    let events = site.send(events.bearer(&strong["token"])).await.json();
    let told: Vec<&Value> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["details"]["authentication"])
        .collect();
    assert_eq!(
        told,
        [
            &json!({ "before": "noMailAlone", "after": "secondFactor" }),
            &json!({ "before": "any", "after": "noMailAlone" }),
        ]
    );
    let denied = Ask::get(path(&made, "/audit-events?event=access.denied"));
    let denied = site.send(denied.bearer(&strong["token"])).await.json();
    assert_eq!(denied["data"].as_array().unwrap().len(), 2, "R-AZ-08");
}

#[tokio::test]
async fn what_is_asked_is_asked_on_every_route_of_the_organization() {
    // R-MF-01, R-AZ-03
    let (site, owner, made) = founded().await;
    let ada = site.session(ADA).await;
    let code = invite(&site, &owner, &made, ADA, "admin").await;
    let joined = accept(&site, &ada, &code).await;
    let open = invite(&site, &owner, &made, "new@example.com", "viewer").await;
    let invitations = Ask::get(path(&made, "/invitations")).bearer(&owner["token"]);
    let invitation = site.send(invitations).await.json()["data"][0]["id"].clone();
    let clients = path(&made, "/clients");
    let client = Ask::post(&clients).json(&json!({ "name": "Loom" })).bearer(&owner["token"]);
    let client = site.send(client).await.json();
    let strong = site.log_in(OWNER).await;
    assert_eq!(ask(&site, &made, "noMailAlone", &strong).await.status, 200);

    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let owning = format!("/v1/memberships/{}", text(&made["membership"]["id"]));
    let own = format!("/v1/memberships/{}", text(&joined["id"]));
    let invitation = format!("/v1/invitations/{}", text(&invitation));
    let client = format!("/v1/clients/{}", text(&client["id"]));
    let body = json!({ "name": "Coffee" });
    let eve = site.session("eve@example.com").await;
    let invited = json!({ "email": "x@example.com", "role": "viewer" });
    for (method, rest, body) in [
        ("GET", "", None),
        ("GET", "/memberships", None),
        ("GET", "/invitations", None),
        ("GET", "/clients", None),
        ("GET", "/audit-events", None),
        ("POST", "/invitations", Some(&invited)),
        ("POST", "/clients", Some(&body)),
        ("PATCH", "", Some(&body)),
    ] {
        let about = |who: &Value| {
            let ask = Ask::new(method, path(&made, rest)).bearer(&who["token"]);
            body.iter().fold(ask, |ask, body| ask.json(body))
        };
        assert_insufficient(&site.send(about(&ada)).await, "noMailAlone");
        assert_eq!(site.send(about(&eve)).await.status, 404, "{method} {rest}");
    }
    for ask in [
        Ask::get(&owning),
        Ask::patch(&owning).json(&json!({ "role": "viewer" })),
        Ask::delete(&owning),
        Ask::get(&own),
        Ask::delete(&invitation),
        Ask::get(&client),
        Ask::patch(&client).json(&body),
        Ask::post(format!("{client}/secrets")),
        Ask::get(format!("{client}/access-restrictions")),
        Ask::delete(&client),
    ] {
        assert_insufficient(&site.send(ask.bearer(&ada["token"])).await, "noMailAlone");
    }
    // To be told of the membership, to join and to leave take no right in the organization.
    let list = site.send(Ask::get("/v1/organizations").bearer(&ada["token"])).await.json();
    assert_eq!(list["data"][0]["authentication"], "noMailAlone");
    assert_eq!(list["data"][0]["membership"]["role"], "admin");
    assert_eq!(list["data"][0].get("attributes"), None, "what is not the member's own");
    let list = site.send(Ask::get("/v1/organizations").bearer(&strong["token"])).await.json();
    assert!(list["data"][0]["attributes"].is_object());
    let export = site.send(Ask::get("/v1/users/me/export").bearer(&ada["token"])).await.json();
    assert_eq!(export["memberships"][0]["authentication"], "noMailAlone");
    let new = site.session("new@example.com").await;
    assert_eq!(accept(&site, &new, &open).await["role"], "viewer");
    assert_eq!(site.send(Ask::delete(&own).bearer(&ada["token"])).await.status, 204);

    let root = administrator(&site).await;
    assert_eq!(site.send(Ask::get(path(&made, "")).bearer(&root["token"])).await.status, 200);
}

#[tokio::test]
async fn an_organization_is_made_with_what_it_asks() {
    let site = Site::standard();
    let mailed = site.session(OWNER).await;
    let owner = site.log_in(OWNER).await;
    let body = json!({ "name": "Tea", "authentication": "noMailAlone" });
    let found = |who: &Value| {
        let ask = Ask::post("/v1/organizations").json(&body).bearer(&who["token"]);
        ask.header("idempotency-key", "k1")
    };
    let refused = site.send(found(&mailed)).await;
    assert_eq!(refused.obstructions()[0].1, "AUTHENTICATION_UNPROVEN");
    let made = site.send(found(&owner)).await;
    assert_eq!((made.status, &made.json()["authentication"]), (201, &json!("noMailAlone")));
    assert_eq!(site.send(found(&owner)).await.json(), made.json());
    // Neither does the answer to a repeated request tell what the session may not see.
    assert_insufficient(&site.send(found(&mailed)).await, "noMailAlone");
    for (wrong, code) in [(json!("mfa"), "UNKNOWN_VALUE"), (json!(null), "WRONG_TYPE")] {
        let body = json!({ "name": "Tea", "authentication": wrong });
        let ask = Ask::post("/v1/organizations").json(&body).bearer(&owner["token"]);
        let refused = site.send(ask).await.obstructions();
        assert_eq!(refused, [("/authentication".to_owned(), code.to_owned())]);
    }
}

#[tokio::test]
async fn a_personal_key_stands_for_its_user_without_a_further_read() {
    // R-MF-02, P3
    let (site, mailed, made) = founded().await;
    let key = personal_key(&site, &mailed).await;
    let owner = site.log_in(OWNER).await;
    let secret = enrol(&site, &owner["token"]).await;
    let strong = log_in(&site, OWNER, &secret).await;
    let read = async || {
        let (reads, units) = site.store.opened();
        let reply = site.send(Ask::get(path(&made, "")).bearer(&key["secret"])).await;
        let (after, then) = site.store.opened();
        (reply, after - reads, then - units)
    };
    let (reply, usual, _) = read().await;
    assert_eq!(reply.status, 200);
    for asked in ["noMailAlone", "secondFactor"] {
        assert_eq!(ask(&site, &made, asked, &strong).await.status, 200);
        let (reply, reads, units) = read().await;
        assert_eq!((reply.status, reads, units), (200, usual, 0), "{asked}");
    }
    let remove = Ask::delete("/v1/users/me/totp").bearer(&strong["token"]);
    assert_eq!(site.send(remove).await.status, 204);
    assert_insufficient(&read().await.0, "secondFactor");
    let caller = site.send(Ask::get("/v1/caller").bearer(&key["secret"])).await.json();
    let mut shown: Vec<&String> = caller["client"].as_object().unwrap().keys().collect();
    shown.sort();
    assert_eq!(shown, ["authenticated", "id", "organizationId", "roles", "userId"]);
}

#[tokio::test]
async fn a_client_of_the_organization_is_no_member() {
    let (site, owner, made) = founded().await;
    let client = Ask::post(path(&made, "/clients")).json(&json!({ "name": "Loom" }));
    let client = site.send(client.bearer(&owner["token"])).await.json();
    let strong = site.log_in(OWNER).await;
    assert_eq!(ask(&site, &made, "noMailAlone", &strong).await.status, 200);
    let read = Ask::get(path(&made, "")).bearer(&client["secret"]);
    assert_eq!(site.send(read).await.status, 200);
}

#[tokio::test]
async fn a_rule_that_asks_everybody_for_a_second_factor_asks_it_of_personal_keys() {
    // R-MF-01, R-MF-02
    let site = Site::standard();
    let ada = site.session(ADA).await;
    let key = personal_key(&site, &ada).await;
    let strict = |parts: &mut durward_core::Parts<_>| {
        parts.store = site.store.clone();
        parts.keys = Arc::clone(&site.accounts.parts().keys);
        parts.behavior.steps = Arc::new(TwoFactors::Everyone);
    };
    let strict = Site::new(strict, settings());
    // Its chance begins anew, and ids of one moment must differ.
    strict.wait(Duration::from_secs(1));
    let required = (403, "SECOND_FACTOR_REQUIRED".to_owned());
    for ask in [
        Ask::get("/v1/users/me"),
        Ask::get("/v1/organizations"),
        Ask::post("/v1/organizations").json(&json!({ "name": "Tea" })),
        Ask::get("/forward-auth/caddy?audience=orders"),
    ] {
        assert_eq!(strict.send(ask.bearer(&key["secret"])).await.problem(), required);
    }
    let caller = strict.send(Ask::get("/v1/caller").bearer(&key["secret"])).await;
    assert_eq!((caller.status, &caller.json()["user"]), (200, &Value::Null));
    for guard in [
        Guard::<Plain>::Client,
        Guard::Permission { parameter: "org", permission: StandardPermission::Read },
    ] {
        let app = Router::new()
            .route("/{org}/budget", get(|| async { "42" }))
            .route_layer(require(guard))
            .layer(strict.http(settings()).authenticate());
        let ask = Ask::get("/org_00000000000000000000000000/budget").bearer(&key["secret"]);
        assert_eq!(answer(app, ask).await.problem(), required);
    }
    enrol(&strict, &ada["token"]).await;
    let me = strict.send(Ask::get("/v1/users/me").bearer(&key["secret"])).await;
    assert_eq!((me.status, &me.json()["id"]), (200, &ada["userId"]));
}

#[tokio::test]
async fn a_guard_of_an_application_asks_for_what_the_organization_does() {
    // R-MF-01
    let (site, mailed, made) = founded().await;
    let owner = site.log_in(OWNER).await;
    let eve = site.session("eve@example.com").await;
    let budget = async |who: &Value| {
        let permission = StandardPermission::Read;
        let guard = Guard::<Plain>::Permission { parameter: "org", permission };
        let app = Router::new()
            .route("/{org}/budget", get(|| async { "42" }))
            .route_layer(require(guard))
            .layer(site.http(settings()).authenticate());
        let path = format!("/{}/budget", made["id"].as_str().unwrap());
        answer(app, Ask::get(path).bearer(&who["token"])).await
    };
    assert_eq!(budget(&mailed).await.status, 200);
    assert_eq!(ask(&site, &made, "noMailAlone", &owner).await.status, 200);
    assert_insufficient(&budget(&mailed).await, "noMailAlone");
    assert_eq!(budget(&owner).await.status, 200);
    assert_eq!(budget(&eve).await.status, 404);
}
