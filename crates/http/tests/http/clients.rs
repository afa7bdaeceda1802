use std::time::Duration;

use data_encoding::BASE64;
use durward_http::HttpSettings;
use serde_json::{Value, json};

use crate::site::{Ask, Reply, Site, settings};

/// An organization of this user, and its id.
pub(crate) async fn organization(site: &Site, owner: &Value) -> String {
    let body = json!({ "name": "Analytical Engines" });
    let ask = Ask::post("/v1/organizations").json(&body).bearer(&owner["token"]);
    text(&site.send(ask).await, "id")
}

/// A client of an organization, as it was handed out.
pub(crate) async fn client(site: &Site, owner: &Value, organization: &str, more: Value) -> Value {
    let mut body = json!({ "name": "Loom" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = format!("/v1/organizations/{organization}/clients");
    let reply = site.send(Ask::post(path).json(&body).bearer(&owner["token"])).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()
}

fn text(reply: &Reply, member: &str) -> String {
    assert!(reply.status < 300, "{}", reply.text());
    reply.json()[member].as_str().unwrap().to_owned()
}

pub(crate) fn path(client: &Value, rest: &str) -> String {
    format!("/v1/clients/{}{rest}", client["id"].as_str().unwrap())
}

fn basic(id: &Value, secret: &str) -> String {
    let pair = format!("{}:{secret}", id.as_str().unwrap());
    format!("Basic {}", BASE64.encode(pair.as_bytes()))
}

async fn whoami(site: &Site, key: &Value) -> u16 {
    site.send(Ask::get("/v1/caller").bearer(key)).await.status
}

#[tokio::test]
async fn an_owner_has_no_more_clients_than_the_deployment_allows() {
    // GW-55
    let change = |parts: &mut durward_core::Parts<_>| {
        let limits = &mut parts.settings.limits;
        (limits.organization_clients, limits.user_clients) = (1, 1);
    };
    let site = Site::new(change, settings());
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    for path in [format!("/v1/organizations/{organization}/clients"), "/v1/users/me/clients".into()]
    {
        let ask = || Ask::post(&path).json(&json!({ "name": "Loom" })).bearer(&ada["token"]);
        let made = site.send(ask()).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let refused = site.send(ask()).await;
        assert_eq!(
            (refused.status, refused.obstructions()),
            (422, vec![(String::new(), "TOO_MANY_CLIENTS".into())])
        );
        assert_eq!(refused.json()["obstructions"][0]["params"]["max"], 1);
        let deleted = Ask::delete(self::path(&made.json(), "")).bearer(&ada["token"]);
        assert_eq!(site.send(deleted).await.status, 204);
        assert_eq!(site.send(ask()).await.status, 201, "there is room again");
    }
}

#[tokio::test]
async fn a_client_is_made_used_rotated_and_revoked() {
    // R-CL-01, R-LG-01
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let made = client(&site, &ada, &organization, json!({ "rateLimit": 50 })).await;
    assert_eq!((&made["rateLimit"], &made["confidential"]), (&json!(50), &json!(true)));
    let caller = site.send(Ask::get("/v1/caller").bearer(&made["secret"])).await.json();
    assert_eq!(
        caller,
        json!({
            "client": {
                "id": made["id"],
                "authenticated": true,
                "roles": ["external"],
                "organizationId": organization,
            },
            "ip": "203.0.113.9",
            "user": null,
        })
    );
    let pair = basic(&made["id"], made["secret"].as_str().unwrap());
    let by_pair = site.send(Ask::get("/v1/caller").header("authorization", pair)).await;
    assert_eq!(by_pair.json(), caller);

    // No request fails while the secret changes.
    let ask = Ask::post(path(&made, "/secrets")).json(&json!({ "expireOthersIn": 60 }));
    let second = site.send(ask.bearer(&ada["token"])).await;
    assert_eq!(second.status, 201);
    let second = second.json();
    assert_eq!(
        (whoami(&site, &made["secret"]).await, whoami(&site, &second["secret"]).await),
        (200, 200)
    );
    let secrets = site.send(Ask::get(path(&made, "/secrets")).bearer(&ada["token"])).await;
    assert!(!secrets.text().contains("dw_sk_"));
    assert_eq!(secrets.json()["data"].as_array().unwrap().len(), 2);
    let third = Ask::post(path(&made, "/secrets")).bearer(&ada["token"]);
    let third = site.send(third).await;
    assert_eq!(
        (third.status, third.obstructions()),
        (422, vec![(String::new(), "TOO_MANY_SECRETS".into())])
    );
    site.wait(Duration::from_mins(1));
    assert_eq!(
        (whoami(&site, &made["secret"]).await, whoami(&site, &second["secret"]).await),
        (401, 200)
    );

    let id = second["id"].as_str().unwrap();
    let revoke = || Ask::delete(path(&made, &format!("/secrets/{id}"))).bearer(&ada["token"]);
    assert_eq!(site.send(revoke()).await.status, 204);
    assert_eq!(whoami(&site, &second["secret"]).await, 401);
    assert_eq!(site.send(revoke()).await.status, 404);

    let log = format!("/v1/organizations/{organization}/audit-events?limit=100");
    let log = site.send(Ask::get(log).bearer(&ada["token"])).await.json();
    let events: Vec<&str> =
        log["data"].as_array().unwrap().iter().map(|it| it["event"].as_str().unwrap()).collect();
    for (event, count) in [
        ("client.created", 1),
        ("client-secret.added", 2),
        ("client-secret.revoked", 1),
        ("client.refused", 2),
    ] {
        assert_eq!(events.iter().filter(|it| **it == event).count(), count, "{event} {events:?}");
    }
    assert!(!log.to_string().contains("dw_sk_"));
}

#[tokio::test]
async fn every_refusal_of_a_client_is_the_same_answer() {
    // R-EN-01, GW-03, GW-11
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let made = client(&site, &ada, &organization, json!({})).await;
    let public = client(&site, &ada, &organization, json!({ "confidential": false })).await;
    assert!(public.get("secret").is_none());
    let restricted = client(&site, &ada, &organization, json!({})).await;
    let rule = json!({ "restrictions": [{ "type": "ip", "value": "192.0.2.0/24" }] });
    let ask = Ask::post(path(&restricted, "/access-restrictions")).json(&rule);
    assert_eq!(site.send(ask.bearer(&ada["token"])).await.status, 201);
    let serving = client(&site, &ada, &organization, json!({ "requireUser": true })).await;
    let off = client(&site, &ada, &organization, json!({})).await;
    let ask = Ask::patch(path(&off, "")).json(&json!({ "enabled": false }));
    assert_eq!(site.send(ask.bearer(&ada["token"])).await.status, 200);
    let bearer = |it: &Value| format!("Bearer {}", it["secret"].as_str().unwrap());
    let unknown = durward_core::SecretKey::mint(&*site.accounts.parts().entropy);
    let secret = made["secret"].as_str().unwrap();
    let mut answers = Vec::new();
    for credential in [
        format!("Bearer {}", unknown.expose()),
        basic(&made["id"], unknown.expose()),
        basic(&made["id"], ""),
        basic(&public["id"], secret),
        basic(&json!("cli_01890a5d7c7e7c8a9b0c1d2e3f"), ""),
        bearer(&restricted),
        bearer(&serving),
        bearer(&off),
    ] {
        let ask = Ask::get("/v1/caller").header("authorization", credential);
        let reply = site.send(ask.header("x-request-id", "same")).await;
        assert_eq!(reply.problem(), (401, "UNAUTHENTICATED".into()));
        answers.push((reply.header("www-authenticate").to_owned(), reply.text()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    let named = Ask::get("/v1/caller").header("authorization", basic(&public["id"], ""));
    let caller = site.send(named).await.json();
    let named = json!({
        "id": public["id"], "authenticated": false, "roles": [], "organizationId": organization,
    });
    assert_eq!(caller["client"], named);
}

#[tokio::test]
async fn what_is_no_client_is_told_as_a_whole_and_nothing_is_written() {
    // R-IN-01, R-CL-03
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let clients = format!("/v1/organizations/{organization}/clients");
    let body = json!({ "name": "", "rateLimit": 0, "secret": "mine", "confidential": null });
    let reply = site.send(Ask::post(&clients).json(&body).bearer(&ada["token"])).await;
    assert_eq!(reply.status, 422);
    assert_eq!(reply.pointers(), ["/name", "/rateLimit", "/confidential", "/secret"]);
    let list = async || site.send(Ask::get(&clients).bearer(&ada["token"])).await.json();
    assert_eq!(list().await["data"], json!([]));
    let made = client(&site, &ada, &organization, json!({})).await;
    let restrictions = path(&made, "/access-restrictions");
    for wrong in [
        json!({ "restrictions": [{ "type": "ip", "value": "192.0.2.0/24" }, { "type": "ip", "value": "::/129" }] }),
        json!({ "restrictions": vec![json!({ "type": "ip", "value": "192.0.2.1" }); 1_000] }),
        json!({ "restrictions": [{ "type": "ip", "value": "192.0.2.0/24", "note": "x" }] }),
        json!({}),
    ] {
        let reply = site.send(Ask::post(&restrictions).json(&wrong).bearer(&ada["token"])).await;
        assert_eq!(reply.status, 422);
        let kept = site.send(Ask::get(&restrictions).bearer(&ada["token"])).await.json();
        assert_eq!(kept["data"], json!([]));
    }
    let forged = site.send(Ask::get(format!("{clients}?cursor=AAAA")).bearer(&ada["token"])).await;
    assert_eq!((forged.status, forged.pointers()), (422, vec!["/cursor".to_owned()]));
}

#[tokio::test]
async fn a_foreign_client_looks_like_a_missing_one() {
    // R-AZ-03
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let eve = site.session("eve@example.com").await;
    let organization = organization(&site, &ada).await;
    let made = client(&site, &ada, &organization, json!({})).await;
    let missing = json!({ "id": "cli_01890a5d7c7e7c8a9b0c1d2e3f" });
    for rest in ["", "/secrets", "/access-restrictions", "/roles"] {
        let foreign = site.send(Ask::get(path(&made, rest)).bearer(&eve["token"])).await;
        let nothing = site.send(Ask::get(path(&missing, rest)).bearer(&eve["token"])).await;
        assert_eq!(foreign.problem(), (404, "NOT_FOUND".into()));
        assert_eq!(nothing.problem(), (404, "NOT_FOUND".into()));
        assert_eq!(site.send(Ask::get(path(&made, rest))).await.status, 401);
    }
    let rotate = Ask::post(path(&made, "/secrets")).bearer(&eve["token"]);
    assert_eq!(site.send(rotate).await.status, 404);
    assert_eq!(site.send(Ask::delete(path(&made, "")).bearer(&eve["token"])).await.status, 404);
    assert_eq!(whoami(&site, &made["secret"]).await, 200);
}

#[tokio::test]
async fn a_repeated_rotation_hands_out_one_secret() {
    // R-CL-01
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let made = client(&site, &ada, &organization, json!({})).await;
    let rotate = |body: Value| {
        let ask = Ask::post(path(&made, "/secrets")).json(&body).bearer(&ada["token"]);
        ask.header("idempotency-key", "k1")
    };
    let first = site.send(rotate(json!({ "expireOthersIn": 60 }))).await;
    let again = site.send(rotate(json!({ "expireOthersIn": 60 }))).await;
    assert_eq!((first.status, again.status), (201, 201), "{}", again.text());
    assert_eq!(first.json(), again.json());
    assert_eq!(whoami(&site, &again.json()["secret"]).await, 200);
    let other = site.send(rotate(json!({ "expireOthersIn": 0 }))).await;
    assert_eq!(other.problem().1, "IDEMPOTENCY_KEY_REUSED");
    let secrets = site.send(Ask::get(path(&made, "/secrets")).bearer(&ada["token"])).await;
    assert_eq!(secrets.json()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn secrets_are_handed_out_to_whoever_logged_in_a_moment_ago() {
    // R-SE-14
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let made = client(&site, &ada, &organization, json!({})).await;
    site.wait(Duration::from_mins(5));
    let body = json!({ "name": "Loom" });
    for ask in [
        Ask::post(format!("/v1/organizations/{organization}/clients")).json(&body),
        Ask::post("/v1/users/me/clients").json(&body),
        Ask::post(path(&made, "/secrets")),
    ] {
        let reply = site.send(ask.bearer(&ada["token"])).await;
        assert_eq!(reply.problem(), (401, "STEP_UP_REQUIRED".into()));
    }
    let off = Ask::patch(path(&made, "")).json(&json!({ "enabled": false }));
    assert_eq!(site.send(off.bearer(&ada["token"])).await.status, 200);
}

#[tokio::test]
async fn a_client_is_made_once_for_one_idempotency_key() {
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let clients = format!("/v1/organizations/{organization}/clients");
    let ask = |name: &str| {
        let body = json!({ "name": name });
        Ask::post(&clients).json(&body).bearer(&ada["token"]).header("idempotency-key", "k1")
    };
    let (first, again) = (site.send(ask("Loom")).await, site.send(ask("Loom")).await);
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json(), again.json());
    assert_eq!(site.send(ask("Other")).await.problem(), (422, "IDEMPOTENCY_KEY_REUSED".into()));
    let list = site.send(Ask::get(&clients).bearer(&ada["token"])).await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_change_is_for_the_state_that_was_seen() {
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let made = client(&site, &ada, &organization, json!({})).await;
    let shown = site.send(Ask::get(path(&made, "")).bearer(&ada["token"])).await;
    let tag = shown.header("etag").to_owned();
    let patch = |tag: &str| {
        let body = json!({ "rateLimit": 7, "sessionIdle": 900, "sessionAbsolute": null, "expiresAt": null });
        Ask::patch(path(&made, "")).json(&body).bearer(&ada["token"]).header("if-match", tag)
    };
    let changed = site.send(patch(&tag)).await;
    assert_eq!((changed.status, &changed.json()["rateLimit"]), (200, &json!(7)));
    let sessions =
        [&changed.json()["sessionIdle"], &changed.json()["sessionAbsolute"]].map(Clone::clone);
    assert_eq!(sessions, [json!(900), json!(null)]);
    assert_eq!(site.send(patch(&tag)).await.status, 412);
    let delete =
        |tag: &str| Ask::delete(path(&made, "")).bearer(&ada["token"]).header("if-match", tag);
    assert_eq!(site.send(delete(&tag)).await.status, 412);
    assert_eq!(site.send(delete(changed.header("etag"))).await.status, 204);
    assert_eq!(whoami(&site, &made["secret"]).await, 401);
}

#[tokio::test]
async fn restrictions_are_by_address_page_and_path() {
    // R-CL-03, GW-01, GW-02
    let trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    let settings = HttpSettings { trusted_proxies, ..HttpSettings::default() };
    let site: Site = Site::new(|_| {}, settings);
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let made = client(&site, &ada, &organization, json!({})).await;
    let rules = json!({ "restrictions": [
        { "type": "ip", "value": "192.0.2.0/24" },
        { "type": "ip", "value": "2001:DB8::/32" },
        { "type": "host", "value": "HTTPS://Shop.example:443" },
        { "type": "api", "value": "/v1/caller/" },
    ] });
    let restrictions = path(&made, "/access-restrictions");
    let kept = site.send(Ask::post(&restrictions).json(&rules).bearer(&ada["token"])).await;
    let kept = kept.json()["data"].clone();
    let values: Vec<&str> =
        kept.as_array().unwrap().iter().map(|it| it["value"].as_str().unwrap()).collect();
    assert_eq!(values, ["192.0.2.0/24", "2001:db8::/32", "https://shop.example", "/v1/caller"]);
    let ask = |peer, origin: &str, path: &str| {
        Ask::get(path).bearer(&made["secret"]).header("origin", origin).from(peer)
    };
    let shop = "https://shop.example";
    for peer in ["192.0.2.7:1", "[::ffff:192.0.2.7]:1", "[2001:db8::7]:1"] {
        assert_eq!(site.send(ask(peer, shop, "/v1/caller")).await.status, 200, "{peer}");
    }
    for wrong in [
        ask("198.51.100.7:1", shop, "/v1/caller"),
        ask("198.51.100.7:1", shop, "/v1/caller").header("x-forwarded-for", "192.0.2.7"),
        ask("10.0.0.1:1", shop, "/v1/caller").header("x-forwarded-for", "192.0.2.7, 198.51.100.7"),
        ask("192.0.2.7:1", "null", "/v1/caller"),
        ask("192.0.2.7:1", "https://shop.example.evil.example", "/v1/caller"),
        ask("192.0.2.7:1", shop, "/v1/openapi.json"),
        Ask::get("/v1/caller").bearer(&made["secret"]).from("192.0.2.7:1"),
    ] {
        assert_eq!(site.send(wrong).await.status, 401);
    }
    let forwarded =
        ask("10.0.0.1:1", shop, "/v1/caller").header("x-forwarded-for", "198.51.100.7, 192.0.2.7");
    assert_eq!(site.send(forwarded).await.status, 200);
    // Repeated fields are nobody's.
    let twice = ask("192.0.2.7:1", shop, "/v1/caller").header("origin", shop);
    assert_eq!(site.send(twice).await.problem(), (400, "BAD_HEADER".into()));

    let ids: Vec<&Value> = kept.as_array().unwrap().iter().map(|it| &it["id"]).collect();
    let strange = json!({ "ids": [ids[0], "res_01890a5d7c7e7c8a9b0c1d2e3f"] });
    let lift = |body: &Value| Ask::delete(&restrictions).json(body).bearer(&ada["token"]);
    assert_eq!(site.send(lift(&strange)).await.status, 404);
    assert_eq!(site.send(lift(&json!({ "ids": ids[..3] }))).await.status, 204);
    let one = format!("{restrictions}/{}", ids[3].as_str().unwrap());
    assert_eq!(site.send(Ask::delete(&one).bearer(&ada["token"])).await.status, 204);
    assert_eq!(site.send(Ask::delete(&one).bearer(&ada["token"])).await.status, 404);
    assert_eq!(whoami(&site, &made["secret"]).await, 200);
}
