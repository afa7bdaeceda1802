use super::Accounts;
use crate::attrs::{Attrs, OrganizationRole, Permission, Role};
use crate::authz::{Caller, FreshUser, Permissions, Standing};
use crate::entity::{
    AuthenticationStrength, Organization, OrganizationMatch, OwnMembership, SearchKey,
};
use crate::error::{Error, Obstruction};
use crate::event::Event;
use crate::ids::{OrganizationId, UserId};
use crate::origin::Origin;
use crate::page::{Page, Slice};
use crate::store::{
    Memberships, MembershipsMut, OrganizationQuery, Organizations, OrganizationsMut, Read, Store,
    StoreError, Users,
};
use crate::text::PersonName;

/// An organization to be.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOrganization<A: Attrs> {
    /// What it is called.
    pub name: PersonName,
    /// How strongly its members have to be authenticated.
    pub authentication: AuthenticationStrength,
    /// The application's own fields.
    pub attrs: A::Organization,
}

/// What is to be different about an organization; `None` leaves a field as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganizationChange<A: Attrs> {
    /// The new name.
    pub name: Option<PersonName>,
    /// How strongly its members have to be authenticated from now on.
    pub authentication: Option<AuthenticationStrength>,
    /// The new fields of the application.
    pub attrs: Option<A::Organization>,
    /// The version that the caller looked at; another one is [`Error::Stale`].
    pub version: Option<i64>,
}

impl<S: Store> Accounts<S> {
    /// What a caller is to an organization at this moment (R-AZ-06); to his own membership, if `own` is that.
    ///
    /// [`Error::NotFound`] when there is no such organization.
    pub async fn standing(
        &self,
        caller: &Caller<S::Attrs>,
        id: OrganizationId,
        own: Option<UserId>,
    ) -> Result<Standing, Error> {
        if !caller.is_authenticated() {
            return Err(caller.unproven());
        }
        // A client by itself is no member.
        let user = caller.acting_user().ok();
        let mut read = self.read().await?;
        let organization = read.organization(id).await?.ok_or(Error::NotFound("organization"))?;
        let membership = match user {
            Some(user) => read.membership_of(id, user).await?,
            None => None,
        };
        Ok(Standing {
            organization: id,
            archived: organization.archived.is_some(),
            authentication: organization.authentication,
            permissions: membership.map(|membership| Permissions::of(membership.role)),
            own: user.is_some() && own == user,
        })
    }

    /// The organization with this id, archived or not.
    pub async fn organization(&self, id: OrganizationId) -> Result<Organization<S::Attrs>, Error> {
        let found = self.read().await?.organization(id).await?;
        found.ok_or(Error::NotFound("organization"))
    }

    /// A part of the organizations that a user is a member of, each with the membership, the newest first.
    pub async fn organizations_of(
        &self,
        user: UserId,
        slice: Slice<OrganizationId>,
    ) -> Result<Page<OwnMembership<S::Attrs>, OrganizationId>, Error> {
        let mut read = self.read().await?;
        if read.user(user).await?.is_none_or(|user| user.is_gone(self.now())) {
            return Err(Error::NotFound("user"));
        }
        let rows = read.organizations_of(user, slice.and_one_more()).await?;
        Ok(slice.page(rows, |own| own.organization.id))
    }

    /// A part of all organizations that fit, the newest first.
    pub async fn list_organizations(
        &self,
        query: &OrganizationQuery,
        slice: Slice<OrganizationId>,
    ) -> Result<Page<Organization<S::Attrs>, OrganizationId>, Error> {
        let mut read = self.read().await?;
        let rows = read.list_organizations(query, slice.and_one_more()).await?;
        Ok(slice.page(rows, |organization| organization.id))
    }

    /// A part of the organizations that fit and whose name begins with this, in the order of names.
    pub async fn search_organizations(
        &self,
        begin: &SearchKey,
        query: &OrganizationQuery,
        slice: Slice<OrganizationMatch>,
    ) -> Result<Page<Organization<S::Attrs>, OrganizationMatch>, Error> {
        let mut read = self.read().await?;
        let rows = read.search_organizations(begin, query, slice.and_one_more()).await?;
        let Page { rows, next } = slice.page(rows, |found| found.place.clone());
        Ok(Page { rows: rows.into_iter().map(|found| found.organization).collect(), next })
    }

    /// Makes an organization, inside the caller's unit of work; whoever makes it is its owner.
    ///
    /// [`Error::Invalid`] for somebody who is a member of [`Organization::MOST_PER_USER`] already, and who asks of members
    /// what the own session has not proven; [`Error::Forbidden`] for a personal key that asks anything of them; and
    /// [`Error::Throttled`] when the network has asked for too much (GW-55).
    pub async fn create_organization(
        &self,
        tx: &mut S::Tx<'_>,
        new: NewOrganization<S::Attrs>,
        by: &Caller<S::Attrs>,
        origin: &Origin,
    ) -> Result<OwnMembership<S::Attrs>, Error> {
        let (now, owner) = (self.now(), by.acting_user()?);
        check_requirable(by, new.authentication)?;
        self.debit_requests(tx, origin, now).await?;
        // Of two that he makes at once the second counts the first.
        let user = self.present_user(tx, owner).await?;
        self.lock_user(tx, user).await?;
        if tx.count_memberships(owner).await? >= Organization::<S::Attrs>::MOST_PER_USER {
            return Err(Error::Invalid(vec![
                Obstruction::new(
                    "TOO_MANY_ORGANIZATIONS",
                    "You are a member of as many organizations as one user may be.",
                )
                .with("max", Organization::<S::Attrs>::MOST_PER_USER),
            ]));
        }
        let organization = Organization {
            id: OrganizationId::new(now, self.entropy()),
            name: new.name,
            archived: None,
            authentication: new.authentication,
            version: 1,
            created: now,
            updated: now,
            attrs: new.attrs,
        };
        let role = <S::Attrs as Attrs>::OrganizationRole::OWNER;
        let membership = self.new_membership(organization.id, owner, role);
        tx.insert_organization(&organization).await?;
        tx.insert_membership(&membership).await?;
        let event = Event::OrganizationCreated { organization: &organization, owner };
        self.record(tx, &event, origin).await?;
        Ok(OwnMembership { organization, membership })
    }

    /// Changes an organization on behalf of a member, inside the caller's unit of work.
    ///
    /// [`Error::Stale`] when the change names a version that is no longer the present one, and
    /// [`Error::Forbidden`] when the organization is archived. What is asked of its members is changed by whoever manages
    /// them, or administers the deployment, else it is [`Error::Forbidden`]; by a session of a moment ago, or else it is [`Error::StepUp`]; one that meets what was asked before,
    /// [`Error::InsufficientAuthentication`], and what is asked then, [`Error::Invalid`], so that nobody shuts
    /// themselves out; and never by a personal key, [`Error::Forbidden`] (R-MF-01, R-MF-04).
    pub async fn update_organization(
        &self,
        tx: &mut S::Tx<'_>,
        id: OrganizationId,
        change: OrganizationChange<S::Attrs>,
        by: &Caller<S::Attrs>,
        origin: &Origin,
    ) -> Result<Organization<S::Attrs>, Error> {
        let before = self.present_organization(tx, id, change.version).await?;
        if before.archived.is_some() {
            return Err(Error::Forbidden);
        }
        let OrganizationChange { name, authentication, attrs, version: _ } = change;
        let mut after = before.clone();
        after.name = name.unwrap_or(after.name);
        after.authentication = authentication.unwrap_or(after.authentication);
        after.attrs = attrs.unwrap_or(after.attrs);
        if after == before {
            return Ok(before);
        }
        if after.authentication != before.authentication {
            self.check_requirement(tx, &before, after.authentication, by).await?;
        }
        let after = self.replace_organization(tx, &before, after).await?;
        let event = Event::OrganizationUpdated { before: &before, after: &after };
        self.record(tx, &event, origin).await?;
        Ok(after)
    }

    /// Whether what is asked of members may change from one to the other on behalf of somebody.
    async fn check_requirement(
        &self,
        tx: &mut S::Tx<'_>,
        before: &Organization<S::Attrs>,
        after: AuthenticationStrength,
        by: &Caller<S::Attrs>,
    ) -> Result<(), Error> {
        let user = by.user.as_ref().ok_or(Error::Forbidden)?;
        let administers = user.roles.iter().any(|role| role.is_administrator());
        let membership = tx.membership_of(before.id, user.id).await?;
        let manages = membership.is_some_and(|member| member.role.allows(Permission::MANAGE));
        if !manages && !administers {
            return Err(Error::Forbidden);
        }
        let fresh = self.fresh(by)?;
        fresh.strength().meets(before.authentication)?;
        check_requirable(by, after)?;
        self.still_in(tx, &fresh).await
    }

    /// Archives an organization, inside the caller's unit of work: its clients and memberships give no rights
    /// until it is restored, and nothing is made in it. One that is archived already stays so.
    pub async fn archive_organization(
        &self,
        tx: &mut S::Tx<'_>,
        id: OrganizationId,
        version: Option<i64>,
        by: &FreshUser,
        origin: &Origin,
    ) -> Result<Organization<S::Attrs>, Error> {
        self.still_in(tx, by).await?;
        self.close_organization(tx, id, version, origin).await
    }

    /// Archives as [`archive_organization`](Self::archive_organization) does, for whoever runs the deployment, as by its command
    /// line: nobody is asked whether he may.
    pub async fn close_organization(
        &self,
        tx: &mut S::Tx<'_>,
        id: OrganizationId,
        version: Option<i64>,
        origin: &Origin,
    ) -> Result<Organization<S::Attrs>, Error> {
        self.lock_organization(tx, id).await?;
        let before = self.present_organization(tx, id, version).await?;
        if before.archived.is_some() {
            return Ok(before);
        }
        let archived = Organization { archived: Some(self.now()), ..before.clone() };
        let after = self.replace_organization(tx, &before, archived).await?;
        self.record(tx, &Event::OrganizationArchived { organization: &after }, origin).await?;
        Ok(after)
    }

    /// Takes the archival of an organization back, inside the caller's unit of work; everything in it is as it
    /// was. One that is not archived stays as it is.
    ///
    /// [`Error::Invalid`] when nobody whose account is active owns it any more: somebody
    /// [appoints an owner](Self::appoint_owner) first (GW-33).
    pub async fn restore_organization(
        &self,
        tx: &mut S::Tx<'_>,
        id: OrganizationId,
        by: &FreshUser,
        origin: &Origin,
    ) -> Result<Organization<S::Attrs>, Error> {
        self.still_in(tx, by).await?;
        self.reopen_organization(tx, id, origin).await
    }

    /// Takes an archival back as [`restore_organization`](Self::restore_organization) does, for whoever runs the deployment, as by its command
    /// line: nobody is asked whether he may.
    pub async fn reopen_organization(
        &self,
        tx: &mut S::Tx<'_>,
        id: OrganizationId,
        origin: &Origin,
    ) -> Result<Organization<S::Attrs>, Error> {
        self.lock_organization(tx, id).await?;
        let before = self.present_organization(tx, id, None).await?;
        if before.archived.is_none() {
            return Ok(before);
        }
        let owner = <S::Attrs as Attrs>::OrganizationRole::OWNER;
        if tx.count_members(id, owner).await? == 0 {
            let text = "Nobody with an active account owns the organization. An administrator appoints an owner first.";
            return Err(Error::Invalid(vec![Obstruction::new("NO_OWNER", text)]));
        }
        let restored = Organization { archived: None, ..before.clone() };
        let after = self.replace_organization(tx, &before, restored).await?;
        self.record(tx, &Event::OrganizationRestored { organization: &after }, origin).await?;
        Ok(after)
    }

    /// Holds off everybody else who changes who belongs to an organization, or what, until this unit of work is
    /// over.
    pub(super) async fn lock_organization(
        &self,
        tx: &mut S::Tx<'_>,
        id: OrganizationId,
    ) -> Result<(), Error> {
        let there = tx.lock_organization(id).await?;
        if there { Ok(()) } else { Err(Error::NotFound("organization")) }
    }

    /// The same, for work that an archived organization does not take: [`Error::Forbidden`] then.
    pub(super) async fn lock_active_organization(
        &self,
        tx: &mut S::Tx<'_>,
        id: OrganizationId,
    ) -> Result<Organization<S::Attrs>, Error> {
        self.lock_organization(tx, id).await?;
        let organization = self.present_organization(tx, id, None).await?;
        if organization.archived.is_some() { Err(Error::Forbidden) } else { Ok(organization) }
    }

    pub(super) async fn present_organization(
        &self,
        tx: &mut impl Read<S::Attrs>,
        id: OrganizationId,
        version: Option<i64>,
    ) -> Result<Organization<S::Attrs>, Error> {
        let found = tx.organization(id).await?.ok_or(Error::NotFound("organization"))?;
        if version.is_some_and(|version| version != found.version) {
            return Err(Error::Stale("organization"));
        }
        Ok(found)
    }

    async fn replace_organization(
        &self,
        tx: &mut S::Tx<'_>,
        before: &Organization<S::Attrs>,
        after: Organization<S::Attrs>,
    ) -> Result<Organization<S::Attrs>, Error> {
        let after = Organization { version: before.version + 1, updated: self.now(), ..after };
        if tx.update_organization(&after, before.version).await? {
            Ok(after)
        } else {
            Err(Error::Store(StoreError::Conflict))
        }
    }
}

/// Whether somebody may ask this of the members of an organization: by a session, and one that meets it.
fn check_requirable<A: Attrs>(
    by: &Caller<A>,
    required: AuthenticationStrength,
) -> Result<(), Error> {
    if required == AuthenticationStrength::Any {
        return Ok(());
    }
    // What the user of a key could prove they would have to prove first.
    let user = by.user.as_ref().ok_or(Error::Forbidden)?;
    if AuthenticationStrength::of(&user.methods) >= required {
        return Ok(());
    }
    let text = "Must be no more than your own session has proven. Log in so first.";
    Err(Error::Invalid(vec![
        Obstruction::new("AUTHENTICATION_UNPROVEN", text).at("/authentication"),
    ]))
}
