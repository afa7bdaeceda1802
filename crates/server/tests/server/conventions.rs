//! What holds for every answer of the server, also for those that are not of the interface.

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

use crate::process::Server;

const PATHS: [&str; 9] = [
    "/livez",
    "/readyz",
    "/verify",
    "/invitation",
    "/bootstrap",
    "/docs",
    "/assets/pages.css",
    "/dev/mail",
    "/v1/caller",
];

#[tokio::test]
async fn every_answer_has_the_id_of_its_request() {
    // R-LG-02
    let place = tempfile::tempdir().unwrap();
    let server = Server::develop(&place.path().join("data"), &[]);
    let client = Client::new();
    let id = async |path: &str, sent: Option<&str>| {
        let mut request = client.get(format!("{}{path}", server.base));
        if let Some(sent) = sent {
            request = request.header("x-request-id", sent);
        }
        let response = request.send().await.unwrap();
        let ids: Vec<_> = response.headers().get_all("x-request-id").iter().cloned().collect();
        assert_eq!(ids.len(), 1, "{path}");
        ids[0].to_str().unwrap().to_owned()
    };
    for path in PATHS.into_iter().chain(["/nothing"]) {
        assert_eq!(id(path, Some("01J-a_b.c")).await, "01J-a_b.c", "{path}");
        for unsafe_to_log in [None, Some("<script>")] {
            assert_eq!(id(path, unsafe_to_log).await.len(), 20, "{path}");
        }
    }
}

#[tokio::test]
async fn another_method_is_a_problem_on_every_path() {
    // R-HT-02, R-ER-01
    let place = tempfile::tempdir().unwrap();
    let server = Server::develop(&place.path().join("data"), &[]);
    let client = Client::new();
    for path in PATHS {
        for method in [Method::POST, Method::OPTIONS, Method::TRACE] {
            let request = client.request(method.clone(), format!("{}{path}", server.base));
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
            let (allow, id) = (header("allow").replace(' ', ""), header("x-request-id"));
            assert_eq!(allow, "GET,HEAD", "{path}");
            assert_eq!(header("content-type"), "application/problem+json", "{path}");
            assert_eq!(header("cache-control"), "no-store", "{path}");
            let problem: Value = response.json().await.unwrap();
            assert_eq!(problem["code"], "METHOD_NOT_ALLOWED");
            assert_eq!(problem["requestId"], id);
        }
    }
}
