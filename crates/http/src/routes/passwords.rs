use durward_core::{Action, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::answer::StepView;
use crate::edge::{Budget, Credentials};
use crate::error::Fault;
use crate::operation::{BodyUse, Operation, SessionUse, Success};
use crate::passwords;
use crate::schemas::Schemas;

/// What is done with passwords.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    vec![
        Route {
            verb: Verb::Post,
            path: "/v1/users/{id}/password",
            action: Action::ChangePassword,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: Some(Budget::Failures),
            endpoint: endpoint(passwords::change),
            operation: Operation {
                id: "changePassword",
                tag: "Passwords",
                summary: "Change one's password, or set the first one",
                description: "A change needs the current password, or a session that proved a second factor a moment \
                              ago; a first password needs any session of a moment ago. All other sessions end. \
                              Nobody can set the password of somebody else.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<passwords::ChangeShape>),
                answers: vec![Success::empty(204, "The password is another one.")],
                faults: &[Fault::Flow(Kind::StepUp), Fault::Flow(Kind::Vetoed)],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/passwords/reset",
            action: Action::Authenticate,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: Some(Budget::Requests),
            endpoint: endpoint(passwords::reset),
            operation: Operation {
                id: "resetPassword",
                tag: "Passwords",
                summary: "Ask for a code to choose a new password",
                description: "The answer is the same for every address; a mail goes only to one that somebody has \
                              proven. Nothing changes until the code comes back.",
                session: SessionUse::None,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<passwords::ResetShape>),
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
            path: "/v1/passwords/reset/confirm",
            action: Action::Authenticate,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: Some(Budget::Failures),
            endpoint: endpoint(passwords::confirm),
            operation: Operation {
                id: "confirmPasswordReset",
                tag: "Passwords",
                summary: "Choose a new password by a mailed code",
                description: "Opens no session, leaves second factors as they are, and ends all sessions. A password \
                              that is not good enough does not spend the code.",
                session: SessionUse::None,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<passwords::ConfirmShape>),
                answers: vec![Success::empty(204, "The password is another one.")],
                faults: &[Fault::Flow(Kind::Vetoed)],
            },
        },
    ]
}
