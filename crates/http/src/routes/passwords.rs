use durward_core::{Action, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::answer::StepView;
use crate::edge::{Budget, Credentials};
use crate::error::Fault;
use crate::operation::{BodyUse, Operation, SessionUse, Success};
use crate::passwords;
use crate::schemas::Schemas;

/// What can go wrong when an administrator has a user choose another password.
const ADMINISTRATION: &[Fault] = &[
    Fault::Flow(Kind::Forbidden),
    Fault::Flow(Kind::Deleted),
    Fault::Flow(Kind::Vetoed),
    Fault::Flow(Kind::Busy),
];

/// What is done with passwords.
#[expect(clippy::too_many_lines, reason = "a table is read row by row")]
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
        Route {
            verb: Verb::Post,
            path: "/v1/users/{id}/password/compromised",
            action: Action::ResetPassword,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(passwords::compromised),
            operation: Operation {
                id: "markPassword",
                tag: "Administration",
                summary: "Have a user choose another password at his next login",
                description: "For administrators, and never their own. Whoever logs in by the password answers one more \
                              step, `newPassword`, when everything else is proven. Sessions go on. A password that is \
                              marked already stays so, and who has none has nothing to choose.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: vec![Success::empty(204, "The password is marked.")],
                faults: ADMINISTRATION,
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/users/{id}/password/reset",
            action: Action::ResetPassword,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: Some(Budget::Mails),
            endpoint: endpoint(passwords::start_reset),
            operation: Operation {
                id: "startPasswordReset",
                tag: "Administration",
                summary: "Mail a user a code to choose another password",
                description: "For administrators, and never their own. The mail goes to the primary proven address; \
                              nobody else sees the code, or sets a password. With `revoke` the present password is \
                              worth nothing from now on, and all sessions and personal keys end.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<passwords::StartShape>),
                answers: vec![Success::empty(202, "A mail is on its way.")],
                faults: ADMINISTRATION,
            },
        },
    ]
}
