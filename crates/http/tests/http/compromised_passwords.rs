use serde_json::{Value, json};

use crate::sessions::administrator;
use crate::site::{Ask, PASSWORD, STATE, Site, login};

const ADA: &str = "ada@example.com";
const NEW: &str = "harbour violet ninety sparrow";

fn compromised(user: &Value) -> Ask {
    Ask::post(format!("/v1/users/{}/password/compromised", user["userId"].as_str().unwrap()))
}

fn start_reset(user: &Value, body: &Value) -> Ask {
    let path = format!("/v1/users/{}/password/reset", user["userId"].as_str().unwrap());
    Ask::post(path).json(body)
}

async fn log_in(site: &Site) -> Value {
    let reply = site.send(Ask::post("/v1/authn/password").json(&login(ADA))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn choose(handle: &Value, password: &str) -> Ask {
    Ask::post("/v1/authn/new-password").json(&json!({
        "idType": "code", "idValue": handle, "state": STATE,
        "password": password, "passwordConf": password,
    }))
}

#[tokio::test]
async fn a_login_by_a_marked_password_asks_for_another_one() {
    // R-PW-10
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session(ADA).await);
    for _ in 0..2 {
        let reply = site.send(compromised(&ada).bearer(&root["token"])).await;
        assert_eq!((reply.status, reply.body.len()), (204, 0), "{}", reply.text());
    }
    let step = log_in(&site).await;
    assert_eq!((&step["t"], &step["step"]), (&json!("step"), &json!("newPassword")));
    let weak = site.send(choose(&step["code"], "short")).await;
    assert_eq!(weak.obstructions(), [("/password".into(), "PASSWORD_TOO_SHORT".into())]);
    let same = site.send(choose(&step["code"], PASSWORD)).await;
    assert_eq!(same.obstructions(), [("/password".into(), "PASSWORD_UNCHANGED".into())]);
    let mut differing = json!({ "idType": "code", "idValue": step["code"], "state": STATE });
    (differing["password"], differing["passwordConf"]) = (json!(NEW), json!(PASSWORD));
    let differing = site.send(Ask::post("/v1/authn/new-password").json(&differing)).await;
    assert_eq!(differing.obstructions(), [("/passwordConf".into(), "PASSWORDS_DIFFER".into())]);

    let session = site.send(choose(&step["code"], NEW)).await;
    assert_eq!(session.status, 200, "{}", session.text());
    let session = session.json();
    assert_eq!((&session["t"], &session["userId"]), (&json!("session"), &ada["userId"]));
    let caller = site.send(Ask::get("/v1/caller").bearer(&session["token"])).await;
    assert_eq!(caller.json()["user"]["methods"], json!(["password"]));
    assert_eq!(site.send(Ask::get("/v1/caller").bearer(&ada["token"])).await.status, 401);
    assert_eq!(site.send(choose(&step["code"], NEW)).await.status, 401);
}

#[tokio::test]
async fn what_is_no_handle_of_this_step_has_one_answer() {
    // R-EN-01, R-CC-02
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session(ADA).await);
    let asked = Ask::post("/v1/authn/email").json(&json!({
        "idType": "email", "idValue": ADA, "state": STATE,
    }));
    let at_code = site.send(asked).await.json();
    site.send(compromised(&ada).bearer(&root["token"])).await;
    let mut other = log_in(&site).await;
    let mut wrong_state =
        json!({ "idType": "code", "idValue": other["code"], "state": "x".repeat(22) });
    (wrong_state["password"], wrong_state["passwordConf"]) = (json!(NEW), json!(NEW));
    let mut bodies = Vec::new();
    other["code"] = json!(format!("{}0", other["code"].as_str().unwrap()));
    for ask in [
        choose(&other["code"], NEW),
        choose(&json!("nothing"), NEW),
        choose(&at_code["code"], NEW),
        Ask::post("/v1/authn/new-password").json(&wrong_state),
    ] {
        let reply = site.send(ask).await;
        assert_eq!(reply.problem(), (401, "UNAUTHENTICATED".into()));
        let mut body = reply.json();
        body["requestId"] = Value::Null;
        bodies.push(body);
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn only_others_who_administer_mark_passwords_and_start_resets() {
    // R-PW-11, R-AZ-03, R-AZ-04
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session(ADA).await);
    let eve = site.session("eve@example.com").await;
    for ask in [compromised, |user: &Value| start_reset(user, &json!({}))] {
        assert_eq!(site.send(ask(&ada)).await.status, 401);
        assert_eq!(site.send(ask(&ada).bearer(&eve["token"])).await.status, 404);
        assert_eq!(site.send(ask(&ada).bearer(&ada["token"])).await.status, 403);
        assert_eq!(site.send(ask(&root).bearer(&root["token"])).await.status, 403);
    }
    let mails = site.mails().await;
    for body in [json!({ "password": NEW }), json!({ "revoke": "yes" }), json!({ "revoke": null })]
    {
        let reply = site.send(start_reset(&ada, &body).bearer(&root["token"])).await;
        assert_eq!(reply.status, 422, "{body}: {}", reply.text());
    }
    assert_eq!(site.mails().await, mails);
    assert_eq!(log_in(&site).await["t"], "session", "nothing was done");
}

#[tokio::test]
async fn a_started_reset_tells_the_administrator_nothing_and_the_user_everything() {
    // R-PW-11, R-LG-01
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session(ADA).await);
    let revoke = json!({ "revoke": true });
    let reply = site.send(start_reset(&ada, &revoke).bearer(&root["token"])).await;
    assert_eq!((reply.status, reply.body.len()), (202, 0), "{}", reply.text());
    assert_eq!(site.send(Ask::get("/v1/caller").bearer(&ada["token"])).await.status, 401);
    let refused = site.send(Ask::post("/v1/authn/password").json(&login(ADA))).await;
    assert_eq!(refused.status, 401);
    let code = site.mailed_link(ADA).await;
    let path = format!("/v1/users/{}/audit-events", ada["userId"].as_str().unwrap());
    let log = site.send(Ask::get(path).bearer(&root["token"])).await;
    assert!(!log.text().contains(&code));
    let log = log.json();
    let entries = log["data"].as_array().unwrap();
    let entry = |event: &str| entries.iter().find(|it| it["event"] == event).unwrap();
    for (event, details) in [
        ("password.reset-started", json!({ "revoked": true })),
        ("password.compromised", json!({ "cause": "revoked" })),
    ] {
        assert_eq!(entry(event)["actorId"], root["userId"], "{event}");
        assert_eq!(entry(event)["details"], details, "{event}");
    }
    let confirm = Ask::post("/v1/passwords/reset/confirm").json(&json!({
        "idType": "code", "idValue": code, "state": "of a browser that began nothing".replace(' ', "-"),
        "password": NEW, "passwordConf": NEW,
    }));
    assert_eq!(site.send(confirm).await.status, 204);
    let mut body = login(ADA);
    body["secret"] = json!(NEW);
    let session = site.send(Ask::post("/v1/authn/password").json(&body)).await.json();
    assert_eq!(session["t"], "session");
}

#[tokio::test]
async fn whoever_is_written_to_often_enough_is_left_alone_for_a_while() {
    // R-TH-07
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session(ADA).await);
    let started = || start_reset(&ada, &json!({})).bearer(&root["token"]);
    for _ in 0..5 {
        assert_eq!(site.send(started()).await.status, 202);
    }
    let refused = site.send(started()).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("ratelimit-policy"), r#""mails";q=5;w=3600"#);
    assert_eq!(refused.header("ratelimit"), r#""mails";r=0;t=720"#);
    assert_eq!(refused.header("retry-after"), "720");
}
