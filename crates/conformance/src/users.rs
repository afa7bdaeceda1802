//! Promises about users.

use durward_core::entity::{User, UserStatus};
use durward_core::store::{Tx, Users, UsersMut};
use durward_core::{PersonName, Store, StoreError, Timestamp};

use crate::race::{accepted, race};
use crate::sample::{TRICKY, address, at, claim, proven, user, user_id};
use crate::{Colour, Profile, Suite, SuiteRole, given, seen};

/// Every field of a user comes back as it was: within the unit of work, after it, by id and by address.
pub async fn a_user_comes_back_as_it_was_stored<S: Store<Attrs = Suite>>(store: &S) {
    let [mut banned, mut deleted, mut old] = [user(2), user(3), user(4)];
    banned.status = UserStatus::Banned;
    banned.roles = vec![SuiteRole::Owner, SuiteRole::Reader, SuiteRole::Editor];
    deleted.status = UserStatus::Deleted;
    deleted.erasure = Some(at(9));
    deleted.roles = vec![];
    old.version = 77;
    for (n, stored) in (1..).zip([user(1), banned, deleted, old]) {
        let email = proven(n, stored.id, &format!("{n}@example.com"));
        let mut tx = store.begin().await.unwrap();
        tx.insert_user(&stored).await.unwrap();
        assert_eq!(tx.user(stored.id).await.unwrap().as_ref(), Some(&stored));
        tx.commit().await.unwrap();
        given::emails(store, &[&email]).await;
        let found = seen::user_by_email(store, email.address.canonical()).await;
        assert_eq!(found.as_ref(), Some(&stored));
        assert_eq!(seen::user(store, stored.id).await, Some(stored));
    }
}

/// A name of any script comes back, also at its greatest length in the widest characters.
pub async fn a_name_of_any_script_comes_back<S: Store<Attrs = Suite>>(store: &S) {
    let longest = "🦊".repeat(PersonName::MAX_CHARACTERS);
    let names = [TRICKY, "محمد بن سعید", "ශ්\u{200D}රී", "葛\u{E0100}城", "' OR 1=1 --", &longest];
    for (n, name) in (1..).zip(names) {
        let stored = User { name: PersonName::from_stored(name.to_owned()), ..user(n) };
        given::user(store, &stored).await;
        let found = seen::user(store, stored.id).await.unwrap();
        assert_eq!(found.name.as_str(), name);
    }
}

/// Attributes come back as they were: every shape of an enum, lists in their order, empty and absent
/// text, numbers of the full range, long text.
pub async fn attributes_of_a_user_come_back<S: Store<Attrs = Suite>>(store: &S) {
    let plain = user(1).attrs;
    let variants = [
        Profile { colour: Colour::Red, ..plain.clone() },
        Profile { colour: Colour::Rgb { r: 0, g: 127, b: 255 }, ..plain.clone() },
        Profile { colour: Colour::Named(TRICKY.to_owned()), ..plain.clone() },
        Profile { tags: vec![], ..plain.clone() },
        Profile { tags: ["z", "a", "", "z", "z"].map(str::to_owned).to_vec(), ..plain.clone() },
        Profile { points: i64::MIN, ..plain.clone() },
        Profile { points: i64::MAX, ..plain.clone() },
        Profile { nickname: None, ..plain.clone() },
        Profile { nickname: Some(String::new()), ..plain.clone() },
        Profile { nickname: Some("\0\u{1}\r\n\t\\\"\u{2028}".to_owned()), ..plain.clone() },
        Profile { nickname: Some("🦊 ".repeat(20_000)), ..plain },
    ];
    for (n, attrs) in (1..).zip(variants) {
        let stored = User { attrs: attrs.clone(), ..user(n) };
        given::user(store, &stored).await;
        assert_eq!(seen::user(store, stored.id).await.unwrap().attrs, attrs);
    }
}

/// Times and versions come back over the full range of 64 bits.
pub async fn extreme_times_and_versions_come_back<S: Store<Attrs = Suite>>(store: &S) {
    for (n, number) in (1..).zip([i64::MIN, -1, 0, 1, i64::MAX]) {
        let time = Timestamp::from_millis(number);
        let erasure = Some(time);
        let stored = User { version: number, created: time, updated: time, erasure, ..user(n) };
        given::user(store, &stored).await;
        assert_eq!(seen::user(store, stored.id).await, Some(stored));
    }
}

/// An id that nobody has finds nobody.
pub async fn an_unknown_user_is_not_found<S: Store<Attrs = Suite>>(store: &S) {
    given::users(store, [1]).await;
    assert_eq!(seen::user(store, user_id(2)).await, None);
    assert_eq!(seen::user_by_email(store, address("ada@example.com").canonical()).await, None);
}

/// An id belongs to one user; a second one with it is a duplicate, in the same unit of work and later.
pub async fn a_user_id_is_taken_once<S: Store<Attrs = Suite>>(store: &S) {
    let [first, second] =
        [user(1), User { name: PersonName::from_stored("Eve".into()), ..user(1) }];
    let mut tx = store.begin().await.unwrap();
    tx.insert_user(&first).await.unwrap();
    let refused = tx.insert_user(&second).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    drop(tx);

    given::user(store, &first).await;
    let mut tx = store.begin().await.unwrap();
    let refused = tx.insert_user(&second).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    drop(tx);
    assert_eq!(seen::user(store, first.id).await, Some(first));
}

/// Of concurrent users with one id one is stored.
pub async fn of_concurrent_users_with_one_id_one_is_stored<S: Store<Attrs = Suite>>(store: &S) {
    let answers = race(store, 8, |_, tx| Box::pin(async move { tx.insert_user(&user(1)).await }));
    assert_eq!(accepted(&answers.await), 1);
}

/// An address finds the user who has proven it, and not those who claim it (R-EM-08).
pub async fn a_claim_does_not_find_its_user<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let theirs = claim(1, eve.id, "ada@example.com");
    given::emails(store, &[&theirs]).await;
    assert_eq!(seen::user_by_email(store, theirs.address.canonical()).await, None);
    given::emails(store, &[&proven(2, ada.id, "ada@example.com")]).await;
    assert_eq!(seen::user_by_email(store, theirs.address.canonical()).await, Some(ada));
}

/// An update replaces name, status, roles, version, times of update and erasure, and attributes, of this user only,
/// and leaves the time of creation.
pub async fn an_update_replaces_what_it_names_and_nothing_else<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let changed = User {
        id: ada.id,
        name: PersonName::from_stored("Ada King".to_owned()),
        status: UserStatus::Banned,
        roles: vec![SuiteRole::Owner],
        version: 2,
        created: at(999),
        updated: at(1_000),
        erasure: Some(at(2_000)),
        attrs: Profile { colour: Colour::Red, tags: vec![], ..ada.attrs.clone() },
    };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_user(&changed, ada.version).await.unwrap());
    let expected = User { created: ada.created, ..changed };
    assert_eq!(tx.user(ada.id).await.unwrap().as_ref(), Some(&expected));
    tx.commit().await.unwrap();
    assert_eq!(seen::user(store, ada.id).await, Some(expected));
    assert_eq!(seen::user(store, eve.id).await, Some(eve));
}

/// An update from another version than the stored one, or of nobody, changes nothing and says so.
pub async fn an_update_from_another_version_changes_nothing<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let mut tx = store.begin().await.unwrap();
    for from in [0, 2, i64::MIN, i64::MAX] {
        let changed = User { version: 9, status: UserStatus::Banned, ..ada.clone() };
        assert!(!tx.update_user(&changed, from).await.unwrap());
    }
    assert!(!tx.update_user(&user(2), 1).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::user(store, ada.id).await, Some(ada));
    assert_eq!(seen::user(store, user_id(2)).await, None);
}

/// An update to what is stored already is an update: engines that count changed rows must not tell.
pub async fn an_update_that_changes_nothing_is_an_update<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_user(&ada, ada.version).await.unwrap());
    assert!(tx.update_user(&ada, ada.version).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::user(store, ada.id).await, Some(ada));
}

/// Of concurrent updates from one version one is told that it happened, and that one is stored.
pub async fn of_concurrent_updates_from_one_version_one_happens<S: Store<Attrs = Suite>>(
    store: &S,
) {
    let [ada] = given::users(store, [1]).await;
    let answers = race(store, 8, |racer, tx| {
        Box::pin(async move {
            let changed = User { version: 2, updated: at(i64::from(racer)), ..user(1) };
            let won = tx.update_user(&changed, 1).await?;
            Ok(won.then_some(changed))
        })
    });
    let won: Vec<_> = answers.await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(won.len(), 1, "so many updates happened");
    let winner = &won[0];
    assert_eq!(seen::user(store, ada.id).await.as_ref(), Some(winner));
}
