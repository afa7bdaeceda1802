use super::Accounts;
use crate::attrs::Attrs;
use crate::authz::FreshUser;
use crate::entity::{User, UserStatus};
use crate::error::Error;
use crate::event::{EndReason, Event};
use crate::ids::UserId;
use crate::origin::Origin;
use crate::store::Store;

/// Which roles a user gets, and which he loses.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleChange<A: Attrs> {
    /// Those he gets, if he does not have them.
    pub granted: Vec<A::UserRole>,
    /// Those he loses, if he has them.
    pub revoked: Vec<A::UserRole>,
}

impl<S: Store> Accounts<S> {
    /// Changes the roles of a user, inside the caller's unit of work. Whoever may do more or less than before
    /// logs in anew: his sessions end (R-SE-03).
    ///
    /// [`Error::Last`] when nobody would administer any more (R-AZ-05), and [`Error::Deleted`] for a deleted
    /// account.
    pub async fn change_roles(
        &self,
        tx: &mut S::Tx<'_>,
        id: UserId,
        change: &RoleChange<S::Attrs>,
        by: &FreshUser,
        origin: &Origin,
    ) -> Result<User<S::Attrs>, Error> {
        self.still_in(tx, by).await?;
        self.assign_roles(tx, id, change, origin).await
    }

    /// Changes roles as [`change_roles`](Self::change_roles) does, for whoever runs the deployment, as by its command
    /// line: nobody is asked whether he may.
    pub async fn assign_roles(
        &self,
        tx: &mut S::Tx<'_>,
        id: UserId,
        change: &RoleChange<S::Attrs>,
        origin: &Origin,
    ) -> Result<User<S::Attrs>, Error> {
        let before = self.present_user(tx, id).await?;
        if before.status == UserStatus::Deleted {
            return Err(Error::Deleted);
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
        let changed = User { roles, ..before.clone() };
        let after = self.replace_user(tx, &before, changed).await?;
        self.end_sessions(tx, id, None, EndReason::RolesChanged, origin).await?;
        self.record(tx, &Event::RolesChanged { before: &before, after: &after }, origin).await?;
        Ok(after)
    }
}
