use super::sessions::issued;
use super::{Accounts, IssuedSession};
use crate::entity::{RefreshDecision, Session, SessionFamily, UserStatus};
use crate::error::Error;
use crate::event::{EndReason, Event};
use crate::mail::Notice;
use crate::origin::Origin;
use crate::secret::Digest;
use crate::store::{Sessions, SessionsMut, Store, StoreError};
use crate::time::Timestamp;
use crate::token::{RefreshToken, SessionToken};

/// A family, the token of it that was presented, and whether its user may be used.
struct Presented<A: crate::attrs::Attrs> {
    session: Session<A>,
    digest: Digest,
    active: bool,
}

impl<S: Store> Accounts<S> {
    /// Exchanges a refresh token for a new pair; the old session token dies with it (R-SE-08, R-SE-09).
    ///
    /// A lost reply may be retried for the grace period of the settings, which replaces the unused
    /// successor. Any other second use ends the whole family and tells its owner.
    pub async fn refresh(
        &self,
        refresh: &RefreshToken,
        origin: &Origin,
    ) -> Result<IssuedSession, Error> {
        let mut read = self.read().await?;
        let found = self.presented(&mut read, refresh).await?;
        drop(read);
        let Some(first) = found else {
            return Err(Error::Unauthenticated);
        };
        let session = first.session.id;
        let settled = unit!(self, presuming, |tx, tried| {
            if tried == 0 {
                return self.exchange(tx, &first, origin).await;
            }
            // Somebody else rotates this family right now: queue up, and look again.
            tx.lock_session(session).await?;
            match self.presented(tx, refresh).await? {
                Some(again) => self.exchange(tx, &again, origin).await,
                None => Ok(None),
            }
        })?;
        settled.ok_or(Error::Unauthenticated)
    }

    async fn presented<R: Sessions<S::Attrs> + Send>(
        &self,
        read: &mut R,
        refresh: &RefreshToken,
    ) -> Result<Option<Presented<S::Attrs>>, Error> {
        for digest in self.keys().digests(refresh) {
            if let Some(SessionFamily { session, status }) =
                read.session_by_refresh(&digest).await?
            {
                // R-SE-11
                let active = status == UserStatus::Active;
                return Ok(Some(Presented { session, digest, active }));
            }
        }
        Ok(None)
    }

    /// `None` is a refusal whose consequences are to be committed.
    async fn exchange(
        &self,
        tx: &mut S::Tx<'_>,
        presented: &Presented<S::Attrs>,
        origin: &Origin,
    ) -> Result<Option<IssuedSession>, Error> {
        let Presented { session, digest, active } = presented;
        // Whoever acts as somebody else does so for a while, and not again and again.
        if !active || session.client != origin.client || session.actor.is_some() {
            return Ok(None);
        }
        let now = self.now();
        let grace = self.settings().sessions.refresh_grace;
        match session.decide_refresh(digest, now, grace) {
            RefreshDecision::Over => Ok(None),
            RefreshDecision::Reuse => {
                self.revoke_family(tx, session, origin).await?;
                Ok(None)
            }
            decision @ (RefreshDecision::Rotate | RefreshDecision::Retry) => {
                self.rotate(tx, session, decision, now, origin).await.map(Some)
            }
        }
    }

    async fn rotate(
        &self,
        tx: &mut S::Tx<'_>,
        session: &Session<S::Attrs>,
        decision: RefreshDecision,
        now: Timestamp,
        origin: &Origin,
    ) -> Result<IssuedSession, Error> {
        let limits = self.session_limits(tx, &session.methods, session.client).await?;
        let token = SessionToken::mint(self.entropy());
        let refresh = RefreshToken::mint(self.entropy());
        // A retry replaces the successor and keeps the moment from which the grace counts.
        let (previous_refresh, rotated) = if decision == RefreshDecision::Retry {
            (session.previous_refresh, session.rotated)
        } else {
            (Some(session.refresh), now)
        };
        let next = Session {
            token: self.keys().digest(&token),
            token_expires: (now + limits.token).min(session.expires),
            refresh: self.keys().digest(&refresh),
            previous_refresh,
            rotated,
            refresh_expires: (now + limits.idle).min(session.expires),
            ..session.clone()
        };
        if !tx.rotate_session(&next, &session.refresh).await? {
            return Err(Error::Store(StoreError::Conflict));
        }
        // Whoever has it still may log out by it (R-SE-05).
        tx.remember_token(session.id, &session.token).await?;
        self.record(tx, &Event::SessionRefreshed { session: &next }, origin).await?;
        Ok(issued(token, refresh, &next))
    }

    async fn revoke_family(
        &self,
        tx: &mut S::Tx<'_>,
        session: &Session<S::Attrs>,
        origin: &Origin,
    ) -> Result<(), Error> {
        let reason = EndReason::RefreshReuse;
        if !self.end_session(tx, session.id, session.user, reason, origin).await? {
            return Ok(());
        }
        self.notify(tx, session.user, Notice::SessionRevoked).await
    }
}
