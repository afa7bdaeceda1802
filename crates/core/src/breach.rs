//! The port of whoever knows which passwords were breached.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::password::Password;

/// Knows which passwords were found in breaches elsewhere (R-PW-06, NIST SP 800-63B-4 3.1.1.2).
///
/// It is asked before any unit of work is begun, only about passwords that are acceptable otherwise, and, at a
/// login, only about right ones. Whoever implements it tells the password to nobody: `durward-passwords` has a
/// client of a range service, which learns five of the forty digits of a digest. A list of one's own is one, too:
/// ```
/// # use std::collections::HashSet;
/// # use durward_core::{BreachError, BreachedPasswords, Password};
/// struct OurList(HashSet<String>);
///
/// #[async_trait::async_trait]
/// impl BreachedPasswords for OurList {
///     async fn contains(&self, password: &Password) -> Result<bool, BreachError> {
///         Ok(self.0.contains(password.expose()))
///     }
/// }
/// ```
#[async_trait]
pub trait BreachedPasswords: Send + Sync {
    /// Whether this password is known from a breach.
    ///
    /// It should answer within a few seconds, since a person waits. An error counts as no, and is logged: a service
    /// that is away keeps nobody out.
    async fn contains(&self, password: &Password) -> Result<bool, BreachError>;
}

/// Why nobody knows whether a password was breached; it is logged, and says nothing about the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BreachError(pub String);

/// How passwords are compared with breached ones.
#[derive(Clone)]
pub struct BreachCheck {
    /// Who knows them.
    pub passwords: Arc<dyn BreachedPasswords>,
    /// Whether the password of a successful login is looked up, too: one that was breached is marked, so that
    /// this login asks for another one (R-PW-10). Otherwise only new passwords are.
    pub at_login: bool,
}

impl fmt::Debug for BreachCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreachCheck").field("at_login", &self.at_login).finish_non_exhaustive()
    }
}
