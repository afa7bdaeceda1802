use std::mem::{forget, take};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use durward_conformance::Suite;
use durward_core::store::{Result, Tx};
use durward_core::{Store, StoreError};
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::fault::Fault;
use crate::state::State;
use crate::store::Shared;
use crate::{MemoryRead, MemoryStore, MemoryTx};

/// Long enough for anyone who looks to see what is half done.
const MOMENT: Duration = Duration::from_millis(1);

/// A store in memory with one fault.
pub(crate) struct BrokenStore {
    store: MemoryStore<Suite>,
    fault: Fault,
}

/// Look-ups in a broken store.
pub(crate) struct BrokenRead {
    pub(super) read: MemoryRead<Suite>,
    pub(super) fault: Fault,
}

/// A unit of work of a broken store.
pub(crate) struct BrokenTx {
    /// There until the unit of work is over.
    tx: Option<MemoryTx<Suite>>,
    /// What was committed when it began.
    began: Arc<State<Suite>>,
    pub(super) fault: Fault,
}

impl BrokenStore {
    /// An empty store with this fault.
    pub(super) fn with(fault: Fault) -> Self {
        Self { store: MemoryStore::default(), fault }
    }

    fn copy(&self) -> MemoryStore<Suite> {
        let committed = RwLock::new(self.store.0.committed());
        MemoryStore(Arc::new(Shared { committed, writer: Arc::default() }))
    }
}

impl Store for BrokenStore {
    type Attrs = Suite;
    type Read<'c> = BrokenRead;
    type Tx<'c> = BrokenTx;

    async fn read(&self) -> Result<BrokenRead> {
        if matches!(self.fault, Fault::LookUpsWait) {
            drop(self.store.0.writer.lock().await);
        }
        let snapshot = matches!(self.fault, Fault::ReadsAreSnapshots);
        let store = if snapshot { self.copy() } else { self.store.clone() };
        Ok(BrokenRead { read: store.read().await?, fault: self.fault })
    }

    async fn begin(&self) -> Result<BrokenTx> {
        let shared = &self.store.0;
        let overlaps = matches!(
            self.fault,
            Fault::NothingButConflicts | Fault::UnitsOverlap | Fault::LateUnitsFail
        );
        let writer = if overlaps { Arc::new(Mutex::new(())) } else { Arc::clone(&shared.writer) };
        let turn = writer.lock_owned().await;
        let began = shared.committed();
        let tx = MemoryTx::new(Arc::clone(shared), turn);
        Ok(BrokenTx { tx: Some(tx), began, fault: self.fault })
    }

    async fn pause(&self, wait: Duration) {
        if !matches!(self.fault, Fault::PausesAreSkipped) {
            self.store.pause(wait).await;
        }
    }
}

impl Clone for BrokenStore {
    fn clone(&self) -> Self {
        let apart = matches!(self.fault, Fault::ClonesAreCopies);
        let store = if apart { self.copy() } else { self.store.clone() };
        Self { store, fault: self.fault }
    }
}

impl BrokenTx {
    pub(super) fn tx(&mut self) -> &mut MemoryTx<Suite> {
        self.tx.as_mut().unwrap()
    }

    /// Look-ups as anyone else has them.
    pub(super) fn outside(&mut self) -> MemoryRead<Suite> {
        MemoryRead::new(Arc::clone(&self.tx().shared))
    }

    /// Forgets for a look-up that there was an error; answers what is to be restored.
    pub(super) fn overlook_error(&mut self) -> bool {
        matches!(self.fault, Fault::SpentUnitsLookUp) && take(&mut self.tx().spent)
    }

    pub(super) async fn after_write(&mut self, error: Option<&StoreError>) {
        match (self.fault, error) {
            (Fault::ErrorsAreForgotten, Some(_)) => self.tx().spent = false,
            (Fault::DuplicatesAreForgotten(kind), Some(StoreError::Duplicate(what))) => {
                self.tx().spent &= kind != *what;
            }
            (Fault::WritesCommit, None) => {
                let draft = self.tx().draft.clone();
                self.tx().shared.commit(draft);
                sleep(MOMENT).await;
            }
            _ => {}
        }
    }
}

impl Tx<Suite> for BrokenTx {
    async fn commit(mut self) -> Result<()> {
        let mut tx = self.tx.take().unwrap();
        if matches!(self.fault, Fault::NothingButConflicts | Fault::LateUnitsFail) {
            // To see who was first and to commit is one step.
            let _turn = Arc::clone(&tx.shared.writer).lock_owned().await;
            if Arc::ptr_eq(&self.began, &tx.shared.committed()) {
                return tx.commit().await;
            }
            let conflicts = matches!(self.fault, Fault::NothingButConflicts);
            let failure = || StoreError::backend("deadlock detected");
            return Err(if conflicts { StoreError::Conflict } else { failure() });
        }
        if matches!(self.fault, Fault::CommitsAreForgotten) {
            return Ok(());
        }
        if matches!(self.fault, Fault::CommitsInTwoSteps) {
            let users = Arc::clone(&tx.draft.users);
            tx.shared.commit(State { users, ..State::clone(&tx.shared.committed()) });
            sleep(MOMENT).await;
        }
        tx.spent &= !matches!(self.fault, Fault::SpentUnitsCommit);
        tx.commit().await
    }
}

impl Drop for BrokenTx {
    fn drop(&mut self) {
        match (self.fault, self.tx.take()) {
            (Fault::DroppedUnitsCommit, Some(tx)) => tx.shared.commit(tx.draft.clone()),
            (Fault::DroppedUnitsHoldTheirTurn, Some(tx)) => forget(tx),
            _ => {}
        }
    }
}
