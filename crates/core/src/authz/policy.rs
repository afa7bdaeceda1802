use super::Action;

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
