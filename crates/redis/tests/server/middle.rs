//! What stands between the limiter and the server: it can die, hang, and speak TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use durward_core::Secret;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The authority of the certificate, which is one of `localhost`.
pub(crate) const AUTHORITY: &[u8] = include_bytes!("../../../mail/tests/smtp/tls/authority.pem");
const SERVER: &[u8] = include_bytes!("../../../mail/tests/smtp/tls/server.pem");
const KEY: &[u8] = include_bytes!("../../../mail/tests/smtp/tls/server.key");

pub(crate) struct Middle {
    /// Where it is reached, with the credentials of the server.
    pub(crate) url: String,
    address: SocketAddr,
    server: String,
    tls: Option<TlsAcceptor>,
    hanging: watch::Sender<bool>,
    serving: Option<JoinHandle<()>>,
}

impl Middle {
    pub(crate) async fn to(url: &str) -> Self {
        Self::new(url, None).await
    }

    pub(crate) async fn with_tls(url: &str) -> Self {
        Self::new(url, Some(acceptor())).await
    }

    async fn new(url: &str, tls: Option<TlsAcceptor>) -> Self {
        let url = Secret::new(url.to_owned());
        let (credentials, server) =
            url.expose().rsplit_once('@').unwrap_or(("redis://", url.expose()));
        let server = server.trim_start_matches("redis://").to_owned();
        let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let credentials = credentials.trim_start_matches("redis://");
        let at = if credentials.is_empty() { "" } else { "@" };
        let (scheme, port) = (if tls.is_some() { "rediss" } else { "redis" }, address.port());
        let url = format!("{scheme}://{credentials}{at}localhost:{port}");
        let hanging = watch::Sender::new(false);
        let mut middle = Self { url, address, server, tls, hanging, serving: None };
        middle.live().await;
        middle
    }

    /// Ends every connection, and refuses others.
    pub(crate) fn die(&mut self) {
        self.serving.take().unwrap().abort();
    }

    /// Takes connections, and passes on what comes.
    pub(crate) async fn live(&mut self) {
        self.hanging.send_replace(false);
        let listener = loop {
            // Connections of before may still be closing.
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            if socket.bind(self.address).is_ok() {
                break socket.listen(64).unwrap();
            }
            tokio::task::yield_now().await;
        };
        let (server, tls) = (self.server.clone(), self.tls.clone());
        let hanging = self.hanging.subscribe();
        self.serving = Some(tokio::spawn(async move {
            let mut passing = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (server, tls, hanging) = (server.clone(), tls.clone(), hanging.clone());
                passing.spawn(async move {
                    match tls {
                        None => pass(stream, &server, hanging).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                pass(stream, &server, hanging).await;
                            }
                        }
                    }
                });
            }
        }));
    }

    /// Goes on taking connections, and passes on nothing any more.
    pub(crate) fn hang(&self) {
        self.hanging.send_replace(true);
    }
}

impl Drop for Middle {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

async fn pass(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    server: &str,
    mut hanging: watch::Receiver<bool>,
) {
    if !*hanging.borrow() {
        let mut server = TcpStream::connect(server).await.unwrap();
        tokio::select! {
            _ended = copy_bidirectional(&mut stream, &mut server) => return,
            _hangs = hanging.wait_for(|hangs| *hangs) => {}
        }
    }
    std::future::pending::<()>().await;
}

fn acceptor() -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(SERVER).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
