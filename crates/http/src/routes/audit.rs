use durward_core::{Action, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::audit::{self, AuditEventView};
use crate::edge::Credentials;
use crate::operation::{BodyUse, Operation, Parameter, SessionUse, Success};
use crate::paging::ListView;
use crate::schemas::Schemas;

/// What happened.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    let answers = || {
        let schema = Schemas::answer::<ListView<AuditEventView<'static>>>;
        vec![Success::new(200, "A part of the events.", schema)]
    };
    vec![
        Route {
            verb: Verb::Get,
            path: "/v1/users/{id}/audit-events",
            action: Action::ReadUserAudit,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(audit::of_user),
            operation: Operation {
                id: "listUserAuditEvents",
                tag: "Audit",
                summary: "See what happened to an account",
                description: "Logins, failed ones too, and every change, the newest first.",
                session: SessionUse::Required,
                fields: &[Parameter::Limit, Parameter::Cursor],
                body: BodyUse::None,
                answers: answers(),
                faults: &[],
            },
        },
        Route {
            verb: Verb::Get,
            path: "/v1/audit-events",
            action: Action::ReadAudit,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(audit::index),
            operation: Operation {
                id: "listAuditEvents",
                tag: "Audit",
                summary: "Search the audit log",
                description: "For administrators, the newest first. All filters that are given must fit.",
                session: SessionUse::Required,
                fields: &[
                    Parameter::Subject,
                    Parameter::Actor,
                    Parameter::Client,
                    Parameter::Organization,
                    Parameter::Event,
                    Parameter::From,
                    Parameter::To,
                    Parameter::Limit,
                    Parameter::Cursor,
                ],
                body: BodyUse::None,
                answers: answers(),
                faults: &[crate::error::Fault::Flow(durward_core::Kind::Forbidden)],
            },
        },
    ]
}
