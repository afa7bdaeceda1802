//! Promises about what is told of a person.

use durward_core::entity::{Flow, Session};
use durward_core::page::Slice;
use durward_core::store::Dossier;
use durward_core::{Store, Timestamp};

use crate::sample::{at, flow, session};
use crate::{Suite, given};

/// Every session of a user is told, over or not, by descending id, and nobody else's.
pub async fn every_session_of_a_user_is_told_in_parts<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let expired = Session { expires: Timestamp::from_millis(1), ..session(5, ada.id) };
    let ended = Session { ended: Some(at(9)), ..session(3, ada.id) };
    let all = [session(7, ada.id), expired, ended, session(1, ada.id)];
    let other = session(4, eve.id);
    given::sessions(store, &[&all[2], &all[0], &other, &all[3], &all[1]]).await;
    let mut read = store.read().await.unwrap();
    for (after, limit, expected) in [
        (None, 9, 0..4),
        (None, 3, 0..3),
        (Some(2), 9, 3..4),
        (Some(0), 2, 1..3),
        (Some(3), 9, 4..4),
    ] {
        let slice = Slice { after: after.map(|n: usize| all[n].id), limit };
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
    for (after, limit, expected) in [
        (None, 9, 0..4),
        (None, 3, 0..3),
        (Some(2), 9, 3..4),
        (Some(0), 2, 1..3),
        (Some(3), 9, 4..4),
    ] {
        let slice = Slice { after: after.map(|n: usize| all[n].id), limit };
        assert_eq!(read.every_flow_of(ada.id, slice).await.unwrap(), all[expected]);
    }
}
