//! Promises about lists: what is told, in which order, and in parts of any size each row once.

use durward_core::entity::Session;
use durward_core::ids::{SessionId, UserId};
use durward_core::store::{SessionQuery, Sessions, SessionsMut, Tx};
use durward_core::{Slice, Store, Timestamp};

use crate::sample::{at, client_id, session, user_id};
use crate::{Suite, given, seen};

/// The sessions of a user that were not ended are listed from the newest on; the rule decides which of
/// them have expired (R-SE-13).
pub async fn open_sessions_are_listed_from_the_newest_on<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let oldest = Session { created: at(10), ..session(2, ada.id) };
    let past = Timestamp::from_millis(1);
    let middle = Session { created: at(20), expires: past, ..session(3, ada.id) };
    let newest = Session { created: at(30), ..session(1, ada.id) };
    let over = Session { created: at(25), ended: Some(at(26)), ..session(4, ada.id) };
    let ending = Session { created: at(27), ..session(5, ada.id) };
    let other = Session { created: at(15), ..session(6, eve.id) };
    given::sessions(store, &[&middle, &oldest, &over, &newest, &other, &ending]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.end_session(ending.id, at(28)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::sessions_of(store, ada.id).await, [newest, middle, oldest]);
    assert_eq!(seen::sessions_of(store, eve.id).await, [other]);
}

/// The sessions of a user are told from the highest id on, in parts of any size.
pub async fn live_sessions_are_told_in_parts<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    // By id, whatever the times say.
    let mine =
        [200, 9, 3, 2].map(|n| Session { created: at(300 - i64::from(n)), ..session(n, ada.id) });
    let [one, two, three, four] = &mine;
    let others = [session(1, eve.id), session(4, eve.id), session(255, eve.id)];
    given::sessions(store, &[three, one, &others[0], four, &others[1], two, &others[2]]).await;
    for limit in 1..=5 {
        let mut told = Vec::new();
        let mut after = None;
        loop {
            let part = live(store, ada.id, Slice { after, limit }).await;
            assert!(part.len() <= limit as usize, "more than was asked for");
            let Some(last) = part.last() else { break };
            after = Some(last.id);
            told.extend(part);
        }
        assert_eq!(told, mine, "in parts of {limit}");
    }
    assert_eq!(live(store, user_id(9), Slice { after: None, limit: 5 }).await, []);
}

/// All that is asked for must fit, alone and together: whose it is, through which client it was opened, and
/// since when, that id included.
pub async fn live_sessions_are_told_as_they_are_asked_for<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let other = Some(client_id(8));
    let five = Session { client: None, ..session(5, ada.id) };
    let four = Session { client: other, ..session(4, eve.id) };
    let three = Session { client: other, ended: Some(at(1)), ..session(3, ada.id) };
    let [two, one] = [session(2, eve.id), Session { client: other, ..session(1, ada.id) }];
    given::sessions(store, &[&one, &two, &three, &four, &five]).await;
    let query = SessionQuery::default;
    let user = Some(ada.id);
    for (query, expected) in [
        (query(), vec![&five, &four, &two, &one]),
        (SessionQuery { user, ..query() }, vec![&five, &one]),
        (SessionQuery { client: other, ..query() }, vec![&four, &one]),
        (SessionQuery { from: Some(two.id), ..query() }, vec![&five, &four, &two]),
        (SessionQuery { user, client: other, ..query() }, vec![&one]),
        (SessionQuery { client: other, from: Some(two.id), ..query() }, vec![&four]),
        (SessionQuery { user, client: other, from: Some(two.id) }, vec![]),
    ] {
        for limit in [1, 9] {
            let (mut told, mut after) = (Vec::new(), None);
            loop {
                let part = asked(store, &query, Slice { after, limit }).await;
                let Some(last) = part.last() else { break };
                after = Some(last.id);
                told.extend(part);
            }
            assert_eq!(told.iter().collect::<Vec<_>>(), expected, "{query:?}");
        }
    }
}

/// A place stays one when its row is gone, and what comes and goes before it changes nothing.
pub async fn a_place_outlives_its_row<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let [four, three, two, one] = [4, 3, 2, 1].map(|n| session(n, ada.id));
    given::sessions(store, &[&one, &three, &two, &four]).await;
    let first = live(store, ada.id, Slice { after: None, limit: 2 }).await;
    assert_eq!(first, [four.clone(), three.clone()]);
    let mut tx = store.begin().await.unwrap();
    assert!(tx.end_session(three.id, at(1)).await.unwrap());
    assert!(tx.end_session(four.id, at(1)).await.unwrap());
    tx.insert_session(&session(8, ada.id)).await.unwrap();
    tx.commit().await.unwrap();
    let after = Some(three.id);
    assert_eq!(live(store, ada.id, Slice { after, limit: 9 }).await, [two, one]);
}

/// A session is told while it has not ended and one of its tokens is good, to the millisecond (R-SE-13).
pub async fn only_what_is_alive_is_told<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let alive = [
        Session { token_expires: at(51), refresh_expires: at(50), ..session(9, ada.id) },
        Session { token_expires: at(50), refresh_expires: at(51), ..session(8, ada.id) },
        Session { expires: at(51), ..session(7, ada.id) },
    ];
    let over = [
        Session { token_expires: at(50), refresh_expires: at(50), ..session(6, ada.id) },
        Session { expires: at(50), ..session(5, ada.id) },
        Session { ended: Some(at(49)), ..session(4, ada.id) },
    ];
    for session in alive.iter().chain(&over) {
        given::sessions(store, &[session]).await;
    }
    assert_eq!(live(store, ada.id, Slice { after: None, limit: 9 }).await, alive);
}

/// What lives fifty seconds after the suite's own epoch.
async fn live<S: Store<Attrs = Suite>>(
    store: &S,
    user: UserId,
    slice: Slice<SessionId>,
) -> Vec<Session<Suite>> {
    let query = SessionQuery { user: Some(user), ..SessionQuery::default() };
    asked(store, &query, slice).await
}

async fn asked<S: Store<Attrs = Suite>>(
    store: &S,
    query: &SessionQuery,
    slice: Slice<SessionId>,
) -> Vec<Session<Suite>> {
    store.read().await.unwrap().live_sessions(query, at(50), slice).await.unwrap()
}
