use super::Accounts;
use crate::access::AccessRule;
use crate::attrs::Attrs;
use crate::authz::FreshUser;
use crate::entity::{AccessRestriction, Client, ClientOwner};
use crate::error::{Error, Obstruction};
use crate::event::Event;
use crate::ids::{ClientId, RestrictionId};
use crate::origin::Origin;
use crate::store::Store;

/// Which roles a client gets, and which it loses.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientRoleChange<A: Attrs> {
    /// Those it gets, if it does not have them.
    pub granted: Vec<A::ClientRole>,
    /// Those it loses, if it has them.
    pub revoked: Vec<A::ClientRole>,
}

impl<S: Store> Accounts<S> {
    /// Restricts from where and for what the requests of a client may come, inside the caller's unit of work. A
    /// rule that is there already stays as it is.
    ///
    /// [`Error::Invalid`] when it would have more than [`AccessRestriction::MOST`].
    pub async fn restrict_client(
        &self,
        tx: &mut S::Tx<'_>,
        id: ClientId,
        rules: &[AccessRule],
        origin: &Origin,
    ) -> Result<Client<S::Attrs>, Error> {
        let before = self.present_client(tx, id).await?;
        let mut restrictions = before.restrictions.clone();
        for rule in rules {
            if !restrictions.iter().any(|it| it.rule() == Some(rule)) {
                let id = RestrictionId::new(self.now(), self.entropy());
                restrictions.push(AccessRestriction::new(id, rule.clone()));
            }
        }
        if restrictions.len() > AccessRestriction::MOST {
            return Err(Error::Invalid(vec![too_many_restrictions()]));
        }
        self.replace_restrictions(tx, &before, restrictions, origin).await
    }

    /// Takes restrictions from a client, all of these or none, inside the caller's unit of work.
    /// [`Error::NotFound`] when one of them is not there.
    pub async fn unrestrict_client(
        &self,
        tx: &mut S::Tx<'_>,
        id: ClientId,
        restrictions: &[RestrictionId],
        origin: &Origin,
    ) -> Result<Client<S::Attrs>, Error> {
        let before = self.present_client(tx, id).await?;
        let is_there = |id: &RestrictionId| before.restrictions.iter().any(|it| it.id() == *id);
        if !restrictions.iter().all(is_there) {
            return Err(Error::NotFound("access restriction"));
        }
        let mut kept = before.restrictions.clone();
        kept.retain(|it| !restrictions.contains(&it.id()));
        self.replace_restrictions(tx, &before, kept, origin).await
    }

    async fn replace_restrictions(
        &self,
        tx: &mut S::Tx<'_>,
        before: &Client<S::Attrs>,
        restrictions: Vec<AccessRestriction>,
        origin: &Origin,
    ) -> Result<Client<S::Attrs>, Error> {
        if restrictions == before.restrictions {
            return Ok(before.clone());
        }
        let after = Client { restrictions, ..before.clone() };
        let after = self.replace_client(tx, before, after).await?;
        let event = Event::ClientRestrictionsChanged { before, after: &after };
        self.record(tx, &event, origin).await?;
        Ok(after)
    }

    /// Changes the roles of a client on behalf of an administrator, inside the caller's unit of work.
    /// [`Error::Forbidden`] for a personal key, which has the rights of its owner and no others (R-CL-04).
    pub async fn change_client_roles(
        &self,
        tx: &mut S::Tx<'_>,
        id: ClientId,
        change: &ClientRoleChange<S::Attrs>,
        by: &FreshUser,
        origin: &Origin,
    ) -> Result<Client<S::Attrs>, Error> {
        self.still_in(tx, by).await?;
        let before = self.present_client(tx, id).await?;
        if matches!(before.owner, ClientOwner::User(_)) {
            return Err(Error::Forbidden);
        }
        let mut roles = before.roles.clone();
        roles.retain(|role| !change.revoked.contains(role));
        for role in &change.granted {
            if !roles.contains(role) {
                roles.push(*role);
            }
        }
        if roles == before.roles {
            return Ok(before);
        }
        let after = Client { roles, ..before.clone() };
        let after = self.replace_client(tx, &before, after).await?;
        let event = Event::ClientRolesChanged { before: &before, after: &after };
        self.record(tx, &event, origin).await?;
        Ok(after)
    }
}

/// A client has no more restrictions than can be looked at with every request.
pub fn too_many_restrictions() -> Obstruction {
    Obstruction::new("TOO_MANY_RESTRICTIONS", "A client may have at most 100 restrictions.")
        .at("/restrictions")
        .with("max", AccessRestriction::MOST as u64)
}
