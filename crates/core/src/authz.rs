//! Who asks, and what they may do: the whole policy, one table.

mod action;
mod caller;
mod policy;
mod target;

pub use action::Action;
pub use caller::{Caller, ClientCaller, FreshUser, UserCaller};
pub use policy::{Decision, Relation, decide};
pub use target::{Permissions, Standing, Target};

use crate::attrs::{Attrs, Role};
use crate::error::Error;

impl<A: Attrs> Caller<A> {
    /// Whether this may be done: the only way to authorise.
    pub fn may(&self, action: Action, target: &Target) -> Result<(), Error> {
        // The best answer to any of the caller's relations counts.
        let decisions = self.relations(target).into_iter().flatten().map(|it| decide(action, it));
        match decisions.min().unwrap_or(Decision::Hide) {
            Decision::Allow => Ok(()),
            Decision::Authenticate => Err(Error::Unauthenticated),
            Decision::Forbid => Err(Error::Forbidden),
            Decision::Hide => Err(Error::NotFound(target.name())),
        }
    }

    /// Everything that the caller is to the target; each relation is asked on its own, so that one more never
    /// takes a right away.
    fn relations(&self, target: &Target) -> [Option<Relation>; 7] {
        let mut relations = [None; 7];
        let Some(user) = &self.user else {
            relations[0] = Some(Relation::Anonymous);
            return relations;
        };
        let administrator = user.roles.iter().any(|role| role.is_administrator());
        let administrator = administrator.then_some(Relation::Administrator);
        match target {
            Target::User(owner) | Target::Session { user: owner, .. } if user.id == *owner => {
                relations[0] = Some(Relation::Own);
            }
            Target::Service | Target::User(_) | Target::Session { .. } => {
                relations[0] = administrator.or(Some(Relation::Other));
            }
            Target::Organization(standing) => {
                relations[..6].copy_from_slice(&standing.relations());
                relations[6] = administrator;
            }
        }
        relations
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs::{Plain, StandardRole};
    use crate::entity::Method;
    use crate::ids::{OrganizationId, SessionId, UserId};
    use crate::time::Timestamp;
    use std::fmt::Write;

    fn caller(id: u8, role: StandardRole) -> Caller {
        let user = UserCaller {
            id: UserId::from_bytes([id; 16]),
            session_id: SessionId::from_bytes([9; 16]),
            roles: vec![role],
            scopes: None,
            methods: vec![Method::Password],
            authenticated_at: Timestamp::from_millis(0),
        };
        Caller { client: None, ip: None, user: Some(user) }
    }

    /// The reviewed table; change it together with the policy.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "`UPDATE=1` writes the golden file anew")]
    fn the_policy_is_the_reviewed_table() {
        // R-AZ-01
        let mut table = String::from("action               ");
        for relation in Relation::ALL {
            write!(table, " {:13}", format!("{relation:?}")).unwrap();
        }
        for action in Action::ALL {
            write!(table, "\n{:21}", format!("{action:?}")).unwrap();
            for relation in Relation::ALL {
                write!(table, " {:13}", format!("{:?}", decide(action, relation))).unwrap();
            }
        }
        let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
        let table = lines.join("\n") + "\n";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/authz.golden.txt");
        if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
            std::fs::write(path, &table).unwrap();
        }
        assert_eq!(table, std::fs::read_to_string(path).unwrap());
    }

    #[test]
    fn a_right_in_an_organization_is_a_permission_of_the_role_there() {
        // R-AZ-03, R-AZ-06
        use crate::attrs::StandardOrganizationRole::{Admin, Editor, Owner, Viewer};
        let standing = |role: Option<_>, archived, own| {
            Target::Organization(Standing {
                organization: OrganizationId::from_bytes([5; 16]),
                archived,
                permissions: role.map(Permissions::of),
                own,
            })
        };
        let ada = caller(1, StandardRole::User);
        let may = |action, role, archived| ada.may(action, &standing(role, archived, false));
        assert!(may(Action::UpdateOrganization, Some(Editor), false).is_ok());
        assert!(matches!(
            may(Action::UpdateOrganization, Some(Viewer), false),
            Err(Error::Forbidden)
        ));
        assert!(matches!(
            may(Action::ReadOrganization, None, false),
            Err(Error::NotFound("organization"))
        ));
        assert!(matches!(may(Action::UpdateMember, Some(Owner), true), Err(Error::Forbidden)));
        assert!(may(Action::ArchiveOrganization, Some(Owner), true).is_ok());
        assert!(matches!(
            may(Action::ArchiveOrganization, Some(Admin), false),
            Err(Error::Forbidden)
        ));
        assert!(ada.may(Action::RemoveMember, &standing(Some(Viewer), false, true)).is_ok());
        let administrator = caller(1, StandardRole::Administrator);
        assert!(administrator.may(Action::ReadMembers, &standing(None, false, false)).is_ok());
        assert!(administrator.may(Action::Invite, &standing(None, false, false)).is_err());
    }

    #[test]
    fn a_foreign_user_looks_like_a_missing_one() {
        // R-AZ-03
        let target = Target::User(UserId::from_bytes([2; 16]));
        let other = caller(1, StandardRole::User).may(Action::ReadUser, &target);
        assert!(matches!(other, Err(Error::NotFound("user"))));
        assert!(caller(2, StandardRole::User).may(Action::ReadUser, &target).is_ok());
        assert!(caller(1, StandardRole::Administrator).may(Action::ReadUser, &target).is_ok());
        let nobody = Caller::<Plain>::anonymous(None).may(Action::ReadUser, &target);
        assert!(matches!(nobody, Err(Error::Unauthenticated)));
    }
}
