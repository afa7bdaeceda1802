//! Promises about which address of a user is the primary one, and about addresses that go.

use durward_core::Store;
use durward_core::entity::LoginEmail;
use durward_core::store::{LoginEmailsMut, Tx};

use crate::race::{race, winners};
use crate::sample::{address, claim, proven, user_id};
use crate::{Suite, given, seen};

/// Of a user's proven addresses the one that was promoted last is primary and no other; claims, addresses of
/// others, and all other fields stay as they are.
pub async fn the_address_that_was_promoted_last_is_primary<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let ours = [
        LoginEmail { primary: true, ..proven(1, ada.id, "a@example.com") },
        proven(2, ada.id, "b@example.com"),
        claim(3, ada.id, "c@example.com"),
    ];
    let theirs = LoginEmail { primary: true, ..proven(4, eve.id, "e@example.com") };
    let [first, second, unproven] = &ours;
    given::emails(store, &[first, second, unproven, &theirs]).await;
    let mut tx = store.begin().await.unwrap();
    for (refused, user) in [(unproven, ada.id), (second, eve.id), (&theirs, ada.id)] {
        assert!(!tx.promote_login_email(refused.id, user).await.unwrap());
    }
    assert!(!tx.promote_login_email(claim(9, ada.id, "").id, ada.id).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::emails_of(store, ada.id).await, ours);

    for (promoted, demoted) in [(second, first), (first, second), (first, second)] {
        let mut tx = store.begin().await.unwrap();
        assert!(tx.promote_login_email(promoted.id, ada.id).await.unwrap());
        tx.commit().await.unwrap();
        let primary = |email: &LoginEmail, primary| Some(LoginEmail { primary, ..email.clone() });
        assert_eq!(seen::email(store, promoted.id).await, primary(promoted, true));
        assert_eq!(seen::email(store, demoted.id).await, primary(demoted, false));
    }
    assert_eq!(seen::email(store, unproven.id).await.as_ref(), Some(unproven));
    assert_eq!(seen::email(store, theirs.id).await, Some(theirs));
}

/// However many addresses of a user are promoted at once, one is primary in the end (R-EM-07).
pub async fn of_concurrent_promotions_one_is_primary_in_the_end<S: Store<Attrs = Suite>>(
    store: &S,
) {
    let [ada] = given::users(store, [1]).await;
    for n in 0..4 {
        given::emails(store, &[&proven(n, ada.id, &format!("{n}@example.com"))]).await;
    }
    let answers = race(store, 8, |n, tx| {
        Box::pin(async move {
            let ours = proven(n % 4, user_id(1), "");
            tx.promote_login_email(ours.id, ours.user).await
        })
    });
    assert_eq!(winners(answers.await), 8);
    let primary = seen::emails_of(store, ada.id).await.into_iter().filter(|it| it.primary);
    assert_eq!(primary.count(), 1);
}

/// A claim is deleted for the user who made it and for nobody else, once, proven or not. No look-up finds it
/// afterwards, and its address may be proven by another.
pub async fn a_deleted_address_is_nowhere_and_free<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let gone = [proven(1, ada.id, "ada@example.com"), claim(2, ada.id, "x@example.com")];
    let kept = [
        proven(3, ada.id, "a@example.com"),
        claim(4, ada.id, "ada@example.com"),
        claim(5, eve.id, "ada@example.com"),
        claim(6, eve.id, "x@example.com"),
    ];
    for email in gone.iter().chain(&kept) {
        given::emails(store, &[email]).await;
    }
    let mut tx = store.begin().await.unwrap();
    for email in &gone {
        assert!(!tx.delete_login_email(email.id, eve.id).await.unwrap());
        assert!(tx.delete_login_email(email.id, ada.id).await.unwrap());
        assert!(!tx.delete_login_email(email.id, ada.id).await.unwrap());
    }
    assert!(!tx.delete_login_email(claim(9, ada.id, "").id, ada.id).await.unwrap());
    tx.commit().await.unwrap();
    for email in &gone {
        assert_eq!(seen::email(store, email.id).await, None);
        assert_eq!(seen::proven_email(store, email.address.canonical()).await, None);
        assert_eq!(seen::user_by_email(store, email.address.canonical()).await, None);
        assert_eq!(seen::lookalikes(store, email.address.skeleton()).await, []);
    }
    for email in &kept {
        assert_eq!(seen::email(store, email.id).await.as_ref(), Some(email));
    }
    assert_eq!(seen::emails_of(store, ada.id).await, kept[..2]);
    assert_eq!(seen::emails_of(store, eve.id).await, kept[2..]);

    let theirs = proven(7, eve.id, "ada@example.com");
    given::emails(store, &[&theirs]).await;
    let found = seen::proven_email(store, address("ada@example.com").canonical()).await;
    assert_eq!(found, Some(theirs));
}

/// Of concurrent deletions of one claim one is told that it was there.
pub async fn of_concurrent_deletions_of_an_address_one_counts<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::emails(store, &[&proven(1, ada.id, "ada@example.com")]).await;
    let answers = race(store, 8, |_, tx| {
        Box::pin(async move {
            let ours = proven(1, user_id(1), "");
            tx.delete_login_email(ours.id, ours.user).await
        })
    });
    assert_eq!(winners(answers.await), 1);
    assert_eq!(seen::emails_of(store, ada.id).await, []);
}
