use std::net::IpAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::attrs::{Attrs, Plain};
use crate::entity::flow::Method;
use crate::entity::user::UserStatus;
use crate::ids::{ClientId, SessionId, UserId};
use crate::secret::Digest;
use crate::text::UserAgent;
use crate::time::Timestamp;

/// An administrator who acts as somebody else, and the session of his own in which he does (R-SE-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// Who it is.
    pub id: UserId,
    /// By which session of his own.
    pub session_id: SessionId,
}

/// What a session check knows of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveActor {
    /// Who acts.
    pub actor: Actor,
    /// When his own session ends whatever happens; `None` when it was ended, or he no longer administers.
    pub until: Option<Timestamp>,
}

/// A login that lasts, and the family of its refresh tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Session<A: Attrs = Plain> {
    /// Names the session; never a secret.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The client that it was opened through; only that one may use it (GW-15).
    pub client: Option<ClientId>,
    /// What was proven, in order.
    pub methods: Vec<Method>,
    /// When it was proven.
    pub authenticated: Timestamp,
    /// When the session was opened.
    pub created: Timestamp,
    /// The digest of the one session token that is accepted.
    pub token: Digest,
    /// When that token expires.
    pub token_expires: Timestamp,
    /// The digest of the one refresh token that is accepted.
    pub refresh: Digest,
    /// The digest of the refresh token before it, which may still be retried for a moment.
    pub previous_refresh: Option<Digest>,
    /// When the previous refresh token was first spent.
    pub rotated: Timestamp,
    /// When the refresh token expires.
    pub refresh_expires: Timestamp,
    /// When the session ends whatever happens (R-SE-04).
    pub expires: Timestamp,
    /// When it was ended before its time, if so.
    pub ended: Option<Timestamp>,
    /// Who acts in it as its user, if somebody does.
    pub actor: Option<Actor>,
    /// The address that it was opened from.
    pub ip: Option<IpAddr>,
    /// The program that it was opened with.
    pub agent: Option<UserAgent>,
    /// The application's own fields.
    pub attrs: A::Session,
}

/// What to do with a presented refresh token of a known family (R-SE-08).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshDecision {
    /// It is the current one: rotate.
    Rotate,
    /// Its successor got lost on the way and is unused: replace the successor.
    Retry,
    /// It was spent before: someone else holds a copy, so the family ends.
    Reuse,
    /// The session has ended or expired: refuse.
    Over,
}

impl<A: Attrs> Session<A> {
    /// Whether the session can still be used or refreshed.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ended.is_some() || now >= self.expires
    }

    /// Whether any of its tokens is still good for anything: what its owner sees as a session (R-SE-13).
    pub fn is_alive(&self, now: Timestamp) -> bool {
        !self.is_over(now) && (now < self.token_expires || now < self.refresh_expires)
    }

    /// Decides over a refresh token of this family; `grace` is how long a lost reply may be retried.
    ///
    /// A successor counts as unused until it is itself presented: once it was, the token in
    /// `previous_refresh` is another one.
    pub fn decide_refresh(
        &self,
        presented: &Digest,
        now: Timestamp,
        grace: Duration,
    ) -> RefreshDecision {
        if self.is_over(now) {
            return RefreshDecision::Over;
        }
        if self.refresh.matches(presented) {
            let expired = now >= self.refresh_expires;
            return if expired { RefreshDecision::Over } else { RefreshDecision::Rotate };
        }
        let previous = self.previous_refresh.is_some_and(|digest| digest.matches(presented));
        if previous && now < self.rotated + grace {
            return RefreshDecision::Retry;
        }
        RefreshDecision::Reuse
    }
}

/// What a session check reads, in one look-up by the digest of the token.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveSession<A: Attrs = Plain> {
    /// The session.
    pub session: SessionId,
    /// Its user.
    pub user: UserId,
    /// Whether that user may be used.
    pub status: UserStatus,
    /// The roles of that user.
    pub roles: Vec<A::UserRole>,
    /// The client it was opened through.
    pub client: Option<ClientId>,
    /// What was proven.
    pub methods: Vec<Method>,
    /// When it was proven.
    pub authenticated: Timestamp,
    /// When the token expires.
    pub token_expires: Timestamp,
    /// When the session ends whatever happens.
    pub expires: Timestamp,
    /// When it was ended before its time, if so.
    pub ended: Option<Timestamp>,
    /// Who acts in it as its user, if somebody does.
    pub actor: Option<LiveActor>,
}

/// What a refresh reads, in one look-up by the digest of a refresh token.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionFamily<A: Attrs = Plain> {
    /// The session of whose family the token is.
    pub session: Session<A>,
    /// Whether its user may be used.
    pub status: UserStatus,
}

impl<A: Attrs> LiveSession<A> {
    /// Whether a request with this token is served now (R-SE-02, R-SE-11).
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.ended.is_none()
            && self.status == UserStatus::Active
            && now < self.token_expires
            && now < self.expires
            && self.actor.is_none_or(|actor| actor.until.is_some_and(|until| now < until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs::NoAttributes;

    const GRACE: Duration = Duration::from_secs(30);

    fn digest(byte: u8) -> Digest {
        Digest::from_bytes([byte; 32])
    }
    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }
    fn session() -> Session {
        Session {
            id: SessionId::from_bytes([1; 16]),
            user: UserId::from_bytes([2; 16]),
            client: None,
            methods: vec![Method::Password],
            authenticated: at(0),
            created: at(0),
            token: digest(1),
            token_expires: at(60),
            refresh: digest(3),
            previous_refresh: Some(digest(2)),
            rotated: at(10),
            refresh_expires: at(100),
            expires: at(1_000),
            ended: None,
            actor: None,
            ip: None,
            agent: None,
            attrs: NoAttributes {},
        }
    }

    #[test]
    fn an_actor_acts_no_longer_than_his_own_session_and_office() {
        // R-SE-11
        let actor = Actor { id: UserId::from_bytes([3; 16]), session_id: session().id };
        let live = |until| LiveSession::<Plain> {
            session: session().id,
            user: session().user,
            status: UserStatus::Active,
            roles: vec![],
            client: None,
            methods: vec![],
            authenticated: at(0),
            token_expires: at(60),
            expires: at(60),
            ended: None,
            actor: Some(LiveActor { actor, until }),
        };
        assert!(live(Some(at(30))).is_valid(at(29)) && !live(Some(at(30))).is_valid(at(30)));
        assert!(!live(None).is_valid(at(0)));
        assert!(!live(Some(at(90))).is_valid(at(60)));
    }

    #[test]
    fn the_current_token_rotates_until_it_expires() {
        let decide = |now| session().decide_refresh(&digest(3), now, GRACE);
        assert_eq!(decide(at(99)), RefreshDecision::Rotate);
        assert_eq!(decide(at(100)), RefreshDecision::Over);
    }

    #[test]
    fn a_lost_reply_may_be_retried_for_thirty_seconds() {
        // R-SE-08
        let decide = |now| session().decide_refresh(&digest(2), now, GRACE);
        assert_eq!(decide(at(10)), RefreshDecision::Retry);
        assert_eq!(decide(at(39)), RefreshDecision::Retry);
        assert_eq!(decide(at(40)), RefreshDecision::Reuse);
    }

    #[test]
    fn a_session_is_alive_while_one_of_its_tokens_is() {
        // R-SE-13
        let session = session();
        assert!(session.is_alive(at(99)) && !session.is_alive(at(100)));
        let unrefreshed = Session { token_expires: at(200), ..session.clone() };
        assert!(unrefreshed.is_alive(at(199)) && !unrefreshed.is_alive(at(200)));
        let short = Session { expires: at(50), ..session.clone() };
        assert!(short.is_alive(at(49)) && !short.is_alive(at(50)));
        assert!(!Session { ended: Some(at(1)), ..session }.is_alive(at(2)));
    }

    #[test]
    fn any_older_token_is_reuse() {
        assert_eq!(session().decide_refresh(&digest(9), at(11), GRACE), RefreshDecision::Reuse);
    }

    #[test]
    fn refresh_never_passes_the_absolute_limit() {
        // R-SE-04
        let session = Session { refresh_expires: at(5_000), ..session() };
        assert_eq!(session.decide_refresh(&digest(3), at(1_000), GRACE), RefreshDecision::Over);
        let ended = Session { ended: Some(at(1)), ..session };
        assert_eq!(ended.decide_refresh(&digest(3), at(2), GRACE), RefreshDecision::Over);
        assert_eq!(ended.decide_refresh(&digest(9), at(2), GRACE), RefreshDecision::Over);
    }
}
