use std::cmp::Reverse;

use durward_conformance::Suite;
use durward_core::entity::Session;
use durward_core::store::SessionQuery;
use durward_core::{Slice, Timestamp};

use super::Faults;
use super::fault::Fault;
use super::sessions::all;

/// Tells other sessions than those that are alive, in parts as it should.
macro_rules! told_if {
    ($told:expr) => {
        Fault::live_sessions(|state, query, now, slice| {
            let told: fn(&Session<Suite>, Timestamp) -> bool = $told;
            let rows = state
                .sessions
                .rows
                .values()
                .filter(|it| query.user.is_none_or(|user| it.user == user));
            let mut rows: Vec<_> =
                rows.filter(|it| told(it, now)).map(|it| (**it).clone()).collect();
            rows.retain(|it| slice.after.is_none_or(|after| it.id < after));
            rows.reverse();
            rows.truncate(slice.limit as usize);
            rows
        })
    };
}

/// Tells what answers another question than was asked.
macro_rules! asked {
    ($alter:expr) => {
        Fault::live_sessions(|state, query, now, slice| {
            let alter: fn(&mut SessionQuery) = $alter;
            let mut query = *query;
            alter(&mut query);
            state.live_sessions(&query, now, slice)
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "open_sessions_are_listed_from_the_newest_on",
        &[
            Fault::sessions_of(|state, user| state.sessions.open_of(user).cloned().collect()),
            Fault::sessions_of(|state, user| {
                all(state).filter(|it| it.user == user && it.ended.is_none()).cloned().collect()
            }),
            Fault::sessions_of(|state, user| {
                newest_first(all(state).filter(|it| it.user == user).cloned().collect())
            }),
            Fault::sessions_of(|state, _| {
                newest_first(all(state).filter(|it| it.ended.is_none()).cloned().collect())
            }),
            Fault::sessions_of(|state, user| {
                let open = state.sessions.open_of(user).rev();
                open.filter(|it| it.expires > Timestamp::from_millis(1)).cloned().collect()
            }),
        ],
    ),
    (
        "live_sessions_are_told_in_parts",
        &[
            Fault::live_sessions(|state, query, now, slice| {
                state.live_sessions(query, now, Slice { limit: u32::MAX, ..slice })
            }),
            Fault::live_sessions(|state, query, now, slice| {
                let slice = slice.and_one_more();
                state.live_sessions(query, now, slice)
            }),
            Fault::live_sessions(|state, query, now, slice| {
                let all = Slice { after: None, limit: u32::MAX };
                let mut rows = state.live_sessions(query, now, all);
                rows.sort_by_key(|it| Reverse(it.created));
                rows.retain(|it| slice.after.is_none_or(|after| it.id < after));
                rows.truncate(slice.limit as usize);
                rows
            }),
            Fault::live_sessions(|state, query, now, slice| {
                let mut rows = state.live_sessions(query, now, slice);
                rows.reverse();
                rows
            }),
            Fault::live_sessions(|state, query, now, slice| {
                state.live_sessions(&SessionQuery { user: None, ..*query }, now, slice)
            }),
        ],
    ),
    (
        "a_place_outlives_its_row",
        &[
            // The place is looked for among what is there.
            Fault::live_sessions(|state, query, now, slice| {
                let all = Slice { after: None, limit: u32::MAX };
                let rows = state.live_sessions(query, now, all);
                let at = slice.after.map_or(Some(0), |after| {
                    rows.iter().position(|it| it.id == after).map(|at| at + 1)
                });
                rows.into_iter().skip(at.unwrap_or(0)).take(slice.limit as usize).collect()
            }),
        ],
    ),
    (
        "live_sessions_are_told_as_they_are_asked_for",
        &[
            asked!(|query| query.user = None),
            asked!(|query| query.client = None),
            asked!(|query| query.from = None),
            Fault::live_sessions(|state, query, now, slice| {
                let mut rows = state.live_sessions(query, now, slice);
                rows.retain(|it| query.from.is_none_or(|from| it.id > from));
                rows
            }),
            Fault::live_sessions(|state, query, now, slice| {
                let mut rows =
                    state.live_sessions(&SessionQuery { client: None, ..*query }, now, slice);
                rows.retain(|it| {
                    it.client.is_none() || query.client.is_none_or(|id| it.client == Some(id))
                });
                rows
            }),
        ],
    ),
    (
        "only_what_is_alive_is_told",
        &[
            told_if!(|it, _| it.ended.is_none()),
            told_if!(|it, now| it.is_alive(now) || it.ended.is_some()),
            told_if!(|it, now| it.ended.is_none() && now < it.expires),
            told_if!(|it, now| it.is_alive(now) && now < it.token_expires),
            told_if!(|it, now| it.is_alive(now) && now < it.refresh_expires),
            told_if!(|it, now| it.is_alive(now) || now == it.expires),
        ],
    ),
];

fn newest_first(mut sessions: Vec<Session<Suite>>) -> Vec<Session<Suite>> {
    sessions.sort_by_key(|session| session.created);
    sessions.reverse();
    sessions
}
