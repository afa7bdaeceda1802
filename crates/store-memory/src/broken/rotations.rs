use std::sync::Arc;

use durward_conformance::Suite;
use durward_core::entity::Session;
use durward_core::{Digest, Timestamp};

use super::Faults;
use super::fault::Fault;
use super::sessions::{all, change, sessions};

/// Rotates a session, and then alters what is stored.
macro_rules! rotated {
    ($alter:expr) => {
        Fault::rotate_session(|state, session, from| {
            let rotated = sessions(state).rotate(session, from)?;
            if rotated {
                let alter: fn(&mut Session<Suite>, &Session<Suite>) = $alter;
                change(state, session.id, |stored| alter(stored, session));
            }
            Ok(rotated)
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "a_rotation_replaces_the_tokens_and_nothing_else",
        &[
            rotated!(|stored, _| stored.token = Digest::from_bytes([0; 32])),
            rotated!(|stored, _| stored.token_expires = Timestamp::from_millis(0)),
            rotated!(|stored, _| stored.refresh = Digest::from_bytes([0; 32])),
            rotated!(|stored, _| stored.previous_refresh = None),
            rotated!(|stored, _| stored.rotated = stored.created),
            rotated!(|stored, _| stored.refresh_expires = Timestamp::from_millis(0)),
            rotated!(|stored, asked| stored.user = asked.user),
            rotated!(|stored, asked| stored.client = asked.client),
            rotated!(|stored, asked| stored.methods.clone_from(&asked.methods)),
            rotated!(|stored, asked| stored.authenticated = asked.authenticated),
            rotated!(|stored, asked| stored.created = asked.created),
            rotated!(|stored, asked| stored.expires = asked.expires),
            rotated!(|stored, asked| stored.ended = asked.ended),
            rotated!(|stored, asked| stored.ip = asked.ip),
            rotated!(|stored, asked| stored.agent.clone_from(&asked.agent)),
            rotated!(|stored, asked| stored.attrs = asked.attrs.clone()),
            Fault::rotate_session(|state, session, from| {
                let others: Vec<_> = state.sessions.rows.keys().copied().collect();
                let rotated = sessions(state).rotate(session, from)?;
                for other in others {
                    change(state, other, |it| it.token_expires = session.token_expires);
                }
                Ok(rotated)
            }),
        ],
    ),
    (
        "a_token_of_before_the_rotation_finds_nothing",
        &[
            Fault::rotate_session(|state, session, from| {
                let before = state.sessions.row(session.id).map(|it| it.token);
                let rotated = sessions(state).rotate(session, from)?;
                before.map(|token| sessions(state).by_token.insert(token, session.id));
                Ok(rotated)
            }),
            Fault::rotate_session(|state, session, from| {
                let before = state.sessions.row(session.id).map(|it| it.token);
                let rotated = sessions(state).rotate(session, from)?;
                sessions(state).by_token.remove(&session.token);
                before.map(|token| sessions(state).by_token.insert(token, session.id));
                Ok(rotated)
            }),
        ],
    ),
    (
        "a_refresh_token_of_any_generation_finds_its_session",
        &[
            Fault::session_by_refresh(|state, refresh| {
                state.family(all(state).find(|it| it.refresh == *refresh)?.id)
            }),
            Fault::session_by_refresh(|state, refresh| {
                let known = |it: &Session<Suite>| {
                    it.refresh == *refresh || it.previous_refresh == Some(*refresh)
                };
                state.family(all(state).find(|it| known(it))?.id)
            }),
            Fault::session_by_refresh(|state, refresh| {
                let found = state.family(*state.sessions.families.get(refresh)?);
                found.filter(|it| it.session.ended.is_none())
            }),
            Fault::session_by_refresh(|state, refresh| {
                let known = state.sessions.families.contains_key(refresh);
                state.family(all(state).last().filter(|_| known)?.id)
            }),
        ],
    ),
    (
        "a_remembered_token_finds_its_session",
        &[
            Fault::remember_token(|_, _, _| Ok(())),
            Fault::remember_token(|state, _, token| {
                let any = all(state).last().map(|it| it.id);
                any.map_or(Ok(()), |id| Arc::make_mut(&mut state.sessions).remember(id, token))
            }),
            // It opens again what it had opened.
            Fault::remember_token(|state, id, token| {
                let sessions = Arc::make_mut(&mut state.sessions);
                sessions.by_token.insert(*token, id);
                sessions.remember(id, token)
            }),
            Fault::remember_token(|state, id, token| {
                let sessions = Arc::make_mut(&mut state.sessions);
                if let Some(row) = sessions.rows.get_mut(&id) {
                    Arc::make_mut(row).previous_refresh = Some(*token);
                }
                sessions.remember(id, token)
            }),
        ],
    ),
    (
        "a_rotation_from_another_token_changes_nothing",
        &[
            Fault::rotate_session(|state, session, _| {
                let current = state.sessions.row(session.id).map(|it| it.refresh);
                current.map_or(Ok(false), |current| sessions(state).rotate(session, &current))
            }),
            Fault::rotate_session(|state, session, from| {
                change(state, session.id, |it| it.ended = None);
                sessions(state).rotate(session, from)
            }),
            Fault::rotate_session(|state, session, from| {
                _ = sessions(state).rotate(session, from)?;
                Ok(true)
            }),
            // The new refresh token is remembered before it is known whether it is accepted.
            Fault::rotate_session(|state, session, from| {
                let rotated = sessions(state).rotate(session, from)?;
                if state.sessions.row(session.id).is_some() {
                    sessions(state).families.insert(session.refresh, session.id);
                }
                Ok(rotated)
            }),
            Fault::rotate_session(|state, session, from| {
                let rotated = sessions(state).rotate(session, from)?;
                if state.sessions.row(session.id).is_some() {
                    sessions(state).by_token.insert(session.token, session.id);
                }
                Ok(rotated)
            }),
            Fault::rotate_session(|state, session, from| {
                if state.sessions.row(session.id).is_none() {
                    sessions(state).insert(session)?;
                }
                sessions(state).rotate(session, from)
            }),
            Fault::rotate_session(|state, session, from| {
                let previous = state.sessions.row(session.id).and_then(|it| it.previous_refresh);
                if previous == Some(*from) {
                    change(state, session.id, |stored| stored.refresh = *from);
                }
                sessions(state).rotate(session, from)
            }),
        ],
    ),
    ("of_concurrent_rotations_from_one_token_one_happens", &[Fault::UnitsOverlap]),
];
