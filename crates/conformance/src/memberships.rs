//! Promises about memberships.

use durward_core::entity::{Membership, User, UserStatus};
use durward_core::ids::{MembershipId, OrganizationId};
use durward_core::store::{Memberships, MembershipsMut, Tx};
use durward_core::{Slice, StandardOrganizationRole, Store, StoreError};

use crate::race::{accepted, race, winners};
use crate::sample::{at, membership, organization, organization_id, user, user_id};
use crate::{Suite, given, seen};

/// Every field of a membership comes back as it was, by id and by organization and user.
pub async fn a_membership_comes_back_as_it_was_stored<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    given::organizations(store, &[&organization(1), &organization(2)]).await;
    let variants = [
        membership(1, 1, ada.id),
        Membership {
            role: StandardOrganizationRole::Viewer,
            version: 9,
            updated: at(500),
            ..membership(2, 2, ada.id)
        },
    ];
    for stored in variants {
        let mut tx = store.begin().await.unwrap();
        tx.insert_membership(&stored).await.unwrap();
        assert_eq!(tx.membership(stored.id).await.unwrap().as_ref(), Some(&stored));
        tx.commit().await.unwrap();
        let found = seen::membership_of(store, stored.organization, stored.user).await;
        assert_eq!(found.as_ref(), Some(&stored));
        assert_eq!(seen::membership(store, stored.id).await, Some(stored));
    }
    assert_eq!(seen::membership(store, MembershipId::from_bytes([9; 16])).await, None);
    assert_eq!(seen::membership_of(store, organization_id(1), eve.id).await, None);
    assert_eq!(seen::membership_of(store, organization_id(9), ada.id).await, None);
}

/// A user is a member of an organization once (GW-26).
pub async fn a_user_is_a_member_once<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::organizations(store, &[&organization(1)]).await;
    given::memberships(store, &[&membership(1, 1, ada.id)]).await;
    let mut tx = store.begin().await.unwrap();
    let refused = tx.insert_membership(&membership(2, 1, ada.id)).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
}

/// Of concurrent memberships of one user in one organization one is stored.
pub async fn of_concurrent_memberships_one_is_stored<S: Store<Attrs = Suite>>(store: &S) {
    given::users(store, [1]).await;
    given::organizations(store, &[&organization(1)]).await;
    let answers = race(store, 8, |racer, tx| {
        Box::pin(async move { tx.insert_membership(&membership(racer + 1, 1, user_id(1))).await })
    });
    assert_eq!(accepted(&answers.await), 1);
}

/// A role is replaced from the stored version, and nothing else is: neither whose it is nor since when.
pub async fn a_membership_is_updated_from_its_version<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    given::organizations(store, &[&organization(1), &organization(2)]).await;
    let (first, other) = (membership(1, 1, ada.id), membership(2, 1, eve.id));
    given::memberships(store, &[&first, &other]).await;
    let next = Membership {
        role: StandardOrganizationRole::Editor,
        version: 2,
        created: at(99),
        updated: at(60),
        ..first.clone()
    };
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.update_membership(&next, 2).await.unwrap());
    assert!(!tx.update_membership(&membership(9, 2, ada.id), 1).await.unwrap());
    assert!(tx.update_membership(&next, 1).await.unwrap());
    tx.commit().await.unwrap();
    let expected = Membership { created: first.created, ..next };
    assert_eq!(seen::membership(store, first.id).await, Some(expected));
    assert_eq!(seen::membership(store, other.id).await, Some(other));
}

/// Of concurrent changes of one membership, removals among them, one happens.
pub async fn of_concurrent_changes_of_a_membership_one_happens<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::organizations(store, &[&organization(1)]).await;
    given::memberships(store, &[&membership(1, 1, ada.id)]).await;
    let answers = race(store, 8, |racer, tx| {
        Box::pin(async move {
            let first = membership(1, 1, user_id(1));
            if racer % 2 == 0 {
                return tx.delete_membership(first.id, 1).await;
            }
            let next = Membership { version: i64::from(racer) + 2, ..first };
            tx.update_membership(&next, 1).await
        })
    });
    assert_eq!(winners(answers.await), 1);
}

/// A membership is deleted at its version, and no other with it.
pub async fn a_membership_is_deleted_at_its_version<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    given::organizations(store, &[&organization(1)]).await;
    let (first, other) = (membership(1, 1, ada.id), membership(2, 1, eve.id));
    given::memberships(store, &[&first, &other]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.delete_membership(first.id, 2).await.unwrap());
    assert!(tx.delete_membership(first.id, 1).await.unwrap());
    assert!(!tx.delete_membership(first.id, 1).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::membership(store, first.id).await, None);
    assert_eq!(seen::membership(store, other.id).await, Some(other));
}

/// The members of an organization are told with their names, from the highest id on, in parts.
pub async fn members_are_told_in_parts<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve, bob] = given::users(store, [1, 2, 3]).await;
    given::organizations(store, &[&organization(1), &organization(2)]).await;
    let ours = [(200, &eve), (9, &bob), (3, &ada)].map(|(n, it)| membership(n, 1, it.id));
    let elsewhere = membership(5, 2, ada.id);
    given::memberships(store, &[&ours[1], &elsewhere, &ours[2], &ours[0]]).await;
    for limit in 1..=4 {
        let mut told = Vec::new();
        let mut after = None;
        loop {
            let part = members(store, organization_id(1), Slice { after, limit }).await;
            assert!(part.len() <= limit as usize, "more than was asked for");
            let Some((last, _)) = part.last() else { break };
            after = Some(last.id);
            told.extend(part);
        }
        let names: Vec<_> = told.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, [eve.name.as_str(), bob.name.as_str(), ada.name.as_str()]);
        let memberships: Vec<_> = told.into_iter().map(|(membership, _)| membership).collect();
        assert_eq!(memberships, ours, "in parts of {limit}");
    }
}

/// Members are counted by role, without those who may not use the account; memberships by user.
pub async fn members_are_counted_by_role<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let banned = User { status: UserStatus::Banned, ..user(3) };
    given::user(store, &banned).await;
    given::organizations(store, &[&organization(1), &organization(2)]).await;
    let viewer = Membership { role: StandardOrganizationRole::Viewer, ..membership(2, 1, eve.id) };
    let rows = [membership(1, 1, ada.id), viewer, membership(3, 1, banned.id)];
    given::memberships(store, &rows.each_ref()).await;
    given::memberships(store, &[&membership(4, 2, ada.id)]).await;
    let mut read = store.read().await.unwrap();
    let mut count = async |n, role| read.count_members(organization_id(n), role).await.unwrap();
    assert_eq!(count(1, StandardOrganizationRole::Owner).await, 1);
    assert_eq!(count(1, StandardOrganizationRole::Viewer).await, 1);
    assert_eq!(count(1, StandardOrganizationRole::Editor).await, 0);
    assert_eq!(count(9, StandardOrganizationRole::Owner).await, 0);
    let mut read = store.read().await.unwrap();
    assert_eq!(read.count_memberships(ada.id).await.unwrap(), 2);
    assert_eq!(read.count_memberships(eve.id).await.unwrap(), 1);
    assert_eq!(read.count_memberships(user_id(9)).await.unwrap(), 0);
}

async fn members<S: Store<Attrs = Suite>>(
    store: &S,
    organization: OrganizationId,
    slice: Slice<MembershipId>,
) -> Vec<(Membership<Suite>, durward_core::PersonName)> {
    let mut read = store.read().await.unwrap();
    let members = read.members_of(organization, slice).await.unwrap();
    members.into_iter().map(|it| (it.membership, it.name)).collect()
}
