//! What an application hears that does not say where its requests come from.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use tower::ServiceExt;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::site::{Ask, Site, answer};

/// Keeps what somebody is warned of.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Subscriber for Warnings {
    fn enabled(&self, of: &Metadata<'_>) -> bool {
        *of.level() == Level::WARN
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
        self.0 = format!("{value:?}");
    }
}

#[tokio::test]
async fn who_serves_without_the_address_of_the_peer_is_warned_once() {
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    let site = Site::standard();
    answer(site.router.clone(), Ask::get("/v1/caller")).await;
    assert!(warnings.0.lock().unwrap().is_empty(), "its peer is known");
    for _ in 0..2 {
        let request = Request::get("/v1/caller").body(Body::empty()).unwrap();
        assert_eq!(site.router.clone().oneshot(request).await.unwrap().status(), 200);
    }
    let warned = warnings.0.lock().unwrap();
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(warned[0].contains("into_make_service_with_connect_info::<SocketAddr>()"));
}
