use super::Accounts;
use crate::attrs::Attrs;
use crate::authz::FreshUser;
use crate::entity::{
    AuditEntry, Client, ClientOwner, Flow, LoginEmail, OwnInvitation, OwnMembership, Session, User,
};
use crate::error::Error;
use crate::event::Event;
use crate::ids::{AuditId, ClientId, FlowId, InvitationId, OrganizationId, SessionId, UserId};
use crate::origin::Origin;
use crate::page::{Page, Slice};
use crate::store::{
    Audit, AuditQuery, Clients, Dossier, Factors, LoginEmails, Organizations, Passwords, Store,
};
use crate::time::Timestamp;

/// What is held about a person, as far as it is short. The rest comes in parts:
/// [`exported_sessions`](Accounts::exported_sessions), [`exported_flows`](Accounts::exported_flows),
/// [`exported_memberships`](Accounts::exported_memberships),
/// [`exported_invitations`](Accounts::exported_invitations), [`exported_clients`](Accounts::exported_clients),
/// [`exported_entries`](Accounts::exported_entries).
#[derive(Clone, Debug, PartialEq)]
pub struct Export<A: Attrs> {
    /// The user.
    pub user: User<A>,
    /// What he claims or has proven, the oldest first.
    pub emails: Vec<LoginEmail>,
    /// When he last chose a password, if he has one.
    pub password_changed: Option<Timestamp>,
    /// When he enrolled an authenticator app, if he has one.
    pub totp_enrolled: Option<Timestamp>,
    /// Since when that may be somebody else's, if so.
    pub totp_doubted: Option<Timestamp>,
    /// How many recovery codes he has left.
    pub recovery_codes: u64,
}

impl<S: Store> Accounts<S> {
    /// Begins an export of everything that is held about a user, for himself or an administrator (R-SE-14,
    /// R-DP-01). That it was asked for is written down.
    pub async fn export_user(
        &self,
        id: UserId,
        by: &FreshUser,
        origin: &Origin,
    ) -> Result<Export<S::Attrs>, Error> {
        unit!(self, |tx| {
            self.still_in(tx, by).await?;
            let user = self.present_user(tx, id).await?;
            let emails = tx.login_emails_of(id).await?;
            let password_changed = tx.password(id).await?.map(|password| password.changed);
            let totp = tx.totp(id).await?.filter(|totp| self.counts(totp));
            let totp_enrolled = totp.as_ref().and_then(|totp| totp.confirmed);
            let totp_doubted = totp.and_then(|totp| totp.doubted);
            let recovery_codes = tx.count_recovery_codes(id).await?;
            self.record(tx, &Event::UserExported { user: id }, origin).await?;
            Ok(Export {
                user,
                emails,
                password_changed,
                totp_enrolled,
                totp_doubted,
                recovery_codes,
            })
        })
    }

    /// A part of all sessions of a user, over or not.
    pub async fn exported_sessions(
        &self,
        user: UserId,
        slice: Slice<SessionId>,
    ) -> Result<Page<Session<S::Attrs>, SessionId>, Error> {
        let rows = self.read().await?.every_session_of(user, slice.and_one_more()).await?;
        Ok(slice.page(rows, |session| session.id))
    }

    /// A part of all flows about a user, over or not.
    pub async fn exported_flows(
        &self,
        user: UserId,
        slice: Slice<FlowId>,
    ) -> Result<Page<Flow<S::Attrs>, FlowId>, Error> {
        let rows = self.read().await?.every_flow_of(user, slice.and_one_more()).await?;
        Ok(slice.page(rows, |flow| flow.id))
    }

    /// A part of the personal keys of a user.
    pub async fn exported_clients(
        &self,
        user: UserId,
        slice: Slice<ClientId>,
    ) -> Result<Page<Client<S::Attrs>, ClientId>, Error> {
        let owner = ClientOwner::User(user);
        let rows = self.read().await?.clients_of(owner, slice.and_one_more()).await?;
        Ok(slice.page(rows, |client| client.id))
    }

    /// A part of the memberships of a user.
    pub async fn exported_memberships(
        &self,
        user: UserId,
        slice: Slice<OrganizationId>,
    ) -> Result<Page<OwnMembership<S::Attrs>, OrganizationId>, Error> {
        let rows = self.read().await?.organizations_of(user, slice.and_one_more()).await?;
        Ok(slice.page(rows, |own| own.organization.id))
    }

    /// A part of all invitations to the addresses that a user has proven, open or not.
    pub async fn exported_invitations(
        &self,
        user: UserId,
        slice: Slice<InvitationId>,
    ) -> Result<Page<OwnInvitation<S::Attrs>, InvitationId>, Error> {
        let mut read = self.read().await?;
        let rows = read.every_invitation_to(user, slice.and_one_more()).await?;
        let page = slice.page(rows, |invitation| invitation.id);
        let mut own = Vec::with_capacity(page.rows.len());
        for invitation in page.rows {
            let found = read.organization(invitation.organization).await?;
            let organization = found.ok_or(Error::Internal("an invitation into nothing"))?;
            own.push(OwnInvitation { organization, invitation });
        }
        Ok(Page { rows: own, next: page.next })
    }

    /// A part of all entries of the audit log about a user.
    pub async fn exported_entries(
        &self,
        user: UserId,
        slice: Slice<AuditId>,
    ) -> Result<Page<AuditEntry, AuditId>, Error> {
        let Slice { after: before, limit } = slice.and_one_more();
        let query = AuditQuery { subject: Some(user), before, limit, ..AuditQuery::default() };
        let rows = self.read().await?.audit_entries(&query).await?;
        Ok(slice.page(rows, |entry| entry.id))
    }
}
