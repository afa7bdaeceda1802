//! What the reader of a notice can do (R-NO-01).

use durward_core::store::Tx;
use durward_core::{Notice, UserId};
use serde_json::json;

use crate::site::{Ask, Site};

/// The code of the link in a notice about something that changed.
async fn told(site: &Site, user: &serde_json::Value) -> String {
    let user: UserId = user.as_str().unwrap().parse().unwrap();
    let mut tx = site.accounts.begin().await.unwrap();
    site.accounts.notify(&mut tx, user, Notice::NewDevice).await.unwrap();
    tx.commit().await.unwrap();
    site.linked("ada@example.com").await.unwrap()
}

#[tokio::test]
async fn a_report_signs_everybody_out_without_a_session() {
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let code = told(&site, &ada["userId"]).await;
    let report = || Ask::post("/v1/notices/report").json(&json!({ "code": code }));
    let reply = site.send(report()).await;
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    let me = site.send(Ask::get("/v1/users/me").bearer(&ada["token"])).await;
    assert_eq!(me.problem(), (401, "UNAUTHENTICATED".into()));
    // A session that is over in the header keeps nobody from it: the code alone decides.
    let again = site.send(report().bearer(&ada["token"])).await;
    assert_eq!(again.problem(), (401, "UNAUTHENTICATED".into()));
    let recovery = site.mailed("ada@example.com").await.unwrap();
    let body = json!({
        "idType": "code",
        "idValue": recovery.link,
        "state": crate::site::STATE,
        "password": "nine green lanterns hum",
        "passwordConf": "nine green lanterns hum",
    });
    let reply = site.send(Ask::post("/v1/passwords/reset/confirm").json(&body)).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
}

#[tokio::test]
async fn what_is_no_code_of_a_notice_is_refused_alike() {
    // R-EN-01, R-SE-10
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    for wrong in ["", "x", "dw_cd_x", ada["token"].as_str().unwrap()] {
        let ask = Ask::post("/v1/notices/report").json(&json!({ "code": wrong }));
        assert_eq!(site.send(ask).await.problem(), (401, "UNAUTHENTICATED".into()), "{wrong}");
    }
    let reply = site.send(Ask::post("/v1/notices/report").json(&json!({ "state": "x" }))).await;
    assert_eq!((reply.status, reply.pointers()), (422, vec!["/code".into(), "/state".into()]));
    let me = site.send(Ask::get("/v1/users/me").bearer(&ada["token"])).await;
    assert_eq!(me.status, 200);
}
