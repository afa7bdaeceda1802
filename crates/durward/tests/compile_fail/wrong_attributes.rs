//! The profile of a shop's customer, where the fields of a library's reader belong.

use durward::accounts::NewUser;
use durward::{Attrs, EmailAddress, NoAttributes, PersonName, StandardClientRole, StandardOrganizationRole, StandardRole};

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Profile {
    language: String,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Reader {
    card: u32,
}

#[derive(Clone, Debug, PartialEq)]
enum Library {}

impl Attrs for Library {
    type User = Reader;
    type Organization = NoAttributes;
    type Client = NoAttributes;
    type Session = NoAttributes;
    type UserRole = StandardRole;
    type OrganizationRole = StandardOrganizationRole;
    type ClientRole = StandardClientRole;
}

fn new(name: PersonName, email: EmailAddress) -> NewUser<Library> {
    let attrs = Profile { language: String::from("nl") };
    NewUser { name, email, proven: false, password: None, roles: Vec::new(), attrs }
}

fn main() {}
