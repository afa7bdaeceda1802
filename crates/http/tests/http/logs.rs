//! What a request leaves in the log.

use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::site::{Ask, PASSWORD, STATE, Site, sign_up};

thread_local! {
    /// What the test of this thread caused.
    static LOG: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Writes everything down, at every level. One for all threads: what a subscriber of a single thread is asked
/// for depends on which test came first.
struct Everything(AtomicU64);

struct Writer<'a>(&'a mut String);
impl Visit for Writer<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

fn line(metadata: &Metadata<'_>, record: impl FnOnce(&mut Writer<'_>)) {
    LOG.with_borrow_mut(|text| {
        write!(text, "\n{} {}", metadata.target(), metadata.name()).unwrap();
        record(&mut Writer(text));
    });
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        line(span.metadata(), |writer| span.record(writer));
        Id::from_u64(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        LOG.with_borrow_mut(|text| values.record(&mut Writer(text)));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        line(event.metadata(), |writer| event.record(writer));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn the_log_says_what_was_asked_and_nothing_that_was_said() {
    // R-LG-02, AM-10, GW-61
    tracing::subscriber::set_global_default(Everything(AtomicU64::new(0))).unwrap();
    tracing::callsite::rebuild_interest_cache();
    let site = Site::standard();
    let session = site.session("ada@example.com").await;
    let code = site.mailed("ada@example.com").await.unwrap();
    let ask = Ask::get("/v1/users/me").bearer(&session["token"]).header("x-request-id", "findme");
    site.send(ask).await;
    let wrong = json!({
        "idType": "email", "idValue": "ada@example.com", "secret": "a wrong guess", "state": STATE,
    });
    site.send(Ask::post("/v1/authn/password").json(&wrong)).await;
    site.send(Ask::post("/v1/users").json(&sign_up("not an address"))).await;
    let refresh = json!({ "refresh": session["refresh"] });
    site.send(Ask::post("/v1/sessions/refresh").json(&refresh)).await;
    let query = format!("/v1/caller?token={}", session["token"].as_str().unwrap());
    site.send(Ask::get(query)).await;
    site.send(Ask::get("/v1/a-path-that-nobody-knows")).await;

    let text = LOG.take();
    let span = r#"http.request.method="GET" http.route="/v1/users/{id}" request.id="findme""#;
    assert!(text.contains(span), "{text}");
    assert!(text.contains("http.response.status_code=200"), "{text}");
    assert!(text.contains("http.response.status_code=401"), "{text}");
    let secret = |name: &str| session[name].as_str().unwrap().to_owned();
    for said in [
        secret("token"),
        secret("refresh"),
        code.link,
        code.typed,
        STATE.to_owned(),
        PASSWORD.to_owned(),
        "a wrong guess".to_owned(),
        "ada@".to_owned(),
        "not an address".to_owned(),
        "Ada".to_owned(),
        "nobody-knows".to_owned(),
    ] {
        assert!(!text.contains(&said), "{said} is in the log");
    }
}
