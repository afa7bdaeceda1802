mod commit;

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use durward_core::StoreError;
use durward_core::store::Result;
use rusqlite::Connection;
use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio::task::spawn_blocking;

use self::commit::commit;
use super::writer::Writer;
use crate::pending::Batch;
use crate::statement::Statements;

/// Commits units of work whose writes are all known, many at a time, by a connection of its own.
///
/// Through sqlx each of them is three messages to a thread, a transaction and a part in a sync. Here, while one group
/// is made durable, the next one gathers; it shares a transaction, in which each unit has a savepoint, and a sync.
/// No unit in it waits for anything, so none holds up the others. See docs/adr/0021.
pub(super) struct Group {
    path: PathBuf,
    gathered: Mutex<Vec<Member>>,
    /// Held by whoever leads; the connection is opened when it is needed.
    lead: Arc<tokio::sync::Mutex<Option<Connection>>>,
}

/// A unit of work in a group.
struct Member {
    statements: Arc<Statements>,
    batch: Arc<Batch>,
    answer: oneshot::Sender<Outcome>,
}

/// What became of a unit of work.
enum Outcome {
    /// It happened, and is as durable as it asked for.
    Done,
    /// One of its guards refused, and nothing happened.
    Refused,
    /// It did not work here, and nothing happened.
    Elsewhere,
    /// Nobody knows whether it happened.
    Failed(StoreError),
}

impl Outcome {
    fn failed<E: Error + Send + Sync + 'static>(error: &Arc<E>) -> Self {
        Self::Failed(StoreError::backend(Arc::clone(error)))
    }
}

impl Member {
    /// Whoever stopped waiting is not told.
    fn tell(self, outcome: Outcome) {
        drop(self.answer.send(outcome));
    }
}

/// The thread that commits has panicked, or was not begun because the runtime ends.
#[derive(Debug, thiserror::Error)]
#[error("the thread that commits gave up")]
struct GaveUp;

impl Group {
    /// Commits to the file at this path, which is in write-ahead mode already.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, gathered: Mutex::default(), lead: Arc::default() }
    }

    /// Commits a unit of work, of writes of one row each. `None` when that did not work here, for whatever
    /// reason, and nothing happened: sqlx's connection waits where one must wait, and knows what to say about errors.
    pub(super) async fn commit(
        &self,
        turns: &Writer,
        statements: &Arc<Statements>,
        batch: &Arc<Batch>,
    ) -> Option<Result<()>> {
        let (answer, mut answered) = oneshot::channel();
        let (statements, batch) = (Arc::clone(statements), Arc::clone(batch));
        self.gathered().push(Member { statements, batch, answer });
        let outcome = tokio::select! {
            biased;
            outcome = &mut answered => outcome,
            lead = Arc::clone(&self.lead).lock_owned() => {
                self.lead(lead, turns).await;
                answered.await
            }
        };
        match outcome.unwrap_or_else(|_dropped| Outcome::Failed(StoreError::backend(GaveUp))) {
            Outcome::Done => Some(Ok(())),
            Outcome::Refused => Some(Err(StoreError::Conflict)),
            Outcome::Elsewhere => None,
            Outcome::Failed(error) => Some(Err(error)),
        }
    }

    pub(super) async fn close(&self) {
        self.lead.lock().await.take();
    }

    /// Lets everybody who has gathered be committed by a thread that may wait.
    async fn lead(&self, mut lead: OwnedMutexGuard<Option<Connection>>, turns: &Writer) {
        let turn = turns.turn().await;
        let members = std::mem::take(&mut *self.gathered());
        match turn {
            Ok(turn) => {
                let (path, log) = (self.path.clone(), Arc::clone(turns.log()));
                // Whoever stops waiting for the thread does not stop it.
                drop(spawn_blocking(move || commit(&path, &mut lead, members, turn, &log)));
            }
            Err(error) => {
                tracing::debug!(%error, "units of work are left to the connection that writes");
                tell_all(members, || Outcome::Elsewhere);
            }
        }
    }

    fn gathered(&self) -> MutexGuard<'_, Vec<Member>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell_all(members: Vec<Member>, outcome: impl Fn() -> Outcome) {
    for member in members {
        member.tell(outcome());
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use durward_core::entity::{MailState, OutboxMail};
    use durward_core::ids::MailId;
    use durward_core::keys::Sealed;
    use durward_core::store::{Outbox, OutboxMut, Tx};
    use durward_core::{Store, Timestamp};
    use sqlx::Sqlite;
    use tokio::task::{JoinHandle, yield_now};

    use super::*;
    use crate::SqlStore;
    use crate::engine::sqlite::SqliteSource;

    const DUE: Timestamp = Timestamp::from_millis(1);
    const LATER: Timestamp = Timestamp::from_millis(9);

    fn mail(number: u8) -> OutboxMail {
        OutboxMail {
            id: MailId::from_bytes([number; 16]),
            state: MailState::Pending,
            body: Sealed::from_bytes(vec![number]),
            due: DUE,
            attempts: 0,
            created: DUE,
            last_error: None,
        }
    }

    async fn store() -> (tempfile::TempDir, SqlStore<Sqlite>) {
        let directory = tempfile::tempdir().unwrap();
        let store = SqlStore::open(directory.path().join("durward.db")).await.unwrap();
        store.migrate().await.unwrap();
        (directory, store)
    }

    fn group(store: &SqlStore<Sqlite>) -> &Group {
        match store.source() {
            SqliteSource::File(file) => file.group().unwrap(),
            SqliteSource::Pool(_) => panic!("the store opened a file"),
        }
    }

    /// A unit that inserts these mails.
    fn insert(store: &SqlStore<Sqlite>, numbers: &[u8]) -> JoinHandle<Result<()>> {
        let (store, numbers) = (store.clone(), numbers.to_vec());
        tokio::spawn(async move {
            let mut tx = store.begin().await?;
            tx.presume();
            for number in numbers {
                tx.insert_mail(&mail(number)).await?;
            }
            tx.commit().await
        })
    }

    /// A unit that takes over these mails.
    fn lease(store: &SqlStore<Sqlite>, numbers: &[u8]) -> JoinHandle<Result<()>> {
        let (store, numbers) = (store.clone(), numbers.to_vec());
        tokio::spawn(async move {
            let mut tx = store.begin().await?;
            tx.presume();
            for number in numbers {
                assert!(tx.lease_mail(mail(number).id, DUE, LATER).await?, "presumed");
            }
            tx.commit().await
        })
    }

    #[tokio::test]
    async fn delayed_durability_waits_for_no_sync_and_comes_with_the_next() {
        let (_directory, store) = store().await;
        insert(&store, &[1]).await.unwrap().unwrap();
        let SqliteSource::File(file) = store.source() else { panic!("the store opened a file") };
        let syncs = || file.log().counts().1;
        let before = syncs();
        for number in [2, 3] {
            let mut tx = store.begin().await.unwrap();
            tx.presume();
            tx.delay_durability();
            tx.insert_mail(&mail(number)).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(syncs(), before);
        assert_eq!(stored(&store).await, [1, 2, 3]);
        insert(&store, &[4]).await.unwrap().unwrap();
        assert_eq!(syncs(), before + 1);
    }

    /// Waits until so many have gathered.
    async fn gathered(store: &SqlStore<Sqlite>, count: usize) {
        let all = async {
            while group(store).gathered().len() < count {
                yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), all).await.unwrap();
    }

    async fn stored(store: &SqlStore<Sqlite>) -> Vec<u8> {
        let found = store.read().await.unwrap().due_mail(Timestamp::from_millis(99), 99).await;
        found.unwrap().iter().map(|mail| mail.id.as_bytes()[0]).collect()
    }

    #[tokio::test]
    async fn units_that_gathered_are_committed_by_one_and_each_is_whole_or_not_at_all() {
        let (_directory, store) = store().await;
        insert(&store, &[1, 2]).await.unwrap().unwrap();
        // Whoever has the turn to write lets the others gather.
        let mut busy = store.begin().await.unwrap();
        busy.insert_mail(&mail(3)).await.unwrap();
        let units = [
            insert(&store, &[4]),
            lease(&store, &[1]),
            lease(&store, &[2, 1]),
            insert(&store, &[5, 3]),
            insert(&store, &[6]),
        ];
        let aborted = insert(&store, &[7]);
        gathered(&store, 6).await;
        aborted.abort();
        aborted.await.unwrap_err();
        assert_eq!(stored(&store).await, [1, 2]);
        busy.commit().await.unwrap();
        let mut outcomes = Vec::new();
        for unit in units {
            outcomes.push(unit.await.unwrap());
        }
        let conflict = |outcome: &Result<()>| matches!(outcome, Err(StoreError::Conflict));
        let lost: Vec<_> = outcomes.iter().map(conflict).collect();
        assert_eq!(lost, [false, false, true, true, false], "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
        assert_eq!(stored(&store).await, [2, 3, 4, 6, 1]);
        assert!(group(&store).gathered().is_empty());
    }

    #[tokio::test]
    async fn a_leader_that_is_given_up_leaves_the_lead_to_another() {
        let (_directory, store) = store().await;
        let mut busy = store.begin().await.unwrap();
        busy.insert_mail(&mail(1)).await.unwrap();
        let leader = insert(&store, &[2]);
        gathered(&store, 1).await;
        let other = insert(&store, &[3]);
        gathered(&store, 2).await;
        leader.abort();
        leader.await.unwrap_err();
        busy.commit().await.unwrap();
        other.await.unwrap().unwrap();
        assert_eq!(stored(&store).await, [1, 3]);
    }

    #[tokio::test]
    async fn what_does_not_work_here_is_told_by_others() {
        let (directory, store) = store().await;
        let path = directory.path().join("durward.db");
        let other = Connection::open(&path).unwrap();
        other.execute_batch("ALTER TABLE durward_outbox RENAME TO elsewhere").unwrap();
        let lost = insert(&store, &[1]).await.unwrap();
        assert!(matches!(lost, Err(StoreError::Backend(_))), "{lost:?}");
        other.execute_batch("ALTER TABLE elsewhere RENAME TO durward_outbox").unwrap();
        insert(&store, &[2]).await.unwrap().unwrap();
        assert_eq!(stored(&store).await, [2]);
        store.close().await;
        let closed = insert(&store, &[3]).await.unwrap();
        assert!(matches!(closed, Err(StoreError::Backend(_))), "{closed:?}");
    }

    #[tokio::test]
    async fn another_process_that_writes_is_waited_for() {
        let (directory, store) = store().await;
        let other = Connection::open(directory.path().join("durward.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let waits = insert(&store, &[1]);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!waits.is_finished());
        other.execute_batch("COMMIT").unwrap();
        waits.await.unwrap().unwrap();
        assert_eq!(stored(&store).await, [1]);
    }
}
