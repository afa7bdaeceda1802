use std::time::Duration;

use durward_core::Origin;
use serde_json::{Value, json};

use crate::sessions::administrator;
use crate::site::{Ask, Site};

async fn issued(site: &Site, recovery: bool) -> String {
    let issued = site.accounts.issue_bootstrap(recovery, &Origin::default()).await.unwrap();
    issued.link.expose().split_once('#').unwrap().1.to_owned()
}

async fn used(site: &Site, code: &str, by: &Value) -> u16 {
    let ask = Ask::post("/v1/bootstrap").json(&json!({ "code": code })).bearer(&by["token"]);
    site.send(ask).await.status
}

#[tokio::test]
async fn whoever_follows_the_link_administers() {
    // R-CF-01, GW-28, R-SE-03
    let site = Site::standard();
    let code = issued(&site, false).await;
    assert!(code.starts_with("dw_bs_"));
    let ask = || Ask::post("/v1/bootstrap").json(&json!({ "code": code }));
    assert_eq!(site.send(ask()).await.status, 401, "nobody");
    let ada = site.session("ada@example.com").await;
    assert_eq!(used(&site, &code, &ada).await, 204);
    assert_eq!(site.send(Ask::get("/v1/users").bearer(&ada["token"])).await.status, 401);
    let ada = site.log_in("ada@example.com").await;
    assert_eq!(site.send(Ask::get("/v1/users").bearer(&ada["token"])).await.status, 200);
    let eve = site.session("eve@example.com").await;
    assert_eq!(used(&site, &code, &eve).await, 403, "once");
    assert_eq!(site.send(Ask::get("/v1/users").bearer(&eve["token"])).await.status, 403);
}

#[tokio::test]
async fn every_other_code_is_refused_alike() {
    // R-EN-01, R-SE-10
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let (old, new) = (issued(&site, false).await, issued(&site, false).await);
    let mut wrong = new.clone();
    wrong.replace_range(10..14, "0000");
    let token = ada["token"].as_str().unwrap();
    for code in ["", "dw_bs_x", token, &wrong, &old] {
        let ask = Ask::post("/v1/bootstrap").json(&json!({ "code": code })).bearer(&ada["token"]);
        assert_eq!(site.send(ask).await.problem(), (403, "FORBIDDEN".into()), "{code}");
    }
    let body = json!({ "code": 1, "email": "x" });
    let invalid = site.send(Ask::post("/v1/bootstrap").json(&body).bearer(&ada["token"])).await;
    assert_eq!((invalid.status, invalid.pointers().len()), (422, 2));
    site.wait(Duration::from_hours(24));
    let ada = site.log_in("ada@example.com").await;
    assert_eq!(used(&site, &new, &ada).await, 403, "too late");
}

#[tokio::test]
async fn a_link_needs_a_login_of_a_moment_ago() {
    // R-SE-14
    let site = Site::standard();
    let (ada, code) = (site.session("ada@example.com").await, issued(&site, false).await);
    site.wait(Duration::from_mins(5));
    let ask = Ask::post("/v1/bootstrap").json(&json!({ "code": code })).bearer(&ada["token"]);
    assert_eq!(site.send(ask).await.problem(), (401, "STEP_UP_REQUIRED".into()));
    let ada = site.log_in("ada@example.com").await;
    assert_eq!(used(&site, &code, &ada).await, 204);
}

#[tokio::test]
async fn a_link_of_before_the_first_administrator_is_dead() {
    // R-CF-01
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let code = issued(&site, false).await;
    administrator(&site).await;
    assert_eq!(used(&site, &code, &ada).await, 403);
    let code = issued(&site, true).await;
    assert_eq!(used(&site, &code, &ada).await, 204, "unless an operator asks for it");
}
