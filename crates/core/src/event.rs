//! Events: the single definition that feeds hooks, the audit log and the outbox.

use serde_json::{Map, Value, json};

use crate::attrs::Attrs;
use crate::authz::Action;
use crate::entity::{LoginEmail, Method, Session, User};
use crate::ids::{LoginEmailId, OrganizationId, SessionId, UserId};

/// What just happened, still uncommitted. Never carries a secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a, A: Attrs> {
    /// A user came to be; the address is proven in every mode but `open`.
    UserCreated {
        /// The new user.
        user: &'a User<A>,
        /// The address, when the user has one.
        email: Option<&'a LoginEmail>,
    },
    /// A user changed.
    UserUpdated {
        /// As it was.
        before: &'a User<A>,
        /// As it is.
        after: &'a User<A>,
    },
    /// An administrator shut an account.
    UserBanned {
        /// The user as he is now.
        user: &'a User<A>,
    },
    /// An administrator opened an account again.
    UserUnbanned {
        /// The user as he is now.
        user: &'a User<A>,
    },
    /// A user was deleted, and can be restored until his erasure.
    UserDeleted {
        /// The user as he is now.
        user: &'a User<A>,
    },
    /// A deleted user was restored.
    UserRestored {
        /// The user as he is now.
        user: &'a User<A>,
    },
    /// Everything that is held about a user was handed out.
    UserExported {
        /// Whose it was.
        user: UserId,
    },
    /// Everything personal about a deleted user was erased; what the application holds about him should go
    /// in the same unit of work.
    UserErased {
        /// Who it was.
        user: UserId,
    },
    /// The roles of a user changed.
    RolesChanged {
        /// As he was.
        before: &'a User<A>,
        /// As he is.
        after: &'a User<A>,
    },
    /// A user proved to read an address.
    EmailProven {
        /// The proven claim.
        email: &'a LoginEmail,
    },
    /// A user has another password, or his first one.
    PasswordChanged {
        /// Whose it is.
        user: UserId,
        /// Why.
        cause: PasswordCause,
    },
    /// A password is known to be in the wrong hands; its owner must choose another one (R-PW-10).
    PasswordCompromised {
        /// Whose it is.
        user: UserId,
    },
    /// A user authenticated, and a session was opened.
    SessionOpened {
        /// The new session.
        session: &'a Session<A>,
    },
    /// The tokens of a session were exchanged for new ones.
    SessionRefreshed {
        /// The session as it is now.
        session: &'a Session<A>,
    },
    /// A session was ended before its time.
    SessionEnded {
        /// Which one.
        session: SessionId,
        /// Whose it was.
        user: UserId,
        /// Why.
        reason: EndReason,
    },
    /// All sessions of a user but one were ended before their time.
    SessionsEnded {
        /// Whose they were.
        user: UserId,
        /// The one that goes on, if one does.
        except: Option<SessionId>,
        /// How many.
        count: u64,
        /// Why.
        reason: EndReason,
    },
    /// The owner said that a change he was told of was not his; everybody was signed out (R-NO-01).
    NoticeReported {
        /// Whose account it is.
        user: UserId,
        /// The address that the notice went to.
        email: LoginEmailId,
    },
    /// A user enrolled an authenticator app.
    TotpEnabled {
        /// Whose it is.
        user: UserId,
    },
    /// An authenticator app was removed, by its owner or by an administrator.
    TotpDisabled {
        /// Whose it was.
        user: UserId,
    },
    /// A new set of recovery codes was made.
    RecoveryCodesReplaced {
        /// Whose they are.
        user: UserId,
    },
    /// A recovery code was used.
    RecoveryCodeUsed {
        /// Whose it was.
        user: UserId,
        /// How many are left.
        left: u64,
    },
    /// The policy refused what somebody asked for; a hook that refuses this only undoes the audit row.
    AccessDenied {
        /// What was asked for.
        action: Action,
        /// Of which user, if of one.
        target: Option<UserId>,
    },
    /// Someone failed to authenticate; a hook that refuses this only undoes the audit row.
    AuthenticationFailed {
        /// Whose account it was, if there is one.
        user: Option<UserId>,
        /// By which method.
        method: Method,
        /// Why, for the audit log only.
        reason: FailureReason,
    },
}

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

impl<A: Attrs> Event<'_, A> {
    /// The name of the event, as the audit log shows it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UserCreated { .. } => "user.created",
            Self::UserUpdated { .. } => "user.updated",
            Self::UserBanned { .. } => "user.banned",
            Self::UserUnbanned { .. } => "user.unbanned",
            Self::UserDeleted { .. } => "user.deleted",
            Self::UserRestored { .. } => "user.restored",
            Self::UserExported { .. } => "user.exported",
            Self::UserErased { .. } => "user.erased",
            Self::RolesChanged { .. } => "roles.changed",
            Self::EmailProven { .. } => "email.proven",
            Self::PasswordChanged { .. } => "password.changed",
            Self::PasswordCompromised { .. } => "password.compromised",
            Self::SessionOpened { .. } => "session.opened",
            Self::SessionRefreshed { .. } => "session.refreshed",
            Self::SessionEnded { .. } => "session.ended",
            Self::SessionsEnded { .. } => "sessions.ended",
            Self::TotpEnabled { .. } => "totp.enabled",
            Self::TotpDisabled { .. } => "totp.disabled",
            Self::RecoveryCodesReplaced { .. } => "recovery-codes.replaced",
            Self::RecoveryCodeUsed { .. } => "recovery-code.used",
            Self::AccessDenied { .. } => "access.denied",
            Self::NoticeReported { .. } => "notice.reported",
            Self::AuthenticationFailed { .. } => "authentication.failed",
        }
    }

    /// Whose account it concerns.
    pub fn subject(&self) -> Option<UserId> {
        match self {
            Self::UserUpdated { after, .. } | Self::RolesChanged { after, .. } => Some(after.id),
            Self::UserCreated { user, .. }
            | Self::UserBanned { user }
            | Self::UserUnbanned { user }
            | Self::UserDeleted { user }
            | Self::UserRestored { user } => Some(user.id),
            Self::EmailProven { email } => Some(email.user),
            Self::SessionOpened { session } | Self::SessionRefreshed { session } => {
                Some(session.user)
            }
            Self::UserExported { user }
            | Self::UserErased { user }
            | Self::PasswordChanged { user, .. }
            | Self::PasswordCompromised { user }
            | Self::SessionEnded { user, .. }
            | Self::SessionsEnded { user, .. }
            | Self::NoticeReported { user, .. }
            | Self::TotpEnabled { user }
            | Self::TotpDisabled { user }
            | Self::RecoveryCodesReplaced { user }
            | Self::RecoveryCodeUsed { user, .. } => Some(*user),
            // Nobody writes into the log of somebody else by asking for what he may not have.
            Self::AccessDenied { .. } => None,
            Self::AuthenticationFailed { user, .. } => *user,
        }
    }

    /// The organization that it concerns, whose audit log then has it.
    pub const fn organization(&self) -> Option<OrganizationId> {
        match self {
            Self::UserCreated { .. }
            | Self::UserUpdated { .. }
            | Self::UserBanned { .. }
            | Self::UserUnbanned { .. }
            | Self::UserDeleted { .. }
            | Self::UserRestored { .. }
            | Self::UserExported { .. }
            | Self::UserErased { .. }
            | Self::RolesChanged { .. }
            | Self::EmailProven { .. }
            | Self::PasswordChanged { .. }
            | Self::PasswordCompromised { .. }
            | Self::TotpEnabled { .. }
            | Self::TotpDisabled { .. }
            | Self::RecoveryCodesReplaced { .. }
            | Self::RecoveryCodeUsed { .. }
            | Self::SessionOpened { .. }
            | Self::SessionRefreshed { .. }
            | Self::SessionEnded { .. }
            | Self::SessionsEnded { .. }
            | Self::NoticeReported { .. }
            | Self::AccessDenied { .. }
            | Self::AuthenticationFailed { .. } => None,
        }
    }

    /// Whether it gets a row in the audit log: outcomes, changes and denials do, the hourly exchange of
    /// tokens within a session does not.
    pub const fn is_audited(&self) -> bool {
        !matches!(self, Self::SessionRefreshed { .. })
    }

    /// What the audit log keeps of it besides ids and time: a JSON object without secrets or addresses.
    pub fn details(&self) -> Value {
        match self {
            Self::UserCreated { email, .. } => json!({
                "emailId": email.map(|email| email.id),
                "proven": email.is_some_and(|email| email.proven.is_some()),
            }),
            Self::UserUpdated { before, after } => {
                let mut changed = Map::new();
                changed.insert("name".into(), (before.name != after.name).into());
                changed.insert("attributes".into(), (before.attrs != after.attrs).into());
                changed.insert("status".into(), after.status.name().into());
                json!({ "changed": changed, "version": after.version })
            }
            Self::UserBanned { user }
            | Self::UserUnbanned { user }
            | Self::UserDeleted { user }
            | Self::UserRestored { user } => {
                json!({ "version": user.version, "erasure": user.erasure })
            }
            Self::RolesChanged { before, after } => {
                json!({ "before": before.roles, "after": after.roles, "version": after.version })
            }
            Self::EmailProven { email } => json!({ "emailId": email.id }),
            Self::PasswordChanged { cause, .. } => json!({ "cause": cause.name() }),
            Self::SessionOpened { session } => json!({
                "sessionId": session.id,
                "methods": session.methods,
            }),
            Self::SessionRefreshed { session } => json!({ "sessionId": session.id }),
            Self::SessionEnded { session, reason, .. } => json!({
                "sessionId": session,
                "reason": reason.name(),
            }),
            Self::SessionsEnded { except, count, reason, .. } => json!({
                "except": except,
                "count": count,
                "reason": reason.name(),
            }),
            Self::UserExported { .. }
            | Self::UserErased { .. }
            | Self::PasswordCompromised { .. }
            | Self::TotpEnabled { .. }
            | Self::TotpDisabled { .. }
            | Self::RecoveryCodesReplaced { .. } => json!({}),
            Self::RecoveryCodeUsed { left, .. } => json!({ "left": left }),
            Self::AccessDenied { action, target } => json!({
                "action": format!("{action:?}"),
                "userId": target,
            }),
            Self::NoticeReported { email, .. } => json!({ "emailId": email }),
            Self::AuthenticationFailed { method, reason, .. } => json!({
                "method": method.name(),
                "reason": reason.name(),
            }),
        }
    }
}
