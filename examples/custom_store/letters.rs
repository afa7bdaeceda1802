//! What is written down to be sent or repeated later.

use std::cmp::Reverse;

use durward::entity::{MailState, OutboxMail, StoredReply};
use durward::store::{MailCounts, Outbox, OutboxMut, Replies, RepliesMut, Result};
use durward::{Attrs, Digest, MailId, Timestamp};

use super::Handle;
use super::tables::{change, insert};

impl<A: Attrs> Outbox for Handle<A> {
    async fn mail(&mut self, id: MailId) -> Result<Option<OutboxMail>> {
        self.look(|tables| tables.outbox.iter().find(|row| row.id == id).cloned())
    }

    async fn due_mail(&mut self, now: Timestamp, limit: u32) -> Result<Vec<OutboxMail>> {
        self.look(|tables| {
            let pending = tables.outbox.iter().filter(|row| row.state == MailState::Pending);
            let mut due: Vec<OutboxMail> = pending.filter(|row| row.due <= now).cloned().collect();
            due.sort_by_key(|row| (row.due, row.id));
            due.truncate(limit as usize);
            due
        })
    }

    async fn dead_mail(&mut self, limit: u32) -> Result<Vec<OutboxMail>> {
        self.look(|tables| {
            let dead = tables.outbox.iter().filter(|row| row.state == MailState::Dead);
            let mut dead: Vec<OutboxMail> = dead.cloned().collect();
            dead.sort_by_key(|row| Reverse((row.created, row.id)));
            dead.truncate(limit as usize);
            dead
        })
    }

    async fn count_mail(&mut self) -> Result<MailCounts> {
        self.look(|tables| {
            let count = |state| tables.outbox.iter().filter(|row| row.state == state).count();
            let (pending, dead) = (count(MailState::Pending), count(MailState::Dead));
            MailCounts { pending: pending as u64, dead: dead as u64 }
        })
    }
}

impl<A: Attrs> OutboxMut for Handle<A> {
    async fn insert_mail(&mut self, mail: &OutboxMail) -> Result<()> {
        self.write(|tables| {
            let taken = tables.outbox.iter().any(|row| row.id == mail.id);
            insert(&mut tables.outbox, mail, taken, "mail")
        })
    }

    async fn lease_mail(&mut self, id: MailId, due: Timestamp, until: Timestamp) -> Result<bool> {
        self.write(|tables| {
            let guard = |row: &OutboxMail| is_due(row, id, due);
            Ok(change(&mut tables.outbox, guard, |row| {
                row.due = until;
                row.attempts = row.attempts.saturating_add(1);
            }))
        })
    }

    async fn settle_mail(&mut self, mail: &OutboxMail, until: Timestamp) -> Result<bool> {
        self.write(|tables| {
            let guard = |row: &OutboxMail| is_due(row, mail.id, until);
            Ok(change(&mut tables.outbox, guard, |row| {
                let (attempts, created) = (row.attempts, row.created);
                *row = OutboxMail { attempts, created, ..mail.clone() };
            }))
        })
    }
}

fn is_due(mail: &OutboxMail, id: MailId, due: Timestamp) -> bool {
    mail.id == id && mail.state == MailState::Pending && mail.due == due
}

impl<A: Attrs> Replies for Handle<A> {
    async fn reply(&mut self, key: &Digest) -> Result<Option<StoredReply>> {
        self.look(|tables| tables.replies.iter().find(|row| row.key == *key).cloned())
    }
}

impl<A: Attrs> RepliesMut for Handle<A> {
    async fn insert_reply(&mut self, reply: &StoredReply, now: Timestamp) -> Result<()> {
        self.write(|tables| {
            tables.replies.retain(|row| row.key != reply.key || now < row.expires);
            let taken = tables.replies.iter().any(|row| row.key == reply.key);
            insert(&mut tables.replies, reply, taken, "reply")
        })
    }
}
