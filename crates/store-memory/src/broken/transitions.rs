use durward_conformance::Suite;
use durward_core::entity::Flow;

use super::fault::Fault;
use super::flows::{change, flows};
use super::{Faults, altered};

/// Advances a flow to something else than was asked, which is told with what is stored.
macro_rules! advanced {
    ($alter:expr) => {
        Fault::advance_flow(|state, flow, from, mails| {
            let Some(stored) = state.flows.row(flow.id).cloned() else { return Ok(false) };
            let alter: fn(&mut Flow<Suite>, Flow<Suite>) = $alter;
            let flow = altered(flow, |flow| alter(flow, stored));
            flows(state).advance(&flow, from, mails)
        })
    };
}

/// Advances a flow, and then alters what is stored, which is told with what was asked.
macro_rules! after_advance {
    ($alter:expr) => {
        Fault::advance_flow(|state, flow, from, mails| {
            let advanced = flows(state).advance(flow, from, mails)?;
            if advanced {
                let alter: fn(&mut Flow<Suite>, &Flow<Suite>) = $alter;
                change(state, flow.id, |stored| alter(stored, flow));
            }
            Ok(advanced)
        })
    };
}

/// Faults of one flow's step to the next.
pub(super) const FAULTS: Faults = &[
    (
        "a_transition_replaces_what_it_names_and_nothing_else",
        &[
            advanced!(|it, stored| it.position = stored.position),
            advanced!(|it, stored| it.handle = stored.handle),
            advanced!(|it, stored| it.link = stored.link),
            advanced!(|it, stored| it.short = stored.short),
            advanced!(|it, stored| it.attempts = stored.attempts),
            advanced!(|it, stored| it.mails = stored.mails),
            advanced!(|it, stored| it.methods = stored.methods),
            advanced!(|it, stored| it.user = stored.user),
            advanced!(|it, stored| it.expires = stored.expires),
            after_advance!(|stored, asked| stored.purpose = asked.purpose),
            after_advance!(|stored, asked| stored.state = asked.state),
            after_advance!(|stored, asked| stored.email = asked.email.clone()),
            after_advance!(|stored, asked| stored.claim = asked.claim),
            after_advance!(|stored, asked| stored.pending.clone_from(&asked.pending)),
            after_advance!(|stored, asked| stored.client = asked.client),
            after_advance!(|stored, asked| stored.created = asked.created),
            after_advance!(|stored, asked| stored.finished = asked.finished),
            Fault::advance_flow(|state, flow, from, mails| {
                let others: Vec<_> = state.flows.rows.keys().copied().collect();
                let advanced = flows(state).advance(flow, from, mails)?;
                for other in others.into_iter().filter(|_| advanced) {
                    change(state, other, |it| it.expires = flow.expires);
                }
                Ok(advanced)
            }),
        ],
    ),
    (
        "the_handle_and_link_of_before_find_nothing",
        &[
            Fault::advance_flow(|state, flow, from, mails| {
                let before = state.flows.row(flow.id).map(|it| it.handle);
                let advanced = flows(state).advance(flow, from, mails)?;
                before.map(|handle| flows(state).by_handle.insert(handle, flow.id));
                Ok(advanced)
            }),
            Fault::advance_flow(|state, flow, from, mails| {
                let before = state.flows.row(flow.id).and_then(|it| it.link);
                let advanced = flows(state).advance(flow, from, mails)?;
                before.map(|link| flows(state).by_link.insert(link, flow.id));
                Ok(advanced)
            }),
            // A link that is not replaced stays.
            advanced!(|it, stored| it.link = it.link.or(stored.link)),
        ],
    ),
    (
        "a_transition_from_elsewhere_changes_nothing",
        &[
            Fault::advance_flow(|state, flow, _, mails| {
                let from = state.flows.row(flow.id).map_or(0, |it| it.position);
                flows(state).advance(flow, from, mails)
            }),
            Fault::advance_flow(|state, flow, from, _| {
                let mails = state.flows.row(flow.id).map_or(0, |it| it.mails);
                flows(state).advance(flow, from, mails)
            }),
            Fault::advance_flow(|state, flow, from, mails| {
                let stored = state.flows.row(flow.id).map_or(0, |it| it.mails);
                flows(state).advance(flow, from, stored.max(mails))
            }),
            Fault::advance_flow(|state, flow, from, mails| {
                change(state, flow.id, |it| it.finished = None);
                flows(state).advance(flow, from, mails)
            }),
            Fault::advance_flow(|state, flow, from, mails| {
                if state.flows.row(flow.id).is_none() {
                    flows(state).insert(flow)?;
                    return Ok(true);
                }
                flows(state).advance(flow, from, mails)
            }),
            Fault::advance_flow(|state, flow, from, mails| {
                let advanced = flows(state).advance(flow, from, mails)?;
                if state.flows.row(flow.id).is_some() {
                    flows(state).by_handle.insert(flow.handle, flow.id);
                }
                Ok(advanced)
            }),
            Fault::advance_flow(|state, flow, from, mails| {
                _ = flows(state).advance(flow, from, mails)?;
                Ok(true)
            }),
        ],
    ),
    (
        "a_transition_that_changes_nothing_happens",
        &[Fault::advance_flow(|state, flow, from, mails| {
            let same = state.flows.row(flow.id) == Some(flow);
            if same { Ok(false) } else { flows(state).advance(flow, from, mails) }
        })],
    ),
    ("of_concurrent_transitions_one_happens", &[Fault::UnitsOverlap]),
    (
        "of_concurrent_mails_of_a_flow_one_is_sent",
        &[
            Fault::UnitsOverlap,
            Fault::advance_flow(|state, flow, from, _| {
                let mails = state.flows.row(flow.id).map_or(0, |it| it.mails);
                flows(state).advance(flow, from, mails)
            }),
        ],
    ),
    ("a_transition_does_not_outlive_its_flow", &[Fault::UnitsOverlap]),
];
