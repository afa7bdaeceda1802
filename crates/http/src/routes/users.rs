use durward_core::{Action, Attrs, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::answer::{SessionView, StepView};
use crate::edge::{Budget, Credentials};
use crate::error::Fault;
use crate::operation::{BodyUse, Operation, Parameter, SessionUse, Success};
use crate::schemas::Schemas;
use crate::users;

type User<S> = <<S as Store>::Attrs as Attrs>::User;

/// What is done with users.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
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
                fields: &[Parameter::IdempotencyKey],
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
                fields: &[Parameter::IfMatch],
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
    ]
}
