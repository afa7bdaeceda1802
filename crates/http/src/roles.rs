use axum::http::StatusCode;
use axum::response::Response;
use durward_core::accounts::RoleChange;
use durward_core::attrs::Attr;
use durward_core::{Attrs, Obstruction, Store, unit};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::answer::json;
use crate::call::Call;
use crate::fields::Fields;
use crate::problem::Problem;

/// The body of `POST` and `DELETE /v1/users/{id}/roles`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RoleChange", bound = "R: JsonSchema")]
#[expect(dead_code, reason = "describes what `roles` reads")]
pub(crate) struct RolesShape<R> {
    /// The roles that are granted or revoked.
    #[schemars(length(min = 1))]
    roles: Vec<R>,
}

/// The roles of a user.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound = "")]
#[schemars(rename = "Roles", bound = "")]
pub(crate) struct RolesView<'a, A: Attrs> {
    /// In the order in which they were granted.
    roles: &'a [A::UserRole],
}

/// `GET /v1/users/{id}/roles`
pub(crate) async fn show<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let details = call.accounts().user(call.user()?).await?;
    json(StatusCode::OK, &RolesView::<S::Attrs> { roles: &details.user.roles })
}

/// `POST /v1/users/{id}/roles`
pub(crate) async fn grant<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let granted = roles::<S::Attrs>(call.fields().await?)?;
    change(call, RoleChange { granted, revoked: Vec::new() }).await
}

/// `DELETE /v1/users/{id}/roles`
pub(crate) async fn revoke<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let revoked = roles::<S::Attrs>(call.fields().await?)?;
    change(call, RoleChange { granted: Vec::new(), revoked }).await
}

async fn change<S: Store>(
    call: Call<S>,
    change: RoleChange<S::Attrs>,
) -> Result<Response, Problem> {
    let (id, by, origin, accounts) = (call.user()?, call.fresh()?, call.origin(), call.accounts());
    let user = unit!(accounts, |tx, _| accounts.change_roles(tx, id, &change, &by, &origin).await)?;
    json(StatusCode::OK, &RolesView::<S::Attrs> { roles: &user.roles })
}

fn roles<A: Attrs>(mut fields: Fields) -> Result<Vec<A::UserRole>, Problem> {
    let roles = fields.required("roles", list::<A::UserRole>);
    let (roles,) = fields.finish((roles,))?;
    Ok(roles)
}

pub(crate) fn list<R: Attr>(value: Value) -> Result<Vec<R>, Obstruction> {
    match value {
        Value::Array(items) if items.is_empty() => {
            Err(Obstruction::new("EMPTY", "Must name at least one role."))
        }
        Value::Array(items) => items.into_iter().map(role).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Err(Obstruction::new("WRONG_TYPE", "Must be a list."))
        }
    }
}

fn role<R: Attr>(value: Value) -> Result<R, Obstruction> {
    serde_json::from_value(value).map_err(|_no_role| {
        Obstruction::new("UNKNOWN_VALUE", "Must hold roles of this deployment only.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::agree;
    use durward_core::{Plain, StandardRole};
    use serde_json::json;

    #[test]
    fn the_shapes_are_what_is_read() {
        agree::<RolesShape<StandardRole>>(&json!({}), |fields| roles::<Plain>(fields).map(drop));
    }

    #[test]
    fn only_roles_of_the_deployment_are_read() {
        let read = |body| roles::<Plain>(Fields::of(body).unwrap());
        let known = read(json!({ "roles": ["administrator", "user"] })).unwrap();
        assert_eq!(known, [StandardRole::Administrator, StandardRole::User]);
        for (wrong, code) in [
            (json!([]), "EMPTY"),
            (json!("user"), "WRONG_TYPE"),
            (json!(["root"]), "UNKNOWN_VALUE"),
            (json!([null]), "UNKNOWN_VALUE"),
        ] {
            let problem = read(json!({ "roles": wrong })).unwrap_err();
            let found = &problem.obstructions()[0];
            assert_eq!((&*found.pointer, &*found.code), ("/roles", code));
        }
    }
}
