//! The development server on the databases that others run.

use std::env;

use reqwest::StatusCode;

use crate::client::Api;
use crate::process::Server;

/// The server of the tests for an engine; `None` is a skip that was told.
#[expect(clippy::print_stderr, reason = "a skip must be loud")]
pub(crate) fn url(variable: &str, engine: &str) -> Option<String> {
    if let Ok(url) = env::var(variable) {
        return Some(url);
    }
    let told = env::var("DURWARD_TEST_SKIP").unwrap_or_default();
    let expected = told.split(',').any(|skipped| skipped.trim() == engine);
    assert!(expected || env::var("CI").as_deref() != Ok("true"), "{variable} names no server");
    eprintln!("SKIPPED on {engine}: {variable} names no server");
    None
}

async fn serve_on(url: &str) {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    // Tables of this run's own.
    let prefix = format!("--set=database.table_prefix=t{}_", std::process::id());
    let flags = ["--database", url, &prefix];
    let server = Server::develop(&data, &flags);
    let session = Api::new(&server.base).sign_up_fully("ada@example.com").await;
    server.stop();

    let server = Server::develop(&data, &flags);
    let api = Api::new(&server.base);
    assert_eq!(api.caller(&session.token).await.0, StatusCode::OK);
    assert!(api.get_json("/readyz").await["ready"].as_bool().unwrap());
    assert!(!data.join("durward.db").exists());
}

#[tokio::test]
async fn it_serves_on_postgresql() {
    if let Some(url) = url("DURWARD_TEST_POSTGRES_URL", "postgres") {
        serve_on(&url).await;
    }
}

#[tokio::test]
async fn it_serves_on_mariadb() {
    if let Some(url) = url("DURWARD_TEST_MYSQL_URL", "mysql") {
        serve_on(&url).await;
    }
}
