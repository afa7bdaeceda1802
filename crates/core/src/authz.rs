//! Who asks, and what they may do: the whole policy, one table.

use std::net::IpAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::attrs::{Attrs, Plain, Role};
use crate::entity::{LiveSession, Method};
use crate::error::Error;
use crate::ids::{ClientId, SessionId, UserId};
use crate::time::Timestamp;

/// What the server knows of a request: what handlers, extractors and other services get.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(bound = "", rename_all = "camelCase")]
#[schemars(bound = "A::UserRole: JsonSchema", rename = "Caller")]
pub struct Caller<A: Attrs = Plain> {
    /// The client, when one identified itself.
    pub client: Option<ClientCaller>,
    /// The address of the caller, after the trusted-proxy rule.
    pub ip: Option<IpAddr>,
    /// The user, when a live session was presented.
    pub user: Option<UserCaller<A>>,
}

/// A client that identified itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientCaller {
    /// Which client.
    pub id: ClientId,
    /// Whether it proved its secret; without, it is named and has no rights (security decision 14).
    pub authenticated: bool,
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
        }
    }
}

/// What can be asked for; a route names one or does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Look at public descriptions of the service.
    ReadService,
    /// Ask who one is.
    ReadCaller,
    /// Sign up, log in, refresh, log out, verify: what is proven by its own token or code.
    Authenticate,
    /// See a user.
    ReadUser,
    /// Change a user's name or attributes.
    UpdateUser,
    /// Have the verification of a claimed address sent again.
    ResendVerification,
}

/// What it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The service itself.
    Service,
    /// A user.
    User(UserId),
}

/// What a caller is to a target; the rows of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Nobody: no live session.
    Anonymous,
    /// A user, to the service or to another user.
    Other,
    /// A user, to himself.
    Own,
    /// An administrator of the deployment, to the service or to another user.
    Administrator,
}

/// What the policy answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It may be done.
    Allow,
    /// A session is needed.
    Authenticate,
    /// It may not be done, and the target looks as if it were not there (R-AZ-03).
    Hide,
}

impl Action {
    /// Every action, in the order of the policy table.
    pub const ALL: [Self; 6] = [
        Self::ReadService,
        Self::ReadCaller,
        Self::Authenticate,
        Self::ReadUser,
        Self::UpdateUser,
        Self::ResendVerification,
    ];
}

impl Action {
    /// Whether it changes what an account is proven by, or hands out a secret: then the caller must have
    /// authenticated a moment ago (R-MF-04, R-SE-14).
    pub const fn needs_fresh(self) -> bool {
        match self {
            Self::ReadService
            | Self::ReadCaller
            | Self::Authenticate
            | Self::ReadUser
            | Self::UpdateUser
            | Self::ResendVerification => false,
        }
    }
}

/// A user who authenticated a moment ago, with the session that says so. Dangerous flows take one, and
/// only [`Accounts::fresh`](crate::Accounts::fresh) makes one: forgetting to ask does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreshUser {
    id: UserId,
    session: SessionId,
}

impl FreshUser {
    /// The user of this caller. [`Error::StepUp`] when he authenticated `max_age` ago or longer, and
    /// [`Error::Unauthenticated`] without a session.
    pub(crate) fn of<A: Attrs>(
        caller: &Caller<A>,
        max_age: Duration,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let user = caller.user()?;
        if now >= user.authenticated_at + max_age {
            return Err(Error::StepUp { max_age });
        }
        Ok(Self { id: user.id, session: user.session_id })
    }

    /// Which user.
    pub const fn id(&self) -> UserId {
        self.id
    }

    /// By which session.
    pub const fn session(&self) -> SessionId {
        self.session
    }
}

impl Relation {
    /// Every relation, in the order of the policy table.
    pub const ALL: [Self; 4] = [Self::Anonymous, Self::Other, Self::Own, Self::Administrator];
}

/// The policy: exhaustive over actions and relations, so that a new one must be decided here (R-AZ-01,
/// R-AZ-02).
pub const fn decide(action: Action, relation: Relation) -> Decision {
    use Decision::{Allow, Authenticate, Hide};
    use Relation::{Administrator, Anonymous, Other, Own};
    match action {
        Action::ReadService | Action::ReadCaller | Action::Authenticate => Allow,
        Action::ReadUser | Action::UpdateUser => match relation {
            Anonymous => Authenticate,
            Own | Administrator => Allow,
            Other => Hide,
        },
        Action::ResendVerification => match relation {
            Anonymous => Authenticate,
            Own => Allow,
            Other | Administrator => Hide,
        },
    }
}

impl<A: Attrs> Caller<A> {
    /// A caller without any credential.
    pub const fn anonymous(ip: Option<IpAddr>) -> Self {
        Self { client: None, ip, user: None }
    }

    /// Whether this may be done: the only way to authorise.
    pub fn may(&self, action: Action, target: &Target) -> Result<(), Error> {
        match decide(action, self.relation(target)) {
            Decision::Allow => Ok(()),
            Decision::Authenticate => Err(Error::Unauthenticated),
            Decision::Hide => Err(Error::NotFound("user")),
        }
    }

    /// The user, or [`Error::Unauthenticated`].
    pub fn user(&self) -> Result<&UserCaller<A>, Error> {
        self.user.as_ref().ok_or(Error::Unauthenticated)
    }

    fn relation(&self, target: &Target) -> Relation {
        match (&self.user, target) {
            (None, Target::Service | Target::User(_)) => Relation::Anonymous,
            (Some(user), Target::User(id)) if user.id == *id => Relation::Own,
            (Some(user), Target::Service | Target::User(_)) => {
                let administrator = user.roles.iter().any(|role| role.is_administrator());
                if administrator { Relation::Administrator } else { Relation::Other }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs::StandardRole;
    use std::fmt::Write;

    fn caller(id: u8, role: StandardRole) -> Caller {
        let user = UserCaller {
            id: UserId::from_bytes([id; 16]),
            session_id: SessionId::from_bytes([9; 16]),
            roles: vec![role],
            scopes: None,
            methods: vec![Method::Password],
            authenticated_at: Timestamp::from_millis(0),
        };
        Caller { client: None, ip: None, user: Some(user) }
    }

    /// The reviewed table; change it together with the policy.
    #[test]
    fn the_policy_is_the_reviewed_table() {
        // R-AZ-01
        let mut table = String::from("action             ");
        for relation in Relation::ALL {
            write!(table, " {:13}", format!("{relation:?}")).unwrap();
        }
        for action in Action::ALL {
            write!(table, "\n{:19}", format!("{action:?}")).unwrap();
            for relation in Relation::ALL {
                write!(table, " {:13}", format!("{:?}", decide(action, relation))).unwrap();
            }
        }
        let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
        assert_eq!(lines.join("\n") + "\n", include_str!("../../../docs/authz.golden.txt"));
    }

    #[test]
    fn what_is_dangerous_needs_an_authentication_of_a_moment_ago() {
        // R-MF-04
        let (caller, max_age) = (caller(1, StandardRole::User), Duration::from_secs(300));
        let at = |millis| FreshUser::of(&caller, max_age, Timestamp::from_millis(millis));
        assert_eq!(at(299_999).unwrap().id(), UserId::from_bytes([1; 16]));
        assert!(matches!(at(300_000), Err(Error::StepUp { max_age: it }) if it == max_age));
        let nobody = Caller::<Plain>::anonymous(None);
        let fresh = FreshUser::of(&nobody, max_age, Timestamp::from_millis(0));
        assert!(matches!(fresh, Err(Error::Unauthenticated)));
    }

    #[test]
    fn a_foreign_user_looks_like_a_missing_one() {
        // R-AZ-03
        let target = Target::User(UserId::from_bytes([2; 16]));
        let other = caller(1, StandardRole::User).may(Action::ReadUser, &target);
        assert!(matches!(other, Err(Error::NotFound("user"))));
        assert!(caller(2, StandardRole::User).may(Action::ReadUser, &target).is_ok());
        assert!(caller(1, StandardRole::Administrator).may(Action::ReadUser, &target).is_ok());
        let nobody = Caller::<Plain>::anonymous(None).may(Action::ReadUser, &target);
        assert!(matches!(nobody, Err(Error::Unauthenticated)));
    }
}
