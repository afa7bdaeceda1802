use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// What changed about an account; told to all its proven addresses (R-NO-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Notice {
    /// The password was set or changed.
    PasswordChanged,
    /// A login e-mail was added and proven.
    EmailAdded,
    /// A login e-mail was removed.
    EmailRemoved,
    /// Another login e-mail is the primary one.
    PrimaryChanged,
    /// An authenticator app was enrolled.
    TotpEnabled,
    /// The authenticator app was removed.
    TotpDisabled,
    /// A new set of recovery codes was made.
    RecoveryCodesReplaced,
    /// A recovery code was used to log in.
    RecoveryCodeUsed,
    /// Somebody logged in from a device that was not seen before.
    NewDevice,
    /// The account will be deleted.
    DeletionScheduled,
    /// The account will not be deleted after all.
    DeletionCancelled,
    /// An administrator acted as the user.
    Impersonated,
    /// A refresh token was used twice, so the session was ended (R-SE-08).
    SessionRevoked,
    /// A change of address was taken back (R-EM-07).
    EmailReverted,
    /// A personal key was made.
    PersonalKeyCreated,
    /// A personal key has a further secret.
    PersonalKeySecretAdded,
    /// Somebody who runs the service wants another password to be chosen at the next login by it (R-PW-10).
    PasswordMarked,
    /// An administrator made the password worthless; a code for another one is in another mail (R-PW-11).
    PasswordRevoked,
    /// The recovery codes that were made lately no longer work, by an objection (R-RC-04).
    RecoveryCodesRevoked,
}

impl Notice {
    /// Every notice.
    pub const ALL: [Self; 19] = [
        Self::PasswordChanged,
        Self::EmailAdded,
        Self::EmailRemoved,
        Self::PrimaryChanged,
        Self::TotpEnabled,
        Self::TotpDisabled,
        Self::RecoveryCodesReplaced,
        Self::RecoveryCodeUsed,
        Self::NewDevice,
        Self::DeletionScheduled,
        Self::DeletionCancelled,
        Self::Impersonated,
        Self::SessionRevoked,
        Self::EmailReverted,
        Self::PersonalKeyCreated,
        Self::PersonalKeySecretAdded,
        Self::PasswordMarked,
        Self::PasswordRevoked,
        Self::RecoveryCodesRevoked,
    ];

    /// The name of the notice, as its template knows it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PasswordChanged => "password-changed",
            Self::EmailAdded => "email-added",
            Self::EmailRemoved => "email-removed",
            Self::PrimaryChanged => "primary-changed",
            Self::TotpEnabled => "totp-enabled",
            Self::TotpDisabled => "totp-disabled",
            Self::RecoveryCodesReplaced => "recovery-codes-replaced",
            Self::RecoveryCodeUsed => "recovery-code-used",
            Self::NewDevice => "new-device",
            Self::DeletionScheduled => "deletion-scheduled",
            Self::DeletionCancelled => "deletion-cancelled",
            Self::Impersonated => "impersonated",
            Self::SessionRevoked => "session-revoked",
            Self::EmailReverted => "email-reverted",
            Self::PersonalKeyCreated => "personal-key-created",
            Self::PersonalKeySecretAdded => "personal-key-secret-added",
            Self::PasswordMarked => "password-marked",
            Self::PasswordRevoked => "password-revoked",
            Self::RecoveryCodesRevoked => "recovery-codes-revoked",
        }
    }

    /// The notice with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.name() == name)
    }
}

/// A notice as one mailbox gets it.
#[derive(Clone, Debug)]
pub struct Notification {
    /// What changed.
    pub notice: Notice,
    /// What its reader can do if it was somebody else; nothing, if the mailbox no longer belongs to the
    /// account.
    pub objection: Option<Objection>,
}

/// How the reader of a notice says that it was somebody else: the address of a page that takes it.
#[derive(Clone, Debug)]
pub enum Objection {
    /// Signs everybody out and starts recovery.
    Report(Secret<String>),
    /// Signs everybody out and starts recovery, and the address that was written to becomes the primary one again (R-EM-07).
    Revert(Secret<String>),
}

impl Objection {
    /// The address of the page.
    pub const fn link(&self) -> &Secret<String> {
        match self {
            Self::Report(link) | Self::Revert(link) => link,
        }
    }
}

/// The form in which a notice is sealed into the outbox.
#[derive(Serialize, Deserialize)]
pub(super) struct SealedNotice {
    name: String,
    report: Option<String>,
    revert: Option<String>,
}

impl SealedNotice {
    pub(super) fn from_notification(Notification { notice, objection }: &Notification) -> Self {
        let (report, revert) = match objection {
            Some(Objection::Report(link)) => (Some(link.expose().clone()), None),
            Some(Objection::Revert(link)) => (None, Some(link.expose().clone())),
            None => (None, None),
        };
        Self { name: notice.name().to_owned(), report, revert }
    }

    pub(super) fn into_notification(self) -> Option<Notification> {
        let report = self.report.map(|link| Objection::Report(Secret::new(link)));
        let revert = self.revert.map(|link| Objection::Revert(Secret::new(link)));
        Some(Notification { notice: Notice::named(&self.name)?, objection: revert.or(report) })
    }
}
