//! The app in memory, called as a client would.

use axum::Router;
use axum::routing::get;
use durward_core::SignUpMode;
use durward_http::{CurrentUser, HttpSettings, authenticate, router};
use durward_testing::{LoggedIn, TestAccounts, TestApp};
use serde_json::json;

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
    let settings = HttpSettings::default();
    let own = Router::new()
        .route("/hello", get(hello))
        .layer(authenticate(it.accounts().clone(), settings.clone()))
        .merge(router(it.accounts().clone(), settings));
    let app = TestApp::serving(it, own);
    app.get("/hello").send().await.expect(401);
    let ada = app.sign_up("ada@example.com").await;
    let reply = app.get("/hello").bearer(&ada.token).send().await.expect(200);
    assert_eq!(reply.body(), format!("hello, {}", ada.user).as_bytes());
}
