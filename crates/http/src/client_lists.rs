use axum::response::Response;
use durward_core::attrs::Attr;
use durward_core::entity::ClientOwner;
use durward_core::store::ClientQuery;
use durward_core::{Attrs, Obstruction, OrganizationId, Slice, Store, UserId};
use serde_json::Value;

use crate::call::Call;
use crate::client_views::view;
use crate::fields::{Fields, Read};
use crate::paging::{USUAL, list, part};
use crate::problem::Problem;
use crate::query::{flag, organization, parameters, user};

type Role<S> = <<S as Store>::Attrs as Attrs>::ClientRole;

/// `GET /v1/clients`: those of everybody.
pub(crate) async fn index<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let names = ["limit", "cursor", "organization", "user", "role", "enabled"];
    let mut fields = parameters(call.uri.query(), &names)?;
    let (limit, after) = part(&call, &mut fields);
    let organization = fields.optional("organization", organization);
    let user = fields.optional("user", user);
    let owner = owner(organization, user, &mut fields);
    let role = fields.optional("role", role::<Role<S>>);
    let enabled = fields.optional("enabled", flag);
    let (limit, after, owner, role, enabled) =
        fields.finish((limit, after, owner, role, enabled))?;
    let slice = Slice { after, limit: limit.unwrap_or(USUAL) };
    let page = call.accounts().list_clients(&ClientQuery { owner, role, enabled }, slice).await?;
    list(&call, &page, view)
}

/// A client belongs to an organization or to a user, and never to both.
fn owner(
    organization: Read<Option<OrganizationId>>,
    user: Read<Option<UserId>>,
    fields: &mut Fields,
) -> Read<Option<ClientOwner>> {
    match (organization, user) {
        (Read::Good(Some(_)), Read::Good(Some(_))) => {
            let text = "Must be left out beside `organization`: a client belongs to one of them.";
            fields.bad(Obstruction::new("OWNER_AMBIGUOUS", text).at("/user"))
        }
        (Read::Good(Some(id)), Read::Good(None)) => Read::Good(Some(ClientOwner::Organization(id))),
        (Read::Good(None), Read::Good(Some(id))) => Read::Good(Some(ClientOwner::User(id))),
        (Read::Good(None), Read::Good(None)) => Read::Good(None),
        (Read::Bad, _) | (_, Read::Bad) => Read::Bad,
    }
}

fn role<R: Attr>(value: Value) -> Result<R, Obstruction> {
    serde_json::from_value(value).map_err(|_no_role| {
        Obstruction::new("UNKNOWN_VALUE", "Must be a role of clients in this deployment.")
    })
}
