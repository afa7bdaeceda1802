//! How a server ends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{PASSWORD, STATE};
use crate::process::{PATIENCE, Server};

fn connect(server: &Server) -> TcpStream {
    let address: SocketAddr = server.base.strip_prefix("http://").unwrap().parse().unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Waits until nobody listens any more: until then the server may not have heard that it is to stop.
fn wait_until_closed(server: &Server) {
    let address: SocketAddr = server.base.strip_prefix("http://").unwrap().parse().unwrap();
    let begun = Instant::now();
    while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
        assert!(begun.elapsed() < PATIENCE, "the server still listens");
    }
}

#[test]
fn a_slow_request_in_flight_gets_its_answer() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::develop(&place.path().join("data"), &[]);
    let body = json!({
        "name": "Ada", "email": "ada@example.com", "password": PASSWORD, "passwordConf": PASSWORD,
        "state": STATE,
    })
    .to_string();
    let (first, rest) = body.split_at(20);
    let mut stream = connect(&server);
    write!(
        stream,
        "POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    )
    .unwrap();
    // The server has begun to read the body once it asks for it.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(first.as_bytes()).unwrap();

    server.terminate();
    wait_until_closed(&server);
    stream.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    let (status, log) = server.ended();
    assert!(status.success() && log.contains("\"stopped\""), "{status}: {log}");
}

#[test]
fn a_request_that_never_ends_is_given_up_in_time() {
    let place = tempfile::tempdir().unwrap();
    let server =
        Server::develop(&place.path().join("data"), &["--set", "http.shutdown_timeout=200ms"]);
    let mut stream = connect(&server);
    stream
        .write_all(
            b"POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
              Content-Length: 100\r\nExpect: 100-continue\r\n\r\n",
        )
        .unwrap();
    stream.read_exact(&mut [0; 25]).unwrap();
    server.terminate();
    let (status, log) = server.ended();
    assert!(status.success() && log.contains("given up"), "{status}: {log}");
}

#[test]
fn a_connection_that_sends_no_request_is_closed() {
    // R-HT-01
    let place = tempfile::tempdir().unwrap();
    let server = Server::develop(&place.path().join("data"), &["--set", "http.header_timeout=1s"]);
    let mut idle = connect(&server);
    let mut slow = connect(&server);
    slow.write_all(b"GET /livez HTTP/1.1\r\nHost: local").unwrap();
    for stream in [&mut idle, &mut slow] {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[test]
fn a_request_that_takes_too_long_is_answered() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::develop(&place.path().join("data"), &["--set", "http.request_timeout=1s"]);
    let mut stream = connect(&server);
    stream
        .write_all(
            b"POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
              X-Request-Id: slow-1\r\nContent-Length: 100\r\n\r\n{",
        )
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("retry-after: 5") && answer.contains("connection: close"), "{answer}");
    assert!(answer.contains("x-request-id: slow-1"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let problem: Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["code"], "TOO_SLOW");
    assert_eq!(problem["requestId"], "slow-1");
    assert!(problem["type"].as_str().unwrap().ends_with("#too_slow"), "{answer}");
}

#[test]
fn nothing_follows_a_request_whose_end_is_in_doubt() {
    // R-HT-01
    let place = tempfile::tempdir().unwrap();
    let server = Server::develop(&place.path().join("data"), &[]);
    let mut stream = connect(&server);
    // A proxy that goes by the length sees one request, we see an empty one and a second one.
    stream
        .write_all(
            b"POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
              Content-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\
              GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
        )
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}
