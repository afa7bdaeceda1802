use std::time::Duration;

use durward_core::store::{Tx, Users, UsersMut};
use durward_core::{Plain, Store, StoreError};
use durward_store_sql::{SqlStore, testing};
use sqlx::Sqlite;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use tokio::time::timeout;

use crate::engines::{Application, user};

type FileStore = SqlStore<Sqlite, Plain>;

async fn insert(store: &FileStore, n: u8) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.insert_user(&user(n)).await?;
    tx.commit().await
}

async fn has(store: &FileStore, n: u8) -> bool {
    store.read().await.unwrap().user(user(n).id).await.unwrap().is_some()
}

#[tokio::test]
async fn what_is_committed_is_there_when_the_file_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("durward.db");
    let store = FileStore::open(&path).await.unwrap();
    store.migrate().await.unwrap();
    insert(&store, 1).await.unwrap();
    store.close().await;
    assert!(matches!(insert(&store, 2).await, Err(StoreError::Backend(_))));
    assert!(store.read().await.unwrap().user(user(1).id).await.is_err());
    let beside: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(beside.len(), 1, "closing leaves the database alone: {beside:?}");

    let url = format!("sqlite:{}", path.display());
    let store = FileStore::connect(&url).await.unwrap();
    store.check_schema().await.unwrap();
    assert!(has(&store, 1).await);
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::open(directory.path().join("durward.db")).await.unwrap();
    store.migrate().await.unwrap();
    let files: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(Result::unwrap).collect();
    assert!(files.len() > 1, "the log lies beside the database");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
    }
}

#[tokio::test]
async fn a_database_in_memory_is_refused() {
    for url in ["sqlite::memory:", "sqlite://"] {
        let refused = FileStore::connect(url).await;
        assert!(matches!(refused, Err(sqlx::Error::Configuration(_))), "{url}: {refused:?}");
    }
}

#[tokio::test]
async fn a_missing_file_is_not_created_against_the_will_of_the_url() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rw", directory.path().join("durward.db").display());
    FileStore::connect(&url).await.unwrap_err();
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn look_ups_never_wait_for_a_unit_of_work() {
    let store = testing::fresh_sqlite::<Plain>().await;
    let mut tx = store.begin().await.unwrap();
    tx.insert_user(&user(1)).await.unwrap();
    let look_ups = (0..30).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { has(&store, 1).await })
    });
    for look_up in look_ups.collect::<Vec<_>>() {
        assert!(!timeout(Duration::from_secs(5), look_up).await.unwrap().unwrap());
    }
    tx.commit().await.unwrap();
    assert!(has(&store, 1).await);
}

/// What `FULL` adds to `NORMAL`, the store does itself: see docs/adr/0012.
#[tokio::test]
async fn the_settings_are_not_left_to_chance() {
    let directory = tempfile::tempdir().unwrap();
    let careless = SqliteConnectOptions::new()
        .filename(directory.path().join("durward.db"))
        .create_if_missing(true)
        .foreign_keys(false)
        .synchronous(SqliteSynchronous::Off)
        .journal_mode(SqliteJournalMode::Delete);
    let store = FileStore::connect_with(careless).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    for (pragma, expected) in [("foreign_keys", 1), ("synchronous", 1), ("busy_timeout", 5_000)] {
        assert_eq!(
            Sqlite::count(tx.conn().await.unwrap(), &format!("PRAGMA {pragma}")).await,
            expected,
            "{pragma}"
        );
    }
    let modes = "SELECT COUNT(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'";
    assert_eq!(Sqlite::count(tx.conn().await.unwrap(), modes).await, 1);
}

#[tokio::test]
async fn a_look_up_cannot_write() {
    let store = testing::fresh_sqlite::<Plain>().await;
    let refused = testing::run_as_reader(&store, "DELETE FROM durward_users").await;
    assert!(refused.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("durward.db");
    // Both create it at the same time.
    let (one, other) = tokio::join!(FileStore::open(&path), FileStore::open(&path));
    let (one, other) = (one.unwrap(), other.unwrap());
    let (migrated, too) = tokio::join!(one.migrate(), other.migrate());
    migrated.unwrap();
    too.unwrap();

    let inserts = (1..=100).map(|n| {
        let store = if n % 2 == 0 { one.clone() } else { other.clone() };
        tokio::spawn(async move {
            while let Err(error) = insert(&store, n).await {
                assert!(matches!(error, StoreError::Conflict), "{error:?}");
                store.pause(Duration::from_millis(u64::from(n))).await;
            }
        })
    });
    for insert in inserts.collect::<Vec<_>>() {
        insert.await.unwrap();
    }
    for n in 1..=100 {
        assert!(has(&one, n).await && has(&other, n).await, "{n}");
    }
}

#[tokio::test]
async fn a_file_that_another_process_writes_to_is_a_conflict() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("durward.db");
    let one = FileStore::open(&path).await.unwrap();
    one.migrate().await.unwrap();
    let impatient =
        SqliteConnectOptions::new().filename(&path).busy_timeout(Duration::from_millis(50));
    let other = FileStore::connect_with(impatient).await.unwrap();
    let mut holder = one.begin().await.unwrap();
    holder.insert_user(&user(2)).await.unwrap();
    let refused = insert(&other, 1).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    drop(holder);
    insert(&other, 1).await.unwrap();
    assert!(has(&one, 1).await);
}
