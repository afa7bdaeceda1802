//! A store in memory that can be watched, and taken away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use durward_core::store::Result;
use durward_core::{Attrs, Plain, Store, StoreError};
use durward_store_memory::{MemoryRead, MemoryStore, MemoryTx};

pub(crate) struct Watched<A: Attrs = Plain> {
    inner: MemoryStore<A>,
    reads: Arc<AtomicUsize>,
    units: Arc<AtomicUsize>,
    away: Arc<AtomicBool>,
}

impl<A: Attrs> Watched<A> {
    pub(crate) fn new() -> Self {
        Self {
            inner: MemoryStore::default(),
            reads: Arc::default(),
            units: Arc::default(),
            away: Arc::default(),
        }
    }

    /// How many reads and units of work were opened.
    pub(crate) fn opened(&self) -> (usize, usize) {
        (self.reads.load(Ordering::Relaxed), self.units.load(Ordering::Relaxed))
    }

    pub(crate) fn take_away(&self) {
        self.away.store(true, Ordering::Relaxed);
    }

    fn ask(&self) -> Result<()> {
        if self.away.load(Ordering::Relaxed) {
            return Err(StoreError::backend("connection refused by db.internal:5432"));
        }
        Ok(())
    }
}

impl<A: Attrs> Clone for Watched<A> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            reads: Arc::clone(&self.reads),
            units: Arc::clone(&self.units),
            away: Arc::clone(&self.away),
        }
    }
}

impl<A: Attrs> Store for Watched<A> {
    type Attrs = A;
    type Read<'c> = MemoryRead<A>;
    type Tx<'c> = MemoryTx<A>;

    async fn read(&self) -> Result<MemoryRead<A>> {
        self.ask()?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.read().await
    }

    async fn begin(&self) -> Result<MemoryTx<A>> {
        self.ask()?;
        self.units.fetch_add(1, Ordering::Relaxed);
        self.inner.begin().await
    }

    async fn pause(&self, wait: Duration) {
        self.inner.pause(wait).await;
    }
}
