//! Promises about the search for clients by name: what is found, in which order, and in parts of any size each once.

use durward_core::entity::{Client, ClientMatch, ClientOwner, FoundClient, SearchKey};
use durward_core::store::{ClientQuery, Clients, ClientsMut, Tx};
use durward_core::{PersonName, Slice, StandardClientRole, Store};

use crate::sample::{client, client_id, organization_id, personal};
use crate::{Suite, given};

type Query = ClientQuery<Suite>;

/// A client is found by how its name begins, whatever the case of its letters, and by nothing that stands further behind.
pub async fn a_search_finds_clients_that_begin_so<S: Store<Attrs = Suite>>(store: &S) {
    let names = ["Zo\u{eb} 100%_x", "zoE", "Zo\\", "A zo\u{eb}", "\u{1F98A} Fox", "x_zo"];
    for (n, name) in (1..).zip(names) {
        given::client(store, &named(n, name), &[]).await;
    }
    for (begin, expected) in [
        ("zo", vec!["zo\\", "zoe", "zo\u{eb} 100%_x"]),
        ("ZOE", vec!["zoe"]),
        ("Zoe\u{308} 100%_", vec!["zo\u{eb} 100%_x"]),
        ("z_", vec![]),
        ("x_", vec!["x_zo"]),
        ("%", vec![]),
        ("zo\\%", vec![]),
        ("\u{1F98A}", vec!["\u{1F98A} fox"]),
        ("\u{1F989}", vec![]),
        ("fox", vec![]),
        ("zoex", vec![]),
    ] {
        let found = searched(store, begin, &Query::default(), 9).await;
        let keys: Vec<_> = found.iter().map(|found| &*found.place.key).collect();
        assert_eq!(keys, expected, "{begin}");
    }
}

/// What a search finds is told in the order of names, and then of ids, in parts of any size, and as it is asked for: all
/// that is given must fit.
pub async fn clients_that_are_found_are_told_in_parts<S: Store<Attrs = Suite>>(store: &S) {
    use StandardClientRole::{Internal, System};
    let [ada] = given::users(store, [1]).await;
    let foreign = ClientOwner::Organization(organization_id(2));
    let name = |name: &str| PersonName::from_stored(name.to_owned());
    let one = Client { roles: vec![Internal, System], ..named(4, "Mara") };
    let two = Client { owner: foreign, enabled: false, ..named(7, "mara") };
    let three = Client { name: name("Marc"), ..personal(3, ada.id) };
    let four = Client { owner: foreign, roles: vec![System], ..named(1, "Marz") };
    let other = Client { roles: vec![System], ..named(9, "Nora") };
    for stored in [&four, &two, &other, &one, &three] {
        given::client(store, stored, &[]).await;
    }
    let query = Query::default;
    let (foreign, hers) = (Some(foreign), Some(ClientOwner::User(ada.id)));
    for (query, expected) in [
        (query(), vec![&one, &two, &three, &four]),
        (Query { owner: foreign, ..query() }, vec![&two, &four]),
        (Query { owner: hers, ..query() }, vec![&three]),
        (Query { role: Some(System), ..query() }, vec![&one, &four]),
        (Query { role: Some(Internal), ..query() }, vec![&one]),
        (Query { enabled: Some(true), ..query() }, vec![&one, &three, &four]),
        (Query { enabled: Some(false), ..query() }, vec![&two]),
        (Query { owner: foreign, enabled: Some(true), ..query() }, vec![&four]),
    ] {
        for limit in 1..=5 {
            let found = searched(store, "mar", &query, limit).await;
            let found: Vec<_> = found.iter().map(|found| &found.client).collect();
            assert_eq!(found, expected, "{query:?} by {limit}");
        }
    }
    let after = Some(ClientMatch { key: "mara".to_owned(), id: client_id(5) });
    let rest = search(store, "mar", &query(), Slice { after, limit: 2 }).await;
    let rest: Vec<_> = rest.into_iter().map(|found| found.client).collect();
    assert_eq!(rest, [two, three], "an id counts where names are the same");
}

/// A client is found by the name that it has now.
pub async fn a_search_knows_the_present_name_of_a_client<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &named(1, "Mara"), &[]).await;
    let after = Client { version: 2, ..named(1, "Nora") };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_client(&after, 1).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(searched(store, "mara", &Query::default(), 9).await, []);
    let found = searched(store, "nora", &Query::default(), 9).await;
    assert_eq!(found.iter().map(|it| &it.client).collect::<Vec<_>>(), [&after]);
}

fn named(n: u8, name: &str) -> Client<Suite> {
    Client { name: PersonName::from_stored(name.to_owned()), ..client(n) }
}

async fn search<S: Store<Attrs = Suite>>(
    store: &S,
    begin: &str,
    query: &Query,
    slice: Slice<ClientMatch>,
) -> Vec<FoundClient<Suite>> {
    let begin = SearchKey::parse(begin).unwrap();
    store.read().await.unwrap().search_clients(&begin, query, slice).await.unwrap()
}

/// All that is found, in parts.
async fn searched<S: Store<Attrs = Suite>>(
    store: &S,
    begin: &str,
    query: &Query,
    limit: u32,
) -> Vec<FoundClient<Suite>> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let part = search(store, begin, query, Slice { after, limit }).await;
        assert!(part.len() <= limit as usize, "more than was asked for");
        let Some(last) = part.last() else { return found };
        after = Some(last.place.clone());
        found.extend(part);
        assert!(found.len() < 50, "no end");
    }
}
