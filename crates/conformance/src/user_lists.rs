//! Promises about the lists of users: who is told, in which order, and in parts of any size each once.

use durward_core::email::CanonicalEmail;
use durward_core::entity::{FoundUser, SearchKey, User, UserMatch, UserPlace, UserStatus};
use durward_core::store::{Tx, UserQuery, Users, UsersMut};
use durward_core::{PersonName, Slice, Store};

use crate::sample::{at, claim, proven, user};
use crate::{Suite, given};

/// Users are told from the youngest account on, and by id where the moments are the same, in parts of any
/// size.
pub async fn users_are_listed_from_the_youngest_on<S: Store<Attrs = Suite>>(store: &S) {
    let mut users = [3, 1, 4, 2].map(user);
    for (user, created) in users.iter_mut().zip([50, 40, 40, -10]) {
        user.created = at(created);
    }
    let [youngest, low, high, oldest] = users;
    for user in [&low, &oldest, &youngest, &high] {
        given::user(store, user).await;
    }
    let all = [youngest, high, low, oldest];
    for limit in 1..=5 {
        assert_eq!(told(store, &UserQuery::default(), limit).await, all, "in parts of {limit}");
    }
    // A place stays one when whoever stood there is somewhere else, or nobody.
    let after = Some(UserPlace { created: at(45), id: all[0].id });
    assert_eq!(list(store, &UserQuery::default(), Slice { after, limit: 2 }).await, all[1..3]);
}

/// All that is asked for must fit, alone and together, to the millisecond; an address is one that is claimed
/// or proven.
pub async fn users_are_listed_as_they_are_asked_for<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, mut eve, mut bob] = [3, 2, 1].map(user);
    eve.status = UserStatus::Banned;
    bob.status = UserStatus::Deleted;
    bob.erasure = Some(at(90));
    for user in [&ada, &eve, &bob] {
        given::user(store, user).await;
    }
    let emails = [
        proven(1, ada.id, "ada@example.com"),
        claim(2, eve.id, "ada@example.com"),
        claim(3, bob.id, "ada@example.co"),
    ];
    given::emails(store, &emails.iter().collect::<Vec<_>>()).await;
    let email = Some(CanonicalEmail::from_stored("ada@example.com".to_owned()));
    let query = UserQuery::default;
    let created_after = Some(ada.created);
    let asked = [
        (UserQuery { email: email.clone(), ..query() }, vec![&ada, &eve]),
        (UserQuery { status: Some(UserStatus::Banned), ..query() }, vec![&eve]),
        (UserQuery { status: Some(UserStatus::Deleted), ..query() }, vec![&bob]),
        (UserQuery { created_after, ..query() }, vec![]),
        (UserQuery { created_after: Some(before(&ada)), ..query() }, vec![&ada]),
        (UserQuery { created_after: Some(eve.created), ..query() }, vec![&ada]),
        (
            UserQuery { email: email.clone(), status: Some(UserStatus::Active), ..query() },
            vec![&ada],
        ),
        (UserQuery { email: email.clone(), created_after, ..query() }, vec![]),
        (
            UserQuery {
                status: Some(UserStatus::Banned),
                created_after: Some(eve.created),
                ..query()
            },
            vec![],
        ),
    ];
    for (query, expected) in asked {
        let found = told(store, &query, 1).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query:?}");
        let found = searched(store, "a", &query, 1).await;
        // Whoever is called like all of them, or has an address like all of them, is found by it too.
        let mut expected = expected;
        expected.sort_by_key(|user| (user.id != ada.id, user.id));
        let found: Vec<_> = found.iter().map(|found| &found.user).collect();
        let mut by_id = found.clone();
        by_id.sort_by_key(|user| (user.id != ada.id, user.id));
        assert_eq!(by_id, expected, "{query:?}");
    }
}

/// A user is found by how his name or one of his addresses begins, whatever the case of its letters, and by
/// nothing that stands further behind.
pub async fn a_search_finds_what_begins_so<S: Store<Attrs = Suite>>(store: &S) {
    let names = ["Zoë 100%_x", "zoE", "Zo\\", "A zoë", "\u{1F98A} Fox"];
    let users: Vec<_> = (1..).zip(names).map(|(n, name)| named(n, name)).collect();
    for user in &users {
        given::user(store, user).await;
    }
    let emails = [
        proven(1, users[3].id, "zo-mail@example.com"),
        claim(2, users[4].id, "zoe%@example.com"),
        claim(3, users[4].id, "x_zo@example.com"),
    ];
    given::emails(store, &emails.iter().collect::<Vec<_>>()).await;
    for (begin, expected) in [
        ("zo", vec!["zo-mail@example.com", "zo\\", "zoe", "zoe%@example.com", "zoë 100%_x"]),
        ("ZOE", vec!["zoe", "zoe%@example.com"]),
        ("zoe%", vec!["zoe%@example.com"]),
        ("zoë 1", vec!["zoë 100%_x"]),
        ("Zoe\u{308} 100%_", vec!["zoë 100%_x"]),
        ("z_", vec![]),
        ("x_", vec!["x_zo@example.com"]),
        ("%", vec![]),
        ("zo\\", vec!["zo\\"]),
        ("zo\\%", vec![]),
        ("\u{1F98A}", vec!["\u{1F98A} fox"]),
        ("\u{1F989}", vec![]),
        ("example", vec![]),
        ("zoë 100%_xy", vec![]),
    ] {
        let found = searched(store, begin, &UserQuery::default(), 9).await;
        let keys: Vec<_> = found.iter().map(|found| &*found.place.key).collect();
        assert_eq!(keys, expected, "{begin}");
    }
}

/// Whoever is found by several texts is told once, by the least of them; all are told in the order of what
/// was found, and then of their ids, in parts of any size.
pub async fn whom_a_search_finds_is_told_once<S: Store<Attrs = Suite>>(store: &S) {
    let users = [named(4, "Mara"), named(3, "mara"), named(2, "Marc"), named(1, "Max")];
    for user in &users {
        given::user(store, user).await;
    }
    let [one, two, three, four] = &users;
    let emails = [
        proven(1, one.id, "mar@example.com"),
        claim(2, one.id, "marz@example.com"),
        claim(3, two.id, "marz@example.com"),
        claim(4, three.id, "marz@example.com"),
        claim(5, four.id, "marz@example.com"),
        // The same claim twice, and once more in a form that nobody searches for.
        claim(6, four.id, "marz@example.com"),
        claim(7, four.id, "a@example.com"),
    ];
    given::emails(store, &emails.iter().collect::<Vec<_>>()).await;
    let expected =
        [("mar@example.com", one), ("mara", two), ("marc", three), ("marz@example.com", four)];
    for limit in 1..=5 {
        let found = searched(store, "mar", &UserQuery::default(), limit).await;
        let found: Vec<_> = found.iter().map(|it| (&*it.place.key, &it.user)).collect();
        assert_eq!(found, expected, "in parts of {limit}");
    }
    let after = Some(UserMatch { key: "mara".to_owned(), id: user(2).id });
    let slice = Slice { after, limit: 9 };
    let rest = search(store, "mar", &UserQuery::default(), slice).await;
    let rest: Vec<_> = rest.iter().map(|it| &*it.place.key).collect();
    assert_eq!(rest, ["mara", "marc", "marz@example.com"], "an id counts where keys are the same");
}

/// A user is found by the name that he has now.
pub async fn a_search_knows_the_present_name<S: Store<Attrs = Suite>>(store: &S) {
    let before = named(1, "Mara");
    given::user(store, &before).await;
    let after = User { version: 2, ..named(1, "Nora") };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_user(&after, 1).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(searched(store, "mara", &UserQuery::default(), 9).await, []);
    let found = searched(store, "nora", &UserQuery::default(), 9).await;
    assert_eq!(found.iter().map(|it| &it.user).collect::<Vec<_>>(), [&after]);
}

/// Whoever was erased is in no list, whatever is asked for.
pub async fn the_erased_are_in_no_list<S: Store<Attrs = Suite>>(store: &S) {
    let erasure = Some(at(50));
    let gone = User { status: UserStatus::Deleted, erasure, ..named(1, "Mara") };
    given::user(store, &gone).await;
    given::emails(store, &[&proven(1, gone.id, "mara@example.com")]).await;
    let [ada] = given::users(store, [2]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.erase_user(gone.id, at(50)).await.unwrap());
    tx.commit().await.unwrap();
    let query = UserQuery::default;
    assert_eq!(told(store, &query(), 9).await, [ada]);
    let deleted = UserQuery { status: Some(UserStatus::Deleted), ..query() };
    assert_eq!(told(store, &deleted, 9).await, []);
    assert_eq!(searched(store, "mara", &query(), 9).await, []);
    let nobody = SearchKey::of("");
    let slice = Slice { after: None, limit: 9 };
    let found = store.read().await.unwrap().search_users(&nobody, &query(), slice).await.unwrap();
    assert_eq!(found.len(), 1, "also by what all forms begin with");
}

fn named(n: u8, name: &str) -> User<Suite> {
    User { name: PersonName::from_stored(name.to_owned()), ..user(n) }
}

/// The last moment before this account came to be.
fn before(user: &User<Suite>) -> durward_core::Timestamp {
    durward_core::Timestamp::from_millis(user.created.as_millis() - 1)
}

async fn list<S: Store<Attrs = Suite>>(
    store: &S,
    query: &UserQuery,
    slice: Slice<UserPlace>,
) -> Vec<User<Suite>> {
    store.read().await.unwrap().list_users(query, slice).await.unwrap()
}

async fn search<S: Store<Attrs = Suite>>(
    store: &S,
    begin: &str,
    query: &UserQuery,
    slice: Slice<UserMatch>,
) -> Vec<FoundUser<Suite>> {
    let begin = SearchKey::of(begin);
    store.read().await.unwrap().search_users(&begin, query, slice).await.unwrap()
}

/// The whole list, in parts.
async fn told<S: Store<Attrs = Suite>>(
    store: &S,
    query: &UserQuery,
    limit: u32,
) -> Vec<User<Suite>> {
    let (mut told, mut after) = (Vec::new(), None);
    loop {
        let part = list(store, query, Slice { after, limit }).await;
        assert!(part.len() <= limit as usize, "more than was asked for");
        let Some(last) = part.last() else { return told };
        after = Some(last.place());
        told.extend(part);
        assert!(told.len() < 50, "no end");
    }
}

/// Everybody whom a search finds, in parts.
async fn searched<S: Store<Attrs = Suite>>(
    store: &S,
    begin: &str,
    query: &UserQuery,
    limit: u32,
) -> Vec<FoundUser<Suite>> {
    let (mut told, mut after) = (Vec::new(), None);
    loop {
        let part = search(store, begin, query, Slice { after, limit }).await;
        assert!(part.len() <= limit as usize, "more than was asked for");
        let Some(last) = part.last() else { return told };
        after = Some(last.place.clone());
        told.extend(part);
        assert!(told.len() < 50, "no end");
    }
}
