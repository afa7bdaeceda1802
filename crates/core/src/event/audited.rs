//! What the audit log keeps of an event.

use serde_json::{Map, Value, json};

use super::Event;
use crate::attrs::Attrs;
use crate::entity::{AccessRestriction, Client, ClientOwner};
use crate::ids::{OrganizationId, RestrictionId, UserId};

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
            Self::ClientCreated { .. } => "client.created",
            Self::ClientUpdated { .. } => "client.updated",
            Self::ClientDeleted { .. } => "client.deleted",
            Self::ClientSecretAdded { .. } => "client-secret.added",
            Self::ClientSecretRevoked { .. } => "client-secret.revoked",
            Self::ClientRestrictionsChanged { .. } => "client-restrictions.changed",
            Self::ClientRolesChanged { .. } => "client-roles.changed",
            Self::PersonalKeysRevoked { .. } => "personal-keys.revoked",
            Self::ClientRefused { .. } => "client.refused",
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
            | Self::PersonalKeysRevoked { user, .. }
            | Self::RecoveryCodeUsed { user, .. } => Some(*user),
            Self::ClientUpdated { after: client, .. }
            | Self::ClientRestrictionsChanged { after: client, .. }
            | Self::ClientRolesChanged { after: client, .. }
            | Self::ClientCreated { client }
            | Self::ClientDeleted { client }
            | Self::ClientSecretAdded { client, .. }
            | Self::ClientSecretRevoked { client, .. } => client.owner.user(),
            Self::ClientRefused { owner, .. } => owner.and_then(ClientOwner::user),
            // Nobody writes into the log of somebody else by asking for what he may not have.
            Self::AccessDenied { .. } => None,
            Self::AuthenticationFailed { user, .. } => *user,
        }
    }

    /// The organization that it concerns, whose audit log then has it.
    pub fn organization(&self) -> Option<OrganizationId> {
        match self {
            Self::ClientUpdated { after: client, .. }
            | Self::ClientRestrictionsChanged { after: client, .. }
            | Self::ClientRolesChanged { after: client, .. }
            | Self::ClientCreated { client }
            | Self::ClientDeleted { client }
            | Self::ClientSecretAdded { client, .. }
            | Self::ClientSecretRevoked { client, .. } => client.owner.organization(),
            Self::ClientRefused { owner, .. } => owner.and_then(ClientOwner::organization),
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
            | Self::PersonalKeysRevoked { .. }
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
            Self::ClientCreated { client } => json!({
                "clientId": client.id,
                "kind": client.kind.name(),
                "version": client.version,
            }),
            Self::ClientUpdated { before, after } => changed_client(before, after),
            Self::ClientDeleted { client } => json!({ "clientId": client.id }),
            Self::ClientSecretAdded { client, secret, others_expire } => json!({
                "clientId": client.id,
                "secretId": secret,
                "othersExpireAt": others_expire,
            }),
            Self::ClientSecretRevoked { client, secret } => {
                json!({ "clientId": client.id, "secretId": secret })
            }
            Self::ClientRestrictionsChanged { before, after } => json!({
                "clientId": after.id,
                "added": only_in(&after.restrictions, &before.restrictions),
                "removed": only_in(&before.restrictions, &after.restrictions),
                "version": after.version,
            }),
            Self::ClientRolesChanged { before, after } => json!({
                "clientId": after.id,
                "before": before.roles,
                "after": after.roles,
                "version": after.version,
            }),
            Self::PersonalKeysRevoked { count, .. } => json!({ "count": count }),
            Self::ClientRefused { client, reason, .. } => json!({
                "clientId": client,
                "reason": reason.name(),
            }),
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

fn changed_client<A: Attrs>(before: &Client<A>, after: &Client<A>) -> Value {
    json!({
        "clientId": after.id,
        "changed": {
            "name": before.name != after.name,
            "requireUser": before.require_user != after.require_user,
            "rateLimit": before.rate_limit != after.rate_limit,
            "redirectUris": before.redirect_uris != after.redirect_uris,
            "expiresAt": before.expires != after.expires,
            "attributes": before.attrs != after.attrs,
        },
        "enabled": after.enabled,
        "version": after.version,
    })
}

/// The ids of the restrictions that the others are not.
fn only_in(these: &[AccessRestriction], others: &[AccessRestriction]) -> Vec<RestrictionId> {
    let is_new = |it: &&AccessRestriction| !others.contains(it);
    these.iter().filter(is_new).map(AccessRestriction::id).collect()
}
