//! Organizations, clients, sessions and the audit log in the hands of whoever runs the deployment.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{Api, Tokens};
use crate::process::Server;
use crate::users::Desk;

const ADA: &str = "ada@example.com";
const EVE: &str = "eve@example.com";
const NOBODY: &str = "usr_01890a5d7c7e7c8a9b0c1d2e3f";

/// An organization of this name.
async fn founded(api: &Api, owner: &Tokens, name: &str) -> String {
    let body = json!({ "name": name });
    let made = api.send(Method::POST, "/v1/organizations", Some(&owner.token), Some(&body)).await;
    assert_eq!(made.0, StatusCode::CREATED, "{}", made.1);
    made.1["id"].as_str().unwrap().to_owned()
}

fn ids<'a>(answer: &'a Value, list: &str) -> Vec<&'a str> {
    answer[list].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

/// All rows of a list, one by one: each part ends with the cursor of the next one.
fn turned(desk: &Desk, list: &str, command: &[&str]) -> Vec<String> {
    let (mut found, mut next) = (Vec::new(), Value::Null);
    loop {
        let mut command = [command, &["--limit", "1"]].concat();
        if let Some(cursor) = next.as_str() {
            command.extend(["--after", cursor]);
        }
        let part = desk.done(&command);
        found.extend(ids(&part, list).into_iter().map(str::to_owned));
        next = part["next"].clone();
        if next.is_null() {
            return found;
        }
        assert!(found.len() < 20, "no end");
    }
}

/// The events that nobody of the deployment did, as `durward audit list` tells them, the newest first.
fn done_by_nobody(desk: &Desk, flags: &[&str]) -> Vec<String> {
    let log = desk.done(&[&["audit", "list"], flags].concat());
    let rows = log["events"].as_array().unwrap().iter().filter(|row| row["actorId"].is_null());
    rows.map(|row| row["event"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn organizations_are_listed_shown_archived_and_restored() {
    let desk = Desk::new();
    let server = Server::develop(&desk.data, &[]);
    let api = Api::new(&server.base);
    let ada = api.sign_up_fully(ADA).await;
    let tea = founded(&api, &ada, "Tea & Biscuits").await;
    let loom = founded(&api, &ada, "Looms").await;
    assert_eq!(ids(&desk.done(&["organization", "list"]), "organizations"), [&*loom, &*tea]);
    assert_eq!(turned(&desk, "organizations", &["organization", "list"]), [&*loom, &*tea]);
    let found = desk.done(&["organization", "list", "--search", "TEA"]);
    assert_eq!(ids(&found, "organizations"), [&*tea]);
    let shown = desk.done(&["organization", "show", &tea])["organization"].clone();
    assert_eq!((&shown["name"], &shown["id"]), (&json!("Tea & Biscuits"), &json!(tea)));
    let member = &shown["members"][0];
    assert_eq!((&member["userId"], &member["role"]), (&json!(ada.user), &json!("owner")));
    let said = desk.said(&["organization", "show", &tea]);
    assert!(said.contains(&ada.user), "{said}");
    assert!(said.contains("Authentication asked of its members: any\n"), "{said}");

    for _again in 0..2 {
        let archived = desk.done(&["organization", "archive", &tea]);
        assert!(archived["organization"]["archivedAt"].is_string(), "{archived}");
    }
    let archived = desk.done(&["organization", "list", "--archived", "true"]);
    assert_eq!(ids(&archived, "organizations"), [&*tea]);
    let present = desk.done(&["organization", "list", "--archived", "false"]);
    assert_eq!(ids(&present, "organizations"), [&*loom]);
    let restored = desk.done(&["organization", "restore", &tea]);
    assert_eq!(restored["organization"].get("archivedAt"), None);
    let told = done_by_nobody(&desk, &["--organization", &tea]);
    assert_eq!(told, ["organization.restored", "organization.archived"], "R-LG-01");

    let missing = desk.refused(&["organization", "show", "org_01890a5d7c7e7c8a9b0c1d2e3f"]);
    assert!(missing.contains("durward organization list --search"), "{missing}");
    for wrong in [
        &["organization", "show", "Tea"][..],
        &["organization", "list", "--search", ""],
        &["organization", "list", "--archived", "maybe"],
        &["organization", "set-owner", &tea, "--user", "Ada"],
    ] {
        assert_eq!(desk.code(wrong), Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn an_organization_that_nobody_owns_is_given_an_owner() {
    // R-AZ-05
    let desk = Desk::new();
    let server = Server::develop(&desk.data, &[]);
    let api = Api::new(&server.base);
    let (ada, eve) = (api.sign_up_fully(ADA).await, api.sign_up_fully(EVE).await);
    let tea = founded(&api, &ada, "Tea").await;
    let owned = desk.refused(&["organization", "set-owner", &tea, "--user", EVE]);
    assert!(owned.contains("owns the organization"), "{owned}");
    desk.done(&["organization", "archive", &tea]);
    desk.done(&["user", "ban", ADA]);
    let orphaned = desk.refused(&["organization", "restore", &tea]);
    assert!(orphaned.contains("durward organization set-owner"), "{orphaned}");
    for gone in [ADA, NOBODY, "nobody@example.com"] {
        let refused = desk.refused(&["organization", "set-owner", &tea, "--user", gone]);
        assert!(refused.contains("durward user list"), "{refused}");
    }
    let set = desk.done(&["organization", "set-owner", &tea, "--user", EVE]);
    assert_eq!(set["membership"]["userId"], json!(eve.user));
    assert_eq!(set["membership"]["role"], "owner");
    desk.done(&["organization", "restore", &tea]);
    let path = format!("/v1/organizations/{tea}");
    let (status, _) = api.send(Method::GET, &path, Some(&eve.token), None).await;
    assert_eq!(status, StatusCode::OK);
    let told = done_by_nobody(&desk, &["--event", "organization.owner-appointed"]);
    assert_eq!(told.len(), 1);
}

#[tokio::test]
async fn a_leaked_key_is_stopped_at_once() {
    // R-CL-01
    let desk = Desk::new();
    let server = Server::develop(&desk.data, &[]);
    let api = Api::new(&server.base);
    let ada = api.sign_up_fully(ADA).await;
    let tea = founded(&api, &ada, "Tea").await;
    let create = |name: &str| {
        desk.done(&[
            "client",
            "create",
            "--organization",
            &tea,
            "--name",
            name,
            "--role",
            "internal",
        ])
    };
    let (loom, mill) = (create("Loom"), create("Mill"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (id, other) = (text(&loom["clientId"]), text(&mill["clientId"]));
    let status = async |key: &Value| api.caller(key.as_str().unwrap()).await.0;
    assert_eq!(status(&loom["secret"]).await, StatusCode::OK);

    assert_eq!(turned(&desk, "clients", &["client", "list"]), [&*other, &*id]);
    let found = |flags: &[&str]| {
        let found = desk.done(&[&["client", "list"], flags].concat());
        ids(&found, "clients").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found(&["--search", "LOO"]), [&*id]);
    assert_eq!(turned(&desk, "clients", &["client", "list", "--search", "l"]), [&*id]);
    assert_eq!(found(&["--organization", &tea, "--role", "internal"]).len(), 2);
    assert!(found(&["--user", &ada.user]).is_empty());
    let shown = desk.done(&["client", "show", &id])["client"].clone();
    assert_eq!((&shown["name"], shown["secrets"].as_array().unwrap().len()), (&json!("Loom"), 1));
    assert!(!shown.to_string().contains("dw_sk_"));

    for _again in 0..2 {
        assert_eq!(desk.done(&["client", "disable", &id])["client"]["enabled"], json!(false));
    }
    assert_eq!(status(&loom["secret"]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(found(&["--enabled", "false"]), [&*id]);
    desk.done(&["client", "enable", &id]);
    assert_eq!(status(&loom["secret"]).await, StatusCode::OK);

    let second = desk.done(&["client", "rotate", &id]);
    assert_eq!(status(&loom["secret"]).await, StatusCode::OK, "none is refused meanwhile");
    assert_eq!(status(&second["secret"]).await, StatusCode::OK);
    let full = desk.refused(&["client", "rotate", &id]);
    assert!(full.contains("--expire-others-in 0s"), "{full}");
    let third = desk.done(&["client", "rotate", &id, "--expire-others-in", "0s"]);
    assert_eq!(status(&second["secret"]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&third["secret"]).await, StatusCode::OK);
    desk.done(&["client", "delete", &id]);
    assert_eq!(status(&third["secret"]).await, StatusCode::UNAUTHORIZED);
    let gone = desk.refused(&["client", "show", &id]);
    assert!(gone.contains("durward client list --search"), "{gone}");

    let told = done_by_nobody(&desk, &["--organization", &tea, "--limit", "100"]);
    for (event, count) in [
        ("client.created", 2),
        ("client.updated", 2),
        ("client-secret.added", 4),
        ("client.deleted", 1),
    ] {
        assert_eq!(told.iter().filter(|it| *it == event).count(), count, "{event}: {told:?}");
    }
    for wrong in [
        &["client", "show", "Loom"][..],
        &["client", "rotate", &other, "--expire-others-in", "soon"],
        &["client", "list", "--organization", &tea, "--user", &ada.user],
    ] {
        assert_eq!(desk.code(wrong), Some(2), "{wrong:?}");
    }
    let long = desk.refused(&["client", "rotate", &other, "--expire-others-in", "91d"]);
    assert!(long.contains("90d"), "{long}");
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    // R-SE-07
    let desk = Desk::new();
    let server = Server::develop(&desk.data, &[]);
    let api = Api::new(&server.base);
    let (ada, eve) = (api.sign_up_fully(ADA).await, api.sign_up_fully(EVE).await);
    let again = api.log_in(ADA).await;
    assert_eq!(turned(&desk, "sessions", &["session", "list"]).len(), 3);
    let hers = desk.done(&["session", "list", "--user", ADA]);
    assert_eq!(hers["sessions"].as_array().unwrap().len(), 2);
    assert!(hers["sessions"].as_array().unwrap().iter().all(|it| it["userId"] == ada.user));
    let (_, caller) = api.caller(&ada.token).await;
    let session = caller["user"]["sessionId"].as_str().unwrap();
    assert_eq!(desk.done(&["session", "end", session])["userId"], json!(ada.user));
    assert_eq!(api.caller(&ada.token).await.0, StatusCode::UNAUTHORIZED);
    for other in [&again, &eve] {
        assert_eq!(api.caller(&other.token).await.0, StatusCode::OK);
    }
    assert_eq!(done_by_nobody(&desk, &["--subject", &ada.user]), ["session.ended"]);
    let missing = desk.refused(&["session", "end", "ses_01890a5d7c7e7c8a9b0c1d2e3f"]);
    assert!(missing.contains("durward session list"), "{missing}");
    assert!(desk.refused(&["session", "list", "--user", "nobody@example.com"]).contains("user"));
    for wrong in [&["session", "end", ADA][..], &["session", "list", "--client", "x"]] {
        assert_eq!(desk.code(wrong), Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn the_audit_log_is_searched() {
    // R-LG-01
    let desk = Desk::new();
    let server = Server::develop(&desk.data, &[]);
    let api = Api::new(&server.base);
    let (ada, eve) = (api.sign_up_fully(ADA).await, api.sign_up_fully(EVE).await);
    let tea = founded(&api, &ada, "Tea").await;
    let found = |flags: &[&str]| {
        let found = desk.done(&[&["audit", "list"], flags].concat());
        let rows = found["events"].as_array().unwrap().clone();
        rows.into_iter().map(|row| row["event"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&["--organization", &tea]), ["organization.created"]);
    assert_eq!(found(&["--event", "session.opened"]).len(), 2);
    assert_eq!(found(&["--event", "session.opened", "--subject", &eve.user]).len(), 1);
    assert_eq!(found(&["--actor", &ada.user, "--event", "organization.created"]).len(), 1);
    assert!(found(&["--client", "cli_01890a5d7c7e7c8a9b0c1d2e3f"]).is_empty());
    assert!(found(&["--to", "2020-01-01T00:00:00Z"]).is_empty());
    assert!(!found(&["--from", "2020-01-01T00:00:00Z"]).is_empty());
    let all = desk.done(&["audit", "list", "--subject", &ada.user]);
    assert_eq!(
        turned(&desk, "events", &["audit", "list", "--subject", &ada.user]),
        ids(&all, "events")
    );
    assert!(desk.said(&["audit", "list"]).contains("organization.created"));
    let part = desk.done(&["audit", "list", "--limit", "1"]);
    let cursor = part["next"].as_str().unwrap();
    let refused = desk.refused(&["audit", "list", "--event", "session.opened", "--after", cursor]);
    assert!(refused.contains("--after"), "{refused}");
    let wrong = [
        "audit",
        "list",
        "--subject",
        "Ada",
        "--event",
        "X",
        "--from",
        "now",
        "--organization",
        "x",
    ];
    let (code, answer) = desk.run(&wrong);
    assert_eq!((code, answer["problems"].as_array().unwrap().len()), (Some(2), 4), "all at once");
}
