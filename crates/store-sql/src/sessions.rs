use durward_core::entity::{Actor, LiveActor, LiveSession, Session, SessionFamily, UserStatus};
use durward_core::ids::{ClientId, SessionId, UserId};
use durward_core::store::{Result, SessionQuery, Sessions, SessionsMut};
use durward_core::{Attrs, Digest, Slice, Timestamp, UserAgent};

use crate::engine::{Engine, Value, values};
use crate::read::look_ups;
use crate::row::{Columns, Row, methods_text, unreadable};
use crate::statement::statements;
use crate::tx::SqlTx;

macro_rules! columns {
    () => {
        "id, user_id, client_id, methods, authenticated_ms, created_ms, token_digest, \
         token_expires_ms, refresh_digest, previous_refresh_digest, rotated_ms, \
         refresh_expires_ms, expires_ms, ended_ms, ip, agent, attrs, actor_id, actor_session_id"
    };
}
pub(crate) use columns;

/// A part of what is alive, by the index that the first condition names. The sums keep an engine from the
/// indexes by which what is over is found. What somebody acts in is looked after by the ids of the two.
macro_rules! live {
    ($first:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM {sessions} WHERE ",
            $first,
            "id >= ? AND id < ? AND (1 = ? OR client_id = ?) AND ended_ms + 0 IS NULL \
             AND expires_ms + 0 > ? AND (token_expires_ms > ? OR refresh_expires_ms > ?) \
             AND (actor_id IS NULL OR EXISTS (SELECT 1 FROM {sessions} o \
             JOIN {users} a ON a.id = {sessions}.actor_id WHERE o.id = {sessions}.actor_session_id \
             AND o.ended_ms + 0 IS NULL AND o.expires_ms + 0 > ? AND a.administers + 0 <> 0)) \
             ORDER BY id DESC LIMIT ?"
        )
    };
}

statements! { Sessions;
    SESSION = concat!("SELECT ", columns!(), " FROM {sessions} WHERE id = ?");
    SESSION_BY_TOKEN =
        "SELECT s.id AS id, s.user_id AS user_id, u.status AS status, u.roles AS roles, \
         s.client_id AS client_id, s.methods AS methods, s.authenticated_ms AS authenticated_ms, \
         s.token_expires_ms AS token_expires_ms, s.expires_ms AS expires_ms, \
         s.ended_ms AS ended_ms, s.actor_id AS actor_id, \
         s.actor_session_id AS actor_session_id \
         FROM {sessions} s JOIN {users} u ON u.id = s.user_id WHERE s.token_digest = ?";
    // Apart, since hardly a session has one, and joining both tables once more doubles the cost of a check on PostgreSQL.
    ACTOR_UNTIL =
        "SELECT o.expires_ms AS expires_ms FROM {sessions} o JOIN {users} a ON a.id = ? \
         WHERE o.id = ? AND o.ended_ms + 0 IS NULL AND a.administers + 0 <> 0";
    SESSION_BY_REFRESH = concat!(
        "SELECT ", columns!(), ", \
         (SELECT status FROM {users} WHERE id = {sessions}.user_id) AS status FROM {sessions} \
         WHERE id = (SELECT session_id FROM {refresh_tokens} WHERE digest = ?)"
    );
    SESSIONS_OF = concat!(
        "SELECT ", columns!(), " FROM {sessions} WHERE user_id = ? AND ended_ms + 0 IS NULL \
         ORDER BY created_ms DESC, id DESC"
    );
    LIVE_SESSIONS = live!("");
    LIVE_SESSIONS_BY_USER = live!("user_id = ? AND ");
    LIVE_SESSIONS_BY_CLIENT = live!("client_id = ? AND ");
    INSERT_SESSION = concat!(
        "INSERT INTO {sessions} (", columns!(), ") \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    INSERT_FAMILY_TOKEN = "INSERT INTO {refresh_tokens} (digest, session_id) VALUES (?, ?)";
    // The sum keeps MariaDB from finding one session by the index of `ended_ms`: it would lock the index
    // before the row, and whoever holds the row already waits for the index.
    ROTATE_SESSION =
        "UPDATE {sessions} SET token_digest = ?, token_expires_ms = ?, refresh_digest = ?, \
         previous_refresh_digest = ?, rotated_ms = ?, refresh_expires_ms = ? \
         WHERE id = ? AND refresh_digest = ? AND ended_ms + 0 IS NULL";
    // Changes nothing and holds the row: a lock that every engine has.
    LOCK_SESSION = "UPDATE {sessions} SET user_id = user_id WHERE id = ?";
    END_SESSION = "UPDATE {sessions} SET ended_ms = ? WHERE id = ? AND ended_ms + 0 IS NULL";
    END_SESSIONS_OF =
        "UPDATE {sessions} SET ended_ms = ? \
         WHERE user_id = ? AND ended_ms + 0 IS NULL AND id <> ?";
}

pub(crate) fn decode<A: Attrs>(row: &dyn Row) -> Result<Session<A>> {
    let ip = row.str_if_any("ip")?;
    Ok(Session {
        id: SessionId::from_bytes(row.fixed("id")?),
        user: UserId::from_bytes(row.fixed("user_id")?),
        client: row.fixed_if_any("client_id")?.map(ClientId::from_bytes),
        methods: row.methods("methods")?,
        authenticated: row.time("authenticated_ms")?,
        created: row.time("created_ms")?,
        token: row.digest("token_digest")?,
        token_expires: row.time("token_expires_ms")?,
        refresh: row.digest("refresh_digest")?,
        previous_refresh: row.digest_if_any("previous_refresh_digest")?,
        rotated: row.time("rotated_ms")?,
        refresh_expires: row.time("refresh_expires_ms")?,
        expires: row.time("expires_ms")?,
        ended: row.time_if_any("ended_ms")?,
        ip: ip.map(str::parse).transpose().map_err(|_no_address| unreadable("ip"))?,
        agent: row.string_if_any("agent")?.map(UserAgent::from_stored),
        attrs: row.json("attrs")?,
        actor: decode_actor(row)?,
    })
}

fn decode_actor(row: &dyn Row) -> Result<Option<Actor>> {
    let id = row.fixed_if_any("actor_id")?.map(UserId::from_bytes);
    let session = row.fixed_if_any("actor_session_id")?.map(SessionId::from_bytes);
    Ok(id.zip(session).map(|(id, session_id)| Actor { id, session_id }))
}

/// An actor is looked for separately.
fn decode_live<A: Attrs>(row: &dyn Row) -> Result<LiveSession<A>> {
    Ok(LiveSession {
        session: SessionId::from_bytes(row.fixed("id")?),
        user: UserId::from_bytes(row.fixed("user_id")?),
        status: row.named("status", UserStatus::named)?,
        roles: row.json("roles")?,
        client: row.fixed_if_any("client_id")?.map(ClientId::from_bytes),
        methods: row.methods("methods")?,
        authenticated: row.time("authenticated_ms")?,
        token_expires: row.time("token_expires_ms")?,
        expires: row.time("expires_ms")?,
        ended: row.time_if_any("ended_ms")?,
        actor: decode_actor(row)?.map(|actor| LiveActor { actor, until: None }),
    })
}

fn decode_family<A: Attrs>(row: &dyn Row) -> Result<SessionFamily<A>> {
    Ok(SessionFamily { session: decode(row)?, status: row.named("status", UserStatus::named)? })
}

/// Below and above every id.
const FIRST: SessionId = SessionId::from_bytes([0; 16]);
const LAST: SessionId = SessionId::from_bytes([0xff; 16]);

look_ups! {
    impl<E: Engine, A: Attrs> Sessions<A> for Handle<'_, E, A> {
        async fn session(&mut self, id: SessionId) -> Result<Option<Session<A>>> {
            self.row(SESSION, values![&id], decode).await
        }

        async fn session_by_token(&mut self, token: &Digest) -> Result<Option<LiveSession<A>>> {
            let live = self.row(SESSION_BY_TOKEN, values![token], decode_live).await?;
            let Some(mut live) = live else { return Ok(None) };
            if let Some(LiveActor { actor, until }) = &mut live.actor {
                let values = values![&actor.id, &actor.session_id];
                *until = self.row(ACTOR_UNTIL, values, |row| row.time("expires_ms")).await?;
            }
            Ok(Some(live))
        }

        async fn session_by_refresh(
            &mut self,
            refresh: &Digest,
        ) -> Result<Option<SessionFamily<A>>> {
            self.row(SESSION_BY_REFRESH, values![refresh], decode_family).await
        }

        async fn sessions_of(&mut self, user: UserId) -> Result<Vec<Session<A>>> {
            self.rows(SESSIONS_OF, values![&user], decode).await
        }

        async fn live_sessions(
            &mut self,
            query: &SessionQuery,
            now: Timestamp,
            slice: Slice<SessionId>,
        ) -> Result<Vec<Session<A>>> {
            let SessionQuery { user, client, from } = query;
            let (first, last) = (from.unwrap_or(FIRST), slice.after.unwrap_or(LAST));
            let rest: &[Value<'_>] = values![
                &first,
                &last,
                client.is_none(),
                client,
                now,
                now,
                now,
                now,
                slice.limit,
            ];
            let (statement, by) = match (user, client) {
                (Some(_), _) => (LIVE_SESSIONS_BY_USER, Some(Value::from(user))),
                (None, Some(_)) => (LIVE_SESSIONS_BY_CLIENT, Some(Value::from(client))),
                (None, None) => (LIVE_SESSIONS, None),
            };
            let values: Vec<_> = by.into_iter().chain(rest.iter().copied()).collect();
            match user {
                Some(_) => self.few(statement, &values, decode).await,
                None => self.rows(statement, &values, decode).await,
            }
        }
    }
}

impl<E: Engine, A: Attrs> SessionsMut<A> for SqlTx<'_, E, A> {
    async fn insert_session(&mut self, session: &Session<A>) -> Result<()> {
        let attrs = self.json(&session.attrs)?;
        let methods = methods_text(&session.methods);
        let ip = session.ip.map(|ip| ip.to_string());
        let actor = session.actor.map(|actor| actor.id);
        let actor_session = session.actor.map(|actor| actor.session_id);
        let values = values![
            &session.id,
            &session.user,
            &session.client,
            &methods,
            session.authenticated,
            session.created,
            &session.token,
            session.token_expires,
            &session.refresh,
            &session.previous_refresh,
            session.rotated,
            session.refresh_expires,
            session.expires,
            session.ended,
            ip.as_deref(),
            session.agent.as_ref().map(UserAgent::as_str),
            &attrs,
            &actor,
            &actor_session,
        ];
        self.append(INSERT_SESSION, values, "session").await?;
        self.remember_token(session.id, &session.refresh).await
    }

    async fn rotate_session(&mut self, session: &Session<A>, from: &Digest) -> Result<bool> {
        let values = values![
            &session.token,
            session.token_expires,
            &session.refresh,
            &session.previous_refresh,
            session.rotated,
            session.refresh_expires,
            &session.id,
            from,
        ];
        let rotated = self.change_unique(ROTATE_SESSION, values, "session token").await?;
        if rotated {
            self.remember_token(session.id, &session.refresh).await?;
        }
        Ok(rotated)
    }

    async fn remember_token(&mut self, session: SessionId, token: &Digest) -> Result<()> {
        let values = values![token, &session];
        self.append(INSERT_FAMILY_TOKEN, values, "token of a family").await
    }

    async fn lock_session(&mut self, id: SessionId) -> Result<()> {
        self.execute(LOCK_SESSION, values![&id]).await?;
        Ok(())
    }

    async fn end_session(&mut self, id: SessionId, now: Timestamp) -> Result<bool> {
        self.change(END_SESSION, values![now, &id]).await
    }

    async fn end_sessions_of(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        now: Timestamp,
    ) -> Result<u64> {
        // No session has an id without a version.
        let except = except.unwrap_or(SessionId::from_bytes([0; 16]));
        self.execute(END_SESSIONS_OF, values![now, &user, &except]).await
    }
}
