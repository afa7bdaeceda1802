use super::Accounts;
use crate::error::Error;
use crate::event::EndReason;
use crate::ids::{SessionId, UserId};
use crate::mail::{Message, Notice};
use crate::origin::Origin;
use crate::store::{FlowsMut, LoginEmails, Store};

impl<S: Store> Accounts<S> {
    /// Tells all proven addresses of a user what changed, inside the caller's unit of work (R-NO-01).
    pub async fn notify(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        notice: Notice,
    ) -> Result<(), Error> {
        let now = self.now();
        for email in tx.login_emails_of(user).await? {
            if email.proven.is_some() {
                self.queue_mail(tx, &email.address, Message::Notice(notice), now).await?;
            }
        }
        Ok(())
    }

    /// What follows every change of what an account is proven by, in the same unit of work: all sessions but
    /// `keep` end, and with them their refresh tokens, flows under way die, and the owner is told (R-SE-06,
    /// R-NO-01).
    pub async fn credentials_changed(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        keep: Option<SessionId>,
        notice: Notice,
        origin: &Origin,
    ) -> Result<(), Error> {
        tx.finish_flows_of(user, self.now()).await?;
        self.end_sessions(tx, user, keep, EndReason::CredentialsChanged, origin).await?;
        self.notify(tx, user, notice).await
    }
}
