//! What holds for every answer of the server, also for those that are not of the interface.

use reqwest::Client;

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
