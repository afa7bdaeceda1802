use crate::entity::{Method, Step};
use crate::ids::UserId;

/// What must be proven before a session opens.
pub trait StepRule: Send + Sync {
    /// What a user who has proven `done` must still prove; `None` opens the session.
    ///
    /// A step whose method is in `done` already is not asked again: the flow refuses instead, since the
    /// same mailbox twice is one factor (security decision 6).
    fn next(&self, user: UserId, done: &[Method]) -> Option<Step>;
}

/// Any one method is enough.
#[derive(Clone, Copy, Debug, Default)]
pub struct OneFactor;

impl StepRule for OneFactor {
    fn next(&self, _: UserId, _: &[Method]) -> Option<Step> {
        None
    }
}
