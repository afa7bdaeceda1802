use durward_core::{Action, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::bootstraps::{self, BootstrapShape};
use crate::edge::Credentials;
use crate::error::Fault;
use crate::operation::{BodyUse, Operation, SessionUse, Success};
use crate::schemas::Schemas;

/// How the first administrator comes to be.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    vec![Route {
        verb: Verb::Post,
        path: "/v1/bootstrap",
        action: Action::UseBootstrap,
        aim: Aim::Service,
        credentials: Credentials::Checked,
        budget: None,
        endpoint: endpoint(bootstraps::create),
        operation: Operation {
            id: "useBootstrap",
            tag: "Administration",
            summary: "Become the first administrator",
            description: "By the code of the link that `durward admin link` prints, which works once and for a day. \
                          The user of the session becomes an administrator, and logs in anew: all his sessions end.",
            session: SessionUse::Required,
            fields: &[],
            body: BodyUse::Required(Schemas::request::<BootstrapShape>),
            answers: vec![Success::empty(204, "The user administers now.")],
            faults: &[
                Fault::Flow(Kind::Forbidden),
                Fault::Flow(Kind::Deleted),
                Fault::Flow(Kind::Vetoed),
            ],
        },
    }]
}
