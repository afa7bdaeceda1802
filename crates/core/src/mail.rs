//! What is mailed: typed messages, and the port of whoever sends them.

mod notice;
mod sealed;
pub mod worker;

use async_trait::async_trait;

use crate::email::EmailAddress;
use crate::entity::Purpose;
use crate::ids::MailId;
use crate::secret::Secret;
use crate::text::PersonName;
use crate::time::Timestamp;

pub use notice::{Notice, Notification, Objection};
pub(crate) use sealed::SealedMail;

/// Where the codes of mails lead; only the application knows.
///
/// A function of the two is one:
/// ```
/// # use durward_core::{Links, LinkTarget, Purpose};
/// let links = |_: LinkTarget, code: &str| format!("https://shop.example/verify#{code}");
/// let link = links.code(LinkTarget::Flow(Purpose::Login), "dw_cd_x");
/// assert_eq!(link, "https://shop.example/verify#dw_cd_x");
/// ```
pub trait Links: Send + Sync {
    /// The address of a page that does nothing by itself on GET or HEAD and hands over the code on a POST.
    ///
    /// Built from configuration only, never from a request (R-EM-06). The code belongs into the fragment,
    /// where neither servers nor other sites see it (security decision 7).
    fn code(&self, target: LinkTarget, code: &str) -> String;
}

/// What the page of a mailed link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkTarget {
    /// It goes on with a flow.
    Flow(Purpose),
    /// It proves a further address of a user, who must be signed in: the code alone proves nothing.
    FurtherEmail,
    /// It accepts an invitation: signed in, or by a sign-up.
    Invitation,
    /// It makes the first administrator; see [`issue_bootstrap`](crate::Accounts::issue_bootstrap).
    Bootstrap,
}

impl LinkTarget {
    /// The name of the target, for addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flow(purpose) => purpose.name(),
            Self::FurtherEmail => "add-email",
            Self::Invitation => "accept-invitation",
            Self::Bootstrap => "bootstrap",
        }
    }
}

impl<F> Links for F
where
    F: Fn(LinkTarget, &str) -> String + Send + Sync,
{
    fn code(&self, target: LinkTarget, code: &str) -> String {
        self(target, code)
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
    /// By an objection an authenticator app that was enrolled lately stops to count, unless somebody logs in with it in
    /// time (R-RC-04).
    FactorDoubted(Doubt),
    /// The owner objected to a change; the code sets a new password.
    Recovery(Code),
    /// An administrator asks for a new password; the code sets it (R-PW-11).
    ResetStarted(Code),
    /// A place in an organization waits.
    Invitation(Place),
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
            Self::FactorDoubted(_) => "factor-doubted",
            Self::Recovery(_) => "recovery",
            Self::ResetStarted(_) => "reset-started",
            Self::Invitation(_) => "invitation",
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
            | Self::Recovery(code)
            | Self::ResetStarted(code) => Some(code),
            Self::AddressInUse
            | Self::AccountDeleted(_)
            | Self::FactorDoubted(_)
            | Self::Notice(_)
            | Self::Invitation(_) => None,
        }
    }

    /// The address of the page that takes what it carries, if it carries anything.
    pub fn link(&self) -> Option<&Secret<String>> {
        match self {
            Self::Notice(it) => it.objection.as_ref().map(Objection::link),
            Self::AccountDeleted(deletion) => deletion.link.as_ref(),
            Self::Invitation(place) => Some(&place.link),
            Self::FactorDoubted(_) => None,
            Self::SignUp(_)
            | Self::Login(_)
            | Self::AlreadyRegistered(_)
            | Self::VerifyEmail(_)
            | Self::ResetPassword(_)
            | Self::Recovery(_)
            | Self::ResetStarted(_)
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
            | Self::ResetStarted(_)
            | Self::AddressInUse
            | Self::AccountDeleted(_)
            | Self::FactorDoubted(_)
            | Self::Invitation(_) => None,
        }
    }

    /// One message of each kind, so that every template can be rendered in a test.
    pub fn samples() -> Vec<Self> {
        let objecting = |objection, notice| Self::Notice(Notification { notice, objection });
        let link = |purpose| {
            Secret::new(format!("https://accounts.example/verify?purpose={purpose}#dw_cd_sample"))
        };
        let report = || Some(Objection::Report(link("report-notice")));
        let revert = || Some(Objection::Revert(link("revert-email")));
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
            Self::FactorDoubted(Doubt { hours: 72 }),
            Self::Recovery(code()),
            Self::ResetStarted(code()),
            Self::Invitation(Place {
                organization: PersonName::from_stored("Tea & Biscuits".into()),
                sender: PersonName::from_stored("Ada Lovelace".into()),
                link: Secret::new("https://accounts.example/verify#dw_iv_sample".into()),
                days: 7,
            }),
            objecting(revert(), Notice::EmailRemoved),
            objecting(revert(), Notice::PrimaryChanged),
            objecting(None, Notice::EmailRemoved),
        ];
        samples.extend(Notice::ALL.map(|notice| objecting(report(), notice)));
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

/// What its owner is told of an authenticator app that may be somebody else's.
#[derive(Clone, Copy, Debug)]
pub struct Doubt {
    /// How many hours are left to log in with it; then it counts no more.
    pub hours: u64,
}

/// What somebody who is invited is told.
#[derive(Clone, Debug)]
pub struct Place {
    /// What the organization is called.
    pub organization: PersonName,
    /// What the member is called who sent the invitation.
    pub sender: PersonName,
    /// The address of the page that accepts it.
    pub link: Secret<String>,
    /// How many days it lives.
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
