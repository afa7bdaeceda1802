use crate::entity::Remedy;

/// Why a session was ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndReason {
    /// Its user logged out.
    Logout,
    /// A spent refresh token was presented again (R-SE-08).
    RefreshReuse,
    /// Its user from elsewhere, an administrator or the application ended it (R-SE-13).
    Revoked,
    /// Its user logged in again with it, and has a new one (R-SE-03).
    Replaced,
    /// What the account is proven by has changed (R-SE-06).
    CredentialsChanged,
    /// The account was shut (R-SE-07).
    Banned,
    /// The account was deleted (R-SE-07).
    Deleted,
    /// The user may do more, or less, than before (R-SE-03).
    RolesChanged,
    /// Its owner objected to a change (R-NO-01).
    Objection,
    /// Another one was opened, and it was the oldest of too many (R-SE-12).
    TooMany,
}

/// Why there is another password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PasswordCause {
    /// There was none before.
    Set,
    /// Its owner changed it.
    Changed,
    /// It was reset by a mailed code.
    Reset,
    /// The one before was compromised, and its owner was asked for another one at a login.
    Forced,
}

/// How it is known that a password is compromised, which decides what its owner must do about it (R-PW-10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CompromiseCause {
    /// It stands in a list of breached ones.
    Breached,
    /// An administrator or the application says so.
    Reported,
    /// An administrator revoked it.
    Revoked,
    /// Its owner objected to a change: somebody else may have chosen it (R-NO-01).
    Objection,
}

/// Why someone failed to authenticate; told to the audit log and to nobody else (R-EN-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureReason {
    /// Nobody has proven this address.
    UnknownAddress,
    /// The account has no password.
    NoPassword,
    /// The password or code is wrong.
    WrongSecret,
    /// The account is banned or deleted.
    NotActive,
    /// The password is known to be in the wrong hands.
    Compromised,
    /// The attempt came before the delay was over.
    Delayed,
    /// The flow is finished, expired, exhausted or somebody else's.
    FlowRefused,
}

impl EndReason {
    /// The name in the audit log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::RefreshReuse => "refresh-reuse",
            Self::Revoked => "revoked",
            Self::Replaced => "replaced",
            Self::CredentialsChanged => "credentials-changed",
            Self::Banned => "banned",
            Self::Deleted => "deleted",
            Self::RolesChanged => "roles-changed",
            Self::Objection => "objection",
            Self::TooMany => "too-many",
        }
    }
}

impl PasswordCause {
    /// The name in the audit log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Changed => "changed",
            Self::Reset => "reset",
            Self::Forced => "forced",
        }
    }
}

impl CompromiseCause {
    /// What the owner must do about it: never lets somebody else choose the next password who may have chosen
    /// this one.
    pub const fn remedy(self) -> Remedy {
        match self {
            Self::Breached | Self::Reported => Remedy::Change,
            Self::Revoked | Self::Objection => Remedy::Reset,
        }
    }

    /// The name in the audit log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Breached => "breached",
            Self::Reported => "reported",
            Self::Revoked => "revoked",
            Self::Objection => "objection",
        }
    }
}

impl FailureReason {
    /// The name in the audit log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownAddress => "unknown-address",
            Self::NoPassword => "no-password",
            Self::WrongSecret => "wrong-secret",
            Self::NotActive => "not-active",
            Self::Compromised => "compromised",
            Self::Delayed => "delayed",
            Self::FlowRefused => "flow-refused",
        }
    }
}
