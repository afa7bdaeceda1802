use std::time::Duration;

use durward_core::accounts::{AuditFinding, ChainEnd};
use durward_core::entity::{AuditEntry, AuditFlaw, AuditRow};
use durward_core::store::{Audit, AuditMut, Tx};
use durward_core::{AuditId, Clock, OrganizationId, Plain, Store};
use durward_store_sql::SqlStore;
use durward_testing::TestAccounts;

use crate::engines::{Application, Database, on_every_engine};

on_every_engine!(
    whatever_is_done_to_a_sealed_log_is_found_and_named,
    whatever_is_done_to_a_log_that_is_not_sealed_yet_is_found_unless_it_is_dropped,
    a_log_that_was_put_back_is_found_by_what_was_noted,
    an_erased_address_leaves_the_log_whole,
    any_number_of_nodes_seal_at_once,
);

type Accounts<E> = TestAccounts<SqlStore<E, Plain>>;

const TENANT: OrganizationId = OrganizationId::from_bytes([7; 16]);

/// Writes an entry, a moment after the one before.
async fn write<E: Application>(it: &Accounts<E>, tenant: Option<OrganizationId>) -> AuditId {
    it.clock().advance(Duration::from_millis(1));
    let at = it.clock().now();
    let parts = it.accounts().parts();
    let entry = AuditEntry {
        id: AuditId::new(at, &*parts.entropy),
        at,
        event: "session.opened".to_owned(),
        organization: tenant,
        actor: None,
        subject: Some(durward_core::UserId::from_bytes([1; 16])),
        client: None,
        ip: Some("192.0.2.1".to_owned()),
        request: None,
        details: "{}".to_owned(),
    };
    let row = AuditRow::new(entry, &parts.keys, &*parts.entropy);
    let id = row.entry.id;
    let mut tx = it.accounts().begin().await.unwrap();
    tx.insert_audit(&row).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// Three seals of the deployment with two entries each, and one of a tenant with two.
async fn log<E: Application>(database: &Database<E>) -> (Accounts<E>, Vec<AuditId>) {
    let it = TestAccounts::on(database.store.clone());
    let mut ids = Vec::new();
    for tenant in [None, None, None, Some(TENANT)] {
        for _ in 0..2 {
            ids.push(write(&it, tenant).await);
        }
        assert_eq!(it.accounts().seal_audit(100).await.unwrap().sealed, 2);
    }
    // The deployment knows that the tenant's chain has begun.
    assert_eq!(it.accounts().seal_audit(100).await.unwrap().sealed, 1);
    (it, ids)
}

async fn flaws<E: Application>(it: &Accounts<E>, noted: &[ChainEnd]) -> Vec<AuditFlaw> {
    let mut flaws = Vec::new();
    let mut tell = |finding| {
        if let AuditFinding::Flaw(flaw) = finding {
            flaws.push(flaw);
        }
    };
    it.accounts().verify_audit(noted, &mut tell).await.unwrap();
    flaws
}

/// Does something behind the store's back.
async fn tamper<E: Application>(database: &Database<E>, sql: &str) {
    let mut connection = database.pool.acquire().await.unwrap();
    E::run(&mut connection, sql).await.unwrap();
}

/// The bytes of an id as this engine spells them.
fn bytes<E: Application>(id: &[u8; 16]) -> String {
    format!("{}{:032x}'", E::HEX, u128::from_be_bytes(*id))
}

async fn whatever_is_done_to_a_sealed_log_is_found_and_named<E: Application>(
    database: Database<E>,
) {
    // R-LG-04
    let (it, ids) = log(&database).await;
    assert_eq!(flaws(&it, &[]).await, []);
    let mut backup = Vec::new();
    for table in ["audit_entries", "audit_seals", "audit_heads"] {
        tamper(&database, &format!("CREATE TABLE spare_{table} AS SELECT * FROM durward_{table}"))
            .await;
        backup.push(format!("DELETE FROM durward_{table}"));
        backup.push(format!("INSERT INTO durward_{table} SELECT * FROM spare_{table}"));
    }
    let [first, second, third, fourth] = [0, 1, 2, 3].map(|n| bytes::<E>(ids[n].as_bytes()));
    let (nobody, tenant) = (bytes::<E>(&[0; 16]), bytes::<E>(TENANT.as_bytes()));
    let altered = |n: usize| AuditFlaw::Altered { entry: ids[n] };
    let dropped = |n: usize, seal| AuditFlaw::Dropped { entry: ids[n], organization: None, seal };
    let misplaced = |n: usize, seal| AuditFlaw::Misplaced { entry: ids[n], seal };
    let deeds: Vec<(String, Vec<AuditFlaw>)> = vec![
        (
            format!("UPDATE durward_audit_entries SET event = 'x' WHERE id = {first}"),
            vec![altered(0)],
        ),
        (
            format!("UPDATE durward_audit_entries SET happened_ms = 0 WHERE id = {third}"),
            vec![altered(2)],
        ),
        (
            format!("UPDATE durward_audit_entries SET ip = '192.0.2.9' WHERE id = {first}"),
            vec![altered(0)],
        ),
        (
            format!("UPDATE durward_audit_entries SET subject_id = {nobody} WHERE id = {first}"),
            vec![altered(0)],
        ),
        (
            format!("UPDATE durward_audit_entries SET mac_key = 2 WHERE id = {first}"),
            vec![altered(0)],
        ),
        (format!("DELETE FROM durward_audit_entries WHERE id = {second}"), vec![dropped(1, 1)]),
        (
            format!(
                "UPDATE durward_audit_entries SET seal = 3 - seal WHERE id IN ({second}, {third})"
            ),
            vec![dropped(1, 1), misplaced(2, 1), dropped(2, 2), misplaced(1, 2)],
        ),
        (
            format!("UPDATE durward_audit_entries SET seal = 99 WHERE id = {fourth}"),
            vec![dropped(3, 2), misplaced(3, 99)],
        ),
        (
            format!("UPDATE durward_audit_entries SET seal = 0 WHERE id = {fourth}"),
            vec![dropped(3, 2)],
        ),
        (
            "DELETE FROM durward_audit_seals WHERE number = 2".to_owned(),
            vec![AuditFlaw::SealsDropped { organization: None, first: 2, last: 2 }],
        ),
        (
            "UPDATE durward_audit_seals SET sealed_ms = 0 WHERE number = 3".to_owned(),
            vec![AuditFlaw::SealAltered { organization: None, seal: 3 }],
        ),
        (
            "DELETE FROM durward_audit_seals WHERE number = 4; \
             DELETE FROM durward_audit_entries WHERE seal = 4"
                .to_owned(),
            vec![AuditFlaw::SealsDropped { organization: None, first: 4, last: 4 }],
        ),
        (
            format!("UPDATE durward_audit_heads SET seals = 3 WHERE chain_id = {nobody}"),
            vec![AuditFlaw::HeadAltered { organization: None }],
        ),
        (
            format!(
                "DELETE FROM durward_audit_heads WHERE chain_id = {tenant}; \
                 DELETE FROM durward_audit_seals WHERE chain_id = {tenant}; \
                 DELETE FROM durward_audit_entries WHERE chain_id = {tenant}"
            ),
            vec![AuditFlaw::HeadDropped { organization: Some(TENANT) }],
        ),
        (
            format!("DELETE FROM durward_audit_heads WHERE chain_id = {nobody}"),
            vec![AuditFlaw::HeadDropped { organization: None }],
        ),
    ];
    for (deed, expected) in deeds {
        tamper(&database, &deed).await;
        let mut found = flaws(&it, &[]).await;
        found.retain(|flaw| !matches!(flaw, AuditFlaw::Misplaced { seal: 3 | 4, .. }));
        assert_eq!(found, expected, "{deed}");
        for step in &backup {
            tamper(&database, step).await;
        }
        assert_eq!(flaws(&it, &[]).await, [], "after {deed}");
    }
}

async fn whatever_is_done_to_a_log_that_is_not_sealed_yet_is_found_unless_it_is_dropped<
    E: Application,
>(
    database: Database<E>,
) {
    // R-LG-04
    let (it, _) = log(&database).await;
    let [edited, forged, dropped] =
        [write(&it, None).await, write(&it, None).await, write(&it, None).await];
    let [first, second, third] = [edited, forged, dropped].map(|id| bytes::<E>(id.as_bytes()));
    for deed in [
        format!("UPDATE durward_audit_entries SET details = '[]' WHERE id = {first}"),
        format!("UPDATE durward_audit_entries SET mac_key = 9 WHERE id = {second}"),
        format!("DELETE FROM durward_audit_entries WHERE id = {third}"),
    ] {
        tamper(&database, &deed).await;
    }
    let altered = AuditFlaw::Altered { entry: edited };
    let unknown = AuditFlaw::UnknownKey { entry: forged, key: 9 };
    assert_eq!(flaws(&it, &[]).await, [altered, unknown]);
    // Sealing does not launder anything.
    let pass = it.accounts().seal_audit(100).await.unwrap();
    assert_eq!((pass.sealed, pass.altered, pass.left), (1, 1, 1));
    assert_eq!(flaws(&it, &[]).await, [altered, unknown]);
}

async fn a_log_that_was_put_back_is_found_by_what_was_noted<E: Application>(database: Database<E>) {
    // R-LG-04
    let (it, _) = log(&database).await;
    let tables = ["audit_entries", "audit_seals", "audit_heads"];
    for table in tables {
        tamper(&database, &format!("CREATE TABLE spare_{table} AS SELECT * FROM durward_{table}"))
            .await;
    }
    write(&it, None).await;
    it.accounts().seal_audit(100).await.unwrap();
    let mut ends = Vec::new();
    let mut tell = |finding| {
        if let AuditFinding::End(end) = finding {
            ends.push(end);
        }
    };
    it.accounts().verify_audit(&[], &mut tell).await.unwrap();
    assert_eq!(ends.len(), 2);
    for table in tables {
        tamper(&database, &format!("DELETE FROM durward_{table}")).await;
        tamper(&database, &format!("INSERT INTO durward_{table} SELECT * FROM spare_{table}"))
            .await;
    }
    assert_eq!(flaws(&it, &[]).await, [], "the head was genuine once");
    let rewound = AuditFlaw::Rewound { organization: None, seal: ends[0].seal };
    assert_eq!(flaws(&it, &ends).await, [rewound]);
    for table in tables {
        tamper(&database, &format!("DELETE FROM durward_{table}")).await;
    }
    let gone = [None, Some(TENANT)].map(|organization| AuditFlaw::HeadDropped { organization });
    assert_eq!(flaws(&it, &ends).await, gone);
}

async fn an_erased_address_leaves_the_log_whole<E: Application>(database: Database<E>) {
    // R-LG-02, R-LG-04
    let (it, _) = log(&database).await;
    let user = durward_core::UserId::from_bytes([1; 16]);
    let mut tx = it.accounts().begin().await.unwrap();
    assert_eq!(tx.erase_audit_addresses(user).await.unwrap(), 8);
    tx.commit().await.unwrap();
    let mut read = database.store.read().await.unwrap();
    let rows = read.audit_rows(None, 100).await.unwrap();
    assert!(rows.iter().all(|row| row.entry.ip.is_none() && row.ip_salt.is_none()));
    let report = it.accounts().verify_audit(&[], &mut |_| {}).await.unwrap();
    assert_eq!((report.entries, report.erased, report.flaws), (9, 8, 0));
    assert_eq!((report.seals, report.chains, report.unsealed), (5, 2, 0));
}

async fn any_number_of_nodes_seal_at_once<E: Application>(database: Database<E>) {
    // R-LG-04, P6
    let it = TestAccounts::on(database.store.clone());
    for n in 0..60_u8 {
        write(&it, (n % 2 == 0).then_some(TENANT)).await;
    }
    let nodes = [(); 4].map(|()| {
        let accounts = it.accounts().clone();
        tokio::spawn(async move { accounts.seal_audit(1_000).await })
    });
    let mut sealed = 0;
    for node in nodes {
        sealed += node.await.unwrap().unwrap().sealed;
    }
    sealed += it.accounts().seal_audit(1_000).await.unwrap().sealed;
    assert_eq!(sealed, 61);
    let report = it.accounts().verify_audit(&[], &mut |_| {}).await.unwrap();
    assert_eq!((report.entries, report.unsealed, report.flaws), (61, 0, 0));
}
