//! An application behind a real proxy that asks a real server, as `examples/forward_auth` configures it.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener as Probe};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::StatusCode;
use axum::{Json, Router};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::process::{PATIENCE, Server};
use crate::programs;

/// A proxy of which there is an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    Nginx,
    Caddy,
    Traefik,
    Envoy,
}

/// Everything that runs.
pub(crate) struct Gate {
    pub(crate) of: Proxy,
    /// The server, until a test takes it away.
    pub(crate) server: Option<Server>,
    /// The requests that reached the application.
    seen: Arc<Mutex<Vec<Value>>>,
    proxy: Child,
    address: SocketAddr,
    /// The address that requests come from.
    pub(crate) from: IpAddr,
    /// Where the server listens.
    durward: SocketAddr,
    place: TempDir,
}

/// What the proxy answered.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// What the application saw; `None` if the request did not come so far.
    pub(crate) seen: Option<Value>,
}

impl Proxy {
    const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
            Self::Traefik => "traefik",
            Self::Envoy => "envoy",
        }
    }

    const fn example(self) -> &'static str {
        match self {
            Self::Nginx => include_str!("../../../../examples/forward_auth/nginx.conf"),
            Self::Caddy => include_str!("../../../../examples/forward_auth/Caddyfile"),
            Self::Traefik => include_str!("../../../../examples/forward_auth/traefik.yaml"),
            Self::Envoy => include_str!("../../../../examples/forward_auth/envoy.yaml"),
        }
    }

    /// The program with the example, at other addresses.
    fn command(self, program: &Path, place: &Path, addresses: [(&str, SocketAddr); 3]) -> Command {
        let mut example = self.example().to_owned();
        for (written, real) in addresses {
            let at = |address: &str| match self {
                Self::Envoy => {
                    let (host, port) = address.split_once(':').unwrap();
                    format!("address: {host}, port_value: {port}")
                }
                Self::Nginx | Self::Caddy | Self::Traefik => address.to_owned(),
            };
            let written = at(written);
            assert!(example.contains(&written), "the example does not name {written}");
            example = example.replace(&written, &at(&real.to_string()));
        }
        let mut command = Command::new(program);
        command.env_clear().env("HOME", place).current_dir(place);
        let at = |name: &str| place.join(name).display().to_string();
        match self {
            Self::Nginx => {
                let kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
                let kept = kept.map(|it| format!("{it}_temp_path {};", at(it))).concat();
                let site = at("site.conf");
                let around = format!(
                    "daemon off; master_process off; pid {}; error_log stderr; events {{}}\n\
                     http {{ access_log off; {kept} include {site}; }}\n",
                    at("pid")
                );
                std::fs::write(&site, example).unwrap();
                std::fs::write(at("nginx.conf"), around).unwrap();
                command.args(["-p", &at(""), "-c", &at("nginx.conf"), "-e", "stderr"]);
            }
            Self::Caddy => {
                // Its own administration would listen at a port that others have.
                std::fs::write(at("Caddyfile"), format!("{{\n\tadmin off\n}}\n{example}")).unwrap();
                command.args(["run", "--adapter", "caddyfile", "--config", &at("Caddyfile")]);
            }
            Self::Traefik => {
                std::fs::write(at("traefik.yaml"), example).unwrap();
                command.arg("--configFile=traefik.yaml");
            }
            Self::Envoy => {
                std::fs::write(at("envoy.yaml"), example).unwrap();
                // Two of them on one machine would look for each other otherwise.
                command.args(["--disable-hot-restart", "--concurrency", "1", "-c", "envoy.yaml"]);
            }
        }
        command
    }
}

impl Gate {
    /// Starts server, application and proxy; `None` is a skip that was told.
    pub(crate) async fn open(proxy: Proxy) -> Option<Self> {
        let program = programs::find(proxy.name())?;
        let place = tempfile::tempdir().unwrap();
        let flags = ["--set=http.trusted_proxies=127.0.0.1", "--set=identity.audiences=orders"];
        let server = Server::develop(&place.path().join("data"), &flags);
        let durward = server.base.trim_start_matches("http://").parse().unwrap();
        let (application, seen) = application().await;
        let address = Probe::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let addresses = [
            ("127.0.0.1:4000", durward),
            ("127.0.0.1:9000", application),
            ("127.0.0.1:8080", address),
        ];
        let of = proxy;
        let mut command = of.command(&program, place.path(), addresses);
        let log = std::fs::File::create(place.path().join("log")).unwrap();
        let errors = log.try_clone().unwrap();
        let proxy = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn().unwrap();
        let mut gate = Self {
            of,
            server: Some(server),
            seen,
            proxy,
            address,
            from: Ipv4Addr::LOCALHOST.into(),
            durward,
            place,
        };
        gate.listens().await;
        Some(gate)
    }

    /// Takes the server away, and answers in its place that it is busy.
    pub(crate) async fn keep_busy(&mut self) {
        self.server.take().map(Server::stop);
        let listener = TcpListener::bind(self.durward).await.unwrap();
        let busy = || async { (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "7")]) };
        let router = Router::new().fallback(busy);
        tokio::spawn(async move { axum::serve(listener, router).await });
    }

    async fn listens(&mut self) {
        let begun = Instant::now();
        // Traefik listens before it has read where requests go.
        while TcpStream::connect(self.address).await.is_err()
            || self.send("GET", "/", &[]).await.status == 404
        {
            let log = || std::fs::read_to_string(self.place.path().join("log")).unwrap();
            let ended = self.proxy.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "{ended:?}: {}", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends a request to the proxy, byte for byte.
    pub(crate) async fn send(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Passed {
        self.send_with(method, path, fields, "").await
    }

    pub(crate) async fn send_with(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> Passed {
        self.exchange(method, &self.host(), path, fields, body).await
    }

    /// The host of its own that the proxy is asked for.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Sends a request for another host.
    pub(crate) async fn send_to(&self, host: &str, path: &str, fields: &[(&str, &str)]) -> Passed {
        self.exchange("GET", host, path, fields, "").await
    }

    async fn exchange(
        &self,
        method: &str,
        host: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> Passed {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n");
        for (name, value) in fields {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        write!(request, "Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
            .unwrap();
        self.seen.lock().unwrap().clear();
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(self.from, 0)).unwrap();
        let mut stream = socket.connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A proxy may close before it has read everything.
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|it| it.parse().ok());
        let status = status.unwrap_or_else(|| panic!("{method} {path}: {answer:?}"));
        let head = answer.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
        Passed { status, head, seen: self.seen.lock().unwrap().pop() }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

impl Passed {
    /// The values of a field as the application saw it.
    pub(crate) fn field(&self, name: &str) -> Vec<&str> {
        let fields = self.seen.as_ref().unwrap()["fields"].as_array().unwrap();
        let named = fields.iter().filter(|it| it[0] == name);
        named.map(|it| it[1].as_str().unwrap()).collect()
    }

    /// The names of all fields as the application saw them.
    pub(crate) fn names(&self) -> Vec<&str> {
        let fields = self.seen.as_ref().unwrap()["fields"].as_array().unwrap();
        fields.iter().map(|it| it[0].as_str().unwrap()).collect()
    }
}

/// An application that answers to everybody, and remembers what it saw.
async fn application() -> (SocketAddr, Arc<Mutex<Vec<Value>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let router = Router::new().fallback(move |request: Request| async move {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields = parts.headers.iter();
        let fields: Vec<_> =
            fields.map(|(name, value)| json!([name.as_str(), text(value.as_bytes())])).collect();
        let told = json!({
            "method": parts.method.as_str(),
            "path": parts.uri.to_string(),
            "fields": fields,
            "body": text(&body),
        });
        kept.lock().unwrap().push(told);
        Json(json!({ "application": "here" }))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, seen)
}
