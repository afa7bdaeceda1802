use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use durward_core::MailError;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::Rset;
use lettre::transport::smtp::extension::ClientId;
use tokio::time::{Instant, timeout};

use super::SmtpError;
use super::failure::{self, Step};
use super::server::{Security, Server};

/// Most servers close an idle connection after a minute or later.
const MAX_IDLE_TIME: Duration = Duration::from_secs(30);
const MAX_IDLE: usize = 4;
/// Many servers take a hundred mails over one connection, and complain then.
const MAX_MAILS: u32 = 50;
const RESET_TIME: Duration = Duration::from_secs(3);
/// For each address of the server, so that one that leads nowhere leaves time for the next.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// Connections to one server, kept while they are of use.
///
/// lettre has a pool of its own. It puts a connection back whose delivery was abandoned, so that the next
/// mail would be taken for accepted by a reply meant for the one before; and it spawns tasks.
pub(super) struct Connections {
    server: Server,
    hello: String,
    tls: Option<TlsParameters>,
    idle: Mutex<Vec<Open>>,
}

/// A connection that belongs to one delivery. Dropping it closes it.
pub(super) struct Open {
    pub(super) connection: AsyncSmtpConnection,
    mails: u32,
    used: Instant,
}

impl Connections {
    pub(super) fn new(
        server: Server,
        hello: String,
        roots: Option<&[u8]>,
    ) -> Result<Self, SmtpError> {
        let tls = match server.security {
            Security::Tls | Security::StartTls => Some(tls(&server.host, roots)?),
            Security::None => None,
        };
        Ok(Self { server, hello, tls, idle: Mutex::default() })
    }

    pub(super) fn into_parts(self) -> (Server, String) {
        (self.server, self.hello)
    }

    pub(super) const fn server(&self) -> &Server {
        &self.server
    }

    /// A connection on which a mail may begin.
    pub(super) async fn take(&self, step: &mut Step) -> Result<Open, MailError> {
        while let Some(mut open) = self.idle_one() {
            // Ends what the last delivery may have begun, and tells whether the server still listens.
            let reset = timeout(RESET_TIME, open.connection.command(Rset)).await;
            if matches!(reset, Ok(Ok(_))) {
                return Ok(open);
            }
        }
        let connection = self.connect(step).await?;
        Ok(Open { connection, mails: 0, used: Instant::now() })
    }

    /// Keeps a connection on which client and server agree whose turn it is.
    pub(super) fn park(&self, open: Open) {
        let open = Open { mails: open.mails + 1, used: Instant::now(), ..open };
        let mut idle = self.idle();
        if open.mails < MAX_MAILS && idle.len() < MAX_IDLE && !open.connection.has_broken() {
            idle.push(open);
        }
    }

    fn idle_one(&self) -> Option<Open> {
        let mut idle = self.idle();
        idle.retain(|open| open.used.elapsed() < MAX_IDLE_TIME);
        idle.pop()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Open>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self, step: &mut Step) -> Result<AsyncSmtpConnection, MailError> {
        let server = &self.server;
        let hello = ClientId::Domain(server.hello.as_ref().unwrap_or(&self.hello).clone());
        let wrapper = self.tls.clone().filter(|_| server.security == Security::Tls);
        *step = Step::Connect;
        let address = (server.host.as_str(), server.port);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT_TIME), &hello, wrapper, None);
        let mut connection = connecting.await.map_err(|error| failure::of(*step, &error))?;
        if let Some(tls) = self.tls.clone().filter(|_| server.security == Security::StartTls) {
            *step = Step::Encrypt;
            if !connection.can_starttls() {
                return Err(failure::needs_starttls());
            }
            let encrypting = connection.starttls(tls, &hello).await;
            encrypting.map_err(|error| failure::of(*step, &error))?;
        }
        if let Some(credentials) = &server.credentials {
            *step = Step::Authenticate;
            let authenticating = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            authenticating.map_err(|error| failure::of(*step, &error))?;
        }
        Ok(connection)
    }
}

/// Verified TLS. The provider is the process's default if it has one and ring if not; none is installed.
fn tls(host: &str, roots: Option<&[u8]>) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParameters::builder(host.to_owned())
        // Not the default, which changes with the features that other crates ask of lettre.
        .certificate_store(CertificateStore::WebpkiRoots);
    if let Some(pem) = roots {
        let malformed = SmtpError::Tls("the root certificates are not PEM");
        // Without this, a text that holds no certificate would do.
        let begin: &[u8] = b"-----BEGIN CERTIFICATE-----";
        if !pem.windows(begin.len()).any(|window| window == begin) {
            return Err(malformed);
        }
        let certificate = Certificate::from_pem(pem).map_err(|_malformed| malformed)?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(|_refused| SmtpError::Tls("a root certificate cannot be used"))
}
