//! Delivery to a mail server.

mod connections;
mod failure;
mod letter;
mod server;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use durward_core::{Mail, MailError, Mailer, Secret};
use lettre::transport::smtp::Error as LettreError;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use tokio::time::timeout;

use crate::template::Templates;
use connections::Connections;
use failure::Step;
use letter::{Letter, Sender};
use server::Server;

/// Hands mails to a mail server over SMTP (RFC 5321).
///
/// The address of the server says what happens, and the default is the safe thing (R-DP-04, RFC 8314):
///
/// | URL | connection | port |
/// | --- | --- | --- |
/// | `smtps://user:password@host` | TLS from the first byte on; to be preferred | 465 |
/// | `smtp://user:password@host` | STARTTLS, and nothing is sent to a server that does not offer it | 587 |
/// | `smtp://host?tls=none` | plain text, for a relay on the same machine or a network of one's own | 25 |
///
/// Certificates and host names are always verified, against the public authorities and those of
/// [`with_root_certificates`](Self::with_root_certificates). A password travels in plain text to this
/// machine only. Special characters in user and password are percent-encoded. `?helo=name` sets the name
/// under which the connection introduces itself; it is the domain of the sender otherwise.
///
/// All attempts to deliver one mail send the same bytes under the same `Message-ID`, by which mailboxes
/// can tell that a second copy is one. Connections are kept and used again. A connection whose mail was
/// given up half-way is closed, never used again. No task is spawned: when the future of a delivery is
/// dropped, the delivery ends.
pub struct SmtpMailer {
    sender: Sender,
    templates: Templates,
    connections: Connections,
    timeout: Duration,
}

/// Why an [`SmtpMailer`] cannot be built. The text never holds the URL: it may carry a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpError {
    /// The address of the mail server is not acceptable.
    #[error("the URL of the mail server is not acceptable: {0}")]
    Url(&'static str),
    /// The mailbox of the sender is not acceptable.
    #[error("the sender of mails is not acceptable: {0}")]
    Sender(&'static str),
    /// TLS cannot be set up.
    #[error("TLS to the mail server cannot be set up: {0}")]
    Tls(&'static str),
}

impl SmtpMailer {
    /// How long one delivery may take unless [`with_timeout`](Self::with_timeout) says otherwise.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);
    /// The longest time one delivery may take: less than a worker of the outbox holds a mail.
    pub const MAX_TIMEOUT: Duration = Duration::from_mins(2);

    /// A mailer for the server at `url` that writes in the name of `from`, such as
    /// `Shop <no-reply@shop.example>`.
    ///
    /// Connects to nothing yet; see [`check`](Self::check).
    pub fn new(url: &Secret<String>, from: &str, templates: Templates) -> Result<Self, SmtpError> {
        let sender = Sender::parse(from)?;
        let server = Server::parse(url.expose())?;
        if server.is_exposed() {
            tracing::warn!("mails, and the codes in them, travel to the mail server in plain text");
        }
        let connections = Connections::new(server, sender.domain().to_owned(), None)?;
        Ok(Self { sender, templates, connections, timeout: Self::DEFAULT_TIMEOUT })
    }

    /// This mailer, which then also trusts these certificate authorities (PEM), for a mail server with
    /// certificates of an organization's own. A second call replaces those of the first.
    pub fn with_root_certificates(mut self, pem: &[u8]) -> Result<Self, SmtpError> {
        let (server, hello) = self.connections.into_parts();
        self.connections = Connections::new(server, hello, Some(pem))?;
        Ok(self)
    }

    /// This mailer with another limit for one delivery, from the connection to the last answer; at
    /// most [`MAX_TIMEOUT`](Self::MAX_TIMEOUT).
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.min(Self::MAX_TIMEOUT);
        self
    }

    /// Connects and authenticates without sending anything, to find out whether the settings are right.
    pub async fn check(&self) -> Result<(), MailError> {
        let mut step = Step::Connect;
        let connecting = async {
            let open = self.connections.take(&mut step).await?;
            self.connections.park(open);
            Ok(())
        };
        timeout(self.timeout, connecting).await.unwrap_or_else(|_elapsed| Err(failure::late(step)))
    }

    async fn deliver(&self, letter: &Letter, step: &mut Step) -> Result<(), MailError> {
        let mut open = self.connections.take(step).await?;
        let server = open.connection.server_info();
        if !letter.to.is_ascii() && !server.supports_feature(Extension::SmtpUtfEight) {
            self.connections.park(open);
            return Err(failure::needs_smtputf8());
        }
        let outcome = transmit(&mut open.connection, letter, step).await;
        match outcome {
            Ok(()) => {
                self.connections.park(open);
                Ok(())
            }
            Err(error) => {
                if failure::leaves_connection_usable(&error) {
                    self.connections.park(open);
                }
                Err(failure::of(*step, &error))
            }
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let rendered = self.templates.render(mail)?;
        let letter = Letter::write(mail, &rendered, &self.sender)?;
        let mut step = Step::Connect;
        let delivery = self.deliver(&letter, &mut step);
        // lettre bounds nothing but the connection itself.
        timeout(self.timeout, delivery).await.unwrap_or_else(|_elapsed| Err(failure::late(step)))
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer")
            .field("server", self.connections.server())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

async fn transmit(
    connection: &mut AsyncSmtpConnection,
    letter: &Letter,
    step: &mut Step,
) -> Result<(), LettreError> {
    let mut parameters = Vec::new();
    if !letter.to.is_ascii() {
        parameters.push(MailParameter::SmtpUtfEight);
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    *step = Step::Sender;
    connection.command(MailFrom::new(Some(letter.from.clone()), parameters)).await?;
    *step = Step::Recipient;
    connection.command(Rcpt::new(letter.to.address().clone(), Vec::new())).await?;
    *step = Step::Content;
    connection.command(Data).await?;
    connection.message(letter.bytes.expose()).await?;
    Ok(())
}
