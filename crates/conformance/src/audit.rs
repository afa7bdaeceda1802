//! Promises about the audit log.

use durward_core::Store;
use durward_core::entity::AuditEntry;
use durward_core::store::{Audit, AuditMut, Tx};

use crate::sample::{TRICKY, at, audit, client_id, user_id};
use crate::{Suite, given, seen};

/// Every field of an entry comes back: absent, empty and present ones, and any text.
pub async fn an_entry_comes_back_as_it_was_written<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let text = |text: &str| Some(text.to_owned());
    let longest = "x".repeat(64);
    let variants = [
        audit(1),
        AuditEntry { actor: Some(ada.id), client: Some(client_id(9)), ..audit(2) },
        AuditEntry { actor: Some(eve.id), ip: text("192.0.2.1"), request: text("r-1"), ..audit(3) },
        AuditEntry { ip: text("2001:1db8:1111:2222:3333:4444:5555:6666"), ..audit(4) },
        AuditEntry { ip: text(""), request: text(""), details: String::new(), ..audit(5) },
        AuditEntry { request: text(&longest), event: longest.clone(), ..audit(6) },
        AuditEntry { details: format!("{{\"text\": \"{TRICKY}\" }} "), ..audit(7) },
        AuditEntry { details: "🦊".repeat(20_000), ..audit(8) },
    ];
    for written in variants {
        let written = AuditEntry { subject: Some(ada.id), ..written };
        let mut tx = store.begin().await.unwrap();
        tx.insert_audit(&written).await.unwrap();
        let found = tx.audit_of(ada.id, 1).await.unwrap();
        assert_eq!(found.as_slice(), std::slice::from_ref(&written));
        tx.commit().await.unwrap();
        assert_eq!(seen::audit_of(store, ada.id, 1).await, [written]);
    }
}

/// The last entries about a user are told, the newest first and no more than were asked for.
pub async fn entries_are_told_from_the_newest_on<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let about = |n, moment| AuditEntry { subject: Some(ada.id), at: at(moment), ..audit(n) };
    let [oldest, middle, newest] = [about(2, 10), about(3, 20), about(1, 30)];
    given::audit(store, &[&oldest, &middle, &newest]).await;
    let found = seen::audit_of(store, ada.id, 10).await;
    assert_eq!(found, [newest.clone(), middle.clone(), oldest]);
    assert_eq!(seen::audit_of(store, ada.id, 2).await, [newest, middle]);
    assert_eq!(seen::audit_of(store, ada.id, 0).await, []);
}

/// Entries about others, about nobody, and those that a user merely caused are not told.
pub async fn only_entries_about_the_user_are_told<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let ours = AuditEntry { subject: Some(ada.id), actor: Some(eve.id), ..audit(1) };
    let theirs = AuditEntry { subject: Some(eve.id), actor: Some(ada.id), ..audit(2) };
    let nobody = AuditEntry { actor: Some(ada.id), ..audit(3) };
    given::audit(store, &[&ours, &theirs, &nobody]).await;
    assert_eq!(seen::audit_of(store, ada.id, 10).await, [ours]);
    assert_eq!(seen::audit_of(store, eve.id, 10).await, [theirs]);
    assert_eq!(seen::audit_of(store, user_id(3), 10).await, []);
}

/// An entry of a unit of work that is undone was never written (R-LG-01).
pub async fn an_entry_is_undone_with_its_unit<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let mut tx = store.begin().await.unwrap();
    tx.insert_audit(&AuditEntry { subject: Some(ada.id), ..audit(1) }).await.unwrap();
    drop(tx);
    assert_eq!(seen::audit_of(store, ada.id, 10).await, []);
}
