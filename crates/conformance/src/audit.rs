//! Promises about the entries of the audit log.

use durward_core::Store;
use durward_core::entity::{AuditEntry, AuditRow, Fingerprint};
use durward_core::keys::Mac;
use durward_core::store::{Audit, AuditMut, AuditQuery, Tx};

use crate::sample::{TRICKY, at, audit, client_id, digest, organization_id, row, user_id};
use crate::{Suite, given, seen};

/// Every field of a row comes back: absent, empty and present ones, and any text.
pub async fn an_entry_comes_back_as_it_was_written<S: Store<Attrs = Suite>>(store: &S) {
    let text = |text: &str| Some(text.to_owned());
    let longest = "x".repeat(64);
    let variants = [
        audit(1),
        AuditEntry { actor: Some(user_id(1)), client: Some(client_id(9)), ..audit(2) },
        AuditEntry {
            actor: Some(user_id(2)),
            ip: text("192.0.2.1"),
            request: text("r-1"),
            ..audit(3)
        },
        AuditEntry { ip: text("2001:1db8:1111:2222:3333:4444:5555:6666"), ..audit(4) },
        AuditEntry { ip: text(""), request: text(""), details: String::new(), ..audit(5) },
        AuditEntry { request: text(&longest), event: longest.clone(), ..audit(6) },
        AuditEntry { details: format!("{{\"text\": \"{TRICKY}\" }} "), ..audit(7) },
        AuditEntry { details: "🦊".repeat(20_000), ..audit(8) },
        AuditEntry {
            organization: Some(organization_id(4)),
            subject: Some(user_id(1)),
            ..audit(9)
        },
    ];
    let rows = variants.iter().map(row).chain([
        AuditRow { mac: Mac { key: u32::MAX, digest: digest(0, 0) }, ..row(&audit(10)) },
        AuditRow { ip_fingerprint: Some(Fingerprint::NONE), ..row(&audit(11)) },
        AuditRow { ip_salt: Some([0xff; 16]), ..row(&audit(12)) },
        AuditRow { seal: Some(u32::MAX), ..row(&audit(13)) },
    ]);
    let mut written = Vec::new();
    for row in rows {
        let mut tx = store.begin().await.unwrap();
        tx.insert_audit(&row).await.unwrap();
        written.push(row);
        assert_eq!(tx.audit_rows(None, 100).await.unwrap(), written);
        tx.commit().await.unwrap();
        assert_eq!(seen::audit_rows(store).await, written);
    }
    let entries: Vec<AuditEntry> = written.into_iter().rev().map(|row| row.entry).collect();
    assert_eq!(seen::audit(store, &all()).await, entries);
}

/// An entry of a unit of work that is undone was never written (R-LG-01).
pub async fn an_entry_is_undone_with_its_unit<S: Store<Attrs = Suite>>(store: &S) {
    let mut tx = store.begin().await.unwrap();
    tx.insert_audit(&row(&audit(1))).await.unwrap();
    drop(tx);
    assert_eq!(seen::audit(store, &all()).await, []);
}

/// Entries are told in the order of their ids, the greatest first, and no more than were asked for.
pub async fn entries_are_told_from_the_newest_on<S: Store<Attrs = Suite>>(store: &S) {
    // Ids decide, whatever the time and the order in which they were written.
    let [first, second, third] =
        [(1, 30), (2, 20), (3, 10)].map(|(n, moment)| AuditEntry { at: at(moment), ..audit(n) });
    given::audit(store, &[&second, &third, &first]).await;
    let told = [third, second, first];
    assert_eq!(seen::audit(store, &all()).await, told);
    for limit in [0, 1, 2] {
        let query = AuditQuery { limit, ..all() };
        assert_eq!(seen::audit(store, &query).await, told[..limit as usize]);
    }
}

/// Only entries are told that fit everything that is asked: subject, actor, client, tenant and event.
pub async fn only_entries_that_fit_are_told<S: Store<Attrs = Suite>>(store: &S) {
    let mut entries = Vec::new();
    let choices = |n: u8, bit: u8| if n >> bit & 1 == 0 { 1 } else { 2 };
    for n in 0..32 {
        entries.push(AuditEntry {
            subject: Some(user_id(choices(n, 0))),
            actor: Some(user_id(choices(n, 1))),
            organization: Some(organization_id(choices(n, 2))),
            event: format!("event.{}", choices(n, 3)),
            client: Some(client_id(choices(n, 4))),
            ..audit(n + 1)
        });
    }
    // What is absent fits nothing that is asked.
    entries.push(audit(40));
    given::audit(store, &entries.iter().collect::<Vec<_>>()).await;
    for asked in 0..32_u8 {
        let is_asked = |bit: u8| asked >> bit & 1 == 1;
        let query = AuditQuery {
            subject: is_asked(0).then_some(user_id(1)),
            actor: is_asked(1).then_some(user_id(1)),
            organization: is_asked(2).then_some(organization_id(1)),
            event: is_asked(3).then(|| "event.1".to_owned()),
            client: is_asked(4).then_some(client_id(1)),
            ..all()
        };
        let fits = |it: &&AuditEntry| {
            let AuditQuery { subject, actor, client, organization, event, .. } = &query;
            (subject.is_none() || it.subject == *subject)
                && (actor.is_none() || it.actor == *actor)
                && (client.is_none() || it.client == *client)
                && (organization.is_none() || it.organization == *organization)
                && event.as_ref().is_none_or(|event| it.event == *event)
        };
        let expected: Vec<AuditEntry> = entries.iter().rev().filter(fits).cloned().collect();
        assert_eq!(seen::audit(store, &query).await, expected, "{query:?}");
    }
    let unknown = AuditQuery { subject: Some(user_id(9)), ..all() };
    assert_eq!(seen::audit(store, &unknown).await, []);
}

/// `from` includes its id and `before` does not, so that pages meet; also with every other question.
pub async fn pages_of_entries_meet_without_a_gap<S: Store<Attrs = Suite>>(store: &S) {
    let (ada, client, tenant) = (Some(user_id(1)), Some(client_id(1)), Some(organization_id(1)));
    let entry =
        |n| AuditEntry { subject: ada, actor: ada, client, organization: tenant, ..audit(n) };
    let entries: Vec<AuditEntry> = (1..=5).map(entry).collect();
    given::audit(store, &entries.iter().collect::<Vec<_>>()).await;
    let questions = [
        all(),
        AuditQuery { subject: ada, ..all() },
        AuditQuery { actor: ada, ..all() },
        AuditQuery { client, ..all() },
        AuditQuery { organization: tenant, ..all() },
    ];
    for question in questions {
        let query = AuditQuery { before: Some(entries[3].id), limit: 2, ..question.clone() };
        let page = seen::audit(store, &query).await;
        assert_eq!(page, [entries[2].clone(), entries[1].clone()], "{query:?}");
        let query = AuditQuery { before: Some(page[1].id), ..query };
        assert_eq!(seen::audit(store, &query).await, entries[..1], "{query:?}");
        let query = AuditQuery { from: Some(entries[4].id), ..question.clone() };
        assert_eq!(seen::audit(store, &query).await, entries[4..], "{query:?}");
        let query =
            AuditQuery { from: Some(entries[1].id), before: Some(entries[2].id), ..question };
        assert_eq!(seen::audit(store, &query).await, entries[1..2], "{query:?}");
    }
}

/// Rows are told in the order of their ids, behind the one that is named, and no more than were asked for.
pub async fn rows_are_told_from_the_first_on<S: Store<Attrs = Suite>>(store: &S) {
    let tenant = Some(organization_id(1));
    let entries = [audit(2), AuditEntry { organization: tenant, ..audit(3) }, audit(1)];
    given::audit(store, &entries.iter().collect::<Vec<_>>()).await;
    given::seals(store, &[&crate::sample::seal(None, 1, &[2])]).await;
    let read = async |after, limit| {
        let rows = store.read().await.unwrap().audit_rows(after, limit).await.unwrap();
        rows.into_iter().map(|row| row.entry.id).collect::<Vec<_>>()
    };
    let [first, second, third] = [1, 2, 3].map(|n| audit(n).id);
    assert_eq!(read(None, 10).await, [first, second, third]);
    assert_eq!(read(None, 2).await, [first, second]);
    assert_eq!(read(Some(first), 10).await, [second, third]);
    assert_eq!(read(Some(first), 1).await, [second]);
    assert_eq!(read(Some(third), 10).await, []);
}

/// The addresses of entries about a user, and of those that he caused, are erased with what hides them;
/// nothing else of them changes, and nothing of others.
pub async fn addresses_of_a_user_are_erased_and_nothing_else<S: Store<Attrs = Suite>>(store: &S) {
    let (ada, eve) = (Some(user_id(1)), Some(user_id(2)));
    let entry = |n, subject, actor| {
        let ip = Some("192.0.2.1".to_owned());
        AuditEntry { subject, actor, ip, organization: Some(organization_id(1)), ..audit(n) }
    };
    let entries = [
        entry(1, ada, ada),
        entry(2, ada, eve),
        entry(3, eve, ada),
        entry(4, ada, None),
        AuditEntry { ip: None, ..entry(5, ada, ada) },
        entry(6, eve, eve),
        entry(7, None, None),
    ];
    given::audit(store, &entries.iter().collect::<Vec<_>>()).await;
    let before = seen::audit_rows(store).await;
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.erase_audit_addresses(user_id(1)).await.unwrap(), 4);
    assert_eq!(tx.erase_audit_addresses(user_id(1)).await.unwrap(), 0);
    assert_eq!(tx.erase_audit_addresses(user_id(9)).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let erased = before.iter().map(|row| {
        let concerns = row.entry.subject == ada || row.entry.actor == ada;
        let ip = row.entry.ip.clone().filter(|_| !concerns);
        let ip_salt = row.ip_salt.filter(|_| !concerns);
        AuditRow { entry: AuditEntry { ip, ..row.entry.clone() }, ip_salt, ..row.clone() }
    });
    assert_eq!(seen::audit_rows(store).await, erased.collect::<Vec<_>>());
}

/// Everything, as far as the suite goes.
fn all() -> AuditQuery {
    AuditQuery { limit: 100, ..AuditQuery::default() }
}
