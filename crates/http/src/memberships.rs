use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::Response;
use durward_core::attrs::OrganizationRole;
use durward_core::entity::{Member, Membership, OwnMembership};
use durward_core::{
    Accounts, Attrs, MembershipId, Obstruction, OrganizationId, PersonName, Store, Timestamp,
    UserId, unit,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{empty, encode, encoded};
use crate::call::Call;
use crate::entity_tag::{EntityTag, IfMatch};
use crate::fields::Fields;
use crate::paging::{list, slice};
use crate::problem::Problem;

type Role<A> = <A as Attrs>::OrganizationRole;
type Permission<A> = <Role<A> as OrganizationRole>::Permission;

/// The body of `PATCH /v1/memberships/{id}`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "MembershipChange", bound = "R: JsonSchema")]
#[expect(dead_code, reason = "describes what `new_role` reads")]
pub(crate) struct ChangeShape<R> {
    /// The new role; at most what the caller holds himself.
    role: R,
}

/// A user in an organization.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound = "")]
#[schemars(rename = "Membership", bound = "")]
pub(crate) struct MembershipView<'a, A: Attrs> {
    id: MembershipId,
    organization_id: OrganizationId,
    user_id: UserId,
    /// What the organization is called, in a list of one user's memberships.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_name: Option<&'a PersonName>,
    /// What the member is called, in a list of one organization's members.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a PersonName>,
    role: Role<A>,
    /// What the role allows.
    permissions: &'static [Permission<A>],
    /// When the user joined.
    created_at: Timestamp,
    /// When the role last changed.
    updated_at: Timestamp,
}

/// What the caller is in an organization.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound = "")]
#[schemars(rename = "OwnMembership", bound = "")]
pub(crate) struct OwnMembershipView<A: Attrs> {
    id: MembershipId,
    role: Role<A>,
    /// What the role allows.
    permissions: &'static [Permission<A>],
}

/// `GET /v1/organizations/{id}/memberships`
pub(crate) async fn index<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let page = call.accounts().members(call.organization()?, slice(&call)?).await?;
    list(&call, &page, |Member { membership, name }| view(membership, None, Some(name)))
}

/// `GET /v1/users/{id}/memberships`
pub(crate) async fn of_user<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let page = call.accounts().organizations_of(call.user()?, slice(&call)?).await?;
    list(&call, &page, |OwnMembership { organization, membership }| {
        view(membership, Some(&organization.name), None)
    })
}

/// `GET /v1/memberships/{id}`
pub(crate) async fn show<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let membership = call.accounts().membership(call.membership()?).await?;
    tagged(call.accounts(), &membership)
}

/// `PATCH /v1/memberships/{id}`
pub(crate) async fn update<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let wanted = IfMatch::of(&call.headers)?;
    let role = new_role::<S::Attrs>(call.fields()?)?;
    let (id, by, origin) = (call.membership()?, &call.caller, call.origin());
    let accounts = call.accounts();
    let version = seen(accounts, id, wanted.as_ref()).await?;
    let membership =
        unit!(accounts, |tx| accounts.update_member(tx, id, role, version, by, &origin).await)?;
    tagged(accounts, &membership)
}

/// `DELETE /v1/memberships/{id}`: removes a member; who removes himself leaves.
pub(crate) async fn delete<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let wanted = IfMatch::of(&call.headers)?;
    let (id, by, origin) = (call.membership()?, &call.caller, call.origin());
    let accounts = call.accounts();
    let version = seen(accounts, id, wanted.as_ref()).await?;
    unit!(accounts, |tx| accounts.remove_member(tx, id, version, by, &origin).await)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// The version that `If-Match` asks for, if it asks for one and that one is there.
async fn seen<S: Store>(
    accounts: &Accounts<S>,
    id: MembershipId,
    wanted: Option<&IfMatch>,
) -> Result<Option<i64>, Problem> {
    let Some(wanted) = wanted else { return Ok(None) };
    let present = accounts.membership(id).await?;
    Ok(wanted.version(&tag(accounts, &present)?.1, present.version, "membership")?)
}

fn new_role<A: Attrs>(mut fields: Fields) -> Result<Role<A>, Problem> {
    let role = fields.required("role", role::<Role<A>>);
    let (role,) = fields.finish((role,))?;
    Ok(role)
}

/// A role in organizations of this deployment.
pub(crate) fn role<R: OrganizationRole>(value: Value) -> Result<R, Obstruction> {
    serde_json::from_value(value).map_err(|_no_role| {
        Obstruction::new("UNKNOWN_VALUE", "Must be a role in organizations of this deployment.")
    })
}

fn tagged<S: Store>(
    accounts: &Accounts<S>,
    membership: &Membership<S::Attrs>,
) -> Result<Response, Problem> {
    let (text, tag) = tag(accounts, membership)?;
    let mut response = encoded(StatusCode::OK, text);
    if let Some(tag) = tag.to_header() {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

/// The representation of a membership, and its tag.
fn tag<S: Store>(
    accounts: &Accounts<S>,
    membership: &Membership<S::Attrs>,
) -> Result<(Vec<u8>, EntityTag), Problem> {
    let text = encode(&view(membership, None, None))?;
    let tag = EntityTag::of(&accounts.parts().keys, &text);
    Ok((text, tag))
}

pub(crate) fn view<'a, A: Attrs>(
    membership: &Membership<A>,
    organization_name: Option<&'a PersonName>,
    user_name: Option<&'a PersonName>,
) -> MembershipView<'a, A> {
    let Membership { id, organization, user, role, version: _, created, updated } = membership;
    MembershipView {
        id: *id,
        organization_id: *organization,
        user_id: *user,
        organization_name,
        user_name,
        role: *role,
        permissions: role.permissions(),
        created_at: *created,
        updated_at: *updated,
    }
}

pub(crate) fn own_view<A: Attrs>(membership: &Membership<A>) -> OwnMembershipView<A> {
    let (id, role) = (membership.id, membership.role);
    OwnMembershipView { id, role, permissions: role.permissions() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::agree;
    use durward_core::{Plain, StandardOrganizationRole};
    use serde_json::json;

    #[test]
    fn the_shapes_are_what_is_read() {
        agree::<ChangeShape<StandardOrganizationRole>>(&json!({}), |fields| {
            new_role::<Plain>(fields).map(drop)
        });
    }
}
