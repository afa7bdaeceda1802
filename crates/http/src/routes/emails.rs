use durward_core::{Action, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::edge::{Budget, Credentials};
use crate::emails;
use crate::error::Fault;
use crate::operation::{BodyUse, Operation, SessionUse, Success};
use crate::schemas::Schemas;

/// What is done with addresses to be proven.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    vec![
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
                description: "With the code of the link, or, with a session, the code typed from the mail.\n\nThe `state` of the sign-up or \
                     the session of its user show who claims the address. The link alone proves no further address of a \
                     user; of the first one it makes whoever reads the mailbox the owner: sessions, password, second factor \
                     and personal keys from before end.",
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
    ]
}
