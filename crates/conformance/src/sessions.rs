//! Promises about sessions, their tokens and their ends.

use std::net::IpAddr;
use std::time::Duration;

use durward_core::entity::{LiveSession, Method, Session, User, UserStatus};
use durward_core::ids::UserId;
use durward_core::store::{Sessions, SessionsMut, Tx, UsersMut};
use durward_core::{Store, StoreError, Timestamp, UserAgent};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::race::{race, winners};
use crate::sample::{
    TRICKY, agent, at, client_id, refresh, rotated, session, token, user, user_id,
};
use crate::{Colour, Device, Suite, SuiteRole, given, seen};

/// Every field of a session comes back: absent and present options, addresses of both families, methods
/// in their order, any program name, times of the full range, attributes.
pub async fn a_session_comes_back_as_it_was_stored<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    for stored in variants(ada.id) {
        let mut tx = store.begin().await.unwrap();
        tx.insert_session(&stored).await.unwrap();
        assert_eq!(tx.session(stored.id).await.unwrap().as_ref(), Some(&stored));
        tx.commit().await.unwrap();
        let found = seen::session_by_refresh(store, &stored.refresh).await;
        assert_eq!(found.as_ref(), Some(&stored));
        assert_eq!(seen::session(store, stored.id).await, Some(stored));
    }
}

fn variants(user: UserId) -> Vec<Session<Suite>> {
    let ip = |text: &str| text.parse::<IpAddr>().ok();
    let ends = [Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX)];
    let colours = vec![Colour::Rgb { r: 1, g: 2, b: 3 }, Colour::Red, Colour::Named(TRICKY.into())];
    let longest = "🦊".repeat(UserAgent::MAX_OCTETS / 4);
    vec![
        session(1, user),
        Session { client: None, methods: vec![], ..session(2, user) },
        Session { client: Some(client_id(255)), ip: ip("192.0.2.1"), ..session(3, user) },
        Session { methods: vec![Method::Email, Method::Password], ..session(4, user) },
        Session { ip: ip("2001:1db8:1111:2222:3333:4444:5555:6666"), ..session(5, user) },
        Session { ip: ip("::ffff:192.0.2.1"), agent: Some(agent("")), ..session(6, user) },
        Session { agent: Some(agent(TRICKY)), ..session(7, user) },
        Session { agent: Some(agent(&longest)), ip: ip("::"), ..session(8, user) },
        Session { previous_refresh: Some(refresh(200)), ended: Some(at(3)), ..session(9, user) },
        Session { attrs: Device { label: Some(String::new()), colours }, ..session(10, user) },
        Session {
            authenticated: ends[0],
            created: ends[0],
            token_expires: ends[1],
            rotated: ends[0],
            refresh_expires: ends[1],
            expires: ends[1],
            ended: Some(ends[0]),
            ..session(11, user)
        },
        Session {
            authenticated: at(1),
            created: at(2),
            token_expires: at(3),
            rotated: at(4),
            refresh_expires: at(5),
            expires: at(6),
            ended: Some(ends[1]),
            ..session(12, user)
        },
    ]
}

/// What is no session, or no token of the kind that is asked for, finds nothing (R-SE-10).
pub async fn an_unknown_session_is_not_found<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::sessions(store, &[&session(1, ada.id)]).await;
    assert_eq!(seen::session(store, session(2, ada.id).id).await, None);
    assert_eq!(seen::session_by_token(store, &token(2)).await, None);
    assert_eq!(seen::session_by_refresh(store, &refresh(2)).await, None);
    assert_eq!(seen::session_by_token(store, &refresh(1)).await, None);
    assert_eq!(seen::session_by_refresh(store, &token(1)).await, None);
    assert_eq!(seen::sessions_of(store, user_id(2)).await, []);
}

/// A token finds all that a session check reads: of its session, and of that session's user.
pub async fn a_token_finds_its_session_and_user<S: Store<Attrs = Suite>>(store: &S) {
    let ada = User { roles: vec![SuiteRole::Owner, SuiteRole::Reader], ..user(1) };
    let eve = User { status: UserStatus::Banned, roles: vec![], ..user(2) };
    given::user(store, &ada).await;
    given::user(store, &eve).await;
    for (stored, user) in [
        (session(1, ada.id), &ada),
        (Session { client: None, methods: vec![], ..session(2, ada.id) }, &ada),
        (session(3, eve.id), &eve),
        (Session { methods: Method::ALL.to_vec(), ..session(4, eve.id) }, &eve),
    ] {
        given::sessions(store, &[&stored]).await;
        let found = seen::session_by_token(store, &stored.token).await;
        assert_eq!(found, Some(live(&stored, user)));
    }
}

/// A token finds its session also when it has ended or expired: the rule decides, not the store.
pub async fn a_token_finds_a_session_that_is_over<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let past = Timestamp::from_millis(1);
    let expired = Session { token_expires: past, expires: past, ..session(1, ada.id) };
    let ended = Session { ended: Some(past), ..session(2, ada.id) };
    given::sessions(store, &[&expired, &ended, &session(3, ada.id)]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.end_session(session(3, ada.id).id, at(7)).await.unwrap());
    tx.commit().await.unwrap();
    let later = Session { ended: Some(at(7)), ..session(3, ada.id) };
    for stored in [expired, ended, later] {
        let found = seen::session_by_token(store, &stored.token).await;
        assert_eq!(found, Some(live(&stored, &ada)));
    }
}

/// A session check sees status and roles of the user as they were last committed, and a refresh the status
/// (R-SE-11).
pub async fn a_token_finds_the_present_user<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::sessions(store, &[&session(1, ada.id)]).await;
    let roles = vec![SuiteRole::Editor, SuiteRole::Owner];
    let changed = User { status: UserStatus::Banned, roles, version: 2, ..ada };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_user(&changed, 1).await.unwrap());
    tx.commit().await.unwrap();
    let found = seen::session_by_token(store, &token(1)).await;
    assert_eq!(found, Some(live(&session(1, changed.id), &changed)));
    let family = store.read().await.unwrap().session_by_refresh(&refresh(1)).await.unwrap();
    assert_eq!(family.map(|family| family.status), Some(UserStatus::Banned));
}

/// Who has locked a session commits before anyone else changes it.
pub async fn a_locked_session_is_not_changed_by_others<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let first = session(1, ada.id);
    given::sessions(store, &[&first]).await;
    let mut tx = store.begin().await.unwrap();
    tx.lock_session(first.id).await.unwrap();
    let ending = store.clone();
    let (ended, mut end) = oneshot::channel();
    let other = tokio::spawn(async move {
        let answers = race(&ending, 1, |_, tx| {
            Box::pin(async move { tx.end_session(session(1, user_id(1)).id, at(1)).await })
        });
        assert_eq!(winners(answers.await), 1);
        // Nobody listens any more when the lock was over in time.
        _ = ended.send(());
    });
    let overtaken = timeout(Duration::from_millis(300), &mut end).await.is_ok();
    let held = async {
        let found = tx.session(first.id).await?;
        let happened = tx.rotate_session(&rotated(&first, 11), &first.refresh).await?;
        tx.commit().await.map(|()| (found, happened))
    };
    match held.await {
        Ok((found, happened)) => {
            assert!(!overtaken, "another unit of work changed the locked session");
            assert_eq!((found.as_ref(), happened), (Some(&first), true));
        }
        // An engine that finds out late who was first may refuse the one who locked, but not both.
        Err(error) => assert!(overtaken && matches!(error, StoreError::Conflict), "{error}"),
    }
    other.await.unwrap();
    let found = seen::session(store, first.id).await.unwrap();
    assert_eq!(found.ended, Some(at(1)));
}

/// A lock on a session that never was is no error.
pub async fn a_session_that_never_was_may_be_locked<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let mut tx = store.begin().await.unwrap();
    tx.lock_session(session(1, ada.id).id).await.unwrap();
    tx.insert_session(&session(1, ada.id)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(seen::session(store, session(1, ada.id).id).await, Some(session(1, ada.id)));
}

/// A session ends once, for good: the moment stays, and no other session ends with it (R-SE-05).
pub async fn a_session_ends_once<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let [first, other] = [session(1, ada.id), session(2, ada.id)];
    given::sessions(store, &[&first, &other]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.end_session(session(3, ada.id).id, at(4)).await.unwrap());
    assert!(tx.end_session(first.id, at(5)).await.unwrap());
    assert!(!tx.end_session(first.id, at(5)).await.unwrap());
    assert!(!tx.end_session(first.id, at(6)).await.unwrap());
    tx.commit().await.unwrap();
    let expected = Session { ended: Some(at(5)), ..first };
    assert_eq!(seen::session(store, expected.id).await, Some(expected));
    assert_eq!(seen::session(store, other.id).await, Some(other));
}

/// Of concurrent ends of one session one is told that it was the first.
pub async fn of_concurrent_ends_of_a_session_one_counts<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::sessions(store, &[&session(1, ada.id)]).await;
    let answers = race(store, 8, |racer, tx| {
        Box::pin(
            async move { tx.end_session(session(1, user_id(1)).id, at(i64::from(racer))).await },
        )
    });
    assert_eq!(winners(answers.await), 1);
}

/// A rotation that meets the end of its session does not bring it back (R-SE-05).
pub async fn a_rotation_does_not_undo_an_end<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::sessions(store, &[&session(1, ada.id)]).await;
    let answers = race(store, 8, |racer, tx| {
        Box::pin(async move {
            let first = session(1, user_id(1));
            if racer % 2 == 0 {
                tx.end_session(first.id, at(9)).await
            } else {
                let next = rotated(&first, 100 + racer);
                tx.rotate_session(&next, &first.refresh).await.map(|_| false)
            }
        })
    });
    assert_eq!(winners(answers.await), 1);
    let found = seen::session(store, session(1, ada.id).id).await.unwrap();
    assert_eq!(found.ended, Some(at(9)));
}

/// All sessions of a user end at once, and are counted; those of before keep their moment, and nobody
/// else's end (R-SE-07).
pub async fn all_sessions_of_a_user_end_together<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let before = Session { ended: Some(at(1)), ..session(1, ada.id) };
    let expired = Session { expires: Timestamp::from_millis(1), ..session(3, ada.id) };
    let open = [session(2, ada.id), expired];
    let other = session(4, eve.id);
    given::sessions(store, &[&before, &open[0], &open[1], &other]).await;
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.end_sessions_of(ada.id, None, at(8)).await.unwrap(), 2);
    assert_eq!(tx.end_sessions_of(ada.id, None, at(9)).await.unwrap(), 0);
    assert_eq!(tx.end_sessions_of(user_id(3), None, at(9)).await.unwrap(), 0);
    tx.commit().await.unwrap();
    assert_eq!(seen::session(store, before.id).await, Some(before));
    for session in open {
        let expected = Session { ended: Some(at(8)), ..session };
        assert_eq!(seen::session(store, expected.id).await, Some(expected));
    }
    assert_eq!(seen::session(store, other.id).await, Some(other));
}

/// All sessions of a user but one end at once, and are counted without it (R-SE-06).
pub async fn all_other_sessions_of_a_user_end_together<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let [kept, one, two] = [2, 3, 4].map(|number| session(number, ada.id));
    given::sessions(store, &[&kept, &one, &two]).await;
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.end_sessions_of(ada.id, Some(kept.id), at(8)).await.unwrap(), 2);
    assert_eq!(tx.end_sessions_of(ada.id, Some(kept.id), at(9)).await.unwrap(), 0);
    tx.commit().await.unwrap();
    for session in [one, two] {
        let expected = Session { ended: Some(at(8)), ..session };
        assert_eq!(seen::session(store, expected.id).await, Some(expected));
    }
    assert_eq!(seen::session(store, kept.id).await, Some(kept));
}

/// What the token of this session finds.
pub(crate) fn live(session: &Session<Suite>, user: &User<Suite>) -> LiveSession<Suite> {
    LiveSession {
        session: session.id,
        user: user.id,
        status: user.status,
        roles: user.roles.clone(),
        client: session.client,
        methods: session.methods.clone(),
        authenticated: session.authenticated,
        token_expires: session.token_expires,
        expires: session.expires,
        ended: session.ended,
        actor: None,
    }
}
