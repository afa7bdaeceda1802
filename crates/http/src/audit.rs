use axum::response::Response;
use durward_core::entity::AuditEntry;
use durward_core::store::AuditQuery;
use durward_core::{
    AuditId, ClientId, Obstruction, OrganizationId, Slice, Store, Timestamp, UserId,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::call::Call;
use crate::fields::text;
use crate::paging::{USUAL, list, part, slice};
use crate::problem::Problem;
use crate::query::{client, moment, organization, parameters, user};

/// An entry of the audit log.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuditEvent")]
pub(crate) struct AuditEventView<'a> {
    id: AuditId,
    /// When it happened.
    at: Timestamp,
    /// What happened, such as `session.opened`.
    event: &'a str,
    /// The organization that it concerns.
    organization_id: Option<OrganizationId>,
    /// Who did it, when known.
    actor_id: Option<UserId>,
    /// Whose account it concerns, when known.
    subject_id: Option<UserId>,
    /// The client through which it was done.
    client_id: Option<ClientId>,
    /// The address it was done from, until it is erased.
    ip: Option<&'a str>,
    /// The id of the request that did it.
    request_id: Option<&'a str>,
    /// What else belongs to the event.
    #[schemars(with = "std::collections::BTreeMap<String, Value>")]
    details: Value,
}

/// `GET /v1/users/{id}/audit-events`
pub(crate) async fn of_user<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let question = AuditQuery { subject: Some(call.user()?), ..AuditQuery::default() };
    let page = call.accounts().audit_entries(question, slice(&call)?).await?;
    list(&call, &page, view)
}

/// `GET /v1/organizations/{id}/audit-events`
pub(crate) async fn of_organization<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let organization = Some(call.organization()?);
    let names = ["limit", "cursor", "subject", "actor", "client", "event", "from", "to"];
    let (question, slice) = question(&call, &names)?;
    let question = AuditQuery { organization, ..question };
    let page = call.accounts().audit_entries(question, slice).await?;
    list(&call, &page, view)
}

/// `GET /v1/audit-events`
pub(crate) async fn index<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let names =
        ["limit", "cursor", "subject", "actor", "client", "organization", "event", "from", "to"];
    let (question, slice) = question(&call, &names)?;
    let page = call.accounts().audit_entries(question, slice).await?;
    list(&call, &page, view)
}

/// What is asked for by parameters of these names.
fn question<S: Store>(
    call: &Call<S>,
    names: &[&str],
) -> Result<(AuditQuery, Slice<AuditId>), Problem> {
    let mut fields = parameters(call.uri.query(), names)?;
    let (limit, after) = part(call, &mut fields);
    let subject = fields.optional("subject", user);
    let actor = fields.optional("actor", user);
    let client = fields.optional("client", client);
    let organization = fields.optional("organization", organization);
    let event = fields.optional("event", event);
    let from = fields.optional("from", moment);
    let to = fields.optional("to", moment);
    let (limit, after, subject, actor, client, organization, event, from, to) =
        fields.finish((limit, after, subject, actor, client, organization, event, from, to))?;
    let question = AuditQuery {
        subject,
        actor,
        client,
        organization,
        event,
        from: from.map(AuditId::first_at),
        before: to.map(AuditId::first_at),
        ..AuditQuery::default()
    };
    Ok((question, Slice { after, limit: limit.unwrap_or(USUAL) }))
}

fn event(value: Value) -> Result<String, Obstruction> {
    let name = text(value)?;
    let wrong = || Obstruction::new("EVENT_INVALID", "Must be the name of an event.");
    is_event_name(&name).then_some(name).ok_or_else(wrong)
}

/// Whether a text can be the name of an event.
pub(crate) fn is_event_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'-');
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

pub(crate) fn view(entry: &AuditEntry) -> AuditEventView<'_> {
    AuditEventView {
        id: entry.id,
        at: entry.at,
        event: &entry.event,
        organization_id: entry.organization,
        actor_id: entry.actor,
        subject_id: entry.subject,
        client_id: entry.client,
        ip: entry.ip.as_deref(),
        request_id: entry.request.as_deref(),
        // What is no object was altered, which the check of the log tells.
        details: serde_json::from_str(&entry.details).unwrap_or_default(),
    }
}
