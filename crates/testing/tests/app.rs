//! The app in memory, called as a client would.

use std::convert::Infallible;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request};
use axum::routing::get;
use durward_core::SignUpMode;
use durward_http::{CurrentUser, Http, HttpSettings};
use durward_testing::{LoggedIn, TestAccounts, TestApp, TestMetrics};
use futures_util::{poll, stream};
use serde_json::json;
use tower::ServiceExt;

#[tokio::test]
async fn somebody_signs_up_uses_refreshes_and_ends_a_session() {
    let app = TestApp::new();
    let ada = app.sign_up("ada@example.com").await;
    let me = app.get("/v1/users/me").bearer(&ada.token).send().await.expect(200);
    assert_eq!((me.text("/id"), me.text("/name")), (ada.user.clone(), "Ada Lovelace".to_owned()));
    let tag = me.header("etag").to_owned();
    let rename = |name: &str| {
        app.patch("/v1/users/me", &json!({ "name": name }))
            .bearer(&ada.token)
            .header("If-Match", &tag)
    };
    assert_eq!(rename("Countess").send().await.expect(200).text("/name"), "Countess");
    rename("Duchess").send().await.expect(412);

    let body = json!({ "refresh": ada.refresh });
    let reply = app.post("/v1/sessions/refresh", &body).send().await.expect(200);
    let new = LoggedIn::from_reply(&reply);
    assert_eq!((&new.user, &new.session), (&ada.user, &ada.session));
    app.get("/v1/users/me").bearer(&ada.token).send().await.expect(401);
    app.get("/v1/users/me").bearer(&new.token).send().await.expect(200);
    app.post("/v1/sessions/logout", &json!({})).bearer(&new.token).send().await.expect(204);
    app.get("/v1/users/me").bearer(&new.token).send().await.expect(401);
    assert_eq!(app.log_in("ada@example.com").await.user, ada.user);
}

#[tokio::test]
async fn an_open_app_gives_a_session_at_once() {
    let app = TestApp::with(|parts| parts.settings.sign_up = SignUpMode::Open);
    let ada = app.sign_up("ada@example.com").await;
    assert!(app.inbox().is_empty(), "nothing had to be read");
    let caller = app.get("/v1/caller").bearer(&ada.token).from_ip("198.51.100.7").send().await;
    assert_eq!(caller.expect(200).text("/ip"), "198.51.100.7");
}

#[tokio::test]
async fn an_applications_own_router_is_served() {
    async fn hello(user: CurrentUser) -> String {
        format!("hello, {}", user.id)
    }
    let it = TestAccounts::new();
    let http = Http::new(it.accounts().clone(), HttpSettings::default());
    let app = TestApp::serving(it, http.mount(Router::new().route("/hello", get(hello))));
    app.get("/hello").send().await.expect(401);
    let ada = app.sign_up("ada@example.com").await;
    let reply = app.get("/hello").bearer(&ada.token).send().await.expect(200);
    assert_eq!(reply.body(), format!("hello, {}", ada.user).as_bytes());
}

#[tokio::test]
async fn requests_are_counted_by_the_template_of_their_route() {
    let metrics = TestMetrics::new();
    let _recorded = metrics.record();
    let app = TestApp::new();
    let ada = app.sign_up("ada@example.com").await;
    let path = format!("/v1/users/{}", ada.user);
    app.get(&path).bearer(&ada.token).send().await.expect(200);
    app.get(&path).send().await.expect(401);
    app.request(Method::PUT, &path).send().await.expect(405);
    app.get("/v1/nothing/of/the/kind").send().await.expect(404);
    // Somebody who hangs up before all of his request is there.
    let router = Http::new(app.accounts().clone(), HttpSettings::default()).router();
    let body = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    let request = Request::post("/v1/authn/password").body(body).unwrap();
    let mut hung_up = Box::pin(router.oneshot(request));
    assert!(poll!(&mut hung_up).is_pending());
    assert_eq!(metrics.value("durward_http_requests_in_flight"), 1);
    drop(hung_up);

    let user = r#"route="/v1/users/{id}""#;
    for (labels, count) in [
        (format!(r#"method="GET",{user},status="200""#), 1),
        (format!(r#"method="GET",{user},status="401""#), 1),
        (format!(r#"method="_OTHER",{user},status="405""#), 1),
        (r#"method="_OTHER",route="_OTHER",status="404""#.to_owned(), 1),
        (r#"method="POST",route="/v1/authn/password",status="cancelled""#.to_owned(), 1),
    ] {
        let series = format!("durward_http_requests_total{{{labels}}}");
        assert_eq!(metrics.value(&series), count, "{series} of {:?}", metrics.values());
    }
    let durations = format!("durward_http_request_duration_seconds{{method=\"GET\",{user}}}");
    assert_eq!(metrics.value(&durations), 2);
    assert_eq!(metrics.value("durward_http_requests_in_flight"), 0);
    let told = format!("{:?}", metrics.values());
    assert!(!told.contains(&ada.user) && !told.contains("nothing"), "{told}");
}

/// Every secret that somebody may hold, and the one place that takes it.
struct Held {
    session: String,
    refresh: String,
    handle: String,
    link: String,
    code: String,
    state: String,
}

impl Held {
    async fn by(app: &TestApp, address: &str) -> Self {
        let somebody = app.sign_up(address).await;
        let state = app.state().expose().to_owned();
        let body = json!({ "idType": "email", "idValue": address, "state": state });
        let step = app.post("/v1/authn/email", &body).send().await.expect(202);
        let letter = app.mail_to(address).await;
        Self {
            session: somebody.token,
            refresh: somebody.refresh,
            handle: step.text("/code"),
            link: letter.link_code().to_owned(),
            code: letter.code().to_owned(),
            state,
        }
    }

    fn all(&self) -> [&str; 6] {
        let Self { session, refresh, handle, link, code, state } = self;
        [session, refresh, handle, link, code, state]
    }
}

#[tokio::test]
async fn a_secret_is_worth_nothing_where_another_kind_belongs() {
    // R-SE-10, AM-06, GW-58
    let app = TestApp::new();
    let held = Held::by(&app, "ada@example.com").await;
    for secret in held.all() {
        let verify = app.post("/v1/emails/verify", &json!({ "code": secret }));
        verify.bearer(&held.session).send().await.expect(401);
    }
    for secret in held.all().into_iter().filter(|secret| *secret != held.session) {
        app.get("/v1/users/me").bearer(secret).send().await.expect(401);
    }
    for secret in held.all().into_iter().filter(|secret| *secret != held.refresh) {
        let body = json!({ "refresh": secret });
        app.post("/v1/sessions/refresh", &body).send().await.expect(401);
    }
    for secret in [&held.session, &held.refresh, &held.code, &held.state] {
        let body = json!({ "idType": "code", "idValue": secret, "state": held.state });
        app.post("/v1/authn/code", &body).send().await.expect(401);
    }
    let answer = |handle: &str, code: &str| {
        let body = json!({
            "idType": "code", "idValue": handle, "secret": code, "state": held.state,
        });
        app.post("/v1/authn/code", &body).send()
    };
    for secret in [&held.session, &held.refresh, &held.link, &held.state] {
        answer(secret, &held.code).await.expect(401);
        answer(&held.handle, secret).await.expect(401); // one of five attempts each
    }
    // Where they belong, all of them are still good.
    app.get("/v1/users/me").bearer(&held.session).send().await.expect(200);
    answer(&held.handle, &held.code).await.expect(200);
    let body = json!({ "refresh": held.refresh });
    app.post("/v1/sessions/refresh", &body).send().await.expect(200);
}

#[tokio::test]
async fn a_logout_with_the_wrong_kind_ends_nothing() {
    // R-SE-10, R-SE-05
    let app = TestApp::new();
    let held = Held::by(&app, "ada@example.com").await;
    for secret in held.all() {
        if secret != held.session {
            app.post("/v1/sessions/logout", &json!({ "token": secret })).send().await.expect(204);
        }
        if secret != held.refresh {
            app.post("/v1/sessions/logout", &json!({ "refresh": secret })).send().await.expect(204);
        }
    }
    app.get("/v1/users/me").bearer(&held.session).send().await.expect(200);
}
