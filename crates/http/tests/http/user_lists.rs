use std::time::Duration;

use serde_json::{Value, json};

use crate::sessions::administrator;
use crate::site::{Ask, Site, sign_up};

/// A user who is called so.
async fn named(site: &Site, name: &str, email: &str) -> Value {
    let mut body = sign_up(email);
    body["name"] = json!(name);
    assert_eq!(site.send(Ask::post("/v1/users").json(&body)).await.status, 202);
    let code = site.mailed(email).await.unwrap();
    let state = crate::site::STATE;
    let body = json!({ "idType": "code", "idValue": code.link, "state": state });
    let session = site.send(Ask::post("/v1/authn/code").json(&body)).await.json();
    site.wait(Duration::from_secs(1));
    session
}

async fn list(site: &Site, root: &Value, query: &str) -> Value {
    let reply = site.send(Ask::get(format!("/v1/users?{query}")).bearer(&root["token"])).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    reply.json()
}

fn names(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn administrators_list_the_users_from_the_youngest_on() {
    let site = Site::standard();
    let root = administrator(&site).await;
    site.wait(Duration::from_secs(1));
    let ada = named(&site, "Countess", "ada@example.com").await;
    named(&site, "Eve", "eve@example.com").await;
    let all = list(&site, &root, "").await;
    assert_eq!((names(&all), &all["next"]), (vec!["Eve", "Countess", "Ada"], &Value::Null));
    assert_eq!(all["data"][1]["id"], ada["userId"]);
    assert_eq!(all["data"][1]["emails"][0]["email"], "ada@example.com");
    let first = list(&site, &root, "limit=2").await;
    let cursor = first["next"].as_str().unwrap();
    named(&site, "Young", "young@example.com").await;
    let rest = list(&site, &root, &format!("cursor={cursor}")).await;
    assert_eq!((names(&rest), &rest["next"]), (vec!["Ada"], &Value::Null));
    let other = Ask::get(format!("/v1/users?status=active&cursor={cursor}"));
    assert_eq!(site.send(other.bearer(&root["token"])).await.status, 422, "bound to the question");
}

#[tokio::test]
async fn users_are_searched_by_whatever_fits_together() {
    // R-IN-04
    let site = Site::standard();
    let root = administrator(&site).await;
    site.wait(Duration::from_secs(1));
    let zoe = named(&site, "Zoë %", "z@example.com").await;
    let max = named(&site, "Max", "zoe_max@example.com").await;
    let found = async |query: &str| {
        let found = list(&site, &root, query).await;
        names(&found).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("q=ZO").await, ["Max", "Zoë %"], "by an address, and by a name");
    for (query, expected) in [
        ("q=zo%C3%AB", vec!["Zoë %"]),
        ("q=zoe%5F", vec!["Max"]),
        ("q=zo%25", vec![]),
        ("q=z_", vec![]),
        ("q=%25", vec![]),
        ("q=example", vec![]),
        ("email=Zoe_Max@EXAMPLE.com", vec!["Max"]),
        ("email=zoe@example.com", vec![]),
        ("email=zoe_max@example.com&q=zoe_", vec!["Max"]),
        ("email=z@example.com&q=zoe_", vec![]),
        ("status=banned", vec![]),
    ] {
        assert_eq!(found(query).await, expected, "{query}");
    }
    let id = max["userId"].as_str().unwrap();
    let ban = Ask::post(format!("/v1/users/{id}/ban")).bearer(&root["token"]);
    let banned = site.send(ban).await.json();
    assert_eq!(found("status=banned&q=zo").await, ["Max"]);
    assert_eq!(found("status=active&q=zo").await, ["Zoë %"]);
    let at = banned["createdAt"].as_str().unwrap();
    assert!(
        found(&format!("createdAfter={at}")).await.is_empty(),
        "the moment itself is not after"
    );
    let before = list(&site, &root, "q=z").await;
    let of_zoe = before["data"].as_array().unwrap().iter().find(|it| it["id"] == zoe["userId"]);
    let at = of_zoe.unwrap()["createdAt"].as_str().unwrap();
    assert_eq!(found(&format!("createdAfter={at}")).await, ["Max"]);
    let first = list(&site, &root, "q=zo&limit=1").await;
    let cursor = first["next"].as_str().unwrap();
    let rest = list(&site, &root, &format!("q=zo&limit=1&cursor={cursor}")).await;
    assert_eq!((names(&first), names(&rest)), (vec!["Max"], vec!["Zoë %"]));
    assert_eq!(rest["next"], Value::Null);
}

#[tokio::test]
async fn only_administrators_list_users() {
    // R-AZ-01
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let refused = site.send(Ask::get("/v1/users").bearer(&ada["token"])).await;
    assert_eq!(refused.problem(), (403, "FORBIDDEN".into()));
    assert_eq!(site.send(Ask::get("/v1/users")).await.status, 401);
}

#[tokio::test]
async fn everything_wrong_with_a_search_of_users_is_told_at_once() {
    // R-HT-04, R-IN-01
    let site = Site::standard();
    let root = administrator(&site).await;
    let long = "x".repeat(101);
    for q in ["q=".to_owned(), "q=a%00".to_owned(), format!("q={long}")] {
        let query = format!("{q}&email=x&status=gone&createdAfter=1&limit=0&cursor=x");
        let reply = site.send(Ask::get(format!("/v1/users?{query}")).bearer(&root["token"])).await;
        assert_eq!(reply.status, 422, "{q}");
        let mut found = reply.pointers();
        found.sort_unstable();
        assert_eq!(found, ["/createdAfter", "/cursor", "/email", "/limit", "/q", "/status"]);
    }
}
