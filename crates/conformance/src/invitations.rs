//! Promises about invitations.

use durward_core::entity::Invitation;
use durward_core::ids::InvitationId;
use durward_core::store::{Invitations, InvitationsMut, Tx};
use durward_core::{Slice, StandardOrganizationRole, Store};

use crate::race::{race, winners};
use crate::sample::{address, at, digest, invitation, organization, organization_id};
use crate::{Suite, given, seen};

/// Every field of an invitation comes back as it was, by id and by code, open or not.
pub async fn an_invitation_comes_back_as_it_was_stored<S: Store<Attrs = Suite>>(store: &S) {
    given::users(store, [1]).await;
    given::organizations(store, &[&organization(1)]).await;
    let variants = [
        invitation(1, 1),
        Invitation { role: StandardOrganizationRole::Owner, ..invitation(2, 1) },
        Invitation { finished: Some(at(20)), expires: at(15), ..invitation(3, 1) },
    ];
    for stored in variants {
        let mut tx = store.begin().await.unwrap();
        tx.insert_invitation(&stored).await.unwrap();
        assert_eq!(tx.invitation(stored.id).await.unwrap().as_ref(), Some(&stored));
        tx.commit().await.unwrap();
        let mut read = store.read().await.unwrap();
        let found = read.invitation_by_code(&stored.code).await.unwrap();
        assert_eq!(found.as_ref(), Some(&stored));
        assert_eq!(seen::invitation(store, stored.id).await, Some(stored));
    }
    let mut read = store.read().await.unwrap();
    assert_eq!(read.invitation_by_code(&digest(0x99, 9)).await.unwrap(), None);
    assert_eq!(seen::invitation(store, InvitationId::from_bytes([9; 16])).await, None);
}

/// An invitation is finished once, before it expires, and no other with it.
pub async fn an_invitation_is_finished_once<S: Store<Attrs = Suite>>(store: &S) {
    given::users(store, [1]).await;
    given::organizations(store, &[&organization(1)]).await;
    let (first, other) = (invitation(1, 1), invitation(2, 1));
    given::invitations(store, &[&first, &other]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.finish_invitation(first.id, first.expires).await.unwrap());
    assert!(tx.finish_invitation(first.id, at(8)).await.unwrap());
    assert!(!tx.finish_invitation(first.id, at(9)).await.unwrap());
    assert!(!tx.finish_invitation(InvitationId::from_bytes([9; 16]), at(8)).await.unwrap());
    tx.commit().await.unwrap();
    let expected = Invitation { finished: Some(at(8)), ..first };
    assert_eq!(seen::invitation(store, expected.id).await, Some(expected));
    assert_eq!(seen::invitation(store, other.id).await, Some(other));
}

/// Of concurrent acceptances of one invitation one counts.
pub async fn of_concurrent_acceptances_one_counts<S: Store<Attrs = Suite>>(store: &S) {
    given::users(store, [1]).await;
    given::organizations(store, &[&organization(1)]).await;
    given::invitations(store, &[&invitation(1, 1)]).await;
    let answers = race(store, 8, |_, tx| {
        Box::pin(async move { tx.finish_invitation(invitation(1, 1).id, at(8)).await })
    });
    assert_eq!(winners(answers.await), 1);
}

/// All unfinished invitations of an organization to an address are finished, and no others.
pub async fn invitations_to_an_address_are_finished_together<S: Store<Attrs = Suite>>(store: &S) {
    given::users(store, [1]).await;
    given::organizations(store, &[&organization(1), &organization(2)]).await;
    let to = |n, text| Invitation { email: address(text), ..invitation(n, 1) };
    let expired = Invitation { expires: at(1), ..to(2, "eve@example.com") };
    let over = Invitation { finished: Some(at(2)), ..to(3, "eve@example.com") };
    let hers = to(1, "eve@example.com");
    let another = to(4, "eve@example.comm");
    let elsewhere = Invitation { email: address("eve@example.com"), ..invitation(5, 2) };
    given::invitations(store, &[&hers, &expired, &over, &another, &elsewhere]).await;
    let mut tx = store.begin().await.unwrap();
    let email = address("eve@example.com");
    let finish = tx.finish_invitations_to(organization_id(1), email.canonical(), at(8)).await;
    assert_eq!(finish.unwrap(), 2);
    tx.commit().await.unwrap();
    for finished in [hers, expired] {
        let expected = Invitation { finished: Some(at(8)), ..finished };
        assert_eq!(seen::invitation(store, expected.id).await, Some(expected));
    }
    for untouched in [over, another, elsewhere] {
        assert_eq!(seen::invitation(store, untouched.id).await, Some(untouched));
    }
}

/// The open invitations of an organization are counted, and told from the highest id on, in parts.
pub async fn open_invitations_are_told_in_parts<S: Store<Attrs = Suite>>(store: &S) {
    given::users(store, [1]).await;
    given::organizations(store, &[&organization(1), &organization(2)]).await;
    let open = [200, 9, 3].map(|n| invitation(n, 1));
    let expired = Invitation { expires: at(50), ..invitation(4, 1) };
    let finished = Invitation { finished: Some(at(2)), ..invitation(5, 1) };
    let elsewhere = invitation(6, 2);
    let rows = [&open[1], &expired, &open[0], &finished, &elsewhere, &open[2]];
    given::invitations(store, &rows).await;
    for limit in 1..=4 {
        let mut told: Vec<Invitation<Suite>> = Vec::new();
        loop {
            let slice = Slice { after: told.last().map(|it| it.id), limit };
            let mut read = store.read().await.unwrap();
            let part = read.invitations_of(organization_id(1), at(50), slice).await.unwrap();
            assert!(part.len() <= limit as usize, "more than was asked for");
            if part.is_empty() {
                break;
            }
            told.extend(part);
        }
        assert_eq!(told, open, "in parts of {limit}");
    }
    let mut read = store.read().await.unwrap();
    assert_eq!(read.count_invitations(organization_id(1), at(50)).await.unwrap(), 3);
    assert_eq!(read.count_invitations(organization_id(1), at(49)).await.unwrap(), 4);
    assert_eq!(read.count_invitations(organization_id(9), at(50)).await.unwrap(), 0);
}
