//! Promises about answers kept for repetition.

use durward_core::entity::StoredReply;
use durward_core::keys::Sealed;
use durward_core::store::{Replies, RepliesMut, Tx};
use durward_core::{Store, StoreError, Timestamp};

use crate::race::{accepted, race};
use crate::sample::{at, digest, reply};
use crate::{Suite, given, seen};

/// An answer comes back as it was kept: any bytes, and times of the full range.
pub async fn a_reply_comes_back_as_it_was_kept<S: Store<Attrs = Suite>>(store: &S) {
    let last = Timestamp::from_millis(i64::MAX);
    let variants = [
        reply(1),
        StoredReply { answer: Sealed::from_bytes((0..=255).collect()), ..reply(2) },
        StoredReply { answer: Sealed::from_bytes(vec![]), expires: last, ..reply(3) },
        StoredReply { answer: Sealed::from_bytes(vec![0xa5; 100_000]), ..reply(4) },
    ];
    for kept in variants {
        let mut tx = store.begin().await.unwrap();
        tx.insert_reply(&kept, at(0)).await.unwrap();
        assert_eq!(tx.reply(&kept.key).await.unwrap().as_ref(), Some(&kept));
        tx.commit().await.unwrap();
        assert_eq!(seen::reply(store, &kept.key).await, Some(kept));
    }
}

/// A key that was not used finds nothing, nor does the digest of a request.
pub async fn an_unused_key_finds_no_reply<S: Store<Attrs = Suite>>(store: &S) {
    given::reply(store, &reply(1)).await;
    assert_eq!(seen::reply(store, &reply(2).key).await, None);
    assert_eq!(seen::reply(store, &reply(1).request).await, None);
}

/// A key in use is a duplicate, whatever the request, and the first answer stays.
pub async fn a_key_is_used_once<S: Store<Attrs = Suite>>(store: &S) {
    given::reply(store, &reply(1)).await;
    let other = StoredReply { request: digest(0x88, 9), answer: reply(9).answer, ..reply(1) };
    for again in [reply(1), other] {
        let mut tx = store.begin().await.unwrap();
        let refused = tx.insert_reply(&again, at(5)).await;
        assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    }
    let just_before = Timestamp::from_millis(reply(1).expires.as_millis() - 1);
    let mut tx = store.begin().await.unwrap();
    let refused = tx.insert_reply(&reply(1), just_before).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    drop(tx);
    assert_eq!(seen::reply(store, &reply(1).key).await, Some(reply(1)));
}

/// An answer is forgotten from its moment on: then it is replaced. Others stay.
pub async fn an_expired_reply_is_replaced<S: Store<Attrs = Suite>>(store: &S) {
    let other = StoredReply { expires: at(100_000), ..reply(3) };
    for kept in [&reply(1), &reply(2), &other] {
        given::reply(store, kept).await;
    }
    let expires = reply(1).expires;
    let later = Timestamp::from_millis(expires.as_millis() + 1);
    for (n, now) in [(1, expires), (2, later)] {
        let fresh = StoredReply {
            request: digest(0x88, 9),
            answer: Sealed::from_bytes(vec![9]),
            expires: at(200_000),
            ..reply(n)
        };
        let mut tx = store.begin().await.unwrap();
        tx.insert_reply(&fresh, now).await.unwrap();
        assert_eq!(tx.reply(&fresh.key).await.unwrap().as_ref(), Some(&fresh));
        tx.commit().await.unwrap();
        assert_eq!(seen::reply(store, &fresh.key).await, Some(fresh));
    }
    assert_eq!(seen::reply(store, &other.key).await, Some(other));
}

/// Of concurrent answers under one key one is kept, whether the key is new or its answer has expired.
pub async fn of_concurrent_replies_under_one_key_one_is_kept<S: Store<Attrs = Suite>>(store: &S) {
    given::reply(store, &StoredReply { expires: at(1), ..reply(2) }).await;
    for n in [1, 2] {
        let answers = race(store, 8, move |racer, tx| {
            Box::pin(async move {
                let ours = StoredReply { request: digest(0x88, racer), ..reply(n) };
                tx.insert_reply(&ours, at(5)).await.map(|()| ours)
            })
        });
        let answers = answers.await;
        let kept = answers.iter().find_map(|answer| answer.as_ref().ok()).cloned();
        assert_eq!(accepted(&answers), 1);
        assert_eq!(seen::reply(store, &reply(n).key).await, kept);
    }
}
