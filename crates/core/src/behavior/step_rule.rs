use crate::entity::{Method, Step};
use crate::ids::{ClientId, UserId};

/// Whom a [`StepRule`] is asked about.
#[derive(Clone, Copy, Debug)]
pub struct StepContext<'a> {
    /// Who logs in, or came by a session.
    pub user: UserId,
    /// Whether he administers the deployment.
    pub administrator: bool,
    /// Through which client.
    pub client: Option<ClientId>,
    /// What he has proven.
    pub done: &'a [Method],
}

impl StepContext<'_> {
    /// Whether he has proven a second factor.
    pub fn has_second_factor(&self) -> bool {
        self.done.iter().any(|method| method.is_second_factor())
    }
}

/// What must be proven before a session opens.
///
/// It is asked at every step of a login, and about every session at every use: a rule that becomes stricter holds
/// at once (R-MF-01). So it must answer from what it knows, without waiting.
pub trait StepRule: Send + Sync {
    /// What must still be proven; `None` opens the session.
    ///
    /// Whoever has enrolled an authenticator app is asked for it after his first factor whatever the rule says. A
    /// rule may ask for it with [`Step::Totp`]: who has none gets a session that may enrol one, and nothing else
    /// ([`Caller::enrolling`](crate::Caller::enrolling)).
    ///
    /// Of a personal key it is asked what a login of its user would have to prove behind each first factor, through the key
    /// as the client: while that is a second factor, and the user has none, the key acts for nobody (R-MF-02).
    ///
    /// [`Step::NewPassword`] is not for a rule to ask for: a mark on the password does
    /// ([`mark_password`](crate::Accounts::mark_password)).
    ///
    /// A step whose method is among those done already is not asked again: the flow refuses instead, since the
    /// same mailbox twice is one factor (security decision 6).
    fn next(&self, context: &StepContext<'_>) -> Option<Step>;

    /// Whether a second factor is asked of everybody, always: a password is then never the only factor, and may be
    /// shorter (R-PW-01). A rule that does not say so is taken to let somebody in with one.
    fn asks_everybody(&self) -> bool {
        false
    }
}

/// Any one method is enough.
#[derive(Clone, Copy, Debug, Default)]
pub struct OneFactor;

impl StepRule for OneFactor {
    fn next(&self, _: &StepContext<'_>) -> Option<Step> {
        None
    }
}

/// A second factor is asked of these (R-MF-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwoFactors {
    /// Of everybody.
    Everyone,
    /// Of who administers the deployment.
    Administrators,
}

impl StepRule for TwoFactors {
    fn next(&self, context: &StepContext<'_>) -> Option<Step> {
        let asked = match self {
            Self::Everyone => true,
            Self::Administrators => context.administrator,
        };
        (asked && !context.has_second_factor()).then_some(Step::Totp)
    }

    fn asks_everybody(&self) -> bool {
        match self {
            Self::Everyone => true,
            Self::Administrators => false,
        }
    }
}
