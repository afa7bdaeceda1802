use crate::entity::{Method, Step};
use crate::ids::UserId;

/// What must be proven before a session opens.
pub trait StepRule: Send + Sync {
    /// What a user who has proven `done` must still prove; `None` opens the session.
    ///
    /// Whoever has enrolled an authenticator app is asked for it after his first factor whatever the rule says. A
    /// rule may ask everyone for it with [`Step::Totp`]: who has none goes on with what he proved, so that he can
    /// enrol one; ask for the methods of the session where two factors are needed.
    ///
    /// [`Step::NewPassword`] is not for a rule to ask for: a mark on the password does
    /// ([`mark_password`](crate::Accounts::mark_password)).
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
