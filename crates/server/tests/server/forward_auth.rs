//! The examples of forward-auth, with the programs that they are for.

use durward::http::identity::Verifier;
use durward::{Clock, SystemClock};
use reqwest::{Method, StatusCode};

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

async fn verify(api: &Api, passed: &Passed) -> String {
    let keys = api.get("/.well-known/jwks.json").await.text().await.unwrap();
    let verifier = Verifier::new(api.base(), "orders", &keys).unwrap();
    let [identity] = passed.field("x-durward-identity")[..] else {
        panic!("there is not one identity: {passed:?}");
    };
    let claims = verifier.verify(identity, SystemClock.now()).unwrap();
    claims.user().unwrap().to_owned()
}

/// What stands in no field that the application sees but in those that say nothing of the caller.
fn assert_nothing_spoofed(passed: &Passed) {
    let fields = passed.seen.as_ref().unwrap()["fields"].to_string();
    let fields = fields.replace("audience=spoofed", "");
    assert!(!fields.contains("spoofed"), "{fields}");
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
    paths_are_what_the_proxy_decided_on(&gate, with).await;

    // R-SE-05
    let (status, _) = api.send(Method::POST, "/v1/sessions/logout", Some(&ada.token), None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let passed = gate.send("GET", "/orders", &[with]).await;
    assert_eq!((passed.status, passed.seen), (401, None));

    // R-ER-02: nobody to ask is nobody who allows.
    gate.server.take().unwrap().stop();
    let passed = gate.send("GET", "/orders", &[with]).await;
    assert!(passed.status >= 500 && passed.seen.is_none(), "{passed:?}");
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
    assert_eq!(passed.field("x-forwarded-for"), ["127.0.0.1"]);
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
    assert_eq!(passed.field("x-forwarded-for"), ["127.0.0.1"]);
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
    ] {
        let passed = gate.send("GET", path, &[]).await;
        assert!(matches!(passed.status, 400 | 401), "{path}: {passed:?}");
        assert_eq!(passed.seen, None, "{path}");
        // Not even by somebody who may: what is behind may read it in another way.
        let passed = gate.send("GET", path, &[with]).await;
        assert!(matches!(passed.status, 400 | 403), "{path}: {passed:?}");
        assert_eq!(passed.seen, None, "{path}");
    }
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
