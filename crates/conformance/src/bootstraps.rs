//! Promises about the link that makes an administrator.

use durward_core::entity::Bootstrap;
use durward_core::store::{Bootstraps, BootstrapsMut, Tx};
use durward_core::{Store, Timestamp};

use crate::Suite;
use crate::race::{race, winners};
use crate::sample::{at, digest};

fn link(n: u8) -> Bootstrap {
    Bootstrap { code: digest(0xbb, n), recovery: n.is_multiple_of(2), expires: at(i64::from(n)) }
}

async fn replace<S: Store<Attrs = Suite>>(store: &S, link: &Bootstrap) {
    let mut tx = store.begin().await.unwrap();
    tx.replace_bootstrap(link).await.unwrap();
    assert_eq!(tx.bootstrap().await.unwrap().as_ref(), Some(link));
    tx.commit().await.unwrap();
}

async fn spend<S: Store<Attrs = Suite>>(store: &S, n: u8, now: Timestamp) -> bool {
    let mut tx = store.begin().await.unwrap();
    let spent = tx.spend_bootstrap(&link(n).code, now).await.unwrap();
    tx.commit().await.unwrap();
    spent
}

async fn present<S: Store<Attrs = Suite>>(store: &S) -> Option<Bootstrap> {
    store.read().await.unwrap().bootstrap().await.unwrap()
}

/// There is no link or one: the one that was issued last, as it was stored. The one before is dead.
pub async fn the_last_bootstrap_link_is_the_only_one<S: Store<Attrs = Suite>>(store: &S) {
    assert_eq!(present(store).await, None);
    for n in [1, 2, 9, 3] {
        replace(store, &link(n)).await;
        assert_eq!(present(store).await, Some(link(n)));
    }
    assert!(!spend(store, 9, at(0)).await, "it was replaced");
    assert_eq!(present(store).await, Some(link(3)));
}

/// A link is spent once, by its own digest, and until it expires.
pub async fn a_bootstrap_link_is_spent_once<S: Store<Attrs = Suite>>(store: &S) {
    assert!(!spend(store, 5, at(0)).await);
    replace(store, &link(5)).await;
    assert!(!spend(store, 5, at(5)).await, "it has expired at that moment");
    assert!(!spend(store, 4, at(0)).await);
    assert_eq!(present(store).await, Some(link(5)), "nothing was spent");
    let last = Timestamp::from_millis(at(5).as_millis() - 1);
    assert!(spend(store, 5, last).await);
    assert_eq!(present(store).await, None);
    assert!(!spend(store, 5, last).await);
    replace(store, &link(6)).await;
    assert!(spend(store, 6, at(0)).await, "another one can be issued");
}

/// Of concurrent uses of a link one counts.
pub async fn of_concurrent_uses_of_a_bootstrap_link_one_counts<S: Store<Attrs = Suite>>(store: &S) {
    replace(store, &link(5)).await;
    let answers =
        race(store, 8, |_, tx| Box::pin(async { tx.spend_bootstrap(&link(5).code, at(0)).await }));
    assert_eq!(winners(answers.await), 1);
    assert_eq!(present(store).await, None);
}

/// Of links that are issued at the same time one is left, whole.
pub async fn of_concurrent_bootstrap_links_one_is_left<S: Store<Attrs = Suite>>(store: &S) {
    for round in [0, 8] {
        let answers = race(store, 8, move |racer, tx| {
            Box::pin(async move { tx.replace_bootstrap(&link(round + racer + 1)).await })
        });
        for answer in answers.await {
            answer.unwrap();
        }
        let left = present(store).await.unwrap();
        assert!((1..=8).any(|n| left == link(round + n)), "{left:?}");
    }
}
