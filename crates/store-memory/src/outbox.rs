use std::collections::BTreeSet;
use std::sync::Arc;

use durward_core::entity::{MailState, OutboxMail};
use durward_core::ids::MailId;
use durward_core::store::{MailCounts, Outbox, OutboxMut, Result, StoreError};
use durward_core::{Attrs, Timestamp};

use crate::state::Rows;
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

#[derive(Clone, Default)]
pub(crate) struct OutboxTable {
    pub(crate) rows: Rows<MailId, OutboxMail>,
    /// By when they are due.
    pub(crate) pending: BTreeSet<(Timestamp, MailId)>,
    /// By when they were written.
    pub(crate) dead: BTreeSet<(Timestamp, MailId)>,
}

impl OutboxTable {
    pub(crate) fn row(&self, id: MailId) -> Option<&OutboxMail> {
        self.rows.get(&id).map(Arc::as_ref)
    }

    pub(crate) fn found<'a>(
        &self,
        ids: impl Iterator<Item = &'a (Timestamp, MailId)>,
        limit: u32,
    ) -> Vec<OutboxMail> {
        ids.filter_map(|(_, id)| self.row(*id)).take(limit as usize).cloned().collect()
    }

    pub(crate) fn insert(&mut self, mail: &OutboxMail) -> Result<()> {
        if self.rows.contains_key(&mail.id) {
            return Err(StoreError::Duplicate("mail"));
        }
        self.put(mail.clone());
        Ok(())
    }

    /// Changes a mail that is pending and due at this moment.
    pub(crate) fn change(
        &mut self,
        id: MailId,
        due: Timestamp,
        change: impl FnOnce(&mut OutboxMail),
    ) -> bool {
        if !self.pending.remove(&(due, id)) {
            return false;
        }
        let Some(mut mail) = self.row(id).cloned() else {
            return false;
        };
        change(&mut mail);
        self.put(mail);
        true
    }

    pub(crate) fn put(&mut self, mail: OutboxMail) {
        match mail.state {
            MailState::Pending => _ = self.pending.insert((mail.due, mail.id)),
            MailState::Dead => _ = self.dead.insert((mail.created, mail.id)),
            MailState::Delivered | MailState::Void => {}
        }
        self.rows.insert(mail.id, Arc::new(mail));
    }
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Outbox for Handle<A> {
        async fn mail(&mut self, id: MailId) -> Result<Option<OutboxMail>> {
            self.look(|state| state.outbox.row(id).cloned())
        }

        async fn due_mail(&mut self, now: Timestamp, limit: u32) -> Result<Vec<OutboxMail>> {
            self.look(|state| {
                let due = state.outbox.pending.iter().take_while(|(due, _)| *due <= now);
                state.outbox.found(due, limit)
            })
        }

        async fn dead_mail(&mut self, limit: u32) -> Result<Vec<OutboxMail>> {
            self.look(|state| state.outbox.found(state.outbox.dead.iter().rev(), limit))
        }

        async fn count_mail(&mut self) -> Result<MailCounts> {
            self.look(|state| MailCounts {
                pending: state.outbox.pending.len() as u64,
                dead: state.outbox.dead.len() as u64,
            })
        }
    }
}

impl<A: Attrs> OutboxMut for MemoryTx<A> {
    async fn insert_mail(&mut self, mail: &OutboxMail) -> Result<()> {
        self.write(|state| Arc::make_mut(&mut state.outbox).insert(mail))
    }

    async fn lease_mail(&mut self, id: MailId, due: Timestamp, until: Timestamp) -> Result<bool> {
        self.write(|state| {
            Ok(Arc::make_mut(&mut state.outbox).change(id, due, |mail| {
                mail.due = until;
                mail.attempts = mail.attempts.saturating_add(1);
            }))
        })
    }

    async fn settle_mail(&mut self, mail: &OutboxMail, until: Timestamp) -> Result<bool> {
        self.write(|state| {
            Ok(Arc::make_mut(&mut state.outbox).change(mail.id, until, |stored| {
                *stored = OutboxMail {
                    attempts: stored.attempts,
                    created: stored.created,
                    ..mail.clone()
                };
            }))
        })
    }
}
