use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::organizations::{accept, founded, invite};
use crate::sessions::administrator;
use crate::site::{Ask, Site, login};

const MINE: &str = "/v1/users/me/export";

async fn export(site: &Site, path: &str, by: &Value) -> Value {
    let reply = site.send(Ask::get(path).bearer(&by["token"])).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    for secret in ["dw_", "$argon2", "digest", "\"hash\""] {
        assert!(!reply.text().contains(secret), "no secret, and nothing made of one: {secret}");
    }
    reply.json()
}

#[tokio::test]
async fn an_export_holds_everything_about_the_person_and_nothing_about_others() {
    // R-DP-01, R-AZ-07
    let site = Site::standard();
    let first = site.session("ada@example.com").await;
    site.session("eve@example.com").await;
    site.wait(Duration::from_mins(1));
    let mut attempt = login("ada@example.com");
    attempt["secret"] = json!("not the password at all");
    site.send(Ask::post("/v1/authn/password").json(&attempt)).await;
    let out = Ask::post("/v1/sessions/logout").bearer(&first["token"]);
    assert_eq!(site.send(out).await.status, 204);
    let ada = site.log_in("ada@example.com").await;
    let new = json!({ "name": "Loom", "attributes": {} });
    let made = site.send(Ask::post("/v1/users/me/clients").bearer(&ada["token"]).json(&new)).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let key = made.json();
    let rules = format!("/v1/clients/{}/access-restrictions", key["id"].as_str().unwrap());
    let rule = json!({ "restrictions": [{ "type": "ip", "value": "192.0.2.0/24" }] });
    let restricted = site.send(Ask::post(&rules).bearer(&ada["token"]).json(&rule)).await;
    assert_eq!(restricted.status, 201, "{}", restricted.json());
    let export = export(&site, MINE, &ada).await;
    let clients = export["clients"].as_array().unwrap();
    assert_eq!(clients.len(), 1);
    assert_eq!((&clients[0]["id"], &clients[0]["name"]), (&key["id"], &json!("Loom")));
    assert_eq!(clients[0]["accessRestrictions"][0]["value"], "192.0.2.0/24");
    assert!(!export.to_string().contains(key["secret"].as_str().unwrap()));
    assert_eq!(export["user"]["id"], ada["userId"]);
    assert_eq!(export["user"]["name"], "Ada");
    assert_eq!(export["user"]["emails"][0]["email"], "ada@example.com");
    assert!(export["passwordChangedAt"].is_string());
    let sessions = export["sessions"].as_array().unwrap();
    let ids: Vec<_> = sessions.iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, [&ada["sessionId"], &first["sessionId"]]);
    assert_eq!(
        (&sessions[0]["ip"], &sessions[0]["endedAt"]),
        (&json!("203.0.113.9"), &Value::Null)
    );
    assert!(sessions[1]["endedAt"].is_string(), "also what is over");
    let entries = export["auditEvents"].as_array().unwrap().iter();
    let events: BTreeSet<_> = entries.filter_map(|it| it["event"].as_str()).collect();
    for event in ["user.created", "session.opened", "authentication.failed", "user.exported"] {
        assert!(events.contains(event), "{event}: {events:?}");
    }
    assert!(!export.to_string().contains("eve@example.com"));
}

#[tokio::test]
async fn invitations_are_exported_once_the_address_is_proven() {
    // R-DP-01
    let (site, owner, tea) = founded().await;
    let body = json!({ "name": "Looms" });
    let made = Ask::post("/v1/organizations").json(&body).bearer(&owner["token"]);
    let looms = site.send(made).await.json();
    let ada = site.session("ada@example.com").await;
    let code = invite(&site, &owner, &tea, "Ada@Example.com", "viewer").await;
    accept(&site, &ada, &code).await;
    let code = invite(&site, &owner, &looms, "ada@example.com", "editor").await;
    invite(&site, &owner, &looms, "eve@example.com", "viewer").await;
    let claim = json!({ "emails": ["eve@example.com"] });
    let claimed = Ask::post("/v1/users/me/login-emails").json(&claim).bearer(&ada["token"]);
    assert_eq!(site.send(claimed).await.status, 202);
    let export = export(&site, MINE, &ada).await;
    let invitations = export["invitations"].as_array().unwrap();
    let told = |it: &Value| (it["organization"].clone(), it["role"].clone(), it["email"].clone());
    assert_eq!(
        invitations.iter().map(told).collect::<Vec<_>>(),
        [
            (json!("Looms"), json!("editor"), json!("ada@example.com")),
            (json!("Tea & Biscuits"), json!("viewer"), json!("Ada@Example.com")),
        ],
        "what went to an address that she only claims is another's"
    );
    assert_eq!(invitations[1]["organizationId"], tea["id"]);
    assert_eq!(invitations[0]["finishedAt"], Value::Null, "open");
    assert!(invitations[1]["finishedAt"].is_string(), "accepted");
    assert!(!export.to_string().contains(&code), "R-AZ-07: the code is mailed and nothing else");
}

#[tokio::test]
async fn a_long_export_is_whole() {
    // R-DP-01: longer than what is read at once
    let site = Site::standard();
    let mut ada = site.session("ada@example.com").await;
    for _ in 0..104 {
        site.wait(Duration::from_secs(2));
        ada = site.log_in("ada@example.com").await;
    }
    let export = export(&site, MINE, &ada).await;
    let sessions = export["sessions"].as_array().unwrap();
    let distinct: BTreeSet<_> = sessions.iter().filter_map(|it| it["id"].as_str()).collect();
    assert_eq!((sessions.len(), distinct.len()), (105, 105));
    assert!(export["auditEvents"].as_array().unwrap().len() > 105);
}

#[tokio::test]
async fn an_export_is_for_the_person_or_an_administrator_who_logged_in_a_moment_ago() {
    // R-SE-14, R-AZ-03
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let eve = site.session("eve@example.com").await;
    let path = format!("/v1/users/{}/export", ada["userId"].as_str().unwrap());
    assert_eq!(site.send(Ask::get(&path)).await.status, 401);
    assert_eq!(site.send(Ask::get(&path).bearer(&eve["token"])).await.status, 404);
    assert_eq!(export(&site, &path, &root).await["user"]["id"], ada["userId"]);
    site.wait(Duration::from_mins(5));
    let reply = site.send(Ask::get(MINE).bearer(&ada["token"])).await;
    assert_eq!((reply.status, &reply.json()["code"]), (401, &json!("STEP_UP_REQUIRED")));
}

/// Where an export has what each column that names a user or an address stands for, or why it has not.
const DECIDED: &[(&str, Result<&str, &str>)] = &[
    ("login_emails.user_id", Ok("user")),
    ("login_emails.canonical", Ok("user")),
    ("login_emails.proven_canonical", Err("the address of the same row again")),
    ("flows.email_canonical", Ok("flows")),
    ("invitations.canonical", Ok("invitations")),
    ("passwords.user_id", Ok("passwordChangedAt")),
    ("sessions.user_id", Ok("sessions")),
    ("flows.user_id", Ok("flows")),
    ("memberships.user_id", Ok("memberships")),
    ("invitations.invited_by", Err("about those who are invited; the audit log has that he did")),
    ("audit_entries.subject_id", Ok("auditEvents")),
    ("audit_entries.actor_id", Err("about what was done to others, and theirs")),
    ("sessions.actor_id", Ok("sessions")),
    ("sessions.actor_session_id", Ok("sessions")),
    ("totps.user_id", Ok("factors")),
    ("totps.enrolled_user_id", Err("the user of the same row again")),
    ("recovery_codes.user_id", Ok("factors")),
    ("clients.user_id", Ok("clients")),
];

#[tokio::test]
async fn every_column_that_names_a_person_is_exported_or_decided_against() {
    // R-DP-01: a new table is a new line in `DECIDED`
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store-sql/migrations");
    let (mut columns, mut dropped) = (BTreeSet::new(), BTreeSet::new());
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let mut table = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("DROP TABLE IF EXISTS {") {
                dropped.insert(format!("{}.", name.trim_end_matches("};")));
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            let named = words.iter().find(|it| it.starts_with('{') && it.ends_with('}'));
            if line.contains("TABLE") && (line.starts_with("CREATE") || line.starts_with("ALTER")) {
                let lower = |it: &&&str| it.bytes().all(|c| !c.is_ascii_uppercase());
                table = named.filter(lower).unwrap().trim_matches(['{', '}']).to_owned();
            }
            let added = words.iter().position(|it| *it == "COLUMN").map_or(0, |at| at + 1);
            let is_id = words.iter().any(|it| it.starts_with("{ID}"));
            let people = ["user", "actor", "subject", "_by", "owner", "member"];
            let is_about_people = |column: &str| {
                (is_id && people.iter().any(|it| column.contains(it)))
                    || (!line.contains("INDEX") && column.ends_with("canonical"))
            };
            if let Some(column) = words.get(added).filter(|it| is_about_people(it)) {
                columns.insert(format!("{table}.{column}"));
            }
        }
    }
    columns.retain(|it: &String| !dropped.iter().any(|table| it.starts_with(table)));
    let decided: BTreeSet<String> = DECIDED.iter().map(|(it, _)| (*it).to_owned()).collect();
    assert_eq!(columns, decided);
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let export = export(&site, MINE, &ada).await;
    for member in DECIDED.iter().filter_map(|(_, decision)| decision.ok()) {
        assert!(export.get(member).is_some(), "{member}");
    }
}
