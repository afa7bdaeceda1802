//! What must hold whatever the order, and whoever crashed.
//!
//! What is stored is read from the store itself, which does not lie; what is accepted is asked of the flows.

use std::fmt;

use durward_core::accounts::IssuedSession;
use durward_core::entity::Compromise;
use durward_core::store::{Passwords, Sessions};
use durward_core::{Method, Plain, Session, UserId};

use crate::model::course::Course;
use crate::model::explorer::at_once;
use crate::model::given::Given;

/// Which of them does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A code, a step of an authenticator app, a recovery code or a refresh token was used twice.
    UsedTwice,
    /// A code that was replaced is accepted, or nobody gets in by the one in its place.
    ReplacedCodeCounts,
    /// A code did what it was not mailed for.
    OtherPurpose,
    /// A code served somebody who did not ask for it.
    OtherHands,
    /// Something is accepted of a user who was banned or deleted, or of a session that was ended.
    AliveThoughOver,
    /// An address is not exactly that person's who proved it first, or somebody else's claim of it stands.
    NotTheOwner,
    /// Somebody else noticed.
    OtherPersonConcerned,
    /// A session was opened without every factor that was required.
    FactorMissing,
    /// A session other than the one that changed a credential is accepted afterwards.
    OtherSessionLives,
    /// More was verified than was debited.
    VerifiedUndebited,
    /// A compromised password opened a session before its owner chose another one.
    OpenedByCompromised,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

pub(crate) fn ensure(holds: bool, violation: Violation) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(violation) }
}

impl Given {
    /// The sessions of a user that have not ended, as they are stored.
    pub(crate) fn live(&self, user: UserId) -> Vec<Session<Plain>> {
        let mut sessions = at_once(self.stored().sessions_of(user)).unwrap();
        sessions.retain(|session| session.ended.is_none());
        sessions
    }

    pub(crate) fn is_accepted(&self, session: &IssuedSession) -> bool {
        at_once(self.it.accounts().authenticate(&session.token, None)).is_ok()
    }

    /// One proof opened one session at most, beside the one that Ada had.
    pub(crate) fn used_once(&self) -> Result<(), Violation> {
        ensure(self.live(self.ada.user).len() <= 2, Violation::UsedTwice)
    }

    /// Neither is a session of Ada's stored as alive, nor is one accepted that she ever had, by either of its tokens.
    pub(crate) fn nothing_lives(&self, course: &Course) -> Result<(), Violation> {
        ensure(self.live(self.ada.user).is_empty(), Violation::AliveThoughOver)?;
        for session in course.sessions().chain([&self.ada]) {
            ensure(!self.is_accepted(session), Violation::AliveThoughOver)?;
            let origin = self.it.origin();
            let refreshed = at_once(self.it.accounts().refresh(&session.refresh, &origin));
            ensure(refreshed.is_err(), Violation::AliveThoughOver)?;
        }
        Ok(())
    }

    /// No session of Ada's lives but her first, and those that have proven all of this.
    pub(crate) fn every_factor(&self, required: &[Method]) -> Result<(), Violation> {
        for session in self.live(self.ada.user) {
            let proven = required.iter().all(|method| session.methods.contains(method));
            ensure(proven || session.id == self.ada.session, Violation::FactorMissing)?;
        }
        Ok(())
    }

    /// No session of Ada's lives but her first, and this other one is not accepted.
    pub(crate) fn ended_for_others(&self, other: &IssuedSession) -> Result<(), Violation> {
        let mut live = self.live(self.ada.user).into_iter();
        ensure(live.all(|it| it.id == self.ada.session), Violation::OtherSessionLives)?;
        ensure(!self.is_accepted(other), Violation::OtherSessionLives)
    }

    /// No session comes from a marked password: whoever lives has proven who he is before the mark, or by another
    /// password.
    pub(crate) fn opened_by_none_marked(&self) -> Result<(), Violation> {
        let stored = at_once(self.stored().password(self.ada.user)).unwrap().unwrap();
        let Some(Compromise { since, .. }) = stored.compromised else { return Ok(()) };
        let mut live = self.live(self.ada.user).into_iter();
        ensure(live.all(|it| it.created < since), Violation::OpenedByCompromised)
    }

    /// A revoked password leaves nobody in.
    pub(crate) fn nobody_is_in(&self) -> Result<(), Violation> {
        ensure(self.live(self.ada.user).is_empty(), Violation::OpenedByCompromised)
    }
}
