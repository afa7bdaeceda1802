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

/// The application's own types, one per kind of object; carried inside the store, so that no signature
/// gains a parameter.
///
/// ```
/// use durward_core::{Attrs, StandardRole};
///
/// #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
/// struct Profile { locale: String }
///
/// #[derive(Clone, Debug, PartialEq)]
/// enum Shop {}
/// impl Attrs for Shop {
///     type User = Profile;
///     type Session = durward_core::NoAttributes;
///     type UserRole = StandardRole;
/// }
/// ```
pub trait Attrs: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// Fields of a user.
    type User: Attr;
    /// Fields of a session.
    type Session: Attr + Default;
    /// The roles a user may have.
    type UserRole: Role;
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

/// No custom fields and the standard roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain {}

impl Attrs for Plain {
    type User = NoAttributes;
    type Session = NoAttributes;
    type UserRole = StandardRole;
}
