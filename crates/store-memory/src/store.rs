use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use durward_core::store::Result;
use durward_core::{Attrs, Plain, Store};
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::state::State;
use crate::{MemoryRead, MemoryTx};

/// A store in memory; clones share what they store.
pub struct MemoryStore<A: Attrs = Plain>(pub(crate) Arc<Shared<A>>);

/// What the clones of a store share.
pub(crate) struct Shared<A: Attrs> {
    pub(crate) committed: RwLock<Arc<State<A>>>,
    /// Held by the one open unit of work.
    pub(crate) writer: Arc<Mutex<()>>,
}

impl<A: Attrs> Shared<A> {
    /// The last committed state.
    pub(crate) fn committed(&self) -> Arc<State<A>> {
        Arc::clone(&self.committed.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a draft the committed state.
    pub(crate) fn commit(&self, draft: State<A>) {
        *self.committed.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(draft);
    }
}

impl<A: Attrs> Store for MemoryStore<A> {
    type Attrs = A;
    type Read<'c> = MemoryRead<A>;
    type Tx<'c> = MemoryTx<A>;

    async fn read(&self) -> Result<MemoryRead<A>> {
        Ok(MemoryRead::new(Arc::clone(&self.0)))
    }

    async fn begin(&self) -> Result<MemoryTx<A>> {
        let turn = Arc::clone(&self.0.writer).lock_owned().await;
        Ok(MemoryTx::new(Arc::clone(&self.0), turn))
    }

    async fn pause(&self, wait: Duration) {
        sleep(wait).await;
    }
}

impl<A: Attrs> Default for MemoryStore<A> {
    fn default() -> Self {
        Self(Arc::new(Shared { committed: RwLock::default(), writer: Arc::default() }))
    }
}

impl<A: Attrs> Clone for MemoryStore<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: Attrs> fmt::Debug for MemoryStore<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
