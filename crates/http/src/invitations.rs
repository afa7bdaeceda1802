use axum::http::StatusCode;
use axum::response::Response;
use durward_core::accounts::NewInvitation;
use durward_core::attrs::OrganizationRole;
use durward_core::email::EmailRules;
use durward_core::entity::Invitation;
use durward_core::{
    Attrs, EmailAddress, InvitationId, InvitationToken, Obstruction, OrganizationId, Secret, Store,
    Timestamp, UserId, unit,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{empty, json};
use crate::call::Call;
use crate::fields::{Fields, text};
use crate::idempotency::idempotency;
use crate::memberships::{self, role};
use crate::paging::{list, slice};
use crate::problem::Problem;
use crate::shapes::InvitationText;
use crate::values::email;

type Role<A> = <A as Attrs>::OrganizationRole;
type Permission<A> = <Role<A> as OrganizationRole>::Permission;

/// The body of `POST /v1/organizations/{id}/invitations`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NewInvitation", bound = "R: JsonSchema")]
#[expect(dead_code, reason = "describes what `new_invitation` reads")]
pub(crate) struct NewShape<R> {
    /// Whom it goes to.
    email: EmailAddress,
    /// The role that waits; at most what the caller holds himself.
    role: R,
}

/// The body of `POST /v1/invitations/accept`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "InvitationAcceptance")]
#[expect(dead_code, reason = "describes what `code` reads")]
pub(crate) struct AcceptShape {
    /// The code of the mailed link.
    code: InvitationText,
}

/// An invitation that is open.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound = "")]
#[schemars(rename = "Invitation", bound = "")]
pub(crate) struct InvitationView<'a, A: Attrs> {
    id: InvitationId,
    organization_id: OrganizationId,
    /// Whom it went to.
    email: &'a EmailAddress,
    /// The role that waits.
    role: Role<A>,
    /// What the role allows.
    permissions: &'static [Permission<A>],
    /// Who sent it.
    invited_by: UserId,
    /// When it was sent.
    created_at: Timestamp,
    /// When it dies.
    expires_at: Timestamp,
}

/// `GET /v1/organizations/{id}/invitations`
pub(crate) async fn index<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let page = call.accounts().invitations(call.organization()?, slice(&call)?).await?;
    list(&call, &page, view)
}

/// `POST /v1/organizations/{id}/invitations`
pub(crate) async fn create<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let received = call.receive()?;
    let (id, by, origin) = (call.organization()?, &call.caller, call.origin());
    let accounts = call.accounts();
    let route = format!("POST /v1/organizations/{id}/invitations");
    let who = (&call.caller, &origin);
    let repeatable = idempotency(accounts, &call.headers, &route, who, &received.bytes)?;
    let rules = accounts.parts().settings.email;
    let new = new_invitation::<S::Attrs>(Fields::of(received.value)?, rules)?;
    let sent = unit!(accounts, |tx| {
        if let Some(id) = accounts.kept_reply::<InvitationId, _>(tx, repeatable.as_ref()).await? {
            return accounts.invitation(id).await;
        }
        let sent = accounts.invite(tx, id, new.clone(), by, &origin).await?;
        accounts.keep_reply(tx, repeatable.as_ref(), &sent.id).await?;
        Ok(sent)
    })?;
    json(StatusCode::CREATED, &view(&sent))
}

/// `DELETE /v1/invitations/{id}`: takes it back; one that is over stays over.
pub(crate) async fn revoke<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let (id, by, origin) = (call.invitation()?, &call.caller, call.origin());
    let accounts = call.accounts();
    unit!(accounts, |tx| accounts.revoke_invitation(tx, id, by, &origin).await)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/invitations/accept`
pub(crate) async fn accept<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let code = code(call.fields()?)?;
    let (user, origin) = (call.caller.acting_user()?, call.origin());
    let membership = call.accounts().accept_invitation(&code, user, &origin).await?;
    json(StatusCode::OK, &memberships::view(&membership, None, None))
}

fn new_invitation<A: Attrs>(
    mut fields: Fields,
    rules: EmailRules,
) -> Result<NewInvitation<A>, Problem> {
    let email = fields.required("email", email(rules));
    let role = fields.required("role", role::<Role<A>>);
    let (email, role) = fields.finish((email, role))?;
    Ok(NewInvitation { email, role })
}

fn code(mut fields: Fields) -> Result<InvitationToken, Problem> {
    let code = fields.required("code", invitation);
    let (code,) = fields.finish((code,))?;
    Ok(code)
}

/// The code of an invitation.
pub(crate) fn invitation(value: Value) -> Result<InvitationToken, Obstruction> {
    let text = Secret::new(text(value)?);
    InvitationToken::parse(text.expose()).map_err(|_no_code| {
        Obstruction::new("INVITATION_MALFORMED", "Must be the whole code of the link, `dw_iv_...`.")
    })
}

fn view<A: Attrs>(invitation: &Invitation<A>) -> InvitationView<'_, A> {
    let Invitation { id, organization, email, role, invited_by, created, expires, .. } = invitation;
    InvitationView {
        id: *id,
        organization_id: *organization,
        email,
        role: *role,
        permissions: role.permissions(),
        invited_by: *invited_by,
        created_at: *created,
        expires_at: *expires,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::agree;
    use durward_core::{Plain, StandardOrganizationRole};
    use serde_json::json;

    #[test]
    fn the_shapes_are_what_is_read() {
        agree::<NewShape<StandardOrganizationRole>>(&json!({}), |fields| {
            new_invitation::<Plain>(fields, EmailRules::default()).map(drop)
        });
        agree::<AcceptShape>(&json!({}), |fields| code(fields).map(drop));
    }
}
