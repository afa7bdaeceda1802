//! What the audit log keeps of an event.

use super::Event;
use crate::attrs::Attrs;
use crate::entity::ClientOwner;
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
            Self::EmailClaimed { .. } => "email.claimed",
            Self::EmailProven { .. } => "email.proven",
            Self::EmailRemoved { .. } => "email.removed",
            Self::PrimaryEmailChanged { .. } => "email.primary-changed",
            Self::EmailReverted { .. } => "email.reverted",
            Self::PasswordChanged { .. } => "password.changed",
            Self::PasswordCompromised { .. } => "password.compromised",
            Self::PasswordResetStarted { .. } => "password.reset-started",
            Self::SessionOpened { .. } => "session.opened",
            Self::SessionRefreshed { .. } => "session.refreshed",
            Self::SessionEnded { .. } => "session.ended",
            Self::SessionsEnded { .. } => "sessions.ended",
            Self::TotpEnabled { .. } => "totp.enabled",
            Self::TotpDisabled { .. } => "totp.disabled",
            Self::TotpDoubted { .. } => "totp.doubted",
            Self::TotpTrusted { .. } => "totp.trusted",
            Self::RecoveryCodesRevoked { .. } => "recovery-codes.revoked",
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
            Self::RateExceeded { .. } => "rate.exceeded",
            Self::AccountsSprayed { .. } => "accounts.sprayed",
            Self::OrganizationCreated { .. } => "organization.created",
            Self::OrganizationUpdated { .. } => "organization.updated",
            Self::OrganizationArchived { .. } => "organization.archived",
            Self::OrganizationRestored { .. } => "organization.restored",
            Self::OrganizationTransferred { .. } => "organization.transferred",
            Self::OwnerAppointed { .. } => "organization.owner-appointed",
            Self::MemberAdded { .. } => "member.added",
            Self::MemberUpdated { .. } => "member.updated",
            Self::MemberRemoved { .. } => "member.removed",
            Self::InvitationSent { .. } => "invitation.sent",
            Self::InvitationRevoked { .. } => "invitation.revoked",
            Self::UserImpersonated { .. } => "user.impersonated",
            Self::BootstrapIssued { .. } => "bootstrap.issued",
            Self::BootstrapUsed { .. } => "bootstrap.used",
            Self::AccessDenied { .. } => "access.denied",
            Self::NoticeReported { .. } => "notice.reported",
            Self::FactorProven { .. } => "authentication.continued",
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
            Self::EmailClaimed { email }
            | Self::EmailProven { email }
            | Self::EmailRemoved { email }
            | Self::PrimaryEmailChanged { email }
            | Self::EmailReverted { email } => Some(email.user),
            Self::SessionOpened { session }
            | Self::SessionRefreshed { session }
            | Self::UserImpersonated { session, .. } => Some(session.user),
            Self::UserExported { user }
            | Self::UserErased { user }
            | Self::PasswordChanged { user, .. }
            | Self::PasswordCompromised { user, .. }
            | Self::PasswordResetStarted { user, .. }
            | Self::SessionEnded { user, .. }
            | Self::SessionsEnded { user, .. }
            | Self::NoticeReported { user, .. }
            | Self::BootstrapUsed { user }
            | Self::TotpEnabled { user }
            | Self::TotpDisabled { user }
            | Self::TotpDoubted { user }
            | Self::TotpTrusted { user }
            | Self::RecoveryCodesRevoked { user, .. }
            | Self::RecoveryCodesReplaced { user }
            | Self::FactorProven { user, .. }
            | Self::PersonalKeysRevoked { user, .. }
            | Self::RecoveryCodeUsed { user, .. } => Some(*user),
            Self::ClientUpdated { after: client, .. }
            | Self::ClientRestrictionsChanged { after: client, .. }
            | Self::ClientRolesChanged { after: client, .. }
            | Self::ClientCreated { client }
            | Self::ClientDeleted { client }
            | Self::ClientSecretAdded { client, .. }
            | Self::ClientSecretRevoked { client, .. } => client.owner.user(),
            Self::ClientRefused { owner, .. } | Self::RateExceeded { owner, .. } => {
                owner.and_then(ClientOwner::user)
            }
            Self::OrganizationCreated { owner, .. } => Some(*owner),
            Self::OrganizationTransferred { to: user, .. } | Self::OwnerAppointed { user, .. } => {
                Some(*user)
            }
            Self::MemberUpdated { after: membership, .. }
            | Self::MemberAdded { membership, .. }
            | Self::MemberRemoved { membership } => Some(membership.user),
            // Nobody writes into the log of somebody else by asking for what he may not have.
            Self::AccessDenied { .. }
            | Self::AccountsSprayed { .. }
            | Self::BootstrapIssued { .. }
            | Self::OrganizationUpdated { .. }
            | Self::OrganizationArchived { .. }
            | Self::OrganizationRestored { .. }
            | Self::InvitationSent { .. }
            | Self::InvitationRevoked { .. } => None,
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
            Self::ClientRefused { owner, .. } | Self::RateExceeded { owner, .. } => {
                owner.and_then(ClientOwner::organization)
            }
            Self::OrganizationUpdated { after: organization, .. }
            | Self::OrganizationCreated { organization, .. }
            | Self::OrganizationArchived { organization }
            | Self::OrganizationRestored { organization } => Some(organization.id),
            Self::OrganizationTransferred { organization, .. }
            | Self::OwnerAppointed { organization, .. } => Some(*organization),
            Self::MemberUpdated { after: membership, .. }
            | Self::MemberAdded { membership, .. }
            | Self::MemberRemoved { membership } => Some(membership.organization),
            Self::AccessDenied { denial } => denial.organization,
            Self::InvitationSent { invitation } | Self::InvitationRevoked { invitation } => {
                Some(invitation.organization)
            }
            Self::UserCreated { .. }
            | Self::UserUpdated { .. }
            | Self::UserBanned { .. }
            | Self::UserUnbanned { .. }
            | Self::UserDeleted { .. }
            | Self::UserRestored { .. }
            | Self::UserExported { .. }
            | Self::UserErased { .. }
            | Self::RolesChanged { .. }
            | Self::EmailClaimed { .. }
            | Self::EmailProven { .. }
            | Self::EmailRemoved { .. }
            | Self::PrimaryEmailChanged { .. }
            | Self::EmailReverted { .. }
            | Self::PasswordChanged { .. }
            | Self::PasswordCompromised { .. }
            | Self::PasswordResetStarted { .. }
            | Self::TotpEnabled { .. }
            | Self::TotpDisabled { .. }
            | Self::TotpDoubted { .. }
            | Self::TotpTrusted { .. }
            | Self::RecoveryCodesRevoked { .. }
            | Self::RecoveryCodesReplaced { .. }
            | Self::RecoveryCodeUsed { .. }
            | Self::SessionOpened { .. }
            | Self::SessionRefreshed { .. }
            | Self::SessionEnded { .. }
            | Self::SessionsEnded { .. }
            | Self::NoticeReported { .. }
            | Self::PersonalKeysRevoked { .. }
            | Self::AccountsSprayed { .. }
            | Self::UserImpersonated { .. }
            | Self::BootstrapIssued { .. }
            | Self::BootstrapUsed { .. }
            | Self::FactorProven { .. }
            | Self::AuthenticationFailed { .. } => None,
        }
    }

    /// Who did it in a request of this user, or of nobody who is logged in: then he does it to himself. Whoever
    /// failed may be anybody, and what time brings about is done by nobody.
    pub(crate) fn doer(&self, acting: Option<UserId>) -> Option<UserId> {
        if matches!(self, Self::UserErased { .. }) {
            return None;
        }
        let himself =
            || self.subject().filter(|_| !matches!(self, Self::AuthenticationFailed { .. }));
        acting.or_else(himself)
    }

    /// Whether it gets a row in the audit log: outcomes, changes and denials do, the hourly exchange of
    /// tokens within a session does not.
    pub const fn is_audited(&self) -> bool {
        !matches!(self, Self::SessionRefreshed { .. })
    }
}
