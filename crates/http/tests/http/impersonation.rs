use std::time::Duration;

use serde_json::{Value, json};

use crate::sessions::administrator;
use crate::site::{Ask, PASSWORD, Site};

fn impersonate(user: &Value, by: &Value) -> Ask {
    let path = format!("/v1/users/{}/impersonate", user["userId"].as_str().unwrap());
    Ask::post(path).json(&json!({ "reason": "Ticket 4711" })).bearer(&by["token"])
}

#[tokio::test]
async fn a_caller_is_told_who_acts_and_as_whom() {
    // R-LG-01
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let reply = site.send(impersonate(&ada, &root)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let acting = reply.json();
    assert!(acting.get("refresh").is_none());
    let caller = site.send(Ask::get("/v1/caller").bearer(&acting["token"])).await.json();
    assert_eq!(caller["user"]["id"], ada["userId"]);
    let actor = json!({ "id": root["userId"], "sessionId": root["sessionId"] });
    assert_eq!(caller["user"]["actor"], actor);
    let own = site.send(Ask::get("/v1/caller").bearer(&ada["token"])).await.json();
    assert!(own["user"].get("actor").is_none());

    let me = Ask::patch("/v1/users/me").json(&json!({ "name": "Countess" }));
    assert_eq!(site.send(me.bearer(&acting["token"])).await.status, 200);
    let query = format!("/v1/users/{}/audit-events", ada["userId"].as_str().unwrap());
    let log = site.send(Ask::get(query).bearer(&ada["token"])).await.json();
    let entry = log["data"].as_array().unwrap().iter().find(|it| it["event"] == "user.updated");
    let entry = entry.unwrap();
    assert_eq!((&entry["actorId"], &entry["subjectId"]), (&root["userId"], &ada["userId"]));
    let seen = site.send(Ask::get("/v1/users/me/sessions").bearer(&ada["token"])).await.json();
    let of_actor = seen["data"].as_array().unwrap().iter().find(|it| it["actor"] == actor);
    assert_eq!(of_actor.unwrap()["id"], acting["sessionId"], "the owner sees it, and may end it");
    let logout = Ask::post("/v1/sessions/logout").bearer(&acting["token"]);
    assert_eq!(site.send(logout).await.status, 204);
    assert_eq!(site.send(Ask::get("/v1/caller").bearer(&acting["token"])).await.status, 401);
    assert_eq!(site.send(Ask::get("/v1/caller").bearer(&root["token"])).await.status, 200);
}

#[tokio::test]
async fn an_actor_changes_nothing_that_the_account_is_proven_by() {
    // R-MF-04, R-AZ-05
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let eve = site.session("eve@example.com").await;
    let acting = site.send(impersonate(&ada, &root)).await.json();
    let mails = site.mails().await;
    let passwords = json!({
        "currentPassword": PASSWORD, "password": "another long pass phrase", "passwordConf": "another long pass phrase",
    });
    for ask in [
        Ask::post("/v1/users/me/password").json(&passwords),
        Ask::post("/v1/users/me/totp"),
        Ask::delete("/v1/users/me/totp"),
        Ask::post("/v1/users/me/recovery-codes"),
        Ask::delete("/v1/users/me"),
        Ask::get("/v1/users/me/export"),
        Ask::delete("/v1/users/me/sessions"),
        Ask::post("/v1/users/me/roles").json(&json!({ "roles": ["administrator"] })),
        Ask::get("/v1/users"),
        Ask::post(format!("/v1/users/{}/impersonate", eve["userId"].as_str().unwrap()))
            .json(&json!({ "reason": "one more" })),
        Ask::post("/v1/organizations").json(&json!({ "name": "Looms" })),
        Ask::post("/v1/invitations/accept").json(&json!({ "code": "dw_iv_any" })),
    ] {
        let reply = site.send(ask.bearer(&acting["token"])).await;
        assert!(matches!(reply.status, 400 | 403 | 404), "{}: {}", reply.status, reply.text());
    }
    assert_eq!(site.mails().await, mails, "and nothing happened");
    let list = site.send(Ask::get("/v1/organizations").bearer(&acting["token"])).await;
    assert_eq!((list.status, &list.json()["data"]), (200, &json!([])), "but he may look");
    site.log_in("ada@example.com").await;
    assert_eq!(site.send(Ask::get("/v1/users/me").bearer(&ada["token"])).await.status, 200);
}

#[tokio::test]
async fn only_administrators_who_logged_in_a_moment_ago_act_as_others() {
    // R-AZ-01, R-AZ-03, R-SE-14
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let eve = site.session("eve@example.com").await;
    assert_eq!(site.send(impersonate(&ada, &eve)).await.status, 404);
    assert_eq!(site.send(impersonate(&ada, &ada)).await.status, 403);
    assert_eq!(site.send(impersonate(&root, &root)).await.status, 403);
    let path = format!("/v1/users/{}/impersonate", ada["userId"].as_str().unwrap());
    let ask = || Ask::post(path.clone());
    assert_eq!(site.send(ask().json(&json!({ "reason": "x" }))).await.status, 401);
    for body in
        [json!({}), json!({ "reason": "" }), json!({ "reason": "a\nb" }), json!({ "reason": 1 })]
    {
        let reply = site.send(ask().json(&body).bearer(&root["token"])).await;
        assert_eq!((reply.status, reply.pointers()), (422, vec!["/reason".to_owned()]), "{body}");
    }
    site.wait(Duration::from_mins(5));
    let stale = site.send(impersonate(&ada, &root)).await;
    assert_eq!(stale.problem(), (401, "STEP_UP_REQUIRED".into()));
}

#[tokio::test]
async fn an_impersonation_that_is_asked_for_again_with_its_key_is_the_same_session() {
    // R-IN-06
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let ask = || impersonate(&ada, &root).header("idempotency-key", "k1");
    let first = site.send(ask()).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let again = site.send(ask()).await;
    assert_eq!((again.status, again.json()), (201, first.json()));
    let other = Ask::post(format!("/v1/users/{}/impersonate", ada["userId"].as_str().unwrap()))
        .json(&json!({ "reason": "Ticket 4712" }))
        .bearer(&root["token"])
        .header("idempotency-key", "k1");
    assert_eq!(site.send(other).await.problem(), (422, "IDEMPOTENCY_KEY_REUSED".into()));
}
