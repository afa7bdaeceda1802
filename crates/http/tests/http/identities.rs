use std::time::Duration;

use durward_core::{IdentityClaims, Timestamp};
use durward_http::HttpSettings;
use durward_http::identity::{IdentityError, Verifier};
use serde_json::{Value, json};

use crate::clients::{client, organization};
use crate::site::{Ask, Reply, Site, settings};

pub(crate) const PATHS: [&str; 4] =
    ["/forward-auth/nginx", "/forward-auth/traefik", "/forward-auth/caddy", "/forward-auth/envoy"];
const JWKS: &str = "/.well-known/jwks.json";
const TOLD: [&str; 3] = ["x-durward-identity", "remote-user", "remote-groups"];

async fn verifier(site: &Site, audience: &str) -> Verifier {
    let keys = site.send(Ask::get(JWKS)).await.text();
    Verifier::new("https://accounts.example", audience, &keys).unwrap()
}

fn now(site: &Site) -> Timestamp {
    site.accounts.now()
}

pub(crate) async fn told(site: &Site, reply: &Reply, audience: &str) -> IdentityClaims {
    let identity = reply.header("x-durward-identity");
    verifier(site, audience).await.verify(identity, now(site)).unwrap()
}

pub(crate) fn assert_untold(reply: &Reply) {
    for name in TOLD {
        assert!(!reply.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn a_session_goes_on_and_the_service_is_told_whose_it_is() {
    // GW-22
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    for path in PATHS {
        let reply = site.send(Ask::get(path).bearer(&ada["token"])).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, ""));
        assert_eq!(reply.header("remote-user"), ada["userId"]);
        assert_eq!(reply.header("remote-groups"), "user");
        assert_eq!(reply.header("cache-control"), "no-store");
        let claims = told(&site, &reply, "orders").await;
        assert_eq!(
            (claims.sub.as_str(), claims.sid.as_deref()),
            (ada["userId"].as_str().unwrap(), ada["sessionId"].as_str(),)
        );
        assert_eq!((claims.roles, claims.amr), (vec!["user".to_owned()], vec!["email".to_owned()]));
        assert_eq!(claims.exp - claims.iat, 60);
    }
}

#[tokio::test]
async fn an_identity_is_for_the_audience_that_the_proxy_names_if_the_settings_do() {
    // GW-22
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let ask = |query: &str| Ask::get(format!("/forward-auth/caddy?{query}")).bearer(&ada["token"]);
    let reply = site.send(ask("audience=billing")).await;
    assert_eq!(told(&site, &reply, "billing").await.aud, "billing");
    let elsewhere = verifier(&site, "orders").await;
    let refused = elsewhere.verify(reply.header("x-durward-identity"), now(&site));
    assert_eq!(refused, Err(IdentityError::Audience));
    for query in
        ["audience=shop", "audience=", "audience=Orders", "audience=orders&x=y", "aud=orders"]
    {
        let reply = site.send(ask(query)).await;
        assert_eq!(reply.problem(), (422, "INVALID".into()), "{query}");
        assert_untold(&reply);
    }
}

#[tokio::test]
async fn a_client_goes_on_as_itself_and_is_no_user() {
    // R-CL-02, security decision 14
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let loom = client(&site, &ada, &organization, json!({})).await;
    let ask = |path: &str| Ask::get(path).bearer(&loom["secret"]);
    let reply = site.send(ask("/forward-auth/nginx")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let claims = told(&site, &reply, "orders").await;
    assert_eq!((claims.sub.as_str(), claims.user()), (loom["id"].as_str().unwrap(), None));
    assert_eq!(claims.org, Some(organization.clone()));
    assert!(!reply.headers.contains_key("remote-user"));
    assert!(!reply.headers.contains_key("remote-groups"));
    // No role of a client is a role of a user.
    assert_eq!(site.send(ask("/forward-auth/nginx?role=user,administrator")).await.status, 403);
    // A public client is only named, and that is nobody.
    let public = client(&site, &ada, &organization, json!({ "confidential": false })).await;
    let named =
        Ask::get("/forward-auth/nginx").header("durward-client", public["id"].as_str().unwrap());
    let reply = site.send(named).await;
    assert_eq!(reply.status, 401);
    assert_untold(&reply);
}

#[tokio::test]
async fn keys_are_published_before_they_sign_and_change_without_downtime() {
    // R-DP-03
    let site = Site::standard();
    let ids = |keys: &Value| {
        let keys = keys["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let reply = site.send(Ask::get(JWKS)).await;
    assert_eq!(reply.header("cache-control"), "public, max-age=300");
    assert_eq!(ids(&reply.json()).len(), 2);
    for key in reply.json()["keys"].as_array().unwrap() {
        assert_eq!(
            [&key["kty"], &key["crv"], &key["use"], &key["alg"]],
            ["EC", "P-256", "sig", "ES256"]
        );
        assert!(key.get("d").is_none(), "the private part of a key");
    }
    let mut signers = Vec::new();
    for _ in 0..9 {
        // What a service has fetched by now is good for what is signed a week from now.
        let verifier = verifier(&site, "orders").await;
        site.wait(Duration::from_hours(7 * 24));
        let ada = site.session(&format!("ada{}@example.com", signers.len())).await;
        let reply = site.send(Ask::get("/forward-auth/nginx").bearer(&ada["token"])).await;
        let identity = reply.header("x-durward-identity");
        assert!(verifier.verify(identity, now(&site)).is_ok());
        let header = identity.split('.').next().unwrap().to_owned();
        if !signers.contains(&header) {
            signers.push(header);
        }
    }
    assert!((3..=4).contains(&signers.len()), "every four weeks: {}", signers.len());
}

#[tokio::test]
async fn without_settings_there_are_no_identities() {
    let site: Site = Site::new(|_| {}, HttpSettings::default());
    let ada = site.session("ada@example.com").await;
    for path in PATHS {
        let reply = site.send(Ask::get(path).bearer(&ada["token"])).await;
        assert_eq!(reply.problem(), (404, "NOT_FOUND".into()));
    }
    assert_eq!(site.send(Ask::get(JWKS)).await.problem(), (404, "NOT_FOUND".into()));
}

#[tokio::test]
async fn without_audiences_the_issuer_is_the_only_one() {
    let mut settings = settings();
    settings.identity.as_mut().unwrap().audiences.clear();
    let site: Site = Site::new(|_| {}, settings);
    let ada = site.session("ada@example.com").await;
    let reply = site.send(Ask::get("/forward-auth/nginx").bearer(&ada["token"])).await;
    assert_eq!(
        told(&site, &reply, "https://accounts.example").await.aud,
        "https://accounts.example"
    );
    let other =
        site.send(Ask::get("/forward-auth/nginx?audience=orders").bearer(&ada["token"])).await;
    assert_eq!(other.status, 422);
}
