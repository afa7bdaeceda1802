use durward_core::{Action, Kind, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::edge::{Budget, Credentials};
use crate::error::Fault;
use crate::factors;
use crate::operation::{BodyUse, Operation, Parameter, SessionUse, Success};
use crate::schemas::Schemas;

/// What is done with second factors.
#[expect(clippy::too_many_lines, reason = "a table is read row by row")]
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    vec![
        Route {
            verb: Verb::Post,
            path: "/v1/users/{id}/totp",
            action: Action::EnrolFactor,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(factors::enrol),
            operation: Operation {
                id: "enrolTotp",
                tag: "Second factor",
                summary: "Begin to enrol an authenticator app",
                description: "Answers a new secret, shown this once. Nothing is enrolled until a code of the app proves \
                              it. Needs an authentication of the last five minutes.",
                session: SessionUse::Required,
                fields: &[Parameter::IdempotencyKey],
                body: BodyUse::None,
                answers: vec![Success::new(
                    201,
                    "What the app must know.",
                    Schemas::answer::<factors::EnrolmentView<'static>>,
                )],
                faults: &[Fault::Flow(Kind::StepUp), Fault::Flow(Kind::Duplicate)],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/users/{id}/totp/confirm",
            action: Action::EnrolFactor,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: Some(Budget::Failures),
            endpoint: endpoint(factors::confirm),
            operation: Operation {
                id: "confirmTotp",
                tag: "Second factor",
                summary: "Enrol an authenticator app",
                description: "Proves that the app shows the right codes. From now on every login asks for one. All other \
                              sessions end. The recovery codes are shown this once.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::Required(Schemas::request::<factors::TotpProofShape>),
                answers: vec![Success::new(
                    200,
                    "Enrolled; these are the recovery codes.",
                    Schemas::answer::<factors::RecoveryCodesView>,
                )],
                faults: &[
                    Fault::Flow(Kind::StepUp),
                    Fault::Flow(Kind::Duplicate),
                    Fault::Flow(Kind::Vetoed),
                ],
            },
        },
        Route {
            verb: Verb::Delete,
            path: "/v1/users/{id}/totp",
            action: Action::RemoveFactor,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(factors::remove),
            operation: Operation {
                id: "removeTotp",
                tag: "Second factor",
                summary: "Remove an authenticator app",
                description: "And the recovery codes with it. All other sessions end. An administrator may do so for \
                              somebody who lost the app, whose sessions all end.",
                session: SessionUse::Required,
                fields: &[],
                body: BodyUse::None,
                answers: vec![Success::empty(204, "The app is no longer asked for.")],
                faults: &[Fault::Flow(Kind::StepUp), Fault::Flow(Kind::Vetoed)],
            },
        },
        Route {
            verb: Verb::Post,
            path: "/v1/users/{id}/recovery-codes",
            action: Action::EnrolFactor,
            aim: Aim::User,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(factors::renew_codes),
            operation: Operation {
                id: "renewRecoveryCodes",
                tag: "Second factor",
                summary: "Make new recovery codes",
                description: "The old ones die. Needs an authenticator app, whose place they take. All other sessions end.",
                session: SessionUse::Required,
                fields: &[Parameter::IdempotencyKey],
                body: BodyUse::None,
                answers: vec![Success::new(
                    201,
                    "The new set, shown this once.",
                    Schemas::answer::<factors::RecoveryCodesView>,
                )],
                faults: &[
                    Fault::Flow(Kind::StepUp),
                    Fault::Flow(Kind::SecondFactorRequired),
                    Fault::Flow(Kind::Vetoed),
                ],
            },
        },
    ]
}
