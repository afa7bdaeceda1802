use durward_core::entity::{MailState, OutboxMail};
use durward_core::ids::MailId;
use durward_core::keys::Sealed;
use durward_core::store::{MailCounts, Outbox, OutboxMut, Result};
use durward_core::{Attrs, Timestamp};

use crate::engine::{Engine, values};
use crate::pending::Touch;
use crate::read::look_ups;
use crate::row::{Columns, Row};
use crate::statement::statements;
use crate::tx::SqlTx;

macro_rules! columns {
    () => {
        "id, state, body, due_ms, attempts, created_ms, last_error"
    };
}

statements! { Outbox;
    MAIL = concat!("SELECT ", columns!(), " FROM {outbox} WHERE id = ?");
    DUE_MAIL = concat!(
        "SELECT ", columns!(), " FROM {outbox} WHERE state = ? AND due_ms <= ? \
         ORDER BY due_ms, id LIMIT ?"
    );
    DEAD_MAIL = concat!(
        "SELECT ", columns!(), " FROM {outbox} WHERE state = ? \
         ORDER BY created_ms DESC, id DESC LIMIT ?"
    );
    COUNT_MAIL =
        "SELECT (SELECT COUNT(*) FROM {outbox} WHERE state = ?) AS pending, \
         (SELECT COUNT(*) FROM {outbox} WHERE state = ?) AS dead";
    INSERT_MAIL = concat!(
        "INSERT INTO {outbox} (", columns!(), ") VALUES (?, ?, ?, ?, ?, ?, ?)"
    );
    LEASE_MAIL =
        "UPDATE {outbox} SET due_ms = ?, attempts = attempts + 1 \
         WHERE id = ? AND state = ? AND due_ms = ?";
    SETTLE_MAIL =
        "UPDATE {outbox} SET state = ?, body = ?, due_ms = ?, last_error = ? \
         WHERE id = ? AND state = ? AND due_ms = ?";
}

fn decode(row: &dyn Row) -> Result<OutboxMail> {
    Ok(OutboxMail {
        id: MailId::from_bytes(row.fixed("id")?),
        state: row.named("state", MailState::named)?,
        body: Sealed::from_bytes(row.blob("body")?),
        due: row.time("due_ms")?,
        attempts: row.count("attempts")?,
        created: row.time("created_ms")?,
        last_error: row.string_if_any("last_error")?,
    })
}

fn decode_counts(row: &dyn Row) -> Result<MailCounts> {
    Ok(MailCounts { pending: row.count("pending")?, dead: row.count("dead")? })
}

const PENDING: &str = MailState::Pending.name();
const DEAD: &str = MailState::Dead.name();

look_ups! {
    impl<E: Engine, A: Attrs> Outbox for Handle<'_, E, A> {
        async fn mail(&mut self, id: MailId) -> Result<Option<OutboxMail>> {
            self.row(MAIL, values![&id], decode).await
        }

        async fn due_mail(&mut self, now: Timestamp, limit: u32) -> Result<Vec<OutboxMail>> {
            self.few(DUE_MAIL, values![PENDING, now, limit], decode).await
        }

        async fn dead_mail(&mut self, limit: u32) -> Result<Vec<OutboxMail>> {
            self.rows(DEAD_MAIL, values![DEAD, limit], decode).await
        }

        async fn count_mail(&mut self) -> Result<MailCounts> {
            let counts = self.row(COUNT_MAIL, values![PENDING, DEAD], decode_counts).await?;
            Ok(counts.unwrap_or_default())
        }
    }
}

impl<E: Engine, A: Attrs> OutboxMut for SqlTx<'_, E, A> {
    async fn insert_mail(&mut self, mail: &OutboxMail) -> Result<()> {
        let OutboxMail { id, state, body, due, attempts, created, last_error } = mail;
        let values =
            values![id, state.name(), body, *due, *attempts, *created, last_error.as_deref(),];
        self.append(INSERT_MAIL, values, "mail").await
    }

    async fn lease_mail(&mut self, id: MailId, due: Timestamp, until: Timestamp) -> Result<bool> {
        self.change(Touch::row(LEASE_MAIL, id.as_bytes()), values![until, &id, PENDING, due]).await
    }

    async fn settle_mail(&mut self, mail: &OutboxMail, until: Timestamp) -> Result<bool> {
        let OutboxMail { id, state, body, due, attempts: _, created: _, last_error } = mail;
        let last_error = last_error.as_deref();
        let values = values![state.name(), body, *due, last_error, id, PENDING, until];
        self.change(Touch::row(SETTLE_MAIL, id.as_bytes()), values).await
    }
}
