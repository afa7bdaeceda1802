//! Promises about passwords.

use durward_core::entity::{Compromise, PasswordLogin, Remedy, StoredPassword, User, UserStatus};
use durward_core::store::{Passwords, PasswordsMut, SessionsMut, Tx, UsersMut};
use durward_core::{Store, StoreError, Timestamp};

use crate::race::{accepted, race, winners};
use crate::sample::{address, at, claim, hash, password, proven, session, user_id};
use crate::{Suite, given, seen};

/// A password comes back as it was stored: a hash of any form and length, the time of its choice, since when it is
/// compromised, and what must be done about it.
pub async fn a_password_comes_back_as_it_was_stored<S: Store<Attrs = Suite>>(store: &S) {
    let users = given::users(store, [1, 2, 3, 4]).await;
    let long = format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA${}", "aB/+".repeat(100));
    let hashes = ["$2b$12$abcdefghijklmnopqrstuv", "{PBKDF2}x = ", "é🦊\\'%", &long];
    let times = [0, -1, i64::MIN, i64::MAX].map(Timestamp::from_millis);
    let remedies = [None, Some(Remedy::Change), Some(Remedy::Reset), Some(Remedy::Change)];
    let rows = users.into_iter().zip(hashes).zip(times.into_iter().zip(remedies));
    for ((user, text), (changed, remedy)) in rows {
        let compromised = remedy.map(|remedy| Compromise { since: changed, remedy });
        let (user, hash, version) = (user.id, hash(text), changed.as_millis());
        let stored = StoredPassword { user, hash, changed, compromised, version };
        let mut tx = store.begin().await.unwrap();
        tx.insert_password(&stored).await.unwrap();
        assert_eq!(tx.password(user).await.unwrap().as_ref(), Some(&stored));
        tx.commit().await.unwrap();
        let found = seen::password(store, user).await.unwrap();
        assert_eq!(found.hash.as_str(), text);
        assert_eq!(found, stored);
    }
}

/// Who has no password has none, whoever else has one.
pub async fn a_user_without_a_password_has_none<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    given::password(store, &password(ada.id)).await;
    assert_eq!(seen::password(store, eve.id).await, None);
    assert_eq!(seen::password(store, user_id(3)).await, None);
}

/// A user has one password; a second one is a duplicate, and the first one stays.
pub async fn a_user_has_one_password<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let second = StoredPassword { hash: hash("second"), changed: at(9), ..password(ada.id) };
    let mut tx = store.begin().await.unwrap();
    tx.insert_password(&password(ada.id)).await.unwrap();
    let refused = tx.insert_password(&second).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    drop(tx);

    given::password(store, &password(ada.id)).await;
    let mut tx = store.begin().await.unwrap();
    let refused = tx.insert_password(&second).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    drop(tx);
    assert_eq!(seen::password(store, ada.id).await, Some(password(ada.id)));
}

/// Of concurrent first passwords of a user one is stored.
pub async fn of_concurrent_first_passwords_one_is_stored<S: Store<Attrs = Suite>>(store: &S) {
    given::users(store, [1]).await;
    let answers = race(store, 8, |_, tx| {
        Box::pin(async move { tx.insert_password(&password(user_id(1))).await })
    });
    assert_eq!(accepted(&answers.await), 1);
}

/// A login finds the user who has proven the address, with status and password, and nobody by a claim.
pub async fn a_login_finds_who_has_proven_the_address<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let email = proven(1, ada.id, "ada@example.com");
    let theirs = claim(2, eve.id, "eve@example.com");
    given::emails(store, &[&email, &theirs, &claim(3, eve.id, "ada@example.com")]).await;
    let marked = StoredPassword {
        changed: at(7),
        compromised: Some(mark(8, Remedy::Change)),
        version: 9,
        ..password(ada.id)
    };
    given::password(store, &marked).await;
    given::password(store, &StoredPassword { hash: hash("eve's"), ..password(eve.id) }).await;
    let found = seen::password_login(store, email.address.canonical()).await;
    let stored = Some(marked);
    assert_eq!(found, Some(PasswordLogin { user: ada.id, status: UserStatus::Active, stored }));
    assert_eq!(seen::password_login(store, theirs.address.canonical()).await, None);
    assert_eq!(seen::password_login(store, address("x@example.com").canonical()).await, None);
    assert_eq!(seen::password_login(store, address("adá@example.com").canonical()).await, None);
}

/// A login finds a user without a password, too: what it costs must not tell (R-EN-02).
pub async fn a_login_finds_who_has_no_password<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    given::password(store, &password(eve.id)).await;
    let email = proven(1, ada.id, "ada@example.com");
    given::emails(store, &[&email]).await;
    let found = seen::password_login(store, email.address.canonical()).await;
    let expected = PasswordLogin { user: ada.id, status: UserStatus::Active, stored: None };
    assert_eq!(found, Some(expected));
}

/// A login sees the status of its user as it was last committed (R-SE-07).
pub async fn a_login_sees_the_present_status<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let email = proven(1, ada.id, "ada@example.com");
    given::emails(store, &[&email]).await;
    for (version, status) in (1..).zip(UserStatus::ALL) {
        let mut tx = store.begin().await.unwrap();
        let changed = User { status, version: version + 1, ..ada.clone() };
        assert!(tx.update_user(&changed, version).await.unwrap());
        tx.commit().await.unwrap();
        let found = seen::password_login(store, email.address.canonical()).await.unwrap();
        assert_eq!(found.status, status);
    }
}

/// A password is replaced as a whole, by one of the next version, if the hash is still the one that was seen, byte by byte; everyone
/// else's passwords stay, and none comes to be.
pub async fn a_password_is_replaced_if_it_is_still_stored<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve, max] = given::users(store, [1, 2, 3]).await;
    let old = |user| StoredPassword { hash: hash("oldHash"), ..password(user) };
    let marked = StoredPassword { compromised: Some(mark(6, Remedy::Reset)), ..old(ada.id) };
    given::password(store, &marked).await;
    given::password(store, &old(eve.id)).await;
    let compromised = Some(mark(8, Remedy::Change));
    let chosen =
        StoredPassword { hash: hash("new"), changed: at(9), compromised, ..password(ada.id) };
    let mut tx = store.begin().await.unwrap();
    for other in ["other", "oldhash", "oldHash ", "òldHash", ""] {
        let updated = tx.update_password(&chosen, &hash(other)).await.unwrap();
        assert!(!updated, "{other:?} is not what is stored");
    }
    let theirs = StoredPassword { user: max.id, ..chosen.clone() };
    assert!(!tx.update_password(&theirs, &hash("oldHash")).await.unwrap());
    assert!(tx.update_password(&chosen, &hash("oldHash")).await.unwrap());
    assert!(!tx.update_password(&old(ada.id), &hash("oldHash")).await.unwrap());
    tx.commit().await.unwrap();
    let chosen = StoredPassword { version: 2, ..chosen };
    assert_eq!(seen::password(store, ada.id).await, Some(chosen));
    assert_eq!(seen::password(store, eve.id).await, Some(old(eve.id)));
    assert_eq!(seen::password(store, max.id).await, None);
}

/// Of concurrent updates of one password one happens.
pub async fn of_concurrent_updates_of_a_password_one_happens<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::password(store, &password(ada.id)).await;
    let answers = race(store, 8, |racer, tx| {
        Box::pin(async move {
            let old = password(user_id(1));
            let new = StoredPassword { hash: hash(&format!("new {racer}")), ..old.clone() };
            tx.update_password(&new, &old.hash).await
        })
    });
    assert_eq!(winners(answers.await), 1);
}

/// A password is marked once: the moment stays, and only the version changes besides (R-PW-10).
pub async fn a_password_is_marked_once<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve, max] = given::users(store, [1, 2, 3]).await;
    given::password(store, &password(ada.id)).await;
    given::password(store, &password(eve.id)).await;
    let mut tx = store.begin().await.unwrap();
    for remedy in Remedy::ALL {
        assert!(!tx.mark_password(max.id, &mark(7, remedy)).await.unwrap());
    }
    assert!(tx.mark_password(ada.id, &mark(8, Remedy::Change)).await.unwrap());
    assert!(!tx.mark_password(ada.id, &mark(9, Remedy::Change)).await.unwrap());
    tx.commit().await.unwrap();
    let compromised = Some(mark(8, Remedy::Change));
    let marked = StoredPassword { compromised, version: 2, ..password(ada.id) };
    assert_eq!(seen::password(store, ada.id).await, Some(marked.clone()));
    assert_eq!(seen::password(store, eve.id).await, Some(password(eve.id)));
    // A better hash of the same password does not make it a better password.
    let mut tx = store.begin().await.unwrap();
    assert!(tx.replace_password_hash(&marked, &hash("better")).await.unwrap());
    tx.commit().await.unwrap();
    let rehashed = StoredPassword { hash: hash("better"), ..marked };
    assert_eq!(seen::password(store, ada.id).await, Some(rehashed));
}

/// A mark gives way to a heavier one and to no other (R-PW-10).
pub async fn a_mark_never_becomes_lighter<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    given::password(store, &password(ada.id)).await;
    given::password(store, &password(eve.id)).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.mark_password(ada.id, &mark(7, Remedy::Change)).await.unwrap());
    assert!(tx.mark_password(ada.id, &mark(8, Remedy::Reset)).await.unwrap());
    tx.commit().await.unwrap();
    let compromised = Some(mark(8, Remedy::Reset));
    let marked = StoredPassword { compromised, version: 3, ..password(ada.id) };
    assert_eq!(seen::password(store, ada.id).await.as_ref(), Some(&marked));
    let mut tx = store.begin().await.unwrap();
    for remedy in Remedy::ALL {
        assert!(!tx.mark_password(ada.id, &mark(9, remedy)).await.unwrap());
    }
    tx.commit().await.unwrap();
    assert_eq!(seen::password(store, ada.id).await, Some(marked));
    assert_eq!(seen::password(store, eve.id).await, Some(password(eve.id)));
}

/// Of concurrent marks of one kind one counts.
pub async fn of_concurrent_marks_of_a_password_one_counts<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    for (user, remedy) in [(ada.id, Remedy::Change), (eve.id, Remedy::Reset)] {
        given::password(store, &password(user)).await;
        let answers = race(store, 8, move |racer, tx| {
            Box::pin(async move { tx.mark_password(user, &mark(racer.into(), remedy)).await })
        });
        assert_eq!(winners(answers.await), 1);
    }
}

/// Whoever holds a hash that he verified has his session found by whoever changes the password: of logins
/// and a change at the same time, no session is left.
pub async fn a_login_does_not_outlive_the_password<S: Store<Attrs = Suite>>(store: &S) {
    // Several times: a store that lets them overlap gets it right when the change happens to come last.
    for n in 1..=6 {
        let [ada] = given::users(store, [n]).await;
        given::password(store, &password(ada.id)).await;
        let answers = race(store, 8, move |racer, tx| {
            Box::pin(async move {
                let old = password(user_id(n));
                if racer == 4 {
                    let new = StoredPassword { hash: hash("new"), ..old.clone() };
                    let changed = tx.update_password(&new, &old.hash).await?;
                    tx.end_sessions_of(old.user, None, at(9)).await?;
                    return Ok(changed);
                }
                let held = tx.replace_password_hash(&old, &old.hash).await?;
                if held {
                    tx.insert_session(&session(n * 10 + racer, old.user)).await?;
                }
                Ok(held)
            })
        });
        assert!(answers.await[4].as_ref().is_ok_and(|changed| *changed));
        assert_eq!(seen::sessions_of(store, ada.id).await, []);
    }
}

/// A password that is outdated has its next version and is otherwise what it was, everyone else's is, and none comes to
/// be.
pub async fn an_outdated_password_has_another_version<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve, max] = given::users(store, [1, 2, 3]).await;
    let marked = StoredPassword { compromised: Some(mark(6, Remedy::Change)), ..password(ada.id) };
    given::password(store, &marked).await;
    given::password(store, &password(eve.id)).await;
    let mut tx = store.begin().await.unwrap();
    tx.outdate_password(ada.id).await.unwrap();
    tx.outdate_password(max.id).await.unwrap();
    assert!(!tx.replace_password_hash(&marked, &hash("new")).await.unwrap());
    let outdated = StoredPassword { version: 2, ..marked };
    assert_eq!(tx.password(ada.id).await.unwrap().as_ref(), Some(&outdated));
    tx.commit().await.unwrap();
    assert_eq!(seen::password(store, ada.id).await, Some(outdated));
    assert_eq!(seen::password(store, eve.id).await, Some(password(eve.id)));
    assert_eq!(seen::password(store, max.id).await, None);
}

/// Whatever ends sessions finds those of logins by a version of the password that it outdates: of both at the same
/// time, no session is left.
pub async fn a_login_does_not_outlive_the_version_of_a_password<S: Store<Attrs = Suite>>(
    store: &S,
) {
    for n in 1..=6 {
        let [ada] = given::users(store, [n]).await;
        given::password(store, &password(ada.id)).await;
        let answers = race(store, 8, move |racer, tx| {
            Box::pin(async move {
                let old = password(user_id(n));
                if racer == 4 {
                    tx.outdate_password(old.user).await?;
                    tx.end_sessions_of(old.user, None, at(9)).await?;
                    return Ok(true);
                }
                // Known to be written together with what follows, where a store can do that.
                tx.presume();
                let held = tx.replace_password_hash(&old, &old.hash).await?;
                if held {
                    tx.insert_session(&session(n * 10 + racer, old.user)).await?;
                }
                Ok(held)
            })
        });
        assert!(answers.await[4].as_ref().is_ok_and(|ended| *ended));
        assert_eq!(seen::sessions_of(store, ada.id).await, []);
    }
}

/// A hash is replaced if it is still the one that was compared, byte by byte, and the version is; the time of the choice
/// and everyone else's passwords stay.
pub async fn a_hash_is_replaced_if_it_is_still_stored<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve, max] = given::users(store, [1, 2, 3]).await;
    for user in [ada.id, eve.id] {
        given::password(store, &StoredPassword { hash: hash("oldHash"), ..password(user) }).await;
    }
    let mut tx = store.begin().await.unwrap();
    for other in ["other", "oldhash", "oldHash ", "òldHash", ""] {
        let other = StoredPassword { hash: hash(other), ..password(ada.id) };
        let replaced = tx.replace_password_hash(&other, &hash("new")).await;
        assert!(!replaced.unwrap(), "{other:?} is not what is stored");
    }
    let old = |user| StoredPassword { hash: hash("oldHash"), ..password(user) };
    for version in [0, 2, i64::MIN, i64::MAX] {
        let other = StoredPassword { version, ..old(ada.id) };
        assert!(!tx.replace_password_hash(&other, &hash("new")).await.unwrap());
    }
    assert!(!tx.replace_password_hash(&old(max.id), &hash("new")).await.unwrap());
    assert!(tx.replace_password_hash(&old(ada.id), &hash("new")).await.unwrap());
    assert!(!tx.replace_password_hash(&old(ada.id), &hash("newer")).await.unwrap());
    tx.commit().await.unwrap();
    let expected = StoredPassword { hash: hash("new"), ..password(ada.id) };
    assert_eq!(seen::password(store, ada.id).await, Some(expected));
    let expected = StoredPassword { hash: hash("oldHash"), ..password(eve.id) };
    assert_eq!(seen::password(store, eve.id).await, Some(expected));
    assert_eq!(seen::password(store, max.id).await, None);
}

/// A hash replaced by itself is replaced: engines that count changed rows must not tell.
pub async fn a_hash_replaced_by_itself_is_replaced<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::password(store, &password(ada.id)).await;
    let same = password(ada.id);
    let mut tx = store.begin().await.unwrap();
    assert!(tx.replace_password_hash(&same, &same.hash).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::password(store, ada.id).await, Some(password(ada.id)));
}

/// Of concurrent replacements of one hash one happens.
pub async fn of_concurrent_replacements_of_a_hash_one_happens<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::password(store, &password(ada.id)).await;
    let answers = race(store, 8, |racer, tx| {
        Box::pin(async move {
            let new = hash(&format!("new {racer}"));
            tx.replace_password_hash(&password(user_id(1)), &new).await
        })
    });
    assert_eq!(winners(answers.await), 1);
}

fn mark(since: i64, remedy: Remedy) -> Compromise {
    Compromise { since: at(since), remedy }
}
