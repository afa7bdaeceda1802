use axum::http::StatusCode;
use axum::response::Response;
use durward_core::access::{AccessKind, AccessRule};
use durward_core::accounts::ClientRoleChange;
use durward_core::entity::{AccessRestriction, Client};
use durward_core::store::Clients;
use durward_core::{Attrs, Error, RestrictionId, Store, unit};
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::{empty, json};
use crate::call::Call;
use crate::client_values::{restriction_ids, rules};
use crate::fields::{Fields, Read, missing};
use crate::paging::{self, ListView, cut, slice};
use crate::problem::Problem;
use crate::roles::named;

/// The body of `POST /v1/clients/{id}/access-restrictions`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NewRestrictions")]
#[expect(dead_code, reason = "describes what `new_rules` reads")]
pub(crate) struct NewShape {
    /// What is added. Kinds are combined with AND, values of one kind with OR.
    #[schemars(length(max = 100))]
    restrictions: Vec<RuleShape>,
}

/// A restriction to be.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NewRestriction")]
#[expect(dead_code, reason = "describes what `rules` reads")]
pub(crate) struct RuleShape {
    /// What it is about.
    #[serde(rename = "type")]
    kind: AccessKind,
    /// An address or a range in CIDR form; the origin of a web page; or a path, perhaps behind a host.
    value: String,
}

/// The body of `DELETE /v1/clients/{id}/access-restrictions`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Restrictions")]
#[expect(dead_code, reason = "describes what `ids` reads")]
pub(crate) struct IdsShape {
    /// Which ones go: all of them, or none.
    #[schemars(length(max = 100))]
    ids: Vec<RestrictionId>,
}

/// A restriction of a client.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Restriction")]
pub(crate) struct RestrictionView<'a> {
    id: RestrictionId,
    /// What it is about: `ip`, `host` or `api`.
    #[serde(rename = "type")]
    kind: &'a str,
    /// The value in its canonical form.
    value: &'a str,
    /// Whether it can be read; one that cannot refuses every request of its client.
    readable: bool,
}

/// The body of `POST` and `DELETE /v1/clients/{id}/roles`, and their answer.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound = "")]
#[schemars(rename = "ClientRoles", bound = "")]
pub(crate) struct RolesView<'a, A: Attrs> {
    /// In the order in which they were granted.
    roles: &'a [A::ClientRole],
}

/// `GET /v1/clients/{id}/access-restrictions`
pub(crate) async fn index<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let slice = slice(&call)?;
    let client = call.accounts().client(call.client()?).await?;
    paging::list(&call, &cut(&slice, client.restrictions, AccessRestriction::id), view)
}

/// `POST /v1/clients/{id}/access-restrictions`
pub(crate) async fn restrict<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let received = call.receive()?;
    let repeatable = call.repeatable(&received.bytes)?;
    let rules = new_rules(Fields::of(received.value)?)?;
    let (id, origin, accounts) = (call.client()?, call.origin(), call.accounts());
    let client = unit!(accounts, |tx| {
        if let Some(()) = accounts.kept_reply(tx, repeatable.as_ref()).await? {
            return tx.client(id).await?.ok_or(Error::NotFound("client"));
        }
        let client = accounts.restrict_client(tx, id, &rules, &origin).await?;
        accounts.keep_reply(tx, repeatable.as_ref(), &()).await?;
        Ok(client)
    })?;
    restrictions(StatusCode::CREATED, &client)
}

/// `DELETE /v1/clients/{id}/access-restrictions`
pub(crate) async fn lift_all<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let ids = ids(call.fields()?)?;
    lift(call, &ids).await
}

/// `DELETE /v1/clients/{id}/access-restrictions/{restrictionId}`
pub(crate) async fn lift_one<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let id = call.names.get("restrictionId").and_then(|id| id.parse().ok());
    let id = id.ok_or(Error::NotFound("access restriction"))?;
    lift(call, &[id]).await
}

async fn lift<S: Store>(call: Call<S>, ids: &[RestrictionId]) -> Result<Response, Problem> {
    let (id, origin, accounts) = (call.client()?, call.origin(), call.accounts());
    unit!(accounts, |tx| accounts.unrestrict_client(tx, id, ids, &origin).await)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `GET /v1/clients/{id}/roles`
pub(crate) async fn roles<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let client = call.accounts().client(call.client()?).await?;
    json(StatusCode::OK, &RolesView::<S::Attrs> { roles: &client.roles })
}

/// `POST /v1/clients/{id}/roles`
pub(crate) async fn grant<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let granted = named_roles::<S::Attrs>(call.fields()?)?;
    change(call, ClientRoleChange { granted, revoked: Vec::new() }).await
}

/// `DELETE /v1/clients/{id}/roles`
pub(crate) async fn revoke<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let revoked = named_roles::<S::Attrs>(call.fields()?)?;
    change(call, ClientRoleChange { granted: Vec::new(), revoked }).await
}

async fn change<S: Store>(
    call: Call<S>,
    change: ClientRoleChange<S::Attrs>,
) -> Result<Response, Problem> {
    let (id, by) = (call.client()?, call.fresh()?);
    let (origin, accounts) = (call.origin(), call.accounts());
    let client = unit!(accounts, |tx| {
        accounts.change_client_roles(tx, id, &change, &by, &origin).await
    })?;
    json(StatusCode::OK, &RolesView::<S::Attrs> { roles: &client.roles })
}

fn restrictions<A: Attrs>(status: StatusCode, client: &Client<A>) -> Result<Response, Problem> {
    json(status, &ListView::whole(client.restrictions.iter().map(view).collect()))
}

fn new_rules(mut fields: Fields) -> Result<Vec<AccessRule>, Problem> {
    let rules = rules(&mut fields);
    let rules = given(&mut fields, rules, "restrictions");
    let (rules,) = fields.finish((rules,))?;
    Ok(rules)
}

fn ids(mut fields: Fields) -> Result<Vec<RestrictionId>, Problem> {
    let ids = restriction_ids(&mut fields);
    let ids = given(&mut fields, ids, "ids");
    let (ids,) = fields.finish((ids,))?;
    Ok(ids)
}

fn given<T>(fields: &mut Fields, read: Read<Option<T>>, name: &str) -> Read<T> {
    match read {
        Read::Good(Some(value)) => Read::Good(value),
        Read::Good(None) => fields.bad(missing(name)),
        Read::Bad => Read::Bad,
    }
}

fn named_roles<A: Attrs>(mut fields: Fields) -> Result<Vec<A::ClientRole>, Problem> {
    let roles = named(&mut fields);
    let (roles,) = fields.finish((roles,))?;
    Ok(roles)
}

pub(crate) fn view(restriction: &AccessRestriction) -> RestrictionView<'_> {
    RestrictionView {
        id: restriction.id(),
        kind: restriction.kind(),
        value: restriction.value(),
        readable: restriction.rule().is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roles::RolesShape;
    use crate::shapes::agree;
    use durward_core::{Plain, StandardClientRole};
    use serde_json::{Value, json};

    #[test]
    fn the_shapes_are_what_is_read() {
        agree::<NewShape>(&json!({}), |fields| new_rules(fields).map(drop));
        agree::<IdsShape>(&json!({}), |fields| ids(fields).map(drop));
        agree::<RolesShape<StandardClientRole>>(&json!({}), |fields| {
            named_roles::<Plain>(fields).map(drop)
        });
    }

    fn found(body: Value) -> Vec<(String, String)> {
        let problem = new_rules(Fields::of(body).unwrap()).unwrap_err();
        let found = problem.obstructions().iter();
        found.map(|it| (it.pointer.clone(), it.code.clone().into_owned())).collect()
    }

    #[test]
    fn a_rule_that_is_none_is_pointed_at() {
        // R-CL-03, GW-08
        let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
        let body = json!({ "restrictions": [
            { "type": "ip", "value": "192.0.2.0/24" },
            { "type": "ip", "value": "192.0.2.0/33" },
            { "type": "ip", "value": "2001:db8::/129" },
            { "type": "ip", "value": "192.0.2.1/24" },
            { "type": "ip", "value": "0300.0.2.1" },
            { "type": "ip", "value": "fe80::1%eth0" },
            { "type": "ip", "value": " 192.0.2.1" },
            { "type": "host", "value": "null" },
            { "type": "api", "value": "/v1/../x" },
            { "type": "moon", "value": 7 },
            { "value": "/v1", "x": 1 },
            "ip",
        ] });
        assert_eq!(
            found(body),
            [
                pair("/restrictions/1/value", "IP_PREFIX_LENGTH"),
                pair("/restrictions/2/value", "IP_PREFIX_LENGTH"),
                pair("/restrictions/3/value", "IP_HOST_BITS"),
                pair("/restrictions/4/value", "IP_MALFORMED"),
                pair("/restrictions/5/value", "IP_MALFORMED"),
                pair("/restrictions/6/value", "IP_MALFORMED"),
                pair("/restrictions/7/value", "ORIGIN_MALFORMED"),
                pair("/restrictions/8/value", "API_MALFORMED"),
                pair("/restrictions/9/type", "UNKNOWN_VALUE"),
                pair("/restrictions/9/value", "WRONG_TYPE"),
                pair("/restrictions/10/type", "REQUIRED"),
                pair("/restrictions/10/x", "UNKNOWN_FIELD"),
                pair("/restrictions/11", "WRONG_TYPE"),
            ]
        );
        let rule = json!({ "type": "ip", "value": "x" });
        let many = json!({ "restrictions": vec![rule; 1_000] });
        assert_eq!(found(many), [pair("/restrictions", "TOO_MANY_RESTRICTIONS")]);
        assert_eq!(found(json!({ "restrictions": null })), [pair("/restrictions", "WRONG_TYPE")]);
    }
}
