//! The addresses of a user (R-EM-07, R-EM-08).

use std::time::Duration;

use serde_json::{Value, json};

use crate::site::{Ask, Site};

const PATH: &str = "/v1/users/me/login-emails";

fn these(emails: &[&str]) -> Value {
    json!({ "emails": emails })
}

async fn list(site: &Site, token: &Value) -> Value {
    let reply = site.send(Ask::get(PATH).bearer(token)).await;
    assert_eq!(reply.status, 200);
    reply.json()
}

/// Claims an address and proves it; answers its id.
async fn add(site: &Site, token: &Value, address: &str) -> String {
    site.wait(Duration::from_secs(1));
    let claimed = site.send(Ask::post(PATH).bearer(token).json(&these(&[address]))).await;
    assert_eq!((claimed.status, claimed.body.len()), (202, 0), "{}", claimed.text());
    let code = site.mailed(address).await.unwrap().typed;
    let verify = Ask::post("/v1/emails/verify").bearer(token).json(&json!({ "code": code }));
    assert_eq!(site.send(verify).await.status, 204);
    list(site, token).await["data"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_address_is_claimed_proven_made_primary_and_removed() {
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let token = &ada["token"];
    let id = add(&site, token, "ada@example.org").await;
    let primary = site.send(Ask::post(format!("{PATH}/{id}/primary")).bearer(token)).await;
    assert_eq!((primary.status, primary.body.len()), (204, 0));
    let emails = list(&site, token).await;
    assert_eq!(
        emails["data"].as_array().unwrap().iter().map(|it| &it["primary"]).collect::<Vec<_>>(),
        [&json!(true), &json!(false)]
    );
    let former = emails["data"][1]["id"].as_str().unwrap();
    let removed = site.send(Ask::delete(format!("{PATH}/{former}")).bearer(token)).await;
    assert_eq!((removed.status, removed.body.len()), (204, 0));
    let body = these(&["ada@example.org"]);
    let last = site.send(Ask::delete(PATH).bearer(token).json(&body)).await;
    assert_eq!(last.problem(), (409, "LAST_ONE".into()));
    let left = list(&site, token).await;
    assert_eq!((left["data"][0]["id"].as_str(), &left["next"]), (Some(&*id), &Value::Null));

    // R-EM-07: whoever reads the former address takes it back without a session.
    let code = site.linked("ada@example.com").await.unwrap();
    let revert = || Ask::post("/v1/emails/revert").json(&json!({ "code": code }));
    assert_eq!(site.send(revert().bearer(token)).await.status, 204);
    assert_eq!(site.send(revert()).await.problem(), (401, "UNAUTHENTICATED".into()));
    let me = site.send(Ask::get("/v1/users/me").bearer(token)).await;
    assert_eq!(me.status, 401, "everybody is signed out");
}

#[tokio::test]
async fn several_addresses_are_claimed_and_removed_at_once() {
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let token = &ada["token"];
    let both = these(&["b@example.org", "c@example.org"]);
    assert_eq!(site.send(Ask::post(PATH).bearer(token).json(&both)).await.status, 202);
    assert_eq!(list(&site, token).await["data"].as_array().unwrap().len(), 3);
    assert_eq!(site.send(Ask::delete(PATH).bearer(token).json(&both)).await.status, 204);
    let missing = site.send(Ask::delete(PATH).bearer(token).json(&both)).await;
    assert_eq!(missing.problem(), (404, "NOT_FOUND".into()));
    let first = site.send(Ask::get(format!("{PATH}?limit=1")).bearer(token)).await.json();
    assert_eq!(first["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once_and_nothing_is_written() {
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let token = &ada["token"];
    let mails = site.mails().await;
    for (body, pointers) in [
        (json!({}), vec!["/emails"]),
        (json!({ "emails": [], "x": 1 }), vec!["/emails", "/x"]),
        (json!({ "emails": ["b@example.org", "x", 3] }), vec!["/emails/1", "/emails/2"]),
    ] {
        for ask in [Ask::post(PATH), Ask::delete(PATH)] {
            let reply = site.send(ask.bearer(token).json(&body)).await;
            let expected = pointers.iter().map(|it| String::from(*it)).collect();
            assert_eq!((reply.status, reply.pointers()), (422, expected));
        }
    }
    let many: Vec<String> = (0..10).map(|n| format!("a{n}@example.org")).collect();
    let reply = site.send(Ask::post(PATH).bearer(token).json(&json!({ "emails": many }))).await;
    assert_eq!((reply.status, reply.pointers()), (422, vec!["/emails".to_owned()]));
    site.wait(Duration::from_secs(1));
    let claimed = site.send(Ask::post(PATH).bearer(token).json(&these(&["b@example.org"]))).await;
    assert_eq!(claimed.status, 202);
    let id = list(&site, token).await["data"][0]["id"].as_str().unwrap().to_owned();
    let unproven = site.send(Ask::post(format!("{PATH}/{id}/primary")).bearer(token)).await;
    assert_eq!((unproven.status, unproven.pointers()), (422, vec![String::new()]));
    assert_eq!(list(&site, token).await["data"].as_array().unwrap().len(), 2);
    assert_eq!(site.mails().await, mails + 1);
}

#[tokio::test]
async fn nobody_changes_the_addresses_of_somebody_else() {
    // R-AZ-03, GW-50
    let site = Site::standard();
    let (ada, eve) = (site.session("ada@example.com").await, site.session("eve@example.com").await);
    let id = list(&site, &ada["token"]).await["data"][0]["id"].as_str().unwrap().to_owned();
    let hers = format!("/v1/users/{}/login-emails", ada["userId"].as_str().unwrap());
    let missing = "eml_00000000000000000000000000";
    let asks = |users: &str| {
        [
            Ask::get(users),
            Ask::post(users).json(&these(&["x@example.org"])),
            Ask::delete(users).json(&these(&["ada@example.com"])),
            Ask::delete(format!("{users}/{id}")),
            Ask::post(format!("{users}/{id}/primary")),
        ]
    };
    for ask in asks(&hers) {
        let reply = site.send(ask.bearer(&eve["token"])).await;
        assert_eq!(reply.problem(), (404, "NOT_FOUND".into()));
    }
    for ask in asks(&hers) {
        assert_eq!(site.send(ask).await.status, 401);
    }
    for id in [&*id, missing, "x"] {
        for ask in [Ask::delete(format!("{PATH}/{id}")), Ask::post(format!("{PATH}/{id}/primary"))]
        {
            let reply = site.send(ask.bearer(&eve["token"])).await;
            assert_eq!(reply.problem(), (404, "NOT_FOUND".into()), "{id}");
        }
    }
    assert_eq!(list(&site, &ada["token"]).await["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn changing_addresses_asks_for_a_login_of_a_moment_ago() {
    // R-MF-04
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    site.wait(Duration::from_mins(5));
    let body = these(&["ada@example.org"]);
    let id = list(&site, &ada["token"]).await["data"][0]["id"].as_str().unwrap().to_owned();
    for ask in [
        Ask::post(PATH).json(&body),
        Ask::delete(PATH).json(&body),
        Ask::delete(format!("{PATH}/{id}")),
        Ask::post(format!("{PATH}/{id}/primary")),
    ] {
        let reply = site.send(ask.bearer(&ada["token"])).await;
        assert_eq!(reply.problem(), (401, "STEP_UP_REQUIRED".into()));
    }
}
