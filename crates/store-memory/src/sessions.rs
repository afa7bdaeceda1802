use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use durward_core::entity::{Actor, LiveActor, LiveSession, Session, SessionFamily, User};
use durward_core::ids::{SessionId, UserId};
use durward_core::store::{Result, SessionQuery, Sessions, SessionsMut, StoreError};
use durward_core::{Attrs, Digest, Slice, Timestamp};

use crate::state::{Rows, State};
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

pub(crate) struct SessionTable<A: Attrs> {
    pub(crate) rows: Rows<SessionId, Session<A>>,
    /// By the one token that is accepted.
    pub(crate) by_token: BTreeMap<Digest, SessionId>,
    /// By every refresh token that ever was.
    pub(crate) families: BTreeMap<Digest, SessionId>,
    /// Those that were not ended.
    pub(crate) open: BTreeMap<UserId, BTreeSet<(Timestamp, SessionId)>>,
}

impl<A: Attrs> SessionTable<A> {
    pub(crate) fn row(&self, id: SessionId) -> Option<&Session<A>> {
        self.rows.get(&id).map(Arc::as_ref)
    }

    pub(crate) fn open_of(&self, user: UserId) -> impl DoubleEndedIterator<Item = &Session<A>> {
        let ids = self.open.get(&user).into_iter().flatten();
        ids.filter_map(|(_, id)| self.row(*id))
    }

    /// Those that fit and are alive, the newest first.
    pub(crate) fn alive(
        &self,
        query: SessionQuery,
        now: Timestamp,
        after: Option<SessionId>,
    ) -> impl Iterator<Item = &Session<A>> {
        let SessionQuery { user, client, from } = query;
        let newest = self.rows.values().rev().map(Arc::as_ref);
        newest.filter(move |it| {
            it.is_alive(now)
                && user.is_none_or(|user| it.user == user)
                && client.is_none_or(|client| it.client == Some(client))
                && from.is_none_or(|from| it.id >= from)
                && after.is_none_or(|after| it.id < after)
        })
    }

    pub(crate) fn insert(&mut self, session: &Session<A>) -> Result<()> {
        if self.rows.contains_key(&session.id) {
            return Err(StoreError::Duplicate("session"));
        }
        self.remember_tokens(session)?;
        if session.ended.is_none() {
            self.open.entry(session.user).or_default().insert((session.created, session.id));
        }
        self.rows.insert(session.id, Arc::new(session.clone()));
        Ok(())
    }

    pub(crate) fn rotate(&mut self, session: &Session<A>, from: &Digest) -> Result<bool> {
        let current = |stored: &&Session<A>| stored.refresh == *from && stored.ended.is_none();
        let Some(stored) = self.row(session.id).filter(current).cloned() else {
            return Ok(false);
        };
        self.by_token.remove(&stored.token);
        self.remember_tokens(session)?;
        let rotated = Session {
            token: session.token,
            token_expires: session.token_expires,
            refresh: session.refresh,
            previous_refresh: session.previous_refresh,
            rotated: session.rotated,
            refresh_expires: session.refresh_expires,
            ..stored
        };
        self.rows.insert(session.id, Arc::new(rotated));
        Ok(true)
    }

    pub(crate) fn end(&mut self, id: SessionId, now: Timestamp) -> bool {
        let Some(row) = self.rows.get_mut(&id).filter(|row| row.ended.is_none()) else {
            return false;
        };
        let row = Arc::make_mut(row);
        row.ended = Some(now);
        if let Some(open) = self.open.get_mut(&row.user) {
            open.remove(&(row.created, id));
        }
        true
    }

    pub(crate) fn end_of(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        now: Timestamp,
    ) -> u64 {
        let open: Vec<_> = self.open_of(user).map(|session| session.id).collect();
        let ending = open.into_iter().filter(|id| Some(*id) != except);
        ending.map(|id| u64::from(self.end(id, now))).sum()
    }

    pub(crate) fn remember(&mut self, session: SessionId, token: &Digest) -> Result<()> {
        if self.families.contains_key(token) {
            return Err(StoreError::Duplicate("token of a family"));
        }
        self.families.insert(*token, session);
        Ok(())
    }

    pub(crate) fn remember_tokens(&mut self, session: &Session<A>) -> Result<()> {
        if self.by_token.contains_key(&session.token) {
            return Err(StoreError::Duplicate("session token"));
        }
        if self.families.contains_key(&session.refresh) {
            return Err(StoreError::Duplicate("refresh token"));
        }
        self.by_token.insert(session.token, session.id);
        self.families.insert(session.refresh, session.id);
        Ok(())
    }
}

impl<A: Attrs> State<A> {
    pub(crate) fn live_session(&self, token: &Digest) -> Option<LiveSession<A>> {
        let session = self.sessions.row(*self.sessions.by_token.get(token)?)?;
        let user = self.users.row(session.user)?;
        Some(LiveSession {
            session: session.id,
            user: user.id,
            status: user.status,
            roles: user.roles.clone(),
            client: session.client,
            methods: session.methods.clone(),
            authenticated: session.authenticated,
            token_expires: session.token_expires,
            expires: session.expires,
            ended: session.ended,
            actor: session.actor.map(|actor| self.live_actor(actor)),
        })
    }

    /// A part of the sessions that fit and are alive, and in which nobody acts who may not.
    pub(crate) fn live_sessions(
        &self,
        query: &SessionQuery,
        now: Timestamp,
        slice: Slice<SessionId>,
    ) -> Vec<Session<A>> {
        let alive = self.sessions.alive(*query, now, slice.after);
        let told = alive.filter(|it| {
            let until = |actor| self.live_actor(actor).until;
            it.actor.is_none_or(|actor| until(actor).is_some_and(|until| now < until))
        });
        told.take(usize::try_from(slice.limit).unwrap_or(usize::MAX)).cloned().collect()
    }

    /// An actor as he is now.
    pub(crate) fn live_actor(&self, actor: Actor) -> LiveActor {
        let administers = self.users.row(actor.id).is_some_and(User::administers);
        let own = self.sessions.row(actor.session_id).filter(|own| own.ended.is_none());
        LiveActor { actor, until: own.filter(|_| administers).map(|own| own.expires) }
    }

    pub(crate) fn family(&self, session: SessionId) -> Option<SessionFamily<A>> {
        let session = self.sessions.row(session)?.clone();
        let status = self.users.row(session.user)?.status;
        Some(SessionFamily { session, status })
    }
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Sessions<A> for Handle<A> {
        async fn session(&mut self, id: SessionId) -> Result<Option<Session<A>>> {
            self.look(|state| state.sessions.row(id).cloned())
        }

        async fn session_by_token(&mut self, token: &Digest) -> Result<Option<LiveSession<A>>> {
            self.look(|state| state.live_session(token))
        }

        async fn session_by_refresh(
            &mut self,
            refresh: &Digest,
        ) -> Result<Option<SessionFamily<A>>> {
            self.look(|state| state.family(*state.sessions.families.get(refresh)?))
        }

        async fn sessions_of(&mut self, user: UserId) -> Result<Vec<Session<A>>> {
            self.look(|state| state.sessions.open_of(user).rev().cloned().collect())
        }

        async fn live_sessions(
            &mut self,
            query: &SessionQuery,
            now: Timestamp,
            slice: Slice<SessionId>,
        ) -> Result<Vec<Session<A>>> {
            self.look(|state| state.live_sessions(query, now, slice))
        }
    }
}

impl<A: Attrs> SessionsMut<A> for MemoryTx<A> {
    async fn insert_session(&mut self, session: &Session<A>) -> Result<()> {
        self.write(|state| Arc::make_mut(&mut state.sessions).insert(session))
    }

    async fn rotate_session(&mut self, session: &Session<A>, from: &Digest) -> Result<bool> {
        self.write(|state| Arc::make_mut(&mut state.sessions).rotate(session, from))
    }

    async fn remember_token(&mut self, session: SessionId, token: &Digest) -> Result<()> {
        self.write(|state| Arc::make_mut(&mut state.sessions).remember(session, token))
    }

    async fn lock_session(&mut self, _id: SessionId) -> Result<()> {
        // The whole unit of work already holds off all others.
        self.look(|_| ())
    }

    async fn end_session(&mut self, id: SessionId, now: Timestamp) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.sessions).end(id, now)))
    }

    async fn end_sessions_of(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        now: Timestamp,
    ) -> Result<u64> {
        self.write(|state| Ok(Arc::make_mut(&mut state.sessions).end_of(user, except, now)))
    }
}

impl<A: Attrs> Default for SessionTable<A> {
    fn default() -> Self {
        Self {
            rows: Rows::new(),
            by_token: BTreeMap::new(),
            families: BTreeMap::new(),
            open: BTreeMap::new(),
        }
    }
}

impl<A: Attrs> Clone for SessionTable<A> {
    fn clone(&self) -> Self {
        Self {
            rows: self.rows.clone(),
            by_token: self.by_token.clone(),
            families: self.families.clone(),
            open: self.open.clone(),
        }
    }
}
