//! Promises about second factors.

use durward_core::entity::Totp;
use durward_core::ids::TotpId;
use durward_core::keys::Sealed;
use durward_core::store::{Factors, FactorsMut, Tx};
use durward_core::{Digest, Store, StoreError, UserId};

use crate::race::{accepted, race, winners};
use crate::sample::{at, digest, totp, user_id};
use crate::{Suite, given};

/// Every field of an enrolment comes back as it was, before and after it is proven.
pub async fn an_enrolment_comes_back_as_it_was_stored<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let stored = Totp { secret: Sealed::from_bytes((0..=255).collect()), ..totp(1, ada.id) };
    let mut tx = store.begin().await.unwrap();
    tx.insert_totp(&stored).await.unwrap();
    assert_eq!(tx.totp_enrolment(&stored.handle).await.unwrap().as_ref(), Some(&stored));
    assert_eq!(tx.totp(ada.id).await.unwrap(), None);
    assert!(tx.confirm_totp(stored.id, 77, at(9)).await.unwrap());
    assert!(!tx.confirm_totp(stored.id, 78, at(10)).await.unwrap());
    tx.commit().await.unwrap();
    let enrolled = Totp { last_step: 77, confirmed: Some(at(9)), ..stored };
    assert_eq!(enrolled_of(store, ada.id).await.as_ref(), Some(&enrolled));
    assert_eq!(enrolment(store, &enrolled.handle).await, None);
    assert_eq!(enrolled_of(store, user_id(9)).await, None);
}

/// A new enrolment makes earlier ones of the user forgotten, and leaves what is enrolled and what others do.
pub async fn a_new_enrolment_replaces_earlier_ones<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    given::totps(store, &[&totp(1, ada.id), &totp(2, eve.id), &totp(3, ada.id)]).await;
    assert_eq!(enrolment(store, &totp(1, ada.id).handle).await, None);
    assert_eq!(enrolment(store, &totp(3, ada.id).handle).await, Some(totp(3, ada.id)));
    assert_eq!(enrolment(store, &totp(2, eve.id).handle).await, Some(totp(2, eve.id)));
    confirm(store, 3, 5).await;
    given::totps(store, &[&totp(4, ada.id)]).await;
    assert_eq!(enrolled_of(store, ada.id).await.unwrap().id, totp(3, ada.id).id);
}

/// A user has one authenticator app; a second one is a duplicate when it is proven.
pub async fn a_user_has_one_authenticator_app<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::totps(store, &[&totp(1, ada.id)]).await;
    confirm(store, 1, 5).await;
    given::totps(store, &[&totp(2, ada.id)]).await;
    let mut tx = store.begin().await.unwrap();
    let refused = tx.confirm_totp(totp(2, ada.id).id, 6, at(9)).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
}

/// Of concurrent proofs of one enrolment one counts.
pub async fn of_concurrent_proofs_of_an_enrolment_one_counts<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::totps(store, &[&totp(1, ada.id)]).await;
    let answers = race(store, 8, |_, tx| {
        Box::pin(async move { tx.confirm_totp(totp(1, user_id(1)).id, 5, at(9)).await })
    })
    .await;
    assert_eq!(accepted(&answers), answers.len());
    assert_eq!(winners(answers), 1);
}

/// A time step is spent once, and none before it afterwards; not before the enrolment is proven (R-OT-01).
pub async fn a_time_step_is_spent_once<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    given::totps(store, &[&totp(1, ada.id), &totp(2, eve.id)]).await;
    let mine = totp(1, ada.id).id;
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.spend_totp_step(mine, 100).await.unwrap());
    tx.commit().await.unwrap();
    confirm(store, 1, 5).await;
    confirm(store, 2, 5).await;
    let mut tx = store.begin().await.unwrap();
    for (step, spent) in [(5, false), (6, true), (6, false), (5, false), (9, true), (8, false)] {
        assert_eq!(tx.spend_totp_step(mine, step).await.unwrap(), spent, "{step}");
    }
    assert!(!tx.spend_totp_step(totp(7, ada.id).id, 100).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(enrolled_of(store, ada.id).await.unwrap().last_step, 9);
    assert_eq!(enrolled_of(store, eve.id).await.unwrap().last_step, 5);
}

/// Of concurrent uses of one time step one counts (R-OT-01).
pub async fn of_concurrent_uses_of_a_time_step_one_counts<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::totps(store, &[&totp(1, ada.id)]).await;
    confirm(store, 1, 5).await;
    let answers = race(store, 8, |_, tx| {
        Box::pin(async move { tx.spend_totp_step(totp(1, user_id(1)).id, 6).await })
    });
    assert_eq!(winners(answers.await), 1);
}

/// An app is deleted with all enrolments of its user, and nobody else's.
pub async fn an_authenticator_app_is_deleted<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    given::totps(store, &[&totp(1, ada.id), &totp(2, eve.id)]).await;
    confirm(store, 1, 5).await;
    confirm(store, 2, 5).await;
    given::totps(store, &[&totp(3, ada.id)]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.delete_totp(ada.id).await.unwrap());
    assert!(!tx.delete_totp(ada.id).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(enrolled_of(store, ada.id).await, None);
    assert_eq!(enrolment(store, &totp(3, ada.id).handle).await, None);
    assert!(enrolled_of(store, eve.id).await.is_some());
}

/// A recovery code is spent once, by its own user (R-RC-01).
pub async fn a_recovery_code_is_spent_once<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let codes = [1, 2, 3].map(|n| digest(0xc0, n));
    let mut tx = store.begin().await.unwrap();
    tx.replace_recovery_codes(ada.id, &codes, at(7)).await.unwrap();
    tx.replace_recovery_codes(eve.id, &codes[..1], at(7)).await.unwrap();
    assert_eq!(tx.count_recovery_codes(ada.id).await.unwrap(), 3);
    assert!(!tx.spend_recovery_code(eve.id, &codes[1]).await.unwrap());
    assert!(tx.spend_recovery_code(ada.id, &codes[0]).await.unwrap());
    assert!(!tx.spend_recovery_code(ada.id, &codes[0]).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(left(store, ada.id).await, 2);
    assert_eq!(left(store, eve.id).await, 1);
}

/// A new set of recovery codes kills the old one, of its user only.
pub async fn new_recovery_codes_replace_the_old_ones<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let [old, new] = [1, 2].map(|n| digest(0xc0, n));
    let mut tx = store.begin().await.unwrap();
    tx.replace_recovery_codes(ada.id, &[old], at(7)).await.unwrap();
    tx.replace_recovery_codes(eve.id, &[old], at(7)).await.unwrap();
    tx.replace_recovery_codes(ada.id, &[new, digest(0xc0, 3)], at(7)).await.unwrap();
    assert!(!tx.spend_recovery_code(ada.id, &old).await.unwrap());
    assert!(tx.spend_recovery_code(ada.id, &new).await.unwrap());
    tx.replace_recovery_codes(ada.id, &[], at(7)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(left(store, ada.id).await, 0);
    assert_eq!(left(store, eve.id).await, 1);
}

/// Of concurrent uses of one recovery code one counts (R-RC-01).
pub async fn of_concurrent_uses_of_a_recovery_code_one_counts<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let mut tx = store.begin().await.unwrap();
    tx.replace_recovery_codes(ada.id, &[digest(0xc0, 1), digest(0xc0, 2)], at(7)).await.unwrap();
    tx.commit().await.unwrap();
    let answers = race(store, 8, |_, tx| {
        Box::pin(async move { tx.spend_recovery_code(user_id(1), &digest(0xc0, 1)).await })
    });
    assert_eq!(winners(answers.await), 1);
    assert_eq!(left(store, ada.id).await, 1);
}

/// An app is doubted if it was proven at that moment or later, once, and nobody else's; an enrolment is not (R-RC-04).
pub async fn an_app_that_was_proven_late_is_doubted_once<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    given::totps(store, &[&totp(1, ada.id), &totp(2, eve.id)]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.doubt_totp(ada.id, at(0), at(20)).await.unwrap(), "it is none yet");
    tx.commit().await.unwrap();
    confirm(store, 1, 5).await;
    confirm(store, 2, 5).await;
    given::totps(store, &[&totp(3, ada.id)]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.doubt_totp(ada.id, at(10), at(20)).await.unwrap(), "it was proven before");
    assert!(tx.doubt_totp(ada.id, at(9), at(21)).await.unwrap());
    assert!(!tx.doubt_totp(ada.id, at(0), at(22)).await.unwrap(), "the first doubt stands");
    assert!(!tx.doubt_totp(user_id(9), at(0), at(22)).await.unwrap());
    tx.commit().await.unwrap();
    let doubted = Totp { last_step: 5, confirmed: Some(at(9)), ..totp(1, ada.id) };
    let doubted = Totp { doubted: Some(at(21)), ..doubted };
    assert_eq!(enrolled_of(store, ada.id).await, Some(doubted));
    assert_eq!(enrolled_of(store, eve.id).await.unwrap().doubted, None);
    assert_eq!(enrolment(store, &totp(3, ada.id).handle).await, Some(totp(3, ada.id)));
}

/// A doubt is taken back once, about this app only, and then there may be another one (R-RC-04).
pub async fn a_doubt_is_taken_back<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    given::totps(store, &[&totp(1, ada.id), &totp(2, eve.id)]).await;
    confirm(store, 1, 5).await;
    confirm(store, 2, 5).await;
    let mine = totp(1, ada.id).id;
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.trust_totp(mine).await.unwrap());
    for user in [ada.id, eve.id] {
        assert!(tx.doubt_totp(user, at(0), at(20)).await.unwrap());
    }
    assert!(tx.trust_totp(mine).await.unwrap());
    assert!(!tx.trust_totp(mine).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(enrolled_of(store, ada.id).await.unwrap().doubted, None);
    assert_eq!(enrolled_of(store, eve.id).await.unwrap().doubted, Some(at(20)));
    let mut tx = store.begin().await.unwrap();
    assert!(tx.doubt_totp(ada.id, at(0), at(30)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(enrolled_of(store, ada.id).await.unwrap().doubted, Some(at(30)));
}

/// Recovery codes that were made at a moment or later are deleted, of one user only, and counted (R-RC-04).
pub async fn late_recovery_codes_are_deleted<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let codes = [1, 2, 3].map(|n| digest(0xc0, n));
    let mut tx = store.begin().await.unwrap();
    tx.replace_recovery_codes(ada.id, &codes, at(50)).await.unwrap();
    tx.replace_recovery_codes(ada.id, &codes, at(7)).await.unwrap();
    tx.replace_recovery_codes(eve.id, &codes, at(7)).await.unwrap();
    assert_eq!(tx.delete_recovery_codes(ada.id, at(8)).await.unwrap(), 0);
    assert!(tx.spend_recovery_code(ada.id, &codes[0]).await.unwrap());
    assert_eq!(tx.delete_recovery_codes(ada.id, at(7)).await.unwrap(), 2);
    assert_eq!(tx.delete_recovery_codes(ada.id, at(7)).await.unwrap(), 0);
    tx.commit().await.unwrap();
    assert_eq!((left(store, ada.id).await, left(store, eve.id).await), (0, 3));
}

async fn confirm<S: Store<Attrs = Suite>>(store: &S, n: u8, step: u64) {
    let mut tx = store.begin().await.unwrap();
    assert!(tx.confirm_totp(TotpId::from_bytes([n; 16]), step, at(9)).await.unwrap());
    tx.commit().await.unwrap();
}

async fn enrolled_of<S: Store<Attrs = Suite>>(store: &S, user: UserId) -> Option<Totp> {
    store.read().await.unwrap().totp(user).await.unwrap()
}

async fn enrolment<S: Store<Attrs = Suite>>(store: &S, handle: &Digest) -> Option<Totp> {
    store.read().await.unwrap().totp_enrolment(handle).await.unwrap()
}

async fn left<S: Store<Attrs = Suite>>(store: &S, user: UserId) -> u64 {
    store.read().await.unwrap().count_recovery_codes(user).await.unwrap()
}
