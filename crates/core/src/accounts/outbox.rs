use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::Accounts;
use crate::email::EmailAddress;
use crate::entity::{MailState, OutboxMail};
use crate::error::Error;
use crate::ids::MailId;
use crate::keys::Sealed;
use crate::mail::{Mail, MailError, Message, SealedMail};
use crate::store::{Outbox, OutboxMut, Store};
use crate::time::Timestamp;

/// How long one worker may take over one mail before another may try.
const LEASE: Duration = Duration::from_mins(3);
const FIRST_WAIT: Duration = Duration::from_secs(15);
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// How many mails are looked at to say how many wait.
const COUNTED: u32 = 500;

/// How many bytes a mail with a code has, about, before it is sealed.
const USUAL_LENGTH: usize = 400;

/// What one pass over the outbox did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Accepted by the mail server.
    pub delivered: u32,
    /// To be tried again.
    pub failed: u32,
    /// Given up.
    pub dead: u32,
    /// Whether there may be more to do at once.
    pub more: bool,
}

impl Delivery {
    fn count(&mut self, state: MailState) {
        match state {
            MailState::Delivered => self.delivered += 1,
            MailState::Dead => self.dead += 1,
            MailState::Pending | MailState::Void => self.failed += 1,
        }
    }
}

impl<S: Store> Accounts<S> {
    /// Writes a mail to the outbox, inside the caller's unit of work.
    pub(super) async fn queue_mail(
        &self,
        tx: &mut S::Tx<'_>,
        to: &EmailAddress,
        message: Message,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mail = Mail {
            id: MailId::new(now, self.entropy()),
            to: to.clone(),
            service: self.settings().service.clone(),
            message,
            created: now,
        };
        let body = serde_json::to_vec(&SealedMail::from_mail(&mail))
            .map_err(|_unwritable| Error::Internal("a mail cannot be written"))?;
        let sealed = self.keys().seal(mail.id.as_bytes(), &body, self.entropy());
        Ok(tx.insert_mail(&outbox_mail(mail.id, MailState::Pending, sealed, now)).await?)
    }

    /// Writes what a mail would have cost, where none may be sent (R-EN-02): a row that is as long and as much
    /// work, and is never delivered.
    pub(super) async fn queue_nothing(
        &self,
        tx: &mut S::Tx<'_>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let id = MailId::new(now, self.entropy());
        let sealed = self.keys().seal(id.as_bytes(), &[0; USUAL_LENGTH], self.entropy());
        Ok(tx.insert_mail(&outbox_mail(id, MailState::Void, sealed, now)).await?)
    }

    /// Delivers at most `limit` mails that are due, all at once: one pass of the outbox worker.
    ///
    /// Any number of nodes may do so at once: each mail is leased to one of them, and delivered at least
    /// once. A mail that fails is tried again with growing waits; one that fails too often, or whose code
    /// has expired, is given up and kept to be seen. What is leased together, or turns out at the same
    /// time, is written down together.
    pub async fn deliver_mail(&self, limit: u32) -> Result<Delivery, Error> {
        let mut read = self.read().await?;
        let due = read.due_mail(self.now(), limit).await?;
        drop(read);
        let mut pass = Delivery { more: due.len() == limit as usize, ..Delivery::default() };
        if due.is_empty() {
            return Ok(pass);
        }
        let until = self.now() + LEASE;
        let leased = self.take_over(due, until).await?;
        let most = leased.len().max(1);
        let sends: FuturesUnordered<_> =
            leased.into_iter().map(|mail| self.attempt(mail)).collect();
        let mut attempted = sends.ready_chunks(most);
        // What cannot be written down does not keep the others from their way.
        let mut failed = None;
        while let Some(mails) = attempted.next().await {
            match self.write_down(&mails, until).await {
                Ok(states) => states.into_iter().for_each(|state| {
                    self.metrics().mail(state);
                    pass.count(state);
                }),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(pass), Err)
    }

    /// Tells the recorder how many mails wait, and for how long; answers nothing to be done.
    pub(super) async fn measure(&self) -> Result<u64, Error> {
        let now = self.now();
        let mut read = self.read().await?;
        // Also those that somebody delivers at this moment, or tries again later.
        let waiting = read.due_mail(now + LEASE + LONGEST_WAIT, COUNTED).await?;
        let oldest = waiting.iter().map(|mail| now.since(mail.created)).max();
        let count = u32::try_from(waiting.len()).unwrap_or(COUNTED);
        self.metrics().outbox(count, oldest.unwrap_or_default());
        self.metrics().guessed_accounts.set(self.spraying().accounts(now));
        Ok(0)
    }

    /// Leases those that no other worker has.
    async fn take_over(
        &self,
        due: Vec<OutboxMail>,
        until: Timestamp,
    ) -> Result<Vec<OutboxMail>, Error> {
        unit!(self, presuming, |tx| {
            let mut leased = Vec::with_capacity(due.len());
            for mail in &due {
                if tx.lease_mail(mail.id, mail.due, until).await? {
                    leased.push(OutboxMail { attempts: mail.attempts + 1, ..mail.clone() });
                }
            }
            Ok(leased)
        })
    }

    /// Sends a mail that was taken over; answers what it is to be from now on.
    async fn attempt(&self, mail: OutboxMail) -> OutboxMail {
        let attempts = mail.attempts;
        let outcome = self.send(&mail).await;
        let wiped = Sealed::from_bytes(Vec::new());
        match outcome {
            Ok(()) => {
                tracing::info!(mail.id = %mail.id, attempts, "a mail was delivered");
                OutboxMail { state: MailState::Delivered, body: wiped, last_error: None, ..mail }
            }
            Err(MailError::Temporary(why)) if attempts < self.settings().mail_attempts => {
                tracing::warn!(mail.id = %mail.id, attempts, why, "a mail was not delivered yet");
                let due = self.now() + wait_after(attempts);
                OutboxMail { due, last_error: Some(why), ..mail }
            }
            Err(MailError::Temporary(why) | MailError::Permanent(why)) => {
                tracing::error!(mail.id = %mail.id, attempts, why, "a mail was given up");
                OutboxMail { state: MailState::Dead, body: wiped, last_error: Some(why), ..mail }
            }
        }
    }

    /// Settles mails, and answers the states of those whose lease still counted.
    async fn write_down(
        &self,
        mails: &[OutboxMail],
        until: Timestamp,
    ) -> Result<Vec<MailState>, Error> {
        unit!(self, presuming, |tx| {
            let mut states = Vec::with_capacity(mails.len());
            for mail in mails {
                if tx.settle_mail(mail, until).await? {
                    states.push(mail.state);
                }
            }
            Ok(states)
        })
    }

    async fn send(&self, row: &OutboxMail) -> Result<(), MailError> {
        let unreadable = || MailError::Permanent(String::from("the mail cannot be opened"));
        let body = self.keys().open(row.id.as_bytes(), &row.body).ok_or_else(unreadable)?;
        let sealed: SealedMail =
            serde_json::from_slice(body.expose()).map_err(|_malformed| unreadable())?;
        let mail = sealed.into_mail(row.id, row.created).ok_or_else(unreadable)?;
        let late = self.now() >= row.created + self.settings().code_lifetime;
        if late && mail.message.code().is_some() {
            return Err(MailError::Permanent(String::from("the code has expired")));
        }
        self.parts().mailer.send(&mail).await
    }
}

fn outbox_mail(id: MailId, state: MailState, body: Sealed, now: Timestamp) -> OutboxMail {
    OutboxMail { id, state, body, due: now, attempts: 0, created: now, last_error: None }
}

fn wait_after(attempts: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_an_hour() {
        assert_eq!(wait_after(1), Duration::from_secs(15));
        assert_eq!(wait_after(2), Duration::from_secs(30));
        assert_eq!(wait_after(100), LONGEST_WAIT);
    }
}
