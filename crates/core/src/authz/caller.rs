use std::net::IpAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::attrs::{Attrs, ClientRole, Plain, Role};
use crate::entity::{Actor, AuthenticationStrength, ClientOwner, LiveClient, LiveSession, Method};
use crate::error::Error;
use crate::ids::{ClientId, OrganizationId, SessionId, UserId};
use crate::time::Timestamp;

/// What the server knows of a request: what handlers, extractors and other services get.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(bound = "", rename_all = "camelCase")]
#[schemars(bound = "A::UserRole: JsonSchema, A::ClientRole: JsonSchema", rename = "Caller")]
pub struct Caller<A: Attrs = Plain> {
    /// The client, when one identified itself.
    pub client: Option<ClientCaller<A>>,
    /// The address of the caller, after the trusted-proxy rule.
    pub ip: Option<IpAddr>,
    /// The user, when a live session was presented.
    pub user: Option<UserCaller<A>>,
    /// Instead of `user`: one of whom a second factor is asked and who has none. He may enrol one
    /// ([`Action::is_open_to_enrolling`](crate::Action::is_open_to_enrolling)), and nothing else (R-MF-01).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrolling: Option<UserCaller<A>>,
}

/// A client that identified itself.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(bound = "", rename_all = "camelCase")]
#[schemars(bound = "A::ClientRole: JsonSchema", rename = "ClientCaller")]
pub struct ClientCaller<A: Attrs = Plain> {
    /// Which client.
    pub id: ClientId,
    /// Whether it proved its secret; without, it is named and has no rights (security decision 14).
    pub authenticated: bool,
    /// What it may do in the deployment; none without proof, and none for a personal key.
    pub roles: Vec<A::ClientRole>,
    /// The organization that owns it.
    pub organization_id: Option<OrganizationId>,
    /// The user whose personal key it is, and whose rights it has at most (R-CL-04).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// How strongly the user whose personal key it is could authenticate at this moment. The key stands for that in an
    /// organization that asks for more than [`Any`](AuthenticationStrength::Any) (R-MF-02). Not shown: nothing was proven.
    #[serde(skip)]
    pub strength: AuthenticationStrength,
    /// Whether it is a personal key of a user of whom a second factor is asked and who has none: it acts for nobody
    /// until they have enrolled one (R-MF-02).
    #[serde(skip)]
    pub enrolling: bool,
}

/// A user with a live session.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(bound = "", rename_all = "camelCase")]
#[schemars(bound = "A::UserRole: JsonSchema", rename = "UserCaller")]
pub struct UserCaller<A: Attrs = Plain> {
    /// Which user.
    pub id: UserId,
    /// By which session.
    pub session_id: SessionId,
    /// The roles in the whole deployment.
    pub roles: Vec<A::UserRole>,
    /// What the session is limited to; `null` for no limit.
    pub scopes: Option<Vec<String>>,
    /// What was proven when the session was opened.
    pub methods: Vec<Method>,
    /// When it was proven.
    pub authenticated_at: Timestamp,
    /// The administrator who acts as this user, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
}

impl<A: Attrs> From<LiveSession<A>> for UserCaller<A> {
    fn from(live: LiveSession<A>) -> Self {
        Self {
            id: live.user,
            session_id: live.session,
            roles: live.roles,
            scopes: None,
            methods: live.methods,
            authenticated_at: live.authenticated,
            actor: live.actor.map(|live| live.actor),
        }
    }
}

impl<A: Attrs> ClientCaller<A> {
    /// The client, without what its user could prove: [`Accounts::client_caller`](crate::Accounts::client_caller) adds it.
    pub(crate) fn of(live: &LiveClient<A>) -> Self {
        let authenticated = live.is_authenticated();
        let (organization_id, user_id) = match live.owner {
            ClientOwner::Organization(id) => (Some(id), None),
            ClientOwner::User(id) => (None, Some(id)),
        };
        // R-CL-02, R-CL-04
        let holds_roles = authenticated && organization_id.is_some();
        let roles = if holds_roles { live.roles.clone() } else { Vec::new() };
        let strength = AuthenticationStrength::default();
        Self {
            id: live.id,
            authenticated,
            roles,
            organization_id,
            user_id,
            strength,
            enrolling: false,
        }
    }
}

/// For whom a caller asks; one of them, so that a client beside a user never adds a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Principal {
    /// A user.
    User {
        id: UserId,
        /// Whether he administers the deployment.
        administrator: bool,
        /// Whether he acts by a personal key, and not by a session.
        by_key: bool,
    },
    /// A client that proved its secret, by itself.
    Client {
        organization: Option<OrganizationId>,
        /// Whether it is a part of the deployment.
        system: bool,
    },
}

impl<A: Attrs> Caller<A> {
    /// A caller without any credential.
    pub const fn anonymous(ip: Option<IpAddr>) -> Self {
        Self { client: None, ip, user: None, enrolling: None }
    }

    /// The user, or [`Error::Unauthenticated`]; [`Error::SecondFactorRequired`] of one who must enrol a second factor
    /// first.
    pub fn user(&self) -> Result<&UserCaller<A>, Error> {
        self.user.as_ref().ok_or_else(|| self.unproven())
    }

    /// Whose session was presented, whatever he may do with it.
    pub const fn session_user(&self) -> Option<&UserCaller<A>> {
        match &self.user {
            Some(user) => Some(user),
            None => self.enrolling.as_ref(),
        }
    }

    /// What is said to whoever has proven too little: [`Error::Unauthenticated`], or
    /// [`Error::SecondFactorRequired`].
    pub const fn unproven(&self) -> Error {
        let key_waits = matches!(&self.client, Some(client) if client.enrolling);
        if self.enrolling.is_some() || key_waits {
            Error::SecondFactorRequired
        } else {
            Error::Unauthenticated
        }
    }

    /// How strongly the user for whom is asked is authenticated: by the session, or as the user of a personal key could
    /// be at this moment. Of a client by itself, and of nobody, it says nothing.
    pub fn strength(&self) -> AuthenticationStrength {
        match (self.session_user(), &self.client) {
            (Some(user), _) => AuthenticationStrength::of(&user.methods),
            (None, Some(client)) => client.strength,
            (None, None) => AuthenticationStrength::default(),
        }
    }

    /// The user for whom is asked: by his session, or by his personal key. [`Error::Unauthenticated`] for
    /// nobody, and for a client that is no personal key; [`Error::SecondFactorRequired`] as by [`user`](Self::user).
    pub fn acting_user(&self) -> Result<UserId, Error> {
        match self.principal() {
            Some(Principal::User { id, .. }) => Ok(id),
            Some(Principal::Client { .. }) | None => Err(self.unproven()),
        }
    }

    /// Whether anybody at all was proven: a user, or a client by its secret.
    pub fn is_authenticated(&self) -> bool {
        self.principal().is_some()
    }

    pub(super) fn principal(&self) -> Option<Principal> {
        if let Some(user) = &self.user {
            let administrator = user.roles.iter().any(|role| role.is_administrator());
            return Some(Principal::User { id: user.id, administrator, by_key: false });
        }
        if self.enrolling.is_some() {
            // His client does not do for him what he may not.
            return None;
        }
        let client = self.client.as_ref().filter(|it| it.authenticated && !it.enrolling)?;
        Some(match client.user_id {
            Some(id) => Principal::User { id, administrator: false, by_key: true },
            None => Principal::Client {
                organization: client.organization_id,
                system: client.roles.iter().any(|role| role.is_system()),
            },
        })
    }
}

/// A user who authenticated a moment ago, with the session that says so. Dangerous flows take one, and
/// only [`Accounts::fresh`](crate::Accounts::fresh) makes one: forgetting to ask does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreshUser {
    id: UserId,
    session: SessionId,
    strength: AuthenticationStrength,
}

impl FreshUser {
    /// The user of this caller. [`Error::StepUp`] when he authenticated `max_age` ago or longer,
    /// [`Error::Forbidden`] when it is not he who acts, and [`Error::Unauthenticated`] without a session.
    pub(crate) fn of<A: Attrs>(
        caller: &Caller<A>,
        max_age: Duration,
        now: Timestamp,
    ) -> Result<Self, Error> {
        Self::acting(caller.user()?, max_age, now)
    }

    fn acting<A: Attrs>(
        user: &UserCaller<A>,
        max_age: Duration,
        now: Timestamp,
    ) -> Result<Self, Error> {
        if user.actor.is_some() {
            return Err(Error::Forbidden);
        }
        if now >= user.authenticated_at + max_age {
            return Err(Error::StepUp { max_age });
        }
        let strength = AuthenticationStrength::of(&user.methods);
        Ok(Self { id: user.id, session: user.session_id, strength })
    }

    /// Which user.
    pub const fn id(&self) -> UserId {
        self.id
    }

    /// By which session.
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// What that session has proven.
    pub const fn strength(&self) -> AuthenticationStrength {
        self.strength
    }
}

/// A user who authenticated a moment ago and may enrol a second factor, also one who may do nothing else before: made by
/// [`Accounts::enroller`](crate::Accounts::enroller), or of a [`FreshUser`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enroller(FreshUser);

impl Enroller {
    /// The user of this caller, or the one who is [enrolling](Caller::enrolling); else as [`FreshUser::of`].
    pub(crate) fn of<A: Attrs>(
        caller: &Caller<A>,
        max_age: Duration,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let user = caller.session_user().ok_or(Error::Unauthenticated)?;
        FreshUser::acting(user, max_age, now).map(Self)
    }

    /// Which user.
    pub const fn id(&self) -> UserId {
        self.0.id
    }

    /// By which session.
    pub const fn session(&self) -> SessionId {
        self.0.session
    }
}

impl From<&FreshUser> for Enroller {
    fn from(user: &FreshUser) -> Self {
        Self(*user)
    }
}

impl From<&Self> for Enroller {
    fn from(user: &Self) -> Self {
        *user
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs::StandardRole;

    #[test]
    fn what_is_dangerous_needs_an_authentication_of_a_moment_ago() {
        // R-MF-04
        let user = UserCaller {
            id: UserId::from_bytes([1; 16]),
            session_id: SessionId::from_bytes([9; 16]),
            roles: vec![StandardRole::User],
            scopes: None,
            methods: vec![Method::Password],
            authenticated_at: Timestamp::from_millis(0),
            actor: None,
        };
        let caller = Caller::<Plain> { user: Some(user), ..Caller::anonymous(None) };
        let max_age = Duration::from_mins(5);
        let at = |millis| FreshUser::of(&caller, max_age, Timestamp::from_millis(millis));
        assert_eq!(at(299_999).unwrap().id(), UserId::from_bytes([1; 16]));
        assert!(matches!(at(300_000), Err(Error::StepUp { max_age: it }) if it == max_age));
        let nobody = Caller::<Plain>::anonymous(None);
        let fresh = FreshUser::of(&nobody, max_age, Timestamp::from_millis(0));
        assert!(matches!(fresh, Err(Error::Unauthenticated)));
    }
}
