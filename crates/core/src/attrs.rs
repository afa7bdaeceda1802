//! The application's own typed fields and roles: one choice of types per deployment.

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A type that may be attached to a user or a session; any plain serde struct with a schema is one.
///
/// It is stored as JSON text, checked on input, and appears in the OpenAPI document and in every answer
/// under its real schema. Derive `Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an attribute type",
    note = "derive Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize and schemars::JsonSchema on it"
)]
pub trait Attr:
    Clone + Debug + PartialEq + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static
{
}

impl<T> Attr for T where
    T: Clone
        + Debug
        + PartialEq
        + Serialize
        + DeserializeOwned
        + JsonSchema
        + Send
        + Sync
        + 'static
{
}

/// A role of a user: an enum, so that a misspelt role does not compile.
///
/// The serialised form of each variant must be a plain string of at most 32 characters.
pub trait Role: Attr + Copy + Eq {
    /// What a user has who was given no other role.
    const STANDARD: Self;
    /// Whether holders may administer the whole deployment.
    fn is_administrator(self) -> bool;
    /// The role that `durward admin create` gives.
    fn administrator() -> Self;
}

/// A role of a member in an organization: an enum, like [`Role`]; the serialised form of each variant must be
/// a plain string of at most 32 characters.
pub trait OrganizationRole: Attr + Copy + Eq {
    /// What a role may allow.
    type Permission: Permission;
    /// Who created an organization has it, and at least one member always does.
    const OWNER: Self;
    /// What this role allows; nobody grants a role that allows more than his own (R-AZ-05).
    fn permissions(self) -> &'static [Self::Permission];

    /// Whether this role allows this.
    fn allows(self, permission: Self::Permission) -> bool {
        self.permissions().contains(&permission)
    }

    /// Whether this role allows everything that the other one does.
    fn covers(self, other: Self) -> bool {
        other.permissions().iter().all(|it| self.permissions().contains(it))
    }
}

/// Something that a role in an organization may allow: an enum, of which these four are asked for by the
/// routes of the accounts themselves.
pub trait Permission: Attr + Copy + Eq {
    /// See the organization, its members and its clients.
    const READ: Self;
    /// Change the organization and its clients.
    const EDIT: Self;
    /// Invite, change and remove members; read the audit log.
    const MANAGE: Self;
    /// Archive the organization, and transfer its ownership.
    const DELETE: Self;
}

/// A role of a client: an enum, like [`Role`]; only administrators grant one.
pub trait ClientRole: Attr + Copy + Eq {
    /// What a client has that was given no other role.
    const STANDARD: Self;
    /// Whether holders are a part of the deployment itself: by themselves, without a user, they may read what
    /// administrators may, end sessions, and shut accounts.
    fn is_system(self) -> bool;
}

/// The application's own types, one per kind of object; carried inside the store, so that no signature
/// gains a parameter.
///
/// ```
/// use durward_core::{
///     Attrs, NoAttributes, StandardClientRole, StandardOrganizationRole, StandardRole,
/// };
///
/// #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
/// struct Profile { locale: String }
///
/// #[derive(Clone, Debug, PartialEq)]
/// enum Shop {}
/// impl Attrs for Shop {
///     type User = Profile;
///     type Organization = NoAttributes;
///     type Client = NoAttributes;
///     type Session = NoAttributes;
///     type UserRole = StandardRole;
///     type OrganizationRole = StandardOrganizationRole;
///     type ClientRole = StandardClientRole;
/// }
/// ```
pub trait Attrs: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// Fields of a user.
    type User: Attr;
    /// Fields of an organization.
    type Organization: Attr;
    /// Fields of a client.
    type Client: Attr;
    /// Fields of a session.
    type Session: Attr + Default;
    /// The roles a user may have.
    type UserRole: Role;
    /// The roles a member of an organization may have.
    type OrganizationRole: OrganizationRole;
    /// The roles a client may have.
    type ClientRole: ClientRole;
}

/// No fields of one's own: serialises as `{}` and accepts nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoAttributes {}

/// The roles of a deployment that defines none of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StandardRole {
    /// Anyone who signed up.
    User,
    /// Administers the whole deployment.
    Administrator,
}

impl Role for StandardRole {
    const STANDARD: Self = Self::User;
    fn is_administrator(self) -> bool {
        matches!(self, Self::Administrator)
    }
    fn administrator() -> Self {
        Self::Administrator
    }
}

/// The roles in organizations of a deployment that defines none of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StandardOrganizationRole {
    /// May do everything.
    Owner,
    /// May do everything but archive the organization or give it away.
    Admin,
    /// May see and change, and not manage members.
    Editor,
    /// May see.
    Viewer,
}

/// The permissions of a deployment that defines none of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StandardPermission {
    /// See [`Permission::READ`].
    Read,
    /// See [`Permission::EDIT`].
    Edit,
    /// See [`Permission::MANAGE`].
    Manage,
    /// See [`Permission::DELETE`].
    Delete,
}

/// The roles of clients of a deployment that defines none of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StandardClientRole {
    /// A part of the deployment itself.
    System,
    /// An application of whoever runs the deployment.
    Internal,
    /// Anyone else's.
    External,
}

impl OrganizationRole for StandardOrganizationRole {
    type Permission = StandardPermission;
    const OWNER: Self = Self::Owner;
    fn permissions(self) -> &'static [StandardPermission] {
        use StandardPermission::{Delete, Edit, Manage, Read};
        match self {
            Self::Owner => &[Read, Edit, Manage, Delete],
            Self::Admin => &[Read, Edit, Manage],
            Self::Editor => &[Read, Edit],
            Self::Viewer => &[Read],
        }
    }
}

impl Permission for StandardPermission {
    const READ: Self = Self::Read;
    const EDIT: Self = Self::Edit;
    const MANAGE: Self = Self::Manage;
    const DELETE: Self = Self::Delete;
}

impl ClientRole for StandardClientRole {
    const STANDARD: Self = Self::External;
    fn is_system(self) -> bool {
        matches!(self, Self::System)
    }
}

/// No custom fields and the standard roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain {}

impl Attrs for Plain {
    type User = NoAttributes;
    type Organization = NoAttributes;
    type Client = NoAttributes;
    type Session = NoAttributes;
    type UserRole = StandardRole;
    type OrganizationRole = StandardOrganizationRole;
    type ClientRole = StandardClientRole;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_standard_role_covers_those_below_it() {
        // R-AZ-05
        use StandardOrganizationRole::{Admin, Editor, Owner, Viewer};
        let falling = [Owner, Admin, Editor, Viewer];
        for (rank, role) in falling.into_iter().enumerate() {
            for (other_rank, other) in falling.into_iter().enumerate() {
                assert_eq!(role.covers(other), rank <= other_rank, "{role:?} {other:?}");
            }
        }
    }
}
