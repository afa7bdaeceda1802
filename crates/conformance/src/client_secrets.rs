//! Promises about the secrets of clients, and when they were last used.

use durward_core::entity::{Client, ClientSecret};
use durward_core::store::{ClientsMut, Result, Tx};
use durward_core::{Store, StoreError, Timestamp};

use crate::race::{race, winners};
use crate::sample::{at, client, client_id, client_secret, digest, personal, secret_id};
use crate::{Suite, given, seen};

/// A client has two live secrets at most; those that are expired or revoked do not count (R-CL-01).
pub async fn a_client_has_two_live_secrets_at_most<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &client(1), &[]).await;
    given::client(store, &client(2), &[]).await;
    let expiring = ClientSecret { expires: Some(at(100)), ..client_secret(1, 1) };
    assert!(insert(store, &expiring, at(0)).await);
    assert!(insert(store, &client_secret(2, 1), at(0)).await);
    let just_before = Timestamp::from_millis(at(100).as_millis() - 1);
    assert!(!insert(store, &client_secret(3, 1), just_before).await);
    assert!(insert(store, &client_secret(9, 2), at(99)).await, "of another client");
    assert!(insert(store, &client_secret(3, 1), at(100)).await, "one has expired");
    assert!(!insert(store, &client_secret(4, 1), at(100)).await);
    assert!(revoke(store, 1, 2, at(100)).await);
    assert!(insert(store, &client_secret(4, 1), at(100)).await, "one was revoked");
    assert!(!insert(store, &client_secret(5, 3), at(0)).await, "of no client");
    let live = seen::live_secrets(store, client_id(1), at(100)).await;
    assert_eq!(live, [client_secret(3, 1), client_secret(4, 1)]);
    let live = seen::live_secrets(store, client_id(1), at(99)).await;
    assert_eq!(live, [expiring, client_secret(3, 1), client_secret(4, 1)]);
}

/// The digest of a secret is there once, whosever it is.
pub async fn a_secret_is_taken_once<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &client(1), &[&client_secret(1, 1)]).await;
    given::client(store, &client(2), &[]).await;
    for again in [
        ClientSecret { id: secret_id(2), client: client_id(2), ..client_secret(1, 1) },
        ClientSecret { client: client_id(2), digest: digest(0x99, 2), ..client_secret(1, 1) },
    ] {
        let mut tx = store.begin().await.unwrap();
        let refused = tx.insert_secret(&again, at(0)).await;
        assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    }
}

/// Of 50 concurrent rotations two make a secret (R-CL-01).
pub async fn of_concurrent_secrets_two_are_kept<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &client(1), &[]).await;
    let answers = race(store, 50, |racer, tx| {
        Box::pin(async move { tx.insert_secret(&client_secret(racer + 1, 1), at(0)).await })
    });
    assert_eq!(winners(answers.await), 2);
    assert_eq!(seen::live_secrets(store, client_id(1), at(0)).await.len(), 2);
}

/// A secret is revoked once, under its own client only, and is found revoked by the very next look-up
/// (R-SE-05).
pub async fn a_secret_is_revoked_once_by_its_client<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &client(1), &[&client_secret(1, 1), &client_secret(2, 1)]).await;
    given::client(store, &client(2), &[]).await;
    assert!(!revoke(store, 2, 1, at(5)).await, "a foreign client");
    assert!(!revoke(store, 1, 3, at(5)).await, "an unknown secret");
    assert!(revoke(store, 1, 1, at(5)).await);
    assert!(!revoke(store, 1, 1, at(6)).await, "a second time");
    let found = seen::client_by_secret(store, 1).await.unwrap().secret.unwrap();
    assert_eq!(found.revoked, Some(at(5)));
    let other = seen::client_by_secret(store, 2).await.unwrap().secret.unwrap();
    assert_eq!(other.revoked, None);
}

/// Of concurrent revocations of a secret one happens.
pub async fn of_concurrent_revocations_of_a_secret_one_happens<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &client(1), &[&client_secret(1, 1)]).await;
    let answers = race(store, 8, |_, tx| {
        Box::pin(async move { tx.revoke_secret(client_id(1), secret_id(1), at(1)).await })
    });
    assert_eq!(winners(answers.await), 1);
}

/// The other secrets of a client get an end, unless they have an earlier one or were revoked; the new one
/// and those of others get none.
pub async fn the_other_secrets_expire<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &client(1), &[]).await;
    given::client(store, &client(2), &[&client_secret(9, 2)]).await;
    let ends = [None, Some(at(60)), Some(at(10)), None, None];
    for (n, expires) in (1..).zip(ends) {
        let revoked = (n == 4).then(|| at(1));
        let secret = ClientSecret { expires, revoked, ..client_secret(n, 1) };
        // Late enough that only the first and the last one count.
        assert!(insert(store, &secret, at(1_000)).await, "{n}");
    }
    let mut tx = store.begin().await.unwrap();
    let changed = tx.expire_secrets(client_id(1), secret_id(5), at(50)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(changed, 2);
    let expected = [Some(at(50)), Some(at(50)), Some(at(10)), None, None, None];
    for (n, expires) in [1, 2, 3, 4, 5, 9].into_iter().zip(expected) {
        let secret = seen::client_by_secret(store, n).await.unwrap().secret.unwrap();
        assert_eq!(secret.expires, expires, "{n}");
    }
}

/// All secrets of all clients that a user owns are revoked at once, and nobody else's (R-CL-04).
pub async fn the_secrets_of_a_user_are_revoked_together<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    given::client(store, &personal(1, ada.id), &[&client_secret(1, 1), &client_secret(2, 1)]).await;
    given::client(store, &personal(2, ada.id), &[&client_secret(3, 2)]).await;
    given::client(store, &personal(3, eve.id), &[&client_secret(4, 3)]).await;
    given::client(store, &client(4), &[&client_secret(5, 4)]).await;
    assert!(revoke(store, 1, 1, at(1)).await);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.revoke_secrets_of(ada.id, at(2)).await.unwrap(), 2);
    assert_eq!(tx.revoke_secrets_of(ada.id, at(3)).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let expected = [Some(at(1)), Some(at(2)), Some(at(2)), None, None];
    for (n, revoked) in (1..).zip(expected) {
        let secret = seen::client_by_secret(store, n).await.unwrap().secret.unwrap();
        assert_eq!(secret.revoked, revoked, "{n}");
    }
}

/// A use is noted on the client and on the secret that it was made with, and never moves back; the version
/// stays.
pub async fn the_latest_use_is_noted<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &client(1), &[&client_secret(1, 1), &client_secret(2, 1)]).await;
    given::client(store, &client(2), &[&client_secret(3, 2)]).await;
    let touches =
        [(1, None, 5), (1, Some(1), 9), (1, Some(2), 7), (2, Some(1), 20), (7, Some(7), 1)];
    let mut tx = store.begin().await.unwrap();
    for (id, secret, seconds) in touches {
        tx.touch_client(client_id(id), secret.map(secret_id), at(seconds)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let used = |seconds| Some(at(seconds));
    let first = Client { last_used: used(9), ..client(1) };
    assert_eq!(seen::client(store, client_id(1)).await, Some(first));
    assert_eq!(seen::client(store, client_id(2)).await.unwrap().last_used, used(20));
    let live = seen::live_secrets(store, client_id(1), at(0)).await;
    let noted: Vec<_> = live.iter().map(|it| it.last_used).collect();
    assert_eq!(noted, [used(9), used(7)]);
    assert_eq!(seen::live_secrets(store, client_id(2), at(0)).await[0].last_used, None);
}

async fn insert<S: Store<Attrs = Suite>>(store: &S, secret: &ClientSecret, now: Timestamp) -> bool {
    let inserted = async {
        let mut tx = store.begin().await?;
        let inserted = tx.insert_secret(secret, now).await?;
        tx.commit().await?;
        Result::Ok(inserted)
    };
    inserted.await.unwrap()
}

async fn revoke<S: Store<Attrs = Suite>>(store: &S, client: u8, n: u8, now: Timestamp) -> bool {
    let mut tx = store.begin().await.unwrap();
    let revoked = tx.revoke_secret(client_id(client), secret_id(n), now).await.unwrap();
    tx.commit().await.unwrap();
    revoked
}
