//! Promises about the tokens of a session, as they follow each other.

use durward_core::Store;
use durward_core::entity::Session;
use durward_core::store::{Sessions, SessionsMut, Tx};

use crate::race::race;
use crate::sample::{agent, at, refresh, rotated, session, token, user_id};
use crate::sessions::live;
use crate::{Device, Suite, given, seen};

/// A rotation replaces the tokens and their times, of this session only, and nothing else.
pub async fn a_rotation_replaces_the_tokens_and_nothing_else<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let [first, other] = [session(1, ada.id), session(2, ada.id)];
    given::sessions(store, &[&first, &other]).await;
    let expected = rotated(&first, 11);
    let asked = Session {
        user: eve.id,
        client: None,
        methods: vec![],
        authenticated: at(77),
        created: at(77),
        expires: at(77),
        ended: Some(at(77)),
        ip: "192.0.2.1".parse().ok(),
        agent: Some(agent("other")),
        attrs: Device { label: Some("other".into()), colours: vec![] },
        ..expected.clone()
    };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.rotate_session(&asked, &first.refresh).await.unwrap());
    assert_eq!(tx.session(first.id).await.unwrap().as_ref(), Some(&expected));
    tx.commit().await.unwrap();
    let found = seen::session_by_token(store, &expected.token).await;
    assert_eq!(found, Some(live(&expected, &ada)));
    assert_eq!(seen::session(store, first.id).await, Some(expected));
    assert_eq!(seen::session(store, other.id).await, Some(other));
}

/// After a rotation the token of before finds nothing (R-SE-08).
pub async fn a_token_of_before_the_rotation_finds_nothing<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let first = session(1, ada.id);
    given::sessions(store, &[&first]).await;
    let mut current = first;
    for to in 11..14 {
        let next = rotated(&current, to);
        let mut tx = store.begin().await.unwrap();
        assert!(tx.rotate_session(&next, &current.refresh).await.unwrap());
        assert_eq!(tx.session_by_token(&current.token).await.unwrap(), None);
        tx.commit().await.unwrap();
        assert_eq!(seen::session_by_token(store, &current.token).await, None);
        assert!(seen::session_by_token(store, &next.token).await.is_some());
        current = next;
    }
    assert_eq!(seen::session_by_token(store, &token(1)).await, None);
}

/// A token that is remembered finds its session as its refresh tokens do, and as a session token none.
pub async fn a_remembered_token_finds_its_session<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let (first, other) = (session(1, ada.id), session(2, ada.id));
    given::sessions(store, &[&first, &other]).await;
    let next = rotated(&first, 11);
    let mut tx = store.begin().await.unwrap();
    assert!(tx.rotate_session(&next, &first.refresh).await.unwrap());
    tx.remember_token(first.id, &first.token).await.unwrap();
    tx.remember_token(other.id, &token(9)).await.unwrap();
    assert_eq!(tx.session_by_refresh(&first.token).await.unwrap().unwrap().session, next);
    tx.commit().await.unwrap();
    assert_eq!(seen::session_by_refresh(store, &first.token).await, Some(next.clone()));
    assert_eq!(seen::session_by_refresh(store, &token(9)).await, Some(other));
    assert_eq!(seen::session_by_token(store, &first.token).await, None);
    assert_eq!(seen::session_by_token(store, &token(9)).await, None);
    assert_eq!(
        seen::session(store, first.id).await,
        Some(next),
        "its own tokens are what they were"
    );
}

/// Every refresh token that a session ever had finds it, however long ago it was spent, also when the
/// session has ended (R-SE-08).
pub async fn a_refresh_token_of_any_generation_finds_its_session<S: Store<Attrs = Suite>>(
    store: &S,
) {
    let [ada] = given::users(store, [1]).await;
    let mut current = session(1, ada.id);
    given::sessions(store, &[&current, &session(2, ada.id)]).await;
    for to in 11..15 {
        let next = rotated(&current, to);
        let mut tx = store.begin().await.unwrap();
        assert!(tx.rotate_session(&next, &current.refresh).await.unwrap());
        tx.commit().await.unwrap();
        current = next;
    }
    let mut tx = store.begin().await.unwrap();
    assert!(tx.end_session(current.id, at(1)).await.unwrap());
    tx.commit().await.unwrap();
    let expected = Session { ended: Some(at(1)), ..current };
    for generation in [1, 11, 12, 13, 14] {
        let found = seen::session_by_refresh(store, &refresh(generation)).await;
        assert_eq!(found.as_ref(), Some(&expected), "{generation}");
    }
    assert_eq!(seen::session_by_refresh(store, &refresh(15)).await, None);
    let other = session(2, ada.id);
    assert_eq!(seen::session_by_refresh(store, &refresh(2)).await, Some(other));
}

/// A rotation from a token that is not the current one, or of a session that has ended or never was,
/// changes nothing, and its new tokens find nothing.
pub async fn a_rotation_from_another_token_changes_nothing<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let [first, ended] = [session(1, ada.id), Session { ended: Some(at(2)), ..session(2, ada.id) }];
    given::sessions(store, &[&first, &ended]).await;
    let second = rotated(&first, 11);
    let mut tx = store.begin().await.unwrap();
    assert!(tx.rotate_session(&second, &first.refresh).await.unwrap());
    for from in [refresh(1), refresh(2), refresh(12), token(11)] {
        assert!(!tx.rotate_session(&rotated(&second, 12), &from).await.unwrap());
    }
    assert!(!tx.rotate_session(&rotated(&ended, 13), &ended.refresh).await.unwrap());
    let unknown = session(9, ada.id);
    assert!(!tx.rotate_session(&rotated(&unknown, 14), &unknown.refresh).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::session(store, first.id).await, Some(second));
    assert_eq!(seen::session(store, ended.id).await, Some(ended));
    for to in [12, 13, 14] {
        assert_eq!(seen::session_by_token(store, &token(to)).await, None);
        assert_eq!(seen::session_by_refresh(store, &refresh(to)).await, None);
    }
}

/// Of concurrent rotations from one token one happens, and only its tokens find the session.
pub async fn of_concurrent_rotations_from_one_token_one_happens<S: Store<Attrs = Suite>>(
    store: &S,
) {
    let [ada] = given::users(store, [1]).await;
    given::sessions(store, &[&session(1, ada.id)]).await;
    let answers = race(store, 8, |racer, tx| {
        Box::pin(async move {
            let first = session(1, user_id(1));
            let next = rotated(&first, 100 + racer);
            let won = tx.rotate_session(&next, &first.refresh).await?;
            Ok(won.then_some(next))
        })
    });
    let won: Vec<_> = answers.await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(won.len(), 1, "so many rotations happened");
    let winner = &won[0];
    assert_eq!(seen::session(store, winner.id).await.as_ref(), Some(winner));
    for racer in 100..108 {
        let found = seen::session_by_token(store, &token(racer)).await;
        assert_eq!(found.is_some(), token(racer) == winner.token);
        let found = seen::session_by_refresh(store, &refresh(racer)).await;
        assert_eq!(found.is_some(), refresh(racer) == winner.refresh);
    }
}
