use crate::email::EmailAddress;
use crate::error::Obstruction;
use crate::password::Password;
use crate::text::PersonName;

mod common;
mod form;
mod pattern;
mod personal;

use form::Form;

/// The least code points of a password that may be the only factor (R-PW-01).
const MIN_ALONE: usize = 15;
/// The least code points where a second factor is always required (R-PW-01).
const MIN_SECONDED: usize = 8;

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
///
/// Works offline. A password is refused, each reason with its own code, when
/// - it has fewer than 15 code points, or 8 where a second factor is always required
///   (`PASSWORD_TOO_SHORT`, R-PW-01);
/// - it is one of the most common passwords, alone, repeated, or with digits and punctuation around it
///   (`PASSWORD_COMMON`, R-PW-06, ASVS 6.2.4);
/// - it consists of nothing but the user's own address or name, the name of the service or
///   [words of the deployment](Self::refusing), with digits and punctuation (`PASSWORD_PERSONAL`,
///   ASVS 6.2.11);
/// - it repeats something that is itself too short, or runs along the alphabet, the digits or a
///   keyboard (`PASSWORD_REPETITIVE`).
///
/// The whole password is compared, never a part of it: a passphrase may contain all of these. Letter
/// case never makes a difference, and spaces and punctuation between letters do not.
#[derive(Clone, Debug, Default)]
pub struct StandardPasswordRule {
    words: Vec<String>,
}

impl StandardPasswordRule {
    /// The standard rule that also refuses passwords made of these words, such as the names of an
    /// organization and its products (ASVS 6.1.2, 6.2.11).
    pub fn refusing(words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { words: words.into_iter().map(Into::into).collect() }
    }

    /// The texts that are about this user and this service.
    fn personal_texts<'a>(
        &'a self,
        context: &PasswordContext<'a>,
    ) -> impl Iterator<Item = &'a str> + use<'a> {
        [
            Some(context.service),
            context.email.map(EmailAddress::as_typed),
            context.name.map(PersonName::as_str),
        ]
        .into_iter()
        .flatten()
        .chain(self.words.iter().map(String::as_str))
    }
}

impl PasswordRule for StandardPasswordRule {
    fn check(&self, password: &Password, context: &PasswordContext<'_>) -> Vec<Obstruction> {
        let min = if context.only_factor { MIN_ALONE } else { MIN_SECONDED };
        let form = Form::of(password);
        let mut found = Vec::new();
        if password.expose().chars().count() < min {
            found.push(
                Obstruction::new(
                    "PASSWORD_TOO_SHORT",
                    format!("Must have at least {min} characters."),
                )
                .with("min", min as u64),
            );
        }
        if common::is_common(&form) {
            found.push(Obstruction::new(
                "PASSWORD_COMMON",
                "Must not be a common password, nor one with digits or punctuation around it.",
            ));
        }
        if personal::is_made_of(&form, self.personal_texts(context)) {
            found.push(Obstruction::new(
                "PASSWORD_PERSONAL",
                "Must not be made of your name, your address or words that belong to this service.",
            ));
        }
        if pattern::is_repetitive(&form, min) {
            found.push(Obstruction::new(
                "PASSWORD_REPETITIVE",
                "Must not repeat something short, nor follow the alphabet, the digits or a keyboard.",
            ));
        }
        found
    }
}

#[cfg(test)]
mod tests;
