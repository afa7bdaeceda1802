//! A mail server on loopback that does what a test tells it, and remembers what it was told.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub(crate) const AUTHORITY: &[u8] = include_bytes!("tls/authority.pem");

/// What the server does about TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
    None,
    OnRequest,
    FromTheStart,
}

/// What the server does instead of what it should.
#[derive(Clone)]
pub(crate) enum Reply {
    Say(&'static str),
    Hang,
    HangUp,
}

/// One line from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The number of the connection, from 0.
    pub(crate) connection: usize,
    pub(crate) is_encrypted: bool,
    pub(crate) text: String,
}

pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    notes: Arc<Mutex<Notes>>,
    listener: JoinHandle<()>,
}

#[derive(Default)]
struct Notes {
    script: HashMap<&'static str, VecDeque<Reply>>,
    extensions: Vec<&'static str>,
    lines: Vec<Line>,
    mails: Vec<String>,
    connections: usize,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        Self::with_tls(Tls::None).await
    }

    pub(crate) async fn with_tls(tls: Tls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let notes = Arc::<Mutex<Notes>>::default();
        let session = Session { notes: Arc::clone(&notes), tls, acceptor: acceptor() };
        Self { address, notes, listener: tokio::spawn(accept(listener, session)) }
    }

    /// Answers the next time with `reply` when a client does `verb`; `CONNECT` and `CONTENT` are verbs too.
    pub(crate) fn when(&self, verb: &'static str, reply: Reply) -> &Self {
        self.notes().script.entry(verb).or_default().push_back(reply);
        self
    }

    /// Offers an extension.
    pub(crate) fn offer(&self, extension: &'static str) -> &Self {
        self.notes().extensions.push(extension);
        self
    }

    /// Every line that clients sent, but not the mails.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.notes().lines.clone()
    }

    /// The mails that were sent, accepted or not.
    pub(crate) fn mails(&self) -> Vec<String> {
        self.notes().mails.clone()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.notes().connections
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

#[derive(Clone)]
struct Session {
    notes: Arc<Mutex<Notes>>,
    tls: Tls,
    acceptor: TlsAcceptor,
}

async fn accept(listener: TcpListener, session: Session) {
    let mut sessions = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let connection = {
            let mut notes = session.notes.lock().unwrap();
            notes.connections += 1;
            notes.connections - 1
        };
        sessions.spawn(session.clone().serve(stream, connection));
    }
}

impl Session {
    /// Serves one client; clients that hang up or do not trust us are no failure of the server.
    async fn serve(self, mut stream: TcpStream, connection: usize) {
        if self.tls == Tls::FromTheStart {
            let Ok(mut stream) = self.acceptor.accept(stream).await else { return };
            if self.greet(&mut stream).await {
                self.talk(&mut stream, connection, true).await;
            }
            return;
        }
        if self.greet(&mut stream).await && self.talk(&mut stream, connection, false).await {
            let Ok(mut stream) = self.acceptor.accept(stream).await else { return };
            self.talk(&mut stream, connection, true).await;
        }
    }

    async fn greet<S: AsyncWrite + Unpin>(&self, stream: &mut S) -> bool {
        self.answer(stream, "CONNECT", "220 sink ready").await
    }

    /// Answers until the end, or until TLS is to begin; tells whether that is so.
    async fn talk<S>(&self, stream: &mut S, connection: usize, is_encrypted: bool) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut stream = BufReader::new(stream);
        loop {
            let mut text = String::new();
            if stream.read_line(&mut text).await.unwrap_or(0) == 0 {
                return false;
            }
            let text = text.trim_end().to_owned();
            let verb = text.split([' ', ':']).next().unwrap().to_owned();
            self.notes.lock().unwrap().lines.push(Line { connection, is_encrypted, text });
            let usual = match verb.as_str() {
                "EHLO" => &self.extensions(is_encrypted),
                "AUTH" => "235 2.7.0 welcome",
                "DATA" => "354 go on",
                "STARTTLS" => "220 2.0.0 ready",
                _ => "250 2.0.0 ok",
            };
            let is_refused = self.is_scripted(&verb);
            if !self.answer(&mut stream, &verb, usual).await {
                return false;
            }
            match verb.as_str() {
                "QUIT" => return false,
                "STARTTLS" if !is_refused => return true,
                "DATA" if !is_refused && !self.take_mail(&mut stream).await => return false,
                _ => {}
            }
        }
    }

    async fn take_mail<S>(&self, stream: &mut BufReader<S>) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut mail = String::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return false;
            }
            if line == ".\r\n" {
                self.notes.lock().unwrap().mails.push(mail);
                return self.answer(stream, "CONTENT", "250 2.0.0 taken").await;
            }
            mail.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }

    fn extensions(&self, is_encrypted: bool) -> String {
        let mut extensions = self.notes.lock().unwrap().extensions.clone();
        if self.tls == Tls::OnRequest && !is_encrypted {
            extensions.push("STARTTLS");
        }
        let mut listed = vec!["sink"];
        listed.append(&mut extensions);
        format!("250-{}\r\n250 8BITMIME", listed.join("\r\n250-"))
    }

    fn is_scripted(&self, verb: &str) -> bool {
        self.notes.lock().unwrap().script.get(verb).is_some_and(|replies| !replies.is_empty())
    }

    async fn answer<S: AsyncWrite + Unpin>(&self, stream: &mut S, verb: &str, usual: &str) -> bool {
        let scripted =
            self.notes.lock().unwrap().script.get_mut(verb).and_then(VecDeque::pop_front);
        let text = match scripted {
            None => usual,
            Some(Reply::Say(text)) => text,
            Some(Reply::Hang) => pending().await,
            Some(Reply::HangUp) => return false,
        };
        stream.write_all(format!("{text}\r\n").as_bytes()).await.is_ok()
            && stream.flush().await.is_ok()
    }
}

fn acceptor() -> TlsAcceptor {
    let chain = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
