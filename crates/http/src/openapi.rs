//! The OpenAPI 3.1 document, made from the route table (ADR 0005).

mod parameters;
mod path;

use std::collections::BTreeMap;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use durward_core::authz::{Decision, Relation, decide};
use durward_core::{Action, Kind, Store};
use serde_json::{Map, Value, json};

use crate::aim::Aim;
use crate::call::Call;
use crate::edge::Rule;
use crate::error::Fault;
use crate::operation::{BodyUse, Operation, Parameter, SessionUse, Success};
use crate::problem::{Problem, ProblemView};
use crate::schemas::Schemas;
use crate::settings::HttpSettings;

/// A row of the route table, as far as it is told to others.
pub(crate) struct Described<'a> {
    pub(crate) rule: &'a Rule,
    pub(crate) operation: &'a Operation,
}

/// The document of these routes, the same for the same routes.
pub(crate) fn document<'a>(
    routes: impl IntoIterator<Item = Described<'a>>,
    settings: &HttpSettings,
) -> Value {
    let mut schemas = Schemas::new();
    let problem = schemas.answer::<ProblemView<'static>>();
    let mut paths = Map::new();
    for route in routes {
        let described = operation(&route, &mut schemas, &problem);
        let path = paths.entry(route.rule.path).or_insert_with(|| json!({}));
        path[route.rule.method.to_ascii_lowercase()] = described;
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Durward accounts",
            "version": "1",
            "description": INTRODUCTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": *settings.mounted_at }],
        "paths": paths,
        "components": {
            "headers": headers(),
            "securitySchemes": {
                "session": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "dw_st_...",
                    "description": "The token of a session. Presented and not accepted, it is answered 401 on every route.",
                },
                "client": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "A client: its id as the user name, its secret key as the password. An empty password only \
                                    names a public client.",
                },
                "clientKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "dw_sk_...",
                    "description": "A client by its secret key alone.",
                },
                "throughClient": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Durward-Client",
                    "description": "The client through which a user acts, by its secret key or, if it is public, by its id. A \
                                    session works through the client that it was issued through, and no other way.",
                },
            },
        },
    });
    schemas.merge_into(&mut document);
    document.sort_all_objects();
    document
}

const INTRODUCTION: &str = "Sign-up, login, sessions and users. Bodies are JSON in UTF-8, closed: an unknown member \
is refused. Times are RFC 3339 in UTC. Every answer carries X-Request-Id; every failure is a problem document \
(RFC 9457) with a stable code. A known path with another method is answered 405 with Allow, an unknown path 404.";

fn operation(route: &Described<'_>, schemas: &mut Schemas, problem: &Value) -> Value {
    let Described { rule, operation } = route;
    let mut responses = Map::new();
    for answer in &operation.answers {
        responses.insert(answer.status.to_string(), success(answer, schemas));
    }
    for (status, faults) in faults(route) {
        responses.insert(status.as_str().to_owned(), failure(status, &faults, problem));
    }
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "responses": responses,
        "security": security(rule.action, operation.session),
    });
    let parameters = parameters::described(rule, operation, schemas);
    if !parameters.is_empty() {
        described["parameters"] = Value::Array(parameters);
    }
    let body = match operation.body {
        BodyUse::None => None,
        BodyUse::Optional(schema) => Some((false, schema)),
        BodyUse::Required(schema) => Some((true, schema)),
    };
    if let Some((required, schema)) = body {
        described["requestBody"] = json!({
            "required": required,
            "content": { "application/json": { "schema": schema(schemas) } },
        });
    }
    described
}

/// What a caller may present: nothing or a session, each through a client or not; or a client by itself, where the
/// policy has a client that may.
fn security(action: Action, session: SessionUse) -> Value {
    let nobody = [json!({}), json!({ "throughClient": [] })];
    let user = [json!({ "session": [] }), json!({ "session": [], "throughClient": [] })];
    let mut ways = match session {
        SessionUse::None => nobody.to_vec(),
        SessionUse::Optional => [nobody, user].concat(),
        SessionUse::Required => user.to_vec(),
    };
    let clients = [Relation::OwnClient, Relation::OtherClient, Relation::SystemClient];
    let may = clients.into_iter().any(|it| decide(action, it) == Decision::Allow);
    if may || action.is_open_to_keys() {
        ways.extend([json!({ "client": [] }), json!({ "clientKey": [] })]);
    }
    Value::Array(ways)
}

fn success(answer: &Success, schemas: &mut Schemas) -> Value {
    let mut names = vec!["X-Request-Id"];
    if answer.tagged {
        names.push("ETag");
    }
    if answer.signed {
        names.push("X-Durward-Identity");
    }
    let mut described =
        json!({ "description": answer.description, "headers": header_references(&names) });
    if let Some(schema) = answer.schema {
        described["content"] = json!({ "application/json": { "schema": schema(schemas) } });
    }
    described
}

fn failure(status: StatusCode, faults: &[Fault], problem: &Value) -> Value {
    let mut names = vec!["X-Request-Id"];
    match status {
        StatusCode::UNAUTHORIZED => names.push("WWW-Authenticate"),
        StatusCode::TOO_MANY_REQUESTS => {
            names.extend(["Retry-After", "RateLimit", "RateLimit-Policy"]);
        }
        StatusCode::SERVICE_UNAVAILABLE => names.push("Retry-After"),
        _ => {}
    }
    let lines: Vec<String> =
        faults.iter().map(|fault| format!("`{}`: {}", fault.code(), fault.detail())).collect();
    json!({
        "description": lines.join("\n\n"),
        "headers": header_references(&names),
        "content": { "application/problem+json": { "schema": problem } },
    })
}

/// Everything that can go wrong on a route, by status: what its rule implies, and what it says itself.
fn faults(route: &Described<'_>) -> BTreeMap<StatusCode, Vec<Fault>> {
    let Described { rule, operation } = route;
    let mut all = vec![
        Fault::BadHeader,
        Fault::SecretInUrl,
        Fault::Flow(Kind::Unauthenticated),
        Fault::Flow(Kind::Throttled),
        Fault::Flow(Kind::Internal),
        Fault::Flow(Kind::Store),
        Fault::Flow(Kind::Busy),
    ];
    if !matches!(operation.body, BodyUse::None) {
        all.extend([
            Fault::BadJson,
            Fault::BodyTooLarge,
            Fault::UnsupportedMediaType,
            Fault::Flow(Kind::Invalid),
            Fault::Flow(Kind::Busy),
        ]);
    }
    let forbids = Relation::ALL.into_iter().any(|it| decide(rule.action, it) == Decision::Forbid);
    if forbids || !rule.action.is_open_to_keys() {
        all.push(Fault::Flow(Kind::Forbidden));
    }
    // Also where one may enrol: a personal key waits for that.
    if decide(rule.action, Relation::Anonymous) != Decision::Allow {
        all.push(Fault::Flow(Kind::SecondFactorRequired));
    }
    if aims_at_organization(rule.aim) && is_allowed_by_role(rule.action) {
        all.push(Fault::Flow(Kind::InsufficientAuthentication));
    }
    if rule.aim != Aim::Service {
        all.push(Fault::Flow(Kind::NotFound));
    }
    if operation.fields.contains(&Parameter::IfMatch) {
        all.push(Fault::Flow(Kind::Stale));
    }
    if operation.fields.contains(&Parameter::IdempotencyKey) {
        all.push(Fault::Flow(Kind::KeyReused));
    }
    if operation.fields.iter().any(|field| field.is_in_query()) {
        all.extend([Fault::BadQuery, Fault::Flow(Kind::Invalid)]);
    }
    all.extend(operation.faults);
    let mut by_status: BTreeMap<StatusCode, Vec<Fault>> = BTreeMap::new();
    for fault in Fault::all().filter(|fault| all.contains(fault)) {
        by_status.entry(fault.status()).or_default().push(fault);
    }
    by_status
}

/// Whether what the path names may belong to an organization.
const fn aims_at_organization(aim: Aim) -> bool {
    match aim {
        Aim::Organization
        | Aim::Membership
        | Aim::Invitation
        | Aim::Client
        | Aim::ClientSecret
        | Aim::ClientRestriction => true,
        Aim::Service | Aim::User | Aim::LoginEmail | Aim::Session => false,
    }
}

/// Whether a role in an organization lets somebody do it.
fn is_allowed_by_role(action: Action) -> bool {
    let roles = [Relation::Reader, Relation::Editor, Relation::Manager, Relation::Deleter];
    roles.into_iter().any(|it| decide(action, it) == Decision::Allow)
}

fn headers() -> Value {
    let text = |description: &str| json!({ "description": description, "required": true, "schema": { "type": "string" } });
    json!({
        "X-Request-Id": {
            "description": "The id under which the request is logged: the one that was sent, if it is safe to log.",
            "required": true,
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" },
        },
        "X-Durward-Identity": text("The signed identity: a JWT of the type durward-identity+jwt."),
        "ETag": text("The state of the resource, for If-Match."),
        "WWW-Authenticate": text("How to authenticate (RFC 6750)."),
        "Retry-After": {
            "description": "After how many seconds the next attempt has a chance.",
            "required": true,
            "schema": { "type": "integer", "minimum": 1 },
        },
        "RateLimit": text("What is left of the budget, and in how many seconds there is more."),
        "RateLimit-Policy": text("The budget: how many, in how many seconds."),
    })
}

fn header_references(names: &[&str]) -> Value {
    let reference = |name: &&str| {
        ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))
    };
    Value::Object(names.iter().map(reference).collect())
}

/// `GET /v1/openapi.json`
pub(crate) async fn show<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let mut response = Response::new(call.edge.document().into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(response)
}
