//! What a route reads from its path, its query and its header fields.

use durward_core::entity::SearchKey;
use durward_core::{ClientId, EmailAddress, OrganizationId, UserId, UserStatus};
use serde_json::{Value, json};

use super::path;
use crate::edge::Rule;
use crate::idempotency;
use crate::operation::{Operation, Parameter, Term};
use crate::paging;
use crate::schemas::Schemas;

/// Everything that a route reads besides its body.
#[expect(clippy::too_many_lines, reason = "a table is read row by row")]
pub(super) fn described(rule: &Rule, operation: &Operation, schemas: &mut Schemas) -> Vec<Value> {
    let path = path::parameters(rule.aim, schemas);
    let fields = operation.fields.iter().map(|field| {
        let (name, description, schema) = match field {
            Parameter::IfMatch => (
                "If-Match",
                "The ETag that the change was decided on, or `*`.",
                json!({
                    "type": "string",
                    "pattern": r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#,
                }),
            ),
            Parameter::IdempotencyKey => (
                "Idempotency-Key",
                "A random text; the same request with the same key is answered again, and done once.",
                json!({
                    "type": "string",
                    "minLength": 1,
                    "maxLength": idempotency::MAX_LENGTH,
                    "pattern": "^[!-~]+$",
                }),
            ),
            Parameter::Limit => (
                "limit",
                "How many rows to tell at most.",
                json!({ "type": "integer", "minimum": 1, "maximum": paging::MOST, "default": paging::USUAL }),
            ),
            Parameter::Cursor => (
                "cursor",
                "The `next` of the part before; the rest of the query must be the same.",
                json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]*$" }),
            ),
            Parameter::IncludeCurrent => (
                "includeCurrent",
                "Whether the session of the caller is meant, too.",
                json!({ "type": "boolean", "default": false }),
            ),
            Parameter::Subject => {
                ("subject", "Only about this user.", schemas.request::<UserId>())
            }
            Parameter::Actor => ("actor", "Only done by this user.", schemas.request::<UserId>()),
            Parameter::Event => (
                "event",
                "Only of this name.",
                json!({ "type": "string", "pattern": "^[a-z.-]{1,64}$" }),
            ),
            Parameter::From => {
                ("from", "Only from this moment on.", json!({ "type": "string", "format": "date-time" }))
            }
            Parameter::Begin => (
                "q",
                "Only those whose name, or one of whose addresses, begins with this, whatever the case of letters.",
                json!({ "type": "string", "minLength": 1, "maxLength": SearchKey::MAX_CHARACTERS }),
            ),
            Parameter::Email => (
                "email",
                "Only those who claim this address, or have proven it.",
                schemas.request::<EmailAddress>(),
            ),
            Parameter::Status => {
                ("status", "Only those in this status.", schemas.request::<UserStatus>())
            }
            Parameter::User => ("user", "Only of this user.", schemas.request::<UserId>()),
            Parameter::Client => {
                ("client", "Only through this client.", schemas.request::<ClientId>())
            }
            Parameter::CreatedAfter => (
                "createdAfter",
                "Only those that came to be after this moment.",
                json!({ "type": "string", "format": "date-time" }),
            ),
            Parameter::Scope => (
                "scope",
                "One's own, or, for administrators and parts of the deployment, `all` of them. Whoever has none of \
                 his own is told all.",
                json!({ "type": "string", "enum": ["own", "all"] }),
            ),
            Parameter::NameBegin => (
                "q",
                "Among all: only those whose name begins with this, whatever the case of letters.",
                json!({ "type": "string", "minLength": 1, "maxLength": SearchKey::MAX_CHARACTERS }),
            ),
            Parameter::Archived => (
                "archived",
                "Among all: only those that are archived, or only those that are not.",
                json!({ "type": "boolean" }),
            ),
            Parameter::Organization => (
                "organization",
                "Only of this organization.",
                schemas.request::<OrganizationId>(),
            ),
            Parameter::ClientRole => {
                ("role", "Only those that have this role.", json!({ "type": "string" }))
            }
            Parameter::Enabled => (
                "enabled",
                "Only those that are enabled, or only those that are not.",
                json!({ "type": "boolean" }),
            ),
            Parameter::Term(term) => described_term(*term),
            Parameter::To => {
                ("to", "Only before this moment.", json!({ "type": "string", "format": "date-time" }))
            }
        };
        json!({
            "name": name,
            "in": if field.is_in_query() { "query" } else { "header" },
            "required": false,
            "description": description,
            "schema": schema,
        })
    });
    path.chain(fields).collect()
}

/// Name, description and schema of a part of the terms of a proxy.
fn described_term(term: Term) -> (&'static str, &'static str, Value) {
    match term {
        Term::Audience => (
            "audience",
            "For which service the identity is: one of the settings. The first of them by itself.",
            json!({ "type": "string" }),
        ),
        Term::Role => (
            "role",
            "Roles, with commas between them, of which the user needs one.",
            json!({ "type": "string" }),
        ),
        Term::AnyPath => (
            "anyPath",
            "Whether a path goes on that two programs could read differently; otherwise it is 403.",
            json!({ "type": "boolean", "default": false }),
        ),
        Term::Demand => (
            "Durward-Demand",
            "What other proxies say in the query: audience, role and anyPath, written like one.",
            json!({ "type": "string" }),
        ),
    }
}
