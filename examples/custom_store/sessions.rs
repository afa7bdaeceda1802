//! Sessions, the flows that lead to them, and the budgets that both are held to.

use std::cmp::Reverse;

use durward::budget::{BudgetKey, Debit, Delays, Rate};
use durward::entity::{LiveSession, SessionFamily};
use durward::store::{BudgetsMut, Flows, FlowsMut, Result, SessionQuery, Sessions, SessionsMut};
use durward::{Attrs, Digest, Flow, FlowId, Purpose, Session, SessionId, Slice, Timestamp, UserId};

use super::Handle;
use super::tables::{change, insert, part};

impl<A: Attrs> Sessions<A> for Handle<A> {
    async fn session(&mut self, id: SessionId) -> Result<Option<Session<A>>> {
        self.look(|tables| tables.sessions.iter().find(|row| row.id == id).cloned())
    }

    async fn session_by_token(&mut self, token: &Digest) -> Result<Option<LiveSession<A>>> {
        self.look(|tables| {
            let session = tables.sessions.iter().find(|row| row.token == *token)?;
            let user = tables.user(session.user)?;
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
                actor: session.actor.map(|actor| tables.live_actor(actor)),
            })
        })
    }

    async fn session_by_refresh(&mut self, refresh: &Digest) -> Result<Option<SessionFamily<A>>> {
        self.look(|tables| {
            let (_, id) = tables.families.iter().find(|(digest, _)| digest == refresh)?;
            let session = tables.sessions.iter().find(|row| row.id == *id)?.clone();
            let status = tables.users.iter().find(|row| row.id == session.user)?.status;
            Some(SessionFamily { session, status })
        })
    }

    async fn sessions_of(&mut self, user: UserId) -> Result<Vec<Session<A>>> {
        self.look(|tables| {
            let open = tables.sessions.iter().filter(|row| row.user == user && row.ended.is_none());
            let mut found: Vec<Session<A>> = open.cloned().collect();
            found.sort_by_key(|row| Reverse((row.created, row.id)));
            found
        })
    }

    async fn live_sessions(
        &mut self,
        query: &SessionQuery,
        now: Timestamp,
        slice: Slice<SessionId>,
    ) -> Result<Vec<Session<A>>> {
        self.look(|tables| {
            let SessionQuery { user, client, from } = *query;
            let until = |actor| tables.live_actor(actor).until;
            let acts = |row: &Session<A>| {
                row.actor.is_none_or(|actor| until(actor).is_some_and(|until| now < until))
            };
            let alive = tables.sessions.iter().filter(|row| {
                row.is_alive(now)
                    && acts(row)
                    && user.is_none_or(|user| row.user == user)
                    && client.is_none_or(|client| row.client == Some(client))
                    && from.is_none_or(|from| row.id >= from)
            });
            part(alive.cloned().collect(), slice, |row| row.id)
        })
    }
}

impl<A: Attrs> SessionsMut<A> for Handle<A> {
    async fn insert_session(&mut self, session: &Session<A>) -> Result<()> {
        self.write(|tables| {
            let taken = tables
                .sessions
                .iter()
                .any(|row| row.id == session.id || row.token == session.token)
                || tables.families.iter().any(|(digest, _)| *digest == session.refresh);
            insert(&mut tables.sessions, session, taken, "session")?;
            tables.families.push((session.refresh, session.id));
            Ok(())
        })
    }

    async fn rotate_session(&mut self, session: &Session<A>, from: &Digest) -> Result<bool> {
        let guard =
            |row: &Session<A>| row.id == session.id && row.refresh == *from && row.ended.is_none();
        self.write(|tables| {
            let rotated = change(&mut tables.sessions, guard, |row| {
                row.token = session.token;
                row.token_expires = session.token_expires;
                row.refresh = session.refresh;
                row.previous_refresh = session.previous_refresh;
                row.rotated = session.rotated;
                row.refresh_expires = session.refresh_expires;
            });
            if rotated {
                tables.families.push((session.refresh, session.id));
            }
            Ok(rotated)
        })
    }

    async fn remember_token(&mut self, session: SessionId, token: &Digest) -> Result<()> {
        self.write(|tables| {
            tables.families.push((*token, session));
            Ok(())
        })
    }

    async fn lock_session(&mut self, _: SessionId) -> Result<()> {
        // Whoever changes anything in the meantime wins, and this unit is told at its commit.
        self.write(|_| Ok(()))
    }

    async fn end_session(&mut self, id: SessionId, now: Timestamp) -> Result<bool> {
        let guard = |row: &Session<A>| row.id == id && row.ended.is_none();
        self.write(|tables| Ok(change(&mut tables.sessions, guard, |row| row.ended = Some(now))))
    }

    async fn end_sessions_of(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        now: Timestamp,
    ) -> Result<u64> {
        self.write(|tables| {
            let rows = tables.sessions.iter_mut().filter(|row| Some(row.id) != except);
            let open = rows.filter(|row| row.user == user && row.ended.is_none());
            Ok(open.map(|row| row.ended = Some(now)).count() as u64)
        })
    }
}

impl<A: Attrs> Flows<A> for Handle<A> {
    async fn flow_by_handle(&mut self, handle: &Digest) -> Result<Option<Flow<A>>> {
        self.look(|tables| tables.flows.iter().find(|row| row.handle == *handle).cloned())
    }

    async fn flow_by_link(&mut self, link: &Digest) -> Result<Option<Flow<A>>> {
        self.look(|tables| tables.flows.iter().find(|row| row.link == Some(*link)).cloned())
    }

    async fn open_flows_of(
        &mut self,
        user: UserId,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Vec<Flow<A>>> {
        self.look(|tables| {
            let of_user = tables.flows.iter().filter(|row| row.user == Some(user));
            let open = of_user.filter(|row| row.purpose == purpose && row.is_open(now).is_ok());
            let mut found: Vec<Flow<A>> = open.cloned().collect();
            found.sort_by_key(|row| Reverse((row.created, row.id)));
            found
        })
    }
}

impl<A: Attrs> FlowsMut<A> for Handle<A> {
    async fn insert_flow(&mut self, flow: &Flow<A>) -> Result<()> {
        self.write(|tables| {
            let taken = tables.flows.iter().any(|row| {
                row.id == flow.id
                    || row.handle == flow.handle
                    || (flow.link.is_some() && row.link == flow.link)
            });
            insert(&mut tables.flows, flow, taken, "flow")
        })
    }

    async fn debit_flow(&mut self, id: FlowId, position: u32, limit: u32) -> Result<bool> {
        let guard = |row: &Flow<A>| is_at(row, id, position) && row.attempts < limit;
        self.write(|tables| Ok(change(&mut tables.flows, guard, |row| row.attempts += 1)))
    }

    async fn advance_flow(&mut self, flow: &Flow<A>, from: u32, mails: u32) -> Result<bool> {
        let guard = |row: &Flow<A>| is_at(row, flow.id, from) && row.mails == mails;
        self.write(|tables| {
            let advanced = change(&mut tables.flows, guard, |row| {
                let Flow { step, position, handle, link, short, attempts, mails, .. } = *flow;
                let (methods, user, expires) = (flow.methods.clone(), flow.user, flow.expires);
                *row = Flow {
                    step,
                    position,
                    handle,
                    link,
                    short,
                    attempts,
                    mails,
                    methods,
                    user,
                    expires,
                    ..row.clone()
                };
            });
            Ok(advanced)
        })
    }

    async fn finish_flow(&mut self, id: FlowId, position: u32, now: Timestamp) -> Result<bool> {
        let guard = |row: &Flow<A>| is_at(row, id, position) && now < row.expires;
        self.write(|tables| Ok(change(&mut tables.flows, guard, |row| row.finished = Some(now))))
    }

    async fn finish_flows_of(&mut self, user: UserId, now: Timestamp) -> Result<u64> {
        self.write(|tables| {
            let rows = tables.flows.iter_mut();
            let open = rows.filter(|row| row.user == Some(user) && row.finished.is_none());
            let ending = open.filter(|row| !row.purpose.is_objection());
            Ok(ending.map(|row| row.finished = Some(now)).count() as u64)
        })
    }
}

fn is_at<A: Attrs>(flow: &Flow<A>, id: FlowId, position: u32) -> bool {
    flow.id == id && flow.position == position && flow.finished.is_none()
}

impl<A: Attrs> BudgetsMut for Handle<A> {
    async fn debit_budget(&mut self, key: BudgetKey, rate: &Rate, now: Timestamp) -> Result<Debit> {
        self.write(|tables| {
            let stored = tables.budgets.iter().find(|row| row.0 == key);
            let whole = stored.map_or(now, |row| row.1.max(now));
            let last_grant = rate.last_grant(now);
            if whole > last_grant {
                return Ok(Debit::Refused { retry_after: whole.since(last_grant) });
            }
            tables.budgets.retain(|row| row.0 != key);
            tables.budgets.push((key, whole + rate.interval));
            Ok(Debit::Granted)
        })
    }

    async fn refund_budget(&mut self, key: BudgetKey, rate: &Rate) -> Result<()> {
        self.write(|tables| {
            let guard = |row: &(BudgetKey, Timestamp)| row.0 == key;
            change(&mut tables.budgets, guard, |row| row.1 = row.1 - rate.interval);
            Ok(())
        })
    }

    async fn debit_attempt(
        &mut self,
        key: BudgetKey,
        delays: &Delays,
        now: Timestamp,
    ) -> Result<bool> {
        self.write(|tables| {
            let stored = tables.failures.iter().find(|row| row.0 == key);
            let (count, free) = stored.map_or((0, now), |row| (row.1, row.2 + delays.after(row.1)));
            if now < free {
                return Ok(false);
            }
            tables.failures.retain(|row| row.0 != key);
            tables.failures.push((key, count.saturating_add(1), now));
            Ok(true)
        })
    }

    async fn reset_attempts(&mut self, key: BudgetKey) -> Result<()> {
        self.write(|tables| {
            tables.failures.retain(|row| row.0 != key);
            Ok(())
        })
    }
}
