use serde_json::json;

use crate::clients::{client, organization, path};
use crate::sessions::administrator;
use crate::site::{Ask, STATE, Site, login};

#[tokio::test]
async fn a_session_works_through_its_own_client_only() {
    // GW-15, R-SE-09
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let more = json!({ "confidential": false, "requireUser": true });
    let public = client(&site, &ada, &organization, more).await;
    let other = client(&site, &ada, &organization, json!({})).await;
    let id = public["id"].as_str().unwrap();
    let key = other["secret"].as_str().unwrap();
    // Who serves users only serves those who log in, too.
    let ask = Ask::post("/v1/authn/password").json(&login("ada@example.com"));
    let session = site.send(ask.header("durward-client", id)).await;
    assert_eq!(session.status, 200, "{}", session.text());
    let session = session.json();
    let me = |client: Option<&str>| {
        let ask = Ask::get("/v1/users/me").bearer(&session["token"]);
        client.iter().fold(ask, |ask, client| ask.header("durward-client", client))
    };
    assert_eq!(site.send(me(Some(id))).await.status, 200);
    assert_eq!(site.send(me(None)).await.status, 401);
    assert_eq!(site.send(me(Some(key))).await.status, 401);
    let without = Ask::get("/v1/users/me").bearer(&ada["token"]).header("durward-client", key);
    assert_eq!(site.send(without).await.status, 401, "one without a client stays so");
    let refresh = json!({ "refresh": session["refresh"] });
    let refresh = || Ask::post("/v1/sessions/refresh").json(&refresh);
    assert_eq!(site.send(refresh()).await.status, 401);
    assert_eq!(site.send(refresh().header("durward-client", id)).await.status, 200);
    let begun = json!({ "idType": "email", "idValue": "ada@example.com", "state": STATE });
    let through = Ask::get("/v1/caller").header("durward-client", id);
    assert_eq!(site.send(through).await.status, 401, "it serves users only");
    let mailed = Ask::post("/v1/authn/email").json(&begun).header("durward-client", id);
    assert_eq!(site.send(mailed).await.status, 202);
}

#[tokio::test]
async fn a_system_client_does_what_was_granted_to_it_and_no_other_does() {
    // R-AZ-05, R-CL-02
    let site = Site::standard();
    let root = administrator(&site).await;
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let made = client(&site, &ada, &organization, json!({})).await;
    let roles = path(&made, "/roles");
    let body = json!({ "roles": ["system"] });
    let own = site.send(Ask::post(&roles).json(&body).bearer(&ada["token"])).await;
    assert_eq!(own.status, 403, "nobody but an administrator");
    let ada_path = format!("/v1/users/{}", ada["userId"].as_str().unwrap());
    let read = async |path: &str| site.send(Ask::get(path).bearer(&made["secret"])).await.status;
    let members = format!("/v1/organizations/{organization}/memberships");
    assert_eq!((read(&members).await, read(&ada_path).await), (200, 404));
    assert_eq!(read("/v1/audit-events").await, 403);
    let granted = site.send(Ask::post(&roles).json(&body).bearer(&root["token"])).await;
    assert_eq!(granted.json(), json!({ "roles": ["external", "system"] }));
    assert_eq!((read(&ada_path).await, read("/v1/audit-events").await), (200, 200));
    assert_eq!(read("/v1/users/me").await, 401, "it is no user");
    let ban = Ask::post(format!("{ada_path}/ban")).bearer(&made["secret"]);
    assert_eq!(site.send(ban).await.status, 200);
    assert_eq!(site.send(Ask::get("/v1/users/me").bearer(&ada["token"])).await.status, 401);
    for ask in [
        Ask::post(format!("{ada_path}/roles")).json(&json!({ "roles": ["administrator"] })),
        Ask::post(path(&made, "/secrets")),
        Ask::post(&roles).json(&body),
    ] {
        assert_eq!(site.send(ask.bearer(&made["secret"])).await.status, 403);
    }
}

#[tokio::test]
async fn a_personal_key_does_at_most_what_its_owner_may() {
    // R-CL-04
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let mine = organization(&site, &ada).await;
    let body = json!({ "name": "Laptop" });
    let made = site.send(Ask::post("/v1/users/me/clients").json(&body).bearer(&ada["token"])).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    assert_eq!((&made["userId"], &made["organizationId"]), (&ada["userId"], &json!(null)));
    let key = |ask: Ask| ask.bearer(&made["secret"]);
    let caller = site.send(key(Ask::get("/v1/caller"))).await.json();
    assert_eq!((&caller["client"]["userId"], &caller["user"]), (&ada["userId"], &json!(null)));
    let renamed = key(Ask::patch("/v1/users/me").json(&json!({ "name": "Countess" })));
    assert_eq!(site.send(renamed).await.json()["name"], "Countess");
    let read = key(Ask::get(format!("/v1/organizations/{mine}")));
    assert_eq!(site.send(read).await.status, 200);
    let password = json!({ "password": "x", "passwordConf": "x" });
    for ask in [
        Ask::post("/v1/users/me/clients").json(&body),
        Ask::post(path(&made, "/secrets")),
        Ask::patch(path(&made, "")).json(&json!({ "expiresAt": null })),
        Ask::post("/v1/users/me/password").json(&password),
        Ask::post("/v1/users/me/totp"),
        Ask::delete("/v1/users/me"),
        Ask::post("/v1/authn/password").json(&login("ada@example.com")),
    ] {
        assert_eq!(site.send(key(ask)).await.status, 403);
    }
    let log = site.send(Ask::get("/v1/users/me/audit-events").bearer(&ada["token"])).await.json();
    let changed = log["data"].as_array().unwrap().iter().find(|it| it["event"] == "user.updated");
    let changed = changed.unwrap();
    assert_eq!((&changed["actorId"], &changed["clientId"]), (&ada["userId"], &made["id"]));
    let list = site.send(Ask::get("/v1/users/me/clients").bearer(&ada["token"])).await.json();
    assert_eq!(list["data"][0]["id"], made["id"]);
}

#[tokio::test]
async fn restrictions_that_are_made_again_with_their_key_are_made_once() {
    // R-IN-06
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let made = client(&site, &ada, &organization, json!({})).await;
    let ask = |value: &str| {
        let body = json!({ "restrictions": [{ "type": "ip", "value": value }] });
        let ask = Ask::post(path(&made, "/access-restrictions")).json(&body);
        ask.bearer(&ada["token"]).header("idempotency-key", "k1")
    };
    let first = site.send(ask("192.0.2.1")).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let id = first.json()["data"][0]["id"].as_str().unwrap().to_owned();
    let lift = Ask::delete(path(&made, &format!("/access-restrictions/{id}")));
    assert_eq!(site.send(lift.bearer(&ada["token"])).await.status, 204);
    let again = site.send(ask("192.0.2.1")).await;
    assert_eq!((again.status, &again.json()["data"]), (201, &json!([])), "not done again");
    let reused = site.send(ask("192.0.2.2")).await;
    assert_eq!(reused.problem(), (422, "IDEMPOTENCY_KEY_REUSED".into()));
}
