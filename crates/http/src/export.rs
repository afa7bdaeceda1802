//! `GET /v1/users/{id}/export`: everything that is held about a person, as one document (R-DP-01).

use std::net::IpAddr;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use durward_core::accounts::{Export, UserDetails};
use durward_core::entity::{Actor, AuditEntry, Client, OwnInvitation, OwnMembership};
use durward_core::ids::{AuditId, FlowId, InvitationId, OrganizationId, SessionId};
use durward_core::{
    Accounts, Attrs, AuthenticationStrength, ClientId, EmailAddress, Error, Flow, Method, Page,
    Session, Slice, Store, Timestamp, UserAgent, UserId,
};
use futures_util::stream;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{encode, encoded};
use crate::call::Call;
use crate::client_rules::{self, RestrictionView};
use crate::client_views::{self, ClientView};
use crate::problem::Problem;
use crate::users::{UserView, view};

/// How many rows are read at once: what an export needs of memory, however long it is.
const ROWS: u32 = 100;

/// Everything that is held about a person.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Export", bound = "")]
#[expect(dead_code, reason = "describes what `show` sends bit by bit")]
pub(crate) struct ExportShape<'a, A: Attrs> {
    /// The user, with his addresses.
    user: UserView<'a, A>,
    /// When he last chose a password; `null` without one.
    password_changed_at: Option<Timestamp>,
    /// What else proves who he is.
    factors: FactorsView,
    /// The organizations that he is a member of.
    memberships: Vec<MembershipView>,
    /// The invitations to the addresses that he has proven, as far as they are kept.
    invitations: Vec<InvitationExport<'a>>,
    /// His personal keys; without their secrets.
    clients: Vec<ClientExport<'a, A>>,
    /// Where he was logged in, as far as that is kept.
    sessions: Vec<SessionExport<'a, A>>,
    /// The sign-ups, logins and verifications about him, as far as they are kept.
    flows: Vec<FlowExport<'a>>,
    /// What the audit log says about him.
    audit_events: Vec<EntryExport<'a>>,
}

/// What comes first of an export.
#[derive(Serialize)]
#[serde(rename_all = "camelCase", bound = "")]
struct HeadView<'a, A: Attrs> {
    user: UserView<'a, A>,
    password_changed_at: Option<Timestamp>,
    factors: FactorsView,
}

/// The second factors of a user; without their secrets.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExportedFactors")]
pub(crate) struct FactorsView {
    /// When he enrolled an authenticator app; `null` without one.
    totp_enrolled_at: Option<Timestamp>,
    /// Since when that app is in doubt, by an objection; `null` if it is not.
    totp_doubted_at: Option<Timestamp>,
    /// How many recovery codes he has left.
    recovery_codes: u64,
}

/// An organization that the user is a member of.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExportedMembership")]
pub(crate) struct MembershipView {
    organization_id: OrganizationId,
    /// What it is called.
    organization: String,
    /// How strongly its members have to be authenticated.
    authentication: AuthenticationStrength,
    /// The role in it.
    role: Value,
    /// Since when.
    created_at: Timestamp,
}

/// An invitation into an organization, open or not; without its code.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExportedInvitation")]
pub(crate) struct InvitationExport<'a> {
    id: InvitationId,
    organization_id: OrganizationId,
    /// What it is called.
    organization: &'a str,
    /// Whom it went to.
    email: &'a EmailAddress,
    /// The role that waits or waited.
    role: Value,
    /// When it was sent.
    created_at: Timestamp,
    expires_at: Timestamp,
    /// When it was accepted or taken back.
    finished_at: Option<Timestamp>,
}

/// A personal key.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound = "")]
#[schemars(rename = "ExportedClient", bound = "")]
pub(crate) struct ClientExport<'a, A: Attrs> {
    #[serde(flatten)]
    client: ClientView<'a, A>,
    /// From where and for what its requests may come.
    access_restrictions: Vec<RestrictionView<'a>>,
}

/// A session, over or not.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound = "")]
#[schemars(rename = "ExportedSession", bound = "")]
pub(crate) struct SessionExport<'a, A: Attrs> {
    id: SessionId,
    /// The program that it was opened with.
    device: Option<&'a str>,
    /// The address that it was opened from.
    ip: Option<IpAddr>,
    client_id: Option<ClientId>,
    methods: &'a [Method],
    authenticated_at: Timestamp,
    created_at: Timestamp,
    /// When its tokens were last exchanged.
    refreshed_at: Timestamp,
    expires_at: Timestamp,
    /// When it was ended before its time.
    ended_at: Option<Timestamp>,
    /// The administrator who acted in it as the user, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Actor>,
    /// The application's own fields.
    attributes: &'a A::Session,
}

/// A sign-up, login or verification, over or not; without its codes.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExportedFlow")]
pub(crate) struct FlowExport<'a> {
    /// What it leads to.
    purpose: &'static str,
    /// The address that it is about.
    email: &'a EmailAddress,
    /// What was proven.
    methods: &'a [Method],
    client_id: Option<ClientId>,
    created_at: Timestamp,
    expires_at: Timestamp,
    finished_at: Option<Timestamp>,
}

/// An entry of the audit log.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExportedEntry")]
pub(crate) struct EntryExport<'a> {
    id: AuditId,
    at: Timestamp,
    event: &'a str,
    actor_id: Option<UserId>,
    client_id: Option<ClientId>,
    ip: Option<&'a str>,
    request_id: Option<&'a str>,
    details: Value,
}

/// What is to be sent next, and after which row.
#[derive(Clone, Copy)]
enum Part {
    Memberships(Option<OrganizationId>),
    Invitations(Option<InvitationId>),
    Clients(Option<ClientId>),
    Sessions(Option<SessionId>),
    Flows(Option<FlowId>),
    Entries(Option<AuditId>),
    End,
}

/// `GET /v1/users/{id}/export`
///
/// A failure after the first byte breaks the answer off: half of an export is none.
pub(crate) async fn show<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let (user, by, accounts) = (call.user()?, call.fresh()?, call.accounts().clone());
    let export = accounts.export_user(user, &by, &call.origin()).await?;
    let Export { user: it, emails, password_changed, .. } = export;
    let details = UserDetails { user: it, emails };
    let head = HeadView {
        user: view(&details),
        password_changed_at: password_changed,
        factors: FactorsView {
            totp_enrolled_at: export.totp_enrolled,
            totp_doubted_at: export.totp_doubted,
            recovery_codes: export.recovery_codes,
        },
    };
    let mut head = encode(&head)?;
    // The object goes on with what follows.
    head.pop();
    let first = (accounts, Some(head), Part::Memberships(None));
    let parts = stream::try_unfold(first, move |(accounts, head, part)| async move {
        if let Some(head) = head {
            return Ok(Some((Bytes::from(head), (accounts, None, part))));
        }
        let sent = next(&accounts, user, part).await.inspect_err(|error| {
            tracing::error!(%error, "an export broke off");
        })?;
        Ok::<_, Error>(sent.map(|(text, part)| (Bytes::from(text), (accounts, None, part))))
    });
    let mut response = encoded(StatusCode::OK, Vec::new());
    *response.body_mut() = Body::from_stream(parts);
    Ok(response)
}

async fn next<S: Store>(
    accounts: &Accounts<S>,
    user: UserId,
    part: Part,
) -> Result<Option<(String, Part)>, Error> {
    Ok(Some(match part {
        Part::Memberships(after) => {
            let page = accounts.exported_memberships(user, Slice { after, limit: ROWS }).await?;
            let text = list("memberships", after.is_none(), &page, membership)?;
            (text, page.next.map_or(Part::Invitations(None), |next| Part::Memberships(Some(next))))
        }
        Part::Invitations(after) => {
            let page = accounts.exported_invitations(user, Slice { after, limit: ROWS }).await?;
            let text = list("invitations", after.is_none(), &page, invitation)?;
            (text, page.next.map_or(Part::Clients(None), |next| Part::Invitations(Some(next))))
        }
        Part::Clients(after) => {
            let page = accounts.exported_clients(user, Slice { after, limit: ROWS }).await?;
            let text = list("clients", after.is_none(), &page, |it| Ok(client(it)))?;
            (text, page.next.map_or(Part::Sessions(None), |next| Part::Clients(Some(next))))
        }
        Part::Sessions(after) => {
            let page = accounts.exported_sessions(user, Slice { after, limit: ROWS }).await?;
            let text = list("sessions", after.is_none(), &page, |it| Ok(session(it)))?;
            (text, page.next.map_or(Part::Flows(None), |next| Part::Sessions(Some(next))))
        }
        Part::Flows(after) => {
            let page = accounts.exported_flows(user, Slice { after, limit: ROWS }).await?;
            let text = list("flows", after.is_none(), &page, |it| Ok(flow(it)))?;
            (text, page.next.map_or(Part::Entries(None), |next| Part::Flows(Some(next))))
        }
        Part::Entries(after) => {
            let page = accounts.exported_entries(user, Slice { after, limit: ROWS }).await?;
            let mut text = list("auditEvents", after.is_none(), &page, entry)?;
            if page.next.is_none() {
                text.push('}');
            }
            (text, page.next.map_or(Part::End, |next| Part::Entries(Some(next))))
        }
        Part::End => return Ok(None),
    }))
}

/// A part of a member that is a list: its name before the first, a bracket after the last.
fn list<'p, T, P, V: Serialize>(
    name: &str,
    is_first: bool,
    page: &'p Page<T, P>,
    view: impl Fn(&'p T) -> Result<V, Error>,
) -> Result<String, Error> {
    let mut text = if is_first { format!(",\"{name}\":[") } else { String::new() };
    for (number, row) in page.rows.iter().enumerate() {
        if number > 0 || !is_first {
            text.push(',');
        }
        let row = serde_json::to_string(&view(row)?).map_err(|_unwritable| UNWRITABLE)?;
        text.push_str(&row);
    }
    if page.next.is_none() {
        text.push(']');
    }
    Ok(text)
}

const UNWRITABLE: Error = Error::Internal("an export cannot be written");

fn membership<A: Attrs>(own: &OwnMembership<A>) -> Result<MembershipView, Error> {
    let OwnMembership { organization, membership } = own;
    Ok(MembershipView {
        organization_id: organization.id,
        organization: organization.name.as_str().to_owned(),
        authentication: organization.authentication,
        role: serde_json::to_value(membership.role).map_err(|_unwritable| UNWRITABLE)?,
        created_at: membership.created,
    })
}

fn invitation<A: Attrs>(own: &OwnInvitation<A>) -> Result<InvitationExport<'_>, Error> {
    let OwnInvitation { organization, invitation } = own;
    Ok(InvitationExport {
        id: invitation.id,
        organization_id: organization.id,
        organization: organization.name.as_str(),
        email: &invitation.email,
        role: serde_json::to_value(invitation.role).map_err(|_unwritable| UNWRITABLE)?,
        created_at: invitation.created,
        expires_at: invitation.expires,
        finished_at: invitation.finished,
    })
}

fn client<A: Attrs>(client: &Client<A>) -> ClientExport<'_, A> {
    let access_restrictions = client.restrictions.iter().map(client_rules::view).collect();
    ClientExport { client: client_views::view(client), access_restrictions }
}

fn session<A: Attrs>(session: &Session<A>) -> SessionExport<'_, A> {
    SessionExport {
        id: session.id,
        device: session.agent.as_ref().map(UserAgent::as_str),
        ip: session.ip,
        client_id: session.client,
        methods: &session.methods,
        authenticated_at: session.authenticated,
        created_at: session.created,
        refreshed_at: session.rotated,
        expires_at: session.expires,
        ended_at: session.ended,
        actor: session.actor,
        attributes: &session.attrs,
    }
}

fn flow<A: Attrs>(flow: &Flow<A>) -> FlowExport<'_> {
    FlowExport {
        purpose: flow.purpose.name(),
        email: &flow.email,
        methods: &flow.methods,
        client_id: flow.client,
        created_at: flow.created,
        expires_at: flow.expires,
        finished_at: flow.finished,
    }
}

fn entry(entry: &AuditEntry) -> Result<EntryExport<'_>, Error> {
    let unreadable = Error::Internal("an entry of the audit log cannot be read");
    Ok(EntryExport {
        id: entry.id,
        at: entry.at,
        event: &entry.event,
        actor_id: entry.actor,
        client_id: entry.client,
        ip: entry.ip.as_deref(),
        request_id: entry.request.as_deref(),
        details: serde_json::from_str(&entry.details).map_err(|_malformed| unreadable)?,
    })
}
