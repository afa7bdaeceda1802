//! Promises about the chains of the audit log (R-LG-04).

use durward_core::entity::{AuditEntry, AuditHead, AuditRow, AuditSeal};
use durward_core::ids::AuditId;
use durward_core::store::{Audit, AuditMut, Tx};
use durward_core::{Store, StoreError};

use crate::race::{race, winners};
use crate::sample::{audit, digest, fingerprint, head, organization_id, row, seal};
use crate::{Suite, given, seen};

/// Rows that no seal lists are told by tenant, those of the deployment first, and then by id; behind the
/// one that is named, and no more than were asked for.
pub async fn what_is_not_sealed_is_told_by_tenant<S: Store<Attrs = Suite>>(store: &S) {
    let of = |tenant, n| AuditEntry { organization: Some(organization_id(tenant)), ..audit(n) };
    let order = [audit(3), audit(6), of(1, 2), of(1, 5), of(2, 1), of(2, 4)];
    let mut by_id = order.clone();
    by_id.sort_by_key(|entry| entry.id);
    given::audit(store, &by_id.iter().collect::<Vec<_>>()).await;
    given::audit(store, &[&audit(7), &of(1, 8)]).await;
    given::seals(store, &[&seal(None, 1, &[7]), &seal(Some(1), 1, &[8])]).await;
    let read = async |after, limit| {
        let rows = store.read().await.unwrap().unsealed_audit(after, limit).await.unwrap();
        assert!(rows.iter().all(|it| *it == row(&it.entry)));
        rows.into_iter().map(|row| row.entry).collect::<Vec<_>>()
    };
    assert_eq!(read(None, 100).await, order);
    for (n, entry) in order.iter().enumerate() {
        assert_eq!(read(Some(entry), 100).await, order[n + 1..], "{n}");
    }
    assert_eq!(read(Some(&order[1]), 2).await, order[2..4]);
    assert_eq!(read(None, 3).await, order[..3]);
}

/// A seal comes back as it was written, with any number of members.
pub async fn a_seal_comes_back_as_it_was_written<S: Store<Attrs = Suite>>(store: &S) {
    let many: Vec<u8> = (1..=200).collect();
    let seals = [
        seal(None, 1, &[]),
        seal(None, 2, &[1]),
        AuditSeal { previous: fingerprint(0), hash: fingerprint(0xff), ..seal(None, 3, &many) },
        seal(None, u32::MAX, &[2, 3]),
    ];
    given::seals(store, &seals.iter().collect::<Vec<_>>()).await;
    let mut read = store.read().await.unwrap();
    assert_eq!(read.audit_seals(None, 0, 10).await.unwrap(), seals);
}

/// Every member of a seal names it afterwards, and is counted; nothing else changes.
pub async fn members_of_a_seal_name_it_and_nothing_else_does<S: Store<Attrs = Suite>>(store: &S) {
    let entries: Vec<AuditEntry> = (1..=100).map(audit).collect();
    given::audit(store, &entries.iter().collect::<Vec<_>>()).await;
    let sealed: Vec<u8> = (2..=99).collect();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.insert_audit_seal(&seal(None, 7, &sealed)).await.unwrap(), 98);
    assert_eq!(tx.insert_audit_seal(&seal(None, 8, &[100])).await.unwrap(), 1);
    assert_eq!(tx.insert_audit_seal(&seal(None, 9, &[150])).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let expected = entries.iter().zip(1..).map(|(entry, n): (_, u8)| {
        let seal = match n {
            1 => None,
            100 => Some(8),
            _ => Some(7),
        };
        AuditRow { seal, ..row(entry) }
    });
    let expected: Vec<AuditRow> = expected.collect();
    assert_eq!(seen::audit_rows(store).await, expected);
}

/// A member that names a seal already keeps it, and is not counted.
pub async fn a_member_keeps_its_first_seal<S: Store<Attrs = Suite>>(store: &S) {
    given::audit(store, &[&audit(1), &audit(2)]).await;
    given::seals(store, &[&seal(None, 1, &[1])]).await;
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.insert_audit_seal(&seal(None, 2, &[1, 2])).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let seals: Vec<_> = seen::audit_rows(store).await.iter().map(|row| row.seal).collect();
    assert_eq!(seals, [Some(1), Some(2)]);
}

/// A number of a chain is taken once; other chains have the same numbers.
pub async fn a_place_in_a_chain_is_taken_once<S: Store<Attrs = Suite>>(store: &S) {
    given::seals(store, &[&seal(None, 1, &[]), &seal(Some(1), 1, &[])]).await;
    for taken in [seal(None, 1, &[2]), seal(Some(1), 1, &[2])] {
        let mut tx = store.begin().await.unwrap();
        let again = tx.insert_audit_seal(&taken).await;
        assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
    }
    given::seals(store, &[&seal(Some(2), 1, &[])]).await;
}

/// Rows that name a seal are told by tenant and seal, in the order of their ids.
pub async fn sealed_rows_are_told_by_tenant_and_seal<S: Store<Attrs = Suite>>(store: &S) {
    let of = |tenant, n| AuditEntry { organization: Some(organization_id(tenant)), ..audit(n) };
    let entries = [audit(2), audit(1), audit(3), audit(4), of(1, 5), of(2, 6)];
    given::audit(store, &entries.iter().collect::<Vec<_>>()).await;
    let seals = [seal(None, 1, &[1, 2]), seal(None, 2, &[3]), seal(Some(1), 1, &[5])];
    given::seals(store, &seals.iter().collect::<Vec<_>>()).await;
    let read = async |tenant: Option<u8>, number| {
        let tenant = tenant.map(organization_id);
        let rows = store.read().await.unwrap().sealed_audit(tenant, number).await.unwrap();
        assert!(rows.iter().all(|it| *it == AuditRow { seal: Some(number), ..row(&it.entry) }));
        rows.into_iter().map(|row| row.entry.id).collect::<Vec<AuditId>>()
    };
    assert_eq!(read(None, 1).await, [audit(1).id, audit(2).id]);
    assert_eq!(read(None, 2).await, [audit(3).id]);
    assert_eq!(read(Some(1), 1).await, [audit(5).id]);
    assert_eq!(read(Some(1), 2).await, []);
    assert_eq!(read(Some(2), 1).await, []);
}

/// Seals are told by tenant in the order of their numbers, above the one that is named, and no more than
/// were asked for.
pub async fn seals_are_told_by_tenant_in_their_order<S: Store<Attrs = Suite>>(store: &S) {
    let seals = [10, 2, 1].map(|number| seal(None, number, &[]));
    given::seals(store, &seals.iter().chain([&seal(Some(1), 3, &[])]).collect::<Vec<_>>()).await;
    let read = async |tenant: Option<u8>, after, limit| {
        let tenant = tenant.map(organization_id);
        let seals = store.read().await.unwrap().audit_seals(tenant, after, limit).await.unwrap();
        seals.into_iter().map(|seal| seal.number).collect::<Vec<u32>>()
    };
    assert_eq!(read(None, 0, 10).await, [1, 2, 10]);
    assert_eq!(read(None, 0, 2).await, [1, 2]);
    assert_eq!(read(None, 1, 10).await, [2, 10]);
    assert!(read(None, 10, 10).await.is_empty());
    assert_eq!(read(Some(1), 0, 10).await, [3]);
    assert!(read(Some(2), 0, 10).await.is_empty());
}

/// A head comes back as it was written.
pub async fn a_head_comes_back_as_it_was_written<S: Store<Attrs = Suite>>(store: &S) {
    assert_eq!(seen::audit_head(store, None).await, None);
    given::heads(store, &[&head(None, u32::MAX), &head(Some(1), 1)]).await;
    assert_eq!(seen::audit_head(store, None).await, Some(head(None, u32::MAX)));
    assert_eq!(seen::audit_head(store, Some(organization_id(1))).await, Some(head(Some(1), 1)));
}

/// A head is replaced as a whole if it has as many seals as the caller has seen, and else not at all.
pub async fn a_head_advances_from_where_it_is<S: Store<Attrs = Suite>>(store: &S) {
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.advance_audit_head(&head(None, 2), 1).await.unwrap(), "there is none yet");
    assert!(tx.advance_audit_head(&head(None, 1), 0).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let again = tx.advance_audit_head(&head(None, 1), 0).await;
    assert!(matches!(again, Ok(false) | Err(StoreError::Duplicate(_))), "{again:?}");
    drop(tx);
    let next = AuditHead {
        entries: 7,
        hash: fingerprint(4),
        mac: durward_core::keys::Mac { key: 2, digest: digest(0x77, 2) },
        ..head(None, 2)
    };
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.advance_audit_head(&next, 2).await.unwrap());
    assert!(tx.advance_audit_head(&next, 1).await.unwrap());
    assert!(!tx.advance_audit_head(&head(None, 9), 1).await.unwrap());
    // The same number of seals under another key.
    assert!(tx.advance_audit_head(&next, 2).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::audit_head(store, None).await, Some(next));
}

/// Each tenant has a head of its own; those of organizations are told in the order of their ids.
pub async fn heads_of_tenants_do_not_collide<S: Store<Attrs = Suite>>(store: &S) {
    let heads = [head(Some(3), 1), head(None, 1), head(Some(1), 1), head(Some(2), 1)];
    given::heads(store, &heads.iter().collect::<Vec<_>>()).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.advance_audit_head(&head(Some(2), 5), 1).await.unwrap());
    tx.commit().await.unwrap();
    let read = async |after: Option<u8>, limit| {
        let after = after.map(organization_id);
        store.read().await.unwrap().audit_heads(after, limit).await.unwrap()
    };
    let order = [head(Some(1), 1), head(Some(2), 5), head(Some(3), 1)];
    assert_eq!(read(None, 10).await, order);
    assert_eq!(read(None, 2).await, order[..2]);
    assert_eq!(read(Some(1), 10).await, order[1..]);
    assert_eq!(read(Some(3), 10).await, []);
    assert_eq!(seen::audit_head(store, None).await, Some(head(None, 1)));
}

/// Of any number of concurrent advances from one place one happens.
pub async fn of_concurrent_advances_one_happens<S: Store<Attrs = Suite>>(store: &S) {
    given::heads(store, &[&head(None, 1)]).await;
    let answers = race(store, 8, |racer, tx| {
        let next = head(None, 2 + u32::from(racer));
        Box::pin(async move { tx.advance_audit_head(&next, 1).await })
    });
    assert_eq!(winners(answers.await), 1);
    assert!(seen::audit_head(store, None).await.unwrap().seals > 1);
}

/// Of any number of concurrent first heads of a chain one is stored.
pub async fn of_concurrent_first_heads_one_is_stored<S: Store<Attrs = Suite>>(store: &S) {
    let answers = race(store, 8, |racer, tx| {
        let first = head(None, 1 + u32::from(racer));
        Box::pin(async move { tx.advance_audit_head(&first, 0).await })
    });
    let answers = answers.await.into_iter().map(|answer| match answer {
        Err(StoreError::Duplicate(_)) => Ok(false),
        answer => answer,
    });
    assert_eq!(winners(answers.collect()), 1);
    assert!(seen::audit_head(store, None).await.is_some());
}
