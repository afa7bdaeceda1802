use std::time::{Duration, Instant};

use durward_core::entity::{
    Client, ClientKind, ClientOwner, ClientSessions, Organization, SearchKey,
};
use durward_core::store::{
    ClientQuery, Clients, ClientsMut, OrganizationQuery, Organizations, OrganizationsMut, Tx,
};
use durward_core::{
    AuthenticationStrength, ClientId, NoAttributes, OrganizationId, PersonName, Plain, Slice,
    Store, Timestamp,
};
use durward_store_sql::{Engine, Prefix, SchemaError, SqlStore, migrations, testing};
use sqlx::{MySql, Postgres, Sqlite};

use crate::engines::{Application, Database, on_every_engine};

/// How long a lock may be held in silence, in tests.
const PATIENCE: Duration = Duration::from_millis(60);

on_every_engine!(
    an_empty_database_is_behind_until_it_is_migrated,
    eight_nodes_migrate_at_once,
    a_migration_that_was_killed_anywhere_is_finished_by_the_next,
    a_newer_database_is_left_alone,
    an_edited_migration_is_noticed,
    the_printed_schema_is_the_migrated_one,
    what_the_release_before_has_stored_is_found,
);

/// The same database with other tables.
fn apart<E: Engine>(database: &Database<E>, prefix: &str) -> SqlStore<E, Plain> {
    database.store.clone().with_prefix(Prefix::parse(prefix).unwrap())
}

async fn an_empty_database_is_behind_until_it_is_migrated<E: Application>(database: Database<E>) {
    let store = apart(&database, "m_");
    let known = migrations::latest();
    let checked = store.check_schema().await;
    assert!(
        matches!(checked, Err(SchemaError::Behind { found: 0, known: of }) if of == known),
        "{checked:?}"
    );
    store.migrate().await.unwrap();
    store.check_schema().await.unwrap();
    store.migrate().await.unwrap();
    assert!(testing::refused_statements(&store).await.is_empty());
}

async fn eight_nodes_migrate_at_once<E: Application>(database: Database<E>) {
    let store = apart(&database, "m_");
    let nodes: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.migrate().await })
        })
        .collect();
    for node in nodes {
        node.await.unwrap().unwrap();
    }
    store.check_schema().await.unwrap();
    assert!(testing::refused_statements(&store).await.is_empty());
}

/// One node after the other is killed: each step is done once without a note of it, and then again.
async fn a_migration_that_was_killed_anywhere_is_finished_by_the_next<E: Application>(
    database: Database<E>,
) {
    let store = apart(&database, "k_");
    let mut killed = 0;
    while store.check_schema().await.is_err() {
        let before_note = killed % 2 == 0;
        let steps = u32::from(!before_note);
        testing::migrate_until_killed(&store, steps, before_note, PATIENCE).await.unwrap();
        killed += 1;
        assert!(killed < 1_000, "no progress");
    }
    assert!(killed > 30, "every step was interrupted");
    assert!(testing::refused_statements(&store).await.is_empty());
    // The last one was not killed, or else had nothing left to do; the lock is free or taken over.
    testing::migrate_impatiently(&store, PATIENCE).await.unwrap();
}

/// Whoever comes after a dead node does all the rest.
#[tokio::test]
async fn a_dead_node_is_succeeded_at_any_step() {
    for steps in [0, 1, 7, 18] {
        for before_note in [false, true] {
            let store = testing::empty_sqlite::<Plain>().await;
            testing::migrate_until_killed(&store, steps, before_note, PATIENCE).await.unwrap();
            store.check_schema().await.unwrap_err();
            testing::migrate_impatiently(&store, PATIENCE).await.unwrap();
            store.check_schema().await.unwrap();
            assert!(testing::refused_statements(&store).await.is_empty());
        }
    }
}

/// A lock in living hands is not taken, however long it is held.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_alive_keeps_the_lock() {
    const PATIENCE: Duration = Duration::from_millis(600);
    for _ in 0..20 {
        let store = testing::empty_sqlite::<Plain>().await;
        testing::migrate_until_killed(&store, 3, false, PATIENCE).await.unwrap();
        let (waiter, heart) = (store.clone(), store.clone());
        let waiting = tokio::spawn(async move {
            testing::migrate_impatiently(&waiter, PATIENCE).await.unwrap();
        });
        let begun = Instant::now();
        let (mut last, mut longest_pause) = (begun, Duration::ZERO);
        while begun.elapsed() < PATIENCE * 3 {
            testing::run_script(&heart, "UPDATE durward_migration_lock SET beat = beat + 1").await;
            longest_pause = longest_pause.max(last.elapsed());
            last = Instant::now();
            tokio::time::sleep(PATIENCE / 12).await;
        }
        // On a busy machine the heart may have stood still for too long; then this was no proof.
        if longest_pause < PATIENCE / 2 {
            assert!(!waiting.is_finished(), "the lock was taken after {longest_pause:?}");
            store.check_schema().await.unwrap_err();
            waiting.await.unwrap();
            return store.check_schema().await.unwrap();
        }
        waiting.abort();
    }
    panic!("the machine is too busy to tell");
}

async fn a_newer_database_is_left_alone<E: Application>(database: Database<E>) {
    let store = database.store;
    let newer = migrations::latest() + 1;
    let script = format!(
        "INSERT INTO durward_migrations (version, checksum, steps, steps_done) \
         VALUES ({newer}, 'x', 1, 1)"
    );
    testing::run_script(&store, &script).await;
    for refused in [store.check_schema().await, store.migrate().await] {
        assert!(
            matches!(refused, Err(SchemaError::Newer { found, .. }) if found == newer),
            "{refused:?}"
        );
    }
}

async fn an_edited_migration_is_noticed<E: Application>(database: Database<E>) {
    let store = database.store;
    testing::run_script(&store, "UPDATE durward_migrations SET checksum = 'x'").await;
    for refused in [store.check_schema().await, store.migrate().await] {
        assert!(matches!(refused, Err(SchemaError::Edited { version: 1 })), "{refused:?}");
    }
}

/// What was stored before there was a search has its key with the migration.
async fn what_the_release_before_has_stored_is_found<E: Application>(database: Database<E>) {
    let store = database.store;
    let at = Timestamp::from_millis(1);
    let organization = Organization::<Plain> {
        id: OrganizationId::from_bytes([1; 16]),
        name: PersonName::parse("Tea & Biscuits").unwrap(),
        archived: None,
        authentication: AuthenticationStrength::Any,
        version: 1,
        created: at,
        updated: at,
        attrs: NoAttributes {},
    };
    let client = Client::<Plain> {
        id: ClientId::from_bytes([2; 16]),
        owner: ClientOwner::Organization(organization.id),
        name: PersonName::parse("Teapot").unwrap(),
        kind: ClientKind::Public,
        enabled: true,
        require_user: false,
        rate_limit: None,
        sessions: ClientSessions::default(),
        redirect_uris: vec![],
        roles: vec![],
        restrictions: vec![],
        expires: None,
        version: 1,
        created: at,
        updated: at,
        last_used: None,
        attrs: NoAttributes {},
    };
    let mut tx = store.begin().await.unwrap();
    tx.insert_organization(&organization).await.unwrap();
    assert!(tx.insert_client(&client, 9).await.unwrap());
    tx.commit().await.unwrap();
    let begin = SearchKey::of("TEA");
    let found = async || {
        let mut read = store.read().await.unwrap();
        let (any, slice) = (OrganizationQuery::default(), Slice { after: None, limit: 9 });
        let organizations = read.search_organizations(&begin, &any, slice).await.unwrap();
        let (any, slice) = (ClientQuery::default(), Slice { after: None, limit: 9 });
        (organizations.len(), read.search_clients(&begin, &any, slice).await.unwrap().len())
    };
    let before = "UPDATE durward_organizations SET name_key = NULL; \
                  UPDATE durward_clients SET name_key = NULL; \
                  DELETE FROM durward_migrations WHERE version >= 14";
    testing::run_script(&store, before).await;
    assert_eq!(found().await, (0, 0));
    store.migrate().await.unwrap();
    assert_eq!(found().await, (1, 1));
}

async fn the_printed_schema_is_the_migrated_one<E: Described>(database: Database<E>) {
    let (migrated, printed) = (apart(&database, "aa_"), apart(&database, "bb_"));
    migrated.migrate().await.unwrap();
    testing::run_schema(&printed).await;
    printed.check_schema().await.unwrap();
    let migrated = E::describe(&database, "aa_").await;
    let printed = E::describe(&database, "bb_").await;
    assert!(migrated.len() > 80, "{migrated:?}");
    assert_eq!(migrated, printed);
}

/// Every column and every index, one line each, without the prefix.
trait Described: Application {
    async fn describe(database: &Database<Self>, prefix: &str) -> Vec<String>;
}

macro_rules! described {
    ($engine:ty, $($query:literal),+) => {
        impl Described for $engine {
            async fn describe(database: &Database<Self>, prefix: &str) -> Vec<String> {
                let mut lines = Vec::new();
                $(
                    let query = sqlx::query_scalar::<_, String>($query);
                    let found = query.fetch_all(&database.pool).await.unwrap();
                    let ours = found.into_iter().filter(|line| line.contains(prefix));
                    lines.extend(ours.map(|line| line.replace(prefix, "")));
                )+
                lines.sort();
                lines
            }
        }
    };
}
described!(
    Sqlite,
    "SELECT m.name || ' ' || c.name || ' ' || c.type || c.\"notnull\" || c.pk
     FROM sqlite_schema m JOIN pragma_table_info(m.name) c",
    "SELECT m.name || ' ' || i.name || ' ' || i.\"unique\" || ' ' || c.name
     FROM sqlite_schema m JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) c",
    "SELECT m.name || ' ' || f.\"table\" || ' ' || f.\"from\" || f.on_delete
     FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f"
);
described!(
    Postgres,
    "SELECT CONCAT_WS(' ', table_name, column_name, data_type, is_nullable)
     FROM information_schema.columns WHERE table_schema = CURRENT_SCHEMA()",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = CURRENT_SCHEMA()",
    "SELECT CONCAT_WS(' ', conname, conrelid::regclass, pg_get_constraintdef(oid))
     FROM pg_constraint WHERE connamespace = CURRENT_SCHEMA()::regnamespace"
);
described!(
    MySql,
    "SELECT CONCAT_WS(' ', table_name, column_name, column_type, is_nullable, collation_name)
     FROM information_schema.columns WHERE table_schema = DATABASE()",
    "SELECT CONCAT_WS(' ', table_name, index_name, non_unique, seq_in_index, column_name)
     FROM information_schema.statistics WHERE table_schema = DATABASE()",
    "SELECT CONCAT_WS(' ', table_name, referenced_table_name, delete_rule)
     FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()"
);
