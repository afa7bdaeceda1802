//! Bodies that take their time.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use durward_core::{Origin, SessionToken};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::site::{Ask, Site};

/// A body whose second half comes after its sender was logged out.
fn held_back(site: &Site, session: &Value, body: &Value) -> Body {
    let accounts = site.accounts.clone();
    let token = SessionToken::parse(session["token"].as_str().unwrap()).unwrap();
    let text = body.to_string();
    let (head, rest) = text.split_at(text.len() / 2);
    let (head, rest) = (Bytes::from(head.to_owned()), Bytes::from(rest.to_owned()));
    let late = async move {
        accounts.logout(&token, &Origin::default()).await.unwrap();
        Ok::<_, Infallible>(rest)
    };
    Body::from_stream(stream::iter([Ok(head)]).chain(stream::once(late)))
}

fn json_body(ask: Ask) -> Ask {
    ask.header("content-type", "application/json")
}

#[tokio::test]
async fn whoever_is_logged_out_before_the_body_is_complete_is_nobody() {
    // R-SE-05, R-SE-07, GW-12
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let body = held_back(&site, &ada, &json!({ "name": "Loom" }));
    let ask = json_body(Ask::post("/v1/users/me/clients")).bearer(&ada["token"]).body(body);
    assert_eq!(site.send(ask).await.problem(), (401, "UNAUTHENTICATED".into()));
    let again = site.log_in("ada@example.com").await;
    let keys = site.send(Ask::get("/v1/users/me/clients").bearer(&again["token"])).await.json();
    assert_eq!(keys["data"], json!([]));
}

#[tokio::test]
async fn whoever_may_not_is_told_so_and_not_what_is_wrong_with_the_body() {
    // R-AZ-03, R-IN-01
    let site = Site::standard();
    let ask = json_body(Ask::post("/v1/users/me/clients")).body(vec![b' '; 65 * 1_024]);
    assert_eq!(site.send(ask).await.status, 401);
    let ada = site.session("ada@example.com").await;
    let ask = json_body(Ask::post("/v1/users/me/clients")).body(vec![b' '; 65 * 1_024]);
    assert_eq!(site.send(ask.bearer(&ada["token"])).await.status, 413);
}
