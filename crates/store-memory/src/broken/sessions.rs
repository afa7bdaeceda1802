use std::net::IpAddr;
use std::sync::Arc;

use durward_conformance::{Device, Suite, SuiteRole};
use durward_core::entity::{Method, Session, SessionFamily, UserStatus};
use durward_core::ids::{ClientId, SessionId, UserId};
use durward_core::store::StoreError;
use durward_core::{Digest, Timestamp, UserAgent};

use super::fault::Fault;
use super::{Faults, altered};
use crate::sessions::SessionTable;
use crate::state::State;

/// Stores a session with something of it altered.
macro_rules! stored {
    ($alter:expr) => {
        Fault::insert_session(|state, session| sessions(state).insert(&altered(session, $alter)))
    };
}

/// Finds a session by its token, with something of it altered.
macro_rules! found {
    ($alter:expr) => {
        Fault::session_by_token(|state, token| Some(altered(&state.live_session(token)?, $alter)))
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "a_session_comes_back_as_it_was_stored",
        &[
            stored!(|it| it.client = None),
            stored!(|it| _ = it.client.get_or_insert(ClientId::from_bytes([0; 16]))),
            stored!(|it| it.methods.clear()),
            stored!(|it| it.methods.sort_by_key(|method| *method != Method::Password)),
            stored!(|it| it.authenticated = it.created),
            stored!(|it| it.created = it.authenticated),
            stored!(|it| it.token_expires = it.expires),
            stored!(|it| it.rotated = it.created),
            stored!(|it| it.refresh_expires = it.expires),
            stored!(|it| it.expires = it.refresh_expires),
            stored!(|it| it.created = it.created.max(Timestamp::from_millis(0))),
            stored!(|it| it.expires = it.expires.min(Timestamp::from_millis(1 << 53))),
            stored!(|it| it.previous_refresh = None),
            stored!(|it| it.ended = None),
            stored!(|it| it.ip = None),
            stored!(|it| it.ip = it.ip.map(|ip| ip.to_canonical())),
            stored!(|it| it.ip = it.ip.filter(IpAddr::is_ipv4)),
            stored!(|it| it.agent = None),
            stored!(|it| it.agent = agent(it).filter(|text| !text.as_str().is_empty())),
            stored!(|it| it.agent = agent(it).map(|text| text.as_str().into())),
            stored!(|it| it.agent = agent(it).filter(|text| text.as_str().len() < 252)),
            stored!(|it| it.attrs = Device::default()),
            stored!(|it| it.attrs.label = None),
            Fault::session_by_refresh(|_, _| None),
        ],
    ),
    (
        "an_unknown_session_is_not_found",
        &[
            Fault::session(|state, _| all(state).next().cloned()),
            Fault::session_by_token(|state, _| state.live_session(&all(state).next()?.token)),
            Fault::session_by_token(|state, token| {
                let either = all(state).find(|it| it.token == *token || it.refresh == *token);
                state.live_session(&either?.token)
            }),
            Fault::session_by_refresh(|state, _| state.family(all(state).next()?.id)),
            Fault::session_by_refresh(|state, refresh| {
                let either = all(state).find(|it| it.token == *refresh || it.refresh == *refresh);
                state.family(either?.id)
            }),
            Fault::sessions_of(|state, _| all(state).cloned().collect()),
        ],
    ),
    (
        "a_token_finds_its_session_and_user",
        &[
            Fault::session_by_token(|_, _| None),
            found!(|it| it.session = SessionId::from_bytes([0; 16])),
            found!(|it| it.user = UserId::from_bytes([0; 16])),
            found!(|it| it.status = UserStatus::Active),
            found!(|it| it.roles.clear()),
            found!(|it| it.roles.truncate(1)),
            found!(|it| it.roles.reverse()),
            found!(|it| it.client = None),
            found!(|it| it.methods = vec![Method::Password]),
            found!(|it| it.authenticated = it.expires),
            found!(|it| it.token_expires = it.expires),
            found!(|it| it.expires = it.token_expires),
            found!(|it| it.ended = Some(it.expires)),
            Fault::session_by_token(|state, token| {
                state.live_session(token).filter(|it| it.status == UserStatus::Active)
            }),
        ],
    ),
    (
        "a_token_finds_a_session_that_is_over",
        &[
            found!(|it| it.ended = None),
            Fault::session_by_token(|state, token| {
                state.live_session(token).filter(|it| it.ended.is_none())
            }),
            Fault::session_by_token(|state, token| {
                state.live_session(token).filter(|it| it.expires > Timestamp::from_millis(1))
            }),
            Fault::session_by_token(|state, token| {
                state.live_session(token).filter(|it| it.token_expires > Timestamp::from_millis(1))
            }),
            Fault::end_session(|_, _, _| Ok(true)),
        ],
    ),
    (
        "a_token_finds_the_present_user",
        &[
            found!(|it| it.status = UserStatus::Active),
            found!(|it| it.roles = vec![SuiteRole::Reader]),
            Fault::session_by_refresh(|state, refresh| {
                let found = state.family(*state.sessions.families.get(refresh)?)?;
                Some(SessionFamily { status: UserStatus::Active, ..found })
            }),
            Fault::session_by_refresh(|state, refresh| {
                let found = state.family(*state.sessions.families.get(refresh)?);
                found.filter(|it| it.status == UserStatus::Active)
            }),
        ],
    ),
    ("a_locked_session_is_not_changed_by_others", &[Fault::UnitsOverlap]),
    (
        "a_session_that_never_was_may_be_locked",
        &[
            Fault::lock_session(|state, id| {
                state.sessions.row(id).map(drop).ok_or(StoreError::Conflict)
            }),
            // A row is made for the lock.
            Fault::lock_session(|state, id| {
                let ada = state.users.rows.keys().next().copied();
                let Some(user) = ada else { return Ok(()) };
                sessions(state).insert(&placeholder(id, user))
            }),
        ],
    ),
    (
        "a_session_ends_once",
        &[
            Fault::end_session(|state, id, now| {
                let known = state.sessions.row(id).is_some();
                _ = sessions(state).end(id, now);
                Ok(known)
            }),
            Fault::end_session(|state, id, now| {
                let ended = sessions(state).end(id, now);
                change(state, id, |it| it.ended = Some(now));
                Ok(ended)
            }),
            Fault::end_session(|state, id, now| {
                _ = sessions(state).end(id, now);
                Ok(true)
            }),
            Fault::end_session(|state, id, now| {
                let ended = sessions(state).end(id, now);
                let others: Vec<_> = state.sessions.rows.keys().copied().collect();
                others
                    .into_iter()
                    .filter(|_| ended)
                    .for_each(|it| _ = sessions(state).end(it, now));
                Ok(ended)
            }),
            Fault::end_session(|state, id, _| {
                Ok(sessions(state).end(id, Timestamp::from_millis(0)))
            }),
            Fault::end_session(|_, _, _| Ok(false)),
        ],
    ),
    ("of_concurrent_ends_of_a_session_one_counts", &[Fault::UnitsOverlap]),
    ("a_rotation_does_not_undo_an_end", &[Fault::UnitsOverlap]),
    (
        "all_sessions_of_a_user_end_together",
        &[
            Fault::end_sessions_of(|_, _, _, _| Ok(0)),
            Fault::end_sessions_of(|state, user, except, now| {
                _ = sessions(state).end_of(user, except, now);
                Ok(2)
            }),
            Fault::end_sessions_of(|state, user, except, _| {
                let open = state.sessions.open_of(user);
                Ok(open.filter(|it| Some(it.id) != except).count() as u64)
            }),
            Fault::end_sessions_of(|state, user, except, now| {
                let users: Vec<_> = state.users.rows.keys().copied().collect();
                let known = users.contains(&user);
                let ended = |user| sessions(state).end_of(user, except, now);
                Ok(users.into_iter().filter(|_| known).map(ended).sum())
            }),
            Fault::end_sessions_of(|state, user, except, now| {
                let ended = sessions(state).end_of(user, except, now);
                let theirs: Vec<_> = all(state)
                    .filter(|it| it.user == user && Some(it.id) != except)
                    .map(|it| it.id)
                    .collect();
                for id in theirs {
                    change(state, id, |it| it.ended = Some(now));
                }
                Ok(ended)
            }),
            Fault::end_sessions_of(|state, user, except, now| {
                let open = state.sessions.open_of(user);
                let open = open.filter(|it| it.expires > now && Some(it.id) != except);
                let open: Vec<_> = open.map(|it| it.id).collect();
                Ok(open.into_iter().map(|id| u64::from(sessions(state).end(id, now))).sum())
            }),
        ],
    ),
    (
        "all_other_sessions_of_a_user_end_together",
        &[
            Fault::end_sessions_of(|state, user, _, now| {
                Ok(sessions(state).end_of(user, None, now))
            }),
            Fault::end_sessions_of(|state, user, except, now| {
                Ok(if except.is_some() { 0 } else { sessions(state).end_of(user, None, now) })
            }),
        ],
    ),
];

pub(super) fn sessions(state: &mut State<Suite>) -> &mut SessionTable<Suite> {
    Arc::make_mut(&mut state.sessions)
}

pub(super) fn all(state: &State<Suite>) -> impl Iterator<Item = &Session<Suite>> {
    state.sessions.rows.values().map(Arc::as_ref)
}

/// Changes a stored session behind the back of the indexes.
pub(super) fn change(
    state: &mut State<Suite>,
    id: SessionId,
    change: impl FnOnce(&mut Session<Suite>),
) {
    if let Some(row) = sessions(state).rows.get_mut(&id) {
        change(Arc::make_mut(row));
    }
}

fn agent(session: &Session<Suite>) -> Option<UserAgent> {
    session.agent.clone()
}

fn placeholder(id: SessionId, user: UserId) -> Session<Suite> {
    let (never, nothing) = (Timestamp::from_millis(0), Digest::from_bytes([0; 32]));
    Session {
        id,
        user,
        client: None,
        methods: vec![],
        authenticated: never,
        created: never,
        token: nothing,
        token_expires: never,
        refresh: nothing,
        previous_refresh: None,
        rotated: never,
        refresh_expires: never,
        expires: never,
        ended: Some(never),
        ip: None,
        agent: None,
        actor: None,
        attrs: Device::default(),
    }
}
