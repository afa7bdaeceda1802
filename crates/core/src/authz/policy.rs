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
    /// A client that proved its secret, to the organization that owns it.
    OwnClient,
    /// A client that proved its secret, to everything else.
    OtherClient,
    /// A client that is a part of the deployment, to everything.
    SystemClient,
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
    pub const ALL: [Self; 11] = [
        Self::Anonymous,
        Self::Other,
        Self::Own,
        Self::Administrator,
        Self::Reader,
        Self::Editor,
        Self::Manager,
        Self::Deleter,
        Self::OwnClient,
        Self::OtherClient,
        Self::SystemClient,
    ];
}

/// The policy: exhaustive over actions and relations, so that a new one must be decided here (R-AZ-01,
/// R-AZ-02).
#[expect(clippy::too_many_lines, reason = "a table is read row by row")]
pub const fn decide(action: Action, relation: Relation) -> Decision {
    use Decision::{Allow, Authenticate, Forbid, Hide};
    use Relation::{
        Administrator, Anonymous, Deleter, Editor, Manager, Other, OtherClient, Own, OwnClient,
        Reader, SystemClient,
    };
    match action {
        Action::ReadService | Action::ReadCaller | Action::Authenticate => Allow,
        Action::UseUpstream => match relation {
            Anonymous => Authenticate,
            Other | Own | Administrator | Reader | Editor | Manager | Deleter | OwnClient
            | OtherClient | SystemClient => Allow,
        },
        Action::ReadUser | Action::ReadUserAudit | Action::ReadSessions | Action::EndSessions => {
            match relation {
                Anonymous => Authenticate,
                Own | Administrator | SystemClient => Allow,
                Other | Reader | Editor | Manager | Deleter | OwnClient | OtherClient => Hide,
            }
        }
        Action::UpdateUser | Action::DeleteUser | Action::ExportUser | Action::RemoveFactor => {
            match relation {
                Anonymous => Authenticate,
                Own | Administrator => Allow,
                SystemClient => Forbid,
                Other | Reader | Editor | Manager | Deleter | OwnClient | OtherClient => Hide,
            }
        }
        // Nobody does this to himself.
        Action::BanUser | Action::ResetPassword => match relation {
            Anonymous => Authenticate,
            Administrator | SystemClient => Allow,
            Own => Forbid,
            Other | Reader | Editor | Manager | Deleter | OwnClient | OtherClient => Hide,
        },
        Action::ChangeRoles | Action::Impersonate => match relation {
            Anonymous => Authenticate,
            Administrator => Allow,
            Own | SystemClient => Forbid,
            Other | Reader | Editor | Manager | Deleter | OwnClient | OtherClient => Hide,
        },
        Action::ListUsers
        | Action::ListSessions
        | Action::ListAllOrganizations
        | Action::ListClients
        | Action::ReadAudit => match relation {
            Anonymous => Authenticate,
            Administrator | SystemClient => Allow,
            Other | Own | Reader | Editor | Manager | Deleter | OwnClient | OtherClient => Forbid,
        },
        Action::ResendVerification
        | Action::ChangeEmails
        | Action::ChangePassword
        | Action::EnrolFactor => match relation {
            Anonymous => Authenticate,
            Own => Allow,
            Other | Administrator | Reader | Editor | Manager | Deleter | OwnClient
            | OtherClient | SystemClient => Hide,
        },
        // What a part of the deployment is told are all of them.
        Action::ListOrganizations => match relation {
            Anonymous => Authenticate,
            Other | Own | Administrator | Reader | Editor | Manager | Deleter | SystemClient => {
                Allow
            }
            OwnClient | OtherClient => Forbid,
        },
        Action::CreateOrganization | Action::AcceptInvitation | Action::UseBootstrap => {
            match relation {
                Anonymous => Authenticate,
                Other | Own | Administrator | Reader | Editor | Manager | Deleter => Allow,
                // These are a user's.
                OwnClient | OtherClient | SystemClient => Forbid,
            }
        }
        Action::ReadOrganization | Action::ReadMembers => match relation {
            Anonymous => Authenticate,
            Other | OtherClient => Hide,
            Reader | Administrator | OwnClient | SystemClient => Allow,
            Own | Editor | Manager | Deleter => Forbid,
        },
        Action::UpdateOrganization => match relation {
            Anonymous => Authenticate,
            Other | OtherClient => Hide,
            Editor => Allow,
            Own | Administrator | Reader | Manager | Deleter | OwnClient | SystemClient => Forbid,
        },
        Action::ArchiveOrganization => match relation {
            Anonymous => Authenticate,
            Other | OtherClient => Hide,
            Deleter | Administrator => Allow,
            Own | Reader | Editor | Manager | OwnClient | SystemClient => Forbid,
        },
        Action::TransferOrganization => match relation {
            Anonymous => Authenticate,
            Other | OtherClient => Hide,
            Deleter => Allow,
            Own | Administrator | Reader | Editor | Manager | OwnClient | SystemClient => Forbid,
        },
        Action::UpdateMember | Action::Invite => match relation {
            Anonymous => Authenticate,
            Other | OtherClient => Hide,
            Manager => Allow,
            Own | Administrator | Reader | Editor | Deleter | OwnClient | SystemClient => Forbid,
        },
        Action::RemoveMember => match relation {
            Anonymous => Authenticate,
            Other | OtherClient => Hide,
            Own | Manager => Allow,
            Administrator | Reader | Editor | Deleter | OwnClient | SystemClient => Forbid,
        },
        Action::ReadOrganizationAudit => match relation {
            Anonymous => Authenticate,
            Other | OtherClient => Hide,
            Manager | Administrator | SystemClient => Allow,
            Own | Reader | Editor | Deleter | OwnClient => Forbid,
        },
        // `Own` is the owner of personal keys.
        Action::ReadClients | Action::ReadClient => match relation {
            Anonymous => Authenticate,
            Other | OtherClient => Hide,
            Own | Reader | Administrator | SystemClient => Allow,
            Editor | Manager | Deleter | OwnClient => Forbid,
        },
        Action::CreateClient | Action::UpdateClient | Action::AddSecret => match relation {
            Anonymous => Authenticate,
            Other | OtherClient => Hide,
            Own | Editor => Allow,
            Administrator | Reader | Manager | Deleter | OwnClient | SystemClient => Forbid,
        },
        // Whoever finds a leaked key may stop it.
        Action::RevokeClient => match relation {
            Anonymous => Authenticate,
            Other | OtherClient => Hide,
            Own | Editor | Administrator => Allow,
            Reader | Manager | Deleter | OwnClient | SystemClient => Forbid,
        },
        Action::AppointOwner | Action::ChangeClientRoles => match relation {
            Anonymous => Authenticate,
            Other | OtherClient => Hide,
            Administrator => Allow,
            Own | Reader | Editor | Manager | Deleter | OwnClient | SystemClient => Forbid,
        },
    }
}
