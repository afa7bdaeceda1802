//! What the audit log keeps of an event.

use serde_json::{Map, Value, json};

use super::Event;
use crate::attrs::Attrs;
use crate::ids::{OrganizationId, UserId};

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
