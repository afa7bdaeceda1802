use durward_core::entity::MailState;
use durward_core::store::{Leftover, LeftoversMut, Result};
use durward_core::{Attrs, Timestamp};

use crate::engine::{Engine, Value, values};
use crate::row::Columns;
use crate::statement::{Statement, statements};
use crate::tx::SqlTx;

// Each row is found by an index and deleted by its key, if it is still over: no engine has to look at others.
statements! { Leftovers;
    OLD_FLOWS = "SELECT id FROM {flows} WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?";
    DELETE_FLOW = "DELETE FROM {flows} WHERE id = ? AND expires_ms < ?";
    OLD_INVITATIONS =
        "SELECT id FROM {invitations} WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?";
    DELETE_INVITATION = "DELETE FROM {invitations} WHERE id = ? AND expires_ms < ?";
    ENDED_SESSIONS = "SELECT id FROM {sessions} WHERE ended_ms < ? ORDER BY ended_ms LIMIT ?";
    DELETE_ENDED_SESSION = "DELETE FROM {sessions} WHERE id = ? AND ended_ms < ?";
    OLD_SESSIONS = "SELECT id FROM {sessions} WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?";
    DELETE_SESSION = "DELETE FROM {sessions} WHERE id = ? AND expires_ms < ?";
    OLD_REPLIES = "SELECT digest AS id FROM {replies} WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?";
    DELETE_REPLY = "DELETE FROM {replies} WHERE digest = ? AND expires_ms < ?";
    WHOLE_BUDGETS = "SELECT digest AS id FROM {budgets} WHERE whole_ms < ? ORDER BY whole_ms LIMIT ?";
    DELETE_BUDGET = "DELETE FROM {budgets} WHERE digest = ? AND whole_ms < ?";
    OLD_ATTEMPTS = "SELECT digest AS id FROM {attempts} WHERE last_ms < ? AND failures < 100 ORDER BY last_ms LIMIT ?";
    DELETE_ATTEMPTS = "DELETE FROM {attempts} WHERE digest = ? AND last_ms < ? AND failures < 100";
    SETTLED_MAILS =
        "SELECT id FROM {outbox} WHERE state = ? AND due_ms < ? ORDER BY due_ms LIMIT ?";
    DELETE_MAIL = "DELETE FROM {outbox} WHERE id = ? AND state = ? AND due_ms < ?";
}

const SETTLED: [MailState; 3] = [MailState::Delivered, MailState::Dead, MailState::Void];

impl<E: Engine, A: Attrs> LeftoversMut for SqlTx<'_, E, A> {
    async fn delete_leftovers(
        &mut self,
        what: Leftover,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64> {
        let kinds: &[(Statement, Statement)] = match what {
            Leftover::Flows => &[(OLD_FLOWS, DELETE_FLOW)],
            Leftover::Invitations => &[(OLD_INVITATIONS, DELETE_INVITATION)],
            Leftover::Sessions => {
                &[(ENDED_SESSIONS, DELETE_ENDED_SESSION), (OLD_SESSIONS, DELETE_SESSION)]
            }
            Leftover::Replies => &[(OLD_REPLIES, DELETE_REPLY)],
            Leftover::Budgets => &[(WHOLE_BUDGETS, DELETE_BUDGET)],
            Leftover::Attempts => &[(OLD_ATTEMPTS, DELETE_ATTEMPTS)],
            Leftover::Mails => return self.delete_settled_mails(before, limit).await,
        };
        let mut left = limit;
        for (find, delete) in kinds {
            for id in self.ids(*find, values![before, left]).await? {
                left -= u32::from(self.change(*delete, values![&id[..], before]).await?);
            }
        }
        Ok(u64::from(limit - left))
    }
}

impl<E: Engine, A: Attrs> SqlTx<'_, E, A> {
    async fn delete_settled_mails(&mut self, before: Timestamp, limit: u32) -> Result<u64> {
        let mut left = limit;
        for state in SETTLED.map(MailState::name) {
            for id in self.ids(SETTLED_MAILS, values![state, before, left]).await? {
                let ours = self.change(DELETE_MAIL, values![&id[..], state, before]).await?;
                left -= u32::from(ours);
            }
        }
        Ok(u64::from(limit - left))
    }

    async fn ids(&mut self, statement: Statement, values: &[Value<'_>]) -> Result<Vec<Vec<u8>>> {
        self.rows(statement, values, |row| row.blob("id")).await
    }
}
