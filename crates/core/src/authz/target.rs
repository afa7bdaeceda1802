use super::Relation;
use crate::attrs::{OrganizationRole, Permission};
use crate::entity::AuthenticationStrength;
use crate::ids::{ClientId, InvitationId, MembershipId, OrganizationId, SessionId, UserId};

/// What it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The service itself.
    Service,
    /// A user.
    User(UserId),
    /// A session.
    Session {
        /// The id of the session.
        id: SessionId,
        /// Whose it is.
        user: UserId,
    },
    /// An organization, or something that belongs to it and has no name of its own.
    Organization(Standing),
    /// A client.
    Client {
        /// The id of the client.
        id: ClientId,
        /// Whose it is.
        of: ClientOf,
    },
    /// A membership.
    Membership {
        /// The id of the membership.
        id: MembershipId,
        /// What the caller is to its organization, and to it.
        standing: Standing,
    },
    /// An invitation.
    Invitation {
        /// The id of the invitation.
        id: InvitationId,
        /// What the caller is to its organization.
        standing: Standing,
    },
}

/// Whose a client is, and what the caller is to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientOf {
    /// An organization's.
    Organization(Standing),
    /// A user's personal key.
    User(UserId),
}

/// What a caller is to an organization, as the store says at this moment (R-AZ-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// Which organization.
    pub organization: OrganizationId,
    /// Whether it is archived; then members may look, and those who may archive may take it back.
    pub archived: bool,
    /// How strongly a member has to be authenticated for the role to allow anything (R-MF-01).
    pub authentication: AuthenticationStrength,
    /// What the caller's role there allows; `None` for somebody who is no member.
    pub permissions: Option<Permissions>,
    /// Whether the target is the caller's own membership.
    pub own: bool,
}

/// The four permissions that the routes ask for, of whatever roles the application has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is one answer of a role")]
pub struct Permissions {
    /// See [`Permission::READ`].
    pub read: bool,
    /// See [`Permission::EDIT`].
    pub edit: bool,
    /// See [`Permission::MANAGE`].
    pub manage: bool,
    /// See [`Permission::DELETE`].
    pub delete: bool,
}

impl Permissions {
    /// What a role allows.
    pub fn of<R: OrganizationRole>(role: R) -> Self {
        let has = |permission| role.permissions().contains(&permission);
        Self {
            read: has(Permission::READ),
            edit: has(Permission::EDIT),
            manage: has(Permission::MANAGE),
            delete: has(Permission::DELETE),
        }
    }
}

impl Standing {
    /// Everything that the caller is to the organization; if the role does not count, only what the caller is without.
    pub(super) fn relations(self, role_counts: bool) -> [Option<Relation>; 6] {
        let Self { organization: _, archived, authentication: _, permissions, own } = self;
        let allowed = permissions.filter(|_| role_counts);
        let Permissions { read, edit, manage, delete } = allowed.unwrap_or_default();
        [
            permissions.is_none().then_some(Relation::Other),
            own.then_some(Relation::Own),
            read.then_some(Relation::Reader),
            (edit && !archived).then_some(Relation::Editor),
            (manage && !archived).then_some(Relation::Manager),
            delete.then_some(Relation::Deleter),
        ]
    }
}

impl Target {
    /// What kind of thing it is, in a word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::User(_) => "user",
            Self::Session { .. } => "session",
            Self::Organization(_) => "organization",
            Self::Client { .. } => "client",
            Self::Membership { .. } => "membership",
            Self::Invitation { .. } => "invitation",
        }
    }

    /// The user that it is, or belongs to.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::User(user)
            | Self::Session { user, .. }
            | Self::Client { of: ClientOf::User(user), .. } => Some(*user),
            Self::Service
            | Self::Organization(_)
            | Self::Client { of: ClientOf::Organization(_), .. }
            | Self::Membership { .. }
            | Self::Invitation { .. } => None,
        }
    }

    /// What the caller is to the organization that it is, or belongs to.
    pub const fn standing(&self) -> Option<Standing> {
        match self {
            Self::Organization(standing)
            | Self::Client { of: ClientOf::Organization(standing), .. }
            | Self::Membership { standing, .. }
            | Self::Invitation { standing, .. } => Some(*standing),
            Self::Service
            | Self::User(_)
            | Self::Session { .. }
            | Self::Client { of: ClientOf::User(_), .. } => None,
        }
    }
}
