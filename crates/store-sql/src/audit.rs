use durward_core::Attrs;
use durward_core::entity::AuditEntry;
use durward_core::ids::{AuditId, ClientId, UserId};
use durward_core::store::{Audit, AuditMut, Result};

use crate::engine::{Engine, values};
use crate::read::look_ups;
use crate::row::Columns;
use crate::statement::statements;
use crate::tx::SqlTx;

macro_rules! columns {
    () => {
        "id, happened_ms, event, actor_id, subject_id, client_id, ip, request, details"
    };
}

statements! { Audit;
    AUDIT_OF = concat!(
        "SELECT ", columns!(), " FROM {audit} WHERE subject_id = ? \
         ORDER BY happened_ms DESC, id DESC LIMIT ?"
    );
    INSERT_AUDIT = concat!(
        "INSERT INTO {audit} (", columns!(), ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
}

fn decode(row: &impl Columns) -> Result<AuditEntry> {
    Ok(AuditEntry {
        id: AuditId::from_bytes(row.fixed("id")?),
        at: row.time("happened_ms")?,
        event: row.string("event")?,
        actor: row.fixed_if_any("actor_id")?.map(UserId::from_bytes),
        subject: row.fixed_if_any("subject_id")?.map(UserId::from_bytes),
        client: row.fixed_if_any("client_id")?.map(ClientId::from_bytes),
        ip: row.string_if_any("ip")?,
        request: row.string_if_any("request")?,
        details: row.string("details")?,
    })
}

look_ups! {
    impl<E: Engine, A: Attrs> Audit for Handle<'_, E, A> {
        async fn audit_of(&mut self, subject: UserId, limit: u32) -> Result<Vec<AuditEntry>> {
            self.rows(AUDIT_OF, values![&subject, limit], decode).await
        }
    }
}

impl<E: Engine, A: Attrs> AuditMut for SqlTx<'_, E, A> {
    async fn insert_audit(&mut self, entry: &AuditEntry) -> Result<()> {
        let AuditEntry { id, at, event, actor, subject, client, ip, request, details } = entry;
        let values = values![
            id,
            *at,
            event,
            actor,
            subject,
            client,
            ip.as_deref(),
            request.as_deref(),
            details,
        ];
        self.append(INSERT_AUDIT, values, "audit entry").await
    }
}
