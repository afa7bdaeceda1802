use durward_core::entity::{AuditEntry, AuditHead, AuditRow, AuditSeal, Fingerprint, SealMember};
use durward_core::ids::{AuditId, ClientId, OrganizationId, UserId};
use durward_core::keys::Mac;
use durward_core::store::{Audit, AuditMut, AuditQuery, Result};
use durward_core::{Attrs, StoreError};

use crate::engine::{Engine, Value, values};
use crate::read::look_ups;
use crate::row::{Columns, Row};
use crate::statement::statements;
use crate::tx::SqlTx;

macro_rules! columns {
    () => {
        "id, happened_ms, event, chain_id, actor_id, subject_id, client_id, ip, ip_salt, \
         ip_fingerprint, request, details, mac_key, mac, seal"
    };
}

/// A page of entries by the index that the first condition names. Each further condition comes with a 1
/// where it is not asked for.
macro_rules! page {
    ($first:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM {audit_entries} WHERE ",
            $first,
            "id >= ? AND id < ? AND (1 = ? OR subject_id = ?) AND (1 = ? OR actor_id = ?) \
             AND (1 = ? OR client_id = ?) AND (1 = ? OR chain_id = ?) AND (1 = ? OR event = ?) ORDER BY id DESC LIMIT ?"
        )
    };
}

statements! { Audit;
    ENTRIES = page!("");
    ENTRIES_BY_SUBJECT = page!("subject_id = ? AND ");
    ENTRIES_BY_ACTOR = page!("actor_id = ? AND ");
    ENTRIES_BY_CLIENT = page!("client_id = ? AND ");
    ENTRIES_BY_ORGANIZATION = page!("chain_id = ? AND ");
    ROWS = concat!(
        "SELECT ", columns!(), " FROM {audit_entries} WHERE id > ? ORDER BY id LIMIT ?"
    );
    UNSEALED = concat!(
        "SELECT ", columns!(), " FROM {audit_entries} \
         WHERE seal = 0 AND chain_id >= ? AND (chain_id > ? OR id > ?) \
         ORDER BY chain_id, id LIMIT ?"
    );
    SEALED = concat!(
        "SELECT ", columns!(), " FROM {audit_entries} \
         WHERE seal = ? AND chain_id = ? ORDER BY id"
    );
    INSERT = concat!(
        "INSERT INTO {audit_entries} (", columns!(), ") \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    MARK_MEMBERS =
        "UPDATE {audit_entries} SET seal = ? WHERE seal = 0 AND id IN (\
         ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    ERASE_ADDRESSES_ABOUT =
        "UPDATE {audit_entries} SET ip = NULL, ip_salt = NULL \
         WHERE subject_id = ? AND ip IS NOT NULL";
    ERASE_ADDRESSES_OF =
        "UPDATE {audit_entries} SET ip = NULL, ip_salt = NULL \
         WHERE actor_id = ? AND ip IS NOT NULL";
    SEALS =
        "SELECT chain_id, number, sealed_ms, previous_hash, members, hash FROM {audit_seals} \
         WHERE chain_id = ? AND number > ? ORDER BY number LIMIT ?";
    INSERT_SEAL =
        "INSERT INTO {audit_seals} (chain_id, number, sealed_ms, previous_hash, members, hash) \
         VALUES (?, ?, ?, ?, ?, ?)";
    HEAD =
        "SELECT chain_id, seals, entries, hash, mac_key, mac FROM {audit_heads} \
         WHERE chain_id = ?";
    HEADS =
        "SELECT chain_id, seals, entries, hash, mac_key, mac FROM {audit_heads} \
         WHERE chain_id > ? ORDER BY chain_id LIMIT ?";
    INSERT_HEAD =
        "INSERT INTO {audit_heads} (seals, entries, hash, mac_key, mac, chain_id) \
         VALUES (?, ?, ?, ?, ?, ?)";
    ADVANCE_HEAD =
        "UPDATE {audit_heads} SET seals = ?, entries = ?, hash = ?, mac_key = ?, mac = ? \
         WHERE chain_id = ? AND seals = ?";
}

/// How many members one [`MARK_MEMBERS`] marks.
const MARKED_AT_ONCE: usize = 32;

/// The chain of the deployment itself; no organization has this id.
const DEPLOYMENT: OrganizationId = OrganizationId::from_bytes([0; 16]);

fn decode(row: &dyn Row) -> Result<AuditRow> {
    Ok(AuditRow {
        entry: decode_entry(row)?,
        ip_salt: row.fixed_if_any("ip_salt")?,
        ip_fingerprint: row.fixed_if_any("ip_fingerprint")?.map(Fingerprint::from_bytes),
        mac: decode_mac(row)?,
        seal: Some(row.count("seal")?).filter(|seal| *seal > 0),
    })
}

fn decode_entry(row: &dyn Row) -> Result<AuditEntry> {
    Ok(AuditEntry {
        id: AuditId::from_bytes(row.fixed("id")?),
        at: row.time("happened_ms")?,
        event: row.string("event")?,
        organization: decode_chain(row)?,
        actor: row.fixed_if_any("actor_id")?.map(UserId::from_bytes),
        subject: row.fixed_if_any("subject_id")?.map(UserId::from_bytes),
        client: row.fixed_if_any("client_id")?.map(ClientId::from_bytes),
        ip: row.string_if_any("ip")?,
        request: row.string_if_any("request")?,
        details: row.string("details")?,
    })
}

fn decode_chain(row: &dyn Row) -> Result<Option<OrganizationId>> {
    let chain = OrganizationId::from_bytes(row.fixed("chain_id")?);
    Ok(Some(chain).filter(|chain| *chain != DEPLOYMENT))
}

fn decode_mac(row: &dyn Row) -> Result<Mac> {
    Ok(Mac { key: row.count("mac_key")?, digest: row.digest("mac")? })
}

fn decode_seal(row: &dyn Row) -> Result<AuditSeal> {
    Ok(AuditSeal {
        organization: decode_chain(row)?,
        number: row.count("number")?,
        at: row.time("sealed_ms")?,
        previous: Fingerprint::from_bytes(row.fixed("previous_hash")?),
        members: SealMember::from_bytes(&row.blob("members")?),
        hash: Fingerprint::from_bytes(row.fixed("hash")?),
    })
}

fn decode_head(row: &dyn Row) -> Result<AuditHead> {
    Ok(AuditHead {
        organization: decode_chain(row)?,
        seals: row.count("seals")?,
        entries: row.count("entries")?,
        hash: Fingerprint::from_bytes(row.fixed("hash")?),
        mac: decode_mac(row)?,
    })
}

look_ups! {
    impl<E: Engine, A: Attrs> Audit for Handle<'_, E, A> {
        async fn audit_entries(&mut self, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
            let AuditQuery { subject, actor, client, organization, event, from, before, limit } =
                query;
            let (first, last) = (from.unwrap_or(FIRST), before.unwrap_or(LAST));
            let rest: &[Value<'_>] = values![
                &first,
                &last,
                subject.is_none(),
                subject,
                actor.is_none(),
                actor,
                client.is_none(),
                client,
                organization.is_none(),
                organization,
                event.is_none(),
                event.as_deref(),
                *limit,
            ];
            // The narrowest index that the question has.
            let (statement, by) = match (subject, actor, client, organization) {
                (Some(_), _, _, _) => (ENTRIES_BY_SUBJECT, Some(Value::from(subject))),
                (None, Some(_), _, _) => (ENTRIES_BY_ACTOR, Some(Value::from(actor))),
                (None, None, Some(_), _) => (ENTRIES_BY_CLIENT, Some(Value::from(client))),
                (None, None, None, Some(_)) => {
                    (ENTRIES_BY_ORGANIZATION, Some(Value::from(organization)))
                }
                (None, None, None, None) => (ENTRIES, None),
            };
            let values: Vec<_> = by.into_iter().chain(rest.iter().copied()).collect();
            self.rows(statement, &values, decode_entry).await
        }

        async fn audit_rows(
            &mut self,
            after: Option<AuditId>,
            limit: u32,
        ) -> Result<Vec<AuditRow>> {
            self.rows(ROWS, values![&after.unwrap_or(FIRST), limit], decode).await
        }

        async fn unsealed_audit(
            &mut self,
            after: Option<&AuditEntry>,
            limit: u32,
        ) -> Result<Vec<AuditRow>> {
            let chain = after.and_then(|entry| entry.organization).unwrap_or(DEPLOYMENT);
            let id = after.map_or(FIRST, |entry| entry.id);
            self.rows(UNSEALED, values![&chain, &chain, &id, limit], decode).await
        }

        async fn sealed_audit(
            &mut self,
            organization: Option<OrganizationId>,
            seal: u32,
        ) -> Result<Vec<AuditRow>> {
            let chain = organization.unwrap_or(DEPLOYMENT);
            self.rows(SEALED, values![seal, &chain], decode).await
        }

        async fn audit_seals(
            &mut self,
            organization: Option<OrganizationId>,
            after: u32,
            limit: u32,
        ) -> Result<Vec<AuditSeal>> {
            let chain = organization.unwrap_or(DEPLOYMENT);
            self.rows(SEALS, values![&chain, after, limit], decode_seal).await
        }

        async fn audit_head(
            &mut self,
            organization: Option<OrganizationId>,
        ) -> Result<Option<AuditHead>> {
            let chain = organization.unwrap_or(DEPLOYMENT);
            self.row(HEAD, values![&chain], decode_head).await
        }

        async fn audit_heads(
            &mut self,
            after: Option<OrganizationId>,
            limit: u32,
        ) -> Result<Vec<AuditHead>> {
            let after = after.unwrap_or(DEPLOYMENT);
            self.rows(HEADS, values![&after, limit], decode_head).await
        }
    }
}

/// Below and above every id, which are never all zeros or all ones.
const FIRST: AuditId = AuditId::from_bytes([0; 16]);
const LAST: AuditId = AuditId::from_bytes([0xff; 16]);

impl<E: Engine, A: Attrs> AuditMut for SqlTx<'_, E, A> {
    async fn insert_audit(&mut self, row: &AuditRow) -> Result<()> {
        let AuditRow { entry, ip_salt, ip_fingerprint, mac, seal } = row;
        let AuditEntry {
            id,
            at,
            event,
            organization,
            actor,
            subject,
            client,
            ip,
            request,
            details,
        } = entry;
        let chain = organization.unwrap_or(DEPLOYMENT);
        let values = values![
            id,
            *at,
            event,
            &chain,
            actor,
            subject,
            client,
            ip.as_deref(),
            ip_salt.as_ref(),
            ip_fingerprint,
            request.as_deref(),
            details,
            mac.key,
            &mac.digest,
            seal.unwrap_or(0),
        ];
        self.append(INSERT, values, "audit entry").await
    }

    async fn insert_audit_seal(&mut self, seal: &AuditSeal) -> Result<u64> {
        let AuditSeal { organization, number, at, previous, members, hash } = seal;
        let chain = organization.unwrap_or(DEPLOYMENT);
        let bytes = SealMember::to_bytes(members);
        let values = values![&chain, *number, *at, previous, bytes.as_slice(), hash];
        self.insert(INSERT_SEAL, values, "audit seal").await?;
        let mut marked = 0;
        for members in members.chunks(MARKED_AT_ONCE) {
            // The last one stands in for those that are missing.
            let padding = members.last().into_iter().cycle();
            let ids = members.iter().chain(padding).take(MARKED_AT_ONCE);
            let ids = ids.map(|member| Value::from(&member.id));
            let values: Vec<_> = [Value::from(*number)].into_iter().chain(ids).collect();
            marked += self.execute(MARK_MEMBERS, &values).await?;
        }
        Ok(marked)
    }

    async fn advance_audit_head(&mut self, head: &AuditHead, from: u32) -> Result<bool> {
        let AuditHead { organization, seals, entries, hash, mac: Mac { key, digest } } = head;
        let chain = organization.unwrap_or(DEPLOYMENT);
        let entries = i64::try_from(*entries).map_err(StoreError::backend)?;
        if from == 0 {
            let values = values![*seals, entries, hash, *key, digest, &chain];
            self.insert(INSERT_HEAD, values, "audit head").await?;
            return Ok(true);
        }
        let values = values![*seals, entries, hash, *key, digest, &chain, from];
        self.change(ADVANCE_HEAD, values).await
    }

    async fn erase_audit_addresses(&mut self, user: UserId) -> Result<u64> {
        let about = self.execute(ERASE_ADDRESSES_ABOUT, values![&user]).await?;
        Ok(about + self.execute(ERASE_ADDRESSES_OF, values![&user]).await?)
    }
}
