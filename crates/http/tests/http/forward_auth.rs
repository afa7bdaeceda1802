use std::time::Duration;

use axum::Router;
use durward_core::budget::Rate;
use durward_http::HttpSettings;
use serde_json::json;

use crate::clients::{client, organization};
use crate::identities::{PATHS, assert_untold, told};
use crate::sessions::administrator;
use crate::site::{Ask, Site, answer, settings};

const PROXY: &str = "127.0.0.1:4711";

#[tokio::test]
async fn without_a_credential_it_is_401_and_nobody_is_told_anything() {
    let site = Site::standard();
    let before = site.store.opened();
    for path in PATHS {
        for ask in [Ask::get(path), Ask::get(path).from(PROXY)] {
            let reply = site.send(ask).await;
            assert_eq!(reply.problem(), (401, "UNAUTHENTICATED".into()));
            assert_eq!(reply.header("www-authenticate"), r#"Bearer realm="durward""#);
            assert!(!reply.headers.contains_key("location"));
            assert_untold(&reply);
        }
    }
    assert_eq!(site.store.opened(), before, "a visit by nobody costs the store nothing");
}

#[tokio::test]
async fn after_the_logout_nothing_goes_on() {
    // R-SE-05
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let ask = || Ask::get("/forward-auth/nginx").bearer(&ada["token"]);
    assert_eq!(site.send(ask()).await.status, 200);
    site.send(Ask::post("/v1/sessions/logout").bearer(&ada["token"])).await;
    let reply = site.send(ask()).await;
    assert_eq!(reply.problem(), (401, "UNAUTHENTICATED".into()));
    assert_untold(&reply);
}

#[tokio::test]
async fn a_role_that_is_demanded_must_be_held() {
    // R-AZ-06, R-AZ-08
    let site = Site::standard();
    let (root, ada) = (administrator(&site).await, site.session("ada@example.com").await);
    let ask = || Ask::get("/forward-auth/traefik?role=administrator");
    let reply = site.send(ask().bearer(&root["token"])).await;
    assert_eq!(told(&site, &reply, "orders").await.roles, ["administrator"]);
    // What the request says of itself is worth nothing.
    let liar = ask()
        .bearer(&ada["token"])
        .header("remote-groups", "administrator")
        .header("remote-user", root["userId"].as_str().unwrap())
        .header("x-durward-identity", reply.header("x-durward-identity"));
    let refused = site.send(liar.from(PROXY)).await;
    assert_eq!(refused.problem(), (403, "FORBIDDEN".into()));
    assert_untold(&refused);
    let log =
        site.send(Ask::get("/v1/audit-events?event=access.denied").bearer(&root["token"])).await;
    let entry = &log.json()["data"][0];
    assert_eq!(
        (&entry["actorId"], &entry["details"]["action"]),
        (&ada["userId"], &json!("UseUpstream"))
    );
    let demand = |value: &'static str| {
        Ask::get("/forward-auth/envoy/x?role=user").header("durward-demand", value)
    };
    let refused = site.send(demand("role=administrator").bearer(&ada["token"])).await;
    assert_eq!(refused.status, 403);
    let allowed = site.send(demand("role=administrator,user").bearer(&ada["token"])).await;
    assert_eq!(allowed.status, 200);
}

#[tokio::test]
async fn a_path_that_can_be_read_in_two_ways_does_not_go_on() {
    // R-IN-03, GW-20
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    for path in
        ["/public//../admin", "/public/..;/admin", "/public%2fadmin", "/%2e%2e/admin", "orders"]
    {
        for (proxy, field) in [
            ("nginx", "x-original-uri"),
            ("traefik", "x-forwarded-uri"),
            ("caddy", "x-forwarded-uri"),
        ] {
            let ask = |query: &str| {
                Ask::get(format!("/forward-auth/{proxy}{query}"))
                    .bearer(&ada["token"])
                    .header(field, path)
                    .from(PROXY)
            };
            let reply = site.send(ask("")).await;
            assert_eq!(reply.problem(), (403, "FORBIDDEN".into()), "{proxy} {path}");
            assert_untold(&reply);
            assert_eq!(site.send(ask("?anyPath=true")).await.status, 200, "{proxy} {path}");
        }
        let ask = Ask::get(format!("/forward-auth/envoy/{path}")).bearer(&ada["token"]);
        assert_eq!(
            site.send(ask.from(PROXY)).await.status,
            if path == "orders" { 200 } else { 403 }
        );
    }
}

#[tokio::test]
async fn what_a_stranger_says_of_a_request_counts_nothing() {
    // R-HT-03, GW-01
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let spoofed = |ask: Ask| {
        ask.header("x-original-uri", "/..;/admin")
            .header("x-original-uri", "/again")
            .header("x-forwarded-uri", "//admin")
            .header("x-forwarded-host", "bad host")
            .header("x-forwarded-for", "nonsense")
            .header("x-forwarded-proto", "gopher")
    };
    for path in PATHS {
        let plain = site.send(Ask::get(path).bearer(&ada["token"])).await;
        let reply = site.send(spoofed(Ask::get(path).bearer(&ada["token"]))).await;
        assert_eq!((plain.status, reply.status), (200, 200), "{path}");
        assert_eq!(reply.headers["remote-user"], plain.headers["remote-user"]);
        assert_eq!(site.send(spoofed(Ask::get(path))).await.status, 401, "{path}");
    }
    // From a trusted proxy what is garbled is refused, and a field that comes twice.
    let twice = spoofed(Ask::get("/forward-auth/nginx").bearer(&ada["token"])).from(PROXY);
    assert_eq!(site.send(twice).await.problem(), (400, "BAD_HEADER".into()));
}

#[tokio::test]
async fn envoy_asks_by_any_method_and_behind_any_path() {
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        for path in
            ["", "/", "/orders/7?audience=billing&q=1", "/v1/users", "/.well-known/jwks.json"]
        {
            let ask = || Ask::new(method, format!("/forward-auth/envoy{path}")).from(PROXY);
            let reply = site.send(ask().bearer(&ada["token"])).await;
            assert_eq!(reply.status, 200, "{method} {path}");
            assert_eq!(told(&site, &reply, "orders").await.sub, ada["userId"].as_str().unwrap());
            assert_eq!(site.send(ask()).await.status, 401, "{method} {path}");
        }
    }
    // The others ask by GET.
    let reply = site.send(Ask::post("/forward-auth/nginx").bearer(&ada["token"])).await;
    assert_eq!((reply.status, reply.header("allow")), (405, "GET, HEAD"));
    let trace = site.send(Ask::new("TRACE", "/forward-auth/envoy/x").bearer(&ada["token"])).await;
    assert_eq!(trace.status, 405);
    for unknown in ["/forward-auth/haproxy", "/forward-auth/nginx/x", "/forward-auth/envoyx"] {
        assert_eq!(
            site.send(Ask::get(unknown).bearer(&ada["token"])).await.status,
            404,
            "{unknown}"
        );
    }
}

#[tokio::test]
async fn what_traefik_and_envoy_are_documented_to_send_is_understood() {
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    // https://doc.traefik.io/traefik/middlewares/http/forwardauth/
    let traefik = Ask::get("/forward-auth/traefik?audience=orders")
        .bearer(&ada["token"])
        .header("x-forwarded-method", "POST")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "shop.example")
        .header("x-forwarded-uri", "/orders?page=2")
        .header("x-forwarded-for", "203.0.113.9")
        .from(PROXY);
    assert_eq!(site.send(traefik).await.status, 200);
    // The HTTP service of envoy.filters.http.ext_authz: method, path, host and length, and what is allowed.
    let envoy = Ask::post("/forward-auth/envoy/orders?page=2")
        .bearer(&ada["token"])
        .header("host", "shop.example")
        .header("content-length", "0")
        .header("durward-demand", "audience=billing")
        .header("x-forwarded-for", "203.0.113.9")
        .header("x-envoy-internal", "true")
        .from(PROXY);
    let reply = site.send(envoy).await;
    assert_eq!(told(&site, &reply, "billing").await.sub, ada["userId"].as_str().unwrap());
}

#[tokio::test]
async fn the_restrictions_of_a_client_see_the_request_that_the_proxy_asks_about() {
    // R-CL-03, R-HT-03
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let loom = client(&site, &ada, &organization, json!({})).await;
    let body = json!({ "restrictions": [{ "type": "api", "value": "shop.example/orders" }] });
    let path = format!("/v1/clients/{}/access-restrictions", loom["id"].as_str().unwrap());
    let reply = site.send(Ask::post(path).json(&body).bearer(&ada["token"])).await;
    assert!(reply.status < 300, "{}", reply.text());

    let ask = |proxy: &str, host: &str, path: &str, peer: &'static str| {
        let envoy = proxy == "envoy";
        let behind = if envoy { path } else { "" };
        let field = if proxy == "nginx" { "x-original-uri" } else { "x-forwarded-uri" };
        Ask::get(format!("/forward-auth/{proxy}{behind}"))
            .bearer(&loom["secret"])
            .header(if envoy { "host" } else { "x-forwarded-host" }, host)
            .header(field, path)
            .from(peer)
    };
    for proxy in ["nginx", "traefik", "caddy", "envoy"] {
        for (host, path, status) in [
            ("shop.example", "/orders", 200),
            ("Shop.example:443", "/orders/7?x=/../y", 200),
            ("shop.example", "/ordersx", 401),
            ("shop.example", "/users", 401),
            ("evil.example", "/orders", 401),
            ("shop.example", "/orders/../users", 401),
            ("shop.example", "/orders%2f..%2fusers", 401),
        ] {
            let reply = site.send(ask(proxy, host, path, PROXY)).await;
            assert_eq!(reply.status, status, "{proxy} {host} {path}");
        }
        // Whoever is no proxy says what he likes.
        let stranger = site.send(ask(proxy, "shop.example", "/orders", "203.0.113.9:4711")).await;
        assert_eq!(stranger.status, 401, "{proxy}");
        assert_untold(&stranger);
    }
    // With nothing said there is nothing that it may.
    let silent = Ask::get("/forward-auth/nginx").bearer(&loom["secret"]).from(PROXY);
    assert_eq!(site.send(silent).await.status, 401);
}

#[tokio::test]
async fn a_store_that_fails_lets_nobody_go_on() {
    // R-ER-02
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    site.store.take_away();
    for path in PATHS {
        let reply = site.send(Ask::get(path).bearer(&ada["token"])).await;
        assert_eq!(reply.status, 503);
        assert_untold(&reply);
    }
}

#[tokio::test]
async fn it_works_inside_of_an_application_and_its_layer() {
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let mounted = HttpSettings { mounted_at: "/accounts".into(), ..settings() };
    let http = site.http(mounted);
    let app = Router::new().nest("/accounts", http.router()).layer(http.authenticate());
    for (path, status) in [
        ("/accounts/forward-auth/nginx", 200),
        ("/accounts/forward-auth/envoy/orders", 200),
        ("/accounts/forward-auth/envoy/..;/admin", 403),
        ("/accounts/.well-known/jwks.json", 200),
    ] {
        let reply = answer(app.clone(), Ask::get(path).bearer(&ada["token"]).from(PROXY)).await;
        assert_eq!(reply.status, status, "{path}");
    }
}

#[tokio::test]
async fn inside_of_a_layer_a_request_is_counted_once() {
    let rate = Rate::per(3, Duration::from_secs(1));
    // The second layer does not know that there is forward-auth.
    for known in [settings(), HttpSettings::default()] {
        let site = Site::new(|parts| parts.settings.limits.caller_requests = rate, settings());
        let app = site.http(settings()).router().layer(site.http(known).authenticate());
        let ask = || Ask::get("/forward-auth/nginx").from("192.0.2.1:1");
        for _ in 0..3 {
            assert_eq!(answer(app.clone(), ask()).await.status, 401);
        }
        assert_eq!(answer(app.clone(), ask()).await.status, 429);

        site.wait(Duration::from_mins(1));
        let ada = site.session("ada@example.com").await;
        let organization = organization(&site, &ada).await;
        site.wait(Duration::from_mins(1));
        let loom = client(&site, &ada, &organization, json!({ "rateLimit": 3 })).await;
        let ask = || Ask::get("/forward-auth/nginx").bearer(&loom["secret"]).from("192.0.2.2:1");
        for left in [2, 1, 0] {
            let reply = answer(app.clone(), ask()).await;
            assert_eq!(reply.status, 200);
            assert_eq!(reply.header("ratelimit"), format!(r#""client";r={left};t=1"#));
        }
        assert_eq!(answer(app.clone(), ask()).await.status, 429);
    }
}

#[tokio::test]
async fn inside_of_a_layer_the_restrictions_of_a_client_see_the_request_too() {
    // R-CL-03, R-HT-03
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let organization = organization(&site, &ada).await;
    let loom = client(&site, &ada, &organization, json!({})).await;
    let body = json!({ "restrictions": [{ "type": "api", "value": "/orders" }] });
    let path = format!("/v1/clients/{}/access-restrictions", loom["id"].as_str().unwrap());
    let reply = site.send(Ask::post(path).json(&body).bearer(&ada["token"])).await;
    assert!(reply.status < 300, "{}", reply.text());
    let mounted = HttpSettings { mounted_at: "/accounts".into(), ..settings() };
    let http = site.http(mounted);
    let app = Router::new().nest("/accounts", http.router()).layer(http.authenticate());
    for (path, status) in [
        ("/accounts/forward-auth/envoy/orders", 200),
        ("/accounts/forward-auth/envoy/users", 401),
        ("/accounts/forward-auth/envoyorders", 401),
        ("/forward-auth/envoy/orders", 401),
    ] {
        let ask = Ask::get(path).bearer(&loom["secret"]).from(PROXY);
        assert_eq!(answer(app.clone(), ask).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn nothing_that_a_proxy_passes_on_makes_it_fail_or_open() {
    // A hundred fields of every kind of nonsense, from a trusted proxy: never 200 for nobody, and never 5xx.
    let site = Site::standard();
    let ada = site.session("ada@example.com").await;
    let alphabet: &[&[u8]] = &[
        b"/", b"..", b"%2e", b"%", b"\xff", b"?", b"#", b";", b"\t", b"a", b",", b"http://", b"\\",
        b" ",
    ];
    let mut seed = 7_usize;
    for _ in 0..100 {
        let mut value = Vec::new();
        for _ in 0..seed % 9 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            value.extend_from_slice(alphabet[(seed >> 33) % alphabet.len()]);
        }
        seed = seed.wrapping_add(1);
        for (path, field) in [
            ("/forward-auth/nginx", "x-original-uri"),
            ("/forward-auth/nginx", "x-forwarded-host"),
            ("/forward-auth/caddy", "x-forwarded-uri"),
            ("/forward-auth/envoy/x", "host"),
            ("/forward-auth/envoy/x", "durward-demand"),
            ("/forward-auth/traefik", "x-forwarded-for"),
        ] {
            let ask = || Ask::get(path).header(field, &value).from(PROXY);
            let nobody = site.send(ask()).await;
            assert!(matches!(nobody.status, 400 | 401), "{field} {value:?}: {}", nobody.status);
            let user = site.send(ask().bearer(&ada["token"])).await;
            assert!(
                matches!(user.status, 200 | 400 | 403 | 422),
                "{field} {value:?}: {}",
                user.status
            );
            if user.status != 200 {
                assert_untold(&user);
            }
        }
    }
}
