use axum::body::Body;
use futures_util::stream;
use serde_json::json;

use crate::site::{Ask, Site, sign_up};

const JSON: &str = "application/json";

fn post(body: impl Into<Body>) -> Ask {
    Ask::post("/v1/users").header("content-type", JSON).body(body)
}

#[tokio::test]
async fn json_that_can_be_read_in_two_ways_is_not_read() {
    // R-IN-02
    let site = Site::standard();
    for (body, code, pointer) in [
        (&br#"{"name":"a","name":"b"}"#[..], "DUPLICATE_KEY", "/name"),
        (br#"{"name":"\u0000"}"#, "NUL", "/name"),
        (br#"{"name":"\ud800"}"#, "SYNTAX", "/name"),
        (b"{\"name\":\"\xff\"}", "INVALID_UTF8", ""),
        (b"{} {}", "SYNTAX", ""),
        (b"", "SYNTAX", ""),
        (br#"{"attributes":{"n":9223372036854775808}}"#, "NUMBER_OUT_OF_RANGE", "/attributes/n"),
    ] {
        let reply = site.send(post(body)).await;
        assert_eq!(reply.problem(), (400, "BAD_JSON".into()));
        assert_eq!(reply.obstructions(), [(pointer.to_owned(), code.to_owned())]);
    }
    let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
    assert_eq!(site.send(post(deep)).await.obstructions()[0].1, "TOO_DEEP");
    assert_eq!(site.store.opened(), (0, 0));
}

#[tokio::test]
async fn another_media_type_is_415() {
    // GW-70
    let site = Site::standard();
    let body = sign_up("ada@example.com").to_string();
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"]
    {
        let ask = Ask::post("/v1/users").header("content-type", kind).body(body.clone());
        assert_eq!(site.send(ask).await.problem(), (415, "UNSUPPORTED_MEDIA_TYPE".into()));
    }
    let nothing_said = Ask::post("/v1/users").body(body.clone());
    assert_eq!(site.send(nothing_said).await.status, 415);
    let packed = post(body.clone()).header("content-encoding", "gzip");
    assert_eq!(site.send(packed).await.status, 415);
    let twice = post(body.clone()).header("content-type", JSON);
    assert_eq!(site.send(twice).await.problem(), (400, "BAD_HEADER".into()));
    let charset = Ask::post("/v1/users").header("content-type", "application/json; charset=utf-8");
    assert_eq!(site.send(charset.body(body)).await.status, 202);
}

#[tokio::test]
async fn a_body_over_64_kib_is_413_whether_it_says_so_or_not() {
    let site = Site::standard();
    let body = |length: usize| {
        let mut body = sign_up("ada@example.com").to_string();
        body.push_str(&" ".repeat(length - body.len()));
        body
    };
    let streamed = |text: String| {
        let chunks: Vec<Result<Vec<u8>, std::io::Error>> =
            text.as_bytes().chunks(1_000).map(|chunk| Ok(chunk.to_vec())).collect();
        Body::from_stream(stream::iter(chunks))
    };
    assert_eq!(site.send(post(body(65_536))).await.status, 202);
    assert_eq!(site.send(post(streamed(body(65_536)))).await.status, 202);
    for ask in [
        post(body(65_537)),
        post(streamed(body(65_537))),
        post(body(65_537)).header("content-length", "65537"),
        // Before anything of it was read.
        post("{}").header("content-length", "65537"),
    ] {
        assert_eq!(site.send(ask).await.problem(), (413, "BODY_TOO_LARGE".into()));
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400() {
    let site = Site::standard();
    let chunks = [Ok(b"{\"na".to_vec()), Err(std::io::Error::other("gone"))];
    let reply = site.send(post(Body::from_stream(stream::iter(chunks)))).await;
    assert_eq!(reply.problem(), (400, "BAD_JSON".into()));
    assert_eq!(reply.obstructions()[0].1, "INCOMPLETE");
}

#[tokio::test]
async fn an_unknown_path_is_404() {
    let site = Site::standard();
    for path in
        ["/v1", "/v1/", "/v1/nothing", "/v1/users/", "/v1/users/me/x", "/v1/Users", "/v1/%75sers"]
    {
        for method in ["GET", "POST", "DELETE"] {
            let reply = site.send(Ask::new(method, path)).await;
            assert_eq!(reply.problem(), (404, "NOT_FOUND".into()), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn another_method_is_405_with_those_that_are_allowed() {
    // R-HT-02
    let site = Site::standard();
    for (path, allowed) in [
        ("/v1/users", "GET, HEAD, POST"),
        ("/v1/users/me", "GET, HEAD, PATCH, DELETE"),
        ("/v1/caller", "GET, HEAD"),
        ("/v1/sessions/logout", "POST"),
    ] {
        for method in ["DELETE", "PUT", "TRACE", "OPTIONS", "PROPFIND"] {
            if allowed.contains(method) {
                continue;
            }
            let reply = site.send(Ask::new(method, path)).await;
            assert_eq!(reply.problem(), (405, "METHOD_NOT_ALLOWED".into()), "{method} {path}");
            assert_eq!(reply.header("allow"), allowed);
        }
    }
}

#[tokio::test]
async fn head_answers_what_get_would_without_its_body() {
    let site = Site::standard();
    let get = site.send(Ask::get("/v1/openapi.json")).await;
    let head = site.send(Ask::new("HEAD", "/v1/openapi.json")).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    assert_eq!(head.header("content-type"), "application/json");
    let reply = site.send(Ask::new("HEAD", "/v1/users/me")).await;
    assert_eq!((reply.status, reply.body.len()), (401, 0));
}

#[tokio::test]
async fn a_request_keeps_its_id_if_that_is_safe_to_log() {
    let site = Site::standard();
    let ask = |id: &str| Ask::get("/v1/caller").header("x-request-id", id);
    assert_eq!(site.send(ask("01J-a_b.c")).await.header("x-request-id"), "01J-a_b.c");
    let mut seen = Vec::new();
    for id in ["", "a b", "<script>", &"x".repeat(65)] {
        let made = site.send(ask(id)).await.header("x-request-id").to_owned();
        assert_eq!(made.len(), 20);
        assert!(!seen.contains(&made));
        seen.push(made);
    }
}

#[tokio::test]
async fn no_origin_is_let_in() {
    // R-HT-07
    let site = Site::standard();
    for ask in [Ask::get("/v1/caller"), Ask::new("OPTIONS", "/v1/users")] {
        let ask = ask.header("origin", "https://evil.example");
        let reply = site.send(ask.header("access-control-request-method", "POST")).await;
        let cors = reply.headers.keys().filter(|it| it.as_str().starts_with("access-control"));
        assert_eq!(cors.count(), 0);
    }
}

#[tokio::test]
async fn no_more_than_64_obstructions_come_back() {
    let site = Site::standard();
    let body: serde_json::Map<String, serde_json::Value> =
        (0..5_000).map(|number| (format!("x{number}"), json!(1))).collect();
    let reply = site.send(post(serde_json::Value::Object(body).to_string())).await;
    assert_eq!((reply.status, reply.obstructions().len()), (422, 64));
}
