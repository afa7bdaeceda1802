use std::time::Duration;

use serde_json::{Value, json};

use crate::sessions::administrator;
use crate::site::{Ask, Site};

fn path(user: &Value) -> String {
    format!("/v1/users/{}/roles", user["userId"].as_str().unwrap())
}

#[tokio::test]
async fn an_administrator_grants_and_revokes_roles_of_others() {
    // R-AZ-05, R-SE-03
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let body = json!({ "roles": ["administrator"] });
    let granted = site.send(Ask::post(path(&ada)).json(&body).bearer(&root["token"])).await;
    assert_eq!(granted.json(), json!({ "roles": ["user", "administrator"] }));
    let ended = site.send(Ask::get("/v1/users/me").bearer(&ada["token"])).await;
    assert_eq!(ended.status, 401, "a new right needs a new login");
    let ada = site.log_in("ada@example.com").await;
    let seen = site.send(Ask::get(path(&root)).bearer(&ada["token"])).await.json();
    assert_eq!(seen, json!({ "roles": ["administrator"] }));
    let revoked = site.send(Ask::delete(path(&root)).json(&body).bearer(&ada["token"])).await;
    assert_eq!(revoked.json(), json!({ "roles": [] }));
    assert_eq!(site.send(Ask::get("/v1/users/me").bearer(&root["token"])).await.status, 401);
}

#[tokio::test]
async fn nobody_changes_his_own_roles() {
    // R-AZ-05
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let body = json!({ "roles": ["administrator"] });
    for who in [&root, &ada] {
        for ask in [Ask::post(path(who)), Ask::delete(path(who))] {
            assert_eq!(site.send(ask.json(&body).bearer(&who["token"])).await.status, 403);
        }
        assert_eq!(site.send(Ask::get(path(who)).bearer(&who["token"])).await.status, 200);
    }
}

#[tokio::test]
async fn roles_are_changed_by_whoever_logged_in_a_moment_ago() {
    // R-MF-04
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    site.wait(Duration::from_mins(5));
    let body = json!({ "roles": ["administrator"] });
    let reply = site.send(Ask::post(path(&ada)).json(&body).bearer(&root["token"])).await;
    assert_eq!((reply.status, &reply.json()["code"]), (401, &json!("STEP_UP_REQUIRED")));
}
