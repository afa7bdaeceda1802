//! The examples of forward-auth, with the programs that they are for.

use std::net::IpAddr;

use durward::http::identity::Verifier;
use durward::{Clock, SystemClock};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{Api, Tokens};
use crate::gate::{Gate, Passed, Proxy};

/// What clients may say of themselves to get somewhere, in every spelling that a program may take for another.
const SPOOFED: [(&str, &str); 16] = [
    ("X-Durward-Identity", "spoofed"),
    ("x-durward-identity", "spoofed too"),
    ("X_Durward_Identity", "spoofed"),
    ("X-Durward_Identity", "spoofed"),
    ("X.Durward.Identity", "spoofed"),
    ("X~Durward-Identity", "spoofed"),
    ("X-Durward!Identity", "spoofed"),
    ("Remote-User", "usr_spoofed"),
    ("Remote.User", "usr_spoofed"),
    ("REMOTE_USER", "usr_spoofed"),
    ("Remote-Groups", "administrator,spoofed"),
    ("Remote_Groups", "administrator,spoofed"),
    ("Remote+Groups", "administrator,spoofed"),
    ("Remote-Name", "spoofed"),
    ("Remote-Email", "spoofed@example.com"),
    ("Durward-Demand", "audience=spoofed"),
];

/// Whom the application is told of.
async fn verify(api: &Api, passed: &Passed) -> String {
    let keys = api.get("/.well-known/jwks.json").await.text().await.unwrap();
    let verifier = Verifier::new(api.base(), "orders", &keys).unwrap();
    let [identity] = passed.field("x-durward-identity")[..] else {
        panic!("there is not one identity: {passed:?}");
    };
    let claims = verifier.verify(identity, SystemClock.now()).unwrap();
    claims.sub
}

/// What stands in no field that the application sees but in those that say nothing of the caller.
fn assert_nothing_spoofed(passed: &Passed) {
    let fields = passed.seen.as_ref().unwrap()["fields"].to_string();
    let fields = fields.replace("audience=spoofed", "");
    assert!(!fields.contains("spoofed"), "{fields}");
}

/// The client is who the proxy talks with. Envoy names the address of its own machine instead of the loopback one.
fn assert_nobody_else_is_named(gate: &Gate, passed: &Passed) {
    let named = passed.field("x-forwarded-for");
    match gate.of {
        Proxy::Nginx | Proxy::Caddy | Proxy::Traefik => assert_eq!(named, ["127.0.0.1"]),
        Proxy::Envoy => assert!(named.len() == 1 && !named[0].contains("203.0.113"), "{named:?}"),
    }
}

async fn it_guards(proxy: Proxy) {
    let Some(mut gate) = Gate::open(proxy).await else {
        return;
    };
    let api = Api::new(&gate.server.as_ref().unwrap().base);
    let ada = api.sign_up_fully("ada@example.com").await;
    let bearer = format!("Bearer {}", ada.token);
    let with = ("Authorization", bearer.as_str());

    nobody_passes(&gate).await;
    the_application_is_told(&gate, &api, &ada, with).await;
    nothing_spoofed_passes(&gate, &api, &ada, with).await;
    a_client_is_told_of_too(&gate, &api, &ada, with).await;
    a_client_is_held_to_its_network_and_its_rate(&mut gate, &api, &ada).await;
    paths_are_what_the_proxy_decided_on(&gate, with).await;
    what_is_open_stays_open(&gate).await;

    // Its routes are no way around it either.
    for path in ["/forward-auth/nginx", "/forward-auth/envoy/orders", "/v1/caller"] {
        let passed = gate.send("GET", path, &[with]).await;
        assert_eq!(passed.seen.unwrap()["path"], path, "it is the application that answers");
        assert!(!passed.head.contains("x-durward-identity"), "{path}");
    }

    // R-SE-05
    let (status, _) = api.send(Method::POST, "/v1/sessions/logout", Some(&ada.token), None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let passed = gate.send("GET", "/orders", &[with]).await;
    assert_eq!((passed.status, passed.seen), (401, None));

    // R-ER-02: nobody to ask is nobody who allows.
    gate.server.take().unwrap().stop();
    let passed = gate.send("GET", "/orders", &[with]).await;
    assert!(passed.status >= 500 && passed.seen.is_none(), "{passed:?}");
    gate.keep_busy().await;
    let passed = gate.send("GET", "/orders", &[with]).await;
    assert_eq!((passed.status, &passed.seen), (503, &None), "{passed:?}");
    // Envoy takes it for a failure to ask, and has nothing to say of that but the status.
    assert!(proxy == Proxy::Envoy || passed.head.contains("retry-after: 7"), "{passed:?}");
}

async fn nobody_passes(gate: &Gate) {
    for fields in [&[][..], &[("Authorization", "Bearer dw_st_x")], &[("Authorization", "Basic x")]]
    {
        let passed = gate.send("GET", "/orders", fields).await;
        assert_eq!((passed.status, &passed.seen), (401, &None), "{fields:?}");
        assert!(passed.head.contains("www-authenticate: bearer realm=\"durward\""), "{passed:?}");
        let passed = gate.send("GET", "/orders", &[fields, &SPOOFED].concat()).await;
        assert_eq!((passed.status, passed.seen), (401, None), "{fields:?}");
    }
}

async fn the_application_is_told(gate: &Gate, api: &Api, ada: &Tokens, with: (&str, &str)) {
    let path = "/orders/7?audience=billing&role=administrator";
    let passed = gate.send_with("POST", path, &[with, ("Cookie", "shop=1")], "two of them").await;
    assert_eq!(passed.status, 200, "{passed:?}");
    assert_eq!(verify(api, &passed).await, ada.user);
    assert_eq!(passed.field("remote-user"), [&*ada.user]);
    assert_eq!(passed.field("remote-groups"), ["user"]);
    assert_eq!(passed.field("cookie"), ["shop=1"]);
    assert_nobody_else_is_named(gate, &passed);
    assert!(!passed.names().contains(&"authorization"), "the token itself goes no further");
    let seen = passed.seen.unwrap();
    assert_eq!([&seen["method"], &seen["path"], &seen["body"]], ["POST", path, "two of them"]);
    // Nothing of it comes back to the client.
    assert!(!passed.head.contains("x-durward-identity") && !passed.head.contains("remote-user"));
}

async fn nothing_spoofed_passes(gate: &Gate, api: &Api, ada: &Tokens, with: (&str, &str)) {
    // GW-22, R-HT-03
    let lies = [
        ("X-Original-URI", "/public/"),
        ("X-Forwarded-Uri", "/public/"),
        ("X-Forwarded-Method", "OPTIONS"),
        ("X-Forwarded-For", "203.0.113.66"),
        ("X-Forwarded-Host", "evil.example"),
    ];
    let passed = gate.send("GET", "/orders", &[&[with], &SPOOFED[..], &lies].concat()).await;
    assert_eq!(passed.status, 200, "{passed:?}");
    assert_nothing_spoofed(&passed);
    assert_eq!(verify(api, &passed).await, ada.user);
    assert_eq!(passed.field("remote-user"), [&*ada.user]);
    assert_nobody_else_is_named(gate, &passed);
    assert!(!passed.field("x-forwarded-host").contains(&"evil.example"));
    // Nor does anything vanish on the way (RFC 9110, 7.6.1).
    for named in ["X-Durward-Identity, Remote-User", "close, remote-groups", "X-Forwarded-Uri"] {
        let passed = gate.send("GET", "/orders", &[with, ("Connection", named)]).await;
        if passed.seen.is_none() {
            assert_eq!(passed.status, 400, "{named}");
            continue;
        }
        assert_eq!(verify(api, &passed).await, ada.user, "{named}");
        assert_eq!(passed.field("remote-user"), [&*ada.user], "{named}");
        assert_eq!(passed.field("remote-groups"), ["user"], "{named}");
    }
    // Neither where nobody is asked.
    let passed = gate.send("GET", "/public/x", &SPOOFED).await;
    assert_eq!(passed.status, 200, "{passed:?}");
    assert_nothing_spoofed(&passed);
    for name in ["x-durward-identity", "remote-user", "remote-groups", "authorization"] {
        assert!(!passed.names().contains(&name), "{name}");
    }
}

async fn a_client_is_told_of_too(gate: &Gate, api: &Api, ada: &Tokens, with: (&str, &str)) {
    let (id, secret) = a_client(api, ada).await;
    let bearer = format!("Bearer {secret}");
    let itself = ("Authorization", bearer.as_str());

    let passed = gate.send("GET", "/orders", &[&[itself], &SPOOFED[..]].concat()).await;
    assert_eq!(passed.status, 200, "{passed:?}");
    assert_eq!(verify(api, &passed).await, id);
    assert_nothing_spoofed(&passed);
    for name in ["remote-user", "remote-groups", "authorization", "durward-client"] {
        assert!(!passed.names().contains(&name), "{name}");
    }
    // The session was not opened through it, so the two of them may nothing (R-CL-07).
    let passed = gate.send("GET", "/orders", &[with, ("Durward-Client", &secret)]).await;
    assert_eq!((passed.status, passed.seen), (401, None));
    let passed = gate.send("GET", "/public/x", &[("Durward-Client", &secret)]).await;
    assert!(passed.status == 200 && !passed.names().contains(&"durward-client"), "{passed:?}");

    // R-CL-03: host and path are those of the request.
    let restrictions = format!("/v1/clients/{id}/access-restrictions");
    let may = json!([{ "type": "api", "value": "127.0.0.1/orders" }]);
    made(api, ada, &restrictions, json!({ "restrictions": may })).await;
    let here = gate.host();
    for (host, path, may) in [
        (&*here, "/orders/7?x=/../y", true),
        (&*here, "/ordersx", false),
        (&*here, "/users", false),
        ("evil.example", "/orders", false),
    ] {
        let fields = [itself, ("X-Forwarded-Host", "127.0.0.1"), ("X-Original-URI", "/orders")];
        let passed = gate.send_to(host, path, &fields).await;
        assert_eq!(passed.seen.is_some(), may, "{host} {path}: {passed:?}");
    }
}

/// Makes something of a user's, and answers it.
async fn made(api: &Api, ada: &Tokens, path: &str, body: Value) -> Value {
    let (status, answer) = api.send(Method::POST, path, Some(&ada.token), Some(&body)).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    answer
}

/// A client of an organization that is made with it: its id, and its secret.
async fn a_client(api: &Api, ada: &Tokens) -> (String, String) {
    let organization = made(api, ada, "/v1/organizations", json!({ "name": "Looms" })).await;
    let clients = format!("/v1/organizations/{}/clients", organization["id"].as_str().unwrap());
    let client = made(api, ada, &clients, json!({ "name": "Loom" })).await;
    let text = |name: &str| client[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

async fn a_client_is_held_to_its_network_and_its_rate(gate: &mut Gate, api: &Api, ada: &Tokens) {
    // R-CL-03, R-TH-07
    let (id, secret) = a_client(api, ada).await;
    let bearer = format!("Bearer {secret}");
    let itself = ("Authorization", bearer.as_str());
    let restrictions = format!("/v1/clients/{id}/access-restrictions");
    let may = json!([{ "type": "ip", "value": "127.0.0.2" }]);
    made(api, ada, &restrictions, json!({ "restrictions": may })).await;
    for (from, may) in [([127, 0, 0, 2], true), ([127, 0, 0, 3], false)] {
        gate.from = IpAddr::from(from);
        for said in [&[][..], &[("X-Forwarded-For", "127.0.0.2"), ("X-Real-IP", "127.0.0.2")]] {
            let passed = gate.send("GET", "/orders", &[&[itself], said].concat()).await;
            let status = if may { 200 } else { 401 };
            assert_eq!((passed.status, passed.seen.is_some()), (status, may), "{from:?} {said:?}");
        }
    }
    gate.from = IpAddr::from([127, 0, 0, 2]);
    let rate = json!({ "rateLimit": 1 });
    let path = format!("/v1/clients/{id}");
    let (status, answer) = api.send(Method::PATCH, &path, Some(&ada.token), Some(&rate)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let mut limited = gate.send("GET", "/orders", &[itself]).await;
    for _ in 0..20 {
        if limited.status != 200 {
            break;
        }
        limited = gate.send("GET", "/orders", &[itself]).await;
    }
    assert_eq!((limited.status, &limited.seen), (429, &None), "{limited:?}");
    assert!(limited.head.contains("retry-after: 1"), "{limited:?}");
    gate.from = IpAddr::from([127, 0, 0, 1]);
}

async fn what_is_open_stays_open(gate: &Gate) {
    for path in ["/public/", "/public/site-1.0/app.min.js?v=%2F../x&y=//", "/public/a_b/~c/"] {
        let passed = gate.send("GET", path, &[]).await;
        assert_eq!(passed.status, 200, "{path}: {passed:?}");
        assert_eq!(passed.seen.unwrap()["path"], path);
    }
    // Durward's own routes are not to be had from outside.
    for path in ["/forward-auth/nginx", "/forward-auth/envoy/public/", "/_durward", "/v1/caller"] {
        let passed = gate.send("GET", path, &[]).await;
        assert!(matches!(passed.status, 401 | 404) && passed.seen.is_none(), "{path}: {passed:?}");
        assert!(!passed.head.contains("x-durward-identity"));
    }
}

async fn paths_are_what_the_proxy_decided_on(gate: &Gate, with: (&str, &str)) {
    // GW-20, R-IN-03
    for path in [
        "/public//../admin",
        "/public/../admin",
        "/public/./../admin",
        "/public/%2e%2e/admin",
        "/public/%2E%2E%2Fadmin",
        "/public/..%2fadmin",
        "//public/../admin",
        "/PUBLIC/../admin",
        "/./admin",
        "//admin",
        "/admin/%2e",
        "/admin;/x",
        "/admin%5cx",
        "/public/..;/admin",
        "/public/..;x=1/admin",
        "/public/..%3b/admin",
        "/public;/../admin",
        "/public/%252e%252e/admin",
        "/public/%252e%252e%252fadmin",
        "/public/..%5cadmin",
        "/public/..\\admin",
        "/forward-auth/..;/admin",
        "/admin/../public/x",
        "/admin/%2e%2e/public/x",
        "/admin/..%2fpublic/x",
        "/admin/..;/public/x",
        "/admin;/../public/x",
    ] {
        let passed = gate.send("GET", path, &[]).await;
        match &passed.seen {
            None => assert!(matches!(passed.status, 400 | 401), "{path}: {passed:?}"),
            Some(seen) => assert_rewritten(path, seen, "/public/"),
        }
        // Not even by somebody who may: what is behind may read it in another way.
        let passed = gate.send("GET", path, &[with]).await;
        match &passed.seen {
            None => assert!(matches!(passed.status, 400 | 403), "{path}: {passed:?}"),
            Some(seen) => assert_rewritten(path, seen, "/"),
        }
    }
}

/// A proxy that writes a path anew passes on one that can be read in one way only.
fn assert_rewritten(path: &str, seen: &Value, below: &str) {
    let seen = seen["path"].as_str().unwrap();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'/';
    assert!(seen != path && seen.starts_with(below), "{path}: {seen}");
    assert!(seen.bytes().all(plain) && !seen.contains("//"), "{path}: {seen}");
}

#[tokio::test]
async fn the_example_for_nginx_guards_an_application() {
    it_guards(Proxy::Nginx).await;
}

#[tokio::test]
async fn the_example_for_caddy_guards_an_application() {
    it_guards(Proxy::Caddy).await;
}

#[tokio::test]
async fn the_example_for_traefik_guards_an_application() {
    it_guards(Proxy::Traefik).await;
}

#[tokio::test]
async fn the_example_for_envoy_guards_an_application() {
    it_guards(Proxy::Envoy).await;
}
