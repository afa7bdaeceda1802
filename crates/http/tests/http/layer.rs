//! The layer and the extractors in an application of one's own.

use axum::Router;
use axum::routing::get;
use durward_core::{
    Attrs, Error, NoAttributes, StandardClientRole, StandardOrganizationRole, StandardRole,
};
use durward_http::{CurrentCaller, CurrentUser, HttpSettings, Problem, RequestOrigin};
use serde_json::{Value, json};

use crate::site::{Ask, Site, answer};

async fn needs(user: CurrentUser) -> String {
    user.id.to_string()
}

async fn likes(user: Option<CurrentUser>) -> String {
    user.map_or_else(|| "nobody".to_owned(), |user| user.id.to_string())
}

async fn asks(caller: CurrentCaller, origin: RequestOrigin) -> String {
    let agent = origin.agent.as_ref().map(|agent| agent.as_str().to_owned());
    let id = origin.request.as_ref().map(|id| id.as_str().to_owned());
    format!("{:?} {:?} {agent:?} {id:?} {}", caller.ip, origin.ip, caller.user.is_some())
}

async fn fails() -> Result<String, Problem> {
    Err(Error::NotFound("order"))?
}

fn app(site: &Site) -> Router {
    let own = Router::new()
        .route("/needs", get(needs))
        .route("/likes", get(likes))
        .route("/asks", get(asks))
        .route("/fails", get(fails));
    let http = site.http(HttpSettings::default());
    http.mount(own).fallback_service(http.not_found())
}

#[tokio::test]
async fn a_handler_gets_the_user_or_none() {
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let id = session["userId"].as_str().unwrap();
    for path in ["/needs", "/likes"] {
        let reply = answer(app(&site), Ask::get(path).bearer(&session["token"])).await;
        assert_eq!((reply.status, &*reply.text()), (200, id));
    }
    assert_eq!(answer(app(&site), Ask::get("/likes")).await.text(), "nobody");
    let reply = answer(app(&site), Ask::get("/needs")).await;
    assert_eq!(reply.problem(), (401, "UNAUTHENTICATED".into()));
    assert_eq!(reply.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_bad_credential_never_reaches_the_application() {
    // GW-09
    let site = Site::standard();
    for path in ["/needs", "/likes", "/asks", "/fails"] {
        let reply = answer(app(&site), Ask::get(path).header("authorization", "Bearer x")).await;
        assert_eq!(reply.problem(), (401, "UNAUTHENTICATED".into()), "{path}");
    }
}

#[tokio::test]
async fn caller_and_origin_are_there_for_whoever_asks() {
    let site = Site::standard();
    let ask = Ask::get("/asks").header("user-agent", "curl/8").header("x-request-id", "abc");
    let reply = answer(app(&site), ask).await;
    let expected = "Some(203.0.113.9) Some(203.0.113.9) Some(\"curl/8\") Some(\"abc\") false";
    assert_eq!((reply.header("x-request-id"), &*reply.text()), ("abc", expected));
}

#[tokio::test]
async fn an_error_of_a_flow_is_a_problem_with_the_id_of_its_request() {
    let site = Site::standard();
    let reply = answer(app(&site), Ask::get("/fails")).await;
    assert_eq!(reply.problem(), (404, "NOT_FOUND".into()));
    let reply = answer(app(&site), Ask::get("/nowhere")).await;
    assert_eq!(reply.problem(), (404, "NOT_FOUND".into()));
}

#[tokio::test]
async fn behind_the_layer_a_request_is_authenticated_once() {
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let http = site.http(HttpSettings::default());
    let layer = http.authenticate();
    let around = http.router().layer(layer.clone()).layer(layer);
    let (reads, _) = site.store.opened();
    let reply = answer(around, Ask::get("/v1/caller").bearer(&session["token"])).await;
    assert_eq!(reply.json()["user"]["id"], session["userId"]);
    assert_eq!(site.store.opened().0, reads + 1);
}

#[tokio::test]
async fn the_router_can_be_nested() {
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let settings = HttpSettings { mounted_at: "/accounts".into(), ..HttpSettings::default() };
    let nested = Router::new().nest("/accounts", site.http(settings).router());
    let ask = |path: &str| Ask::get(path).bearer(&session["token"]);
    let reply = answer(nested.clone(), ask("/accounts/v1/users/me")).await;
    assert_eq!(reply.json()["id"], session["userId"]);
    let reply = answer(nested.clone(), ask("/accounts/v1/openapi.json")).await;
    assert_eq!(reply.json()["servers"], json!([{ "url": "/accounts" }]));
    assert_eq!(answer(nested, ask("/accounts/v1/x")).await.problem().0, 404);
}

#[derive(Clone, Debug, PartialEq)]
enum Shop {}
impl Attrs for Shop {
    type User = NoAttributes;
    type Organization = NoAttributes;
    type Client = NoAttributes;
    type Session = NoAttributes;
    type UserRole = StandardRole;
    type OrganizationRole = StandardOrganizationRole;
    type ClientRole = StandardClientRole;
}

#[tokio::test]
async fn without_the_layer_or_with_other_attributes_it_is_a_mistake_of_ours() {
    async fn other(user: Option<CurrentUser<Shop>>) -> String {
        user.is_some().to_string()
    }
    let site = Site::standard();
    let bare = Router::new().route("/likes", get(likes)).route("/asks", get(asks));
    for path in ["/likes", "/asks"] {
        let reply = answer(bare.clone(), Ask::get(path)).await;
        assert_eq!((reply.status, &reply.json()["code"]), (500, &json!("INTERNAL")));
        assert_eq!(reply.json()["requestId"], Value::Null, "nobody gave it one");
    }
    let layer = site.http(HttpSettings::default()).authenticate();
    let mixed = Router::new().route("/other", get(other)).layer(layer);
    assert_eq!(answer(mixed, Ask::get("/other")).await.problem(), (500, "INTERNAL".into()));
}
