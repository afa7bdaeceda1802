use serde_json::{Map, Value, json};

use super::Event;
use crate::attrs::Attrs;
use crate::authz::{Denial, Target};
use crate::entity::{AccessRestriction, Client, Organization};
use crate::ids::RestrictionId;
use crate::meter::Spender;

impl<A: Attrs> Event<'_, A> {
    /// What the audit log keeps of it besides ids and time: a JSON object without secrets or addresses.
    #[expect(clippy::too_many_lines, reason = "a table is read row by row")]
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
            Self::EmailRemoved { email } => json!({
                "emailId": email.id,
                "proven": email.proven.is_some(),
            }),
            Self::EmailClaimed { email }
            | Self::EmailProven { email }
            | Self::PrimaryEmailChanged { email }
            | Self::EmailReverted { email } => json!({ "emailId": email.id }),
            Self::PasswordChanged { cause, .. } => json!({ "cause": cause.name() }),
            Self::PasswordCompromised { cause, .. } => json!({ "cause": cause.name() }),
            Self::PasswordResetStarted { revoked, .. } => json!({ "revoked": revoked }),
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
            Self::OwnerAppointed { .. }
            | Self::UserExported { .. }
            | Self::UserErased { .. }
            | Self::BootstrapUsed { .. }
            | Self::TotpEnabled { .. }
            | Self::TotpDisabled { .. }
            | Self::TotpDoubted { .. }
            | Self::TotpTrusted { .. }
            | Self::RecoveryCodesReplaced { .. } => json!({}),
            Self::UserImpersonated { session, reason } => json!({
                "sessionId": session.id,
                "actorSessionId": session.actor.map(|actor| actor.session_id),
                "expires": session.expires,
                "reason": reason.as_str(),
            }),
            Self::BootstrapIssued { recovery, expires } => {
                json!({ "recovery": recovery, "expires": expires })
            }
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
            Self::RecoveryCodesRevoked { count, .. } | Self::PersonalKeysRevoked { count, .. } => {
                json!({ "count": count })
            }
            Self::ClientRefused { client, reason, .. } => json!({
                "clientId": client,
                "reason": reason.name(),
            }),
            Self::RateExceeded { spender, rate, refused, since, .. } => {
                let (client, prefix) = match spender {
                    Spender::Client(id) => (Some(*id), None),
                    Spender::Network(network) => (None, Some(network.prefix())),
                };
                json!({
                    "clientId": client,
                    "networkPrefix": prefix,
                    "requests": rate.burst,
                    "seconds": rate.period().as_secs_f64(),
                    "refused": refused,
                    "since": since,
                })
            }
            Self::AccountsSprayed { accounts, failures, since, bar } => json!({
                "accounts": accounts,
                "failures": failures,
                "since": since,
                "limit": bar.burst,
                "seconds": bar.period().as_secs_f64(),
            }),
            Self::OrganizationCreated { organization, .. } => json!({
                "authentication": organization.authentication,
                "version": organization.version,
            }),
            Self::OrganizationArchived { organization }
            | Self::OrganizationRestored { organization } => {
                json!({ "version": organization.version })
            }
            Self::OrganizationUpdated { before, after } => changed_organization(before, after),
            Self::OrganizationTransferred { from, to, .. } => json!({ "from": from, "to": to }),
            Self::MemberAdded { membership, invitation } => json!({
                "membershipId": membership.id,
                "role": membership.role,
                "invitationId": invitation,
            }),
            Self::MemberUpdated { before, after } => json!({
                "membershipId": after.id,
                "before": before.role,
                "after": after.role,
            }),
            Self::MemberRemoved { membership } => {
                json!({ "membershipId": membership.id, "role": membership.role })
            }
            Self::InvitationSent { invitation } | Self::InvitationRevoked { invitation } => {
                json!({ "invitationId": invitation.id, "role": invitation.role })
            }
            Self::AccessDenied { denial } => denied(denial),
            Self::NoticeReported { email, .. } => json!({ "emailId": email }),
            Self::FactorProven { methods, next, .. } => json!({
                "methods": methods.iter().map(|method| method.name()).collect::<Vec<_>>(),
                "next": next,
            }),
            Self::AuthenticationFailed { method, reason, .. } => json!({
                "method": method.name(),
                "reason": reason.name(),
            }),
        }
    }
}

/// What was asked for, and of what. Its organization is told, too: the row may stand in the log of the deployment.
fn denied(Denial { action, target, organization: _ }: &Denial) -> Value {
    let id = match target {
        Target::Service | Target::User(_) | Target::Organization(_) => None,
        Target::Session { id, .. } => Some(id.to_string()),
        Target::Client { id, .. } => Some(id.to_string()),
        Target::Membership { id, .. } => Some(id.to_string()),
        Target::Invitation { id, .. } => Some(id.to_string()),
    };
    json!({
        "action": format!("{action:?}"),
        "target": target.name(),
        "targetId": id,
        "userId": target.user(),
        "organizationId": target.standing().map(|standing| standing.organization),
    })
}

fn changed_organization<A: Attrs>(before: &Organization<A>, after: &Organization<A>) -> Value {
    let mut details = json!({
        "changed": {
            "name": before.name != after.name,
            "authentication": before.authentication != after.authentication,
            "attributes": before.attrs != after.attrs,
        },
        "version": after.version,
    });
    if before.authentication != after.authentication {
        let (before, after) = (before.authentication, after.authentication);
        details["authentication"] = json!({ "before": before, "after": after });
    }
    details
}

fn changed_client<A: Attrs>(before: &Client<A>, after: &Client<A>) -> Value {
    json!({
        "clientId": after.id,
        "changed": {
            "name": before.name != after.name,
            "requireUser": before.require_user != after.require_user,
            "rateLimit": before.rate_limit != after.rate_limit,
            "sessionIdle": before.sessions.idle != after.sessions.idle,
            "sessionAbsolute": before.sessions.absolute != after.sessions.absolute,
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
