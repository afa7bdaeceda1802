use std::time::Duration;

use serde_json::{Value, json};

use crate::clients::client;
use crate::sessions::administrator;
use crate::site::{Ask, Site};

/// An organization that is called so.
async fn named(site: &Site, owner: &Value, name: &str) -> Value {
    let ask = Ask::post("/v1/organizations").json(&json!({ "name": name }));
    let made = site.send(ask.bearer(&owner["token"])).await;
    assert_eq!(made.status, 201, "{}", made.text());
    site.wait(Duration::from_secs(1));
    made.json()
}

async fn list(site: &Site, key: &Value, query: &str) -> Value {
    let reply = site.send(Ask::get(format!("/v1/organizations?{query}")).bearer(key)).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    reply.json()
}

fn names(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn administrators_list_and_search_all_organizations() {
    // R-AZ-01, R-IN-04
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    named(&site, &ada, "Zoë %").await;
    let tea = named(&site, &ada, "Tea").await;
    let mine = named(&site, &root, "zoo").await;
    let key = &root["token"];
    let all = list(&site, key, "scope=all").await;
    assert_eq!((names(&all), &all["next"]), (vec!["zoo", "Tea", "Zoë %"], &Value::Null));
    assert!(all["data"][0].get("membership").is_none(), "of all, what one is in them is not told");
    for query in ["", "scope=own"] {
        let own = list(&site, key, query).await;
        assert_eq!(names(&own), ["zoo"]);
        assert_eq!(own["data"][0]["membership"], mine["membership"]);
    }
    let first = list(&site, key, "scope=all&limit=2").await;
    let cursor = first["next"].as_str().unwrap();
    named(&site, &ada, "Young").await;
    let rest = list(&site, key, &format!("scope=all&cursor={cursor}")).await;
    assert_eq!((names(&rest), &rest["next"]), (vec!["Zoë %"], &Value::Null));
    for other in ["", "scope=all&archived=true&", "scope=all&q=z&"] {
        let other = Ask::get(format!("/v1/organizations?{other}cursor={cursor}")).bearer(key);
        assert_eq!(site.send(other).await.status, 422, "bound to the question");
    }

    for (query, expected) in [
        ("q=ZO", vec!["zoo", "Zoë %"]),
        ("q=zo%C3%AB", vec!["Zoë %"]),
        ("q=z%25", vec![]),
        ("q=z_", vec![]),
        ("q=ea", vec![]),
        ("q=tea&archived=false", vec!["Tea"]),
        ("q=tea&archived=true", vec![]),
        ("archived=true", vec![]),
    ] {
        let found = list(&site, key, &format!("scope=all&{query}")).await;
        assert_eq!(names(&found), expected, "{query}");
    }
    let first = list(&site, key, "scope=all&q=z&limit=1").await;
    let cursor = first["next"].as_str().unwrap();
    let rest = list(&site, key, &format!("scope=all&q=z&limit=1&cursor={cursor}")).await;
    assert_eq!((names(&first), names(&rest)), (vec!["zoo"], vec!["Zoë %"]));
    assert_eq!(rest["next"], Value::Null);
    let path = format!("/v1/organizations/{}", tea["id"].as_str().unwrap());
    assert!(site.send(Ask::delete(path).bearer(&ada["token"])).await.status < 300);
    let archived = list(&site, key, "scope=all&archived=true").await;
    assert_eq!(names(&archived), ["Tea"]);
    assert!(archived["data"][0]["archivedAt"].is_string());
    assert!(!names(&list(&site, key, "scope=all&archived=false").await).contains(&"Tea"));
}

#[tokio::test]
async fn only_administrators_and_parts_of_the_deployment_list_all_organizations() {
    // R-AZ-01, R-AZ-08
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let tea = named(&site, &ada, "Tea").await;
    let ask = |key: &Value| site.send(Ask::get("/v1/organizations?scope=all").bearer(key));
    assert_eq!(ask(&ada["token"]).await.problem(), (403, "FORBIDDEN".into()));
    let log = Ask::get("/v1/audit-events?event=access.denied").bearer(&root["token"]);
    let log = site.send(log).await.json();
    assert_eq!(log["data"][0]["actorId"], ada["userId"], "{log}");
    assert_eq!(site.send(Ask::get("/v1/organizations?scope=all")).await.status, 401);

    let part = client(&site, &ada, tea["id"].as_str().unwrap(), json!({})).await;
    let (own, all) = ("/v1/organizations?scope=own", "/v1/organizations");
    assert_eq!(site.send(Ask::get(all).bearer(&part["secret"])).await.status, 403);
    let roles = format!("/v1/clients/{}/roles", part["id"].as_str().unwrap());
    let grant = Ask::post(roles).json(&json!({ "roles": ["system"] })).bearer(&root["token"]);
    assert!(site.send(grant).await.status < 300);
    for query in ["", "scope=all"] {
        assert_eq!(names(&list(&site, &part["secret"], query).await), ["Tea"]);
    }
    assert_eq!(site.send(Ask::get(own).bearer(&part["secret"])).await.status, 403, "it has none");
}

#[tokio::test]
async fn everything_wrong_with_a_search_of_organizations_is_told_at_once() {
    // R-HT-04, R-IN-01
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let wrong = async |who: &Value, query: &str| {
        let ask = Ask::get(format!("/v1/organizations?{query}")).bearer(&who["token"]);
        let reply = site.send(ask).await;
        assert_eq!(reply.status, 422, "{query}: {}", reply.text());
        let mut found = reply.obstructions();
        found.sort_unstable();
        found
    };
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    for q in ["q=", "q=a%00"] {
        let query = format!("scope=all&{q}&archived=maybe&limit=0&cursor=x");
        let found = wrong(&root, &query).await;
        let pointers: Vec<_> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/archived", "/cursor", "/limit", "/q"], "{q}");
    }
    assert_eq!(wrong(&ada, "scope=mine").await, [pair("/scope", "UNKNOWN_VALUE")]);
    let only = [pair("/archived", "ONLY_AMONG_ALL"), pair("/q", "ONLY_AMONG_ALL")];
    for who in [&ada, &root] {
        assert_eq!(wrong(who, "q=a&archived=true").await, only);
    }
}
