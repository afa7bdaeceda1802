//! A range service that behaves as it is told.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a service does with each request.
#[derive(Clone, Debug)]
pub(crate) enum Conduct {
    /// Answers these suffixes and counts, whatever the group.
    Knows(Vec<(String, u64)>),
    /// Answers this status and body.
    Answers(&'static str, &'static str),
    /// Reads, and answers nothing.
    Silent,
    /// Promises more than it sends.
    BreaksOff,
    /// Sends without end.
    Endless,
    /// Closes the connection.
    HangsUp,
    /// Speaks TLS with a certificate of its own.
    Tls,
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    fields: Vec<String>,
}

impl Request {
    pub(crate) fn has(&self, field: &str) -> bool {
        self.fields.iter().any(|it| it.eq_ignore_ascii_case(field))
    }
}

#[derive(Default)]
struct Seen {
    requests: Vec<Request>,
    connections: usize,
}

pub(crate) struct Service {
    pub(crate) url: String,
    seen: Arc<Mutex<Seen>>,
    running: JoinHandle<()>,
}

impl Service {
    pub(crate) async fn start(conduct: Conduct) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let scheme = if matches!(conduct, Conduct::Tls) { "https" } else { "http" };
        let seen = Arc::new(Mutex::new(Seen::default()));
        let running = tokio::spawn(serve(listener, conduct, Arc::clone(&seen)));
        Self { url: format!("{scheme}://localhost:{port}"), seen, running }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().requests.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    pub(crate) async fn stop(self) {
        self.running.abort();
        assert!(self.running.await.unwrap_err().is_cancelled());
    }
}

async fn serve(listener: TcpListener, conduct: Conduct, seen: Arc<Mutex<Seen>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        seen.lock().unwrap().connections += 1;
        let (conduct, seen) = (conduct.clone(), Arc::clone(&seen));
        tokio::spawn(async move {
            if matches!(conduct, Conduct::Tls) {
                if let Ok(stream) = acceptor().accept(stream).await {
                    answer(stream, &conduct, &seen).await;
                }
            } else {
                answer(stream, &conduct, &seen).await;
            }
        });
    }
}

fn acceptor() -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(include_bytes!("server.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

/// Answers the requests of one connection until its other end is tired.
async fn answer<T>(stream: T, conduct: &Conduct, seen: &Mutex<Seen>)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        seen.lock().unwrap().requests.push(request);
        let told = match conduct {
            Conduct::Knows(rows) => {
                let mut body = String::new();
                for (suffix, count) in rows {
                    write!(body, "{suffix}:{count}\r\n").unwrap();
                }
                whole("200 OK", &body)
            }
            Conduct::Answers(status, body) => whole(status, body),
            Conduct::Silent => std::future::pending().await,
            Conduct::BreaksOff => {
                let half = "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n0018A4";
                _ = stream.write_all(half.as_bytes()).await;
                return;
            }
            Conduct::Endless => {
                let head = "HTTP/1.1 200 OK\r\ncontent-length: 9000000000\r\n\r\n";
                let mut alive = stream.write_all(head.as_bytes()).await.is_ok();
                while alive {
                    alive = stream.write_all(&[b'0'; 10_000]).await.is_ok();
                }
                return;
            }
            Conduct::HangsUp | Conduct::Tls => return,
        };
        if stream.write_all(told.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    Some(Request { line: lines.remove(0), fields: lines })
}

fn whole(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
