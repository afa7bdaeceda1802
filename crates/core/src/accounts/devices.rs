use super::Accounts;
use super::sessions::Occasion;
use crate::attrs::Attrs;
use crate::entity::Session;
use crate::error::Error;
use crate::event::EndReason;
use crate::ids::UserId;
use crate::mail::Notice;
use crate::origin::Origin;
use crate::page::Slice;
use crate::settings::SessionLimits;
use crate::store::{Dossier, SessionQuery, Sessions, Store};

/// How many sessions that are over are looked at for a device that has been here before.
const REMEMBERED: u32 = 100;

impl<S: Store> Accounts<S> {
    /// Makes room for another session of a user, inside the caller's unit of work, and tells him of a device that was
    /// not seen before (R-SE-12, R-NO-01).
    ///
    /// A device is a program in a [network](Origin::network), as it calls itself: it was seen before if any session
    /// that is still kept was opened so. The session of a sign-up is from no new device, and that of no other login: who
    /// was imported, or has not been here for as long as sessions are kept, wants to know. One look-up answers both
    /// questions, but for a device without a live session. What an administrator opened to act as the user is none of
    /// his, here and there.
    ///
    /// Sessions that are opened at the very same moment may be more than there may be, until another one is.
    pub(super) async fn make_room(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        limits: &SessionLimits,
        occasion: Occasion,
        origin: &Origin,
    ) -> Result<(), Error> {
        let most = limits.concurrent.max(1);
        let slice = Slice { after: None, limit: most.saturating_mul(2) };
        let his = SessionQuery { user: Some(user), ..SessionQuery::default() };
        let live = own(tx.live_sessions(&his, self.now(), slice).await?);
        let left = usize::try_from(most - 1).unwrap_or(usize::MAX);
        for oldest in live.iter().skip(left) {
            self.end_session(tx, oldest.id, user, EndReason::TooMany, origin).await?;
        }
        if occasion == Occasion::SignUp || live.iter().any(|session| is_from(session, origin)) {
            return Ok(());
        }
        let slice = Slice { after: None, limit: REMEMBERED };
        let known = own(tx.every_session_of(user, slice).await?);
        if !known.iter().any(|session| is_from(session, origin)) {
            self.notify(tx, user, Notice::NewDevice).await?;
        }
        Ok(())
    }

    /// Whether a request is from a device of this user that was seen before. For nobody it looks as long (R-EN-02).
    pub(super) async fn is_from_his_device(
        &self,
        tx: &mut S::Tx<'_>,
        user: Option<UserId>,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let whose = user.unwrap_or_else(|| UserId::new(self.now(), self.entropy()));
        let slice = Slice { after: None, limit: REMEMBERED };
        let known = own(tx.every_session_of(whose, slice).await?);
        Ok(known.iter().any(|session| is_from(session, origin)))
    }
}

/// Those in which the user acts himself.
fn own<A: Attrs>(sessions: Vec<Session<A>>) -> Vec<Session<A>> {
    sessions.into_iter().filter(|session| session.actor.is_none()).collect()
}

/// Whether a session was opened by the program, and from the network, that a request is from.
fn is_from<A: Attrs>(session: &Session<A>, origin: &Origin) -> bool {
    let then = Origin { ip: session.ip, ..Origin::default() };
    session.agent == origin.agent && then.network() == origin.network()
}
