use durward_core::{Action, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::answer::SessionView;
use crate::edge::Credentials;
use crate::error::Fault;
use crate::operation::{BodyUse, Operation, Parameter, SessionUse, Success};
use crate::paging::ListView;
use crate::schemas::Schemas;
use crate::sessions;

/// What is done with sessions.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    let mut routes = seen_and_ended();
    routes.extend(held_by_their_tokens());
    routes
}

/// Those that a user names.
fn seen_and_ended<S: Store>() -> Vec<Route<S>> {
    vec![
        Route {
            verb: Verb::Get,
            path: "/v1/users/{id}/sessions",
            action: Action::ReadSessions,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(sessions::index),
            operation: Operation {
                id: "listSessions",
                tag: "Sessions",
                summary: "See where a user is logged in",
                description: "The sessions of a user that are alive, the newest first.",
                session: SessionUse::Required,
                fields: &[Parameter::Limit, Parameter::Cursor],
                body: BodyUse::None,
                answers: vec![Success::new(
                    200,
                    "A part of the sessions.",
                    Schemas::answer::<ListView<sessions::SessionItemView<'static>>>,
                )],
                faults: &[],
            },
        },
        Route {
            verb: Verb::Get,
            path: "/v1/sessions",
            action: Action::ListSessions,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(sessions::index_all),
            operation: Operation {
                id: "listAllSessions",
                tag: "Administration",
                summary: "See who is logged in",
                description: "For administrators: the sessions of everybody that are alive, the newest first. All \
                              filters that are given must fit.",
                session: SessionUse::Required,
                fields: &[
                    Parameter::User,
                    Parameter::Client,
                    Parameter::CreatedAfter,
                    Parameter::Limit,
                    Parameter::Cursor,
                ],
                body: BodyUse::None,
                answers: vec![Success::new(
                    200,
                    "A part of the sessions.",
                    Schemas::answer::<ListView<sessions::SessionItemView<'static>>>,
                )],
                faults: &[Fault::Flow(Kind::Forbidden)],
            },
        },
        Route {
            verb: Verb::Delete,
            path: "/v1/users/{id}/sessions",
            action: Action::EndSessions,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(sessions::end_all),
            operation: Operation {
                id: "endSessions",
                tag: "Sessions",
                summary: "End the other sessions of a user",
                description: "All of them but the one of this request, with their refresh tokens.",
                session: SessionUse::Required,
                fields: &[Parameter::IncludeCurrent],
                body: BodyUse::None,
                answers: vec![Success::empty(204, "The sessions have ended.")],
                faults: &[Fault::Flow(Kind::Vetoed), Fault::Flow(Kind::Busy)],
            },
        },
        Route {
            verb: Verb::Delete,
            path: "/v1/sessions/{id}",
            action: Action::EndSessions,
            aim: Aim::Session,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(sessions::end),
            operation: Operation {
                id: "endSession",
                tag: "Sessions",
                summary: "End one session",
                description: "Also one that is over: the answer is the same. A session of somebody else looks like \
                              one that never was.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: vec![Success::empty(204, "The session has ended.")],
                faults: &[Fault::Flow(Kind::Vetoed), Fault::Flow(Kind::Busy)],
            },
        },
    ]
}

/// The one whose tokens are presented.
fn held_by_their_tokens<S: Store>() -> Vec<Route<S>> {
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
