//! What the application, the machine or we ourselves get wrong.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use durward_core::password::{Admission, HashError, Verdict};
use durward_core::{
    Event, Hook, Parts, Password, PasswordHash, PasswordHasher, Plain, SignUpMode, Store, Veto,
};
use durward_http::HttpSettings;
use serde_json::json;

use crate::site::{Ask, Site, sign_up};
use crate::store::Watched;

fn site(change: impl FnOnce(&mut Parts<Watched>)) -> Site {
    Site::new(change, HttpSettings::default())
}

#[tokio::test]
async fn a_store_that_is_away_is_503() {
    // R-ER-02
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    site.store.take_away();
    for ask in [
        Ask::get("/v1/caller").bearer(&session["token"]),
        Ask::post("/v1/users").json(&sign_up("bob@example.com")),
        Ask::post("/v1/sessions/refresh").json(&json!({ "refresh": session["refresh"] })),
        Ask::post("/v1/sessions/logout").bearer(&session["token"]),
    ] {
        let reply = site.send(ask).await;
        assert_eq!(reply.problem(), (503, "STORE_UNAVAILABLE".into()));
        assert_eq!(reply.header("retry-after"), "1");
        assert!(!reply.text().contains("db.internal"), "R-ER-01");
    }
}

#[tokio::test]
async fn sign_up_may_be_closed() {
    for mode in [SignUpMode::Closed, SignUpMode::Invited] {
        let site = site(|parts| parts.settings.sign_up = mode);
        let reply = site.send(Ask::post("/v1/users").json(&sign_up("ada@example.com"))).await;
        assert_eq!(reply.problem(), (403, "SIGN_UP_CLOSED".into()));
    }
}

struct Refusing;
#[async_trait]
impl<S: Store> Hook<S> for Refusing {
    async fn on(&self, event: &Event<'_, S::Attrs>, _: &mut S::Tx<'_>) -> Result<(), Veto> {
        if let Event::UserCreated { .. } = event {
            return Err("not on the list of guests".into());
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_veto_is_told_without_its_reason() {
    let site = site(|parts| {
        parts.settings.sign_up = SignUpMode::Open;
        parts.hooks.push(Arc::new(Refusing));
    });
    let reply = site.send(Ask::post("/v1/users").json(&sign_up("ada@example.com"))).await;
    assert_eq!(reply.problem(), (403, "VETOED".into()));
    assert!(!reply.text().contains("guests"));
}

struct Panicking;
#[async_trait]
impl Hook<Watched<Plain>> for Panicking {
    async fn on(
        &self,
        event: &Event<'_, Plain>,
        _: &mut <Watched<Plain> as Store>::Tx<'_>,
    ) -> Result<(), Veto> {
        if let Event::UserUpdated { after, .. } = event {
            panic!("{} is too much", after.name.as_str());
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_panic_is_one_failed_request() {
    // R-ER-02, GW-29
    let site = site(|parts| parts.hooks.push(Arc::new(Panicking)));
    let session = site.session("ada@example.com").await;
    let body = json!({ "name": "Eve" });
    let reply = site.send(Ask::patch("/v1/users/me").bearer(&session["token"]).json(&body)).await;
    assert_eq!(reply.problem(), (500, "INTERNAL".into()));
    assert!(!reply.text().contains("too much"));
    let reply = site.send(Ask::get("/v1/users/me").bearer(&session["token"])).await;
    assert_eq!((reply.status, &reply.json()["name"]), (200, &json!("Ada")));
}

struct Full;
#[async_trait]
impl PasswordHasher for Full {
    fn admit(&self) -> Result<Admission, HashError> {
        Err(HashError::Busy { retry_after: Duration::from_millis(2_500) })
    }
    async fn hash(&self, _: Password, _: Admission) -> Result<PasswordHash, HashError> {
        Err(HashError::Failed("nobody was admitted"))
    }
    async fn verify(
        &self,
        _: Password,
        _: Option<PasswordHash>,
        _: Admission,
    ) -> Result<Verdict, HashError> {
        Err(HashError::Failed("nobody was admitted"))
    }
}

#[tokio::test]
async fn a_full_queue_is_503_at_once() {
    // R-PW-13
    let site = site(|parts| parts.passwords = Arc::new(Full));
    let reply = site.send(Ask::post("/v1/users").json(&sign_up("ada@example.com"))).await;
    assert_eq!(reply.problem(), (503, "BUSY".into()));
    assert_eq!(reply.header("retry-after"), "3");
    assert!(!reply.headers.contains_key("ratelimit"));
}
