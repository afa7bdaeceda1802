use axum::response::Response;
use durward_core::attrs::Attr;
use durward_core::entity::{ClientOwner, SearchKey};
use durward_core::page::Place;
use durward_core::store::ClientQuery;
use durward_core::{Attrs, Obstruction, OrganizationId, Slice, Store, UserId};
use serde_json::Value;

use crate::call::Call;
use crate::client_views::view;
use crate::fields::{Fields, Read};
use crate::paging::{USUAL, list, part};
use crate::problem::Problem;
use crate::query::{begin, flag, organization, parameters, user};

type Role<S> = <<S as Store>::Attrs as Attrs>::ClientRole;

/// `GET /v1/clients`: those of everybody.
pub(crate) async fn index<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let names = ["limit", "cursor", "q", "organization", "user", "role", "enabled"];
    let mut fields = parameters(call.uri.query(), &names)?;
    let begin = fields.optional("q", begin);
    let organization = fields.optional("organization", organization);
    let user = fields.optional("user", user);
    let asked = Asked::<S::Attrs> {
        begin,
        owner: owner(organization, user, &mut fields),
        role: fields.optional("role", role::<Role<S>>),
        enabled: fields.optional("enabled", flag),
    };
    if matches!(asked.begin, Read::Good(None)) {
        let (_, query, slice) = asked.finish(&call, fields)?;
        let page = call.accounts().list_clients(&query, slice).await?;
        return list(&call, &page, view);
    }
    let (begin, query, slice) = asked.finish(&call, fields)?;
    let begin = begin.unwrap_or_else(|| SearchKey::of(""));
    let page = call.accounts().search_clients(&begin, &query, slice).await?;
    list(&call, &page, view)
}

/// What is asked for, as far as it could be read.
struct Asked<A: Attrs> {
    begin: Read<Option<SearchKey>>,
    owner: Read<Option<ClientOwner>>,
    role: Read<Option<A::ClientRole>>,
    enabled: Read<Option<bool>>,
}

/// How the names begin, what else must fit, and which part is asked for.
type Question<A, P> = (Option<SearchKey>, ClientQuery<A>, Slice<P>);

impl<A: Attrs> Asked<A> {
    fn finish<S: Store, P: Place>(
        self,
        call: &Call<S>,
        mut fields: Fields,
    ) -> Result<Question<A, P>, Problem> {
        let Self { begin, owner, role, enabled } = self;
        let (limit, after) = part(call, &mut fields);
        let (limit, after, begin, owner, role, enabled) =
            fields.finish((limit, after, begin, owner, role, enabled))?;
        let slice = Slice { after, limit: limit.unwrap_or(USUAL) };
        Ok((begin, ClientQuery { owner, role, enabled }, slice))
    }
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
