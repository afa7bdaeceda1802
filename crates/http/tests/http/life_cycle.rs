use std::time::Duration;

use durward_core::budget::Rate;
use serde_json::{Value, json};

use crate::sessions::administrator;
use crate::site::{Ask, Site, login};

const GRACE: Duration = Duration::from_hours(14 * 24);

fn path(user: &Value, rest: &str) -> String {
    format!("/v1/users/{}{rest}", user["userId"].as_str().unwrap())
}

async fn post(site: &Site, path: String, by: &Value) -> (u16, Value) {
    let reply = site.send(Ask::post(path).bearer(&by["token"])).await;
    (reply.status, reply.json())
}

#[tokio::test]
async fn an_administrator_bans_and_unbans_others() {
    // R-SE-07
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let (status, user) = post(&site, path(&ada, "/ban"), &root).await;
    assert_eq!((status, &user["status"]), (200, &json!("banned")));
    let me = site.send(Ask::get("/v1/users/me").bearer(&ada["token"])).await;
    assert_eq!(me.status, 401);
    let refused = site.send(Ask::post("/v1/authn/password").json(&login("ada@example.com"))).await;
    assert_eq!(refused.status, 401);
    let (status, user) = post(&site, path(&ada, "/unban"), &root).await;
    assert_eq!((status, &user["status"]), (200, &json!("active")));
    site.log_in("ada@example.com").await;
    let (status, problem) = post(&site, path(&root, "/ban"), &root).await;
    assert_eq!((status, &problem["code"]), (403, &json!("FORBIDDEN")), "not oneself");
}

#[tokio::test]
async fn only_administrators_shut_open_and_restore_accounts() {
    // R-AZ-01, R-AZ-03
    let site = Site::standard();
    let (ada, eve) = (site.session("ada@example.com").await, site.session("eve@example.com").await);
    for rest in ["/ban", "/unban", "/restore", "/roles"] {
        let ask = || Ask::post(path(&ada, rest)).json(&json!({ "roles": ["user"] }));
        assert_eq!(site.send(ask()).await.status, 401, "{rest}");
        assert_eq!(site.send(ask().bearer(&eve["token"])).await.status, 404, "{rest}");
        assert_eq!(site.send(ask().bearer(&ada["token"])).await.status, 403, "{rest}");
    }
    assert_eq!(site.send(Ask::delete(path(&ada, "")).bearer(&eve["token"])).await.status, 404);
    assert_eq!(site.send(Ask::delete(path(&ada, ""))).await.status, 401);
    let me = site.send(Ask::get("/v1/users/me").bearer(&ada["token"])).await;
    assert_eq!(me.json()["status"], "active");
}

#[tokio::test]
async fn the_status_is_an_administrators_to_change() {
    // R-AZ-04
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let body = |status| json!({ "name": "Countess", "status": status });
    let patch =
        |by: &Value, status| Ask::patch(path(&ada, "")).json(&body(status)).bearer(&by["token"]);
    let own = site.send(patch(&ada, "active")).await;
    assert_eq!(own.status, 422);
    assert_eq!(own.json()["obstructions"][0]["code"], "UNKNOWN_FIELD");
    let unknown = site.send(patch(&root, "deleted")).await;
    assert_eq!(unknown.json()["obstructions"][0]["code"], "UNKNOWN_VALUE");
    let me = site.send(Ask::get("/v1/users/me").bearer(&ada["token"])).await;
    assert_eq!(me.json()["name"], "Ada", "nothing was written");
    let banned = site.send(patch(&root, "banned")).await.json();
    assert_eq!((&banned["status"], &banned["name"]), (&json!("banned"), &json!("Countess")));
    let active = site.send(patch(&root, "active")).await.json();
    assert_eq!(active["status"], "active");
}

#[tokio::test]
async fn a_user_deletes_himself_if_he_logged_in_a_moment_ago() {
    // R-SE-07, R-SE-14, GW-43
    let site = Site::standard();
    administrator(&site).await;
    let ada = site.session("ada@example.com").await;
    site.wait(Duration::from_mins(5));
    let stale = site.send(Ask::delete("/v1/users/me").bearer(&ada["token"])).await;
    assert_eq!((stale.status, &stale.json()["code"]), (401, &json!("STEP_UP_REQUIRED")));
    let ada = site.log_in("ada@example.com").await;
    let wrong = Ask::delete("/v1/users/me").bearer(&ada["token"]).header("if-match", "\"x\"");
    assert_eq!(site.send(wrong).await.status, 412);
    let reply = site.send(Ask::delete("/v1/users/me").bearer(&ada["token"])).await;
    assert_eq!(reply.status, 204);
    assert_eq!(site.send(Ask::get("/v1/users/me").bearer(&ada["token"])).await.status, 401);
    let root = site.log_in("root@example.com").await;
    let seen = site.send(Ask::get(path(&ada, "")).bearer(&root["token"])).await.json();
    assert_eq!((&seen["status"], seen["erasedAt"].is_string()), (&json!("deleted"), true));
    let (status, problem) = post(&site, path(&ada, "/ban"), &root).await;
    assert_eq!((status, &problem["code"]), (409, &json!("USER_DELETED")));
    let (status, user) = post(&site, path(&ada, "/restore"), &root).await;
    assert_eq!((status, &user["status"], &user["erasedAt"]), (200, &json!("active"), &Value::Null));
    let ada = site.log_in("ada@example.com").await;
    assert_eq!(site.send(Ask::delete("/v1/users/me").bearer(&ada["token"])).await.status, 204);
    site.wait(GRACE);
    let root = site.log_in("root@example.com").await;
    let (status, _) = post(&site, path(&ada, "/restore"), &root).await;
    assert_eq!(status, 404, "too late, though nobody has erased him yet");
    let gone = site.send(Ask::get(path(&ada, "")).bearer(&root["token"])).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn the_owner_restores_his_account_by_the_link_he_was_mailed() {
    // R-SE-07, R-SE-15, R-EN-01
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    assert_eq!(site.send(Ask::delete("/v1/users/me").bearer(&ada["token"])).await.status, 204);
    let code = site.mailed_link("ada@example.com").await;
    let ask = |code: &str| Ask::post("/v1/users/restore").json(&json!({ "code": code }));
    let wrong = code.replace(&code[10..14], "0000");
    for refused in ["", "dw_cd_x", wrong.as_str()] {
        let reply = site.send(ask(refused)).await;
        assert_eq!((reply.status, &reply.json()["code"]), (401, &json!("UNAUTHENTICATED")));
    }
    assert_eq!(site.send(ask(&code)).await.status, 204);
    assert_eq!(site.send(ask(&code)).await.status, 401);
    assert_eq!(site.send(Ask::get("/v1/users/me").bearer(&ada["token"])).await.status, 401);
    site.log_in("ada@example.com").await;
}

#[tokio::test]
async fn the_last_administrator_cannot_go() {
    // R-AZ-05, GW-33
    let site = Site::standard();
    let root = administrator(&site).await;
    let reply = site.send(Ask::delete("/v1/users/me").bearer(&root["token"])).await;
    assert_eq!((reply.status, &reply.json()["code"]), (409, &json!("LAST_ONE")));
    assert_eq!(site.send(Ask::get("/v1/users/me").bearer(&root["token"])).await.status, 200);
}

#[tokio::test]
async fn an_account_that_is_deleted_again_and_again_is_held_off() {
    // R-TH-06, R-TH-07
    let hour = Duration::from_hours(1);
    let site = Site::new(
        |parts| parts.settings.limits.notices = Rate::per(1, hour),
        crate::site::settings(),
    );
    let root = administrator(&site).await;
    let ada = site.session("ada@example.com").await;
    assert_eq!(site.send(Ask::delete("/v1/users/me").bearer(&ada["token"])).await.status, 204);
    assert_eq!(post(&site, path(&ada, "/restore"), &root).await.0, 200);
    let ada = site.log_in("ada@example.com").await;
    let refused = site.send(Ask::delete("/v1/users/me").bearer(&ada["token"])).await;
    assert_eq!(refused.problem(), (429, "THROTTLED".into()));
    assert_eq!(refused.header("ratelimit-policy"), r#""mails";q=1;w=3600"#);
}
