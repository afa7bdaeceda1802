//! Valid values from short texts; each panics on one that is not what it should be.

use std::net::IpAddr;

use durward_core::{EmailAddress, Origin, Password, PersonName, Secret};

/// A password that the standard rule accepts.
pub const PASSWORD: &str = "seven purple umbrellas dance";

/// An address.
pub fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an e-mail address")
}

/// A name.
pub fn name(text: &str) -> PersonName {
    PersonName::parse(text).expect("a name")
}

/// A password; whether it is good enough is not asked.
pub fn password(text: &str) -> Password {
    Password::parse(Secret::new(text.to_owned())).expect("a password")
}

/// Where a request from this address comes from.
pub fn origin(ip: &str) -> Origin {
    let ip: IpAddr = ip.parse().expect("an IP address");
    Origin { ip: Some(ip), ..Origin::default() }
}
