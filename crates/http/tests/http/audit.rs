use std::time::Duration;

use serde_json::{Value, json};

use crate::clients::{client, organization};
use crate::organizations::{accept, founded, invite, path};
use crate::sessions::administrator;
use crate::site::{Ask, Site};

fn events(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|it| it["event"].as_str().unwrap()).collect()
}

async fn search(site: &Site, root: &Value, query: &str) -> Value {
    let ask = Ask::get(format!("/v1/audit-events?{query}")).bearer(&root["token"]);
    let reply = site.send(ask).await;
    assert_eq!(reply.status, 200, "{query}");
    reply.json()
}

#[tokio::test]
async fn a_user_sees_what_happened_to_his_account_and_to_no_other() {
    // R-LG-01, R-AZ-03
    let site = Site::standard();
    let (ada, eve) = (site.session("ada@example.com").await, site.session("eve@example.com").await);
    let own = site.send(Ask::get("/v1/users/me/audit-events").bearer(&ada["token"])).await.json();
    assert_eq!(own["next"], Value::Null);
    assert!(events(&own).contains(&"session.opened"), "{own}");
    for entry in own["data"].as_array().unwrap() {
        assert_eq!(entry["subjectId"], ada["userId"]);
        assert_eq!(entry["ip"], "203.0.113.9");
        assert!(entry["details"].is_object() && entry["requestId"].is_string());
    }
    let first = "/v1/users/me/audit-events?limit=1";
    let first = site.send(Ask::get(first).bearer(&ada["token"])).await.json();
    let rest = format!("/v1/users/me/audit-events?cursor={}", first["next"].as_str().unwrap());
    let rest = site.send(Ask::get(rest).bearer(&ada["token"])).await.json();
    assert_eq!([events(&first), events(&rest)].concat(), events(&own));
    let foreign = format!("/v1/users/{}/audit-events", eve["userId"].as_str().unwrap());
    assert_eq!(site.send(Ask::get(foreign).bearer(&ada["token"])).await.status, 404);
    assert_eq!(site.send(Ask::get("/v1/users/me/audit-events")).await.status, 401);
}

#[tokio::test]
async fn administrators_search_the_log_by_whom_what_and_when() {
    // R-LG-01
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    site.wait(Duration::from_mins(1));
    let id = ada["userId"].as_str().unwrap();
    let about = search(&site, &root, &format!("subject={id}")).await;
    assert!(events(&about).len() >= 2);
    let opened = search(&site, &root, &format!("actor={id}&event=session.opened")).await;
    assert_eq!(events(&opened), ["session.opened"]);
    let at = opened["data"][0]["at"].as_str().unwrap();
    let since = search(&site, &root, &format!("from={at}&subject={id}")).await;
    assert_eq!(since, about, "the first moment is included");
    let until = search(&site, &root, &format!("to={at}&subject={id}")).await;
    assert_eq!(until["data"], json!([]), "and the last is not");
    let page = search(&site, &root, &format!("subject={id}&limit=1")).await;
    let cursor = page["next"].as_str().unwrap();
    let rest = search(&site, &root, &format!("subject={id}&cursor={cursor}")).await;
    assert_eq!([events(&page), events(&rest)].concat(), events(&about));
    let other = Ask::get(format!("/v1/audit-events?cursor={cursor}")).bearer(&root["token"]);
    assert_eq!(site.send(other).await.status, 422, "a cursor belongs to its question");
}

#[tokio::test]
async fn everything_wrong_with_a_search_is_told_at_once() {
    // R-HT-04
    let site = Site::standard();
    let root = administrator(&site).await;
    let query =
        "subject=me&actor=ses_1&client=x&organization=tea&event=X&from=now&to=1&limit=0&cursor=x";
    let ask = Ask::get(format!("/v1/audit-events?{query}")).bearer(&root["token"]);
    let reply = site.send(ask).await;
    assert_eq!(reply.status, 422);
    let problem = reply.json();
    let found = problem["obstructions"].as_array().unwrap().iter();
    let mut found: Vec<&str> = found.map(|it| it["pointer"].as_str().unwrap()).collect();
    found.sort_unstable();
    let all = [
        "/actor",
        "/client",
        "/cursor",
        "/event",
        "/from",
        "/limit",
        "/organization",
        "/subject",
        "/to",
    ];
    assert_eq!(found, all);
}

#[tokio::test]
async fn a_denial_is_written_down_and_cannot_fill_the_log() {
    // R-AZ-08
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let burst = durward_core::Settings::default().limits.network_failures.burst;
    for _ in 0..burst + 5 {
        let ask = Ask::get("/v1/audit-events").bearer(&ada["token"]);
        assert_eq!(site.send(ask).await.status, 403);
    }
    let mut page = search(&site, &root, "event=access.denied&limit=100").await;
    let entry = &page["data"][0];
    assert_eq!((&entry["actorId"], &entry["subjectId"]), (&ada["userId"], &Value::Null));
    let nothing = json!({
        "action": "ReadAudit",
        "target": "service",
        "targetId": null,
        "userId": null,
        "organizationId": null,
    });
    assert_eq!((&entry["details"], &entry["organizationId"]), (&nothing, &Value::Null));
    let mut written = events(&page).len();
    while let Some(cursor) = page["next"].as_str() {
        page =
            search(&site, &root, &format!("event=access.denied&limit=100&cursor={cursor}")).await;
        written += events(&page).len();
    }
    assert_eq!(written, burst as usize, "time stands still, and the budget is used up");
}

#[tokio::test]
async fn what_an_endpoint_refuses_is_written_down_as_well() {
    // R-AZ-08
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let path = |rest: &str| format!("/v1/users/{}/{rest}", ada["userId"].as_str().unwrap());
    let ban = Ask::post(path("ban")).bearer(&root["token"]);
    assert_eq!(site.send(ban).await.status, 200);
    let ask = Ask::post(path("impersonate")).json(&json!({ "reason": "She asked for help." }));
    assert_eq!(site.send(ask.bearer(&root["token"])).await.status, 403);
    let page = search(&site, &root, "event=access.denied").await;
    assert_eq!(events(&page), ["access.denied"]);
    let entry = &page["data"][0];
    let told = &entry["details"];
    assert_eq!((&entry["actorId"], &told["action"]), (&root["userId"], &json!("Impersonate")));
    assert_eq!((&told["target"], &told["userId"]), (&json!("user"), &ada["userId"]));
}

#[tokio::test]
async fn a_denial_stands_in_the_log_of_the_organization_of_whoever_belongs_there() {
    // R-AZ-08
    let (site, owner, made) = founded().await;
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let code = invite(&site, &owner, &made, "ada@example.com", "viewer").await;
    let member = accept(&site, &ada, &code).await;
    let eve = site.session("eve@example.com").await;
    let membership = format!("/v1/memberships/{}", made["membership"]["id"].as_str().unwrap());
    for (by, status) in [(&ada, 403), (&eve, 404)] {
        for denied in [Ask::delete(path(&made, "")), Ask::delete(membership.as_str())] {
            site.wait(Duration::from_millis(1));
            assert_eq!(site.send(denied.bearer(&by["token"])).await.status, status);
        }
    }
    let ask = Ask::get(path(&made, "/audit-events?limit=100")).bearer(&owner["token"]);
    let own = site.send(ask).await.json();
    let denials: Vec<&Value> = own["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["event"] == "access.denied")
        .collect();
    let by: Vec<&Value> = denials.iter().map(|it| &it["actorId"]).collect();
    assert_eq!(by, [&member["userId"], &member["userId"]], "no stranger fills it: {own}");
    let details = |action: &str, target: &str, id: &Value| {
        json!({
            "action": action,
            "target": target,
            "targetId": id,
            "userId": null,
            "organizationId": made["id"],
        })
    };
    let told = details("RemoveMember", "membership", &made["membership"]["id"]);
    assert_eq!(denials[0]["details"], told);
    let told = details("ArchiveOrganization", "organization", &Value::Null);
    assert_eq!(denials[1]["details"], told);

    let all = search(&site, &root, "event=access.denied").await;
    let strangers: Vec<&Value> = all["data"].as_array().unwrap().iter().take(2).collect();
    for row in strangers {
        assert_eq!((&row["actorId"], &row["organizationId"]), (&eve["userId"], &Value::Null));
        assert_eq!(row["details"]["organizationId"], made["id"], "for administrators");
    }
}

#[tokio::test]
async fn a_log_is_searched_by_client_and_by_organization() {
    // R-LG-01
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let (tea, loom) = (organization(&site, &ada).await, organization(&site, &ada).await);
    let made = client(&site, &ada, &tea, json!({})).await;
    let key = made["secret"].as_str().unwrap();
    let ask = Ask::get("/v1/users").header("authorization", format!("Bearer {key}"));
    assert_eq!(site.send(ask).await.status, 403);
    let id = made["id"].as_str().unwrap();
    assert_eq!(events(&search(&site, &root, &format!("client={id}")).await), ["access.denied"]);
    let both = format!("client={id}&organization={loom}");
    assert!(events(&search(&site, &root, &both).await).is_empty());
    let of = search(&site, &root, &format!("organization={loom}")).await;
    assert_eq!(events(&of), ["organization.created"]);

    let own = async |query: &str| {
        let path = format!("/v1/organizations/{tea}/audit-events?{query}");
        let reply = site.send(Ask::get(path).bearer(&ada["token"])).await;
        assert_eq!(reply.status, 200, "{query}: {}", reply.text());
        reply.json()
    };
    assert_eq!(events(&own("event=client.created").await), ["client.created"]);
    let user = ada["userId"].as_str().unwrap();
    let all = own(&format!("actor={user}")).await;
    assert_eq!(all, own("").await);
    assert!(events(&own(&format!("client={id}")).await).is_empty());
    assert!(events(&own("to=2020-01-01T00:00:00Z").await).is_empty());
    assert_eq!(own("from=2020-01-01T00:00:00Z").await, all);
    let subject = own(&format!("subject={user}")).await;
    assert_eq!(events(&subject), ["organization.created"]);
    let ignored = own(&format!("organization={loom}&event=organization.created")).await;
    assert_eq!(ignored["data"][0]["organizationId"], json!(tea), "the path decides");
    let part = own("limit=1").await;
    let cursor = part["next"].as_str().unwrap();
    let path = format!("/v1/organizations/{tea}/audit-events?event=client.created&cursor={cursor}");
    let other = site.send(Ask::get(path).bearer(&ada["token"])).await;
    assert_eq!(other.status, 422, "a cursor belongs to its question");
}
