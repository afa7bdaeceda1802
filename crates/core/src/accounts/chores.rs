use super::Accounts;
use crate::error::Error;
use crate::store::{Leftover, LeftoversMut, Store};

/// What must be done from time to time, whoever is there; see [`upkeep`](crate::upkeep).
///
/// No flow depends on when it is done: what has expired is refused from that moment on. What the audit log
/// can show depends on how soon it is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Chore {
    /// Delete what has been over for as long as the settings keep it.
    Delete(Leftover),
    /// Erase the accounts that were deleted as long ago as the settings let them be restored.
    Erase,
    /// Seal the audit log; see [`Accounts::seal_audit`].
    SealAudit,
    /// Write down when clients were last used on this node.
    NoteUses,
    /// Write into the audit log who ran into a rate on this node.
    NoteOverruns,
    /// Write into the audit log that somebody guesses at many accounts on this node.
    NoteSpraying,
    /// Renew the registration of this node, if it has one; see [`Accounts::join_nodes`].
    RenewNode,
    /// Find out for the recorder of the crate `metrics` how many mails wait, and at how many accounts somebody guesses;
    /// changes nothing.
    Measure,
}

impl Chore {
    /// Every chore.
    pub const ALL: [Self; 14] = [
        Self::SealAudit,
        Self::NoteUses,
        Self::NoteOverruns,
        Self::NoteSpraying,
        Self::RenewNode,
        Self::Measure,
        Self::Delete(Leftover::Flows),
        Self::Delete(Leftover::Invitations),
        Self::Delete(Leftover::Sessions),
        Self::Delete(Leftover::Replies),
        Self::Delete(Leftover::Mails),
        Self::Delete(Leftover::Budgets),
        Self::Delete(Leftover::Attempts),
        Self::Erase,
    ];

    /// The name of the chore, in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SealAudit => "seal-audit",
            Self::NoteUses => "note-uses",
            Self::NoteOverruns => "note-overruns",
            Self::NoteSpraying => "note-spraying",
            Self::RenewNode => "renew-node",
            Self::Measure => "measure",
            Self::Delete(Leftover::Flows) => "delete-flows",
            Self::Delete(Leftover::Invitations) => "delete-invitations",
            Self::Delete(Leftover::Sessions) => "delete-sessions",
            Self::Delete(Leftover::Replies) => "delete-replies",
            Self::Delete(Leftover::Mails) => "delete-mails",
            Self::Delete(Leftover::Budgets) => "delete-budgets",
            Self::Delete(Leftover::Attempts) => "delete-attempts",
            Self::Erase => "erase",
        }
    }
}

impl<S: Store> Accounts<S> {
    /// Does a bounded part of a chore, at most `limit` things; answers how many. As many as the limit: there
    /// may be more.
    ///
    /// Any number of nodes may do so at once.
    pub async fn attend_to(&self, chore: Chore, limit: u32) -> Result<u64, Error> {
        match chore {
            Chore::SealAudit => Ok(self.seal_audit(limit).await?.sealed),
            Chore::Delete(what) => self.delete_leftovers(what, limit).await,
            Chore::Erase => self.erase_users(limit).await,
            Chore::NoteUses => self.note_uses(limit).await,
            Chore::NoteOverruns => self.note_overruns(limit).await,
            Chore::NoteSpraying => self.note_spraying().await,
            Chore::RenewNode => self.renew_own_node().await,
            Chore::Measure => self.measure().await,
        }
    }

    async fn delete_leftovers(&self, what: Leftover, limit: u32) -> Result<u64, Error> {
        let (now, kept) = (self.now(), self.settings().retention);
        let before = match what {
            Leftover::Flows | Leftover::Invitations => now - kept.flows,
            Leftover::Sessions => now - kept.sessions,
            Leftover::Mails => now - kept.mails,
            Leftover::Attempts => now - kept.attempts,
            Leftover::Replies | Leftover::Budgets => now,
        };
        unit!(self, |tx| Ok(tx.delete_leftovers(what, before, limit).await?))
    }
}
