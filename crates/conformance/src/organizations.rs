//! Promises about organizations.

use durward_core::entity::{AuthenticationStrength, Organization};
use durward_core::store::{Memberships, MembershipsMut, Organizations, OrganizationsMut, Tx};
use durward_core::{PersonName, Slice, StandardOrganizationRole, Store, StoreError};

use crate::race::{race, winners};
use crate::sample::{TRICKY, at, membership, organization, organization_id, user, user_id};
use crate::{Suite, given, seen};

/// Every field of an organization comes back as it was.
pub async fn an_organization_comes_back_as_it_was_stored<S: Store<Attrs = Suite>>(store: &S) {
    let variants = [
        organization(1),
        Organization { archived: Some(at(5)), ..organization(2) },
        Organization { name: PersonName::from_stored(TRICKY.to_owned()), ..organization(3) },
        Organization { version: 77, attrs: user(9).attrs, ..organization(4) },
        Organization { authentication: AuthenticationStrength::NoMailAlone, ..organization(5) },
        Organization { authentication: AuthenticationStrength::SecondFactor, ..organization(6) },
    ];
    for stored in variants {
        let mut tx = store.begin().await.unwrap();
        tx.insert_organization(&stored).await.unwrap();
        assert_eq!(tx.organization(stored.id).await.unwrap().as_ref(), Some(&stored));
        tx.commit().await.unwrap();
        assert_eq!(seen::organization(store, stored.id).await, Some(stored));
    }
    assert_eq!(seen::organization(store, organization_id(9)).await, None);
}

/// An id belongs to one organization.
pub async fn an_organization_id_is_taken_once<S: Store<Attrs = Suite>>(store: &S) {
    given::organizations(store, &[&organization(1)]).await;
    let other = Organization { version: 5, ..organization(1) };
    let mut tx = store.begin().await.unwrap();
    let refused = tx.insert_organization(&other).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    drop(tx);
    assert_eq!(seen::organization(store, other.id).await, Some(organization(1)));
}

/// An update from the stored version replaces what it names, and leaves the time of creation; one from
/// another version changes nothing.
pub async fn an_organization_is_updated_from_its_version<S: Store<Attrs = Suite>>(store: &S) {
    let (first, other) = (organization(1), organization(2));
    given::organizations(store, &[&first, &other]).await;
    let next = Organization {
        name: PersonName::from_stored("Next".to_owned()),
        archived: Some(at(50)),
        authentication: AuthenticationStrength::SecondFactor,
        version: 2,
        created: at(99),
        updated: at(60),
        attrs: user(8).attrs,
        ..first.clone()
    };
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.update_organization(&next, 2).await.unwrap());
    assert!(!tx.update_organization(&organization(9), 1).await.unwrap());
    assert!(tx.update_organization(&next, 1).await.unwrap());
    assert!(!tx.update_organization(&next, 1).await.unwrap());
    tx.commit().await.unwrap();
    let expected = Organization { created: first.created, ..next };
    assert_eq!(seen::organization(store, first.id).await.as_ref(), Some(&expected));
    let lifted =
        Organization { authentication: AuthenticationStrength::Any, version: 3, ..expected };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_organization(&lifted, 2).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::organization(store, first.id).await, Some(lifted));
    assert_eq!(seen::organization(store, other.id).await, Some(other));
    assert_eq!(seen::organization(store, organization_id(9)).await, None);
}

/// Of concurrent updates from one version one happens.
pub async fn of_concurrent_updates_of_an_organization_one_happens<S: Store<Attrs = Suite>>(
    store: &S,
) {
    given::organizations(store, &[&organization(1)]).await;
    let answers = race(store, 8, |racer, tx| {
        Box::pin(async move {
            let next = Organization { version: i64::from(racer) + 2, ..organization(1) };
            tx.update_organization(&next, 1).await
        })
    });
    assert_eq!(winners(answers.await), 1);
}

/// The organizations of a user are told with his membership, from the highest id on, in parts.
pub async fn organizations_of_a_user_are_told_in_parts<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let organizations = [3, 200, 9].map(|n| Organization {
        authentication: AuthenticationStrength::NoMailAlone,
        ..organization(n)
    });
    given::organizations(store, &organizations.each_ref()).await;
    let mine = [(1, 200), (9, 9), (5, 3)].map(|(n, of)| membership(n, of, ada.id));
    let theirs = membership(7, 9, eve.id);
    given::memberships(store, &[&mine[2], &theirs, &mine[0], &mine[1]]).await;
    for limit in 1..=4 {
        let mut told = Vec::new();
        let mut after = None;
        loop {
            let slice = Slice { after, limit };
            let mut read = store.read().await.unwrap();
            let part = read.organizations_of(ada.id, slice).await.unwrap();
            assert!(part.len() <= limit as usize, "more than was asked for");
            let Some(last) = part.last() else { break };
            after = Some(last.organization.id);
            told.extend(part);
        }
        let memberships: Vec<_> = told.iter().map(|it| it.membership.clone()).collect();
        assert_eq!(memberships, mine, "in parts of {limit}");
        assert!(told.iter().all(|it| it.organization.id == it.membership.organization));
        assert_eq!(told[0].organization, organizations[1]);
    }
}

/// Who locks an organization and then counts, counts what was committed before: of two owners who remove
/// each other one stays.
pub async fn a_lock_shows_what_was_committed_before<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    given::organizations(store, &[&organization(1)]).await;
    let owners = [membership(1, 1, ada.id), membership(2, 1, eve.id)];
    given::memberships(store, &owners.each_ref()).await;
    let answers = race(store, 2, |racer, tx| {
        Box::pin(async move {
            // As a flow does: it has looked before it locks.
            let victim = membership(2 - racer, 1, user_id(2 - racer));
            let _ = tx.membership(victim.id).await?;
            tx.lock_organization(organization_id(1)).await?;
            let owners =
                tx.count_members(organization_id(1), StandardOrganizationRole::Owner).await?;
            Ok(owners > 1 && tx.delete_membership(victim.id, 1).await?)
        })
    });
    assert_eq!(winners(answers.await), 1);
    let mut read = store.read().await.unwrap();
    let left = read.count_members(organization_id(1), StandardOrganizationRole::Owner).await;
    assert_eq!(left.unwrap(), 1);
}

/// A lock answers whether the organization is there, and changes nothing.
pub async fn a_lock_changes_nothing<S: Store<Attrs = Suite>>(store: &S) {
    let archived = Organization { archived: Some(at(5)), ..organization(1) };
    given::organizations(store, &[&archived]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.lock_organization(archived.id).await.unwrap());
    assert!(!tx.lock_organization(organization_id(9)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::organization(store, archived.id).await, Some(archived));
    assert_eq!(seen::organization(store, organization_id(9)).await, None);
}
