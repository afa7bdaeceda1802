use durward_core::entity::MailState;
use durward_core::store::{Leftover, LeftoversMut, Result};
use durward_core::{Attrs, Timestamp};
use sha2::{Digest, Sha256};

use crate::engine::{Engine, Value, values};
use crate::row::{Columns, Row};
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
    BUDGETS = "SELECT digest AS id, whole_ms AS moment FROM {budgets} WHERE digest >= ? ORDER BY digest LIMIT ?";
    DELETE_BUDGET = "DELETE FROM {budgets} WHERE digest = ? AND whole_ms < ?";
    ATTEMPTS = "SELECT digest AS id, last_ms AS moment FROM {attempts} WHERE digest >= ? AND failures < 100 ORDER BY digest LIMIT ?";
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
            Leftover::Budgets => {
                return self.delete_from_sample((BUDGETS, DELETE_BUDGET), before, limit).await;
            }
            Leftover::Attempts => {
                return self.delete_from_sample((ATTEMPTS, DELETE_ATTEMPTS), before, limit).await;
            }
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

/// How many rows are looked at to find some that are over.
const SAMPLE: u32 = 2_000;

impl<E: Engine, A: Attrs> SqlTx<'_, E, A> {
    /// Deletes rows whose moment changes with every use: an index by it would be written as often, so there is none.
    ///
    /// They are looked for among those that follow a key which the time decides; all keys are digests. As long as many are
    /// over a sample has enough of them, and what is left in a large table comes into a later one.
    async fn delete_from_sample(
        &mut self,
        (follow, delete): (Statement, Statement),
        before: Timestamp,
        limit: u32,
    ) -> Result<u64> {
        let row = |row: &dyn Row| Ok((row.blob("id")?, row.time("moment")?));
        let from = Sha256::digest(before.as_millis().to_be_bytes());
        let mut sample = self.rows(follow, values![&from[..], SAMPLE], row).await?;
        let rest = SAMPLE.saturating_sub(u32::try_from(sample.len()).unwrap_or(SAMPLE));
        if rest > 0 {
            // Those of a small table come twice, and are deleted once.
            sample.extend(self.rows(follow, values![&[0_u8; 32][..], rest], row).await?);
        }
        let mut left = limit;
        for (id, _) in sample.iter().filter(|(_, moment)| *moment < before) {
            if left == 0 {
                break;
            }
            left -= u32::from(self.change(delete, values![&id[..], before]).await?);
        }
        Ok(u64::from(limit - left))
    }

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
