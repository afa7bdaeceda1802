//! Extractors that refuse answer as the guards of a layer do.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use durward_core::{Plain, StandardClientRole, StandardPermission, StandardRole};
use durward_http::{
    CurrentClient, CurrentUser, Fresh, Guard, HasClientRole, HasRole, HttpSettings, Member,
    NeededClientRole, NeededPermission, NeededRole, require,
};
use serde_json::{Value, json};

use crate::clients::{client, organization, path};
use crate::organizations::{accept, invite};
use crate::sessions::administrator;
use crate::site::{Ask, Site, answer};

struct Administrator;
impl NeededRole for Administrator {
    type Attrs = Plain;
    const ROLE: StandardRole = StandardRole::Administrator;
}

struct Internal;
impl NeededClientRole for Internal {
    type Attrs = Plain;
    const ROLE: StandardClientRole = StandardClientRole::Internal;
}

struct Edits;
impl NeededPermission for Edits {
    type Attrs = Plain;
    const PARAMETER: &'static str = "org";
    const PERMISSION: StandardPermission = StandardPermission::Edit;
}

/// Each extractor on a route of its own, and its guard on another one.
fn app(site: &Site) -> Router {
    let guarded = |path: &str, guard: Guard| {
        Router::new().route(path, get(|| async { "served" })).route_layer(require(guard))
    };
    let edits = Guard::Permission { parameter: "org", permission: StandardPermission::Edit };
    Router::new()
        .route("/extract/fresh", get(|_: Fresh<CurrentUser>| async { "served" }))
        .route("/extract/role", get(|_: HasRole<Administrator>| async { "served" }))
        .route("/extract/client-role", get(|_: HasClientRole<Internal>| async { "served" }))
        .route("/extract/{org}/edits", get(|_: Member<Edits>| async { "served" }))
        .route("/fresh-edits/{org}", get(|_: Fresh<Member<Edits>>| async { "served" }))
        .route(
            "/optional",
            get(|client: Option<CurrentClient>| async move {
                client.map_or_else(|| "nobody".to_owned(), |client| client.id.to_string())
            }),
        )
        .merge(guarded("/guard/fresh", Guard::Fresh))
        .merge(guarded("/guard/role", Guard::UserRole(StandardRole::Administrator)))
        .merge(guarded("/guard/client-role", Guard::ClientRole(StandardClientRole::Internal)))
        .merge(guarded("/guard/{org}/edits", edits))
        .layer(site.http(HttpSettings::default()).authenticate())
}

/// What both answer; they must agree but for the id of the request.
async fn both(app: &Router, rest: &str, token: Option<&Value>) -> (u16, String) {
    let mut answers = Vec::new();
    for kind in ["extract", "guard"] {
        let ask = Ask::get(format!("/{kind}/{rest}"));
        let ask = token.iter().fold(ask, |ask, token| ask.bearer(token));
        let reply = answer(app.clone(), ask).await;
        let code = if reply.status == 200 { reply.text() } else { reply.problem().1 };
        answers.push((reply.status, code));
    }
    assert_eq!(answers[0], answers[1], "{rest}");
    answers.remove(0)
}

#[tokio::test]
async fn a_handler_asks_for_what_a_guard_asks_for() {
    // R-AZ-03, R-MF-04
    let site = Site::standard();
    let app = app(&site);
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let (eve, bob) = (site.session("eve@example.com").await, site.session("bob@example.com").await);
    let org = organization(&site, &ada).await;
    let made = json!({ "id": org });
    let code = invite(&site, &ada, &made, "bob@example.com", "viewer").await;
    accept(&site, &bob, &code).await;
    let plain = client(&site, &ada, &org, json!({})).await;
    let key = Ask::post("/v1/users/me/clients").json(&json!({ "name": "Mine" }));
    let key = site.send(key.bearer(&ada["token"])).await.json();
    let internal = client(&site, &ada, &org, json!({})).await;
    let roles = Ask::post(path(&internal, "/roles")).json(&json!({ "roles": ["internal"] }));
    assert!(site.send(roles.bearer(&root["token"])).await.status < 300);

    let (edits, missing) = (format!("{org}/edits"), "org_00000000000000000000000000/edits");
    let token = |of: &Value| of["token"].clone();
    let served = (200, "served".to_owned());
    let refused = |status, code: &str| (status, code.to_owned());
    for (rest, by, expected) in [
        ("role", Some(token(&root)), served.clone()),
        ("role", Some(token(&ada)), refused(403, "FORBIDDEN")),
        ("role", Some(plain["secret"].clone()), refused(401, "UNAUTHENTICATED")),
        ("role", None, refused(401, "UNAUTHENTICATED")),
        ("client-role", Some(internal["secret"].clone()), served.clone()),
        ("client-role", Some(plain["secret"].clone()), refused(403, "FORBIDDEN")),
        ("client-role", Some(token(&root)), refused(401, "UNAUTHENTICATED")),
        (&*edits, Some(token(&ada)), served.clone()),
        (&edits, Some(key["secret"].clone()), served.clone()),
        (&edits, Some(token(&bob)), refused(403, "FORBIDDEN")),
        (&edits, Some(token(&eve)), refused(404, "NOT_FOUND")),
        (&edits, Some(token(&root)), refused(404, "NOT_FOUND")),
        (&edits, Some(plain["secret"].clone()), refused(401, "UNAUTHENTICATED")),
        (&edits, None, refused(401, "UNAUTHENTICATED")),
        (missing, Some(token(&ada)), refused(404, "NOT_FOUND")),
        ("nothing/edits", Some(token(&ada)), refused(404, "NOT_FOUND")),
        ("fresh", Some(token(&ada)), served.clone()),
        ("fresh", None, refused(401, "UNAUTHENTICATED")),
    ] {
        assert_eq!(both(&app, rest, by.as_ref()).await, expected, "{rest}");
    }
    let fresh_edits = async |by: &Value| {
        let ask = Ask::get(format!("/fresh-edits/{org}")).bearer(&by["token"]);
        answer(app.clone(), ask).await.status
    };
    assert_eq!((fresh_edits(&ada).await, fresh_edits(&bob).await), (200, 403));
    site.wait(Duration::from_mins(5));
    let old = both(&app, "fresh", Some(&ada["token"])).await;
    assert_eq!(old, refused(401, "STEP_UP_REQUIRED"));
    assert_eq!(fresh_edits(&ada).await, 401);

    let ada = site.log_in("ada@example.com").await;
    let archive = Ask::delete(format!("/v1/organizations/{org}")).bearer(&ada["token"]);
    assert_eq!(site.send(archive).await.status, 204);
    assert_eq!(both(&app, &edits, Some(&ada["token"])).await, refused(403, "FORBIDDEN"));
}

#[tokio::test]
async fn a_client_may_be_there_or_not() {
    // R-CL-02
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let org = organization(&site, &ada).await;
    let made = client(&site, &ada, &org, json!({})).await;
    let said = async |ask: Ask| answer(app(&site), ask).await.text();
    let id = made["id"].as_str().unwrap();
    assert_eq!(said(Ask::get("/optional").bearer(&made["secret"])).await, id);
    assert_eq!(said(Ask::get("/optional").bearer(&ada["token"])).await, "nobody");
    assert_eq!(said(Ask::get("/optional")).await, "nobody");
}
