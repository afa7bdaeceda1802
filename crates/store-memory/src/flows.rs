use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use durward_core::entity::{Flow, Purpose};
use durward_core::ids::{FlowId, UserId};
use durward_core::store::{Flows, FlowsMut, Result, StoreError};
use durward_core::{Attrs, Digest, Timestamp};

use crate::state::Rows;
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

pub(crate) struct FlowTable<A: Attrs> {
    pub(crate) rows: Rows<FlowId, Flow<A>>,
    pub(crate) by_handle: BTreeMap<Digest, FlowId>,
    pub(crate) by_link: BTreeMap<Digest, FlowId>,
    /// Those that are unfinished and about a user.
    pub(crate) unfinished: BTreeMap<UserId, BTreeSet<(Timestamp, FlowId)>>,
}

impl<A: Attrs> FlowTable<A> {
    pub(crate) fn row(&self, id: FlowId) -> Option<&Flow<A>> {
        self.rows.get(&id).map(Arc::as_ref)
    }

    pub(crate) fn found(
        &self,
        index: &BTreeMap<Digest, FlowId>,
        digest: &Digest,
    ) -> Option<Flow<A>> {
        self.row(*index.get(digest)?).cloned()
    }

    pub(crate) fn unfinished_of(&self, user: UserId) -> impl DoubleEndedIterator<Item = &Flow<A>> {
        let ids = self.unfinished.get(&user).into_iter().flatten();
        ids.filter_map(|(_, id)| self.row(*id))
    }

    pub(crate) fn open_of(&self, user: UserId, purpose: Purpose, now: Timestamp) -> Vec<Flow<A>> {
        self.unfinished_of(user)
            .rev()
            .filter(|flow| flow.purpose == purpose && flow.is_open(now).is_ok())
            .cloned()
            .collect()
    }

    pub(crate) fn insert(&mut self, flow: &Flow<A>) -> Result<()> {
        if self.rows.contains_key(&flow.id) {
            return Err(StoreError::Duplicate("flow"));
        }
        self.put(flow.clone())
    }

    pub(crate) fn debit(&mut self, id: FlowId, position: u32, limit: u32) -> bool {
        let due = |row: &&mut Arc<Flow<A>>| is_at(row, position) && row.attempts < limit;
        let Some(row) = self.rows.get_mut(&id).filter(due) else {
            return false;
        };
        Arc::make_mut(row).attempts += 1;
        true
    }

    pub(crate) fn advance(&mut self, flow: &Flow<A>, from: u32, mails: u32) -> Result<bool> {
        let due = |stored: &&Flow<A>| is_at(stored, from) && stored.mails == mails;
        let Some(stored) = self.row(flow.id).filter(due).cloned() else {
            return Ok(false);
        };
        self.forget(&stored);
        self.put(Flow {
            step: flow.step,
            position: flow.position,
            handle: flow.handle,
            link: flow.link,
            short: flow.short,
            attempts: flow.attempts,
            mails: flow.mails,
            methods: flow.methods.clone(),
            user: flow.user,
            expires: flow.expires,
            ..stored
        })?;
        Ok(true)
    }

    pub(crate) fn finish(&mut self, id: FlowId, position: u32, now: Timestamp) -> bool {
        let due = |flow: &Flow<A>| is_at(flow, position) && now < flow.expires;
        self.row(id).is_some_and(due) && self.finish_at(id, now)
    }

    pub(crate) fn finish_of(&mut self, user: UserId, now: Timestamp) -> u64 {
        let ending = self.unfinished_of(user).filter(|flow| !flow.purpose.is_objection());
        let unfinished: Vec<_> = ending.map(|flow| flow.id).collect();
        unfinished.into_iter().map(|id| u64::from(self.finish_at(id, now))).sum()
    }

    pub(crate) fn finish_at(&mut self, id: FlowId, now: Timestamp) -> bool {
        let Some(row) = self.rows.get_mut(&id) else {
            return false;
        };
        let flow = Arc::make_mut(row);
        flow.finished = Some(now);
        if let Some(unfinished) = flow.user.and_then(|user| self.unfinished.get_mut(&user)) {
            unfinished.remove(&(flow.created, id));
        }
        true
    }

    /// Stores a flow of which nothing is stored, or nothing any more.
    pub(crate) fn put(&mut self, flow: Flow<A>) -> Result<()> {
        if self.by_handle.insert(flow.handle, flow.id).is_some() {
            return Err(StoreError::Duplicate("flow handle"));
        }
        if flow.link.is_some_and(|link| self.by_link.insert(link, flow.id).is_some()) {
            return Err(StoreError::Duplicate("flow link"));
        }
        if let Some(user) = flow.user.filter(|_| flow.finished.is_none()) {
            self.unfinished.entry(user).or_default().insert((flow.created, flow.id));
        }
        self.rows.insert(flow.id, Arc::new(flow));
        Ok(())
    }

    pub(crate) fn forget(&mut self, flow: &Flow<A>) {
        self.by_handle.remove(&flow.handle);
        if let Some(link) = &flow.link {
            self.by_link.remove(link);
        }
        if let Some(unfinished) = flow.user.and_then(|user| self.unfinished.get_mut(&user)) {
            unfinished.remove(&(flow.created, flow.id));
        }
        self.rows.remove(&flow.id);
    }
}

fn is_at<A: Attrs>(flow: &Flow<A>, position: u32) -> bool {
    flow.finished.is_none() && flow.position == position
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Flows<A> for Handle<A> {
        async fn flow_by_handle(&mut self, handle: &Digest) -> Result<Option<Flow<A>>> {
            self.look(|state| state.flows.found(&state.flows.by_handle, handle))
        }

        async fn flow_by_link(&mut self, link: &Digest) -> Result<Option<Flow<A>>> {
            self.look(|state| state.flows.found(&state.flows.by_link, link))
        }

        async fn open_flows_of(
            &mut self,
            user: UserId,
            purpose: Purpose,
            now: Timestamp,
        ) -> Result<Vec<Flow<A>>> {
            self.look(|state| state.flows.open_of(user, purpose, now))
        }
    }
}

impl<A: Attrs> FlowsMut<A> for MemoryTx<A> {
    async fn insert_flow(&mut self, flow: &Flow<A>) -> Result<()> {
        self.write(|state| Arc::make_mut(&mut state.flows).insert(flow))
    }

    async fn debit_flow(&mut self, id: FlowId, position: u32, limit: u32) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.flows).debit(id, position, limit)))
    }

    async fn advance_flow(&mut self, flow: &Flow<A>, from: u32, mails: u32) -> Result<bool> {
        self.write(|state| Arc::make_mut(&mut state.flows).advance(flow, from, mails))
    }

    async fn finish_flow(&mut self, id: FlowId, position: u32, now: Timestamp) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.flows).finish(id, position, now)))
    }

    async fn finish_flows_of(&mut self, user: UserId, now: Timestamp) -> Result<u64> {
        self.write(|state| Ok(Arc::make_mut(&mut state.flows).finish_of(user, now)))
    }
}

impl<A: Attrs> Default for FlowTable<A> {
    fn default() -> Self {
        Self {
            rows: Rows::new(),
            by_handle: BTreeMap::new(),
            by_link: BTreeMap::new(),
            unfinished: BTreeMap::new(),
        }
    }
}

impl<A: Attrs> Clone for FlowTable<A> {
    fn clone(&self) -> Self {
        Self {
            rows: self.rows.clone(),
            by_handle: self.by_handle.clone(),
            by_link: self.by_link.clone(),
            unfinished: self.unfinished.clone(),
        }
    }
}
