use super::Result;
use crate::time::Timestamp;

/// What is of no more use once it has been over for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leftover {
    /// Flows, over when they expire, whether they were finished or not; their codes go with them.
    Flows,
    /// Invitations, over when they expire, whether they were accepted, revoked or neither.
    Invitations,
    /// Sessions, over when they end or expire; all refresh tokens of their families go with them.
    Sessions,
    /// Answers kept for repetition, over when they expire.
    Replies,
    /// Mails that are not pending any more, over when they were last due.
    Mails,
    /// Budgets, over when they are whole: then they are as if nobody had named them.
    Budgets,
    /// Failures in a row, over with the last one.
    Attempts,
}

impl Leftover {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Flows,
        Self::Invitations,
        Self::Sessions,
        Self::Replies,
        Self::Mails,
        Self::Budgets,
        Self::Attempts,
    ];
}

/// Deletes what is left over.
#[trait_variant::make(Send)]
pub trait LeftoversMut {
    /// Deletes at most `limit` of what was over before this moment; answers how many.
    ///
    /// What was over at this moment or later stays, and so does what is not over. Any number of callers may
    /// do so at once, and each counts what it deleted itself. The work depends on `limit`, not on how much
    /// is stored.
    async fn delete_leftovers(
        &mut self,
        what: Leftover,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64>;
}
