use super::Result;
use crate::entity::OutboxMail;
use crate::ids::MailId;
use crate::time::Timestamp;

/// How many mails stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailCounts {
    /// To be delivered.
    pub pending: u64,
    /// Given up.
    pub dead: u64,
}

/// Look-ups of the outbox.
#[trait_variant::make(Send)]
pub trait Outbox {
    /// The mail with this id.
    async fn mail(&mut self, id: MailId) -> Result<Option<OutboxMail>>;

    /// At most `limit` pending mails that are due, the one due longest first.
    async fn due_mail(&mut self, now: Timestamp, limit: u32) -> Result<Vec<OutboxMail>>;

    /// At most `limit` mails that were given up, the newest first.
    async fn dead_mail(&mut self, limit: u32) -> Result<Vec<OutboxMail>>;

    /// How many mails stand where.
    async fn count_mail(&mut self) -> Result<MailCounts>;
}

/// Writes of the outbox.
#[trait_variant::make(Send)]
pub trait OutboxMut {
    /// Inserts a mail.
    async fn insert_mail(&mut self, mail: &OutboxMail) -> Result<()>;

    /// Takes a pending mail until `until` and counts the attempt, if it is still due at `due`; answers
    /// whether it was. Of any number of concurrent workers at most one is told `true`.
    async fn lease_mail(&mut self, id: MailId, due: Timestamp, until: Timestamp) -> Result<bool>;

    /// Replaces state, body, due time and error of a pending mail, if this worker's lease (`until`) is
    /// still the one that counts; answers whether it was.
    async fn settle_mail(&mut self, mail: &OutboxMail, until: Timestamp) -> Result<bool>;
}
