use durward_core::email::{EmailAddress, EmailParts};
use durward_core::entity::{Flow, Pending, Purpose, Step};
use durward_core::ids::{ClientId, FlowId, LoginEmailId, SessionId, UserId};
use durward_core::store::{Flows, FlowsMut, Result};
use durward_core::{Attrs, Digest, PasswordHash, PersonName, Timestamp};

use crate::engine::{Engine, values};
use crate::read::look_ups;
use crate::row::{Columns, Row, methods_text};
use crate::statement::statements;
use crate::tx::SqlTx;

macro_rules! columns {
    () => {
        "id, purpose, step, position, handle_digest, state_digest, email_typed, email_canonical, \
         email_skeleton, user_id, claim_id, link_digest, short_digest, attempts, mails, methods, \
         pending_name, pending_hash, pending_attrs, client_id, session_id, created_ms, expires_ms, \
         finished_ms"
    };
}
pub(crate) use columns;

statements! { Flows;
    FLOW_BY_HANDLE = concat!("SELECT ", columns!(), " FROM {flows} WHERE handle_digest = ?");
    FLOW_BY_LINK = concat!("SELECT ", columns!(), " FROM {flows} WHERE link_digest = ?");
    OPEN_FLOWS_OF = concat!(
        "SELECT ", columns!(), " FROM {flows} \
         WHERE user_id = ? AND purpose = ? AND finished_ms IS NULL AND expires_ms > ? \
         ORDER BY created_ms DESC, id DESC"
    );
    INSERT_FLOW = concat!(
        "INSERT INTO {flows} (", columns!(), ") \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    DEBIT_FLOW =
        "UPDATE {flows} SET attempts = attempts + 1 \
         WHERE id = ? AND finished_ms IS NULL AND position = ? AND attempts < ?";
    ADVANCE_FLOW =
        "UPDATE {flows} SET step = ?, position = ?, handle_digest = ?, link_digest = ?, \
         short_digest = ?, attempts = ?, mails = ?, methods = ?, user_id = ?, expires_ms = ? \
         WHERE id = ? AND finished_ms IS NULL AND position = ? AND mails = ?";
    FINISH_FLOW =
        "UPDATE {flows} SET finished_ms = ? \
         WHERE id = ? AND finished_ms IS NULL AND position = ? AND expires_ms > ?";
    FINISH_FLOWS_OF =
        "UPDATE {flows} SET finished_ms = ? \
         WHERE user_id = ? AND finished_ms IS NULL AND purpose NOT IN (?, ?, ?)";
    UNFINISHED_FLOWS_OF =
        "SELECT COUNT(*) AS total FROM {flows} \
         WHERE user_id = ? AND finished_ms IS NULL AND purpose NOT IN (?, ?, ?)";
}

/// The names of the purposes that [object](Purpose::is_objection); that there are so many is checked as this compiles.
const OBJECTIONS: [&str; 3] = {
    let (mut names, mut found, mut next) = ([""; 3], 0, 0);
    while next < Purpose::ALL.len() {
        if Purpose::ALL[next].is_objection() {
            names[found] = Purpose::ALL[next].name();
            found += 1;
        }
        next += 1;
    }
    assert!(found == names.len(), "the statements above have another number of places");
    names
};

pub(crate) fn decode<A: Attrs>(row: &dyn Row) -> Result<Flow<A>> {
    Ok(Flow {
        id: FlowId::from_bytes(row.fixed("id")?),
        purpose: row.named("purpose", Purpose::named)?,
        step: row.named("step", Step::named)?,
        position: row.count("position")?,
        handle: row.digest("handle_digest")?,
        state: row.digest_if_any("state_digest")?,
        email: EmailAddress::from_stored(EmailParts {
            typed: row.string("email_typed")?,
            canonical: row.string("email_canonical")?,
            skeleton: row.string("email_skeleton")?,
        }),
        user: row.fixed_if_any("user_id")?.map(UserId::from_bytes),
        claim: row.fixed_if_any("claim_id")?.map(LoginEmailId::from_bytes),
        link: row.digest_if_any("link_digest")?,
        short: row.digest_if_any("short_digest")?,
        attempts: row.count("attempts")?,
        mails: row.count("mails")?,
        methods: row.methods("methods")?,
        pending: decode_pending(row)?,
        client: row.fixed_if_any("client_id")?.map(ClientId::from_bytes),
        session: row.fixed_if_any("session_id")?.map(SessionId::from_bytes),
        created: row.time("created_ms")?,
        expires: row.time("expires_ms")?,
        finished: row.time_if_any("finished_ms")?,
    })
}

fn total(row: &dyn Row) -> Result<u64> {
    row.count("total")
}

fn decode_pending<A: Attrs>(row: &dyn Row) -> Result<Option<Pending<A>>> {
    let Some(name) = row.string_if_any("pending_name")? else {
        return Ok(None);
    };
    Ok(Some(Pending {
        name: PersonName::from_stored(name),
        password: row.string_if_any("pending_hash")?.map(PasswordHash::from_stored),
        attrs: row.json("pending_attrs")?,
    }))
}

look_ups! {
    impl<E: Engine, A: Attrs> Flows<A> for Handle<'_, E, A> {
        async fn flow_by_handle(&mut self, handle: &Digest) -> Result<Option<Flow<A>>> {
            self.row(FLOW_BY_HANDLE, values![handle], decode).await
        }

        async fn flow_by_link(&mut self, link: &Digest) -> Result<Option<Flow<A>>> {
            self.row(FLOW_BY_LINK, values![link], decode).await
        }

        async fn open_flows_of(
            &mut self,
            user: UserId,
            purpose: Purpose,
            now: Timestamp,
        ) -> Result<Vec<Flow<A>>> {
            self.rows(OPEN_FLOWS_OF, values![&user, purpose.name(), now], decode).await
        }
    }
}

impl<E: Engine, A: Attrs> FlowsMut<A> for SqlTx<'_, E, A> {
    async fn insert_flow(&mut self, flow: &Flow<A>) -> Result<()> {
        let pending = flow.pending.as_ref();
        let attrs = match pending {
            Some(pending) => Some(self.json(&pending.attrs)?),
            None => None,
        };
        let methods = methods_text(&flow.methods);
        let values = values![
            &flow.id,
            flow.purpose.name(),
            flow.step.name(),
            flow.position,
            &flow.handle,
            &flow.state,
            flow.email.as_typed(),
            flow.email.canonical().as_str(),
            flow.email.skeleton(),
            &flow.user,
            &flow.claim,
            &flow.link,
            &flow.short,
            flow.attempts,
            flow.mails,
            &methods,
            pending.map(|pending| pending.name.as_str()),
            pending.and_then(|pending| pending.password.as_ref()).map(PasswordHash::as_str),
            attrs.as_deref(),
            &flow.client,
            &flow.session,
            flow.created,
            flow.expires,
            flow.finished,
        ];
        self.append(INSERT_FLOW, values, "flow").await
    }

    async fn debit_flow(&mut self, id: FlowId, position: u32, limit: u32) -> Result<bool> {
        self.change(DEBIT_FLOW, values![&id, position, limit]).await
    }

    async fn advance_flow(&mut self, flow: &Flow<A>, from: u32, mails: u32) -> Result<bool> {
        let methods = methods_text(&flow.methods);
        let values = values![
            flow.step.name(),
            flow.position,
            &flow.handle,
            &flow.link,
            &flow.short,
            flow.attempts,
            flow.mails,
            &methods,
            &flow.user,
            flow.expires,
            &flow.id,
            from,
            mails,
        ];
        self.change_unique(ADVANCE_FLOW, values, "flow handle").await
    }

    async fn finish_flow(&mut self, id: FlowId, position: u32, now: Timestamp) -> Result<bool> {
        self.change(FINISH_FLOW, values![now, &id, position, now]).await
    }

    async fn finish_flows_of(&mut self, user: UserId, now: Timestamp) -> Result<u64> {
        let [a, b, c] = OBJECTIONS;
        let mut finished = 0;
        loop {
            finished += self.execute(FINISH_FLOWS_OF, values![now, &user, a, b, c]).await?;
            // A statement sees no row that came to be while it waited for another one.
            let left = self.row(UNFINISHED_FLOWS_OF, values![&user, a, b, c], total).await?;
            if left.unwrap_or_default() == 0 {
                return Ok(finished);
            }
        }
    }
}
