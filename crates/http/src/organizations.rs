use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::Response;
use durward_core::accounts::{NewOrganization, OrganizationChange};
use durward_core::attrs::Attr;
use durward_core::entity::{Organization, OwnMembership};
use durward_core::store::{Memberships, Organizations};
use durward_core::{
    Accounts, Attrs, AuthenticationStrength, Error, Obstruction, OrganizationId, PersonName, Store,
    Timestamp, unit,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{empty, encode, encoded, json};
use crate::attributes::may_be_absent;
use crate::call::Call;
use crate::entity_tag::{EntityTag, IfMatch};
use crate::fields::{Fields, one_of, text};
use crate::idempotency::idempotency;
use crate::memberships::{OwnMembershipView, own_view};
use crate::problem::Problem;
use crate::shapes::Optional;
use crate::values::name;

/// The body of `POST /v1/organizations`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NewOrganization", bound = "O: Attr", transform = may_be_absent::<O>)]
#[expect(dead_code, reason = "describes what `new_organization` reads")]
pub(crate) struct NewShape<O> {
    /// What it is called.
    name: PersonName,
    /// How strongly its members have to be authenticated; `any` if it is not sent.
    #[serde(default)]
    authentication: Optional<AuthenticationStrength>,
    /// The application's own fields.
    attributes: O,
}

/// The body of `PATCH /v1/organizations/{id}`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "OrganizationChange", bound = "O: Attr")]
#[expect(dead_code, reason = "describes what `change` reads")]
pub(crate) struct ChangeShape<O> {
    /// The new name.
    #[serde(default)]
    name: Optional<PersonName>,
    /// How strongly its members have to be authenticated from now on; at most as the session that asks is.
    #[serde(default)]
    authentication: Optional<AuthenticationStrength>,
    /// The new fields of the application; they replace the old ones as a whole.
    #[serde(default)]
    attributes: Optional<O>,
}

/// An organization, as those see it who may.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound = "")]
#[schemars(rename = "Organization", bound = "")]
pub(crate) struct OrganizationView<'a, A: Attrs> {
    id: OrganizationId,
    /// What it is called.
    name: &'a PersonName,
    /// How strongly its members have to be authenticated for their membership to give them rights.
    authentication: AuthenticationStrength,
    /// The application's own fields.
    attributes: &'a A::Organization,
    /// When it came to be.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
    /// When it was archived: then nothing in it gives rights until it is restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<Timestamp>,
}

/// An organization with the membership of somebody in it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound = "")]
#[schemars(rename = "OwnOrganization", bound = "")]
pub(crate) struct OwnView<'a, A: Attrs> {
    #[serde(flatten)]
    organization: OrganizationView<'a, A>,
    /// What the caller is in it.
    membership: OwnMembershipView<A>,
}

/// `POST /v1/organizations`
pub(crate) async fn create<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let received = call.receive()?;
    let (origin, by, accounts) = (call.origin(), &call.caller, call.accounts());
    let user = by.acting_user()?;
    let (route, who) = ("POST /v1/organizations", (by, &origin));
    let repeatable = idempotency(accounts, &call.headers, route, who, &received.bytes)?;
    let new = new_organization::<S::Attrs>(Fields::of(received.value)?)?;
    let made = unit!(accounts, |tx| {
        if let Some(id) = accounts.kept_reply::<OrganizationId, _>(tx, repeatable.as_ref()).await? {
            let made = present(tx.organization(id).await?, tx.membership_of(id, user).await?)?;
            // It may ask for more than it did.
            by.strength().meets(made.organization.authentication)?;
            return Ok(made);
        }
        let made = accounts.create_organization(tx, new.clone(), by, &origin).await?;
        accounts.keep_reply(tx, repeatable.as_ref(), &made.organization.id).await?;
        Ok(made)
    })?;
    json(StatusCode::CREATED, &own(&made))
}

/// What was made by the request that is now sent again, if it is there still.
fn present<A: Attrs>(
    organization: Option<Organization<A>>,
    membership: Option<durward_core::entity::Membership<A>>,
) -> Result<OwnMembership<A>, Error> {
    let found = organization.zip(membership);
    let found = found.map(|(organization, membership)| OwnMembership { organization, membership });
    found.ok_or(Error::NotFound("organization"))
}

/// `GET /v1/organizations/{id}`
pub(crate) async fn show<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let organization = call.accounts().organization(call.organization()?).await?;
    tagged(call.accounts(), &organization)
}

/// `PATCH /v1/organizations/{id}`
pub(crate) async fn update<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let wanted = IfMatch::of(&call.headers)?;
    let mut change = change::<S::Attrs>(call.fields()?)?;
    let (id, origin, accounts) = (call.organization()?, call.origin(), call.accounts());
    change.version = seen(accounts, id, wanted.as_ref()).await?;
    let organization = unit!(accounts, |tx| {
        accounts.update_organization(tx, id, change.clone(), &call.caller, &origin).await
    })?;
    tagged(accounts, &organization)
}

/// `DELETE /v1/organizations/{id}`: archives it.
pub(crate) async fn archive<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let wanted = IfMatch::of(&call.headers)?;
    let (id, by, origin) = (call.organization()?, call.fresh()?, call.origin());
    let accounts = call.accounts();
    let version = seen(accounts, id, wanted.as_ref()).await?;
    unit!(accounts, |tx| accounts.archive_organization(tx, id, version, &by, &origin).await)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/organizations/{id}/restore`
pub(crate) async fn restore<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let (id, by, origin) = (call.organization()?, call.fresh()?, call.origin());
    let accounts = call.accounts();
    let organization =
        unit!(accounts, |tx| accounts.restore_organization(tx, id, &by, &origin).await)?;
    tagged(accounts, &organization)
}

/// The version that `If-Match` asks for, if it asks for one and that one is there.
async fn seen<S: Store>(
    accounts: &Accounts<S>,
    id: OrganizationId,
    wanted: Option<&IfMatch>,
) -> Result<Option<i64>, Problem> {
    let Some(wanted) = wanted else { return Ok(None) };
    let present = accounts.organization(id).await?;
    Ok(wanted.version(&tag(accounts, &present)?.1, present.version, "organization")?)
}

fn new_organization<A: Attrs>(mut fields: Fields) -> Result<NewOrganization<A>, Problem> {
    let name = fields.required("name", name);
    let authentication = fields.optional("authentication", strength);
    let attrs = fields.new_attributes();
    let (name, authentication, attrs) = fields.finish((name, authentication, attrs))?;
    Ok(NewOrganization { name, authentication: authentication.unwrap_or_default(), attrs })
}

fn change<A: Attrs>(mut fields: Fields) -> Result<OrganizationChange<A>, Problem> {
    let name = fields.optional("name", name);
    let authentication = fields.optional("authentication", strength);
    let attrs = fields.changed_attributes();
    let (name, authentication, attrs) = fields.finish((name, authentication, attrs))?;
    Ok(OrganizationChange { name, authentication, attrs, version: None })
}

fn strength(value: Value) -> Result<AuthenticationStrength, Obstruction> {
    let known = AuthenticationStrength::ALL.map(AuthenticationStrength::name);
    AuthenticationStrength::named(&text(value)?).ok_or_else(|| one_of(&known))
}

fn tagged<S: Store>(
    accounts: &Accounts<S>,
    organization: &Organization<S::Attrs>,
) -> Result<Response, Problem> {
    let (text, tag) = tag(accounts, organization)?;
    let mut response = encoded(StatusCode::OK, text);
    if let Some(tag) = tag.to_header() {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

/// The representation of an organization, and its tag.
fn tag<S: Store>(
    accounts: &Accounts<S>,
    organization: &Organization<S::Attrs>,
) -> Result<(Vec<u8>, EntityTag), Problem> {
    let text = encode(&view(organization))?;
    let tag = EntityTag::of(&accounts.parts().keys, &text);
    Ok((text, tag))
}

pub(crate) fn view<A: Attrs>(organization: &Organization<A>) -> OrganizationView<'_, A> {
    let Organization { id, name, archived, authentication, version: _, created, updated, attrs } =
        organization;
    OrganizationView {
        id: *id,
        name,
        authentication: *authentication,
        attributes: attrs,
        created_at: *created,
        updated_at: *updated,
        archived_at: *archived,
    }
}

fn own<A: Attrs>(own: &OwnMembership<A>) -> OwnView<'_, A> {
    OwnView { organization: view(&own.organization), membership: own_view(&own.membership) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::agree;
    use durward_core::{NoAttributes, Plain};
    use serde_json::json;

    #[test]
    fn the_shapes_are_what_is_read() {
        agree::<NewShape<NoAttributes>>(&json!({}), |fields| {
            new_organization::<Plain>(fields).map(drop)
        });
        agree::<ChangeShape<NoAttributes>>(&json!({}), |fields| change::<Plain>(fields).map(drop));
    }
}
