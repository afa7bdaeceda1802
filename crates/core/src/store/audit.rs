use super::Result;
use crate::entity::{AuditEntry, AuditHead, AuditRow, AuditSeal};
use crate::ids::{AuditId, ClientId, OrganizationId, UserId};

/// Which entries of the audit log are asked for; all that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// About this account.
    pub subject: Option<UserId>,
    /// Done by this user.
    pub actor: Option<UserId>,
    /// Done through this client.
    pub client: Option<ClientId>,
    /// Of this tenant.
    pub organization: Option<OrganizationId>,
    /// Of this name.
    pub event: Option<String>,
    /// With this id or a greater one: not before a moment, by [`AuditId::first_at`].
    pub from: Option<AuditId>,
    /// With a smaller id: before a moment, or behind the last entry of the page before.
    pub before: Option<AuditId>,
    /// At most so many.
    pub limit: u32,
}

/// Look-ups of the audit log.
#[trait_variant::make(Send)]
pub trait Audit {
    /// Entries in the order of their ids, the greatest first; ids begin with the time.
    async fn audit_entries(&mut self, query: &AuditQuery) -> Result<Vec<AuditEntry>>;

    /// The first `limit` rows with ids above `after`, in the order of their ids, each as it is stored.
    async fn audit_rows(&mut self, after: Option<AuditId>, limit: u32) -> Result<Vec<AuditRow>>;

    /// The first `limit` rows behind `after` that no seal lists yet, in the order of their tenants, those of
    /// the deployment first, and then of their ids.
    async fn unsealed_audit(
        &mut self,
        after: Option<&AuditEntry>,
        limit: u32,
    ) -> Result<Vec<AuditRow>>;

    /// All rows of this tenant that name this seal, in the order of their ids.
    async fn sealed_audit(
        &mut self,
        organization: Option<OrganizationId>,
        seal: u32,
    ) -> Result<Vec<AuditRow>>;

    /// The first `limit` seals of this tenant with numbers above `after`, in the order of their numbers.
    async fn audit_seals(
        &mut self,
        organization: Option<OrganizationId>,
        after: u32,
        limit: u32,
    ) -> Result<Vec<AuditSeal>>;

    /// The head of the chain of this tenant.
    async fn audit_head(
        &mut self,
        organization: Option<OrganizationId>,
    ) -> Result<Option<AuditHead>>;

    /// The first `limit` heads of organizations with ids above `after`, in the order of their ids.
    async fn audit_heads(
        &mut self,
        after: Option<OrganizationId>,
        limit: u32,
    ) -> Result<Vec<AuditHead>>;
}

/// Writes of the audit log. Nothing changes what an entry tells, and nothing deletes one.
#[trait_variant::make(Send)]
pub trait AuditMut {
    /// Appends an entry.
    async fn insert_audit(&mut self, row: &AuditRow) -> Result<()>;

    /// Writes a seal and has each of its members name it; answers how many of them did not name one before.
    ///
    /// A member that names a seal already keeps it and is not counted. A number of a chain is taken once:
    /// the second is a [`Duplicate`](super::StoreError::Duplicate).
    async fn insert_audit_seal(&mut self, seal: &AuditSeal) -> Result<u64>;

    /// Moves the head of a chain forward if it has `from` seals now; from none, if there is no head yet.
    ///
    /// Of concurrent callers who begin at the same place one is told `true`; another one is told `false`, or
    /// that the head of a new chain is a [`Duplicate`](super::StoreError::Duplicate).
    async fn advance_audit_head(&mut self, head: &AuditHead, from: u32) -> Result<bool>;

    /// Erases the addresses of all entries about this user or done by him, with what hides them in
    /// their fingerprints; answers how many entries had one.
    async fn erase_audit_addresses(&mut self, user: UserId) -> Result<u64>;
}
