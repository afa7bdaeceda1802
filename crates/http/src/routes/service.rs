use durward_core::{Action, Caller, Store};

use super::{Route, Verb, endpoint};
use crate::aim::Aim;
use crate::edge::Credentials;
use crate::operation::{BodyUse, Operation, SessionUse, Success};
use crate::schemas::Schemas;
use crate::{caller, openapi};

/// What the service says of itself and of the request.
pub(super) fn routes<S: Store>() -> Vec<Route<S>> {
    vec![
        Route {
            verb: Verb::Get,
            path: "/v1/caller",
            action: Action::ReadCaller,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(caller::show),
            operation: Operation {
                id: "showCaller",
                tag: "Sessions",
                summary: "Who am I?",
                description: "What the server knows of the request. Without a credential, user and client are null.",
                session: SessionUse::Optional,
                fields: &[],
                body: BodyUse::None,
                answers: vec![Success::new(
                    200,
                    "The caller.",
                    Schemas::answer::<Caller<S::Attrs>>,
                )],
                faults: &[],
            },
        },
        Route {
            verb: Verb::Get,
            path: "/v1/openapi.json",
            action: Action::ReadService,
            aim: Aim::Service,
            credentials: Credentials::Checked,
            budget: None,
            endpoint: endpoint(openapi::show),
            operation: Operation {
                id: "showOpenApi",
                tag: "Service",
                summary: "This document",
                description: "The description of this API in OpenAPI 3.1.",
                session: SessionUse::None,
                fields: &[],
                body: BodyUse::None,
                answers: vec![Success::new(
                    200,
                    "The document.",
                    |_| serde_json::json!({ "type": "object", "required": ["openapi", "info", "paths"] }),
                )],
                faults: &[],
            },
        },
    ]
}
