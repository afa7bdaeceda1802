use crate::email::EmailAddress;
use crate::ids::{LoginEmailId, UserId};
use crate::time::Timestamp;

/// An address that a user claims or has proven to read.
///
/// Many may claim an address and one may have proven it: the store keeps the canonical form unique
/// among the proven ones (R-EM-08). A claim gives no rights.
#[derive(Clone, Debug, PartialEq)]
pub struct LoginEmail {
    /// Names the claim; codes are bound to it and not to the address (AM-26).
    pub id: LoginEmailId,
    /// Who claims it.
    pub user: UserId,
    /// The address, as typed and canonical.
    pub address: EmailAddress,
    /// When the user proved to read it, if so.
    pub proven: Option<Timestamp>,
    /// Whether messages go here first.
    pub primary: bool,
    /// When the claim was made.
    pub created: Timestamp,
}
