//! Promises about how the flows of a user end together.

use std::time::Duration;

use durward_core::entity::{Flow, Purpose};
use durward_core::store::{FlowsMut, Tx};
use durward_core::{Store, StoreError};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::race::{race, winners};
use crate::sample::{at, flow, user_id};
use crate::{Suite, given, seen};

/// All unfinished flows about a user are finished together, expired or not, and are counted; those of
/// before keep their moment, and flows about others go on (R-SE-07).
pub async fn all_flows_of_a_user_are_finished_together<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let about = |n, user| Flow { user, ..flow(n) };
    let open = [about(1, Some(ada.id)), Flow { expires: at(1), ..about(2, Some(ada.id)) }];
    let before = Flow { finished: Some(at(2)), ..about(3, Some(ada.id)) };
    let others = [about(4, Some(eve.id)), about(5, None)];
    // A transition may be what tells whom a flow is about.
    let found_out = about(6, Some(ada.id));
    for flow in open.iter().chain(&others).chain([&before, &flow(6)]) {
        given::flows(store, &[flow]).await;
    }
    let mut tx = store.begin().await.unwrap();
    assert!(tx.advance_flow(&found_out, 0, 1).await.unwrap());
    tx.commit().await.unwrap();

    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.finish_flows_of(ada.id, at(50)).await.unwrap(), 3);
    assert_eq!(tx.finish_flows_of(ada.id, at(51)).await.unwrap(), 0);
    assert!(!tx.finish_flow(open[0].id, 0, at(52)).await.unwrap());
    tx.commit().await.unwrap();
    for flow in open.into_iter().chain([found_out]) {
        let expected = Flow { finished: Some(at(50)), ..flow };
        assert_eq!(seen::flow(store, &expected.handle).await, Some(expected));
    }
    for flow in others.into_iter().chain([before]) {
        assert_eq!(seen::flow(store, &flow.handle).await, Some(flow));
    }
}

/// The flows of every purpose are finished, but for objections, which go on (R-SE-07, R-EM-07, R-NO-01).
pub async fn an_objection_outlasts_the_other_flows<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let flows = Purpose::ALL.into_iter().zip(1..);
    let flows: Vec<_> =
        flows.map(|(purpose, n)| Flow { purpose, user: Some(ada.id), ..flow(n) }).collect();
    for flow in &flows {
        given::flows(store, &[flow]).await;
    }
    let ending = flows.iter().filter(|it| !it.purpose.is_objection()).count();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.finish_flows_of(ada.id, at(50)).await.unwrap(), ending as u64);
    tx.commit().await.unwrap();
    for flow in flows {
        let finished = Some(at(50)).filter(|_| !flow.purpose.is_objection());
        let expected = Flow { finished, ..flow };
        assert_eq!(seen::flow(store, &expected.handle).await, Some(expected));
    }
}

/// Whoever finishes all flows of a user waits for those who are at one of them, and finishes what they began:
/// nothing that was proven before goes on (R-SE-06).
pub async fn flows_that_begin_meanwhile_are_finished_too<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let about = |n| Flow { user: Some(ada.id), ..flow(n) };
    let (first, next) = (about(1), about(2));
    given::flows(store, &[&first]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.finish_flow(first.id, 0, at(1)).await.unwrap());
    tx.insert_flow(&next).await.unwrap();
    let ending = store.clone();
    let (ended, mut end) = oneshot::channel();
    let other = tokio::spawn(async move {
        let answers = race(&ending, 1, |_, tx| {
            Box::pin(async move { tx.finish_flows_of(user_id(1), at(2)).await.map(|_| true) })
        });
        assert_eq!(winners(answers.await), 1);
        // Nobody listens any more when the other unit waited.
        _ = ended.send(());
    });
    let overtaken = timeout(Duration::from_millis(300), &mut end).await.is_ok();
    let began = tx.commit().await;
    other.await.unwrap();
    let found = seen::flow(store, &next.handle).await;
    match began {
        Ok(()) => {
            assert!(!overtaken, "nobody waited for a unit of work that finished a flow");
            assert_eq!(found, Some(Flow { finished: Some(at(2)), ..next }));
        }
        // An engine that finds out late who was first may refuse the one who began.
        Err(error) => {
            assert!(overtaken && matches!(error, StoreError::Conflict), "{error}");
            assert_eq!(found, None);
        }
    }
}
