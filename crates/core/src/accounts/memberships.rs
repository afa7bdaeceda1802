use super::Accounts;
use crate::attrs::{Attrs, OrganizationRole, Permission};
use crate::authz::Caller;
use crate::entity::{Member, Membership};
use crate::error::Error;
use crate::event::Event;
use crate::ids::{InvitationId, MembershipId, OrganizationId, UserId};
use crate::origin::Origin;
use crate::page::{Page, Slice};
use crate::store::{Memberships, MembershipsMut, Organizations, Store, StoreError};

impl<S: Store> Accounts<S> {
    /// A part of the members of an organization, the newest first.
    pub async fn members(
        &self,
        organization: OrganizationId,
        slice: Slice<MembershipId>,
    ) -> Result<Page<Member<S::Attrs>, MembershipId>, Error> {
        let mut read = self.read().await?;
        if read.organization(organization).await?.is_none() {
            return Err(Error::NotFound("organization"));
        }
        let rows = read.members_of(organization, slice.and_one_more()).await?;
        Ok(slice.page(rows, |member| member.membership.id))
    }

    /// The membership with this id.
    pub async fn membership(&self, id: MembershipId) -> Result<Membership<S::Attrs>, Error> {
        self.read().await?.membership(id).await?.ok_or(Error::NotFound("membership"))
    }

    /// Gives a member another role on behalf of another member, inside the caller's unit of work.
    ///
    /// [`Error::Forbidden`] when `by` manages no members, changes his own role, or gives or takes more than he holds
    /// himself (R-AZ-05, GW-31, GW-32); [`Error::InsufficientAuthentication`] when the organization asks for a stronger one
    /// than that of `by` (R-MF-01); [`Error::StepUp`] when somebody becomes or was an owner and `by` authenticated
    /// too long ago (R-SE-14); [`Error::Last`] when nobody would own the organization any more; and [`Error::Stale`]
    /// when `version` is given and no longer the present one.
    pub async fn update_member(
        &self,
        tx: &mut S::Tx<'_>,
        id: MembershipId,
        role: <S::Attrs as Attrs>::OrganizationRole,
        version: Option<i64>,
        by: &Caller<S::Attrs>,
        origin: &Origin,
    ) -> Result<Membership<S::Attrs>, Error> {
        let (member, manager) = self.locked_member(tx, id, version, by.acting_user()?).await?;
        let organization = self.present_organization(tx, member.organization, None).await?;
        let refused = manager.may_grant(member.user, member.role, role).is_err();
        if refused || organization.archived.is_some() {
            return Err(Error::Forbidden);
        }
        by.strength().meets(organization.authentication)?;
        if member.role == role {
            return Ok(member);
        }
        self.check_decides(by, &[member.role, role])?;
        let after = self.replace_membership(tx, &member, role, origin).await?;
        self.check_owned(tx, &member).await?;
        Ok(after)
    }

    /// Removes a member on behalf of another one, or of himself: then he leaves; inside the caller's unit of
    /// work.
    ///
    /// [`Error::Forbidden`] when `by` manages no members or the other one holds more than he does (R-AZ-05),
    /// [`Error::InsufficientAuthentication`] when the organization asks for a stronger one to do so (R-MF-01),
    /// [`Error::StepUp`] when the other one is an owner and `by` authenticated too long ago (R-SE-14), and [`Error::Last`]
    /// when nobody would own the organization any more (GW-33).
    pub async fn remove_member(
        &self,
        tx: &mut S::Tx<'_>,
        id: MembershipId,
        version: Option<i64>,
        by: &Caller<S::Attrs>,
        origin: &Origin,
    ) -> Result<(), Error> {
        let user = by.acting_user()?;
        let (member, manager) = self.locked_member(tx, id, version, user).await?;
        if member.user != user {
            if !manager.may_manage(member.role) {
                return Err(Error::Forbidden);
            }
            let place = self.present_organization(tx, member.organization, None).await?;
            by.strength().meets(place.authentication)?;
            self.check_decides(by, &[member.role])?;
        }
        if !tx.delete_membership(member.id, member.version).await? {
            return Err(Error::Store(StoreError::Conflict));
        }
        self.check_owned(tx, &member).await?;
        self.record(tx, &Event::MemberRemoved { membership: &member }, origin).await
    }

    /// Whether whoever makes or unmakes a holder of one of these roles authenticated a moment ago, if it is one that decides
    /// over the whole organization, as an owner's (R-SE-14).
    pub(super) fn check_decides(
        &self,
        by: &Caller<S::Attrs>,
        roles: &[<S::Attrs as Attrs>::OrganizationRole],
    ) -> Result<(), Error> {
        let decides = roles.iter().any(|role| role.allows(Permission::DELETE));
        if decides { self.fresh(by).map(drop) } else { Ok(()) }
    }

    /// Makes a user a member, inside the caller's unit of work, which holds the organization: the one function
    /// through which everybody but its creator joins (R-AZ-09).
    pub(super) async fn add_member(
        &self,
        tx: &mut S::Tx<'_>,
        organization: OrganizationId,
        user: UserId,
        (role, invitation): (<S::Attrs as Attrs>::OrganizationRole, Option<InvitationId>),
        origin: &Origin,
    ) -> Result<Membership<S::Attrs>, Error> {
        let membership = self.new_membership(organization, user, role);
        tx.insert_membership(&membership).await?;
        let event = Event::MemberAdded { membership: &membership, invitation };
        self.record(tx, &event, origin).await?;
        Ok(membership)
    }

    pub(super) fn new_membership(
        &self,
        organization: OrganizationId,
        user: UserId,
        role: <S::Attrs as Attrs>::OrganizationRole,
    ) -> Membership<S::Attrs> {
        let now = self.now();
        let id = MembershipId::new(now, self.entropy());
        Membership { id, organization, user, role, version: 1, created: now, updated: now }
    }

    /// Writes what the role of a member is to be; whether somebody owns the organization then is not asked.
    pub(super) async fn replace_membership(
        &self,
        tx: &mut S::Tx<'_>,
        before: &Membership<S::Attrs>,
        role: <S::Attrs as Attrs>::OrganizationRole,
        origin: &Origin,
    ) -> Result<Membership<S::Attrs>, Error> {
        let version = before.version + 1;
        let after = Membership { role, version, updated: self.now(), ..before.clone() };
        if !tx.update_membership(&after, before.version).await? {
            return Err(Error::Store(StoreError::Conflict));
        }
        let event = Event::MemberUpdated { before, after: &after };
        self.record(tx, &event, origin).await?;
        Ok(after)
    }

    /// A member and whoever changes him, as they are while the organization is held.
    async fn locked_member(
        &self,
        tx: &mut S::Tx<'_>,
        id: MembershipId,
        version: Option<i64>,
        by: UserId,
    ) -> Result<(Membership<S::Attrs>, Membership<S::Attrs>), Error> {
        let gone = || Error::NotFound("membership");
        let organization = tx.membership(id).await?.ok_or_else(gone)?.organization;
        self.lock_organization(tx, organization).await?;
        let member = tx.membership(id).await?.ok_or_else(gone)?;
        if version.is_some_and(|version| version != member.version) {
            return Err(Error::Stale("membership"));
        }
        let manager = tx.membership_of(organization, by).await?.ok_or_else(gone)?;
        Ok((member, manager))
    }
}
