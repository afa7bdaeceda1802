use durward_core::SessionToken;
use durward_http::HttpSettings;
use serde_json::json;

use crate::site::{Ask, STATE, Site};

const INVALID: &str = r#"Bearer realm="durward", error="invalid_token""#;

#[tokio::test]
async fn a_bad_credential_is_401_on_every_route_and_never_nobody() {
    // GW-09, GW-10
    let site = Site::standard();
    let unknown = SessionToken::mint(&*site.accounts.parts().entropy);
    let unknown = format!("Bearer {}", unknown.expose());
    let login = json!({
        "idType": "email", "idValue": "ada@example.com", "secret": "x", "state": STATE,
    });
    for value in [&*unknown, "Bearer x", "Basic YTpi", "Bearer dw_sk_x", "Digest x", ""] {
        for ask in [
            Ask::get("/v1/caller"),
            Ask::get("/v1/openapi.json"),
            Ask::get("/v1/users/me"),
            Ask::post("/v1/authn/password").json(&login),
        ] {
            let reply = site.send(ask.header("authorization", value)).await;
            assert_eq!(reply.problem(), (401, "UNAUTHENTICATED".into()), "{value}");
            assert_eq!(reply.header("www-authenticate"), INVALID);
            assert_eq!(reply.header("cache-control"), "no-store");
        }
    }
}

#[tokio::test]
async fn one_field_holds_one_credential() {
    // GW-09
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let token = session["token"].as_str().unwrap();
    let caller = || Ask::get("/v1/caller").bearer(&session["token"]);
    assert_eq!(site.send(caller()).await.status, 200);
    assert_eq!(site.send(caller().bearer(&session["token"])).await.status, 401);
    assert_eq!(site.send(caller().header("durward-client", "cli_x")).await.status, 401);
    let joined = format!("Bearer {token}, Bearer {token}");
    let reply = site.send(Ask::get("/v1/caller").header("authorization", joined)).await;
    assert_eq!(reply.status, 401);
    // R-SE-10: a refresh token is no session token.
    let reply = site.send(Ask::get("/v1/caller").bearer(&session["refresh"])).await;
    assert_eq!(reply.status, 401);
}

#[tokio::test]
async fn cookies_are_ignored() {
    // R-HT-05
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let cookie = format!("__Host-durward={}", session["token"].as_str().unwrap());
    let reply = site.send(Ask::get("/v1/caller").header("cookie", cookie)).await;
    assert_eq!((reply.status, &reply.json()["user"]), (200, &json!(null)));
}

#[tokio::test]
async fn a_secret_in_the_url_is_refused_even_when_it_is_right() {
    // R-HT-09
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let token = session["token"].as_str().unwrap();
    for query in
        [format!("access_token={token}"), format!("token={token}"), "access_token=x".into()]
    {
        let path = format!("/v1/caller?{query}");
        for ask in [Ask::get(&path), Ask::get(&path).bearer(&session["token"])] {
            let reply = site.send(ask).await;
            assert_eq!(reply.problem(), (400, "SECRET_IN_URL".into()));
            assert!(!reply.text().contains("dw_st_"));
        }
    }
    assert_eq!(site.send(Ask::get("/v1/caller?x=y")).await.status, 200);
}

#[tokio::test]
async fn only_a_trusted_proxy_says_whom_it_speaks_for() {
    // R-HT-03, GW-01
    let trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    let settings = HttpSettings { trusted_proxies, ..HttpSettings::default() };
    let site: Site = Site::new(|_| {}, settings);
    let caller = |peer| Ask::get("/v1/caller").from(peer);
    let forwarded = "192.0.2.66, 203.0.113.77";
    let reply = site.send(caller("10.0.0.1:1").header("x-forwarded-for", forwarded)).await;
    assert_eq!(reply.json()["ip"], "203.0.113.77");
    let reply = site.send(caller("198.51.100.7:1").header("x-forwarded-for", forwarded)).await;
    assert_eq!(reply.json()["ip"], "198.51.100.7");
    let reply = site.send(caller("[::ffff:198.51.100.7]:1")).await;
    assert_eq!(reply.json()["ip"], "198.51.100.7");
    let reply = site.send(caller("10.0.0.1:1").header("x-forwarded-for", "nonsense")).await;
    assert_eq!(reply.problem(), (400, "BAD_HEADER".into()));
    let reply = site.send(caller("198.51.100.7:1").header("x-forwarded-for", "nonsense")).await;
    assert_eq!(reply.status, 200);
    let reply = site.send(caller("10.0.0.1:1").header("forwarded", "for=192.0.2.1")).await;
    assert_eq!(reply.json()["ip"], "10.0.0.1");
}
