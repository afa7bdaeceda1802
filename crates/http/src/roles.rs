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
use crate::fields::{Fields, Read};
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
    let granted = roles::<S::Attrs>(call.fields()?)?;
    change(call, RoleChange { granted, revoked: Vec::new() }).await
}

/// `DELETE /v1/users/{id}/roles`
pub(crate) async fn revoke<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let revoked = roles::<S::Attrs>(call.fields()?)?;
    change(call, RoleChange { granted: Vec::new(), revoked }).await
}

async fn change<S: Store>(
    call: Call<S>,
    change: RoleChange<S::Attrs>,
) -> Result<Response, Problem> {
    let (id, by, origin, accounts) = (call.user()?, call.fresh()?, call.origin(), call.accounts());
    let user = unit!(accounts, |tx| accounts.change_roles(tx, id, &change, &by, &origin).await)?;
    json(StatusCode::OK, &RolesView::<S::Attrs> { roles: &user.roles })
}

fn roles<A: Attrs>(mut fields: Fields) -> Result<Vec<A::UserRole>, Problem> {
    let roles = named(&mut fields);
    let (roles,) = fields.finish((roles,))?;
    Ok(roles)
}

/// The `roles` of a request; each one that is not of this deployment is pointed at.
pub(crate) fn named<R: Attr>(fields: &mut Fields) -> Read<Vec<R>> {
    let Read::Good(items) = fields.required("roles", list) else { return Read::Bad };
    let mut roles = Vec::with_capacity(items.len());
    for (n, item) in items.into_iter().enumerate() {
        match serde_json::from_value(item) {
            Ok(role) => roles.push(role),
            Err(_no_role) => {
                let wrong = Obstruction::new("UNKNOWN_VALUE", "Must be a role of this deployment.");
                fields.refuse(wrong.at(format!("/roles/{n}")));
            }
        }
    }
    Read::Good(roles)
}

fn list(value: Value) -> Result<Vec<Value>, Obstruction> {
    match value {
        Value::Array(items) if items.is_empty() => {
            Err(Obstruction::new("EMPTY", "Must name at least one role."))
        }
        Value::Array(items) => Ok(items),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Err(Obstruction::new("WRONG_TYPE", "Must be a list."))
        }
    }
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
        for (wrong, expected) in [
            (json!([]), &[("/roles", "EMPTY")][..]),
            (json!("user"), &[("/roles", "WRONG_TYPE")]),
            (
                json!(["root", "user", null]),
                &[("/roles/0", "UNKNOWN_VALUE"), ("/roles/2", "UNKNOWN_VALUE")],
            ),
        ] {
            let problem = read(json!({ "roles": wrong })).unwrap_err();
            let found = problem.obstructions().iter();
            let found: Vec<_> = found.map(|it| (&*it.pointer, &*it.code)).collect();
            assert_eq!(found, expected);
        }
    }
}
