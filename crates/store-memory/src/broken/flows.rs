use std::sync::Arc;

use durward_conformance::Suite;
use durward_core::email::{EmailAddress, EmailParts};
use durward_core::entity::{Flow, Method, Pending, Purpose};
use durward_core::ids::FlowId;
use durward_core::store::StoreError;
use durward_core::{Digest, PasswordHash, PersonName, Timestamp};

use super::fault::Fault;
use super::{Faults, altered};
use crate::flows::FlowTable;
use crate::state::State;

/// Stores a flow with something of it altered.
macro_rules! stored {
    ($alter:expr) => {
        Fault::insert_flow(|state, flow| flows(state).insert(&altered(flow, $alter)))
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "a_flow_comes_back_as_it_was_stored",
        &[
            stored!(|it| it.purpose = Purpose::Login),
            stored!(|it| it.position = it.position.min(i32::MAX as u32)),
            stored!(|it| it.state = None),
            stored!(|it| _ = it.state.get_or_insert(Digest::from_bytes([0; 32]))),
            stored!(|it| readdress(it, |parts| parts.typed = parts.canonical.clone())),
            stored!(|it| readdress(it, |parts| parts.skeleton = parts.canonical.clone())),
            stored!(|it| readdress(it, |parts| parts.canonical = parts.typed.clone())),
            stored!(|it| readdress(it, |parts| parts.typed.truncate(253))),
            stored!(|it| it.user = None),
            stored!(|it| it.claim = None),
            stored!(|it| it.short = None),
            stored!(|it| _ = it.short.get_or_insert(Digest::from_bytes([0; 32]))),
            stored!(|it| _ = it.link.get_or_insert(Digest::from_bytes([0; 32]))),
            stored!(|it| it.attempts = it.attempts.min(i32::MAX as u32)),
            stored!(|it| it.mails = it.mails.min(i32::MAX as u32)),
            stored!(|it| it.methods.truncate(1)),
            stored!(|it| it.methods.sort_by_key(|method| *method != Method::Password)),
            stored!(|it| it.methods = vec![Method::Password]),
            stored!(|it| it.pending = None),
            stored!(|it| repend(it, |pending| pending.password = None)),
            stored!(|it| repend(it, |pending| _ = pending.password.get_or_insert(empty_hash()))),
            stored!(|it| repend(it, |pending| pending.name = shortened(&pending.name))),
            stored!(|it| repend(it, |pending| pending.attrs.tags.sort())),
            stored!(|it| it.client = None),
            stored!(|it| it.session = None),
            stored!(|it| it.created = it.created.max(Timestamp::from_millis(0))),
            stored!(|it| it.expires = it.expires.min(Timestamp::from_millis(1 << 53))),
            stored!(|it| it.finished = None),
            Fault::flow_by_link(|_, _| None),
        ],
    ),
    (
        "an_unknown_flow_is_not_found",
        &[
            Fault::flow_by_handle(|state, _| all(state).next().cloned()),
            Fault::flow_by_link(|state, _| all(state).next().cloned()),
            Fault::flow_by_handle(either),
            Fault::flow_by_link(either),
            Fault::open_flows_of(|state, _, _, _| all(state).cloned().collect()),
        ],
    ),
    (
        "flows_without_codes_do_not_collide",
        &[Fault::insert_flow(|state, flow| {
            let taken = all(state).any(|it| it.link == flow.link);
            if taken { Err(StoreError::Duplicate("flow link")) } else { flows(state).insert(flow) }
        })],
    ),
    (
        "open_flows_of_a_purpose_are_found_from_the_newest_on",
        &[
            Fault::open_flows_of(|state, user, purpose, now| {
                state.flows.open_of(user, purpose, now).into_iter().rev().collect()
            }),
            Fault::open_flows_of(|state, user, purpose, now| {
                let mut found = state.flows.open_of(user, purpose, now);
                found.sort_by_key(|flow| flow.id);
                found
            }),
            Fault::open_flows_of(|state, user, purpose, now| {
                of_purpose(state, purpose, |it| it.user == Some(user) && now < it.expires)
            }),
            Fault::open_flows_of(|state, user, purpose, _| {
                of_purpose(state, purpose, |it| it.user == Some(user) && it.finished.is_none())
            }),
            Fault::open_flows_of(|state, user, purpose, now| {
                of_purpose(state, purpose, |it| {
                    it.user == Some(user) && it.finished.is_none() && now <= it.expires
                })
            }),
            Fault::open_flows_of(|state, _, purpose, now| {
                of_purpose(state, purpose, |it| it.is_open(now).is_ok())
            }),
            Fault::open_flows_of(|state, user, _, now| {
                newest_first(
                    all(state).filter(|it| it.user == Some(user) && it.is_open(now).is_ok()),
                )
            }),
            Fault::open_flows_of(|state, user, purpose, now| {
                state.flows.open_of(user, purpose, now).into_iter().take(1).collect()
            }),
        ],
    ),
    (
        "a_flow_is_debited_up_to_its_limit",
        &[
            Fault::debit_flow(|state, id, position, _| {
                Ok(flows(state).debit(id, position, u32::MAX))
            }),
            Fault::debit_flow(|state, id, position, limit| {
                Ok(flows(state).debit(id, position, limit + 1))
            }),
            Fault::debit_flow(|state, id, position, limit| {
                Ok(flows(state).debit(id, position, limit - 1))
            }),
            Fault::debit_flow(|_, _, _, _| Ok(true)),
            Fault::debit_flow(|state, id, position, limit| {
                let others: Vec<_> = state.flows.rows.keys().copied().collect();
                let mut debited = false;
                for other in others {
                    debited |= flows(state).debit(other, position, limit) && other == id;
                }
                Ok(debited)
            }),
            Fault::debit_flow(|state, id, position, limit| {
                _ = flows(state).debit(id, position, u32::MAX);
                Ok(state.flows.row(id).is_some_and(|it| it.attempts <= limit))
            }),
        ],
    ),
    (
        "only_the_present_step_is_debited",
        &[
            Fault::debit_flow(|state, id, _, limit| {
                let position = state.flows.row(id).map_or(0, |it| it.position);
                Ok(flows(state).debit(id, position, limit))
            }),
            Fault::debit_flow(|state, id, position, limit| {
                let present = state.flows.row(id).map_or(0, |it| it.position);
                Ok(flows(state).debit(id, present.max(position), limit))
            }),
            Fault::debit_flow(|state, id, position, limit| {
                change(state, id, |it| it.finished = None);
                Ok(flows(state).debit(id, position, limit))
            }),
            Fault::debit_flow(|state, id, position, limit| {
                let known = state.flows.row(id).is_some();
                Ok(!known || flows(state).debit(id, position, limit))
            }),
            Fault::debit_flow(|state, id, position, _| Ok(flows(state).debit(id, position, 5))),
        ],
    ),
    ("concurrent_debits_of_a_flow_stop_at_its_limit", &[Fault::UnitsOverlap]),
    (
        "a_flow_is_finished_once",
        &[
            Fault::finish_flow(|state, id, position, now| {
                change(state, id, |it| it.finished = None);
                Ok(flows(state).finish(id, position, now))
            }),
            Fault::finish_flow(|state, id, position, now| {
                _ = flows(state).finish(id, position, now);
                Ok(state.flows.row(id).is_some_and(|it| it.position == position))
            }),
            Fault::finish_flow(|state, id, _, now| {
                let position = state.flows.row(id).map_or(0, |it| it.position);
                Ok(flows(state).finish(id, position, now))
            }),
            Fault::finish_flow(|state, id, position, now| {
                let present = state.flows.row(id).map_or(0, |it| it.position);
                Ok(flows(state).finish(id, present.max(position), now))
            }),
            Fault::finish_flow(|state, id, position, now| {
                let known = state.flows.row(id).is_some();
                Ok(!known || flows(state).finish(id, position, now))
            }),
            Fault::finish_flow(|state, id, position, now| {
                let finished = flows(state).finish(id, position, now);
                change(state, id, |it| it.finished = it.finished.map(|_| it.created));
                Ok(finished)
            }),
            Fault::finish_flow(|state, id, position, now| {
                let finished = flows(state).finish(id, position, now);
                let others: Vec<_> = state.flows.rows.keys().copied().collect();
                for other in others.into_iter().filter(|_| finished) {
                    change(state, other, |it| it.finished = Some(now));
                }
                Ok(finished)
            }),
        ],
    ),
    (
        "an_expired_flow_is_not_finished",
        &[
            Fault::finish_flow(|state, id, position, _| {
                Ok(flows(state).finish(id, position, Timestamp::from_millis(0)))
            }),
            Fault::finish_flow(|state, id, position, now| {
                let just_before = Timestamp::from_millis(now.as_millis() - 1);
                Ok(flows(state).finish(id, position, just_before))
            }),
            Fault::finish_flow(|state, id, position, now| {
                let just_after = Timestamp::from_millis(now.as_millis().saturating_add(1));
                Ok(flows(state).finish(id, position, just_after))
            }),
        ],
    ),
    (
        "a_flow_is_finished_once_however_many_try",
        &[
            Fault::UnitsOverlap,
            Fault::finish_flow(|state, id, _, now| {
                change(state, id, |it| it.finished = Some(now));
                Ok(true)
            }),
        ],
    ),
];

pub(super) fn flows(state: &mut State<Suite>) -> &mut FlowTable<Suite> {
    Arc::make_mut(&mut state.flows)
}

pub(super) fn all(state: &State<Suite>) -> impl Iterator<Item = &Flow<Suite>> {
    state.flows.rows.values().map(Arc::as_ref)
}

/// The flow whose handle or link this is.
fn either(state: &State<Suite>, digest: &Digest) -> Option<Flow<Suite>> {
    all(state).find(|it| it.handle == *digest || it.link == Some(*digest)).cloned()
}

fn of_purpose(
    state: &State<Suite>,
    purpose: Purpose,
    which: impl Fn(&Flow<Suite>) -> bool,
) -> Vec<Flow<Suite>> {
    newest_first(all(state).filter(|it| it.purpose == purpose).filter(|it| which(it)))
}

fn newest_first<'a>(flows: impl Iterator<Item = &'a Flow<Suite>>) -> Vec<Flow<Suite>> {
    let mut flows: Vec<_> = flows.cloned().collect();
    flows.sort_by_key(|flow| flow.created);
    flows.reverse();
    flows
}

/// Changes a stored flow behind the back of the indexes.
pub(super) fn change(state: &mut State<Suite>, id: FlowId, change: impl FnOnce(&mut Flow<Suite>)) {
    if let Some(row) = flows(state).rows.get_mut(&id) {
        change(Arc::make_mut(row));
    }
}

fn readdress(flow: &mut Flow<Suite>, alter: fn(&mut EmailParts)) {
    let parts = altered(&EmailParts::from(flow.email.clone()), alter);
    flow.email = EmailAddress::from_stored(parts);
}

fn repend(flow: &mut Flow<Suite>, alter: fn(&mut Pending<Suite>)) {
    flow.pending.as_mut().map(alter);
}

fn shortened(name: &PersonName) -> PersonName {
    PersonName::from_stored(name.as_str().chars().take(199).collect())
}

fn empty_hash() -> PasswordHash {
    PasswordHash::from_stored(String::new())
}
