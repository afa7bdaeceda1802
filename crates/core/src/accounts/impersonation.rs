use std::time::Duration;

use super::Accounts;
use super::sessions::Opening;
use crate::attrs::Role;
use crate::authz::FreshUser;
use crate::entity::{Actor, Session, UserStatus};
use crate::error::Error;
use crate::event::Event;
use crate::ids::{SessionId, UserId};
use crate::mail::Notice;
use crate::origin::Origin;
use crate::settings::SessionLimits;
use crate::store::{Sessions, SessionsMut, Store};
use crate::text::Reason;
use crate::time::Timestamp;
use crate::token::SessionToken;

/// A session in which an administrator acts as somebody else. It has no refresh token.
#[derive(Debug)]
pub struct Impersonation {
    /// The token of the session.
    pub token: SessionToken,
    /// Which session.
    pub session: SessionId,
    /// As whom he acts.
    pub user: UserId,
    /// When it ends whatever happens.
    pub expires: Timestamp,
}

/// How long an administrator may act as somebody else.
pub const IMPERSONATION_LIFETIME: Duration = Duration::from_hours(1);

impl<S: Store> Accounts<S> {
    /// Opens a session in which an administrator acts as a user, inside the caller's unit of work.
    ///
    /// It lasts an hour at most and cannot be refreshed, and never longer than the administrator's own
    /// session and office: both are read at every use (R-SE-11). It never counts as fresh, and does nothing that
    /// [`is_open_to_actors`](crate::Action::is_open_to_actors) does not name. All that is done in it has the
    /// administrator as its actor in the audit log, and the user is told by mail (R-NO-01).
    ///
    /// [`Error::Forbidden`] for an account that is not active, for that of an administrator, and when the
    /// session of `by` is over.
    pub async fn impersonate(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        reason: &Reason,
        by: &FreshUser,
        origin: &Origin,
    ) -> Result<Impersonation, Error> {
        let now = self.now();
        let user = self.present_user(tx, user).await?;
        let is_powerful = user.roles.iter().any(|role| role.is_administrator());
        if user.status != UserStatus::Active || is_powerful || user.id == by.id() {
            return Err(Error::Forbidden);
        }
        tx.lock_session(by.session()).await?;
        let own = tx.session(by.session()).await?.filter(|own| !own.is_over(now));
        let own: Session<S::Attrs> = own.ok_or(Error::Forbidden)?;
        let rest = own.expires.as_millis().saturating_sub(now.as_millis());
        let rest = Duration::from_millis(u64::try_from(rest).unwrap_or(0));
        let through = self.session_limits(tx, &[], origin.client).await?;
        let limit = rest.min(IMPERSONATION_LIFETIME).min(through.idle);
        let opening = Opening {
            methods: Vec::new(),
            limits: SessionLimits { token: limit, idle: limit, absolute: limit, ..through },
            actor: Some(Actor { id: by.id(), session_id: by.session() }),
        };
        let issued = self.open(tx, user.id, opening, origin).await?;
        let session = tx.session(issued.session).await?.ok_or(Error::NotFound("session"))?;
        let event = Event::UserImpersonated { session: &session, reason };
        self.record(tx, &event, origin).await?;
        self.notify(tx, user.id, Notice::Impersonated).await?;
        Ok(Impersonation {
            token: issued.token,
            session: issued.session,
            user: user.id,
            expires: session.expires,
        })
    }
}
