use durward_core::{Action, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::answer::SessionView;
use crate::edge::{Aim, Credentials};
use crate::error::Fault;
use crate::operation::{BodyUse, Operation, SessionUse, Success};
use crate::schemas::Schemas;
use crate::sessions;

/// What is done with sessions.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    vec![
        Route {
            verb: Verb::Post,
            path: "/v1/sessions/refresh",
            action: Action::Authenticate,
            aim: Aim::Service,
            // Whoever refreshes has, as a rule, an expired session token in the header.
            credentials: Credentials::Unchecked,
            budget: None,
            endpoint: endpoint(sessions::refresh),
            operation: Operation {
                id: "refreshSession",
                tag: "Sessions",
                summary: "Exchange a refresh token for a new pair",
                description: "A refresh token works once; the old session token dies with it. An exchange whose \
                              answer was lost may be repeated for 30 seconds. Any other second use ends the session.",
                session: SessionUse::None,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<sessions::RefreshShape>),
                answers: vec![Success::new(
                    200,
                    "The session with its new tokens.",
                    Schemas::answer::<SessionView<'static>>,
                )],
                faults: &[Fault::Flow(Kind::Vetoed)],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/sessions/logout",
            action: Action::Authenticate,
            aim: Aim::Service,
            credentials: Credentials::Unchecked,
            budget: None,
            endpoint: endpoint(sessions::logout),
            operation: Operation {
                id: "logout",
                tag: "Sessions",
                summary: "End a session",
                description: "The one whose token is in the header, or in the body. Also one that is over: the \
                              answer is the same. A request that names no session at all is answered 401.",
                session: SessionUse::Optional,
                fields: &[],
                body: BodyUse::Optional(Schemas::request::<sessions::LogoutShape>),
                answers: vec![Success::empty(204, "The session has ended.")],
                faults: &[Fault::Flow(Kind::Vetoed)],
            },
        },
    ]
}
