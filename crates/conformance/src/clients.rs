//! Promises about clients.

use std::time::Duration;

use durward_core::access::{AccessKind, AccessRule};
use durward_core::entity::{
    AccessRestriction, Client, ClientKind, ClientOwner, ClientSecret, ClientSessions, KeyOwner,
    LiveClient, LiveSecret, Organization, RateLimit, RedirectUri, User, UserStatus,
};
use durward_core::ids::{ClientId, RestrictionId};
use durward_core::store::{Clients, ClientsMut, OrganizationsMut, Tx, UsersMut};
use durward_core::{PersonName, Slice, StandardClientRole, Store, StoreError};

use crate::race::{race, winners};
use crate::sample::{
    TRICKY, at, client, client_id, client_secret, organization, organization_id, personal,
    secret_id, user,
};
use crate::{Colour, Profile, Suite, given, seen};

const ALL: Slice<ClientId> = Slice { after: None, limit: 10 };

/// Every field of a client comes back as it was: within the unit of work, after it, alone and in a list.
pub async fn a_client_comes_back_as_it_was_stored<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let full = Client {
        name: PersonName::from_stored(TRICKY.to_owned()),
        kind: ClientKind::Public,
        enabled: false,
        require_user: true,
        rate_limit: RateLimit::per_second(RateLimit::MAX),
        sessions: ClientSessions {
            idle: Some(Duration::from_millis(61_001)),
            absolute: Some(ClientSessions::LONGEST),
        },
        redirect_uris: ["https://b.example/?a='\"", "com.example.app:/x"]
            .map(|uri| RedirectUri::from_stored(uri.to_owned()))
            .to_vec(),
        roles: vec![StandardClientRole::System, StandardClientRole::External],
        restrictions: restrictions(),
        expires: Some(at(9)),
        version: i64::MAX,
        last_used: Some(at(8)),
        attrs: Profile { colour: Colour::Named(TRICKY.to_owned()), ..client(1).attrs },
        ..client(2)
    };
    given::organizations(store, &[&organization(1)]).await;
    for stored in [client(1), full, personal(3, ada.id)] {
        let mut tx = store.begin().await.unwrap();
        assert!(tx.insert_client(&stored, u32::MAX).await.unwrap());
        assert_eq!(tx.client(stored.id).await.unwrap().as_ref(), Some(&stored));
        tx.commit().await.unwrap();
        let owned = store.read().await.unwrap().clients_of(stored.owner, ALL).await.unwrap();
        assert!(owned.contains(&stored), "{owned:?}");
        assert_eq!(seen::client(store, stored.id).await, Some(stored));
    }
}

/// An id that no client has finds none, nor does the digest of a secret that nobody made.
pub async fn an_unknown_client_is_not_found<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &client(1), &[&client_secret(1, 1)]).await;
    assert_eq!(seen::client(store, client_id(2)).await, None);
    assert_eq!(seen::live_client(store, client_id(2)).await, None);
    assert_eq!(seen::client_by_secret(store, 2).await, None);
}

/// An id belongs to one client; a second one with it is a duplicate.
pub async fn a_client_id_is_taken_once<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &client(1), &[]).await;
    let mut tx = store.begin().await.unwrap();
    let again = Client { enabled: false, ..client(1) };
    let refused = tx.insert_client(&again, u32::MAX).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    drop(tx);
    assert_eq!(seen::client(store, client_id(1)).await, Some(client(1)));
}

/// An owner has as many clients as he may have, and no more: others do not count, and neither do those that are gone.
pub async fn an_owner_has_no_more_clients_than_he_may<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let foreign = Client { owner: ClientOwner::Organization(organization_id(2)), ..client(9) };
    for stored in [foreign, personal(10, eve.id)] {
        given::client(store, &stored, &[]).await;
    }
    given::organizations(store, &[&organization(1)]).await;
    for [one, two, three] in [[1, 2, 3].map(client), [4, 5, 6].map(|n| personal(n, ada.id))] {
        assert!(!insert(store, &one, 0).await);
        assert!(insert(store, &one, 1).await);
        assert!(!insert(store, &two, 1).await);
        assert_eq!(seen::client(store, two.id).await, None, "nothing was stored");
        let disabled = Client { enabled: false, ..two };
        assert!(insert(store, &disabled, 2).await);
        assert!(!insert(store, &three, 2).await, "it counts, if it may be used or not");
        let mut tx = store.begin().await.unwrap();
        assert!(tx.delete_client(one.id, one.version).await.unwrap());
        tx.commit().await.unwrap();
        assert!(insert(store, &three, 2).await, "there is room again");
    }
}

/// Of concurrent clients of an owner no more are made than there is room for.
pub async fn of_concurrent_clients_no_more_are_made_than_may_be<S: Store<Attrs = Suite>>(
    store: &S,
) {
    let [ada] = given::users(store, [1]).await;
    given::organizations(store, &[&organization(1)]).await;
    let answers = race(store, 16, |racer, tx| {
        Box::pin(async move { tx.insert_client(&client(racer + 1), 3).await })
    });
    assert_eq!(winners(answers.await), 3);
    let owner = ada.id;
    let answers = race(store, 16, move |racer, tx| {
        Box::pin(async move { tx.insert_client(&personal(racer + 20, owner), 3).await })
    });
    assert_eq!(winners(answers.await), 3);
    for owner in [client(1).owner, ClientOwner::User(ada.id)] {
        let all = store.read().await.unwrap().clients_of(owner, ALL).await.unwrap();
        assert_eq!(all.len(), 3, "{owner:?}");
    }
}

async fn insert<S: Store<Attrs = Suite>>(store: &S, client: &Client<Suite>, most: u32) -> bool {
    let mut tx = store.begin().await.unwrap();
    let inserted = tx.insert_client(client, most).await.unwrap();
    tx.commit().await.unwrap();
    inserted
}

/// The clients of an owner are listed by descending id, page by page, and nobody else's.
pub async fn clients_are_listed_page_by_page<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let foreign = ClientOwner::Organization(organization_id(2));
    for stored in [
        client(4),
        client(2),
        Client { owner: foreign, ..client(3) },
        client(1),
        personal(6, ada.id),
        personal(5, eve.id),
    ] {
        given::client(store, &stored, &[]).await;
    }
    for (owner, after, limit, expected) in [
        (client(1).owner, None, 2, &[4, 2][..]),
        (client(1).owner, Some(2), 2, &[1]),
        (client(1).owner, Some(3), 10, &[2, 1]),
        (client(1).owner, Some(1), 10, &[]),
        (client(1).owner, None, 0, &[]),
        (foreign, None, 10, &[3]),
        (ClientOwner::User(ada.id), None, 10, &[6]),
        (ClientOwner::Organization(organization_id(9)), None, 10, &[]),
    ] {
        let mut read = store.read().await.unwrap();
        let slice = Slice { after: after.map(client_id), limit };
        let page = read.clients_of(owner, slice).await.unwrap();
        let ids: Vec<_> = page.iter().map(|it| it.id).collect();
        let expected: Vec<_> = expected.iter().map(|n| client_id(*n)).collect();
        assert_eq!(ids, expected, "{owner:?} {after:?}");
    }
}

/// A change replaces what may change, of this client only, and leaves owner, kind, and the times of creation
/// and of the last use.
pub async fn a_change_of_a_client_leaves_what_is_for_ever<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let before = Client { last_used: Some(at(7)), ..client(1) };
    given::client(store, &before, &[]).await;
    given::client(store, &client(2), &[]).await;
    let changed = Client {
        owner: ClientOwner::User(ada.id),
        name: PersonName::from_stored("Other".to_owned()),
        kind: ClientKind::Public,
        enabled: false,
        require_user: true,
        rate_limit: RateLimit::per_second(3),
        sessions: ClientSessions {
            idle: Some(Duration::from_mins(1)),
            absolute: Some(Duration::from_hours(1)),
        },
        redirect_uris: vec![RedirectUri::from_stored("https://a.example/".to_owned())],
        roles: vec![StandardClientRole::Internal],
        restrictions: restrictions(),
        expires: Some(at(99)),
        version: 2,
        created: at(500),
        updated: at(501),
        last_used: Some(at(502)),
        attrs: Profile { colour: Colour::Red, ..before.attrs.clone() },
        ..before.clone()
    };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_client(&changed, before.version).await.unwrap());
    tx.commit().await.unwrap();
    let expected = Client {
        owner: before.owner,
        kind: before.kind,
        created: before.created,
        last_used: before.last_used,
        ..changed
    };
    assert_eq!(seen::client(store, expected.id).await, Some(expected));
    assert_eq!(seen::client(store, client_id(2)).await, Some(client(2)));
}

/// A change or a deletion from another version than the stored one, or of nobody, does nothing and says so.
pub async fn a_client_changes_from_its_present_version_only<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &client(1), &[&client_secret(1, 1)]).await;
    let mut tx = store.begin().await.unwrap();
    for from in [0, 2, i64::MIN, i64::MAX] {
        let changed = Client { version: 9, enabled: false, ..client(1) };
        assert!(!tx.update_client(&changed, from).await.unwrap());
        assert!(!tx.delete_client(client_id(1), from).await.unwrap());
    }
    assert!(!tx.update_client(&client(2), 1).await.unwrap());
    assert!(!tx.delete_client(client_id(2), 1).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::client(store, client_id(1)).await, Some(client(1)));
    assert!(seen::client_by_secret(store, 1).await.is_some());
}

/// Of concurrent changes from one version one is told that it happened.
pub async fn of_concurrent_changes_of_a_client_one_happens<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &client(1), &[]).await;
    let answers = race(store, 8, |_, tx| {
        Box::pin(async move { tx.update_client(&Client { version: 2, ..client(1) }, 1).await })
    });
    assert_eq!(winners(answers.await), 1);
}

/// A deleted client is gone with its secrets, and nobody else's are.
pub async fn a_deleted_client_is_gone_with_its_secrets<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &client(1), &[&client_secret(1, 1), &client_secret(2, 1)]).await;
    given::client(store, &client(2), &[&client_secret(3, 2)]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.delete_client(client_id(1), 1).await.unwrap());
    assert!(!tx.delete_client(client_id(1), 1).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::client(store, client_id(1)).await, None);
    assert_eq!(seen::live_client(store, client_id(1)).await, None);
    assert_eq!(seen::live_secrets(store, client_id(1), at(0)).await, []);
    assert_eq!(seen::client_by_secret(store, 1).await, None);
    assert_eq!(seen::client_by_secret(store, 2).await, None);
    assert!(seen::client_by_secret(store, 3).await.is_some());
}

/// What a request reads is what is stored: of the client, of its secret if it was found by one, and whether
/// the owner may act (R-SE-11).
pub async fn a_secret_finds_its_client_and_owner<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let stored = Client {
        kind: ClientKind::Public,
        enabled: false,
        require_user: true,
        rate_limit: RateLimit::per_second(7),
        roles: vec![StandardClientRole::Internal, StandardClientRole::External],
        restrictions: restrictions(),
        expires: Some(at(9)),
        ..personal(1, ada.id)
    };
    let secret =
        ClientSecret { expires: Some(at(50)), revoked: Some(at(40)), ..client_secret(1, 1) };
    given::client(store, &stored, &[&client_secret(2, 1), &secret]).await;
    let expected = LiveClient {
        id: stored.id,
        owner: stored.owner,
        owner_active: true,
        key_owner: Some(KeyOwner { roles: ada.roles.clone(), has_password: false, totp: None }),
        kind: stored.kind,
        enabled: false,
        require_user: true,
        rate_limit: stored.rate_limit,
        roles: stored.roles.clone(),
        restrictions: stored.restrictions.clone(),
        expires: stored.expires,
        secret: Some(LiveSecret {
            id: secret.id,
            expires: secret.expires,
            revoked: secret.revoked,
        }),
    };
    assert_eq!(seen::client_by_secret(store, 1).await.as_ref(), Some(&expected));
    let mut tx = store.begin().await.unwrap();
    let found = tx.live_client_by_secret(&secret.digest).await.unwrap();
    assert_eq!(found.as_ref(), Some(&expected));
    drop(tx);
    let named = LiveClient { secret: None, ..expected };
    assert_eq!(seen::live_client(store, stored.id).await.as_ref(), Some(&named));

    let banned = User { status: UserStatus::Banned, version: 2, ..ada };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_user(&banned, 1).await.unwrap());
    tx.commit().await.unwrap();
    let inactive = LiveClient { owner_active: false, ..named };
    assert_eq!(seen::live_client(store, stored.id).await, Some(inactive));
    let found = seen::client_by_secret(store, 1).await.unwrap();
    assert!(!found.owner_active);
}

/// A client of an organization is found with whether that is archived.
pub async fn a_client_of_an_organization_is_found<S: Store<Attrs = Suite>>(store: &S) {
    given::client(store, &client(1), &[&client_secret(1, 1)]).await;
    let found = seen::client_by_secret(store, 1).await.unwrap();
    assert_eq!((found.id, found.owner, found.owner_active), (client_id(1), client(1).owner, true));
    assert_eq!(found.secret.map(|it| it.id), Some(secret_id(1)));
    let archived = Organization { archived: Some(at(5)), version: 2, ..organization(1) };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_organization(&archived, 1).await.unwrap());
    tx.commit().await.unwrap();
    assert!(!seen::client_by_secret(store, 1).await.unwrap().owner_active);
    assert!(!seen::live_client(store, client_id(1)).await.unwrap().owner_active);
}

/// The clients of an erased user are gone with their secrets, and nobody else's are.
pub async fn an_erased_user_has_no_clients<S: Store<Attrs = Suite>>(store: &S) {
    let gone = User { status: UserStatus::Deleted, erasure: Some(at(10)), ..user(1) };
    given::user(store, &gone).await;
    let [eve] = given::users(store, [2]).await;
    given::client(store, &personal(1, gone.id), &[&client_secret(1, 1)]).await;
    given::client(store, &personal(2, eve.id), &[&client_secret(2, 2)]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.erase_user(gone.id, at(10)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::client(store, client_id(1)).await, None);
    assert_eq!(seen::client_by_secret(store, 1).await, None);
    assert!(seen::client_by_secret(store, 2).await.is_some());
}

/// One of each kind, and one that cannot be read.
fn restrictions() -> Vec<AccessRestriction> {
    let rules = [
        (AccessKind::Ip, "2001:db8::/32"),
        (AccessKind::Host, "https://shop.example:8443"),
        (AccessKind::Api, "api.shop.example/v1"),
    ];
    let rules = rules.map(|(kind, text)| AccessRule::parse(kind, text).unwrap());
    let readable = (1..)
        .zip(rules)
        .map(|(n, rule)| AccessRestriction::new(RestrictionId::from_bytes([n; 16]), rule));
    let unreadable = AccessRestriction::from_stored(r#"[{"id":"x"}]"#);
    readable.chain(unreadable).collect()
}
