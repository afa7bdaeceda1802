//! Promises about the erasure of users, and about who administers.

use durward_core::entity::{Flow, User, UserStatus};
use durward_core::store::{Flows, Tx, Users, UsersMut};
use durward_core::{Store, StoreError, Timestamp, UserId};

use crate::race::{race, winners};
use crate::sample::{
    address, at, audit, claim, flow, password, proven, refresh, session, token, user, user_id,
};
use crate::{Suite, SuiteRole, given, seen};

/// A deleted user who is erased at this moment.
fn deleted(n: u8, erasure: Timestamp) -> User<Suite> {
    User { status: UserStatus::Deleted, erasure: Some(erasure), ..user(n) }
}

fn administrator(n: u8) -> User<Suite> {
    User { roles: vec![SuiteRole::Reader, SuiteRole::Owner], ..user(n) }
}

/// Those whose erasure is due are told, at most as many as were asked for, the one due longest first.
pub async fn those_who_are_due_are_erased_from_the_longest_on<S: Store<Attrs = Suite>>(store: &S) {
    for (n, due) in [(1, 30), (2, 10), (3, 20), (4, 31)] {
        given::user(store, &deleted(n, at(due))).await;
    }
    given::user(store, &user(5)).await;
    assert_eq!(to_erase(store, at(30), 9).await, [2, 3, 1].map(user_id));
    assert_eq!(to_erase(store, at(30), 2).await, [2, 3].map(user_id));
    assert_eq!(to_erase(store, at(9), 9).await, []);
    assert!(erase(store, user_id(2), at(30)).await);
    assert_eq!(to_erase(store, at(30), 9).await, [3, 1].map(user_id));
}

/// An erased user is found by nothing: not by id, address, password, session or flow. His addresses are
/// free; the audit log and other people stay as they are.
pub async fn an_erased_user_is_nowhere<S: Store<Attrs = Suite>>(store: &S) {
    let [eve] = given::users(store, [2]).await;
    let ada = deleted(1, at(10));
    given::user(store, &ada).await;
    let (mine, claimed) =
        (proven(1, ada.id, "ada@example.com"), claim(2, ada.id, "other@example.com"));
    let theirs = proven(3, eve.id, "eve@example.com");
    given::emails(store, &[&mine, &claimed, &theirs]).await;
    given::password(store, &password(ada.id)).await;
    given::password(store, &password(eve.id)).await;
    given::sessions(store, &[&session(1, ada.id), &session(2, eve.id)]).await;
    let flows = [ada.id, eve.id].map(Some).into_iter().zip(1..);
    let flows: Vec<_> = flows.map(|(user, n)| Flow { user, ..flow(n) }).collect();
    given::flows(store, &flows.iter().collect::<Vec<_>>()).await;
    let entry =
        durward_core::entity::AuditEntry { subject: Some(ada.id), actor: Some(ada.id), ..audit(1) };
    given::audit(store, &[&entry]).await;

    assert!(erase(store, ada.id, at(10)).await);

    assert_eq!(seen::user(store, ada.id).await, None);
    for email in [&mine, &claimed] {
        assert_eq!(seen::email(store, email.id).await, None);
        assert_eq!(seen::proven_email(store, email.address.canonical()).await, None);
    }
    assert_eq!(seen::emails_of(store, ada.id).await, []);
    assert_eq!(seen::lookalikes(store, mine.address.skeleton()).await, []);
    assert_eq!(seen::user_by_email(store, mine.address.canonical()).await, None);
    assert_eq!(seen::password(store, ada.id).await, None);
    assert_eq!(seen::session_by_token(store, &token(1)).await, None);
    assert_eq!(seen::session_by_refresh(store, &refresh(1)).await, None);
    assert_eq!(seen::session(store, session(1, ada.id).id).await, None);
    let mut read = store.read().await.unwrap();
    assert_eq!(read.flow_by_handle(&flows[0].handle).await.unwrap(), None);
    assert_eq!(read.flow_by_handle(&flows[1].handle).await.unwrap().as_ref(), Some(&flows[1]));
    drop(read);
    assert_eq!(seen::audit_rows(store).await, [crate::sample::row(&entry)]);

    let again = proven(4, eve.id, "ada@example.com");
    given::emails(store, &[&again]).await;
    let found = seen::user_by_email(store, address("ada@example.com").canonical()).await;
    assert_eq!(found, Some(eve.clone()));
    assert_eq!(seen::password(store, eve.id).await, Some(password(eve.id)));
    assert!(seen::session_by_token(store, &token(2)).await.is_some());
}

/// Nobody is erased before his time, who is not deleted, twice, or with somebody else.
pub async fn only_who_is_due_is_erased<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let (early, due) = (deleted(2, at(11)), deleted(3, at(10)));
    let other = deleted(4, at(1));
    for user in [&early, &due, &other] {
        given::user(store, user).await;
    }
    assert!(!erase(store, ada.id, Timestamp::from_millis(i64::MAX)).await);
    assert!(!erase(store, early.id, at(10)).await);
    assert!(!erase(store, user_id(9), at(10)).await);
    assert!(erase(store, due.id, at(10)).await);
    assert!(!erase(store, due.id, at(10)).await);
    for user in [ada, early, other] {
        assert_eq!(seen::user(store, user.id).await, Some(user));
    }
}

/// The id of an erased user is never given to anybody else, and nothing changes him any more.
pub async fn the_id_of_an_erased_user_stays_taken<S: Store<Attrs = Suite>>(store: &S) {
    given::user(store, &deleted(1, at(10))).await;
    assert!(erase(store, user_id(1), at(10)).await);
    let mut tx = store.begin().await.unwrap();
    for from in [0, 1] {
        assert!(!tx.update_user(&user(1), from).await.unwrap());
    }
    let refused = tx.insert_user(&user(1)).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    drop(tx);
    assert_eq!(seen::user(store, user_id(1)).await, None);
}

/// Of concurrent erasures of a user one counts.
pub async fn of_concurrent_erasures_one_counts<S: Store<Attrs = Suite>>(store: &S) {
    given::user(store, &deleted(1, at(10))).await;
    let answers =
        race(store, 8, |_, tx| Box::pin(async move { tx.erase_user(user_id(1), at(10)).await }));
    assert_eq!(winners(answers.await), 1);
}

/// Other users are counted who are active and hold an administrator's role, whatever they were when they
/// were stored.
pub async fn other_administrators_are_counted_while_they_administer<S: Store<Attrs = Suite>>(
    store: &S,
) {
    assert_eq!(count(store, 1).await, 0);
    given::user(store, &administrator(1)).await;
    given::user(store, &user(2)).await;
    given::user(store, &User { status: UserStatus::Banned, ..administrator(3) }).await;
    assert_eq!([count(store, 1).await, count(store, 2).await], [0, 1]);
    update(store, &User { version: 2, ..administrator(2) }, 1).await;
    assert_eq!([count(store, 1).await, count(store, 2).await, count(store, 3).await], [1, 1, 2]);
    update(store, &User { version: 2, ..administrator(3) }, 1).await;
    assert_eq!(count(store, 1).await, 2);
    update(store, &User { version: 3, status: UserStatus::Banned, ..administrator(2) }, 2).await;
    update(store, &User { version: 3, ..user(3) }, 2).await;
    assert_eq!([count(store, 1).await, count(store, 2).await], [0, 1]);
}

/// Of administrators who all shut each other out at once, one is left (R-AZ-05).
pub async fn of_administrators_who_shut_each_other_out_one_is_left<S: Store<Attrs = Suite>>(
    store: &S,
) {
    for n in 1..=4 {
        given::user(store, &administrator(n)).await;
    }
    let answers = race(store, 4, |racer, tx| {
        Box::pin(async move {
            // Everybody shuts the next one out, if somebody else is left then.
            let next = user_id(1 + (racer + 1) % 4);
            let Some(before) = tx.user(next).await? else { return Ok(false) };
            if tx.lock_other_administrators(next).await? == 0 {
                return Ok(false);
            }
            let after = User { status: UserStatus::Banned, version: 2, ..before.clone() };
            tx.update_user(&after, before.version).await
        })
    });
    assert_eq!(winners(answers.await), 3);
    let mut left = 0;
    for n in 1..=4 {
        left += u32::from(seen::user(store, user_id(n)).await.unwrap().administers());
    }
    assert_eq!(left, 1);
}

async fn to_erase<S: Store<Attrs = Suite>>(store: &S, now: Timestamp, limit: u32) -> Vec<UserId> {
    store.read().await.unwrap().users_to_erase(now, limit).await.unwrap()
}

async fn erase<S: Store<Attrs = Suite>>(store: &S, id: UserId, now: Timestamp) -> bool {
    let mut tx = store.begin().await.unwrap();
    let erased = tx.erase_user(id, now).await.unwrap();
    tx.commit().await.unwrap();
    erased
}

async fn count<S: Store<Attrs = Suite>>(store: &S, except: u8) -> u64 {
    let mut tx = store.begin().await.unwrap();
    let count = tx.lock_other_administrators(user_id(except)).await.unwrap();
    tx.commit().await.unwrap();
    count
}

async fn update<S: Store<Attrs = Suite>>(store: &S, user: &User<Suite>, from: i64) {
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_user(user, from).await.unwrap());
    tx.commit().await.unwrap();
}
