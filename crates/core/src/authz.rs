//! Who asks, and what they may do: the whole policy, one table.

mod caller;
mod target;

pub use caller::{Caller, ClientCaller, FreshUser, UserCaller};
pub use target::{Permissions, Standing, Target};

use crate::attrs::{Attrs, Role};
use crate::error::Error;

/// What can be asked for; a route names one or does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Look at public descriptions of the service.
    ReadService,
    /// Ask who one is.
    ReadCaller,
    /// Sign up, log in, refresh, log out, verify: what is proven by its own token or code.
    Authenticate,
    /// See a user.
    ReadUser,
    /// Change a user's name or attributes.
    UpdateUser,
    /// Delete a user.
    DeleteUser,
    /// Shut the account of a user, open it again, or take its deletion back.
    BanUser,
    /// Change the roles of a user.
    ChangeRoles,
    /// List the users.
    ListUsers,
    /// Get everything that is held about a user.
    ExportUser,
    /// Have the verification of a claimed address sent again.
    ResendVerification,
    /// Choose another password, or the first one (R-PW-11).
    ChangePassword,
    /// Read what the audit log has about a user.
    ReadUserAudit,
    /// Read the whole audit log.
    ReadAudit,
    /// See the sessions of a user.
    ReadSessions,
    /// End sessions of a user.
    EndSessions,
    /// Enrol an authenticator app, or make recovery codes.
    EnrolFactor,
    /// Remove an authenticator app.
    RemoveFactor,
    /// List one's organizations, or make a new one.
    UseOrganizations,
    /// See an organization.
    ReadOrganization,
    /// Change an organization.
    UpdateOrganization,
    /// Archive an organization, or take it back.
    ArchiveOrganization,
    /// Give an organization to another member.
    TransferOrganization,
    /// See the members of an organization.
    ReadMembers,
    /// Change the role of a member.
    UpdateMember,
    /// Remove a member, or leave.
    RemoveMember,
    /// See, send and revoke invitations.
    Invite,
    /// Read the audit log of an organization.
    ReadOrganizationAudit,
}

/// What a caller is to a target; the rows of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Nobody: no live session.
    Anonymous,
    /// A user, to the service or to another user.
    Other,
    /// A user, to himself.
    Own,
    /// An administrator of the deployment, to the service, to another user, or to any organization.
    Administrator,
    /// A member who may read.
    Reader,
    /// A member who may edit.
    Editor,
    /// A member who may manage.
    Manager,
    /// A member who may delete.
    Deleter,
}

/// What the policy answers, the most permissive first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// It may be done.
    Allow,
    /// A session is needed.
    Authenticate,
    /// It may not be done, by somebody who may know that the target is there.
    Forbid,
    /// It may not be done, and the target looks as if it were not there (R-AZ-03).
    Hide,
}

impl Action {
    /// Every action, in the order of the policy table.
    pub const ALL: [Self; 28] = [
        Self::ReadService,
        Self::ReadCaller,
        Self::Authenticate,
        Self::ReadUser,
        Self::UpdateUser,
        Self::DeleteUser,
        Self::BanUser,
        Self::ChangeRoles,
        Self::ListUsers,
        Self::ExportUser,
        Self::ResendVerification,
        Self::ChangePassword,
        Self::ReadUserAudit,
        Self::ReadAudit,
        Self::ReadSessions,
        Self::EndSessions,
        Self::EnrolFactor,
        Self::RemoveFactor,
        Self::UseOrganizations,
        Self::ReadOrganization,
        Self::UpdateOrganization,
        Self::ArchiveOrganization,
        Self::TransferOrganization,
        Self::ReadMembers,
        Self::UpdateMember,
        Self::RemoveMember,
        Self::Invite,
        Self::ReadOrganizationAudit,
    ];
}

impl Action {
    /// Whether it changes what an account is proven by, or hands out a secret: then the caller must have
    /// authenticated a moment ago (R-MF-04, R-SE-14).
    pub const fn needs_fresh(self) -> bool {
        match self {
            Self::ReadService
            | Self::ReadCaller
            | Self::Authenticate
            | Self::ReadUser
            | Self::UpdateUser
            | Self::BanUser
            | Self::ListUsers
            | Self::ResendVerification
            // Its flow asks: what is needed depends on what there is.
            | Self::ChangePassword
            | Self::ReadUserAudit
            | Self::ReadAudit
            | Self::ReadSessions
            | Self::EndSessions
            | Self::UseOrganizations
            | Self::ReadOrganization
            | Self::UpdateOrganization
            | Self::ReadMembers
            | Self::UpdateMember
            | Self::RemoveMember
            | Self::Invite
            | Self::ReadOrganizationAudit => false,
            Self::DeleteUser
            | Self::ChangeRoles
            | Self::ExportUser
            | Self::EnrolFactor
            | Self::RemoveFactor
            | Self::ArchiveOrganization
            | Self::TransferOrganization => true,
        }
    }
}

impl Relation {
    /// Every relation, in the order of the policy table.
    pub const ALL: [Self; 8] = [
        Self::Anonymous,
        Self::Other,
        Self::Own,
        Self::Administrator,
        Self::Reader,
        Self::Editor,
        Self::Manager,
        Self::Deleter,
    ];
}

/// The policy: exhaustive over actions and relations, so that a new one must be decided here (R-AZ-01,
/// R-AZ-02).
pub const fn decide(action: Action, relation: Relation) -> Decision {
    use Decision::{Allow, Authenticate, Forbid, Hide};
    use Relation::{Administrator, Anonymous, Deleter, Editor, Manager, Other, Own, Reader};
    match action {
        Action::ReadService | Action::ReadCaller | Action::Authenticate => Allow,
        Action::ReadUser
        | Action::UpdateUser
        | Action::DeleteUser
        | Action::ExportUser
        | Action::ReadUserAudit
        | Action::ReadSessions
        | Action::EndSessions => match relation {
            Anonymous => Authenticate,
            Own | Administrator => Allow,
            Other | Reader | Editor | Manager | Deleter => Hide,
        },
        // Nobody does this to himself.
        Action::BanUser | Action::ChangeRoles => match relation {
            Anonymous => Authenticate,
            Administrator => Allow,
            Own => Forbid,
            Other | Reader | Editor | Manager | Deleter => Hide,
        },
        Action::ListUsers | Action::ReadAudit => match relation {
            Anonymous => Authenticate,
            Administrator => Allow,
            Other | Own | Reader | Editor | Manager | Deleter => Forbid,
        },
        Action::ResendVerification | Action::ChangePassword => match relation {
            Anonymous => Authenticate,
            Own => Allow,
            Other | Administrator | Reader | Editor | Manager | Deleter => Hide,
        },
        Action::EnrolFactor => match relation {
            Anonymous => Authenticate,
            Own => Allow,
            Other | Administrator | Reader | Editor | Manager | Deleter => Hide,
        },
        Action::RemoveFactor => match relation {
            Anonymous => Authenticate,
            Own | Administrator => Allow,
            Other | Reader | Editor | Manager | Deleter => Hide,
        },
        Action::UseOrganizations => match relation {
            Anonymous => Authenticate,
            Other | Own | Administrator | Reader | Editor | Manager | Deleter => Allow,
        },
        Action::ReadOrganization | Action::ReadMembers => match relation {
            Anonymous => Authenticate,
            Other => Hide,
            Reader | Administrator => Allow,
            Own | Editor | Manager | Deleter => Forbid,
        },
        Action::UpdateOrganization => match relation {
            Anonymous => Authenticate,
            Other => Hide,
            Editor => Allow,
            Own | Administrator | Reader | Manager | Deleter => Forbid,
        },
        Action::ArchiveOrganization => match relation {
            Anonymous => Authenticate,
            Other => Hide,
            Deleter | Administrator => Allow,
            Own | Reader | Editor | Manager => Forbid,
        },
        Action::TransferOrganization => match relation {
            Anonymous => Authenticate,
            Other => Hide,
            Deleter => Allow,
            Own | Administrator | Reader | Editor | Manager => Forbid,
        },
        Action::UpdateMember | Action::Invite => match relation {
            Anonymous => Authenticate,
            Other => Hide,
            Manager => Allow,
            Own | Administrator | Reader | Editor | Deleter => Forbid,
        },
        Action::RemoveMember => match relation {
            Anonymous => Authenticate,
            Other => Hide,
            Own | Manager => Allow,
            Administrator | Reader | Editor | Deleter => Forbid,
        },
        Action::ReadOrganizationAudit => match relation {
            Anonymous => Authenticate,
            Other => Hide,
            Manager | Administrator => Allow,
            Own | Reader | Editor | Deleter => Forbid,
        },
    }
}

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
