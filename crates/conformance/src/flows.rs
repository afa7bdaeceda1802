//! Promises about flows: what is found, and the guards of every transition.

use durward_core::email::{EmailAddress, EmailParts};
use durward_core::entity::{Flow, Method, Pending, Purpose, Step};
use durward_core::store::{Flows, FlowsMut, Tx};
use durward_core::{PersonName, Store, Timestamp};

use crate::race::{race, winners};
use crate::sample::{
    address, at, claim, client_id, digest, flow, flow_id, handle, link, pending, session, user_id,
};
use crate::{Colour, Profile, Suite, given, seen};

/// Every field of a flow comes back: each purpose, absent and present options, what is pending with and
/// without a password, counters and times of the full range.
pub async fn a_flow_comes_back_as_it_was_stored<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let ours = claim(1, ada.id, "ada@example.com");
    given::emails(store, &[&ours]).await;
    let about_ada = Flow { user: Some(ada.id), claim: Some(ours.id), ..flow(1) };
    for stored in variants(&about_ada) {
        let mut tx = store.begin().await.unwrap();
        tx.insert_flow(&stored).await.unwrap();
        let found = tx.flow_by_handle(&stored.handle).await.unwrap();
        assert_eq!(found.as_ref(), Some(&stored));
        tx.commit().await.unwrap();
        if let Some(link) = &stored.link {
            assert_eq!(seen::flow_by_link(store, link).await.as_ref(), Some(&stored));
        }
        assert_eq!(seen::flow(store, &stored.handle).await, Some(stored));
    }
}

fn variants(about: &Flow<Suite>) -> Vec<Flow<Suite>> {
    let three_forms = EmailAddress::from_stored(EmailParts {
        typed: "O'Brien@Bücher.Example".to_owned(),
        canonical: "o'brien@xn--bcher-kva.example".to_owned(),
        skeleton: "o'brien@bücher.exarnple".to_owned(),
    });
    let longest = EmailAddress::from_stored(EmailParts {
        typed: "T".repeat(EmailAddress::MAX_OCTETS),
        canonical: "c".repeat(EmailAddress::MAX_OCTETS),
        skeleton: "🦊".repeat(EmailAddress::MAX_OCTETS / 4),
    });
    let ends = [Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX)];
    let long_name = PersonName::from_stored("🦊".repeat(PersonName::MAX_CHARACTERS));
    let attrs = Profile { colour: Colour::Red, tags: vec![], ..pending().attrs };
    vec![
        flow(2),
        Flow { purpose: Purpose::SignUp, pending: Some(pending()), ..flow(3) },
        Flow {
            purpose: Purpose::SignUp,
            pending: Some(Pending { name: long_name, password: None, attrs }),
            ..flow(4)
        },
        Flow { id: flow_id(5), purpose: Purpose::VerifyEmail, state: None, ..renumbered(about, 5) },
        Flow { email: three_forms, methods: vec![], client: Some(client_id(3)), ..flow(6) },
        Flow {
            purpose: Purpose::ReportNotice,
            session: Some(session(3, user_id(1)).id),
            ..flow(13)
        },
        Flow { state: None, ..flow(14) },
        Flow { email: longest, methods: vec![Method::Email, Method::Password], ..flow(7) },
        Flow { link: None, short: None, ..flow(8) },
        Flow { position: u32::MAX, attempts: u32::MAX, mails: u32::MAX, ..flow(9) },
        Flow { created: ends[0], expires: ends[1], finished: Some(ends[0]), ..flow(10) },
        Flow { created: ends[1], expires: ends[0], finished: Some(ends[1]), ..flow(11) },
        Flow { user: about.user, finished: Some(at(1)), ..flow(12) },
    ]
}

/// What is no present handle or link finds nothing, and a handle is no link (R-SE-10).
pub async fn an_unknown_flow_is_not_found<S: Store<Attrs = Suite>>(store: &S) {
    given::flows(store, &[&flow(1)]).await;
    assert_eq!(seen::flow(store, &handle(2)).await, None);
    assert_eq!(seen::flow_by_link(store, &link(2)).await, None);
    assert_eq!(seen::flow(store, &link(1)).await, None);
    assert_eq!(seen::flow_by_link(store, &handle(1)).await, None);
    assert_eq!(seen::open_flows_of(store, user_id(1), Purpose::Login, at(0)).await, []);
}

/// Any number of flows have no link; they do not collide (R-EN-02).
pub async fn flows_without_codes_do_not_collide<S: Store<Attrs = Suite>>(store: &S) {
    for n in 1..=3 {
        given::flows(store, &[&Flow { link: None, short: None, ..flow(n) }]).await;
    }
    let found = seen::flow(store, &handle(2)).await.unwrap();
    assert_eq!(found, Flow { link: None, short: None, ..flow(2) });
}

/// The open flows of a user that have one purpose are found, the newest first: not what is finished,
/// expired, about somebody else or for another purpose.
pub async fn open_flows_of_a_purpose_are_found_from_the_newest_on<S: Store<Attrs = Suite>>(
    store: &S,
) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let verify = Flow { purpose: Purpose::VerifyEmail, user: Some(ada.id), ..flow(1) };
    let stored = |n: u8, created| Flow { created: at(created), ..renumbered(&verify, n) };
    let [oldest, middle, newest] = [stored(2, 10), stored(3, 20), stored(1, 30)];
    let others = [
        Flow { finished: Some(at(5)), ..stored(4, 15) },
        Flow { expires: at(100), ..stored(5, 15) },
        Flow { user: Some(eve.id), ..stored(6, 15) },
        Flow { user: None, ..stored(7, 15) },
        Flow { purpose: Purpose::Login, ..stored(8, 15) },
        Flow { purpose: Purpose::SignUp, ..stored(9, 15) },
    ];
    for flow in others.iter().chain([&middle, &newest, &oldest]) {
        given::flows(store, &[flow]).await;
    }
    let open_at = |now| seen::open_flows_of(store, ada.id, Purpose::VerifyEmail, at(now));
    assert_eq!(open_at(100).await, [newest.clone(), middle.clone(), oldest.clone()]);
    assert_eq!(open_at(99).await, [newest, middle, others[1].clone(), oldest]);
    let found = seen::open_flows_of(store, ada.id, Purpose::Login, at(100)).await;
    assert_eq!(found, [others[4].clone()]);
}

/// A step is debited while fewer than the limit were tried, and the count is kept (R-TH-02).
pub async fn a_flow_is_debited_up_to_its_limit<S: Store<Attrs = Suite>>(store: &S) {
    given::flows(store, &[&flow(1), &flow(2)]).await;
    for n in 1..=7 {
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.debit_flow(flow_id(1), 0, 5).await.unwrap(), n <= 5, "{n}");
        tx.commit().await.unwrap();
    }
    assert_eq!(seen::flow(store, &handle(1)).await, Some(Flow { attempts: 5, ..flow(1) }));
    assert_eq!(seen::flow(store, &handle(2)).await, Some(flow(2)));
}

/// A finished flow, one at another position and one that never was are not debited.
pub async fn only_the_present_step_is_debited<S: Store<Attrs = Suite>>(store: &S) {
    let finished = Flow { finished: Some(at(1)), ..flow(1) };
    let further = Flow { position: 2, ..flow(2) };
    given::flows(store, &[&finished, &further]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.debit_flow(finished.id, 0, 5).await.unwrap());
    for position in [0, 1, 3] {
        assert!(!tx.debit_flow(further.id, position, 5).await.unwrap());
    }
    assert!(!tx.debit_flow(further.id, 2, 0).await.unwrap());
    assert!(!tx.debit_flow(flow_id(9), 0, 5).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::flow(store, &handle(1)).await, Some(finished));
    assert_eq!(seen::flow(store, &handle(2)).await, Some(further));
}

/// Of any number of concurrent answers no more than the limit are tried (R-TH-02).
pub async fn concurrent_debits_of_a_flow_stop_at_its_limit<S: Store<Attrs = Suite>>(store: &S) {
    given::flows(store, &[&flow(1)]).await;
    let answers =
        race(store, 12, |_, tx| Box::pin(async move { tx.debit_flow(flow_id(1), 0, 5).await }));
    assert_eq!(winners(answers.await), 5);
    assert_eq!(seen::flow(store, &handle(1)).await.unwrap().attempts, 5);
}

/// A transition replaces what the port names, of this flow only, and nothing else.
pub async fn a_transition_replaces_what_it_names_and_nothing_else<S: Store<Attrs = Suite>>(
    store: &S,
) {
    let [ada] = given::users(store, [1]).await;
    let ours = claim(1, ada.id, "ada@example.com");
    given::emails(store, &[&ours]).await;
    given::flows(store, &[&flow(1), &flow(2)]).await;
    let expected = Flow {
        step: Step::Code,
        position: 1,
        handle: handle(11),
        link: Some(link(11)),
        short: Some(digest(0x66, 11)),
        attempts: 3,
        mails: 2,
        methods: vec![Method::Email, Method::Password],
        user: Some(ada.id),
        expires: at(900),
        ..flow(1)
    };
    let asked = Flow {
        purpose: Purpose::SignUp,
        state: None,
        email: address("eve@example.com"),
        claim: Some(ours.id),
        pending: Some(pending()),
        client: Some(client_id(9)),
        created: at(99),
        finished: Some(at(99)),
        ..expected.clone()
    };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.advance_flow(&asked, 0, 1).await.unwrap());
    let found = tx.flow_by_handle(&expected.handle).await.unwrap();
    assert_eq!(found.as_ref(), Some(&expected));
    tx.commit().await.unwrap();
    assert_eq!(seen::flow(store, &expected.handle).await, Some(expected));
    assert_eq!(seen::flow(store, &handle(2)).await, Some(flow(2)));
}

/// After a transition the handle and the link of before find nothing; a flow may also lose its codes.
pub async fn the_handle_and_link_of_before_find_nothing<S: Store<Attrs = Suite>>(store: &S) {
    given::flows(store, &[&flow(1)]).await;
    let mut current = flow(1);
    for n in 11..=13 {
        let codes = (n < 13).then(|| link(n));
        let next = Flow { handle: handle(n), link: codes, position: u32::from(n), ..flow(1) };
        let mut tx = store.begin().await.unwrap();
        assert!(tx.advance_flow(&next, current.position, 1).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(seen::flow(store, &current.handle).await, None);
        assert_eq!(seen::flow_by_link(store, &current.link.unwrap()).await, None);
        assert_eq!(seen::flow(store, &next.handle).await.as_ref(), Some(&next));
        current = next;
    }
}

/// A transition from another position, after another mail, of a finished flow or of none happens not.
pub async fn a_transition_from_elsewhere_changes_nothing<S: Store<Attrs = Suite>>(store: &S) {
    let open = Flow { position: 2, mails: 3, ..flow(1) };
    let finished = Flow { finished: Some(at(1)), ..flow(2) };
    given::flows(store, &[&open, &finished]).await;
    let next = |flow: &Flow<Suite>, n| Flow { position: 9, handle: handle(n), ..flow.clone() };
    let mut tx = store.begin().await.unwrap();
    for (from, mails) in [(1, 3), (3, 3), (0, 3), (2, 2), (2, 4), (9, 3)] {
        let advanced = tx.advance_flow(&next(&open, 11), from, mails).await.unwrap();
        assert!(!advanced, "from position {from} with {mails} mails");
    }
    assert!(!tx.advance_flow(&next(&finished, 12), 0, 1).await.unwrap());
    assert!(!tx.advance_flow(&next(&flow(9), 13), 0, 1).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::flow(store, &handle(1)).await, Some(open));
    assert_eq!(seen::flow(store, &handle(2)).await, Some(finished));
    for n in [11, 12, 13] {
        assert_eq!(seen::flow(store, &handle(n)).await, None);
    }
}

/// A transition to what is stored already is a transition: engines that count changed rows must not tell.
pub async fn a_transition_that_changes_nothing_happens<S: Store<Attrs = Suite>>(store: &S) {
    given::flows(store, &[&flow(1)]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.advance_flow(&flow(1), 0, 1).await.unwrap());
    assert!(tx.advance_flow(&flow(1), 0, 1).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(seen::flow(store, &handle(1)).await, Some(flow(1)));
}

/// Of concurrent transitions from one position one happens (R-CC-02).
pub async fn of_concurrent_transitions_one_happens<S: Store<Attrs = Suite>>(store: &S) {
    given::flows(store, &[&flow(1)]).await;
    let answers = race(store, 8, |racer, tx| {
        Box::pin(async move {
            let n = 100 + racer;
            let next = Flow { position: 1, handle: handle(n), link: Some(link(n)), ..flow(1) };
            let won = tx.advance_flow(&next, 0, 1).await?;
            Ok(won.then_some(next))
        })
    });
    let won: Vec<_> = answers.await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(won.len(), 1, "so many transitions happened");
    let winner = &won[0];
    for n in 100..108 {
        let found = seen::flow(store, &handle(n)).await;
        assert_eq!(found.as_ref(), Some(winner).filter(|flow| flow.handle == handle(n)));
    }
}

/// Of concurrent mails of one flow one is sent: a transition may keep the position, and counts mails.
pub async fn of_concurrent_mails_of_a_flow_one_is_sent<S: Store<Attrs = Suite>>(store: &S) {
    given::flows(store, &[&flow(1)]).await;
    let answers = race(store, 8, |racer, tx| {
        Box::pin(async move {
            let next = Flow { mails: 2, link: Some(link(100 + racer)), ..flow(1) };
            tx.advance_flow(&next, 0, 1).await
        })
    });
    assert_eq!(winners(answers.await), 1);
    assert_eq!(seen::flow(store, &handle(1)).await.unwrap().mails, 2);
}

/// A flow is finished once, at its present position, and keeps the moment (R-OT-01).
pub async fn a_flow_is_finished_once<S: Store<Attrs = Suite>>(store: &S) {
    let further = Flow { position: 2, ..flow(2) };
    given::flows(store, &[&flow(1), &further]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.finish_flow(flow_id(1), 0, at(5)).await.unwrap());
    assert!(!tx.finish_flow(flow_id(1), 0, at(5)).await.unwrap());
    assert!(!tx.finish_flow(flow_id(1), 0, at(6)).await.unwrap());
    for position in [0, 1, 3] {
        assert!(!tx.finish_flow(flow_id(2), position, at(5)).await.unwrap());
    }
    assert!(!tx.finish_flow(flow_id(9), 0, at(5)).await.unwrap());
    tx.commit().await.unwrap();
    let expected = Flow { finished: Some(at(5)), ..flow(1) };
    assert_eq!(seen::flow(store, &handle(1)).await, Some(expected));
    assert_eq!(seen::flow(store, &handle(2)).await, Some(further));
}

/// A flow is finished before it expires, and not in that millisecond or later (R-OT-02).
pub async fn an_expired_flow_is_not_finished<S: Store<Attrs = Suite>>(store: &S) {
    given::flows(store, &[&flow(1)]).await;
    let expires = flow(1).expires.as_millis();
    let mut tx = store.begin().await.unwrap();
    for late in [expires, expires + 1, i64::MAX] {
        let late = Timestamp::from_millis(late);
        assert!(!tx.finish_flow(flow_id(1), 0, late).await.unwrap());
    }
    tx.commit().await.unwrap();
    assert_eq!(seen::flow(store, &handle(1)).await, Some(flow(1)));
    let mut tx = store.begin().await.unwrap();
    let last = Timestamp::from_millis(expires - 1);
    assert!(tx.finish_flow(flow_id(1), 0, last).await.unwrap());
    tx.commit().await.unwrap();
}

/// Of any number of concurrent callers one finishes a flow (AM-04).
pub async fn a_flow_is_finished_once_however_many_try<S: Store<Attrs = Suite>>(store: &S) {
    given::flows(store, &[&flow(1)]).await;
    let answers = race(store, 40, |_, tx| {
        Box::pin(async move { tx.finish_flow(flow_id(1), 0, at(5)).await })
    });
    assert_eq!(winners(answers.await), 1);
}

/// Of a transition and the end of its flow one happens.
pub async fn a_transition_does_not_outlive_its_flow<S: Store<Attrs = Suite>>(store: &S) {
    given::flows(store, &[&flow(1)]).await;
    let answers = race(store, 8, |racer, tx| {
        Box::pin(async move {
            if racer % 2 == 0 {
                tx.finish_flow(flow_id(1), 0, at(5)).await
            } else {
                let next = Flow { position: 1, handle: handle(100 + racer), ..flow(1) };
                tx.advance_flow(&next, 0, 1).await
            }
        })
    });
    assert_eq!(winners(answers.await), 1);
}

/// The same flow under another id, handle and codes.
fn renumbered(like: &Flow<Suite>, n: u8) -> Flow<Suite> {
    let Flow { id, handle, link, short, .. } = flow(n);
    Flow { id, handle, link, short, ..like.clone() }
}
