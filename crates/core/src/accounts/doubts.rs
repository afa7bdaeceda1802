use super::Accounts;
use crate::entity::Totp;
use crate::error::Error;
use crate::event::Event;
use crate::ids::UserId;
use crate::mail::{Doubt, Message, Notice};
use crate::origin::Origin;
use crate::store::{Factors, FactorsMut, LoginEmails, Store};
use crate::time::Timestamp;

impl<S: Store> Accounts<S> {
    /// The authenticator app of a user, if he has one that [counts](Totp::counts).
    pub async fn totp(&self, user: UserId) -> Result<Option<Totp>, Error> {
        Ok(self.read().await?.totp(user).await?.filter(|totp| self.counts(totp)))
    }

    /// The same inside the caller's unit of work. One that was doubted for too long goes, with its recovery codes: it
    /// is none any more, and no chore has to come by for that (R-RC-04).
    pub(super) async fn present_totp(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        origin: &Origin,
    ) -> Result<Option<Totp>, Error> {
        let Some(totp) = tx.totp(user).await? else { return Ok(None) };
        if self.counts(&totp) {
            return Ok(Some(totp));
        }
        if tx.delete_totp(user).await? {
            tx.replace_recovery_codes(user, &[], self.now()).await?;
            self.record(tx, &Event::TotpDisabled { user }, origin).await?;
            self.notify(tx, user, Notice::TotpDisabled).await?;
        }
        Ok(None)
    }

    pub(super) fn counts(&self, totp: &Totp) -> bool {
        totp.counts(self.settings().doubt_wait, self.now())
    }

    /// Doubts the authenticator app of a user by an objection to something of this moment, if it was enrolled then or
    /// later; recovery codes that were made then or later die (R-RC-04).
    ///
    /// Such an app may be a thief's, or that of the owner whose mailbox a thief reads. So it stays for a while: only who
    /// has it can keep it, and only who has proven a first factor since can log in with it.
    pub(super) async fn doubt_factors(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        objected: Timestamp,
        origin: &Origin,
    ) -> Result<(), Error> {
        let (now, since) = (self.now(), Totp::doubted_from(objected));
        let revoked = tx.delete_recovery_codes(user, since).await?;
        if revoked > 0 {
            let event = Event::RecoveryCodesRevoked { user, count: revoked };
            self.record(tx, &event, origin).await?;
        }
        if tx.doubt_totp(user, since, now).await? {
            self.record(tx, &Event::TotpDoubted { user }, origin).await?;
            self.tell_of_doubt(tx, user, now).await
        } else if revoked > 0 {
            self.notify(tx, user, Notice::RecoveryCodesRevoked).await
        } else {
            Ok(())
        }
    }

    /// Takes the doubt back, since somebody logs in with the app who has proven more than it (R-RC-04).
    pub(super) async fn trust_totp(
        &self,
        tx: &mut S::Tx<'_>,
        totp: &Totp,
        origin: &Origin,
    ) -> Result<(), Error> {
        if totp.doubted.is_some() && tx.trust_totp(totp.id).await? {
            self.record(tx, &Event::TotpTrusted { user: totp.user }, origin).await?;
        }
        Ok(())
    }

    /// Tells all proven addresses how long there is to log in with the app.
    async fn tell_of_doubt(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let hours = self.settings().doubt_wait.as_secs().div_ceil(60 * 60);
        for email in tx.login_emails_of(user).await? {
            if email.proven.is_none() {
                continue;
            }
            let message = Message::FactorDoubted(Doubt { hours });
            if self.debit_notice(tx, &email.address, [message.name(), "nothing"], now).await? {
                self.queue_mail(tx, &email.address, message, now).await?;
            } else {
                self.queue_nothing(tx, now).await?;
            }
        }
        Ok(())
    }
}
