use durward_core::{Action, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::answer::{LoginView, StepView};
use crate::authn;
use crate::edge::{Budget, Credentials};
use crate::error::Fault;
use crate::operation::{BodyUse, Operation, SessionUse, Success};
use crate::passwords;
use crate::schemas::Schemas;

/// Ways to prove who one is.
#[expect(clippy::too_many_lines, reason = "a table is read row by row")]
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    vec![
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
                session: SessionUse::Optional,
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
                session: SessionUse::Optional,
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
                session: SessionUse::Optional,
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
            path: "/v1/authn/totp",
            action: Action::Authenticate,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: Some(Budget::Failures),
            endpoint: endpoint(authn::totp),
            operation: Operation {
                id: "loginWithTotp",
                tag: "Login",
                summary: "Answer the step `totp`",
                description: "The code of the authenticator app. Each one is good once, whatever the number of logins under way.",
                session: SessionUse::Optional,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<authn::TotpShape>),
                answers: vec![Success::new(
                    200,
                    "The session, or what must still be proven.",
                    Schemas::answer::<LoginView<'static>>,
                )],
                faults: &[Fault::Flow(Kind::Vetoed)],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/authn/recovery",
            action: Action::Authenticate,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: Some(Budget::Failures),
            endpoint: endpoint(authn::recovery),
            operation: Operation {
                id: "loginWithRecoveryCode",
                tag: "Login",
                summary: "Answer the step `totp` without the app",
                description: "A recovery code in the place of the app. It is good once, and its owner is told.",
                session: SessionUse::Optional,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<authn::RecoveryShape>),
                answers: vec![Success::new(
                    200,
                    "The session, or what must still be proven.",
                    Schemas::answer::<LoginView<'static>>,
                )],
                faults: &[Fault::Flow(Kind::Vetoed)],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/authn/new-password",
            action: Action::Authenticate,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: Some(Budget::Failures),
            endpoint: endpoint(passwords::choose),
            operation: Operation {
                id: "loginWithNewPassword",
                tag: "Login",
                summary: "Answer the step `newPassword`",
                description: "Another password in the place of a compromised one, when everything else is proven. One \
                              that is not good enough is told, and the step waits for another one. All other sessions \
                              end.",
                session: SessionUse::Optional,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<passwords::NewPasswordShape>),
                answers: vec![Success::new(
                    200,
                    "The session, or another step.",
                    Schemas::answer::<LoginView<'static>>,
                )],
                faults: &[Fault::Flow(Kind::Vetoed)],
            },
        },
    ]
}
