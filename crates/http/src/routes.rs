//! Every route, in one table: the router and the OpenAPI document are both made from it (ADR 0005).

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter};
use durward_core::{Action, Attrs, Caller, Kind, Store};

use crate::answer::{LoginView, SessionView, StepView};
use crate::call::Call;
use crate::edge::{Aim, Budget, Credentials, Edge, Rule, serve};
use crate::error::Fault;
use crate::operation::{BodyUse, HeaderField, Operation, SessionUse, Success};
use crate::problem::Problem;
use crate::schemas::Schemas;
use crate::{authn, caller, emails, openapi, sessions, users};

type User<S> = <<S as Store>::Attrs as Attrs>::User;

/// A row of the table. A route without a rule or a description does not compile (R-AZ-02).
pub(crate) struct Route<S: Store> {
    pub(crate) verb: Verb,
    pub(crate) path: &'static str,
    /// What the policy is asked.
    action: Action,
    /// What the path names.
    aim: Aim,
    credentials: Credentials,
    /// The budget of the caller's network that it debits.
    budget: Option<Budget>,
    pub(crate) endpoint: Endpoint<S>,
    pub(crate) operation: Operation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Patch,
}

/// Hangs an endpoint into the router.
pub(crate) type Endpoint<S> =
    Box<dyn FnOnce(MethodRouter, MethodFilter, Arc<Edge<S>>, Rule) -> MethodRouter>;

#[expect(clippy::too_many_lines, reason = "a table is read row by row")]
pub(crate) fn table<S: Store>() -> Vec<Route<S>> {
    vec![
        Route {
            verb: Verb::Post,
            path: "/v1/users",
            action: Action::Authenticate,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: Some(Budget::Requests),
            endpoint: endpoint(users::create),
            operation: Operation {
                id: "signUp",
                tag: "Sign-up",
                summary: "Sign up",
                description: "Begins a sign-up and mails a code to the address; nothing but the flow exists until \
                              the code comes back. The answer does not tell whether the address has an account: \
                              the mail does. In sign-up mode `open` the session is there at once.",
                session: SessionUse::None,
                fields: &[HeaderField::IdempotencyKey],
                body: BodyUse::Required(Schemas::request::<users::SignUpShape<User<S>>>),
                answers: vec![
                    Success::new(
                        201,
                        "In mode `open`: the session.",
                        Schemas::answer::<SessionView<'static>>,
                    ),
                    Success::new(
                        202,
                        "A code was mailed; the step waits for it.",
                        Schemas::answer::<StepView<'static>>,
                    ),
                ],
                faults: &[Fault::Flow(Kind::SignUpClosed), Fault::Flow(Kind::Vetoed)],
            },
        },
        Route {
            verb: Verb::Get,
            path: "/v1/users/{id}",
            action: Action::ReadUser,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(users::show),
            operation: Operation {
                id: "showUser",
                tag: "Users",
                summary: "Get a user",
                description: "A user whom the caller may not see looks like one who is not there.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: vec![
                    Success::new(
                        200,
                        "The user.",
                        Schemas::answer::<users::UserView<'static, S::Attrs>>,
                    )
                    .tagged(),
                ],
                faults: &[],
            },
        },
        Route {
            verb: Verb::Patch,
            path: "/v1/users/{id}",
            action: Action::UpdateUser,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(users::update),
            operation: Operation {
                id: "updateUser",
                tag: "Users",
                summary: "Change a user",
                description: "Changes what is sent and leaves the rest. `attributes` are replaced as a whole.",
                session: SessionUse::Required,
                fields: &[HeaderField::IfMatch],
                body: BodyUse::Required(Schemas::request::<users::ChangeShape<User<S>>>),
                answers: vec![
                    Success::new(
                        200,
                        "The user as he is now.",
                        Schemas::answer::<users::UserView<'static, S::Attrs>>,
                    )
                    .tagged(),
                ],
                faults: &[Fault::Flow(Kind::Vetoed)],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/authn/email",
            action: Action::Authenticate,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: Some(Budget::Requests),
            endpoint: endpoint(authn::email_code),
            operation: Operation {
                id: "loginByEmail",
                tag: "Login",
                summary: "Ask for a login code by mail",
                description: "The answer is the same for every address; a mail goes only to one that somebody has \
                              proven.",
                session: SessionUse::None,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<authn::EmailShape>),
                answers: vec![Success::new(
                    202,
                    "The step waits for the code.",
                    Schemas::answer::<StepView<'static>>,
                )],
                faults: &[],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/authn/password",
            action: Action::Authenticate,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: Some(Budget::Failures),
            endpoint: endpoint(authn::password_login),
            operation: Operation {
                id: "loginByPassword",
                tag: "Login",
                summary: "Log in by password",
                description: "Everything that can be wrong has the same answer and takes the same time.",
                session: SessionUse::None,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<authn::PasswordShape>),
                answers: vec![Success::new(
                    200,
                    "The session, or another step.",
                    Schemas::answer::<LoginView<'static>>,
                )],
                faults: &[Fault::Flow(Kind::Vetoed)],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/authn/code",
            action: Action::Authenticate,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: Some(Budget::Failures),
            endpoint: endpoint(authn::code),
            operation: Operation {
                id: "loginByCode",
                tag: "Login",
                summary: "Answer a step with a mailed code",
                description: "Either the code typed from the mail with the handle of the step, or the code of the \
                              link alone. Finishes a login and a sign-up. A code works once.",
                session: SessionUse::None,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<authn::CodeShape>),
                answers: vec![Success::new(
                    200,
                    "The session, or another step.",
                    Schemas::answer::<LoginView<'static>>,
                )],
                faults: &[Fault::Flow(Kind::Vetoed)],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/emails/verify",
            action: Action::Authenticate,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: Some(Budget::Failures),
            endpoint: endpoint(emails::verify),
            operation: Operation {
                id: "verifyEmail",
                tag: "E-mail addresses",
                summary: "Prove a claimed address",
                description: "With the code of the link, or, with a session, the code typed from the mail.",
                session: SessionUse::Optional,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<emails::VerifyShape>),
                answers: vec![Success::empty(204, "The address is proven.")],
                faults: &[Fault::Flow(Kind::Vetoed)],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/emails/resend-verification",
            action: Action::Authenticate,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: Some(Budget::Requests),
            endpoint: endpoint(emails::resend),
            operation: Operation {
                id: "resendVerification",
                tag: "E-mail addresses",
                summary: "Have a code mailed again",
                description: "For an address that the user of the session claims, or for a flow under way. The old \
                              code dies. The answer does not tell whether anything was sent.",
                session: SessionUse::Optional,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<emails::ResendShape>),
                answers: vec![Success::empty(202, "If there was something to send, it is sent.")],
                faults: &[],
            },
        },
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
        Route {
            verb: Verb::Get,
            path: "/v1/caller",
            action: Action::ReadCaller,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(caller::show),
            operation: Operation {
                id: "showCaller",
                tag: "Sessions",
                summary: "Who am I?",
                description: "What the server knows of the request. Without a credential, user and client are null.",
                session: SessionUse::Optional,
                fields: &[],
                body: BodyUse::None,
                answers: vec![Success::new(
                    200,
                    "The caller.",
                    Schemas::answer::<Caller<S::Attrs>>,
                )],
                faults: &[],
            },
        },
        Route {
            verb: Verb::Get,
            path: "/v1/openapi.json",
            action: Action::ReadService,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(openapi::show),
            operation: Operation {
                id: "showOpenApi",
                tag: "Service",
                summary: "This document",
                description: "The description of this API in OpenAPI 3.1.",
                session: SessionUse::None,
                fields: &[],
                body: BodyUse::None,
                answers: vec![Success::new(
                    200,
                    "The document.",
                    |_| serde_json::json!({ "type": "object", "required": ["openapi", "info", "paths"] }),
                )],
                faults: &[],
            },
        },
    ]
}

fn endpoint<S, H, F>(handler: H) -> Endpoint<S>
where
    S: Store,
    H: FnOnce(Call<S>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response, Problem>> + Send + 'static,
{
    Box::new(move |router, filter, edge, rule| {
        router.on(filter, move |request: Request| serve(edge, rule, handler, request))
    })
}

impl<S: Store> Route<S> {
    pub(crate) const fn rule(&self) -> Rule {
        Rule {
            method: self.verb.name(),
            path: self.path,
            action: self.action,
            aim: self.aim,
            credentials: self.credentials,
            budget: self.budget,
        }
    }
}

impl Verb {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }

    /// `GET` serves `HEAD` too.
    pub(crate) const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Patch => MethodFilter::PATCH,
        }
    }
}
