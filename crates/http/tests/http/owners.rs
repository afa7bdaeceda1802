use std::time::Duration;

use serde_json::{Value, json};

use crate::organizations::{OWNER, accept, founded, invite, path};
use crate::sessions::administrator;
use crate::site::{Ask, Reply, Site};

const ADA: &str = "ada@example.com";

async fn appoint(site: &Site, by: &Value, organization: &Value, user: &Value) -> Reply {
    let body = json!({ "userId": user });
    site.send(Ask::post(path(organization, "/owner")).json(&body).bearer(&by["token"])).await
}

async fn restore(site: &Site, by: &Value, organization: &Value) -> Reply {
    site.send(Ask::post(path(organization, "/restore")).bearer(&by["token"])).await
}

async fn ban(site: &Site, root: &Value, user: &Value) {
    let path = format!("/v1/users/{}/ban", user.as_str().unwrap());
    assert_eq!(site.send(Ask::post(path).bearer(&root["token"])).await.status, 200);
}

#[tokio::test]
async fn an_owner_gives_the_organization_to_another_member() {
    // R-AZ-05, R-SE-14
    let (site, owner, made) = founded().await;
    let ada = site.session(ADA).await;
    let code = invite(&site, &owner, &made, ADA, "editor").await;
    let member = accept(&site, &ada, &code).await;
    let body = json!({ "membershipId": member["id"] });
    let ask =
        |by: &Value| Ask::post(path(&made, "/transfer")).json(&body).bearer(&by["token"].clone());
    let given = site.send(ask(&owner)).await;
    assert_eq!(given.status, 200, "{}", given.text());
    let given = given.json();
    assert_eq!((&given["id"], &given["role"]), (&member["id"], &json!("owner")));
    assert_eq!(given["userId"], ada["userId"]);
    let list = site.send(Ask::get("/v1/organizations").bearer(&owner["token"])).await.json();
    assert_eq!(list["data"][0]["membership"]["role"], "editor", "the two swap their roles");
    assert_eq!(site.send(ask(&owner)).await.status, 403, "who owns nothing has nothing to give");
    let again = site.send(ask(&ada)).await;
    assert_eq!(again.obstructions(), [("/membershipId".into(), "OWNER_ALREADY".into())]);

    let log = Ask::get(path(&made, "/audit-events?limit=100")).bearer(&ada["token"]);
    let log = site.send(log).await.json();
    let mut events = log["data"].as_array().unwrap().iter();
    let told = events.find(|it| it["event"] == "organization.transferred").unwrap();
    assert_eq!(told["actorId"], owner["userId"]);
    assert_eq!(told["details"], json!({ "from": owner["userId"], "to": ada["userId"] }));
}

#[tokio::test]
async fn what_decides_over_an_organization_needs_a_login_of_a_moment_ago() {
    // R-MF-04, R-SE-14
    let (site, owner, made) = founded().await;
    let (root, ada) = (administrator(&site).await, site.session(ADA).await);
    let code = invite(&site, &owner, &made, ADA, "admin").await;
    let member = accept(&site, &ada, &code).await;
    let member = format!("/v1/memberships/{}", member["id"].as_str().unwrap());
    let give = |role: &str| Ask::patch(&member).json(&json!({ "role": role }));
    let guest = |role: &str| {
        let body = json!({ "email": "guest@example.com", "role": role });
        Ask::post(path(&made, "/invitations")).json(&body)
    };
    site.wait(Duration::from_mins(5));
    let transfer = json!({ "membershipId": made["membership"]["id"] });
    for (by, ask) in [
        (&owner, Ask::post(path(&made, "/transfer")).json(&transfer)),
        (&owner, Ask::delete(path(&made, ""))),
        (&owner, Ask::post(path(&made, "/restore"))),
        (&root, Ask::post(path(&made, "/owner")).json(&json!({ "userId": root["userId"] }))),
        (&owner, give("owner")),
        (&owner, guest("owner")),
    ] {
        let reply = site.send(ask.bearer(&by["token"])).await;
        let problem = reply.problem();
        assert_eq!(problem, (401, "STEP_UP_REQUIRED".into()), "{}", reply.text());
    }
    let seen = site.send(Ask::get(path(&made, "")).bearer(&owner["token"])).await.json();
    assert_eq!(seen.get("archivedAt"), None, "nothing happened");
    for (ask, status) in [(give("viewer"), 200), (guest("viewer"), 201), (give("admin"), 200)] {
        let reply = site.send(ask.bearer(&owner["token"])).await;
        assert_eq!(reply.status, status, "members are another matter: {}", reply.text());
    }

    let again = site.log_in(ADA).await;
    let back = site.log_in(OWNER).await;
    assert_eq!(site.send(give("owner").bearer(&back["token"])).await.status, 200);
    site.wait(Duration::from_mins(5));
    for ask in [give("viewer"), Ask::delete(&member)] {
        let reply = site.send(ask.bearer(&back["token"])).await;
        assert_eq!(reply.problem(), (401, "STEP_UP_REQUIRED".into()), "{}", reply.text());
    }
    let left = site.send(Ask::delete(&member).bearer(&again["token"])).await;
    assert_eq!(left.status, 204, "who goes needs nothing: {}", left.text());
}

#[tokio::test]
async fn an_administrator_gives_what_a_ban_left_without_an_owner_a_new_one() {
    // R-AZ-05, R-AZ-08
    let (site, owner, made) = founded().await;
    let (root, ada) = (administrator(&site).await, site.session(ADA).await);
    let code = |reply: Reply| (reply.status, reply.obstructions()[0].1.clone());
    let early = appoint(&site, &root, &made, &ada["userId"]).await;
    assert_eq!(code(early), (422, "OWNER_PRESENT".into()));
    assert_eq!(appoint(&site, &owner, &made, &ada["userId"]).await.status, 403);

    ban(&site, &root, &owner["userId"]).await;
    let gone = appoint(&site, &root, &made, &owner["userId"]).await;
    assert_eq!(gone.problem(), (404, "NOT_FOUND".into()));
    let reply = appoint(&site, &root, &made, &ada["userId"]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let appointed = reply.json();
    assert_eq!((&appointed["role"], &appointed["userId"]), (&json!("owner"), &ada["userId"]));
    assert_eq!(appoint(&site, &root, &made, &ada["userId"]).await.json(), appointed);

    let log = Ask::get(path(&made, "/audit-events")).bearer(&ada["token"]);
    let log = site.send(log).await.json();
    let told = |event: &str| {
        let mut told = log["data"].as_array().unwrap().iter().filter(|it| it["event"] == event);
        let first = told.next().unwrap();
        assert!(told.next().is_none(), "once: {log}");
        assert_eq!((&first["actorId"], &first["subjectId"]), (&root["userId"], &ada["userId"]));
        first["details"].clone()
    };
    assert_eq!(told("organization.owner-appointed"), json!({}));
    assert_eq!(told("member.added")["invitationId"], Value::Null);
}

#[tokio::test]
async fn nobody_restores_an_organization_that_nobody_owns() {
    // GW-33
    let (site, owner, made) = founded().await;
    let root = administrator(&site).await;
    let archive = Ask::delete(path(&made, "")).bearer(&owner["token"]);
    assert_eq!(site.send(archive).await.status, 204);
    assert_eq!(site.send(Ask::delete("/v1/users/me").bearer(&owner["token"])).await.status, 204);
    let refused = restore(&site, &root, &made).await;
    assert_eq!((refused.status, &*refused.obstructions()[0].1), (422, "NO_OWNER"));
    assert_eq!(appoint(&site, &root, &made, &root["userId"]).await.status, 200);
    assert_eq!(restore(&site, &root, &made).await.status, 200);
}
