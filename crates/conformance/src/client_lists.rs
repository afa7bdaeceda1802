//! Promises about the list of the clients of everybody.

use durward_core::entity::{Client, ClientOwner};
use durward_core::ids::ClientId;
use durward_core::store::{ClientQuery, Clients, ClientsMut, Tx};
use durward_core::{Slice, StandardClientRole, Store};

use crate::sample::{client, client_id, organization_id, personal, user_id};
use crate::{Suite, given};

type Query = ClientQuery<Suite>;

/// The clients of everybody are told from the highest id on, in parts of any size, and as they are asked for: all that
/// is given must fit.
pub async fn clients_of_everybody_are_told_as_they_are_asked_for<S: Store<Attrs = Suite>>(
    store: &S,
) {
    use StandardClientRole::{External, Internal, System};
    let [ada, eve] = given::users(store, [1, 2]).await;
    let foreign = ClientOwner::Organization(organization_id(2));
    let nine = Client { roles: vec![Internal, System], ..client(9) };
    let seven = Client { enabled: false, ..personal(7, ada.id) };
    let six = Client { owner: foreign, roles: vec![System], enabled: false, ..client(6) };
    let four = personal(4, eve.id);
    let two = Client { roles: vec![], ..client(2) };
    let one = Client { owner: foreign, ..client(1) };
    for stored in [&four, &one, &nine, &six, &two, &seven] {
        given::client(store, stored, &[]).await;
    }
    let query = Query::default;
    let home = Some(client(1).owner);
    let (foreign, hers) = (Some(foreign), Some(ClientOwner::User(ada.id)));
    for (query, expected) in [
        (query(), &[9, 7, 6, 4, 2, 1][..]),
        (Query { owner: home, ..query() }, &[9, 2]),
        (Query { owner: foreign, ..query() }, &[6, 1]),
        (Query { owner: hers, ..query() }, &[7]),
        (Query { owner: Some(ClientOwner::User(user_id(9))), ..query() }, &[]),
        (Query { role: Some(System), ..query() }, &[9, 6]),
        (Query { role: Some(Internal), ..query() }, &[9]),
        (Query { role: Some(External), ..query() }, &[7, 4, 1]),
        (Query { enabled: Some(true), ..query() }, &[9, 4, 2, 1]),
        (Query { enabled: Some(false), ..query() }, &[7, 6]),
        (Query { owner: foreign, role: Some(System), ..query() }, &[6]),
        (Query { owner: foreign, enabled: Some(true), ..query() }, &[1]),
        (Query { owner: hers, enabled: Some(true), ..query() }, &[]),
        (Query { role: Some(System), enabled: Some(true), ..query() }, &[9]),
        (Query { owner: home, role: Some(System), enabled: Some(false) }, &[]),
    ] {
        for limit in 1..=7 {
            let told = told(store, &query, limit).await;
            let ids: Vec<_> = told.iter().map(|it| it.id).collect();
            let expected: Vec<_> = expected.iter().map(|n| client_id(*n)).collect();
            assert_eq!(ids, expected, "{query:?} by {limit}");
        }
    }
    let all = told(store, &query(), 9).await;
    assert_eq!(all, [nine, seven, six, four, two, one]);
    assert_eq!(list(store, &query(), Slice { after: None, limit: 0 }).await, []);
    let rest = list(store, &query(), Slice { after: Some(client_id(5)), limit: 9 }).await;
    assert_eq!(rest[..], all[3..], "a place stays one when nothing stands there");
}

/// A client is told by what it is now.
pub async fn a_changed_client_is_told_by_what_it_is_now<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &client(1), &[]).await;
    let roles = vec![StandardClientRole::System];
    let after = Client { roles, enabled: false, version: 2, ..client(1) };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_client(&after, 1).await.unwrap());
    tx.commit().await.unwrap();
    for role in [StandardClientRole::System, StandardClientRole::External] {
        let found = told(store, &Query { role: Some(role), ..Query::default() }, 9).await;
        assert_eq!(found.contains(&after), role == StandardClientRole::System);
    }
    assert_eq!(told(store, &Query { enabled: Some(true), ..Query::default() }, 9).await, []);
}

async fn list<S: Store<Attrs = Suite>>(
    store: &S,
    query: &Query,
    slice: Slice<ClientId>,
) -> Vec<Client<Suite>> {
    store.read().await.unwrap().list_clients(query, slice).await.unwrap()
}

/// The whole list, in parts.
async fn told<S: Store<Attrs = Suite>>(store: &S, query: &Query, limit: u32) -> Vec<Client<Suite>> {
    let (mut told, mut after) = (Vec::new(), None);
    loop {
        let part = list(store, query, Slice { after, limit }).await;
        assert!(part.len() <= limit as usize, "more than was asked for");
        let Some(last) = part.last() else { return told };
        after = Some(last.id);
        told.extend(part);
        assert!(told.len() < 50, "no end");
    }
}
