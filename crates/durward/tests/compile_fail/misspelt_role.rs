//! A role that there is not.

use durward::StandardRole;

fn role() -> StandardRole {
    StandardRole::Administartor
}

fn main() {}
