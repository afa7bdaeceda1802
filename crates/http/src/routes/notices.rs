use durward_core::{Action, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::edge::Credentials;
use crate::error::Fault;
use crate::notices;
use crate::operation::{BodyUse, Operation, SessionUse, Success};
use crate::schemas::Schemas;

/// What is done with notices.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    vec![Route {
        verb: Verb::Post,
        path: "/v1/notices/report",
        action: Action::Authenticate,
        aim: Aim::Service,
        // Whoever reports needs no session, and a dead one in the header must not keep anybody from it.
        credentials: Credentials::Unchecked,
        budget: None,
        endpoint: endpoint(notices::report),
        operation: Operation {
            id: "reportNotice",
            tag: "Notices",
            summary: "Say that a change was somebody else's",
            description: "With the code of the link that every notice carries, once and within 7 days. Ends all \
                          sessions, refresh tokens and flows under way of the account, and mails a code to get \
                          back in to the address that the notice went to. No session is needed.",
            session: SessionUse::None,
            fields: &[],
            body: BodyUse::Required(Schemas::request::<notices::ObjectionShape>),
            answers: vec![Success::empty(204, "Everybody is signed out, and a code is mailed.")],
            faults: &[Fault::Flow(Kind::Vetoed)],
        },
    }]
}
