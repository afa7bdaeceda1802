use serde_json::{Value, json};

use crate::sessions::administrator;
use crate::site::{Ask, Site, sign_up};

pub(crate) const OWNER: &str = "owner@example.com";
const ADA: &str = "ada@example.com";

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A deployment with an organization: its owner, and itself.
pub(crate) async fn founded() -> (Site, Value, Value) {
    let site = Site::standard();
    let owner = site.session(OWNER).await;
    let body = json!({ "name": "Tea & Biscuits" });
    let made = site.send(Ask::post("/v1/organizations").json(&body).bearer(&owner["token"])).await;
    assert_eq!(made.status, 201, "{}", made.text());
    (site, owner, made.json())
}

pub(crate) fn path(organization: &Value, rest: &str) -> String {
    format!("/v1/organizations/{}{rest}", text(&organization["id"]))
}

pub(crate) async fn invite(
    site: &Site,
    owner: &Value,
    organization: &Value,
    to: &str,
    role: &str,
) -> String {
    let body = json!({ "email": to, "role": role });
    let ask = Ask::post(path(organization, "/invitations")).json(&body).bearer(&owner["token"]);
    let sent = site.send(ask).await;
    assert_eq!(sent.status, 201, "{}", sent.text());
    site.mailed_link(to).await
}

pub(crate) async fn accept(site: &Site, who: &Value, code: &str) -> Value {
    let ask = Ask::post("/v1/invitations/accept").json(&json!({ "code": code }));
    let reply = site.send(ask.bearer(&who["token"])).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

#[tokio::test]
async fn an_organization_is_made_seen_changed_archived_and_restored() {
    let (site, owner, made) = founded().await;
    assert_eq!(made["membership"]["role"], "owner");
    assert_eq!(made["membership"]["permissions"], json!(["read", "edit", "manage", "delete"]));

    let seen = site.send(Ask::get(path(&made, "")).bearer(&owner["token"])).await;
    let tag = seen.headers["etag"].to_str().unwrap().to_owned();
    let change = json!({ "name": "Coffee & Cake" });
    let ask = || Ask::patch(path(&made, "")).json(&change).bearer(&owner["token"]);
    let changed = site.send(ask().header("if-match", &tag)).await;
    assert_eq!((changed.status, &changed.json()["name"]), (200, &json!("Coffee & Cake")));
    assert_eq!(site.send(ask().header("if-match", &tag)).await.status, 412);

    let list = site.send(Ask::get("/v1/organizations").bearer(&owner["token"])).await.json();
    assert_eq!(list["data"][0]["name"], "Coffee & Cake");
    assert_eq!(list["data"][0]["membership"]["id"], made["membership"]["id"]);

    let archived = site.send(Ask::delete(path(&made, "")).bearer(&owner["token"])).await;
    assert_eq!(archived.status, 204);
    assert_eq!(site.send(ask()).await.status, 403, "nothing is changed in an archive");
    let restored = site.send(Ask::post(path(&made, "/restore")).bearer(&owner["token"])).await;
    assert_eq!((restored.status, restored.json().get("archivedAt")), (200, None));
}

#[tokio::test]
async fn a_repeated_request_makes_one_organization() {
    let site = Site::standard();
    let owner = site.session(OWNER).await;
    let body = json!({ "name": "Tea & Biscuits" });
    let ask = || Ask::post("/v1/organizations").json(&body).bearer(&owner["token"]);
    let first = site.send(ask().header("idempotency-key", "k1")).await;
    let second = site.send(ask().header("idempotency-key", "k1")).await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.json(), second.json());
    let list = site.send(Ask::get("/v1/organizations").bearer(&owner["token"])).await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_foreign_organization_looks_like_a_missing_one() {
    // R-AZ-03
    let (site, _, made) = founded().await;
    let eve = site.session("eve@example.com").await;
    let missing = json!({ "id": "org_00000000000000000000000000" });
    let member = text(&made["membership"]["id"]);
    let transfer = json!({ "membershipId": member });
    let invitation = json!({ "email": "x@example.com", "role": "viewer" });
    for (method, rest, body) in [
        ("GET", "", None),
        ("PATCH", "", Some(json!({ "name": "Mine" }))),
        ("DELETE", "", None),
        ("POST", "/restore", None),
        ("POST", "/transfer", Some(transfer)),
        ("POST", "/owner", Some(json!({ "userId": "usr_00000000000000000000000000" }))),
        ("GET", "/memberships", None),
        ("GET", "/invitations", None),
        ("POST", "/invitations", Some(invitation)),
        ("GET", "/audit-events", None),
    ] {
        let mut problems = Vec::new();
        for organization in [&made, &missing] {
            let mut ask = Ask::new(method, path(organization, rest)).bearer(&eve["token"]);
            if let Some(body) = &body {
                ask = ask.json(body);
            }
            let reply = site.send(ask).await;
            assert_eq!(reply.status, 404, "{method} {rest}: {}", reply.text());
            let mut problem = reply.json();
            problem["requestId"] = Value::Null;
            problems.push(problem);
        }
        assert_eq!(problems[0], problems[1], "{method} {rest}");
    }
    for id in [member, "mem_00000000000000000000000000"] {
        let reply = site.send(Ask::delete(format!("/v1/memberships/{id}")).bearer(&eve["token"]));
        assert_eq!(reply.await.status, 404);
    }
}

#[tokio::test]
async fn whoever_is_invited_joins_and_sees_what_his_role_allows() {
    let (site, owner, made) = founded().await;
    let ada = site.session(ADA).await;
    let code = invite(&site, &owner, &made, ADA, "viewer").await;
    let joined = accept(&site, &ada, &code).await;
    assert_eq!((&joined["role"], &joined["userId"]), (&json!("viewer"), &ada["userId"]));

    let get = |rest: &str| site.send(Ask::get(path(&made, rest)).bearer(&ada["token"]));
    assert_eq!(get("").await.status, 200);
    let members = get("/memberships").await.json();
    assert_eq!(members["data"].as_array().unwrap().len(), 2);
    for refused in ["/invitations", "/audit-events"] {
        assert_eq!(get(refused).await.status, 403, "{refused}");
    }
    let own = site.send(Ask::get("/v1/users/me/memberships").bearer(&ada["token"])).await.json();
    assert_eq!(own["data"][0]["organizationName"], "Tea & Biscuits");

    let membership = format!("/v1/memberships/{}", text(&joined["id"]));
    let change = json!({ "role": "admin" });
    let by_himself = Ask::patch(membership.clone()).json(&change).bearer(&ada["token"]);
    assert_eq!(site.send(by_himself).await.status, 403);
    let by_owner = Ask::patch(membership.clone()).json(&change).bearer(&owner["token"]);
    assert_eq!(site.send(by_owner).await.json()["role"], "admin");
    assert_eq!(get("/audit-events").await.status, 200);
    assert_eq!(site.send(Ask::delete(membership).bearer(&ada["token"])).await.status, 204);
    assert_eq!(get("").await.status, 404, "whoever left is a stranger");
}

#[tokio::test]
async fn an_invitation_is_part_of_a_sign_up() {
    let (site, owner, made) = founded().await;
    let code = invite(&site, &owner, &made, ADA, "editor").await;
    let mut body = sign_up(ADA);
    body["invitation"] = json!(code);
    let reply = site.send(Ask::post("/v1/users").json(&body)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let session = reply.json();
    let list = site.send(Ask::get("/v1/organizations").bearer(&session["token"])).await.json();
    assert_eq!(list["data"][0]["membership"]["role"], "editor");
    let me = site.send(Ask::get("/v1/users/me").bearer(&session["token"])).await.json();
    assert!(me["emails"][0]["verifiedAt"].is_string(), "{me}");
}

#[tokio::test]
async fn another_user_who_is_signed_in_is_told_so() {
    let (site, owner, made) = founded().await;
    let eve = site.session("eve@example.com").await;
    let code = invite(&site, &owner, &made, ADA, "viewer").await;
    let ask = Ask::post("/v1/invitations/accept").json(&json!({ "code": code }));
    let reply = site.send(ask.bearer(&eve["token"])).await;
    assert_eq!(reply.status, 403);
    assert_eq!(reply.json()["code"], "INVITATION_FOR_ANOTHER_USER");
}

#[tokio::test]
async fn an_invitation_is_listed_until_it_is_taken_back() {
    let (site, owner, made) = founded().await;
    let code = invite(&site, &owner, &made, ADA, "viewer").await;
    let get = || site.send(Ask::get(path(&made, "/invitations")).bearer(&owner["token"]));
    let list = get().await;
    assert!(!list.text().contains("dw_iv_"), "R-AZ-07: the code is mailed and nothing else");
    let list = list.json();
    assert_eq!(list["data"][0]["email"], ADA);
    let id = format!("/v1/invitations/{}", text(&list["data"][0]["id"]));
    for _ in 0..2 {
        let reply = site.send(Ask::delete(id.clone()).bearer(&owner["token"])).await;
        assert_eq!(reply.status, 204);
    }
    assert_eq!(get().await.json()["data"], json!([]));
    let ada = site.session(ADA).await;
    let ask = Ask::post("/v1/invitations/accept").json(&json!({ "code": code }));
    let reply = site.send(ask.bearer(&ada["token"])).await;
    assert_eq!(reply.json()["obstructions"][0]["code"], "INVITATION_NOT_OPEN");
}

#[tokio::test]
async fn the_last_owner_is_kept_and_told() {
    // R-AZ-05, GW-33, GW-43
    let (site, owner, made) = founded().await;
    let id = format!("/v1/memberships/{}", text(&made["membership"]["id"]));
    for path in [id.as_str(), "/v1/users/me"] {
        let reply = site.send(Ask::delete(path).bearer(&owner["token"])).await;
        assert_eq!((reply.status, &reply.json()["code"]), (409, &json!("LAST_ONE")), "{path}");
    }
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_organization_is_told_at_once() {
    // R-AZ-04
    let (site, owner, made) = founded().await;
    let codes = async |ask: Ask| {
        let reply = site.send(ask.bearer(&owner["token"])).await;
        assert_eq!(reply.status, 422, "{}", reply.text());
        let problem = reply.json();
        let found = problem["obstructions"].as_array().unwrap().iter();
        let pairs = found.map(|it| format!("{} {}", text(&it["pointer"]), text(&it["code"])));
        pairs.collect::<Vec<_>>()
    };
    let body = json!({ "name": "", "attributes": { "x": 1 }, "role": "owner" });
    let found = codes(Ask::post("/v1/organizations").json(&body)).await;
    assert_eq!(found, ["/name NAME_EMPTY", "/attributes/x UNKNOWN_FIELD", "/role UNKNOWN_FIELD"]);
    let body = json!({ "email": "x", "role": "king" });
    let found = codes(Ask::post(path(&made, "/invitations")).json(&body)).await;
    assert_eq!(found, ["/email EMAIL_MISSING_AT", "/role UNKNOWN_VALUE"]);
    let found =
        codes(Ask::post("/v1/invitations/accept").json(&json!({ "code": "dw_cd_x" }))).await;
    assert_eq!(found, ["/code INVITATION_MALFORMED"]);
}

#[tokio::test]
async fn an_administrator_sees_and_archives_and_does_not_join() {
    let (site, _, made) = founded().await;
    let root = administrator(&site).await;
    assert_eq!(site.send(Ask::get(path(&made, "")).bearer(&root["token"])).await.status, 200);
    let body = json!({ "email": "root@example.com", "role": "owner" });
    let invited = Ask::post(path(&made, "/invitations")).json(&body).bearer(&root["token"]);
    assert_eq!(site.send(invited).await.status, 403);
    assert_eq!(site.send(Ask::delete(path(&made, "")).bearer(&root["token"])).await.status, 204);
}
