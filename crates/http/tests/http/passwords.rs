use std::time::Duration;

use durward_core::store::{Tx, Users, UsersMut};
use durward_core::{Store, User, UserStatus};
use serde_json::{Value, json};

use crate::site::{Ask, PASSWORD, STATE, Site, login};

const NEW: &str = "harbour violet ninety sparrow";
const ADA: &str = "ada@example.com";

fn change(body: &Value) -> Ask {
    Ask::post("/v1/users/me/password").json(body)
}

fn chosen(current: Option<&str>, password: &str) -> Value {
    let mut body = json!({ "password": password, "passwordConf": password });
    if let Some(current) = current {
        body["currentPassword"] = json!(current);
    }
    body
}

async fn logs_in(site: &Site, password: &str) -> bool {
    let mut body = login(ADA);
    body["secret"] = json!(password);
    site.send(Ask::post("/v1/authn/password").json(&body)).await.status == 200
}

async fn is_live(site: &Site, token: &Value) -> bool {
    site.send(Ask::get("/v1/caller").bearer(token)).await.status == 200
}

async fn begin_reset(site: &Site, email: &str) -> Value {
    let body = json!({ "email": email, "state": STATE });
    let reply = site.send(Ask::post("/v1/passwords/reset").json(&body)).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    reply.json()
}

fn by_link(code: &str, password: &str) -> Ask {
    let mut body = chosen(None, password);
    body["idType"] = json!("code");
    body["idValue"] = json!(code);
    body["state"] = json!(STATE);
    Ask::post("/v1/passwords/reset/confirm").json(&body)
}

fn typed(step: &Value, code: &str, password: &str) -> Ask {
    let mut body = chosen(None, password);
    body["idType"] = json!("code");
    body["idValue"] = step["code"].clone();
    body["secret"] = json!(code);
    body["state"] = json!(STATE);
    Ask::post("/v1/passwords/reset/confirm").json(&body)
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_the_old_one() {
    // R-PW-07, R-SE-06, R-NO-01
    let site = Site::standard();
    let other = site.session(ADA).await;
    site.wait(Duration::from_mins(10));
    let session = site.log_in(ADA).await;
    site.wait(Duration::from_mins(50));
    let mails = site.mails().await;
    let reply = site.send(change(&chosen(Some(PASSWORD), NEW)).bearer(&session["token"])).await;
    assert_eq!((reply.status, reply.body.len()), (204, 0), "{}", reply.text());
    assert!(is_live(&site, &session["token"]).await, "the session of the caller goes on");
    assert!(!is_live(&site, &other["token"]).await);
    let refresh = Ask::post("/v1/sessions/refresh").json(&json!({ "refresh": other["refresh"] }));
    assert_eq!(site.send(refresh).await.status, 401);
    assert_eq!(site.mails().await, mails + 1);
    assert!(logs_in(&site, NEW).await && !logs_in(&site, PASSWORD).await);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_change_is_told_at_once() {
    // R-PW-06, R-PW-07
    let site = Site::standard();
    let session = site.session(ADA).await;
    let refused = async |body: &Value| {
        let reply = site.send(change(body).bearer(&session["token"])).await;
        assert_eq!(reply.status, 422, "{}", reply.text());
        reply.obstructions()
    };
    let one = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
    let found = refused(&chosen(None, "password1")).await;
    let codes: Vec<_> = found.iter().map(|(_, code)| &**code).collect();
    assert_eq!(codes, ["REQUIRED", "PASSWORD_TOO_SHORT", "PASSWORD_COMMON"]);
    let wrong = refused(&chosen(Some("not the password"), NEW)).await;
    assert_eq!(wrong, one("/currentPassword", "PASSWORD_WRONG"));
    let same = refused(&chosen(Some(PASSWORD), PASSWORD)).await;
    assert_eq!(same, one("/password", "PASSWORD_UNCHANGED"));
    let own = refused(&chosen(Some(PASSWORD), "ada@example.com 12345")).await;
    assert_eq!(own, one("/password", "PASSWORD_PERSONAL"));
    let found = refused(&json!({ "password": NEW, "passwordConf": "x", "more": 1 })).await;
    let found: Vec<_> = found.iter().map(|(pointer, _)| &**pointer).collect();
    assert_eq!(found, ["/passwordConf", "/more"]);
    assert!(logs_in(&site, PASSWORD).await);
}

#[tokio::test]
async fn the_current_password_is_guessed_no_faster_than_at_a_login() {
    // R-TH-03
    let site = Site::standard();
    let session = site.session(ADA).await;
    for _ in 0..5 {
        let reply = site.send(change(&chosen(Some("no"), NEW)).bearer(&session["token"])).await;
        assert_eq!(reply.pointers(), ["/currentPassword"]);
    }
    // The right one comes too early, here and at a login, and is as wrong as any other.
    let early = site.send(change(&chosen(Some(PASSWORD), NEW)).bearer(&session["token"])).await;
    assert_eq!(early.obstructions(), [("/currentPassword".into(), "PASSWORD_WRONG".into())]);
    assert!(!logs_in(&site, PASSWORD).await);
    site.wait(Duration::from_secs(20));
    let right = site.send(change(&chosen(Some(PASSWORD), NEW)).bearer(&session["token"])).await;
    assert_eq!(right.status, 204);
    assert!(logs_in(&site, NEW).await, "nothing is left to wait for");
}

#[tokio::test]
async fn a_first_password_needs_a_login_of_a_moment_ago_and_the_client_can_resume() {
    // R-MF-04, R-SE-03
    let site = Site::standard();
    let mut body = crate::site::sign_up(ADA);
    body.as_object_mut().unwrap().retain(|name, _| !name.starts_with("password"));
    assert_eq!(site.send(Ask::post("/v1/users").json(&body)).await.status, 202);
    let code = site.mailed(ADA).await.unwrap();
    let answer = json!({ "idType": "code", "idValue": code.link, "state": STATE });
    let old = site.send(Ask::post("/v1/authn/code").json(&answer)).await.json();
    site.wait(Duration::from_mins(5));
    let stale = site.send(change(&chosen(None, NEW)).bearer(&old["token"])).await;
    assert_eq!(stale.problem(), (401, "STEP_UP_REQUIRED".into()));
    assert!(stale.header("www-authenticate").contains("insufficient_user_authentication"));
    // The client logs in again with the old token in its hand, and repeats what it wanted.
    let ask = json!({ "idType": "email", "idValue": ADA, "state": STATE });
    let again = Ask::post("/v1/authn/email").json(&ask).bearer(&old["token"]);
    assert_eq!(site.send(again).await.status, 202);
    let code = site.mailed(ADA).await.unwrap();
    let answer = json!({ "idType": "code", "idValue": code.link, "state": STATE });
    let new = site.send(Ask::post("/v1/authn/code").json(&answer).bearer(&old["token"])).await;
    let new = new.json();
    assert!(!is_live(&site, &old["token"]).await, "the old session has been replaced");
    let reply = site.send(change(&chosen(None, NEW)).bearer(&new["token"])).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    assert!(logs_in(&site, NEW).await);
}

#[tokio::test]
async fn nobody_sets_the_password_of_somebody_else() {
    // R-PW-11, R-AZ-03
    let site = Site::standard();
    let ada = site.session(ADA).await;
    let root = site.session("root@example.com").await;
    let id = root["userId"].as_str().unwrap().parse().unwrap();
    let mut tx = site.store.begin().await.unwrap();
    let before = tx.user(id).await.unwrap().unwrap();
    let roles = vec![durward_core::StandardRole::Administrator];
    let after = User { roles, version: before.version + 1, ..before.clone() };
    assert!(tx.update_user(&after, before.version).await.unwrap());
    tx.commit().await.unwrap();
    let path = format!("/v1/users/{}/password", ada["userId"].as_str().unwrap());
    let ask = || Ask::post(&path).json(&chosen(Some(PASSWORD), NEW));
    assert_eq!(site.send(ask().bearer(&root["token"])).await.status, 404);
    assert_eq!(site.send(ask()).await.status, 401);
    assert!(logs_in(&site, PASSWORD).await);
}

#[tokio::test]
async fn a_password_is_reset_by_the_link_or_the_typed_code() {
    // R-RC-03
    for by_typing in [false, true] {
        let site = Site::standard();
        let session = site.session(ADA).await;
        let step = begin_reset(&site, ADA).await;
        assert_eq!((&step["t"], &step["step"]), (&json!("step"), &json!("code")));
        assert!(is_live(&site, &session["token"]).await, "nothing has changed yet");
        let code = site.mailed(ADA).await.unwrap();
        let confirm = || {
            if by_typing { typed(&step, &code.typed, NEW) } else { by_link(&code.link, NEW) }
        };
        let reply = site.send(confirm()).await;
        assert_eq!((reply.status, reply.body.len()), (204, 0), "{}", reply.text());
        assert!(!is_live(&site, &session["token"]).await);
        let refresh = json!({ "refresh": session["refresh"] });
        let refreshed = site.send(Ask::post("/v1/sessions/refresh").json(&refresh)).await;
        assert_eq!(refreshed.status, 401);
        assert!(logs_in(&site, NEW).await && !logs_in(&site, PASSWORD).await);
        assert_eq!(site.send(confirm()).await.problem(), (401, "UNAUTHENTICATED".into()));
    }
}

#[tokio::test]
async fn a_password_that_is_not_good_enough_does_not_spend_the_code() {
    // R-RC-03, R-PW-06
    let site = Site::standard();
    site.session(ADA).await;
    let step = begin_reset(&site, ADA).await;
    let code = site.mailed(ADA).await.unwrap();
    for weak in ["short", "password", "ada@example.com 1234"] {
        let reply = site.send(typed(&step, &code.typed, weak)).await;
        assert_eq!(reply.status, 422, "{weak}");
        assert!(reply.pointers().iter().all(|pointer| pointer == "/password"));
    }
    // What is said before the code is looked at says nothing about the code, and costs no attempt.
    for _ in 0..9 {
        assert_eq!(site.send(typed(&step, "ZZZZZZZZ", "short")).await.status, 422);
    }
    assert_eq!(site.send(typed(&step, &code.typed, NEW)).await.status, 204);
}

#[tokio::test]
async fn a_code_of_one_kind_is_worth_nothing_as_another() {
    // R-OT-04, R-SE-10
    let site = Site::standard();
    site.session(ADA).await;
    let reset = begin_reset(&site, ADA).await;
    let code = site.mailed(ADA).await.unwrap();
    let login = |value: &Value| json!({ "idType": "code", "idValue": value, "state": STATE });
    let body = login(&json!(code.link));
    assert_eq!(site.send(Ask::post("/v1/authn/code").json(&body)).await.status, 401);
    let mut body = login(&reset["code"]);
    body["secret"] = json!(code.typed);
    assert_eq!(site.send(Ask::post("/v1/authn/code").json(&body)).await.status, 401);
    let body = json!({ "code": code.link });
    assert_eq!(site.send(Ask::post("/v1/emails/verify").json(&body)).await.status, 401);
    assert_eq!(site.send(by_link(&code.link, NEW)).await.status, 204, "it is not spent");
    site.mails().await;

    let ask = json!({ "idType": "email", "idValue": ADA, "state": STATE });
    site.send(Ask::post("/v1/authn/email").json(&ask)).await;
    let code = site.mailed(ADA).await.unwrap();
    assert_eq!(site.send(by_link(&code.link, PASSWORD)).await.status, 401);
    let body = login(&json!(code.link));
    assert_eq!(site.send(Ask::post("/v1/authn/code").json(&body)).await.status, 200);
}

#[tokio::test]
async fn asking_for_a_reset_tells_nobody_who_has_an_account() {
    // R-EN-01
    let site = Site::standard();
    for (email, status) in
        [("banned@example.com", UserStatus::Banned), ("deleted@example.com", UserStatus::Deleted)]
    {
        let id = site.session(email).await["userId"].as_str().unwrap().parse().unwrap();
        let mut tx = site.store.begin().await.unwrap();
        let before = tx.user(id).await.unwrap().unwrap();
        let after = User { status, version: before.version + 1, ..before.clone() };
        assert!(tx.update_user(&after, before.version).await.unwrap());
        tx.commit().await.unwrap();
    }
    let mails = site.mails().await;
    for email in ["unknown@example.com", "banned@example.com", "deleted@example.com"] {
        let mut step = begin_reset(&site, email).await;
        for answer in [typed(&step, "BCDFGHJK", NEW), typed(&step, "x", NEW)] {
            assert_eq!(site.send(answer).await.problem(), (401, "UNAUTHENTICATED".into()));
        }
        let handle = step["code"].take();
        assert!(handle.as_str().unwrap().starts_with("dw_fl_"));
        let expires = "2023-11-14T22:23:20.000Z";
        let shape = json!({ "t": "step", "step": "code", "code": null, "state": STATE, "expiresAt": expires });
        assert_eq!(step, shape);
    }
    assert_eq!(site.mails().await, mails);
    let reply = site.send(Ask::post("/v1/passwords/reset").json(&json!({ "email": "x" }))).await;
    assert_eq!((reply.status, reply.pointers()), (422, vec!["/email".into(), "/state".into()]));
}

#[tokio::test]
async fn a_weak_password_is_told_together_with_whatever_else_is_wrong() {
    // R-IN-01, R-PW-06
    let site = Site::standard();
    let session = site.session(ADA).await;
    let weak = json!({ "password": "short", "passwordConf": "short", "x": 1 });
    for (path, others) in [
        ("/v1/passwords/reset/confirm", &["/idType", "/idValue", "/state"][..]),
        ("/v1/authn/new-password", &["/idType", "/idValue", "/state"]),
        ("/v1/users/me/password", &[]),
    ] {
        let reply = site.send(Ask::post(path).json(&weak).bearer(&session["token"])).await;
        assert_eq!(reply.status, 422, "{path}");
        let found = reply.obstructions();
        let has = |pointer: &str, code: &str| {
            found.iter().any(|it| (it.0.as_str(), it.1.as_str()) == (pointer, code))
        };
        assert!(has("/x", "UNKNOWN_FIELD") && has("/password", "PASSWORD_TOO_SHORT"), "{found:?}");
        for other in others {
            assert!(has(other, "REQUIRED"), "{path}: {found:?}");
        }
    }
}
