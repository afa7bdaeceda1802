use std::sync::Arc;

use durward_conformance::Suite;
use durward_core::entity::{Actor, LiveActor, LiveSession, Session, User};
use durward_core::{Digest, Slice, Timestamp};

use super::fault::Fault;
use super::{Faults, altered};
use crate::state::State;

/// Tells a session check something else of an actor.
macro_rules! told {
    ($until:expr) => {
        Fault::session_by_token(|state, token| {
            let until: fn(&State<Suite>, &Session<Suite>, Actor) -> LiveActor = $until;
            check(state, token, until)
        })
    };
}

/// Lists the sessions for which this is true.
macro_rules! listed {
    ($told:expr) => {
        Fault::live_sessions(|state, query, now, slice| {
            let told: fn(&State<Suite>, &Session<Suite>, Timestamp) -> bool = $told;
            let alive = state.sessions.alive(*query, now, slice.after);
            let told = alive.filter(|it| told(state, it, now));
            told.take(slice.limit as usize).cloned().collect()
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "a_session_comes_back_with_its_actor",
        &[
            Fault::insert_session(|state, session| {
                let forgotten = altered(session, |it| it.actor = None);
                Arc::make_mut(&mut state.sessions).insert(&forgotten)
            }),
            Fault::insert_session(|state, session| {
                let by = |it: &mut Session<Suite>| {
                    it.actor = it.actor.map(|actor| Actor { session_id: it.id, ..actor });
                };
                Arc::make_mut(&mut state.sessions).insert(&altered(session, by))
            }),
            Fault::rotate_session(|state, session, from| {
                let sessions = Arc::make_mut(&mut state.sessions);
                let rotated = sessions.rotate(session, from)?;
                if let Some(row) = sessions.rows.get_mut(&session.id) {
                    Arc::make_mut(row).actor = session.actor;
                }
                Ok(rotated)
            }),
        ],
    ),
    (
        "a_session_check_sees_its_actor",
        &[
            Fault::session_by_token(|state, token| {
                state.live_session(token).map(|live| LiveSession { actor: None, ..live })
            }),
            told!(|_, acted, actor| LiveActor { actor, until: Some(acted.token_expires) }),
            told!(|_, _, actor| LiveActor { actor, until: None }),
        ],
    ),
    (
        "a_session_check_sees_that_its_actor_logged_out",
        &[told!(|state, _, actor| {
            let own = state.sessions.row(actor.session_id);
            LiveActor { actor, until: own.map(|own| own.expires) }
        })],
    ),
    (
        "a_session_check_sees_that_its_actor_resigned",
        &[
            told!(|state, acted, actor| {
                let was = state.users.row(actor.id).is_some();
                let until = Some(acted.expires).filter(|_| was);
                LiveActor { actor, until }
            }),
            told!(|state, acted, actor| {
                let active = durward_core::UserStatus::Active;
                let is_active = |user: &User<Suite>| user.status == active;
                let was = state.users.row(actor.id).is_some_and(is_active);
                LiveActor { actor, until: Some(acted.expires).filter(|_| was) }
            }),
            told!(|state, acted, actor| {
                let is_owner = |user: &User<Suite>| {
                    user.roles.contains(&durward_conformance::SuiteRole::Owner)
                };
                let was = state.users.row(actor.id).is_none_or(is_owner);
                LiveActor { actor, until: Some(acted.expires).filter(|_| was) }
            }),
        ],
    ),
    (
        "a_session_is_listed_while_its_actor_may_act",
        &[
            listed!(|_, _, _| true),
            listed!(|_, acted, _| acted.actor.is_none()),
            listed!(|state, acted, _| acted
                .actor
                .is_none_or(|actor| { state.live_actor(actor).until.is_some() })),
            listed!(|state, acted, now| acted.actor.is_none_or(|actor| {
                let own = state.sessions.row(actor.session_id);
                own.is_some_and(|own| own.ended.is_none() && now < own.expires)
            })),
            listed!(|state, acted, now| acted.actor.is_none_or(|actor| {
                let own = state.sessions.row(actor.session_id);
                let administers = state.users.row(actor.id).is_some_and(User::administers);
                administers && own.is_some_and(|own| now < own.expires)
            })),
            // A part is taken first, and looked through then.
            Fault::live_sessions(|state, query, now, slice| {
                let alive = state.sessions.alive(*query, now, slice.after);
                let part: Vec<_> = alive.take(slice.limit as usize).cloned().collect();
                let all = Slice { limit: u32::MAX, ..slice };
                let told = state.live_sessions(query, now, all);
                part.into_iter().filter(|it| told.contains(it)).collect()
            }),
        ],
    ),
];

fn check(
    state: &State<Suite>,
    token: &Digest,
    told: fn(&State<Suite>, &Session<Suite>, Actor) -> LiveActor,
) -> Option<LiveSession<Suite>> {
    let live = state.live_session(token)?;
    let session = state.sessions.row(live.session)?;
    let actor = session.actor.map(|actor| told(state, session, actor));
    Some(LiveSession { actor, ..live })
}
