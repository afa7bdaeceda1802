/// What can be asked for; a route names one or does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Look at public descriptions of the service.
    ReadService,
    /// Ask who one is.
    ReadCaller,
    /// Sign up, log in, refresh, log out, verify: what is proven by its own token or code.
    Authenticate,
    /// Reach a service behind a proxy, and be told to it.
    UseUpstream,
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
    /// Act as a user.
    Impersonate,
    /// Become the first administrator by the code of a link.
    UseBootstrap,
    /// List the users.
    ListUsers,
    /// Get everything that is held about a user.
    ExportUser,
    /// Have the verification of a claimed address sent again.
    ResendVerification,
    /// Claim and remove addresses, and choose the primary one.
    ChangeEmails,
    /// Choose another password, or the first one (R-PW-11).
    ChangePassword,
    /// Have a user choose another password (R-PW-10, R-PW-11).
    ResetPassword,
    /// Read what the audit log has about a user.
    ReadUserAudit,
    /// Read the whole audit log.
    ReadAudit,
    /// See the sessions of a user.
    ReadSessions,
    /// List the sessions of everybody.
    ListSessions,
    /// End sessions of a user.
    EndSessions,
    /// Enrol an authenticator app, or make recovery codes.
    EnrolFactor,
    /// Remove an authenticator app.
    RemoveFactor,
    /// List one's organizations.
    ListOrganizations,
    /// List all organizations.
    ListAllOrganizations,
    /// Make an organization.
    CreateOrganization,
    /// Join an organization by a mailed invitation.
    AcceptInvitation,
    /// See an organization.
    ReadOrganization,
    /// Change an organization.
    UpdateOrganization,
    /// Archive an organization, or take it back.
    ArchiveOrganization,
    /// Give an organization to another member.
    TransferOrganization,
    /// Give an organization that nobody owns any more an owner.
    AppointOwner,
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
    /// List the clients of everybody.
    ListClients,
    /// See the clients of an organization or the personal keys of a user.
    ReadClients,
    /// Make a client, whose secret is handed out.
    CreateClient,
    /// See a client.
    ReadClient,
    /// Change a client, and from where and for what its requests may come.
    UpdateClient,
    /// Have a further secret of a client handed out.
    AddSecret,
    /// Revoke a secret of a client, or delete the client.
    RevokeClient,
    /// Change the roles of a client.
    ChangeClientRoles,
}

impl Action {
    /// Every action, in the order of the policy table.
    pub const ALL: [Self; 46] = [
        Self::ReadService,
        Self::ReadCaller,
        Self::Authenticate,
        Self::UseUpstream,
        Self::ReadUser,
        Self::UpdateUser,
        Self::DeleteUser,
        Self::BanUser,
        Self::ChangeRoles,
        Self::Impersonate,
        Self::UseBootstrap,
        Self::ListUsers,
        Self::ExportUser,
        Self::ResendVerification,
        Self::ChangeEmails,
        Self::ChangePassword,
        Self::ResetPassword,
        Self::ReadUserAudit,
        Self::ReadAudit,
        Self::ReadSessions,
        Self::ListSessions,
        Self::EndSessions,
        Self::EnrolFactor,
        Self::RemoveFactor,
        Self::ListOrganizations,
        Self::ListAllOrganizations,
        Self::CreateOrganization,
        Self::AcceptInvitation,
        Self::ReadOrganization,
        Self::UpdateOrganization,
        Self::ArchiveOrganization,
        Self::TransferOrganization,
        Self::AppointOwner,
        Self::ReadMembers,
        Self::UpdateMember,
        Self::RemoveMember,
        Self::Invite,
        Self::ReadOrganizationAudit,
        Self::ListClients,
        Self::ReadClients,
        Self::CreateClient,
        Self::ReadClient,
        Self::UpdateClient,
        Self::AddSecret,
        Self::RevokeClient,
        Self::ChangeClientRoles,
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
            | Self::UseUpstream
            | Self::ReadUser
            | Self::UpdateUser
            | Self::BanUser
            | Self::ListUsers
            | Self::ResendVerification
            // Its flow asks: what is needed depends on what there is.
            | Self::ChangePassword
            | Self::ResetPassword
            | Self::ReadUserAudit
            | Self::ReadAudit
            | Self::ReadSessions
            | Self::ListSessions
            | Self::EndSessions
            | Self::ListOrganizations
            | Self::ListAllOrganizations
            | Self::CreateOrganization
            | Self::AcceptInvitation
            | Self::ReadOrganization
            | Self::UpdateOrganization
            | Self::ReadMembers
            | Self::UpdateMember
            | Self::RemoveMember
            | Self::Invite
            | Self::ReadOrganizationAudit
            | Self::ListClients
            | Self::ReadClients
            | Self::ReadClient
            | Self::UpdateClient
            | Self::RevokeClient => false,
            Self::DeleteUser
            | Self::ChangeRoles
            | Self::Impersonate
            | Self::UseBootstrap
            | Self::ExportUser
            | Self::ChangeEmails
            | Self::EnrolFactor
            | Self::RemoveFactor
            | Self::ArchiveOrganization
            | Self::TransferOrganization
            | Self::AppointOwner
            | Self::CreateClient
            | Self::AddSecret
            | Self::ChangeClientRoles => true,
        }
    }

    /// Whether a personal key may do it, if its owner may: nothing that a stolen key would outlive itself by
    /// (R-CL-04).
    pub const fn is_open_to_keys(self) -> bool {
        match self {
            Self::ReadService
            | Self::ReadCaller
            | Self::UseUpstream
            | Self::ReadUser
            | Self::UpdateUser
            | Self::ReadUserAudit
            | Self::ReadSessions
            | Self::ListOrganizations
            | Self::CreateOrganization
            | Self::AcceptInvitation
            | Self::ReadOrganization
            | Self::UpdateOrganization
            | Self::ReadMembers
            | Self::ReadOrganizationAudit
            | Self::ReadClients
            | Self::ReadClient => true,
            Self::Authenticate
            | Self::DeleteUser
            | Self::BanUser
            | Self::ChangeRoles
            | Self::Impersonate
            | Self::UseBootstrap
            | Self::ListUsers
            | Self::ExportUser
            | Self::ResendVerification
            | Self::ChangeEmails
            | Self::ChangePassword
            | Self::ResetPassword
            | Self::ReadAudit
            | Self::ListSessions
            | Self::ListAllOrganizations
            | Self::ListClients
            | Self::EndSessions
            | Self::EnrolFactor
            | Self::RemoveFactor
            | Self::ArchiveOrganization
            | Self::TransferOrganization
            | Self::AppointOwner
            | Self::UpdateMember
            | Self::RemoveMember
            | Self::Invite
            | Self::CreateClient
            | Self::UpdateClient
            | Self::AddSecret
            | Self::RevokeClient
            | Self::ChangeClientRoles => false,
        }
    }

    /// Whether somebody may do it who must enrol a second factor first, if he may then: what leads to one, and out
    /// (R-MF-01).
    pub const fn is_open_to_enrolling(self) -> bool {
        matches!(
            self,
            Self::ReadService
                | Self::ReadCaller
                | Self::Authenticate
                | Self::ReadUser
                | Self::EnrolFactor
        )
    }

    /// Whether an administrator who acts as a user may do it, if that user may: nothing about what the account
    /// is proven by, nothing that lasts longer than he may act, and nothing that commits the user to others.
    pub const fn is_open_to_actors(self) -> bool {
        let commits = matches!(self, Self::CreateOrganization | Self::AcceptInvitation);
        // To log out is one of those that prove.
        (self.is_open_to_keys() && !commits) || matches!(self, Self::Authenticate)
    }
}
