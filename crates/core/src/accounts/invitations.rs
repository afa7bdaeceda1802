use std::time::Duration;

use super::sessions::Occasion;
use super::{Accounts, Answer, NewUser, SignUp};
use crate::attrs::Attrs;
use crate::authz::Caller;
use crate::email::EmailAddress;
use crate::entity::{Invitation, Membership, Method, Organization, User, UserStatus};
use crate::error::{Error, Obstruction};
use crate::event::Event;
use crate::ids::{InvitationId, OrganizationId, UserId};
use crate::mail::{LinkTarget, Message, Place};
use crate::origin::Origin;
use crate::page::{Page, Slice};
use crate::password::PasswordHash;
use crate::secret::Secret;
use crate::store::{
    Invitations, InvitationsMut, LoginEmails, Memberships, Organizations, Store, StoreError, Users,
};
use crate::token::InvitationToken;

/// An invitation to be.
#[derive(Clone, Debug, PartialEq)]
pub struct NewInvitation<A: Attrs> {
    /// Whom it goes to.
    pub email: EmailAddress,
    /// The role that waits for him.
    pub role: A::OrganizationRole,
}

impl<S: Store> Accounts<S> {
    /// The invitation with this id, open or not.
    pub async fn invitation(&self, id: InvitationId) -> Result<Invitation<S::Attrs>, Error> {
        self.read().await?.invitation(id).await?.ok_or(Error::NotFound("invitation"))
    }

    /// A part of the open invitations of an organization, the newest first.
    pub async fn invitations(
        &self,
        organization: OrganizationId,
        slice: Slice<InvitationId>,
    ) -> Result<Page<Invitation<S::Attrs>, InvitationId>, Error> {
        let mut read = self.read().await?;
        if read.organization(organization).await?.is_none() {
            return Err(Error::NotFound("organization"));
        }
        let rows = read.invitations_of(organization, self.now(), slice.and_one_more()).await?;
        Ok(slice.page(rows, |invitation| invitation.id))
    }

    /// Invites whoever reads a mailbox into an organization on behalf of a member, inside the caller's unit of
    /// work, and mails the link. Earlier invitations of the organization to the same address die.
    ///
    /// The answer does not tell whether the address has an account (R-EN-03). [`Error::Forbidden`] when `by`
    /// manages no members or the role allows more than he holds (R-AZ-05), [`Error::InsufficientAuthentication`] when the
    /// organization asks for a stronger one than that of `by` (R-MF-01), [`Error::StepUp`] when it is an owner's and he
    /// authenticated too long ago (R-SE-14), and [`Error::Invalid`] when too many invitations are open.
    pub async fn invite(
        &self,
        tx: &mut S::Tx<'_>,
        organization: OrganizationId,
        new: NewInvitation<S::Attrs>,
        by: &Caller<S::Attrs>,
        origin: &Origin,
    ) -> Result<Invitation<S::Attrs>, Error> {
        let (now, user) = (self.now(), by.acting_user()?);
        self.debit_requests(tx, origin, now).await?;
        let place = self.lock_active_organization(tx, organization).await?;
        let manager = tx.membership_of(organization, user).await?.ok_or(Error::Forbidden)?;
        if !manager.may_manage(new.role) {
            return Err(Error::Forbidden);
        }
        by.strength().meets(place.authentication)?;
        self.check_decides(by, &[new.role])?;
        tx.finish_invitations_to(organization, new.email.canonical(), now).await?;
        let most = Organization::<S::Attrs>::MOST_INVITATIONS;
        if tx.count_invitations(organization, now).await? >= most {
            return Err(Error::Invalid(vec![
                Obstruction::new("TOO_MANY_INVITATIONS", "Too many invitations are open.")
                    .with("max", most),
            ]));
        }
        let code = InvitationToken::mint(self.entropy());
        let invitation = Invitation {
            id: InvitationId::new(now, self.entropy()),
            organization,
            email: new.email,
            role: new.role,
            code: self.keys().digest(&code),
            invited_by: user,
            created: now,
            expires: now + self.settings().invitation_lifetime,
            finished: None,
        };
        tx.insert_invitation(&invitation).await?;
        let sender = self.present_user(tx, user).await?;
        self.mail_invitation(tx, &invitation, (&place, &sender), &code, origin).await?;
        self.record(tx, &Event::InvitationSent { invitation: &invitation }, origin).await?;
        Ok(invitation)
    }

    /// Takes an invitation back on behalf of a member, inside the caller's unit of work; one that is over stays over.
    ///
    /// [`Error::Forbidden`] when `by` could not send it: who manages no members, and who holds less than the role that
    /// waits (R-AZ-05); [`Error::InsufficientAuthentication`] when the organization asks for a stronger one (R-MF-01).
    pub async fn revoke_invitation(
        &self,
        tx: &mut S::Tx<'_>,
        id: InvitationId,
        by: &Caller<S::Attrs>,
        origin: &Origin,
    ) -> Result<(), Error> {
        let user = by.acting_user()?;
        let found = tx.invitation(id).await?.ok_or(Error::NotFound("invitation"))?;
        self.lock_organization(tx, found.organization).await?;
        let place = self.present_organization(tx, found.organization, None).await?;
        let manager = tx.membership_of(place.id, user).await?.ok_or(Error::Forbidden)?;
        if !manager.may_manage(found.role) {
            return Err(Error::Forbidden);
        }
        by.strength().meets(place.authentication)?;
        if tx.finish_invitation(id, self.now()).await? {
            self.record(tx, &Event::InvitationRevoked { invitation: &found }, origin).await?;
        }
        Ok(())
    }

    /// Lets a user accept an invitation to an address that he has proven.
    ///
    /// [`Error::OtherInvited`] when the address is not his, and [`Error::Invalid`] when the invitation is not
    /// open, or whoever sent it could not send it any more, as one whose account is shut. Of any number of
    /// parallel calls with one code one succeeds.
    pub async fn accept_invitation(
        &self,
        code: &InvitationToken,
        user: UserId,
        origin: &Origin,
    ) -> Result<Membership<S::Attrs>, Error> {
        let invitation = self.open_invitation(code, "/code").await?;
        unit!(self, |tx| {
            let emails = tx.login_emails_of(user).await?;
            let his = emails.iter().any(|email| {
                email.proven.is_some() && email.address.canonical() == invitation.email.canonical()
            });
            if !his {
                return Err(Error::OtherInvited);
            }
            self.join(tx, &invitation, user, "/code", origin).await
        })
    }

    /// Signs somebody up by an invitation: the mailed code proves the address, so user, proven address,
    /// membership and session come to be in one transaction.
    pub(super) async fn sign_up_invited(
        &self,
        tx: &mut S::Tx<'_>,
        request: &SignUp<S::Attrs>,
        (invitation, password): (&Invitation<S::Attrs>, Option<PasswordHash>),
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let email = &invitation.email;
        if self.owner_of(tx, email.canonical(), origin).await?.is_some() {
            // Only who reads the mailbox has the code, so this tells nobody else.
            return Err(Error::Invalid(vec![
                Obstruction::new(
                    "ACCOUNT_EXISTS",
                    "This address has an account. Sign in, and accept the invitation.",
                )
                .at("/email"),
            ]));
        }
        if self.has_lookalike(tx, email).await? {
            return Err(not_open("/invitation"));
        }
        let new = NewUser {
            name: request.name.clone(),
            email: email.clone(),
            proven: true,
            password,
            roles: Vec::new(),
            attrs: request.attrs.clone(),
        };
        let created = match self.create_user(tx, new, origin).await {
            // Somebody proved the address a moment ago: the next try finds the account.
            Err(Error::Duplicate(_)) => return Err(Error::Store(StoreError::Conflict)),
            created => created?,
        };
        self.join(tx, invitation, created.user.id, "/invitation", origin).await?;
        let (user, methods) = (&created.user, vec![Method::Email]);
        let issued = self.open_session_on(tx, user, methods, Occasion::SignUp, origin).await?;
        Ok(Answer::Session(issued))
    }

    /// The open invitation with this code; `pointer` is where the code was sent.
    pub(super) async fn open_invitation(
        &self,
        code: &InvitationToken,
        pointer: &'static str,
    ) -> Result<Invitation<S::Attrs>, Error> {
        let mut read = self.read().await?;
        for digest in self.keys().digests(code) {
            let found = read.invitation_by_code(&digest).await?;
            if let Some(invitation) = found.filter(|it| it.is_open(self.now())) {
                return Ok(invitation);
            }
        }
        Err(not_open(pointer))
    }

    /// Spends an invitation on a user who has proven its address, and makes him a member; who is one already
    /// stays what he is.
    async fn join(
        &self,
        tx: &mut S::Tx<'_>,
        invitation: &Invitation<S::Attrs>,
        user: UserId,
        pointer: &'static str,
        origin: &Origin,
    ) -> Result<Membership<S::Attrs>, Error> {
        let Invitation { id, organization, role, invited_by, .. } = invitation;
        match self.lock_active_organization(tx, *organization).await {
            Err(Error::Forbidden) => return Err(not_open(pointer)),
            locked => drop(locked?),
        }
        // Nobody leaves a door open behind him: what he could not send now is worth nothing.
        let sends = tx.user(*invited_by).await?.is_some_and(|it| it.status == UserStatus::Active);
        let sender = tx.membership_of(*organization, *invited_by).await?;
        let stands = sender.is_some_and(|sender| sender.may_manage(*role));
        if !sends || !stands || !tx.finish_invitation(*id, self.now()).await? {
            return Err(not_open(pointer));
        }
        match tx.membership_of(*organization, user).await? {
            Some(membership) => Ok(membership),
            None => self.add_member(tx, *organization, user, (*role, Some(*id)), origin).await,
        }
    }

    async fn mail_invitation(
        &self,
        tx: &mut S::Tx<'_>,
        invitation: &Invitation<S::Attrs>,
        (organization, sender): (&Organization<S::Attrs>, &User<S::Attrs>),
        code: &InvitationToken,
        origin: &Origin,
    ) -> Result<(), Error> {
        let now = self.now();
        if !self.debit_mailbox(tx, (&invitation.email, None), origin, now).await? {
            return self.queue_nothing(tx, now).await;
        }
        let message = Message::Invitation(Place {
            organization: organization.name.clone(),
            sender: sender.name.clone(),
            link: Secret::new(self.parts().links.code(LinkTarget::Invitation, code.expose())),
            days: days(self.settings().invitation_lifetime),
        });
        self.queue_mail(tx, &invitation.email, message, now).await
    }
}

/// The same for an unknown code, one that is used up or over, and one that nobody may use.
pub(super) fn not_open(pointer: &'static str) -> Error {
    Error::Invalid(vec![
        Obstruction::new(
            "INVITATION_NOT_OPEN",
            "The invitation was used, taken back, or is too old. Ask for a new one.",
        )
        .at(pointer),
    ])
}

/// Whole days, at least one.
const fn days(lifetime: Duration) -> u64 {
    let days = lifetime.as_secs() / 86_400;
    if days == 0 { 1 } else { days }
}
