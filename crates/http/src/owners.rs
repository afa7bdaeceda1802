//! Who owns an organization.

use axum::http::StatusCode;
use axum::response::Response;
use durward_core::{MembershipId, Obstruction, Store, UserId, unit};
use schemars::JsonSchema;
use serde_json::Value;

use crate::answer::json;
use crate::call::Call;
use crate::fields::{Fields, text};
use crate::memberships::view;
use crate::problem::Problem;
use crate::query::user;

/// The body of `POST /v1/organizations/{id}/transfer`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "OrganizationTransfer")]
#[expect(dead_code, reason = "describes what `taker` reads")]
pub(crate) struct TransferShape {
    /// The membership of whoever becomes the owner; the two swap their roles.
    membership_id: MembershipId,
}

/// The body of `POST /v1/organizations/{id}/owner`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "OwnerAppointment")]
#[expect(dead_code, reason = "describes what `appointed` reads")]
pub(crate) struct AppointmentShape {
    /// Who becomes the owner; a member, or somebody else whose account is active.
    user_id: UserId,
}

/// `POST /v1/organizations/{id}/transfer`
pub(crate) async fn transfer<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let to = taker(call.fields()?)?;
    let (id, by, origin) = (call.organization()?, call.fresh()?, call.origin());
    let accounts = call.accounts();
    let membership =
        unit!(accounts, |tx| accounts.transfer_organization(tx, id, to, &by, &origin).await)?;
    json(StatusCode::OK, &view(&membership, None, None))
}

/// `POST /v1/organizations/{id}/owner`
pub(crate) async fn appoint<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let user = appointed(call.fields()?)?;
    let (id, by, origin) = (call.organization()?, call.fresh()?, call.origin());
    let accounts = call.accounts();
    let membership =
        unit!(accounts, |tx| accounts.appoint_owner(tx, id, user, &by, &origin).await)?;
    json(StatusCode::OK, &view(&membership, None, None))
}

fn taker(mut fields: Fields) -> Result<MembershipId, Problem> {
    let id = fields.required("membershipId", membership_id);
    let (id,) = fields.finish((id,))?;
    Ok(id)
}

fn appointed(mut fields: Fields) -> Result<UserId, Problem> {
    let id = fields.required("userId", user);
    let (id,) = fields.finish((id,))?;
    Ok(id)
}

fn membership_id(value: Value) -> Result<MembershipId, Obstruction> {
    let id = text(value)?.parse();
    id.map_err(|_no_id| {
        Obstruction::new("ID_INVALID", "Must be the id of a membership, `mem_...`.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::agree;
    use serde_json::json;

    #[test]
    fn the_shapes_are_what_is_read() {
        agree::<TransferShape>(&json!({}), |fields| taker(fields).map(drop));
        agree::<AppointmentShape>(&json!({}), |fields| appointed(fields).map(drop));
    }
}
