//! Promises about administrators who act as somebody else.

use durward_core::entity::{Actor, LiveActor, Session, User, UserStatus};
use durward_core::ids::SessionId;
use durward_core::store::{SessionQuery, Sessions, SessionsMut, Tx, UsersMut};
use durward_core::{Slice, Store, Timestamp};

use crate::sample::{at, session, token, user, user_id};
use crate::{Suite, SuiteRole, given, seen};

/// An administrator with a session, and one in which he acts as somebody else.
async fn acting<S: Store<Attrs = Suite>>(store: &S) -> (User<Suite>, Session<Suite>, Actor) {
    let root = User { roles: vec![SuiteRole::Owner], ..user(2) };
    given::user(store, &root).await;
    let [ada] = given::users(store, [1]).await;
    let own = session(5, root.id);
    let actor = Actor { id: root.id, session_id: own.id };
    let acted = Session { actor: Some(actor), ..session(6, ada.id) };
    given::sessions(store, &[&own, &acted]).await;
    (root, own, actor)
}

/// What a check of that session is told of the actor.
async fn told<S: Store<Attrs = Suite>>(store: &S) -> Option<LiveActor> {
    let mut read = store.read().await.unwrap();
    read.session_by_token(&token(6)).await.unwrap().unwrap().actor
}

/// A session comes back with who acts in it, by itself and in lists; the exchange of its tokens changes
/// nothing about that.
pub async fn a_session_comes_back_with_its_actor<S: Store<Attrs = Suite>>(store: &S) {
    let (_, own, actor) = acting(store).await;
    let acted = seen::session(store, session(6, user_id(1)).id).await.unwrap();
    assert_eq!(acted.actor, Some(actor));
    assert_eq!(seen::session(store, own.id).await.unwrap().actor, None);
    assert_eq!(seen::sessions_of(store, user_id(1)).await[0].actor, Some(actor));
    let next = crate::sample::rotated(&Session { actor: None, ..acted.clone() }, 9);
    let mut tx = store.begin().await.unwrap();
    assert!(tx.rotate_session(&next, &acted.refresh).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::session(store, acted.id).await.unwrap().actor, Some(actor));
}

/// A session check is told until when the own session of an actor lasts.
pub async fn a_session_check_sees_its_actor<S: Store<Attrs = Suite>>(store: &S) {
    let (_, own, actor) = acting(store).await;
    assert_eq!(told(store).await, Some(LiveActor { actor, until: Some(own.expires) }));
    let mut read = store.read().await.unwrap();
    let alone = read.session_by_token(&token(5)).await.unwrap().unwrap();
    assert_eq!(alone.actor, None);
}

/// A session check is told at once that the own session of an actor was ended (R-SE-11).
pub async fn a_session_check_sees_that_its_actor_logged_out<S: Store<Attrs = Suite>>(store: &S) {
    let (_, own, actor) = acting(store).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.end_session(own.id, at(9)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(told(store).await, Some(LiveActor { actor, until: None }));
}

/// A session check is told at once that an actor no longer administers: that he lost the role, or was
/// banned, or is gone (R-SE-11).
pub async fn a_session_check_sees_that_its_actor_resigned<S: Store<Attrs = Suite>>(store: &S) {
    let (root, own, actor) = acting(store).await;
    let change = async |after: User<Suite>, from: i64| {
        let mut tx = store.begin().await.unwrap();
        assert!(tx.update_user(&after, from).await.unwrap());
        tx.commit().await.unwrap();
    };
    let banned = User { status: UserStatus::Banned, version: 2, ..root.clone() };
    change(banned, 1).await;
    assert_eq!(told(store).await, Some(LiveActor { actor, until: None }));
    change(User { version: 3, ..root.clone() }, 2).await;
    assert_eq!(told(store).await, Some(LiveActor { actor, until: Some(own.expires) }));
    change(User { roles: vec![SuiteRole::Reader], version: 4, ..root.clone() }, 3).await;
    assert_eq!(told(store).await, Some(LiveActor { actor, until: None }));
    let deleted = UserStatus::Deleted;
    change(User { status: deleted, erasure: Some(at(1)), version: 5, ..root.clone() }, 4).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.erase_user(root.id, at(1)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(told(store).await, Some(LiveActor { actor, until: None }));
}

/// A session in which somebody acts is listed for as long as a check would serve it: until his own one ends or
/// expires, or he no longer administers; and takes no place in a part otherwise (R-SE-11, R-SE-13).
pub async fn a_session_is_listed_while_its_actor_may_act<S: Store<Attrs = Suite>>(store: &S) {
    let (root, own, actor) = acting(store).await;
    let elder = session(1, user_id(1));
    given::sessions(store, &[&elder]).await;
    let acted = session(6, user_id(1)).id;
    assert_eq!(actor.session_id, own.id);
    assert_eq!(listed(store, at(9), 9).await, [acted, elder.id]);
    assert_eq!(listed(store, at(9), 1).await, [acted]);
    let change = async |after: User<Suite>, from: i64| {
        let mut tx = store.begin().await.unwrap();
        assert!(tx.update_user(&after, from).await.unwrap());
        tx.commit().await.unwrap();
    };
    change(User { roles: vec![SuiteRole::Reader], version: 2, ..root.clone() }, 1).await;
    assert_eq!(listed(store, at(9), 9).await, [elder.id]);
    assert_eq!(listed(store, at(9), 1).await, [elder.id]);
    change(User { status: UserStatus::Banned, version: 3, ..root.clone() }, 2).await;
    assert_eq!(listed(store, at(9), 9).await, [elder.id]);
    change(User { version: 4, ..root.clone() }, 3).await;
    assert_eq!(listed(store, at(9), 9).await, [acted, elder.id]);
    let brief = Session { expires: at(20), ..session(7, root.id) };
    let by = Actor { session_id: brief.id, ..actor };
    let brief_act = Session { actor: Some(by), ..session(8, user_id(1)) };
    given::sessions(store, &[&brief, &brief_act]).await;
    assert_eq!(listed(store, at(19), 9).await, [brief_act.id, acted, elder.id]);
    assert_eq!(listed(store, at(20), 9).await, [acted, elder.id]);
    let mut tx = store.begin().await.unwrap();
    assert!(tx.end_session(own.id, at(9)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(listed(store, at(9), 9).await, [brief_act.id, elder.id]);
}

/// Which sessions of the first user are listed.
async fn listed<S: Store<Attrs = Suite>>(store: &S, now: Timestamp, limit: u32) -> Vec<SessionId> {
    let query = SessionQuery { user: Some(user_id(1)), ..SessionQuery::default() };
    let slice = Slice { after: None, limit };
    let rows = store.read().await.unwrap().live_sessions(&query, now, slice).await.unwrap();
    rows.into_iter().map(|session| session.id).collect()
}
