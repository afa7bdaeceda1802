//! Clients and guards in an application of one's own.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use durward_core::{StandardClientRole, StandardPermission, StandardRole};
use durward_http::{CurrentClient, Guard, HttpSettings, require};
use serde_json::{Value, json};

use crate::clients::{client, organization, path};
use crate::sessions::administrator;
use crate::site::{Ask, Site, answer};

async fn named(client: CurrentClient) -> String {
    client.id.to_string()
}

async fn served() -> &'static str {
    "served"
}

/// An application with one guarded route, on a node of its own.
fn app(site: &Site, guards: &[Guard]) -> Router {
    let mut app = Router::new().route("/named", get(named)).route("/{org}/budget", get(served));
    for guard in guards {
        app = app.route_layer(require(guard.clone()));
    }
    app.layer(site.http(HttpSettings::default()).authenticate())
}

async fn budget(site: &Site, guards: &[Guard], org: &str, token: Option<&Value>) -> u16 {
    let ask = Ask::get(format!("/{org}/budget"));
    let ask = token.iter().fold(ask, |ask, token| ask.bearer(token));
    answer(app(site, guards), ask).await.status
}

#[tokio::test]
async fn a_handler_gets_a_client_that_proved_itself() {
    // R-CL-01, R-CL-02: restricted, rotated, limited, revoked, and refused the very next time
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let made = client(&site, &ada, &organization, json!({ "rateLimit": 3 })).await;
    let rules = json!({ "restrictions": [
        { "type": "ip", "value": "203.0.113.0/24" },
        { "type": "api", "value": "/named" },
    ] });
    let ask = Ask::post(path(&made, "/access-restrictions")).json(&rules);
    assert_eq!(site.send(ask.bearer(&ada["token"])).await.status, 201);
    let app = app(&site, &[]);
    let named = async |token: &Value| answer(app.clone(), Ask::get("/named").bearer(token)).await;
    let first = named(&made["secret"]).await;
    assert_eq!((first.status, &*first.text()), (200, made["id"].as_str().unwrap()));
    assert_eq!(first.header("ratelimit-policy"), r#""client";q=3;w=1"#);
    assert_eq!(first.header("ratelimit"), r#""client";r=2;t=1"#);
    let foreign = Ask::get("/named").bearer(&made["secret"]).from("192.0.2.1:1");
    assert_eq!(answer(app.clone(), foreign).await.problem(), (401, "UNAUTHENTICATED".into()));
    let elsewhere = Ask::get("/x/budget").bearer(&made["secret"]);
    assert_eq!(answer(app.clone(), elsewhere).await.status, 401);

    assert_eq!(named(&made["secret"]).await.status, 200);
    assert_eq!(named(&made["secret"]).await.status, 200);
    let limited = named(&made["secret"]).await;
    assert_eq!(limited.problem(), (429, "THROTTLED".into()));
    assert_eq!(limited.header("ratelimit"), r#""client";r=0;t=1"#);
    assert_eq!(limited.header("retry-after"), "1");
    site.wait(Duration::from_secs(1));
    assert_eq!(named(&made["secret"]).await.status, 200);

    let revoke = path(&made, &format!("/secrets/{}", made["secretId"].as_str().unwrap()));
    assert_eq!(site.send(Ask::delete(revoke).bearer(&ada["token"])).await.status, 204);
    assert_eq!(named(&made["secret"]).await.status, 401);
    assert_eq!(named(&ada["token"]).await.status, 401, "a user is no client");
    assert_eq!(answer(app.clone(), Ask::get("/named")).await.status, 401);
}

#[tokio::test]
async fn guards_ask_for_roles_permissions_and_a_login_of_a_moment_ago() {
    let site = Site::standard();
    let root = administrator(&site).await;
    let (ada, eve) = (site.session("ada@example.com").await, site.session("eve@example.com").await);
    let mine = organization(&site, &ada).await;
    let made = client(&site, &ada, &mine, json!({})).await;
    let (ada, eve, root) = (&ada["token"], &eve["token"], &root["token"]);
    let secret = &made["secret"];
    let permission = |permission| Guard::Permission { parameter: "org", permission };
    for (guard, token, status) in [
        (Guard::User, None, 401),
        (Guard::User, Some(secret), 401),
        (Guard::User, Some(eve), 200),
        (Guard::Client, Some(eve), 401),
        (Guard::Client, Some(secret), 200),
        (Guard::ClientRole(StandardClientRole::System), Some(secret), 403),
        (Guard::ClientRole(StandardClientRole::External), Some(secret), 200),
        (Guard::ClientRole(StandardClientRole::External), Some(root), 401),
        (Guard::UserRole(StandardRole::Administrator), Some(ada), 403),
        (Guard::UserRole(StandardRole::Administrator), Some(secret), 401),
        (permission(StandardPermission::Delete), Some(ada), 200),
        (permission(StandardPermission::Read), Some(eve), 404),
        (permission(StandardPermission::Read), Some(root), 404),
        (permission(StandardPermission::Read), Some(secret), 401),
        (permission(StandardPermission::Read), None, 401),
        (Guard::Fresh, Some(eve), 200),
    ] {
        let found = budget(&site, std::slice::from_ref(&guard), &mine, token).await;
        assert_eq!(found, status, "{guard:?} {token:?}");
    }
    assert_eq!(budget(&site, &[permission(StandardPermission::Read)], "x", Some(ada)).await, 404);
    let archive = Ask::delete(format!("/v1/organizations/{mine}")).bearer(ada);
    assert_eq!(site.send(archive).await.status, 204);
    let read = [permission(StandardPermission::Read)];
    assert_eq!(budget(&site, &read, &mine, Some(ada)).await, 403);
    assert_eq!(budget(&site, &[], &mine, Some(secret)).await, 401, "the owner may not act");
    site.wait(Duration::from_mins(5));
    assert_eq!(budget(&site, &[Guard::Fresh], &mine, Some(ada)).await, 401);
}

#[tokio::test]
async fn another_guard_never_lets_more_through() {
    // Monotone: over all pairs, adding a guard turns no refusal into an answer.
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let mine = organization(&site, &ada).await;
    let made = client(&site, &ada, &mine, json!({})).await;
    let guards = [
        Guard::User,
        Guard::Client,
        Guard::Fresh,
        Guard::ClientRole(StandardClientRole::External),
        Guard::UserRole(StandardRole::User),
        Guard::Permission { parameter: "org", permission: StandardPermission::Edit },
    ];
    for token in [None, Some(&ada["token"]), Some(&made["secret"])] {
        for one in &guards {
            let alone = budget(&site, std::slice::from_ref(one), &mine, token).await;
            for other in &guards {
                let both = budget(&site, &[one.clone(), other.clone()], &mine, token).await;
                assert!(alone == 200 || both != 200, "{one:?} {other:?}");
            }
        }
    }
}
