use durward_core::{Action, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::edge::Credentials;
use crate::error::Fault;
use crate::impersonation::{self, ImpersonationShape, ImpersonationView};
use crate::operation::{BodyUse, Operation, Parameter, SessionUse, Success};
use crate::schemas::Schemas;

/// How an administrator acts as somebody else.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    vec![Route {
        verb: Verb::Post,
        path: "/v1/users/{id}/impersonate",
        action: Action::Impersonate,
        aim: Aim::User,
        credentials: Credentials::Checked,
        budget: None,
        endpoint: endpoint(impersonation::create),
        operation: Operation {
            id: "impersonateUser",
            tag: "Administration",
            summary: "Act as a user",
            description: "For administrators, who cannot act as one another. The session lasts an hour at most, and no \
                          longer than that of the administrator; it changes nothing that the account is proven by. The \
                          user is told, and the audit log has the administrator as the actor.",
            session: SessionUse::Required,
            fields: &[Parameter::IdempotencyKey],
            body: BodyUse::Required(Schemas::request::<ImpersonationShape>),
            answers: vec![Success::new(
                201,
                "The session, with its token.",
                Schemas::answer::<ImpersonationView<'static>>,
            )],
            faults: &[Fault::Flow(Kind::Forbidden), Fault::Flow(Kind::Vetoed)],
        },
    }]
}
