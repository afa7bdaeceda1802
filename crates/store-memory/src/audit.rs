use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use durward_core::entity::AuditEntry;
use durward_core::ids::{AuditId, UserId};
use durward_core::store::{Audit, AuditMut, Result, StoreError};
use durward_core::{Attrs, Timestamp};

use crate::state::Rows;
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

#[derive(Clone, Default)]
pub(crate) struct AuditTable {
    pub(crate) rows: Rows<AuditId, AuditEntry>,
    pub(crate) by_subject: BTreeMap<UserId, BTreeSet<(Timestamp, AuditId)>>,
}

impl AuditTable {
    pub(crate) fn of(&self, subject: UserId, limit: u32) -> Vec<AuditEntry> {
        let ids = self.by_subject.get(&subject).into_iter().flatten().rev();
        let rows = ids.filter_map(|(_, id)| self.rows.get(id)).take(limit as usize);
        rows.map(|row| AuditEntry::clone(row)).collect()
    }

    pub(crate) fn insert(&mut self, entry: &AuditEntry) -> Result<()> {
        if self.rows.contains_key(&entry.id) {
            return Err(StoreError::Duplicate("audit entry"));
        }
        if let Some(subject) = entry.subject {
            self.by_subject.entry(subject).or_default().insert((entry.at, entry.id));
        }
        self.rows.insert(entry.id, Arc::new(entry.clone()));
        Ok(())
    }
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Audit for Handle<A> {
        async fn audit_of(&mut self, subject: UserId, limit: u32) -> Result<Vec<AuditEntry>> {
            self.look(|state| state.audit.of(subject, limit))
        }
    }
}

impl<A: Attrs> AuditMut for MemoryTx<A> {
    async fn insert_audit(&mut self, entry: &AuditEntry) -> Result<()> {
        self.write(|state| Arc::make_mut(&mut state.audit).insert(entry))
    }
}
