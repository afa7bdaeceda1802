use crate::ids::MailId;
use crate::keys::Sealed;
use crate::time::Timestamp;

/// A mail that waits in the outbox, sealed because it carries codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxMail {
    /// Names the mail; its `Message-ID` is made of it and stays the same over all attempts.
    pub id: MailId,
    /// Where it stands.
    pub state: MailState,
    /// The sealed [`Mail`](crate::mail::Mail); empty once it was delivered or given up.
    pub body: Sealed,
    /// When a worker may next take it; a worker that takes it moves this moment behind its lease.
    pub due: Timestamp,
    /// How often delivery was begun.
    pub attempts: u32,
    /// When it was written.
    pub created: Timestamp,
    /// Why the last attempt failed, without addresses or codes.
    pub last_error: Option<String>,
}

/// Where a mail of the outbox stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailState {
    /// To be delivered.
    Pending,
    /// Accepted by the mail server.
    Delivered,
    /// Given up after the last attempt; kept to be seen.
    Dead,
    /// Never to be delivered: written where a mail would have been, so that time does not tell (R-EN-02).
    Void,
}

impl MailState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Dead, Self::Void];

    /// The name under which a store keeps the state.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Void => "void",
        }
    }

    /// The state with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}
