use super::{Accounts, IssuedSession};
use crate::attrs::{Attrs, Role};
use crate::authz::{Caller, Enroller, FreshUser, UserCaller};
use crate::behavior::StepContext;
use crate::entity::{Actor, LiveSession, Method, Session, SessionFamily, Step, User, UserStatus};
use crate::error::Error;
use crate::event::{EndReason, Event};
use crate::ids::{ClientId, SessionId, UserId};
use crate::origin::Origin;
use crate::page::{Page, Slice};
use crate::settings::SessionLimits;
use crate::store::{Clients, PasswordsMut, SessionQuery, Sessions, SessionsMut, Store, Users};
use crate::token::{RefreshToken, SessionToken};

/// What a session is to be.
pub(super) struct Opening {
    pub(super) methods: Vec<Method>,
    pub(super) limits: SessionLimits,
    pub(super) actor: Option<Actor>,
}

/// Whom a session is of.
#[derive(Clone, Debug, PartialEq)]
pub enum Authenticated<A: Attrs> {
    /// A user who has proven all that is asked of him.
    Fully(UserCaller<A>),
    /// One of whom a second factor is asked and who had none: he may enrol one, and nothing else.
    ToEnrol(UserCaller<A>),
}

/// What the rule about steps is asked.
pub(super) fn step_context<'a, R: Role>(
    user: UserId,
    roles: &[R],
    client: Option<ClientId>,
    done: &'a [Method],
) -> StepContext<'a> {
    let administrator = roles.iter().any(|role| role.is_administrator());
    StepContext { user, administrator, client, done }
}

/// What a session begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// With the user himself.
    SignUp,
    /// With a proof of a user who was there before.
    Login,
}

impl<S: Store> Accounts<S> {
    /// Opens a session, inside the caller's unit of work: the one function through which every session
    /// comes to be. [`Error::Unauthenticated`] unless the user is active (R-SE-07).
    ///
    /// Where a user has too many, the oldest end (R-SE-12). A device that was not seen before, which is another program
    /// or another network than those of all sessions that are kept, is told to his proven addresses (R-NO-01).
    pub async fn open_session(
        &self,
        tx: &mut S::Tx<'_>,
        user: &User<S::Attrs>,
        methods: Vec<Method>,
        origin: &Origin,
    ) -> Result<IssuedSession, Error> {
        self.open_session_on(tx, user, methods, Occasion::Login, origin).await
    }

    /// The same for either occasion.
    pub(super) async fn open_session_on(
        &self,
        tx: &mut S::Tx<'_>,
        user: &User<S::Attrs>,
        methods: Vec<Method>,
        occasion: Occasion,
        origin: &Origin,
    ) -> Result<IssuedSession, Error> {
        if user.status != UserStatus::Active {
            return Err(Error::Unauthenticated);
        }
        let limits = self.session_limits(tx, &methods, origin.client).await?;
        self.make_room(tx, user.id, &limits, occasion, origin).await?;
        self.open(tx, user.id, Opening { methods, limits, actor: None }, origin).await
    }

    /// The limits of a session by these methods: what the rule says, or less where its client wants less (R-SE-04).
    pub(super) async fn session_limits(
        &self,
        tx: &mut S::Tx<'_>,
        methods: &[Method],
        client: Option<ClientId>,
    ) -> Result<SessionLimits, Error> {
        let rule = &self.parts().behavior.session;
        let limits = rule.limits(self.settings().sessions, methods, client);
        let Some(id) = client else { return Ok(limits) };
        Ok(tx.client(id).await?.map_or(limits, |client| client.sessions.shorten(limits)))
    }

    /// Opens a session of a user who may have one.
    pub(super) async fn open(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        opening: Opening,
        origin: &Origin,
    ) -> Result<IssuedSession, Error> {
        let Opening { methods, limits, actor } = opening;
        let now = self.now();
        let token = SessionToken::mint(self.entropy());
        let refresh = RefreshToken::mint(self.entropy());
        let expires = now + limits.absolute;
        let session = Session {
            id: SessionId::new(now, self.entropy()),
            user,
            client: origin.client,
            methods,
            authenticated: now,
            created: now,
            token: self.keys().digest(&token),
            token_expires: (now + limits.token).min(expires),
            refresh: self.keys().digest(&refresh),
            previous_refresh: None,
            rotated: now,
            refresh_expires: (now + limits.idle).min(expires),
            expires,
            ended: None,
            actor,
            ip: origin.ip,
            agent: origin.agent.clone(),
            attrs: <S::Attrs as Attrs>::Session::default(),
        };
        tx.insert_session(&session).await?;
        self.record(tx, &Event::SessionOpened { session: &session }, origin).await?;
        Ok(issued(token, refresh, &session))
    }

    /// Who presents this session token through this client, read from the store at every use (R-SE-02,
    /// R-SE-11). [`Error::Unauthenticated`] for anything but a live session, [`Error::SecondFactorRequired`] for one that
    /// may only enrol a second factor.
    pub async fn authenticate(
        &self,
        token: &SessionToken,
        client: Option<ClientId>,
    ) -> Result<UserCaller<S::Attrs>, Error> {
        match self.authenticate_or_enrol(token, client).await? {
            Authenticated::Fully(user) => Ok(user),
            Authenticated::ToEnrol(_) => Err(Error::SecondFactorRequired),
        }
    }

    /// Who presents this session token through this client, as [`authenticate`](Self::authenticate) finds out, telling
    /// apart whoever must enrol a second factor first (R-MF-01).
    pub async fn authenticate_or_enrol(
        &self,
        token: &SessionToken,
        client: Option<ClientId>,
    ) -> Result<Authenticated<S::Attrs>, Error> {
        let mut read = self.read().await?;
        for digest in self.keys().digests(token) {
            if let Some(live) = read.session_by_token(&digest).await? {
                let valid = live.is_valid(self.now()) && live.client == client;
                return if valid { Ok(self.judge(live)) } else { Err(Error::Unauthenticated) };
            }
        }
        Err(Error::Unauthenticated)
    }

    fn judge(&self, live: LiveSession<S::Attrs>) -> Authenticated<S::Attrs> {
        let client = live.client;
        let user = UserCaller::from(live);
        let asked = step_context(user.id, &user.roles, client, &user.methods);
        // What was asked of an administrator who acts as somebody was asked of himself.
        let owes = user.actor.is_none()
            && !asked.has_second_factor()
            && self.parts().behavior.steps.next(&asked) == Some(Step::Totp);
        if owes { Authenticated::ToEnrol(user) } else { Authenticated::Fully(user) }
    }

    /// The session with this id, ended or not.
    pub async fn session(&self, id: SessionId) -> Result<Session<S::Attrs>, Error> {
        self.read().await?.session(id).await?.ok_or(Error::NotFound("session"))
    }

    /// A part of the sessions of a user that are [alive](Session::is_alive), the newest first (R-SE-13).
    pub async fn live_sessions(
        &self,
        user: UserId,
        slice: Slice<SessionId>,
    ) -> Result<Page<Session<S::Attrs>, SessionId>, Error> {
        let mut read = self.read().await?;
        if read.user(user).await?.is_none() {
            return Err(Error::NotFound("user"));
        }
        let query = SessionQuery { user: Some(user), ..SessionQuery::default() };
        let rows = read.live_sessions(&query, self.now(), slice.and_one_more()).await?;
        Ok(slice.page(rows, |session| session.id))
    }

    /// A part of the sessions of everybody that fit and are alive, the newest first.
    pub async fn list_sessions(
        &self,
        query: &SessionQuery,
        slice: Slice<SessionId>,
    ) -> Result<Page<Session<S::Attrs>, SessionId>, Error> {
        let mut read = self.read().await?;
        let rows = read.live_sessions(query, self.now(), slice.and_one_more()).await?;
        Ok(slice.page(rows, |session| session.id))
    }

    /// Ends a session, inside the caller's unit of work; answers whether it did now (R-SE-05).
    pub async fn end_session(
        &self,
        tx: &mut S::Tx<'_>,
        session: SessionId,
        user: UserId,
        reason: EndReason,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let ended = tx.end_session(session, self.now()).await?;
        if ended {
            self.record(tx, &Event::SessionEnded { session, user, reason }, origin).await?;
        }
        Ok(ended)
    }

    /// Ends every session of a user but one, inside the caller's unit of work; answers how many (R-SE-07).
    pub async fn end_sessions(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        except: Option<SessionId>,
        reason: EndReason,
        origin: &Origin,
    ) -> Result<u64, Error> {
        let count = tx.end_sessions_of(user, except, self.now()).await?;
        if count > 0 {
            self.record(tx, &Event::SessionsEnded { user, except, count, reason }, origin).await?;
        }
        Ok(count)
    }

    /// The user of this caller, if he authenticated no longer ago than
    /// [`Settings::freshness`](crate::Settings::freshness) allows for what is dangerous; else
    /// [`Error::StepUp`].
    pub fn fresh(&self, caller: &Caller<S::Attrs>) -> Result<FreshUser, Error> {
        FreshUser::of(caller, self.settings().freshness, self.now())
    }

    /// The user of this caller as [`fresh`](Self::fresh) would have him, also when he must enrol a second factor first.
    pub fn enroller(&self, caller: &Caller<S::Attrs>) -> Result<Enroller, Error> {
        Enroller::of(caller, self.settings().freshness, self.now())
    }

    /// Finds out whether the session by which somebody is fresh goes on, inside the caller's unit of work: an application
    /// may hold a [`FreshUser`] while he is logged out, and a flow takes its time (R-SE-05).
    /// [`Error::Unauthenticated`] if it is over.
    pub(super) async fn still_in(&self, tx: &mut S::Tx<'_>, user: &FreshUser) -> Result<(), Error> {
        self.session_goes_on(tx, user.session(), user.id()).await
    }

    /// Finds out as [`still_in`](Self::still_in) does, and keeps others from ending the session until the unit of work is
    /// over: for what an objection takes back, which so finds it or keeps it from coming to be. Called first of all.
    pub(super) async fn hold_in(
        &self,
        tx: &mut S::Tx<'_>,
        user: impl Into<Enroller> + Send,
    ) -> Result<(), Error> {
        let user: Enroller = user.into();
        // Before any session, as by whatever ends some: in another order two would wait for each other.
        tx.outdate_password(user.id()).await?;
        tx.lock_session(user.session()).await?;
        self.session_goes_on(tx, user.session(), user.id()).await
    }

    /// [`Error::Unauthenticated`] if this session of this user is over.
    pub(super) async fn session_goes_on(
        &self,
        tx: &mut S::Tx<'_>,
        id: SessionId,
        user: UserId,
    ) -> Result<(), Error> {
        let session = tx.session(id).await?;
        let goes_on = session.is_some_and(|it| it.user == user && !it.is_over(self.now()));
        if goes_on { Ok(()) } else { Err(Error::Unauthenticated) }
    }

    /// Logs out whoever presents this session token, also one that has expired or that a refresh has replaced;
    /// idempotent.
    pub async fn logout(&self, token: &SessionToken, origin: &Origin) -> Result<(), Error> {
        let mut read = self.read().await?;
        let mut found = None;
        for digest in self.keys().digests(token) {
            if let Some(live) = read.session_by_token(&digest).await? {
                found = Some((live.session, live.user));
            } else if let Some(SessionFamily { session, .. }) =
                read.session_by_refresh(&digest).await?
            {
                found = Some((session.id, session.user));
            }
        }
        drop(read);
        match found {
            Some((session, user)) => self.end_by_logout(session, user, origin).await,
            None => Ok(()),
        }
    }

    /// Logs out the session that this refresh token belongs to, current or spent; idempotent.
    pub async fn logout_by_refresh(
        &self,
        refresh: &RefreshToken,
        origin: &Origin,
    ) -> Result<(), Error> {
        let mut read = self.read().await?;
        let mut found = None;
        for digest in self.keys().digests(refresh) {
            found = found.or(read.session_by_refresh(&digest).await?);
        }
        drop(read);
        match found {
            Some(SessionFamily { session, status: _ }) => {
                self.end_by_logout(session.id, session.user, origin).await
            }
            None => Ok(()),
        }
    }

    async fn end_by_logout(
        &self,
        session: SessionId,
        user: UserId,
        origin: &Origin,
    ) -> Result<(), Error> {
        unit!(self, presuming, |tx| {
            self.end_session(tx, session, user, EndReason::Logout, origin).await?;
            Ok(())
        })
    }
}

pub(super) fn issued<A: Attrs>(
    token: SessionToken,
    refresh: RefreshToken,
    session: &Session<A>,
) -> IssuedSession {
    IssuedSession {
        token,
        refresh,
        session: session.id,
        user: session.user,
        expires: session.token_expires,
        refresh_expires: session.refresh_expires,
    }
}
