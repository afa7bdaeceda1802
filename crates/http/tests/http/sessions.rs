use std::time::Duration;

use durward_core::store::{Tx, Users, UsersMut};
use durward_core::{StandardRole, Store, User};
use serde_json::{Value, json};

use crate::site::{Ask, Site, login};

async fn is_live(site: &Site, token: &Value) -> bool {
    site.send(Ask::get("/v1/caller").bearer(token)).await.status == 200
}

fn refresh(token: &Value) -> Ask {
    Ask::post("/v1/sessions/refresh").json(&json!({ "refresh": token }))
}

#[tokio::test]
async fn a_caller_is_told_what_the_server_knows() {
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let reply = site.send(Ask::get("/v1/caller").bearer(&session["token"])).await;
    let caller = reply.json();
    assert_eq!(caller["ip"], "203.0.113.9");
    assert_eq!(caller["client"], Value::Null);
    assert_eq!(caller["user"]["id"], session["userId"]);
    assert_eq!(caller["user"]["sessionId"], session["sessionId"]);
    assert_eq!(caller["user"]["roles"], json!(["user"]));
    assert_eq!(caller["user"]["scopes"], Value::Null);
    assert_eq!(caller["user"]["methods"], json!(["email"]));
    assert_eq!(caller["user"]["authenticatedAt"], "2023-11-14T22:13:20.000Z");
    let nobody = site.send(Ask::get("/v1/caller")).await.json();
    assert_eq!(nobody, json!({ "client": null, "ip": "203.0.113.9", "user": null }));
}

#[tokio::test]
async fn a_session_check_costs_one_read() {
    // P2
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let (reads, units) = site.store.opened();
    assert!(is_live(&site, &session["token"]).await);
    assert_eq!(site.store.opened(), (reads + 1, units));
    site.send(Ask::get("/v1/caller")).await;
    assert_eq!(site.store.opened(), (reads + 1, units));
}

#[tokio::test]
async fn a_refresh_gives_a_new_pair_and_ends_the_old_token() {
    // R-SE-08
    let site = Site::standard();
    let old = site.session("ada@example.com").await;
    site.wait(Duration::from_hours(2));
    assert!(!is_live(&site, &old["token"]).await, "it has expired");
    // The expired token is in the header, as clients are used to.
    let reply = site.send(refresh(&old["refresh"]).bearer(&old["token"])).await;
    assert_eq!(reply.status, 200);
    let new = reply.json();
    assert_eq!(new["sessionId"], old["sessionId"]);
    assert_ne!(new["token"], old["token"]);
    assert!(is_live(&site, &new["token"]).await);
    site.wait(Duration::from_secs(31));
    let reused = site.send(refresh(&old["refresh"])).await;
    assert_eq!(reused.problem(), (401, "UNAUTHENTICATED".into()));
    assert!(!is_live(&site, &new["token"]).await, "reuse ends the whole family");
}

#[tokio::test]
async fn a_text_that_is_no_refresh_token_is_as_wrong_as_an_unknown_one() {
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    // R-SE-10
    for token in [&session["token"], &json!("x"), &json!("")] {
        let reply = site.send(refresh(token)).await;
        assert_eq!(reply.problem(), (401, "UNAUTHENTICATED".into()));
    }
    for body in [json!({}), json!({ "refresh": null }), json!({ "refresh": 1 }), json!([])] {
        let reply = site.send(Ask::post("/v1/sessions/refresh").json(&body)).await;
        assert_eq!(reply.problem(), (422, "INVALID".into()));
    }
    let malformed = refresh(&session["refresh"]).header("authorization", "Basic x");
    assert_eq!(site.send(malformed).await.status, 401);
}

#[tokio::test]
async fn a_logout_is_final_and_may_be_repeated() {
    // R-SE-05, GW-66
    for way in ["header", "token", "refresh"] {
        let site = Site::standard();
        let session = site.session("ada@example.com").await;
        let logout = || match way {
            "header" => Ask::post("/v1/sessions/logout").bearer(&session["token"]),
            _ => Ask::post("/v1/sessions/logout").json(&json!({ way: session[way] })),
        };
        assert!(is_live(&site, &session["token"]).await);
        for _ in 0..2 {
            let reply = site.send(logout()).await;
            assert_eq!((reply.status, reply.body.len()), (204, 0), "{way}");
        }
        assert!(!is_live(&site, &session["token"]).await, "{way}");
        assert_eq!(site.send(refresh(&session["refresh"])).await.status, 401, "{way}");
        let wrong = if way == "token" { "refresh" } else { "token" };
        assert!(session[wrong].is_string());
    }
}

#[tokio::test]
async fn an_expired_session_can_be_logged_out() {
    // R-SE-05
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    site.wait(Duration::from_hours(2));
    let reply = site.send(Ask::post("/v1/sessions/logout").bearer(&session["token"])).await;
    assert_eq!(reply.status, 204);
    assert_eq!(site.send(refresh(&session["refresh"])).await.status, 401, "the family has ended");
}

#[tokio::test]
async fn a_logout_of_nothing_known_is_204_and_one_of_nothing_at_all_is_not() {
    let site = Site::standard();
    for body in
        [json!({ "token": "x" }), json!({ "refresh": "" }), json!({ "token": "", "refresh": "" })]
    {
        assert_eq!(site.send(Ask::post("/v1/sessions/logout").json(&body)).await.status, 204);
    }
    assert_eq!(site.send(Ask::post("/v1/sessions/logout")).await.status, 401);
    assert_eq!(site.send(Ask::post("/v1/sessions/logout").json(&json!({}))).await.status, 401);
    let reply = site.send(Ask::post("/v1/sessions/logout").json(&json!({ "all": true }))).await;
    assert_eq!((reply.status, reply.pointers()), (422, vec!["/all".to_owned()]));
    let malformed = Ask::post("/v1/sessions/logout").header("authorization", "Bearer x");
    assert_eq!(site.send(malformed).await.status, 401);
}

const LIST: &str = "/v1/users/me/sessions";

fn ids(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect()
}

/// Logs in once a second, and lists the ids of the sessions from the newest on.
async fn many(site: &Site, count: usize) -> (Value, Vec<String>) {
    let mut session = site.session("ada@example.com").await;
    let mut ids = vec![session["sessionId"].as_str().unwrap().to_owned()];
    for _ in 1..count {
        site.wait(Duration::from_secs(1));
        session = site.log_in("ada@example.com").await;
        ids.insert(0, session["sessionId"].as_str().unwrap().to_owned());
    }
    (session, ids)
}

pub(crate) async fn administrator(site: &Site) -> Value {
    let session = site.session("root@example.com").await;
    let id = session["userId"].as_str().unwrap().parse().unwrap();
    let mut tx = site.store.begin().await.unwrap();
    let before = tx.user(id).await.unwrap().unwrap();
    let roles = vec![StandardRole::Administrator];
    let after = User { roles, version: before.version + 1, ..before.clone() };
    assert!(tx.update_user(&after, before.version).await.unwrap());
    tx.commit().await.unwrap();
    session
}

#[tokio::test]
async fn a_user_sees_where_he_is_logged_in() {
    // R-SE-13
    let site = Site::standard();
    let first = site.session("ada@example.com").await;
    site.wait(Duration::from_mins(1));
    let phone = Ask::post("/v1/authn/password").json(&login("ada@example.com"));
    let phone = site.send(phone.header("user-agent", "Phone/1").from("192.0.2.7:1")).await.json();
    let reply = site.send(Ask::get(LIST).bearer(&phone["token"])).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let list = reply.json();
    let (one, two) = (&list["data"][0], &list["data"][1]);
    assert_eq!((&one["id"], &two["id"]), (&phone["sessionId"], &first["sessionId"]));
    assert_eq!((&one["device"], &two["device"]), (&json!("Phone/1"), &Value::Null));
    assert_eq!((&one["ip"], &two["ip"]), (&json!("192.0.2.7"), &json!("203.0.113.9")));
    assert_eq!((&one["methods"], &two["methods"]), (&json!(["password"]), &json!(["email"])));
    assert_eq!((&one["current"], &two["current"]), (&json!(true), &json!(false)));
    assert_eq!(one["createdAt"], "2023-11-14T22:14:20.000Z");
    assert_eq!(one["refreshedAt"], "2023-11-14T22:14:20.000Z");
    assert_eq!(list["next"], Value::Null);
    assert!(!reply.text().contains("dw_"), "no token is told");
    // One whose tokens have all expired is no session any more.
    site.wait(Duration::from_hours(14 * 24) - Duration::from_secs(30));
    let now = site.log_in("ada@example.com").await;
    let list = site.send(Ask::get(LIST).bearer(&now["token"])).await.json();
    assert_eq!(ids(&list), [&now["sessionId"], &phone["sessionId"]].map(|id| id.as_str().unwrap()));
}

#[tokio::test]
async fn a_list_is_told_in_parts() {
    let site = Site::standard();
    let (session, all) = many(&site, 7).await;
    for (limit, parts) in [(1, 7), (3, 3), (7, 1), (100, 1)] {
        let (mut told, mut path, mut count) = (Vec::new(), format!("{LIST}?limit={limit}"), 0);
        loop {
            let list = site.send(Ask::get(path).bearer(&session["token"])).await.json();
            told.extend(ids(&list).into_iter().map(str::to_owned));
            count += 1;
            let Some(next) = list["next"].as_str() else { break };
            path = format!("{LIST}?cursor={next}&limit={limit}");
        }
        assert_eq!((told, count), (all.clone(), parts), "{limit}");
    }
    let usual = site.send(Ask::get(LIST).bearer(&session["token"])).await.json();
    assert_eq!(usual["data"].as_array().unwrap().len(), 7);
    let reply = site.send(Ask::get(format!("{LIST}?limit=0&cursor=x")).bearer(&session["token"]));
    let reply = reply.await;
    assert_eq!((reply.status, reply.pointers()), (422, vec!["/limit".into(), "/cursor".into()]));
}

#[tokio::test]
async fn a_cursor_opens_nothing_but_its_own_list() {
    // R-AZ-03
    let site = Site::standard();
    let (session, _) = many(&site, 3).await;
    let get = async |path: String, token: &Value| {
        let reply = site.send(Ask::get(path).bearer(token)).await;
        if reply.status == 422 {
            assert_eq!(reply.obstructions(), [("/cursor".into(), "CURSOR_INVALID".into())]);
        }
        reply.status
    };
    let list = site.send(Ask::get(format!("{LIST}?limit=1")).bearer(&session["token"])).await;
    let list = list.json();
    let cursor = list["next"].as_str().unwrap();
    assert!(!cursor.contains(ids(&list)[0].trim_start_matches("ses_")));
    assert_eq!(get(format!("{LIST}?cursor={cursor}"), &session["token"]).await, 200);
    // Of another query, path or caller.
    let id = session["userId"].as_str().unwrap();
    let other = site.session("eve@example.com").await;
    for (path, token) in [
        (format!("{LIST}?cursor={cursor}&q=x"), &session["token"]),
        (format!("/v1/users/{id}/sessions?cursor={cursor}"), &session["token"]),
        (format!("{LIST}?cursor={cursor}"), &other["token"]),
    ] {
        assert_eq!(get(path, token).await, 422);
    }
    // Forged.
    for at in [0, 7, 40, cursor.len() - 1] {
        let mut forged = cursor.as_bytes().to_vec();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        assert_eq!(get(format!("{LIST}?cursor={forged}"), &session["token"]).await, 422);
    }
    for wrong in ["", "A", "%00", &cursor[1..], &"A".repeat(5_000)] {
        assert_eq!(get(format!("{LIST}?cursor={wrong}"), &session["token"]).await, 422);
    }
}

#[tokio::test]
async fn a_user_ends_his_other_sessions_or_all_of_them() {
    // R-SE-13
    let site = Site::standard();
    let (first, _) = many(&site, 2).await;
    let current = site.log_in("ada@example.com").await;
    let other = site.session("eve@example.com").await;
    let end = |query: &str| Ask::delete(format!("{LIST}{query}")).bearer(&current["token"]);
    for query in ["", "?includeCurrent=false"] {
        let reply = site.send(end(query)).await;
        assert_eq!((reply.status, reply.body.len()), (204, 0));
        assert!(!is_live(&site, &first["token"]).await);
        assert_eq!(site.send(refresh(&first["refresh"])).await.status, 401);
        assert!(is_live(&site, &current["token"]).await);
    }
    assert_eq!(site.send(end("?includeCurrent=1")).await.pointers(), ["/includeCurrent"]);
    assert_eq!(site.send(end("?includeCurrent=true")).await.status, 204);
    assert!(!is_live(&site, &current["token"]).await);
    assert!(is_live(&site, &other["token"]).await);
}

#[tokio::test]
async fn a_session_of_his_own_is_ended_once_and_for_all() {
    // R-SE-05, R-SE-13
    let site = Site::standard();
    let (old, _) = many(&site, 1).await;
    let current = site.log_in("ada@example.com").await;
    let path = format!("/v1/sessions/{}", old["sessionId"].as_str().unwrap());
    for _ in 0..2 {
        let reply = site.send(Ask::delete(&path).bearer(&current["token"])).await;
        assert_eq!((reply.status, reply.body.len()), (204, 0));
        assert!(!is_live(&site, &old["token"]).await);
    }
    let path = format!("/v1/sessions/{}", current["sessionId"].as_str().unwrap());
    assert_eq!(site.send(Ask::delete(&path).bearer(&current["token"])).await.status, 204);
    assert_eq!(site.send(Ask::delete(&path).bearer(&current["token"])).await.status, 401);
}

#[tokio::test]
async fn a_foreign_session_looks_like_one_that_never_was() {
    // R-AZ-03, AM-10
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let eve = site.session("eve@example.com").await;
    let foreign = ada["sessionId"].as_str().unwrap();
    let missing = foreign.replace(&foreign[10..14], "0000");
    let mut answers = Vec::new();
    for id in [foreign, &missing, "me", "x", ada["userId"].as_str().unwrap()] {
        let path = format!("/v1/sessions/{id}");
        assert_eq!(site.send(Ask::delete(&path)).await.status, 401, "without a session");
        let reply = site.send(Ask::delete(&path).bearer(&eve["token"])).await;
        let mut problem = reply.json();
        problem["requestId"] = Value::Null;
        answers.push((reply.status, problem));
    }
    assert_eq!(answers[0].0, 404);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let theirs = format!("/v1/users/{}/sessions", ada["userId"].as_str().unwrap());
    for ask in [Ask::get(&theirs), Ask::delete(&theirs)] {
        assert_eq!(site.send(ask.bearer(&eve["token"])).await.status, 404);
    }
    assert_eq!(site.send(Ask::get(LIST)).await.status, 401);
    assert_eq!(site.send(Ask::delete(LIST)).await.status, 401);
    assert!(is_live(&site, &ada["token"]).await);
}

#[tokio::test]
async fn administrators_see_who_is_logged_in() {
    // R-AZ-01
    let site = Site::standard();
    let root = administrator(&site).await;
    site.wait(Duration::from_secs(1));
    let ada = site.session("ada@example.com").await;
    site.wait(Duration::from_secs(1));
    let eve = site.session("eve@example.com").await;
    let list = async |query: &str| {
        let ask = Ask::get(format!("/v1/sessions?{query}")).bearer(&root["token"]);
        let reply = site.send(ask).await;
        assert_eq!(reply.status, 200, "{query}: {}", reply.text());
        reply.json()
    };
    let ids = |list: &Value| -> Vec<Value> {
        list["data"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect()
    };
    let all = list("").await;
    let expected = [&eve, &ada, &root].map(|session| session["sessionId"].clone());
    assert_eq!(ids(&all), expected);
    assert_eq!(all["data"][1]["userId"], ada["userId"]);
    assert_eq!(
        (&all["data"][1]["current"], &all["data"][2]["current"]),
        (&json!(false), &json!(true))
    );
    let first = list("limit=2").await;
    let rest = list(&format!("cursor={}", first["next"].as_str().unwrap())).await;
    assert_eq!([ids(&first), ids(&rest)].concat(), expected);
    let of_ada = list(&format!("user={}", ada["userId"].as_str().unwrap())).await;
    assert_eq!(ids(&of_ada), expected[1..2]);
    let at = all["data"][1]["createdAt"].as_str().unwrap();
    assert_eq!(ids(&list(&format!("createdAfter={at}")).await), expected[..1]);
    assert_eq!(list("client=cli_01arz3ndektsv4rrffq69g5fav").await["data"], json!([]));
    let end = format!("/v1/sessions/{}", eve["sessionId"].as_str().unwrap());
    assert_eq!(site.send(Ask::delete(end).bearer(&root["token"])).await.status, 204);
    assert_eq!(ids(&list("").await), expected[1..]);
    let refused = site.send(Ask::get("/v1/sessions").bearer(&ada["token"])).await;
    assert_eq!(refused.problem(), (403, "FORBIDDEN".into()));
    assert_eq!(site.send(Ask::get("/v1/sessions")).await.status, 401);
    let query = "user=me&client=x&createdAfter=0&limit=0&cursor=x";
    let wrong = site.send(Ask::get(format!("/v1/sessions?{query}")).bearer(&root["token"])).await;
    let mut found = wrong.pointers();
    found.sort_unstable();
    assert_eq!((wrong.status, found.len()), (422, 5), "{found:?}");
}

#[tokio::test]
async fn an_administrator_sees_and_ends_the_sessions_of_anyone() {
    // R-SE-07
    let site = Site::standard();
    let root = administrator(&site).await;
    let (ada, _) = many(&site, 2).await;
    let again = site.log_in("ada@example.com").await;
    let theirs = format!("/v1/users/{}/sessions", ada["userId"].as_str().unwrap());
    let list = site.send(Ask::get(&theirs).bearer(&root["token"])).await.json();
    assert_eq!(ids(&list).len(), 3);
    assert!(list["data"].as_array().unwrap().iter().all(|it| it["current"] == false));
    let path = format!("/v1/sessions/{}", again["sessionId"].as_str().unwrap());
    assert_eq!(site.send(Ask::delete(path).bearer(&root["token"])).await.status, 204);
    assert!(!is_live(&site, &again["token"]).await && is_live(&site, &ada["token"]).await);
    assert_eq!(site.send(Ask::delete(&theirs).bearer(&root["token"])).await.status, 204);
    assert!(!is_live(&site, &ada["token"]).await && is_live(&site, &root["token"]).await);
    let nobody = theirs.replace(&theirs[20..24], "0000");
    for ask in [Ask::get(&nobody), Ask::delete(&nobody)] {
        assert_eq!(site.send(ask.bearer(&root["token"])).await.status, 404);
    }
}
