use durward_conformance::Suite;
use durward_core::Timestamp;
use durward_core::entity::{Flow, Purpose};
use durward_core::ids::FlowId;

use super::Faults;
use super::fault::Fault;
use super::flows::{all, flows};
use crate::state::State;

/// Finishes all flows of a user but for those of one purpose.
macro_rules! but_for {
    ($purpose:expr) => {
        Fault::finish_flows_of(|state, user, now| {
            Ok(finish_all(state, now, |it| {
                it.user == Some(user) && it.finished.is_none() && it.purpose != $purpose
            }))
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "all_flows_of_a_user_are_finished_together",
        &[
            Fault::finish_flows_of(|_, _, _| Ok(0)),
            Fault::finish_flows_of(|state, user, now| {
                _ = flows(state).finish_of(user, now);
                Ok(3)
            }),
            Fault::finish_flows_of(|state, user, _| {
                let ending = state.flows.unfinished_of(user);
                Ok(ending.filter(|it| !it.purpose.is_objection()).count() as u64)
            }),
            Fault::finish_flows_of(|state, user, now| {
                Ok(finish_all(state, now, |it| it.user == Some(user)))
            }),
            Fault::finish_flows_of(|state, _, now| {
                Ok(finish_all(state, now, |it| it.finished.is_none()))
            }),
            Fault::finish_flows_of(|state, user, now| {
                Ok(finish_all(state, now, |it| it.user == Some(user) && it.is_open(now).is_ok()))
            }),
            // A flow counts as being about whom it was about when it began.
            Fault::finish_flows_of(|state, user, now| {
                Ok(finish_all(state, now, |it| {
                    let ends = it.finished.is_none() && !it.purpose.is_objection();
                    it.user == Some(user) && ends && it.id != sixth()
                }))
            }),
        ],
    ),
    (
        "an_objection_outlasts_the_other_flows",
        &[
            // Objections end as well.
            Fault::finish_flows_of(|state, user, now| {
                Ok(finish_all(state, now, |it| it.user == Some(user) && it.finished.is_none()))
            }),
            // One of them is known, and the others are forgotten.
            but_for!(Purpose::ReportNotice),
            but_for!(Purpose::RevertEmail),
            // And one too many.
            Fault::finish_flows_of(|state, user, now| {
                Ok(finish_all(state, now, |it| {
                    let ends = !it.purpose.is_objection() && it.purpose != Purpose::ResetPassword;
                    it.user == Some(user) && it.finished.is_none() && ends
                }))
            }),
        ],
    ),
    (
        "flows_that_begin_meanwhile_are_finished_too",
        &[
            Fault::UnitsOverlap,
            Fault::finish_flows_of(|_, _, _| Ok(1)),
            // One flow at a time.
            Fault::finish_flows_of(|state, user, now| {
                let begun = all(state).filter(|it| it.user == Some(user)).count() > 1;
                Ok(if begun { 0 } else { flows(state).finish_of(user, now) })
            }),
        ],
    ),
];

fn finish_all(
    state: &mut State<Suite>,
    now: Timestamp,
    which: impl Fn(&Flow<Suite>) -> bool,
) -> u64 {
    let chosen: Vec<_> = all(state).filter(|it| which(it)).map(|it| it.id).collect();
    chosen.into_iter().map(|id| u64::from(flows(state).finish_at(id, now))).sum()
}

/// The flow of that promise which turns out later to be about the user.
fn sixth() -> FlowId {
    FlowId::from_bytes([6; 16])
}
