use super::{Action, Caller, Target};
use crate::attrs::Attrs;
use crate::ids::OrganizationId;

/// That somebody was refused something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denial {
    /// What was asked for.
    pub action: Action,
    /// Of what.
    pub target: Target,
    /// The organization of the target, if whoever asked belongs to it; its audit log has the denial then. Nobody
    /// writes into the log of others by asking for what is theirs.
    pub organization: Option<OrganizationId>,
}

impl Denial {
    /// That a caller was refused something.
    pub fn of<A: Attrs>(caller: &Caller<A>, action: Action, target: &Target) -> Self {
        Self { action, target: *target, organization: caller.own_organization(target) }
    }

    /// That somebody was refused what the service does for no target in particular.
    pub const fn of_service(action: Action) -> Self {
        Self { action, target: Target::Service, organization: None }
    }
}
