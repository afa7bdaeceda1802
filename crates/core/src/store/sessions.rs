use super::Result;
use crate::attrs::Attrs;
use crate::entity::{LiveSession, Session, SessionFamily};
use crate::ids::{ClientId, SessionId, UserId};
use crate::page::Slice;
use crate::secret::Digest;
use crate::time::Timestamp;

/// Which sessions are asked for; all that is given must fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionQuery {
    /// Of this user.
    pub user: Option<UserId>,
    /// Opened through this client.
    pub client: Option<ClientId>,
    /// With this id or a greater one: not before a moment, by [`SessionId::first_at`].
    pub from: Option<SessionId>,
}

/// Look-ups of sessions.
#[trait_variant::make(Send)]
pub trait Sessions<A: Attrs> {
    /// The session with this id, ended or not.
    async fn session(&mut self, id: SessionId) -> Result<Option<Session<A>>>;

    /// What a session check reads, by the digest of the current session token; one indexed read.
    ///
    /// The token of before the last refresh finds nothing. Ended and expired sessions are found: the rule
    /// decides, not the store. What it says of an actor is that of this moment: whether he administers, and
    /// whether his own session was ended.
    async fn session_by_token(&mut self, token: &Digest) -> Result<Option<LiveSession<A>>>;

    /// The session of whose family this refresh token is, current or spent long ago, or this
    /// [remembered](SessionsMut::remember_token) token, and the status of its user; one look-up.
    async fn session_by_refresh(&mut self, refresh: &Digest) -> Result<Option<SessionFamily<A>>>;

    /// The sessions of this user that were not ended, the newest first.
    async fn sessions_of(&mut self, user: UserId) -> Result<Vec<Session<A>>>;

    /// A part of the sessions that fit and are [alive](Session::is_alive), by descending id (R-SE-13). One in which
    /// somebody acts is among them while he [may](crate::entity::LiveActor::until), as a check of it would be told.
    async fn live_sessions(
        &mut self,
        query: &SessionQuery,
        now: Timestamp,
        slice: Slice<SessionId>,
    ) -> Result<Vec<Session<A>>>;
}

/// Writes of sessions.
#[trait_variant::make(Send)]
pub trait SessionsMut<A: Attrs> {
    /// Inserts a session and remembers its refresh token as one of the family.
    async fn insert_session(&mut self, session: &Session<A>) -> Result<()>;

    /// Replaces the tokens of a session and their times, and remembers the new refresh token as one of
    /// the family, if `from` is still the current refresh token and the session has not ended; answers
    /// whether it was. Of concurrent rotations from one token at most one is told `true`.
    async fn rotate_session(&mut self, session: &Session<A>, from: &Digest) -> Result<bool>;

    /// Remembers another token, which no session has any more, as one of the family of a session that is there.
    async fn remember_token(&mut self, session: SessionId, token: &Digest) -> Result<()>;

    /// Holds off other units of work that would change this session, until this one is over.
    async fn lock_session(&mut self, id: SessionId) -> Result<()>;

    /// Ends a session for good, if it has not ended; answers whether it did now.
    async fn end_session(&mut self, id: SessionId, now: Timestamp) -> Result<bool>;

    /// Ends every session of this user that has not ended, but for `except`; answers how many did now
    /// (R-SE-06, R-SE-07).
    async fn end_sessions_of(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        now: Timestamp,
    ) -> Result<u64>;
}
