//! The audit log: entries, and the chains that show that they are whole.

use std::cmp::Reverse;

use durward::entity::{AuditEntry, AuditHead, AuditRow, AuditSeal};
use durward::store::{Audit, AuditMut, AuditQuery, Result};
use durward::{Attrs, AuditId, OrganizationId, UserId};

use super::Handle;
use super::tables::{change, insert};

impl<A: Attrs> Audit for Handle<A> {
    async fn audit_entries(&mut self, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
        self.look(|tables| {
            let entries = tables.audit.iter().map(|row| &row.entry);
            let mut found: Vec<_> = entries.filter(|entry| fits(query, entry)).cloned().collect();
            found.sort_by_key(|entry| Reverse(entry.id));
            found.truncate(query.limit as usize);
            found
        })
    }

    async fn audit_rows(&mut self, after: Option<AuditId>, limit: u32) -> Result<Vec<AuditRow>> {
        self.look(|tables| {
            let behind = tables.audit.iter().filter(|row| Some(row.entry.id) > after);
            first(behind, |row| row.entry.id, limit)
        })
    }

    async fn unsealed_audit(
        &mut self,
        after: Option<&AuditEntry>,
        limit: u32,
    ) -> Result<Vec<AuditRow>> {
        self.look(|tables| {
            let waiting = tables.audit.iter().filter(|row| row.seal.is_none());
            let behind = waiting.filter(|row| Some(place(&row.entry)) > after.map(place));
            first(behind, |row| place(&row.entry), limit)
        })
    }

    async fn sealed_audit(
        &mut self,
        organization: Option<OrganizationId>,
        seal: u32,
    ) -> Result<Vec<AuditRow>> {
        self.look(|tables| {
            let named = tables.audit.iter().filter(|row| row.seal == Some(seal));
            let named = named.filter(|row| row.entry.organization == organization);
            first(named, |row| row.entry.id, u32::MAX)
        })
    }

    async fn audit_seals(
        &mut self,
        organization: Option<OrganizationId>,
        after: u32,
        limit: u32,
    ) -> Result<Vec<AuditSeal>> {
        self.look(|tables| {
            let of_chain = tables.audit_seals.iter().filter(|it| it.organization == organization);
            first(of_chain.filter(|seal| seal.number > after), |seal| seal.number, limit)
        })
    }

    async fn audit_head(
        &mut self,
        organization: Option<OrganizationId>,
    ) -> Result<Option<AuditHead>> {
        self.look(|tables| {
            tables.audit_heads.iter().find(|head| head.organization == organization).cloned()
        })
    }

    async fn audit_heads(
        &mut self,
        after: Option<OrganizationId>,
        limit: u32,
    ) -> Result<Vec<AuditHead>> {
        self.look(|tables| {
            let behind = tables.audit_heads.iter().filter(|head| head.organization > after);
            first(behind, |head| head.organization, limit)
        })
    }
}

impl<A: Attrs> AuditMut for Handle<A> {
    async fn insert_audit(&mut self, row: &AuditRow) -> Result<()> {
        self.write(|tables| {
            let taken = tables.audit.iter().any(|it| it.entry.id == row.entry.id);
            insert(&mut tables.audit, row, taken, "audit entry")
        })
    }

    async fn insert_audit_seal(&mut self, seal: &AuditSeal) -> Result<u64> {
        self.write(|tables| {
            let place = |it: &AuditSeal| (it.organization, it.number);
            let taken = tables.audit_seals.iter().any(|it| place(it) == place(seal));
            insert(&mut tables.audit_seals, seal, taken, "audit seal")?;
            let mut marked = 0;
            for member in &seal.members {
                let guard = |row: &AuditRow| row.entry.id == member.id && row.seal.is_none();
                let mark = |row: &mut AuditRow| row.seal = Some(seal.number);
                marked += u64::from(change(&mut tables.audit, guard, mark));
            }
            Ok(marked)
        })
    }

    async fn advance_audit_head(&mut self, head: &AuditHead, from: u32) -> Result<bool> {
        self.write(|tables| {
            let heads = &mut tables.audit_heads;
            if from > 0 {
                let guard =
                    |it: &AuditHead| it.organization == head.organization && it.seals == from;
                return Ok(change(heads, guard, |it| *it = head.clone()));
            }
            let taken = heads.iter().any(|it| it.organization == head.organization);
            insert(heads, head, taken, "audit head").map(|()| true)
        })
    }

    async fn erase_audit_addresses(&mut self, user: UserId) -> Result<u64> {
        self.write(|tables| {
            let concerned = tables
                .audit
                .iter_mut()
                .filter(|row| row.entry.subject == Some(user) || row.entry.actor == Some(user));
            let mut erased = 0;
            for row in concerned.filter(|row| row.entry.ip.is_some()) {
                (row.entry.ip, row.ip_salt) = (None, None);
                erased += 1;
            }
            Ok(erased)
        })
    }
}

/// Where an entry stands among those that wait for a seal.
fn place(entry: &AuditEntry) -> (Option<OrganizationId>, AuditId) {
    (entry.organization, entry.id)
}

fn fits(query: &AuditQuery, entry: &AuditEntry) -> bool {
    let AuditQuery { subject, actor, client, organization, event, from, before, limit: _ } = query;
    (subject.is_none() || entry.subject == *subject)
        && (actor.is_none() || entry.actor == *actor)
        && (client.is_none() || entry.client == *client)
        && (organization.is_none() || entry.organization == *organization)
        && event.as_ref().is_none_or(|event| entry.event == *event)
        && from.is_none_or(|id| entry.id >= id)
        && before.is_none_or(|id| entry.id < id)
}

/// The first of them in an order.
fn first<'a, T: Clone + 'a, K: Ord>(
    found: impl Iterator<Item = &'a T>,
    key: impl Fn(&T) -> K,
    limit: u32,
) -> Vec<T> {
    let mut found: Vec<T> = found.cloned().collect();
    found.sort_by_key(key);
    found.truncate(limit as usize);
    found
}
