//! The behaviours an application may extend, wrap or replace: one small trait each.

mod address_rule;
mod password_rule;
mod session_rule;
mod step_rule;

use std::fmt;
use std::sync::Arc;

pub use address_rule::{AddressRule, AnyAddress};
pub use password_rule::{PasswordContext, PasswordRule, StandardPasswordRule};
pub use session_rule::{SessionRule, StandardSessionRule};
pub use step_rule::{OneFactor, StepContext, StepRule, TwoFactors};

use crate::email::EmailAddress;
use crate::error::Obstruction;
use crate::password::Password;
use crate::text::PersonName;

/// What the flows ask wherever applications differ.
///
/// Extend: replace one field. Wrap: keep the standard one inside your own. From scratch: write every field.
/// ```
/// use std::sync::Arc;
/// use durward_core::behavior::{Behavior, PasswordContext, PasswordRule};
/// use durward_core::{Obstruction, Password};
///
/// struct NotOurName(Arc<dyn PasswordRule>);
/// impl PasswordRule for NotOurName {
///     fn check(&self, password: &Password, context: &PasswordContext<'_>) -> Vec<Obstruction> {
///         let mut found = self.0.check(password, context);
///         if password.expose().contains("acme") {
///             found.push(Obstruction::new("PASSWORD_NAMES_US", "Must not contain our name."));
///         }
///         found
///     }
/// }
/// let standard = Behavior::default();
/// let ours = Behavior { password: Arc::new(NotOurName(standard.password.clone())), ..standard };
/// ```
#[derive(Clone)]
pub struct Behavior {
    /// Which passwords are good enough.
    pub password: Arc<dyn PasswordRule>,
    /// Which addresses may be claimed.
    pub address: Arc<dyn AddressRule>,
    /// What must still be proven.
    pub steps: Arc<dyn StepRule>,
    /// How long a session lives.
    pub session: Arc<dyn SessionRule>,
}

impl Default for Behavior {
    fn default() -> Self {
        Self {
            password: Arc::new(StandardPasswordRule::default()),
            address: Arc::new(AnyAddress),
            steps: Arc::new(OneFactor),
            session: Arc::new(StandardSessionRule),
        }
    }
}

impl Behavior {
    /// What is known of whoever chooses a password, and what it is for: the only factor, unless the steps ask another
    /// one of everybody (R-PW-01).
    pub fn password_context<'a>(
        &self,
        service: &'a str,
        email: Option<&'a EmailAddress>,
        name: Option<&'a PersonName>,
    ) -> PasswordContext<'a> {
        PasswordContext { service, email, name, only_factor: !self.steps.asks_everybody() }
    }

    /// Everything the rules say against an address and a password, at `/email` and `/password`.
    pub fn obstructions(
        &self,
        context: &PasswordContext<'_>,
        password: Option<&Password>,
    ) -> Vec<Obstruction> {
        let address = context.email.map(|email| self.address.check(email)).unwrap_or_default();
        let weak = password.map(|it| self.password.check(it, context)).unwrap_or_default();
        let address = address.into_iter().map(|it| it.at("/email"));
        address.chain(weak.into_iter().map(|it| it.at("/password"))).collect()
    }
}

impl fmt::Debug for Behavior {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Behavior").finish_non_exhaustive()
    }
}
