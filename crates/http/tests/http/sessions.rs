use std::time::Duration;

use serde_json::{Value, json};

use crate::site::{Ask, Site};

async fn is_live(site: &Site, token: &Value) -> bool {
    site.send(Ask::get("/v1/caller").bearer(token)).await.status == 200
}

fn refresh(token: &Value) -> Ask {
    Ask::post("/v1/sessions/refresh").json(&json!({ "refresh": token }))
}

#[tokio::test]
async fn a_caller_is_told_what_the_server_knows() {
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let reply = site.send(Ask::get("/v1/caller").bearer(&session["token"])).await;
    let caller = reply.json();
    assert_eq!(caller["ip"], "203.0.113.9");
    assert_eq!(caller["client"], Value::Null);
    assert_eq!(caller["user"]["id"], session["userId"]);
    assert_eq!(caller["user"]["sessionId"], session["sessionId"]);
    assert_eq!(caller["user"]["roles"], json!(["user"]));
    assert_eq!(caller["user"]["scopes"], Value::Null);
    assert_eq!(caller["user"]["methods"], json!(["email"]));
    assert_eq!(caller["user"]["authenticatedAt"], "2023-11-14T22:13:20.000Z");
    let nobody = site.send(Ask::get("/v1/caller")).await.json();
    assert_eq!(nobody, json!({ "client": null, "ip": "203.0.113.9", "user": null }));
}

#[tokio::test]
async fn a_session_check_costs_one_read() {
    // P2
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let (reads, units) = site.store.opened();
    assert!(is_live(&site, &session["token"]).await);
    assert_eq!(site.store.opened(), (reads + 1, units));
    site.send(Ask::get("/v1/caller")).await;
    assert_eq!(site.store.opened(), (reads + 1, units));
}

#[tokio::test]
async fn a_refresh_gives_a_new_pair_and_ends_the_old_token() {
    // R-SE-08
    let site = Site::standard();
    let old = site.session("ada@example.com").await;
    site.wait(Duration::from_hours(2));
    assert!(!is_live(&site, &old["token"]).await, "it has expired");
    // The expired token is in the header, as clients are used to.
    let reply = site.send(refresh(&old["refresh"]).bearer(&old["token"])).await;
    assert_eq!(reply.status, 200);
    let new = reply.json();
    assert_eq!(new["sessionId"], old["sessionId"]);
    assert_ne!(new["token"], old["token"]);
    assert!(is_live(&site, &new["token"]).await);
    site.wait(Duration::from_secs(31));
    let reused = site.send(refresh(&old["refresh"])).await;
    assert_eq!(reused.problem(), (401, "UNAUTHENTICATED".into()));
    assert!(!is_live(&site, &new["token"]).await, "reuse ends the whole family");
}

#[tokio::test]
async fn a_text_that_is_no_refresh_token_is_as_wrong_as_an_unknown_one() {
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    // R-SE-10
    for token in [&session["token"], &json!("x"), &json!("")] {
        let reply = site.send(refresh(token)).await;
        assert_eq!(reply.problem(), (401, "UNAUTHENTICATED".into()));
    }
    for body in [json!({}), json!({ "refresh": null }), json!({ "refresh": 1 }), json!([])] {
        let reply = site.send(Ask::post("/v1/sessions/refresh").json(&body)).await;
        assert_eq!(reply.problem(), (422, "INVALID".into()));
    }
    let malformed = refresh(&session["refresh"]).header("authorization", "Basic x");
    assert_eq!(site.send(malformed).await.status, 401);
}

#[tokio::test]
async fn a_logout_is_final_and_may_be_repeated() {
    // R-SE-05, GW-66
    for way in ["header", "token", "refresh"] {
        let site = Site::standard();
        let session = site.session("ada@example.com").await;
        let logout = || match way {
            "header" => Ask::post("/v1/sessions/logout").bearer(&session["token"]),
            _ => Ask::post("/v1/sessions/logout").json(&json!({ way: session[way] })),
        };
        assert!(is_live(&site, &session["token"]).await);
        for _ in 0..2 {
            let reply = site.send(logout()).await;
            assert_eq!((reply.status, reply.body.len()), (204, 0), "{way}");
        }
        assert!(!is_live(&site, &session["token"]).await, "{way}");
        assert_eq!(site.send(refresh(&session["refresh"])).await.status, 401, "{way}");
        let wrong = if way == "token" { "refresh" } else { "token" };
        assert!(session[wrong].is_string());
    }
}

#[tokio::test]
async fn an_expired_session_can_be_logged_out() {
    // R-SE-05
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    site.wait(Duration::from_hours(2));
    let reply = site.send(Ask::post("/v1/sessions/logout").bearer(&session["token"])).await;
    assert_eq!(reply.status, 204);
    assert_eq!(site.send(refresh(&session["refresh"])).await.status, 401, "the family has ended");
}

#[tokio::test]
async fn a_logout_of_nothing_known_is_204_and_one_of_nothing_at_all_is_not() {
    let site = Site::standard();
    for body in
        [json!({ "token": "x" }), json!({ "refresh": "" }), json!({ "token": "", "refresh": "" })]
    {
        assert_eq!(site.send(Ask::post("/v1/sessions/logout").json(&body)).await.status, 204);
    }
    assert_eq!(site.send(Ask::post("/v1/sessions/logout")).await.status, 401);
    assert_eq!(site.send(Ask::post("/v1/sessions/logout").json(&json!({}))).await.status, 401);
    let reply = site.send(Ask::post("/v1/sessions/logout").json(&json!({ "all": true }))).await;
    assert_eq!((reply.status, reply.pointers()), (422, vec!["/all".to_owned()]));
    let malformed = Ask::post("/v1/sessions/logout").header("authorization", "Bearer x");
    assert_eq!(site.send(malformed).await.status, 401);
}
