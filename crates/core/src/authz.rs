//! Who asks, and what they may do: the whole policy, one table.

mod action;
mod caller;
mod denial;
mod policy;
mod target;

pub use action::Action;
pub use caller::{Caller, ClientCaller, Enroller, FreshUser, UserCaller};
pub use denial::Denial;
pub use policy::{Decision, Relation, decide};
pub use target::{ClientOf, Permissions, Standing, Target};

use caller::Principal;

use crate::attrs::Attrs;
use crate::error::Error;
use crate::ids::OrganizationId;

impl<A: Attrs> Caller<A> {
    /// Whether this may be done: the only way to authorise.
    pub fn may(&self, action: Action, target: &Target) -> Result<(), Error> {
        let principal = match &self.enrolling {
            // R-MF-01
            Some(user) if action.is_open_to_enrolling() => {
                Some(Principal::User { id: user.id, administrator: false, by_key: false })
            }
            Some(_) | None => self.principal(),
        };
        // The best answer to any of the caller's relations counts.
        let best = |role_counts| {
            let relations = relations(principal, target, role_counts).into_iter().flatten();
            relations.map(|it| decide(action, it)).min().unwrap_or(Decision::Hide)
        };
        let decision = best(true);
        let by_key = matches!(principal, Some(Principal::User { by_key: true, .. }));
        let by_actor = self.user.as_ref().is_some_and(|user| user.actor.is_some());
        match decision {
            // R-CL-04
            Decision::Allow if by_key && !action.is_open_to_keys() => Err(Error::Forbidden),
            Decision::Allow if by_actor && !action.is_open_to_actors() => Err(Error::Forbidden),
            Decision::Allow => match self.check_strength(target) {
                // What is allowed for another reason than the role needs no more (R-MF-01).
                Err(_) if best(false) == Decision::Allow => Ok(()),
                checked => checked,
            },
            Decision::Authenticate => Err(self.unproven()),
            Decision::Forbid => Err(Error::Forbidden),
            Decision::Hide => Err(Error::NotFound(target.name())),
        }
    }

    /// Whether a role in the organization of the target counts for the caller, as far as that is a question of how the
    /// caller is authenticated.
    fn check_strength(&self, target: &Target) -> Result<(), Error> {
        match target.standing() {
            Some(standing) => self.strength().meets(standing.authentication),
            None => Ok(()),
        }
    }

    /// The organization of a target, if the caller belongs to it: as a member, or by itself as a client of it.
    pub fn own_organization(&self, target: &Target) -> Option<OrganizationId> {
        let standing = target.standing()?;
        let belongs = match self.principal()? {
            Principal::User { .. } => standing.permissions.is_some(),
            Principal::Client { organization, .. } => organization == Some(standing.organization),
        };
        belongs.then_some(standing.organization)
    }
}

/// Everything that the caller is to the target; each relation is asked on its own, so that one more never
/// takes a right away. Those that come by a role in an organization are there only if that counts.
fn relations(
    principal: Option<Principal>,
    target: &Target,
    role_counts: bool,
) -> [Option<Relation>; 7] {
    let mut relations = [None; 7];
    match principal {
        None => relations[0] = Some(Relation::Anonymous),
        Some(Principal::User { id, administrator, by_key: _ }) => {
            let administrator = administrator.then_some(Relation::Administrator);
            match target {
                Target::User(owner)
                | Target::Session { user: owner, .. }
                | Target::Client { of: ClientOf::User(owner), .. }
                    if id == *owner =>
                {
                    relations[0] = Some(Relation::Own);
                }
                Target::Service
                | Target::User(_)
                | Target::Session { .. }
                | Target::Client { of: ClientOf::User(_), .. } => {
                    relations[0] = administrator.or(Some(Relation::Other));
                }
                Target::Organization(standing)
                | Target::Membership { standing, .. }
                | Target::Invitation { standing, .. }
                | Target::Client { of: ClientOf::Organization(standing), .. } => {
                    relations[..6].copy_from_slice(&standing.relations(role_counts));
                    relations[6] = administrator;
                }
            }
        }
        Some(Principal::Client { organization, system }) => {
            let own = target.standing().is_some_and(|it| organization == Some(it.organization));
            relations[0] = Some(if own { Relation::OwnClient } else { Relation::OtherClient });
            relations[1] = system.then_some(Relation::SystemClient);
        }
    }
    relations
}

#[cfg(test)]
mod tests;
