use std::collections::BTreeMap;
use std::sync::Arc;

use durward_core::Attrs;
use durward_core::entity::{AuditEntry, AuditHead, AuditRow, AuditSeal};
use durward_core::ids::{AuditId, OrganizationId, UserId};
use durward_core::store::{Audit, AuditMut, AuditQuery, Result, StoreError};

use crate::state::Rows;
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

#[derive(Clone, Default)]
pub(crate) struct AuditTable {
    pub(crate) rows: Rows<AuditId, AuditRow>,
    pub(crate) seals: Rows<(Option<OrganizationId>, u32), AuditSeal>,
    pub(crate) heads: BTreeMap<Option<OrganizationId>, AuditHead>,
}

impl AuditTable {
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &AuditRow> {
        self.rows.values().map(Arc::as_ref)
    }

    pub(crate) fn entries(&self, query: &AuditQuery) -> Vec<AuditEntry> {
        let found = self.all().rev().map(|row| &row.entry).filter(|entry| fits(query, entry));
        found.take(query.limit as usize).cloned().collect()
    }

    pub(crate) fn unsealed(&self, after: Option<&AuditEntry>, limit: u32) -> Vec<AuditRow> {
        let place = |entry: &AuditEntry| (entry.organization, entry.id);
        let waiting = self.all().filter(|row| row.seal.is_none());
        let behind = waiting.filter(|row| after.is_none_or(|it| place(&row.entry) > place(it)));
        let mut found: Vec<AuditRow> = behind.cloned().collect();
        found.sort_by_key(|row| place(&row.entry));
        found.truncate(limit as usize);
        found
    }

    pub(crate) fn insert(&mut self, row: &AuditRow) -> Result<()> {
        if self.rows.contains_key(&row.entry.id) {
            return Err(StoreError::Duplicate("audit entry"));
        }
        self.rows.insert(row.entry.id, Arc::new(row.clone()));
        Ok(())
    }

    pub(crate) fn insert_seal(&mut self, seal: &AuditSeal) -> Result<u64> {
        let place = (seal.organization, seal.number);
        if self.seals.contains_key(&place) {
            return Err(StoreError::Duplicate("audit seal"));
        }
        self.seals.insert(place, Arc::new(seal.clone()));
        let mut marked = 0;
        for member in &seal.members {
            let row = self.rows.get_mut(&member.id).filter(|row| row.seal.is_none());
            if let Some(row) = row {
                Arc::make_mut(row).seal = Some(seal.number);
                marked += 1;
            }
        }
        Ok(marked)
    }

    pub(crate) fn advance_head(&mut self, head: &AuditHead, from: u32) -> Result<bool> {
        let seals = self.heads.get(&head.organization).map(|head| head.seals);
        if from == 0 && seals.is_some() {
            return Err(StoreError::Duplicate("audit head"));
        }
        let is_expected = seals.unwrap_or(0) == from;
        if is_expected {
            self.heads.insert(head.organization, head.clone());
        }
        Ok(is_expected)
    }

    pub(crate) fn erase_addresses(&mut self, user: UserId) -> u64 {
        let mut erased = 0;
        for row in self.rows.values_mut() {
            let concerns = row.entry.subject == Some(user) || row.entry.actor == Some(user);
            if concerns && row.entry.ip.is_some() {
                let row = Arc::make_mut(row);
                (row.entry.ip, row.ip_salt) = (None, None);
                erased += 1;
            }
        }
        erased
    }
}

fn fits(query: &AuditQuery, entry: &AuditEntry) -> bool {
    let AuditQuery { subject, actor, client, organization, event, from, before, limit: _ } = query;
    subject.is_none_or(|id| entry.subject == Some(id))
        && actor.is_none_or(|id| entry.actor == Some(id))
        && client.is_none_or(|id| entry.client == Some(id))
        && organization.is_none_or(|id| entry.organization == Some(id))
        && event.as_ref().is_none_or(|event| entry.event == *event)
        && from.is_none_or(|id| entry.id >= id)
        && before.is_none_or(|id| entry.id < id)
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Audit for Handle<A> {
        async fn audit_entries(&mut self, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
            self.look(|state| state.audit.entries(query))
        }

        async fn audit_rows(
            &mut self,
            after: Option<AuditId>,
            limit: u32,
        ) -> Result<Vec<AuditRow>> {
            self.look(|state| {
                let behind = state.audit.all().filter(|row| after.is_none_or(|id| row.entry.id > id));
                behind.take(limit as usize).cloned().collect()
            })
        }

        async fn unsealed_audit(
            &mut self,
            after: Option<&AuditEntry>,
            limit: u32,
        ) -> Result<Vec<AuditRow>> {
            self.look(|state| state.audit.unsealed(after, limit))
        }

        async fn sealed_audit(
            &mut self,
            organization: Option<OrganizationId>,
            seal: u32,
        ) -> Result<Vec<AuditRow>> {
            self.look(|state| {
                let named = state.audit.all().filter(|row| row.seal == Some(seal));
                named.filter(|row| row.entry.organization == organization).cloned().collect()
            })
        }

        async fn audit_seals(
            &mut self,
            organization: Option<OrganizationId>,
            after: u32,
            limit: u32,
        ) -> Result<Vec<AuditSeal>> {
            self.look(|state| {
                let of_chain = state.audit.seals.values().map(Arc::as_ref);
                let of_chain = of_chain.filter(|seal| seal.organization == organization);
                let behind = of_chain.filter(|seal| seal.number > after);
                behind.take(limit as usize).cloned().collect()
            })
        }

        async fn audit_head(
            &mut self,
            organization: Option<OrganizationId>,
        ) -> Result<Option<AuditHead>> {
            self.look(|state| state.audit.heads.get(&organization).cloned())
        }

        async fn audit_heads(
            &mut self,
            after: Option<OrganizationId>,
            limit: u32,
        ) -> Result<Vec<AuditHead>> {
            self.look(|state| {
                let of_organizations = state.audit.heads.values();
                let behind = of_organizations.filter(|head| head.organization > after);
                behind.take(limit as usize).cloned().collect()
            })
        }
    }
}

impl<A: Attrs> AuditMut for MemoryTx<A> {
    async fn insert_audit(&mut self, row: &AuditRow) -> Result<()> {
        self.write(|state| Arc::make_mut(&mut state.audit).insert(row))
    }

    async fn insert_audit_seal(&mut self, seal: &AuditSeal) -> Result<u64> {
        self.write(|state| Arc::make_mut(&mut state.audit).insert_seal(seal))
    }

    async fn advance_audit_head(&mut self, head: &AuditHead, from: u32) -> Result<bool> {
        self.write(|state| Arc::make_mut(&mut state.audit).advance_head(head, from))
    }

    async fn erase_audit_addresses(&mut self, user: UserId) -> Result<u64> {
        self.write(|state| Ok(Arc::make_mut(&mut state.audit).erase_addresses(user)))
    }
}
