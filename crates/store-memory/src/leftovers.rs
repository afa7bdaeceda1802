use std::sync::Arc;

use durward_core::budget::Delays;
use durward_core::entity::MailState;
use durward_core::store::{Leftover, LeftoversMut, Result};
use durward_core::{Attrs, Session, Timestamp};

use crate::MemoryTx;
use crate::budgets::BudgetTable;
use crate::flows::FlowTable;
use crate::outbox::OutboxTable;
use crate::sessions::SessionTable;
use crate::state::State;

impl<A: Attrs> State<A> {
    pub(crate) fn delete_leftovers(
        &mut self,
        what: Leftover,
        before: Timestamp,
        limit: usize,
    ) -> u64 {
        match what {
            Leftover::Flows => Arc::make_mut(&mut self.flows).delete_over(before, limit),
            Leftover::Invitations => {
                let rows = &mut Arc::make_mut(&mut self.invitations).rows;
                let over = rows.values().filter(|invitation| invitation.expires < before);
                let over: Vec<_> = over.map(|invitation| invitation.id).take(limit).collect();
                over.iter().filter_map(|id| rows.remove(id)).count() as u64
            }
            Leftover::Sessions => Arc::make_mut(&mut self.sessions).delete_over(before, limit),
            Leftover::Mails => Arc::make_mut(&mut self.outbox).delete_over(before, limit),
            Leftover::Replies => {
                let rows = &mut Arc::make_mut(&mut self.replies).rows;
                let over = rows.values().filter(|reply| reply.expires < before);
                let over: Vec<_> = over.map(|reply| reply.key).take(limit).collect();
                over.iter().filter_map(|key| rows.remove(key)).count() as u64
            }
            Leftover::Budgets => {
                let BudgetTable { whole, .. } = Arc::make_mut(&mut self.budgets);
                let over = whole.iter().filter(|(_, whole)| **whole < before);
                let over: Vec<_> = over.map(|(key, _)| *key).take(limit).collect();
                over.iter().filter_map(|key| whole.remove(key)).count() as u64
            }
            Leftover::Attempts => {
                let BudgetTable { failures, .. } = Arc::make_mut(&mut self.budgets);
                let over = failures.iter().filter(|(_, failures)| {
                    failures.last < before && failures.count < Delays::MAX_FAILURES
                });
                let over: Vec<_> = over.map(|(key, _)| *key).take(limit).collect();
                over.iter().filter_map(|key| failures.remove(key)).count() as u64
            }
        }
    }
}

impl<A: Attrs> FlowTable<A> {
    fn delete_over(&mut self, before: Timestamp, limit: usize) -> u64 {
        let over = self.rows.values().filter(|flow| flow.expires < before);
        let over: Vec<_> = over.take(limit).map(Arc::clone).collect();
        for flow in &over {
            self.forget(flow);
        }
        over.len() as u64
    }
}

impl<A: Attrs> SessionTable<A> {
    fn delete_over(&mut self, before: Timestamp, limit: usize) -> u64 {
        let over = self.rows.values().filter(|session| {
            session.expires < before || session.ended.is_some_and(|ended| ended < before)
        });
        let over: Vec<_> = over.take(limit).map(Arc::clone).collect();
        for session in &over {
            self.forget(session);
        }
        over.len() as u64
    }

    pub(crate) fn forget(&mut self, session: &Session<A>) {
        self.by_token.remove(&session.token);
        self.families.retain(|_, id| *id != session.id);
        if let Some(open) = self.open.get_mut(&session.user) {
            open.remove(&(session.created, session.id));
        }
        self.rows.remove(&session.id);
    }
}

impl OutboxTable {
    fn delete_over(&mut self, before: Timestamp, limit: usize) -> u64 {
        let over = self.rows.values().filter(|mail| mail.state != MailState::Pending);
        let over = over.filter(|mail| mail.due < before).take(limit);
        let over: Vec<_> = over.map(|mail| (mail.created, mail.id)).collect();
        for (created, id) in &over {
            self.dead.remove(&(*created, *id));
            self.rows.remove(id);
        }
        over.len() as u64
    }
}

impl<A: Attrs> LeftoversMut for MemoryTx<A> {
    async fn delete_leftovers(
        &mut self,
        what: Leftover,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64> {
        self.write(|state| Ok(state.delete_leftovers(what, before, limit as usize)))
    }
}
