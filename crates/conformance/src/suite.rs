use durward_core::{Attrs, Role, StandardClientRole, StandardOrganizationRole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The application's own types that the suite stores, to see that they come back unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suite {}

impl Attrs for Suite {
    type User = Profile;
    type Organization = Profile;
    type Client = Profile;
    type Session = Device;
    type UserRole = SuiteRole;
    type OrganizationRole = StandardOrganizationRole;
    type ClientRole = StandardClientRole;
}

/// What the suite attaches to a user: an enum, a list, numbers and text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// An enum whose variants differ in shape.
    pub colour: Colour,
    /// A list, whose order counts.
    pub tags: Vec<String>,
    /// A number of the full range.
    pub points: i64,
    /// Text that may be absent; absent and empty are different.
    pub nickname: Option<String>,
}

/// An enum whose variants differ in shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Colour {
    /// Nothing but a name.
    Red,
    /// Three numbers.
    Rgb {
        /// Red.
        r: u8,
        /// Green.
        g: u8,
        /// Blue.
        b: u8,
    },
    /// Text.
    Named(String),
}

/// What the suite attaches to a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// What its owner calls the device.
    pub label: Option<String>,
    /// The colours of the device; a list of enums.
    pub colours: Vec<Colour>,
}

/// The roles of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SuiteRole {
    /// Reads.
    Reader,
    /// Writes; its name is of the greatest length that a role may have.
    #[serde(rename = "editor-of-the-annals-and-ledgers")]
    Editor,
    /// Administers.
    Owner,
}

impl Role for SuiteRole {
    const STANDARD: Self = Self::Reader;
    fn is_administrator(self) -> bool {
        matches!(self, Self::Owner)
    }
    fn administrator() -> Self {
        Self::Owner
    }
}
