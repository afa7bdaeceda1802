//! Who owns an organization: somebody with an active account, as long as it is in use.

use super::Accounts;
use crate::attrs::{Attrs, OrganizationRole};
use crate::authz::FreshUser;
use crate::entity::{Membership, User, UserStatus};
use crate::error::{Error, Obstruction};
use crate::event::Event;
use crate::ids::{MembershipId, OrganizationId, UserId};
use crate::origin::Origin;
use crate::page::Slice;
use crate::store::{Memberships, Organizations, Store};

impl<S: Store> Accounts<S> {
    /// Gives an organization to another member, inside the caller's unit of work: the two swap their roles.
    /// Answers the membership of the new owner.
    ///
    /// [`Error::Forbidden`] unless the caller is an owner, [`Error::InsufficientAuthentication`] when the organization asks
    /// for a stronger one than that of the caller's session (R-MF-01), [`Error::NotFound`] when the other one is no
    /// member, and [`Error::Invalid`] when it is the caller himself or an owner already.
    pub async fn transfer_organization(
        &self,
        tx: &mut S::Tx<'_>,
        id: OrganizationId,
        to: MembershipId,
        by: &FreshUser,
        origin: &Origin,
    ) -> Result<Membership<S::Attrs>, Error> {
        let owner = <S::Attrs as Attrs>::OrganizationRole::OWNER;
        self.still_in(tx, by).await?;
        let place = self.lock_active_organization(tx, id).await?;
        let giver = tx.membership_of(id, by.id()).await?.ok_or(Error::Forbidden)?;
        if giver.role != owner {
            return Err(Error::Forbidden);
        }
        by.strength().meets(place.authentication)?;
        let taker = tx.membership(to).await?.filter(|taker| taker.organization == id);
        let taker = taker.ok_or(Error::NotFound("membership"))?;
        if taker.role == owner {
            return Err(Error::Invalid(vec![
                Obstruction::new("OWNER_ALREADY", "Must be a member who is no owner yet.")
                    .at("/membershipId"),
            ]));
        }
        if self.present_user(tx, taker.user).await?.status != UserStatus::Active {
            return Err(Error::NotFound("membership"));
        }
        let after = self.replace_membership(tx, &taker, owner, origin).await?;
        self.replace_membership(tx, &giver, taker.role, origin).await?;
        let event =
            Event::OrganizationTransferred { organization: id, from: giver.user, to: after.user };
        self.record(tx, &event, origin).await?;
        Ok(after)
    }

    /// Makes a user the owner of an organization that has none with an active account, archived or not, inside the
    /// caller's unit of work; he need not be a member yet. Former owners stay what they are.
    ///
    /// A ban is never refused because of what somebody owns, so this is how an administrator repairs what it leaves
    /// behind. [`Error::NotFound`] when the user's account is not active, and [`Error::Invalid`] when another one owns
    /// the organization.
    pub async fn appoint_owner(
        &self,
        tx: &mut S::Tx<'_>,
        id: OrganizationId,
        user: UserId,
        by: &FreshUser,
        origin: &Origin,
    ) -> Result<Membership<S::Attrs>, Error> {
        self.still_in(tx, by).await?;
        self.set_owner(tx, id, user, origin).await
    }

    /// Appoints an owner as [`appoint_owner`](Self::appoint_owner) does, for whoever runs the deployment, as by its command
    /// line: nobody is asked whether he may.
    pub async fn set_owner(
        &self,
        tx: &mut S::Tx<'_>,
        id: OrganizationId,
        user: UserId,
        origin: &Origin,
    ) -> Result<Membership<S::Attrs>, Error> {
        let owner = <S::Attrs as Attrs>::OrganizationRole::OWNER;
        self.lock_organization(tx, id).await?;
        if self.present_user(tx, user).await?.status != UserStatus::Active {
            return Err(Error::NotFound("user"));
        }
        let before = tx.membership_of(id, user).await?;
        if let Some(owns) = before.as_ref().filter(|before| before.role == owner) {
            return Ok(owns.clone());
        }
        if tx.count_members(id, owner).await? > 0 {
            let text = "Somebody with an active account owns the organization; it is for him to give it away.";
            return Err(Error::Invalid(vec![Obstruction::new("OWNER_PRESENT", text)]));
        }
        let after = match before {
            Some(member) => self.replace_membership(tx, &member, owner, origin).await?,
            None => self.add_member(tx, id, user, (owner, None), origin).await?,
        };
        self.record(tx, &Event::OwnerAppointed { organization: id, user }, origin).await?;
        Ok(after)
    }

    /// [`Error::Last`] when a user is the last one who owns an organization that is in use: he gives it to
    /// somebody else, or archives it, before he goes (GW-43).
    ///
    /// The unit of work holds all his organizations, so that none is restored, and none is given to him, meanwhile.
    pub(super) async fn check_owns_nothing_alone(
        &self,
        tx: &mut S::Tx<'_>,
        user: &User<S::Attrs>,
    ) -> Result<(), Error> {
        let counted = u64::from(user.status == UserStatus::Active);
        let owner = <S::Attrs as Attrs>::OrganizationRole::OWNER;
        let mut slice = Slice { after: None, limit: 100 };
        loop {
            let rows = tx.organizations_of(user.id, slice).await?;
            for own in &rows {
                let id = own.organization.id;
                self.lock_organization(tx, id).await?;
                let present = tx.membership_of(id, user.id).await?;
                let owns = present.is_some_and(|present| present.role == owner);
                let in_use = self.present_organization(tx, id, None).await?.archived.is_none();
                if owns && in_use && tx.count_members(id, owner).await? <= counted {
                    return Err(Error::Last("owner"));
                }
            }
            match rows.last() {
                Some(last) if rows.len() == slice.limit as usize => {
                    slice.after = Some(last.organization.id);
                }
                Some(_) | None => return Ok(()),
            }
        }
    }

    /// Whether somebody owns the organization after this member has lost his role.
    pub(super) async fn check_owned(
        &self,
        tx: &mut S::Tx<'_>,
        before: &Membership<S::Attrs>,
    ) -> Result<(), Error> {
        let owner = <S::Attrs as Attrs>::OrganizationRole::OWNER;
        if before.role == owner && tx.count_members(before.organization, owner).await? == 0 {
            return Err(Error::Last("owner"));
        }
        Ok(())
    }
}
