use std::time::Duration;

use serde_json::{Value, json};

use crate::clients::{client, organization, path};
use crate::sessions::administrator;
use crate::site::{Ask, Site};

async fn list(site: &Site, key: &Value, query: &str) -> Value {
    let reply = site.send(Ask::get(format!("/v1/clients?{query}")).bearer(key)).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    reply.json()
}

fn ids(list: &Value) -> Vec<Value> {
    list["data"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect()
}

#[tokio::test]
async fn administrators_list_the_clients_of_everybody() {
    // R-AZ-01
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let (tea, coffee) = (organization(&site, &ada).await, organization(&site, &root).await);
    let one = client(&site, &ada, &tea, json!({})).await;
    site.wait(Duration::from_secs(1));
    let two = client(&site, &root, &coffee, json!({})).await;
    site.wait(Duration::from_secs(1));
    let ask = Ask::post("/v1/users/me/clients").json(&json!({ "name": "Mine" }));
    let three = site.send(ask.bearer(&ada["token"])).await.json();
    let roles = json!({ "roles": ["system"] });
    let grant = Ask::post(path(&two, "/roles")).json(&roles).bearer(&root["token"]);
    assert!(site.send(grant).await.status < 300);
    let disable = Ask::patch(path(&one, "")).json(&json!({ "enabled": false }));
    assert_eq!(site.send(disable.bearer(&ada["token"])).await.status, 200);

    let [first, second, third] = [&one, &two, &three].map(|made| made["id"].clone());
    let user = ada["userId"].as_str().unwrap();
    let key = &root["token"];
    for (query, expected) in [
        (String::new(), vec![&third, &second, &first]),
        (format!("organization={tea}"), vec![&first]),
        (format!("organization={coffee}&enabled=true"), vec![&second]),
        (format!("organization={coffee}&enabled=false"), vec![]),
        (format!("user={user}"), vec![&third]),
        (format!("user={user}&role=system"), vec![]),
        ("role=system".into(), vec![&second]),
        ("role=external".into(), vec![&third, &second, &first]),
        ("role=internal".into(), vec![]),
        ("enabled=false".into(), vec![&first]),
        ("enabled=true&role=external".into(), vec![&third, &second]),
    ] {
        let found = list(&site, key, &query).await;
        assert_eq!(ids(&found).iter().collect::<Vec<_>>(), expected, "{query}");
        assert!(!found.to_string().contains("dw_sk_"));
    }
    let found = list(&site, key, "limit=1").await;
    assert_eq!(found["data"][0]["userId"], ada["userId"]);
    let cursor = found["next"].as_str().unwrap();
    let rest = list(&site, key, &format!("cursor={cursor}")).await;
    assert_eq!((ids(&rest), &rest["next"]), (vec![second, first.clone()], &Value::Null));
    let other = Ask::get(format!("/v1/clients?enabled=true&cursor={cursor}")).bearer(key);
    assert_eq!(site.send(other).await.status, 422, "bound to the question");
    assert_eq!(ids(&list(&site, &two["secret"], "enabled=false").await), [first], "a part of it");
}

#[tokio::test]
async fn administrators_find_clients_by_how_their_names_begin() {
    // R-AZ-01
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let tea = organization(&site, &ada).await;
    let mut made = Vec::new();
    for name in ["Mara", "Loom", "marc"] {
        made.push(client(&site, &ada, &tea, json!({ "name": name })).await["id"].clone());
    }
    let key = &root["token"];
    let first = list(&site, key, "q=MAR&limit=1").await;
    assert_eq!(ids(&first), [made[0].clone()]);
    let cursor = first["next"].as_str().unwrap();
    let rest = list(&site, key, &format!("q=MAR&limit=1&cursor={cursor}")).await;
    assert_eq!((ids(&rest), &rest["next"]), (vec![made[2].clone()], &Value::Null));
    for query in [format!("q=Loo&cursor={cursor}"), format!("cursor={cursor}"), "q=".into()] {
        let other = Ask::get(format!("/v1/clients?{query}")).bearer(key);
        assert_eq!(site.send(other).await.status, 422, "{query}");
    }
    let own = format!("q=mar&organization={tea}&enabled=true");
    assert_eq!(ids(&list(&site, key, &own).await).len(), 2);
    assert!(ids(&list(&site, key, "q=mar&enabled=false").await).is_empty());
    assert!(ids(&list(&site, key, "q=oom").await).is_empty(), "nothing in the middle");
}

#[tokio::test]
async fn only_administrators_list_the_clients_of_everybody() {
    // R-AZ-01
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let tea = organization(&site, &ada).await;
    let made = client(&site, &ada, &tea, json!({})).await;
    for key in [&ada["token"], &made["secret"]] {
        let refused = site.send(Ask::get("/v1/clients").bearer(key)).await;
        assert_eq!(refused.problem(), (403, "FORBIDDEN".into()));
    }
    assert_eq!(site.send(Ask::get("/v1/clients")).await.status, 401);
}

#[tokio::test]
async fn everything_wrong_with_a_list_of_clients_is_told_at_once() {
    // R-HT-04, R-IN-01
    let site = Site::standard();
    let root = administrator(&site).await;
    let wrong = async |query: &str| {
        let reply =
            site.send(Ask::get(format!("/v1/clients?{query}")).bearer(&root["token"])).await;
        assert_eq!(reply.status, 422, "{query}: {}", reply.text());
        let mut found = reply.pointers();
        found.sort_unstable();
        found
    };
    let query = "organization=cli_1&user=x&role=king&enabled=1&limit=101&cursor=x";
    assert_eq!(
        wrong(query).await,
        ["/cursor", "/enabled", "/limit", "/organization", "/role", "/user"]
    );
    let user = root["userId"].as_str().unwrap();
    let organization = organization(&site, &root).await;
    let both = format!("organization={organization}&user={user}");
    assert_eq!(wrong(&both).await, ["/user"], "a client belongs to one of them");
}

#[tokio::test]
async fn secrets_and_restrictions_are_told_in_parts() {
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let tea = organization(&site, &ada).await;
    let made = client(&site, &ada, &tea, json!({})).await;
    site.wait(Duration::from_secs(1));
    let second = Ask::post(path(&made, "/secrets")).bearer(&ada["token"]);
    assert_eq!(site.send(second).await.status, 201);
    let rules = json!({ "restrictions": [
        { "type": "ip", "value": "192.0.2.1" },
        { "type": "ip", "value": "192.0.2.2" },
        { "type": "ip", "value": "192.0.2.3" },
    ] });
    let restrict = Ask::post(path(&made, "/access-restrictions")).json(&rules);
    assert_eq!(site.send(restrict.bearer(&ada["token"])).await.status, 201);
    for (list, count) in [("/secrets", 2), ("/access-restrictions", 3)] {
        let part = async |query: &str| {
            let ask = Ask::get(path(&made, &format!("{list}{query}")));
            site.send(ask.bearer(&ada["token"])).await
        };
        let all = part("").await.json();
        assert_eq!((ids(&all).len(), &all["next"]), (count, &Value::Null));
        let (mut found, mut query) = (Vec::new(), String::from("?limit=1"));
        loop {
            let one = part(&query).await.json();
            assert_eq!(ids(&one).len(), 1);
            found.extend(ids(&one));
            let Some(next) = one["next"].as_str() else { break };
            query = format!("?limit=1&cursor={next}");
        }
        assert_eq!(found, ids(&all), "{list}");
        for wrong in ["?limit=0", "?cursor=x"] {
            assert_eq!(part(wrong).await.status, 422, "{list}{wrong}");
        }
    }
}
