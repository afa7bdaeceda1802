use durward_core::{Action, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::edge::{Budget, Credentials};
use crate::error::Fault;
use crate::login_emails;
use crate::notices::ObjectionShape;
use crate::operation::{BodyUse, Operation, Parameter, SessionUse, Success};
use crate::paging::ListView;
use crate::schemas::Schemas;
use crate::users::EmailView;

/// What is done with the addresses of a user.
#[expect(clippy::too_many_lines, reason = "a table is read row by row")]
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    vec![
        Route {
            verb: Verb::Get,
            path: "/v1/users/{id}/login-emails",
            action: Action::ReadUser,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(login_emails::index),
            operation: Operation {
                id: "listLoginEmails",
                tag: "E-mail addresses",
                summary: "List the addresses of a user",
                description: "What the user claims or has proven, the newest first.",
                session: SessionUse::Required,
                fields: &[Parameter::Limit, Parameter::Cursor],
                body: BodyUse::None,
                answers: vec![Success::new(
                    200,
                    "A part of the list.",
                    Schemas::answer::<ListView<EmailView<'static>>>,
                )],
                faults: &[],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/users/{id}/login-emails",
            action: Action::ChangeEmails,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: Some(Budget::Requests),
            endpoint: endpoint(login_emails::claim),
            operation: Operation {
                id: "claimLoginEmails",
                tag: "E-mail addresses",
                summary: "Claim addresses",
                description: "Each is unproven until its code comes back to `/v1/emails/verify`, for 24 hours. Several \
                              people may claim an address; whoever proves it has it. The answer does not tell whether \
                              somebody has: the mail does. At most ten addresses for a user. Needs an authentication of \
                              the last five minutes.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<login_emails::LoginEmailsShape>),
                answers: vec![Success::empty(202, "Each address gets a mail.")],
                faults: &[Fault::Flow(Kind::StepUp), Fault::Flow(Kind::Vetoed)],
            },
        },
        Route {
            verb: Verb::Delete,
            path: "/v1/users/{id}/login-emails",
            action: Action::ChangeEmails,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(login_emails::remove_many),
            operation: Operation {
                id: "removeLoginEmails",
                tag: "E-mail addresses",
                summary: "Remove addresses",
                description: "All of them or none; not the last proven one. When a proven one goes, all other sessions \
                              end, every mailed code dies, and the removed address is mailed a link that takes it back \
                              within 7 days. Needs an authentication of the last five minutes.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<login_emails::LoginEmailsShape>),
                answers: vec![Success::empty(204, "They are removed.")],
                faults: &[
                    Fault::Flow(Kind::StepUp),
                    Fault::Flow(Kind::Last),
                    Fault::Flow(Kind::Vetoed),
                ],
            },
        },
        Route {
            verb: Verb::Delete,
            path: "/v1/users/{id}/login-emails/{emailId}",
            action: Action::ChangeEmails,
            aim: Aim::LoginEmail,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(login_emails::remove),
            operation: Operation {
                id: "removeLoginEmail",
                tag: "E-mail addresses",
                summary: "Remove an address",
                description: "As with several at once.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: vec![Success::empty(204, "It is removed.")],
                faults: &[
                    Fault::Flow(Kind::StepUp),
                    Fault::Flow(Kind::Last),
                    Fault::Flow(Kind::Vetoed),
                ],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/users/{id}/login-emails/{emailId}/primary",
            action: Action::ChangeEmails,
            aim: Aim::LoginEmail,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(login_emails::promote),
            operation: Operation {
                id: "makeLoginEmailPrimary",
                tag: "E-mail addresses",
                summary: "Make an address the primary one",
                description: "It must be proven. All other sessions end, every mailed code dies, and the former primary \
                              address is mailed a link that takes it back within 7 days. Needs an authentication of the \
                              last five minutes.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: vec![Success::empty(204, "It is the primary one.")],
                faults: &[
                    Fault::Flow(Kind::StepUp),
                    Fault::Flow(Kind::Invalid),
                    Fault::Flow(Kind::Vetoed),
                ],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/emails/revert",
            action: Action::Authenticate,
            aim: Aim::Service,
            // As for a report: no session is needed, and a dead one keeps nobody from it.
            credentials: Credentials::Unchecked,
            budget: None,
            endpoint: endpoint(login_emails::revert),
            operation: Operation {
                id: "revertEmail",
                tag: "Notices",
                summary: "Take a change of addresses back",
                description: "With the code of the link that was mailed to the address that was removed, or that was \
                              the primary one, once and within 7 days. It is the user's and the primary one again, \
                              addresses that were added lately go, all sessions and codes end, and a code to get back in \
                              is mailed to it. No session is needed.",
                session: SessionUse::None,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<ObjectionShape>),
                answers: vec![Success::empty(204, "The address has its place back.")],
                faults: &[Fault::Flow(Kind::Vetoed)],
            },
        },
    ]
}
