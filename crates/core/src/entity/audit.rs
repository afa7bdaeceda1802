use crate::ids::{AuditId, ClientId, UserId};
use crate::time::Timestamp;

/// One row of the audit log, written in the same transaction as what it tells of (R-LG-01).
///
/// It holds ids and names of reasons, never secrets or addresses in the clear (R-LG-02).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Names the row.
    pub id: AuditId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, such as `session.opened`.
    pub event: String,
    /// Who did it, when known.
    pub actor: Option<UserId>,
    /// Whose account it concerns, when known.
    pub subject: Option<UserId>,
    /// The client through which it was done.
    pub client: Option<ClientId>,
    /// The address it was done from.
    pub ip: Option<String>,
    /// The id of the request that did it.
    pub request: Option<String>,
    /// What else belongs to the event, as a JSON object without secrets.
    pub details: String,
}
