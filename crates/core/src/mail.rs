//! What is mailed: typed messages, and the port of whoever sends them.

mod notice;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::email::EmailAddress;
use crate::entity::Purpose;
use crate::ids::MailId;
use crate::secret::Secret;
use crate::time::Timestamp;

use notice::SealedNotice;
pub use notice::{Notice, Notification};

/// Where the codes of mails lead; only the application knows.
///
/// A function of the two is one:
/// ```
/// # use durward_core::{Links, Purpose};
/// let links = |_: Purpose, code: &str| format!("https://shop.example/verify#{code}");
/// assert_eq!(links.code(Purpose::Login, "dw_cd_x"), "https://shop.example/verify#dw_cd_x");
/// ```
pub trait Links: Send + Sync {
    /// The address of a page that does nothing by itself on GET or HEAD and hands over the code on a POST.
    ///
    /// Built from configuration only, never from a request (R-EM-06). The code belongs into the fragment,
    /// where neither servers nor other sites see it (security decision 7).
    fn code(&self, purpose: Purpose, code: &str) -> String;
}

impl<F> Links for F
where
    F: Fn(Purpose, &str) -> String + Send + Sync,
{
    fn code(&self, purpose: Purpose, code: &str) -> String {
        self(purpose, code)
    }
}

/// One mail to one mailbox.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Names the mail; stays the same over all attempts to deliver it.
    pub id: MailId,
    /// The mailbox.
    pub to: EmailAddress,
    /// The name of the service that writes.
    pub service: String,
    /// What it says.
    pub message: Message,
    /// When it was written.
    pub created: Timestamp,
}

/// What a mail says; each variant has a template of its own.
#[derive(Clone, Debug)]
pub enum Message {
    /// Prove the address to finish a sign-up.
    SignUp(Code),
    /// Sign in with a code.
    Login(Code),
    /// Somebody tried to sign up with an address that has an account; the code signs in (R-EN-03).
    AlreadyRegistered(Code),
    /// Prove the address of an existing account.
    VerifyEmail(Code),
    /// Choose a new password with a code.
    ResetPassword(Code),
    /// Somebody claimed an address that another account has proven; for information only.
    AddressInUse,
    /// The account was deleted (R-SE-07).
    AccountDeleted(Deletion),
    /// Something about the account changed (R-NO-01).
    Notice(Notification),
    /// The owner objected to a change; the code sets a new password.
    Recovery(Code),
}

impl Message {
    /// The name of the message: its template and its entry in logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SignUp(_) => "sign-up",
            Self::Login(_) => "login",
            Self::AlreadyRegistered(_) => "already-registered",
            Self::VerifyEmail(_) => "verify-email",
            Self::ResetPassword(_) => "reset-password",
            Self::AddressInUse => "address-in-use",
            Self::AccountDeleted(_) => "account-deleted",
            Self::Notice(_) => "notice",
            Self::Recovery(_) => "recovery",
        }
    }

    /// The code it carries, if any.
    pub const fn code(&self) -> Option<&Code> {
        match self {
            Self::SignUp(code)
            | Self::Login(code)
            | Self::AlreadyRegistered(code)
            | Self::VerifyEmail(code)
            | Self::ResetPassword(code)
            | Self::Recovery(code) => Some(code),
            Self::AddressInUse | Self::AccountDeleted(_) | Self::Notice(_) => None,
        }
    }

    /// The address of the page that takes what it carries, if it carries anything.
    pub fn link(&self) -> Option<&Secret<String>> {
        match self {
            Self::Notice(it) => Some(&it.report),
            Self::AccountDeleted(deletion) => deletion.link.as_ref(),
            Self::SignUp(_)
            | Self::Login(_)
            | Self::AlreadyRegistered(_)
            | Self::VerifyEmail(_)
            | Self::ResetPassword(_)
            | Self::Recovery(_)
            | Self::AddressInUse => self.code().map(|code| &code.link),
        }
    }

    /// What changed, if it tells that something did.
    pub const fn notice(&self) -> Option<&Notification> {
        match self {
            Self::Notice(it) => Some(it),
            Self::SignUp(_)
            | Self::Login(_)
            | Self::AlreadyRegistered(_)
            | Self::VerifyEmail(_)
            | Self::ResetPassword(_)
            | Self::Recovery(_)
            | Self::AddressInUse
            | Self::AccountDeleted(_) => None,
        }
    }

    /// One message of each kind, so that every template can be rendered in a test.
    pub fn samples() -> Vec<Self> {
        let report = || {
            let page = "https://accounts.example/verify?purpose=report-notice#dw_cd_sample";
            Secret::new(page.into())
        };
        let code = || Code {
            typed: Secret::new("BCDF2345".into()),
            link: Secret::new("https://accounts.example/verify#dw_cd_sample".into()),
            minutes: 10,
        };
        let mut samples = vec![
            Self::SignUp(code()),
            Self::Login(code()),
            Self::AlreadyRegistered(code()),
            Self::VerifyEmail(code()),
            Self::ResetPassword(code()),
            Self::AddressInUse,
            Self::AccountDeleted(Deletion {
                link: Some(Secret::new("https://accounts.example/verify#dw_cd_sample".into())),
                days: 14,
            }),
            Self::Recovery(code()),
        ];
        let notices = Notice::ALL.map(|notice| Notification { notice, report: report() });
        samples.extend(notices.map(Self::Notice));
        samples
    }
}

/// The two forms of a mailed code.
#[derive(Clone, Debug)]
pub struct Code {
    /// The eight characters to type.
    pub typed: Secret<String>,
    /// The address of the page that takes the code.
    pub link: Secret<String>,
    /// How many minutes both live.
    pub minutes: u64,
}

/// What its owner is told of a deletion.
#[derive(Clone, Debug)]
pub struct Deletion {
    /// The address of the page that takes it back; none if the owner may not.
    pub link: Option<Secret<String>>,
    /// How many days are left for that; then the account is erased.
    pub days: u64,
}

/// Why a mail could not be handed over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// It may work later.
    #[error("the mail server cannot be used now: {0}")]
    Temporary(String),
    /// It will never work.
    #[error("the mail server refuses the mail: {0}")]
    Permanent(String),
}

/// Hands mails to the outside; called after commit by the outbox worker, at least once per mail.
///
/// The texts of its errors are stored and logged: they must hold neither addresses nor codes.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Delivers one mail.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}

/// The form in which a mail is sealed into the outbox.
#[derive(Serialize, Deserialize)]
pub(crate) struct SealedMail {
    to: EmailAddress,
    service: String,
    kind: String,
    code: Option<SealedCode>,
    #[serde(default)]
    notice: Option<SealedNotice>,
    #[serde(default)]
    deletion: Option<SealedDeletion>,
}

#[derive(Serialize, Deserialize)]
struct SealedDeletion {
    link: Option<String>,
    days: u64,
}

#[derive(Serialize, Deserialize)]
struct SealedCode {
    typed: String,
    link: String,
    minutes: u64,
}

impl SealedMail {
    pub(crate) fn from_mail(mail: &Mail) -> Self {
        Self {
            to: mail.to.clone(),
            service: mail.service.clone(),
            kind: mail.message.name().to_owned(),
            code: mail.message.code().map(|code| SealedCode {
                typed: code.typed.expose().clone(),
                link: code.link.expose().clone(),
                minutes: code.minutes,
            }),
            notice: mail.message.notice().map(SealedNotice::from_notification),
            deletion: match &mail.message {
                Message::AccountDeleted(Deletion { link, days }) => {
                    let link = link.as_ref().map(|link| link.expose().clone());
                    Some(SealedDeletion { link, days: *days })
                }
                Message::SignUp(_)
                | Message::Login(_)
                | Message::AlreadyRegistered(_)
                | Message::VerifyEmail(_)
                | Message::ResetPassword(_)
                | Message::AddressInUse
                | Message::Recovery(_)
                | Message::Notice(_) => None,
            },
        }
    }

    pub(crate) fn into_mail(self, id: MailId, created: Timestamp) -> Option<Mail> {
        let code = self.code.map(|code| Code {
            typed: Secret::new(code.typed),
            link: Secret::new(code.link),
            minutes: code.minutes,
        });
        let notice = self.notice.and_then(SealedNotice::into_notification);
        let message = match (self.kind.as_str(), code) {
            ("sign-up", Some(code)) => Message::SignUp(code),
            ("login", Some(code)) => Message::Login(code),
            ("already-registered", Some(code)) => Message::AlreadyRegistered(code),
            ("verify-email", Some(code)) => Message::VerifyEmail(code),
            ("reset-password", Some(code)) => Message::ResetPassword(code),
            ("address-in-use", None) => Message::AddressInUse,
            ("account-deleted", None) => {
                let SealedDeletion { link, days } = self.deletion?;
                Message::AccountDeleted(Deletion { link: link.map(Secret::new), days })
            }
            ("recovery", Some(code)) => Message::Recovery(code),
            ("notice", None) => Message::Notice(notice?),
            _ => return None,
        };
        Some(Mail { id, to: self.to, service: self.service, message, created })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_survives_the_outbox() {
        for message in Message::samples() {
            let mail = Mail {
                id: MailId::from_bytes([1; 16]),
                to: EmailAddress::parse("ada@example.com").unwrap(),
                service: "Shop".into(),
                message,
                created: Timestamp::from_millis(7),
            };
            let text = serde_json::to_vec(&SealedMail::from_mail(&mail)).unwrap();
            let sealed: SealedMail = serde_json::from_slice(&text).unwrap();
            let back = sealed.into_mail(mail.id, mail.created).unwrap();
            assert_eq!(back.message.name(), mail.message.name());
            let notice = |mail: &Mail| mail.message.notice().map(|it| it.notice);
            assert_eq!(notice(&back), notice(&mail));
            assert_eq!(back.message.link(), mail.message.link());
            assert_eq!(
                back.message.code().map(|code| code.typed.clone()),
                mail.message.code().map(|code| code.typed.clone()),
            );
            assert_eq!(back.to, mail.to);
        }
    }
}
