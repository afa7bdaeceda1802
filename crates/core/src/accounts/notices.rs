use std::time::Duration;

use super::Accounts;
use super::flows::Linked;
use crate::budget::Debit;
use crate::email::EmailAddress;
use crate::entity::{Flow, Purpose};
use crate::error::Error;
use crate::event::EndReason;
use crate::ids::{LoginEmailId, SessionId, UserId};
use crate::mail::{Message, Notice, Notification, Objection};
use crate::origin::Origin;
use crate::secret::Secret;
use crate::store::{BudgetsMut, Flows, FlowsMut, LoginEmails, PasswordsMut, Store};
use crate::time::Timestamp;

/// What the reader of a notice can do about it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Means {
    /// Say that it was somebody else.
    Report,
    /// Give this address, which is the one written to, its place back.
    Revert { claim: LoginEmailId },
    /// Nothing: an older address had it removed.
    Nothing,
}

impl Means {
    /// The name of the means, which tells the budgets of letters apart.
    const fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Revert { .. } => "revert",
            Self::Nothing => "nothing",
        }
    }
}

impl<S: Store> Accounts<S> {
    /// Tells all proven addresses of a user what changed, inside the caller's unit of work, each with a link
    /// to say that it was somebody else (R-NO-01); see [`Accounts::report_notice`].
    pub async fn notify(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        notice: Notice,
    ) -> Result<(), Error> {
        self.notify_each(tx, user, notice, |_| Means::Report).await
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
        self.end_what_was_proven(tx, user, keep, EndReason::CredentialsChanged, origin).await?;
        self.notify(tx, user, notice).await
    }

    /// Ends all sessions of a user but `keep`, and the flows under way; also those that come to be in the same
    /// moment by a login that knows nothing of this unit yet. Such a login is for one version of the password, or holds
    /// the flow that it comes from: so this finds what it left, or it finds that it comes too late.
    pub(super) async fn end_what_was_proven(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        keep: Option<SessionId>,
        reason: EndReason,
        origin: &Origin,
    ) -> Result<(), Error> {
        tx.outdate_password(user).await?;
        tx.finish_flows_of(user, self.now()).await?;
        self.end_sessions(tx, user, keep, reason, origin).await?;
        Ok(())
    }

    /// Tells all proven addresses of a user what changed, each with the means that `means` gives it.
    pub(super) async fn notify_each(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        notice: Notice,
        means: impl Fn(LoginEmailId) -> Means + Send,
    ) -> Result<(), Error> {
        for email in tx.login_emails_of(user).await? {
            if email.proven.is_some() {
                self.tell(tx, user, &email.address, notice, means(email.id)).await?;
            }
        }
        Ok(())
    }

    /// Tells one mailbox what changed, as often as the budget of this notice with these means allows.
    ///
    /// A letter that gives an address its place back has a budget of its own, so that nobody uses it up by changes of
    /// other addresses, of which this mailbox is only told. Whoever wants to use it up must take the place of this very
    /// address again and again. A removed one comes back by a proof of its reader only; and one that is primary by turns
    /// was sent links before that are good as long and give back as much: the older one even outranks more.
    pub(super) async fn tell(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        to: &EmailAddress,
        notice: Notice,
        means: Means,
    ) -> Result<(), Error> {
        let now = self.now();
        let budget = [notice.name(), means.name()];
        if !self.debit_notice(tx, to, budget, now).await? {
            tracing::warn!(
                notice = notice.name(),
                means = means.name(),
                "a mailbox has had enough of this notice"
            );
            return self.queue_nothing(tx, now).await;
        }
        let objection = match means {
            Means::Report => {
                let link = self.begin_objection(tx, Purpose::ReportNotice, user, to, None, now);
                Some(Objection::Report(link.await?))
            }
            Means::Revert { claim } => {
                let purpose = Purpose::RevertEmail;
                let link = self.begin_objection(tx, purpose, user, to, Some(claim), now);
                Some(Objection::Revert(link.await?))
            }
            Means::Nothing => None,
        };
        let message = Message::Notice(Notification { notice, objection });
        self.queue_mail(tx, to, message, now).await
    }

    /// Begins a flow that waits for an objection; answers where its link leads.
    async fn begin_objection(
        &self,
        tx: &mut S::Tx<'_>,
        purpose: Purpose,
        user: UserId,
        to: &EmailAddress,
        claim: Option<LoginEmailId>,
        now: Timestamp,
    ) -> Result<Secret<String>, Error> {
        // The newest one is told from the others, so no two begin at one moment.
        let newest = tx.open_flows_of(user, purpose, now).await?.into_iter().next();
        let created = newest.map_or(now, |it| now.max(it.created + Duration::from_millis(1)));
        let expires = now + Flow::<S::Attrs>::OBJECTION_LIFETIME;
        let linked = Linked { purpose, user, email: to, claim, created, expires };
        self.begin_link(tx, linked, now).await
    }

    /// Whether another letter of this kind, which is told by its name and its means, may go to this mailbox (R-TH-06).
    pub(super) async fn debit_notice(
        &self,
        tx: &mut S::Tx<'_>,
        to: &EmailAddress,
        [name, means]: [&str; 2],
        now: Timestamp,
    ) -> Result<bool, Error> {
        let address = to.canonical().as_str();
        let parts = [b"notices", name.as_bytes(), means.as_bytes(), address.as_bytes()];
        let key = self.budget(&parts);
        let debit = tx.debit_budget(key, &self.settings().limits.notices, now).await?;
        Ok(debit == Debit::Granted)
    }
}
