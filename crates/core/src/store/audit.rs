use super::Result;
use crate::entity::AuditEntry;
use crate::ids::UserId;

/// Look-ups of the audit log.
#[trait_variant::make(Send)]
pub trait Audit {
    /// The last `limit` entries about this user, the newest first.
    async fn audit_of(&mut self, subject: UserId, limit: u32) -> Result<Vec<AuditEntry>>;
}

/// Writes of the audit log; there is no update and no delete.
#[trait_variant::make(Send)]
pub trait AuditMut {
    /// Appends an entry.
    async fn insert_audit(&mut self, entry: &AuditEntry) -> Result<()>;
}
