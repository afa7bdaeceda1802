//! An organization and whom it has, for the tests of what can be done with one.

use durward_core::accounts::{IssuedSession, NewInvitation, NewOrganization};
use durward_core::entity::{Invitation, Membership, OwnMembership};
use durward_core::store::{Audit, AuditQuery, Memberships};
use durward_core::{
    AuthenticationStrength, Caller, Error, FreshUser, InvitationToken, NoAttributes,
    OrganizationId, StandardOrganizationRole, UserCaller, UserId, unit,
};
use durward_testing::{TestAccounts, given};

pub(crate) const OWNER: &str = "owner@example.com";

/// Accounts, and an organization with its owner.
pub(crate) struct Team {
    pub(crate) it: TestAccounts,
    pub(crate) id: OrganizationId,
    pub(crate) owner: IssuedSession,
    pub(crate) owning: Membership,
}

impl Team {
    pub(crate) async fn new() -> Self {
        Self::of(TestAccounts::new()).await
    }

    pub(crate) async fn of(it: TestAccounts) -> Self {
        let owner = it.sign_up(OWNER).await;
        let OwnMembership { organization, membership: owning } =
            founded(&it, owner.user).await.unwrap();
        Self { it, id: organization.id, owner, owning }
    }

    /// Somebody new who was invited and has accepted.
    pub(crate) async fn member(
        &self,
        address: &str,
        role: StandardOrganizationRole,
    ) -> (IssuedSession, Membership) {
        let session = self.it.sign_up(address).await;
        self.invite(address, role).await.unwrap();
        let code = self.mailed(address).await;
        let membership = self.accept(&code, &session).await.unwrap();
        (session, membership)
    }

    /// The owner invites.
    pub(crate) async fn invite(
        &self,
        address: &str,
        role: StandardOrganizationRole,
    ) -> Result<Invitation, Error> {
        self.invite_as(self.owner.user, address, role).await
    }

    pub(crate) async fn invite_as(
        &self,
        by: UserId,
        address: &str,
        role: StandardOrganizationRole,
    ) -> Result<Invitation, Error> {
        let new = || NewInvitation { email: given::email(address), role };
        let by = self.it.caller(by);
        unit!(self.it.accounts(), |tx| {
            self.it.accounts().invite(tx, self.id, new(), &by, &self.it.origin()).await
        })
    }

    /// The code of the newest mail to this address, which is an invitation.
    pub(crate) async fn mailed(&self, address: &str) -> InvitationToken {
        let letter = self.it.mail_to(address).await;
        assert_eq!(letter.name(), "invitation");
        InvitationToken::parse(letter.link_code()).unwrap()
    }

    pub(crate) async fn accept(
        &self,
        code: &InvitationToken,
        session: &IssuedSession,
    ) -> Result<Membership, Error> {
        let origin = self.it.origin();
        self.it.accounts().accept_invitation(code, session.user, &origin).await
    }

    pub(crate) async fn user(&self, session: &IssuedSession) -> UserCaller {
        self.it.accounts().authenticate(&session.token, None).await.unwrap()
    }

    pub(crate) async fn fresh(&self, session: &IssuedSession) -> FreshUser {
        let user = Some(self.user(session).await);
        self.it.accounts().fresh(&Caller { user, ..Caller::anonymous(None) }).unwrap()
    }

    /// The role of a user in the organization, as it is stored.
    pub(crate) async fn role(&self, user: UserId) -> Option<StandardOrganizationRole> {
        let mut read = self.it.accounts().read().await.unwrap();
        read.membership_of(self.id, user).await.unwrap().map(|membership| membership.role)
    }

    /// The events in the audit log of the organization, in the order of their names.
    pub(crate) async fn audited(&self) -> Vec<String> {
        let query = AuditQuery { organization: Some(self.id), limit: 100, ..AuditQuery::default() };
        let rows = self.it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap();
        let mut events: Vec<String> = rows.into_iter().map(|row| row.event).collect();
        events.sort();
        events
    }
}

/// Makes an organization.
pub(crate) async fn founded(it: &TestAccounts, owner: UserId) -> Result<OwnMembership, Error> {
    founded_asking(it, AuthenticationStrength::Any, &it.caller(owner)).await
}

/// Makes an organization that asks this of its members.
pub(crate) async fn founded_asking(
    it: &TestAccounts,
    authentication: AuthenticationStrength,
    by: &Caller,
) -> Result<OwnMembership, Error> {
    let (name, attrs) = (given::name("Tea & Biscuits"), NoAttributes {});
    let new = NewOrganization { name, authentication, attrs };
    unit!(it.accounts(), |tx| {
        it.accounts().create_organization(tx, new.clone(), by, &it.origin()).await
    })
}

/// The code of the one obstruction of a refusal.
pub(crate) fn obstruction<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    let Err(Error::Invalid(found)) = outcome else { return format!("{outcome:?}") };
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].code.clone().into_owned()
}
