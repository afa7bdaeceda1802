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

/// Everything that was committed in a store at one moment; see [`MemoryStore::snapshot`].
pub struct Snapshot<A: Attrs = Plain>(Arc<State<A>>);

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
        self.replace(Arc::new(draft));
    }

    fn replace(&self, state: Arc<State<A>>) {
        *self.committed.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

impl<A: Attrs> MemoryStore<A> {
    /// What is committed now. Nothing is copied before it changes.
    ///
    /// ```
    /// use durward_store_memory::MemoryStore;
    ///
    /// let store: MemoryStore = MemoryStore::default();
    /// // ... what every case begins with, and then for each:
    /// let begun = store.snapshot();
    /// store.restore(&begun);
    /// ```
    pub fn snapshot(&self) -> Snapshot<A> {
        Snapshot(self.0.committed())
    }

    /// Goes back to a moment of this store, or to one of another, as if it were committed: a unit of work that is
    /// open changes what was there when it began, and undoes this if it commits.
    pub fn restore(&self, snapshot: &Snapshot<A>) {
        self.0.replace(Arc::clone(&snapshot.0));
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

    fn is_shared(&self) -> bool {
        false
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

impl<A: Attrs> fmt::Debug for Snapshot<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use durward_core::entity::{AuditEntry, AuditRow, MailState, OutboxMail};
    use durward_core::ids::{AuditId, MailId};
    use durward_core::keys::{Mac, Sealed};
    use durward_core::store::{AuditMut, OutboxMut, Tx};
    use durward_core::{Digest, StoreError, Timestamp};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1);

    fn mail(n: u8) -> OutboxMail {
        OutboxMail {
            id: MailId::from_bytes([n; 16]),
            state: MailState::Pending,
            body: Sealed::from_bytes(vec![n]),
            due: NOW,
            attempts: 0,
            created: NOW,
            last_error: None,
        }
    }

    fn row() -> AuditRow {
        let entry = AuditEntry {
            id: AuditId::from_bytes([1; 16]),
            at: NOW,
            event: "user.created".to_owned(),
            organization: None,
            actor: None,
            subject: None,
            client: None,
            ip: None,
            request: None,
            details: "{}".to_owned(),
        };
        let mac = Mac { key: 1, digest: Digest::from_bytes([0; 32]) };
        AuditRow { entry, ip_salt: None, ip_fingerprint: None, mac, seal: None }
    }

    async fn insert(store: &MemoryStore, n: u8) {
        let mut tx = store.begin().await.unwrap();
        tx.insert_mail(&mail(n)).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_unit_copies_only_what_it_changes() {
        let store = MemoryStore::default();
        insert(&store, 1).await;
        let before = store.0.committed();
        insert(&store, 2).await;
        let after = store.0.committed();
        assert!(Arc::ptr_eq(&before.users, &after.users));
        assert!(Arc::ptr_eq(&before.sessions, &after.sessions));
        assert!(!Arc::ptr_eq(&before.outbox, &after.outbox));
        let [old, new] = [&before, &after].map(|state| &state.outbox.rows[&mail(1).id]);
        assert!(Arc::ptr_eq(old, new));
        assert_eq!(before.outbox.rows.len(), 1);
    }

    #[tokio::test]
    async fn a_store_goes_back_to_a_snapshot_as_often_as_it_is_told() {
        let store = MemoryStore::default();
        insert(&store, 1).await;
        let begun = store.snapshot();
        for n in 2..4 {
            insert(&store, n).await;
            assert_eq!(store.0.committed().outbox.rows.len(), 2);
            store.restore(&begun);
            let rows: Vec<_> = store.0.committed().outbox.rows.keys().copied().collect();
            assert_eq!(rows, [mail(1).id]);
        }
    }

    #[tokio::test]
    async fn an_id_is_taken_once_whatever_it_names() {
        let store = MemoryStore::<Plain>::default();
        let mut tx = store.begin().await.unwrap();
        tx.insert_mail(&mail(1)).await.unwrap();
        let again = tx.insert_mail(&mail(1)).await;
        assert!(matches!(again, Err(StoreError::Duplicate("mail"))), "{again:?}");
        drop(tx);
        let mut tx = store.begin().await.unwrap();
        tx.insert_audit(&row()).await.unwrap();
        let again = tx.insert_audit(&row()).await;
        assert!(matches!(again, Err(StoreError::Duplicate("audit entry"))), "{again:?}");
    }

    #[tokio::test]
    async fn debug_shows_nothing_that_is_stored() {
        let store = MemoryStore::<Plain>::default();
        let tx = store.begin().await.unwrap();
        let read = store.read().await.unwrap();
        let text = format!("{store:?} {read:?} {tx:?} {:?}", store.snapshot());
        let handles = "MemoryStore { .. } MemoryRead { .. } MemoryTx { spent: false, .. }";
        assert_eq!(text, format!("{handles} Snapshot {{ .. }}"));
    }
}
