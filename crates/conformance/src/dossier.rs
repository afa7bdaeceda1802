//! Promises about what is told of a person.

use std::ops::Range;

use durward_core::email::EmailParts;
use durward_core::entity::{Flow, Invitation, LoginEmail, Session};
use durward_core::page::Slice;
use durward_core::store::Dossier;
use durward_core::{EmailAddress, Store, Timestamp};

use crate::sample::{address, at, claim, flow, invitation, organization, parts, proven, session};
use crate::{Suite, given};

/// Parts of four rows: after which, how many at most, and which are told.
const PARTS: [(Option<usize>, u32, Range<usize>); 5] =
    [(None, 9, 0..4), (None, 3, 0..3), (Some(2), 9, 3..4), (Some(0), 2, 1..3), (Some(3), 9, 4..4)];

/// Every session of a user is told, over or not, by descending id, and nobody else's.
pub async fn every_session_of_a_user_is_told_in_parts<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let expired = Session { expires: Timestamp::from_millis(1), ..session(5, ada.id) };
    let ended = Session { ended: Some(at(9)), ..session(3, ada.id) };
    let all = [session(7, ada.id), expired, ended, session(1, ada.id)];
    let other = session(4, eve.id);
    given::sessions(store, &[&all[2], &all[0], &other, &all[3], &all[1]]).await;
    let mut read = store.read().await.unwrap();
    for (after, limit, expected) in PARTS {
        let slice = Slice { after: after.map(|n| all[n].id), limit };
        assert_eq!(read.every_session_of(ada.id, slice).await.unwrap(), all[expected]);
    }
}

/// Every flow about a user is told, over or not, by descending id, and nobody else's.
pub async fn every_flow_about_a_user_is_told_in_parts<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let of = |n, user| Flow { user, ..flow(n) };
    let expired = Flow { expires: Timestamp::from_millis(1), ..of(5, Some(ada.id)) };
    let finished = Flow { finished: Some(at(9)), ..of(3, Some(ada.id)) };
    let all = [of(7, Some(ada.id)), expired, finished, of(1, Some(ada.id))];
    let others = [of(4, Some(eve.id)), of(6, None)];
    given::flows(store, &[&all[2], &all[0], &others[0], &others[1], &all[3], &all[1]]).await;
    let mut read = store.read().await.unwrap();
    for (after, limit, expected) in PARTS {
        let slice = Slice { after: after.map(|n| all[n].id), limit };
        assert_eq!(read.every_flow_of(ada.id, slice).await.unwrap(), all[expected]);
    }
}

/// Every invitation to a proven address of a user is told, open or not, by descending id, and none to an address that
/// he only claims.
pub async fn every_invitation_to_a_user_is_told_in_parts<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    given::emails(
        store,
        &[
            &proven(3, ada.id, "ada@example.com"),
            &LoginEmail { primary: false, ..proven(4, ada.id, "countess@example.com") },
            &claim(5, ada.id, "ghost@example.com"),
            &claim(6, ada.id, "eve@example.com"),
            &proven(7, eve.id, "eve@example.com"),
            &claim(8, eve.id, "ada@example.com"),
        ],
    )
    .await;
    given::organizations(store, &[&organization(1), &organization(2)]).await;
    let to = |n, of, text| Invitation { email: address(text), ..invitation(n, of) };
    let expired =
        Invitation { expires: Timestamp::from_millis(1), ..to(5, 2, "countess@example.com") };
    let spelled = EmailParts { typed: "Ada@Example.com".into(), ..parts("ada@example.com") };
    let finished = Invitation {
        email: EmailAddress::from_stored(spelled),
        finished: Some(at(9)),
        ..invitation(3, 1)
    };
    let all = [to(7, 1, "ada@example.com"), expired, finished, to(1, 1, "ada@example.com")];
    let others = [to(4, 1, "eve@example.com"), to(6, 2, "ghost@example.com"), to(2, 1, "m@x.io")];
    let [eves, ghosts, nobodys] = &others;
    given::invitations(store, &[&all[2], &all[0], eves, ghosts, nobodys, &all[3], &all[1]]).await;
    let mut read = store.read().await.unwrap();
    for (after, limit, expected) in PARTS {
        let slice = Slice { after: after.map(|n| all[n].id), limit };
        assert_eq!(read.every_invitation_to(ada.id, slice).await.unwrap(), all[expected]);
    }
}
