//! What must hold whatever the order, and whoever crashed.

use std::fmt;

use durward_core::accounts::IssuedSession;
use durward_core::entity::Compromise;
use durward_core::store::{Passwords, Sessions};
use durward_core::{FreshUser, Method, Plain, Session, UserId};

use crate::model::worlds::It;

/// Which of them does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A code, a step of an authenticator app, a recovery code or a refresh token was used twice.
    UsedTwice,
    /// A user who was banned or deleted has a credential that is accepted.
    AliveThoughBanned,
    /// An address is not exactly that person's who proved it first.
    TwoOwners,
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

/// The sessions of a user that have not ended, as they are stored.
pub(crate) async fn live(it: &It, user: UserId) -> Vec<Session<Plain>> {
    let mut sessions = it.accounts().read().await.unwrap().sessions_of(user).await.unwrap();
    sessions.retain(|session| session.ended.is_none());
    sessions
}

/// One proof opened one session at most.
pub(crate) async fn used_once(it: &It, user: UserId, before: usize) -> Result<(), Violation> {
    let opened =
        it.accounts().read().await.unwrap().sessions_of(user).await.unwrap().len() - before;
    ensure(opened <= 1, Violation::UsedTwice)
}

/// Neither a session of a banned user is stored as alive, nor is one accepted, by either of its tokens.
pub(crate) async fn nothing_lives(
    it: &It,
    user: UserId,
    known: &[IssuedSession],
) -> Result<(), Violation> {
    ensure(live(it, user).await.is_empty(), Violation::AliveThoughBanned)?;
    for session in known {
        let accepted = it.accounts().authenticate(&session.token, None).await;
        ensure(accepted.is_err(), Violation::AliveThoughBanned)?;
        let accepted = it.accounts().refresh(&session.refresh, &it.origin()).await;
        ensure(accepted.is_err(), Violation::AliveThoughBanned)?;
    }
    Ok(())
}

/// After an enrolment only the session that enrolled lives, and those that have proven the factor.
pub(crate) async fn every_factor(it: &It, keeper: &FreshUser) -> Result<(), Violation> {
    for session in live(it, keeper.id()).await {
        let proven = session.methods.contains(&Method::Totp);
        ensure(proven || session.id == keeper.session(), Violation::FactorMissing)?;
    }
    Ok(())
}

/// No session comes from a marked password: whoever lives has proven who he is before the mark, or by another
/// password.
pub(crate) async fn opened_by_none_marked(it: &It, user: UserId) -> Result<(), Violation> {
    let stored = it.accounts().read().await.unwrap().password(user).await.unwrap().unwrap();
    let Some(Compromise { since, .. }) = stored.compromised else { return Ok(()) };
    let later = live(it, user).await.into_iter().filter(|it| it.created >= since).count();
    ensure(later == 0, Violation::OpenedByCompromised)
}

/// A revoked password leaves nobody in.
pub(crate) async fn nobody_is_in(it: &It, user: UserId) -> Result<(), Violation> {
    ensure(live(it, user).await.is_empty(), Violation::OpenedByCompromised)
}

/// Nobody is served whose attempt could not be debited any more.
pub(crate) fn debited(served: usize) -> Result<(), Violation> {
    ensure(served == 0, Violation::VerifiedUndebited)
}
