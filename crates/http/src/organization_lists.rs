use axum::response::Response;
use durward_core::entity::{Organization, OwnMembership, SearchKey};
use durward_core::page::Place;
use durward_core::store::OrganizationQuery;
use durward_core::{
    Action, Attrs, AuthenticationStrength, Error, Obstruction, OrganizationId, PersonName, Slice,
    Store, Target, Timestamp,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::call::Call;
use crate::fields::{Fields, Read, one_of, text};
use crate::memberships::{OwnMembershipView, own_view};
use crate::paging::{USUAL, list, part};
use crate::problem::Problem;
use crate::query::{begin, flag, parameters};

/// An organization in a list of them.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound = "")]
#[schemars(rename = "ListedOrganization", bound = "")]
pub(crate) struct ListedView<'a, A: Attrs> {
    id: OrganizationId,
    /// What it is called.
    name: &'a PersonName,
    /// How strongly its members have to be authenticated for their membership to give them rights.
    authentication: AuthenticationStrength,
    /// The application's own fields; not there for a member who is authenticated more weakly than the organization asks
    /// for.
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<&'a A::Organization>,
    /// When it came to be.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
    /// When it was archived: then nothing in it gives rights until it is restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<Timestamp>,
    /// What the caller is in it, in the list of his own; not there in the list of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    membership: Option<OwnMembershipView<A>>,
}

/// Which organizations are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Own,
    All,
}

/// What is asked for, as far as it could be read.
struct Asked {
    scope: Read<Option<Scope>>,
    begin: Read<Option<SearchKey>>,
    archived: Read<Option<bool>>,
}

/// `GET /v1/organizations`: those of the caller, or all.
pub(crate) async fn index<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let mut fields = parameters(call.uri.query(), &["limit", "cursor", "scope", "q", "archived"])?;
    let asked = Asked {
        scope: fields.optional("scope", scope),
        begin: fields.optional("q", begin),
        archived: fields.optional("archived", flag),
    };
    let user = call.caller.acting_user().ok();
    // Whoever is no user has none of his own.
    let usual = if user.is_some() { Scope::Own } else { Scope::All };
    let is_own = match &asked.scope {
        Read::Good(scope) => scope.unwrap_or(usual) == Scope::Own,
        Read::Bad => true,
    };
    if is_own {
        asked.refuse_search(&mut fields);
        let (_, _, slice) = asked.finish(&call, fields)?;
        let page = call.accounts().organizations_of(user.ok_or(Error::Forbidden)?, slice).await?;
        let strength = call.caller.strength();
        return list(&call, &page, |it| own(it, strength));
    }
    call.may(Action::ListAllOrganizations, Target::Service).await?;
    if matches!(asked.begin, Read::Good(None)) {
        let (_, query, slice) = asked.finish(&call, fields)?;
        let page = call.accounts().list_organizations(&query, slice).await?;
        return list(&call, &page, any);
    }
    let (begin, query, slice) = asked.finish(&call, fields)?;
    let begin = begin.unwrap_or_else(|| SearchKey::of(""));
    let page = call.accounts().search_organizations(&begin, &query, slice).await?;
    list(&call, &page, any)
}

impl Asked {
    /// Notes what only searches among all.
    fn refuse_search(&self, fields: &mut Fields) {
        let given = [
            ("/q", matches!(self.begin, Read::Good(Some(_)))),
            ("/archived", matches!(self.archived, Read::Good(Some(_)))),
        ];
        for (pointer, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
            let text = "Must be left out, or come with `scope=all`.";
            fields.refuse(Obstruction::new("ONLY_AMONG_ALL", text).at(pointer));
        }
    }

    fn finish<S: Store, P: Place>(
        self,
        call: &Call<S>,
        mut fields: Fields,
    ) -> Result<(Option<SearchKey>, OrganizationQuery, Slice<P>), Problem> {
        let Self { scope, begin, archived } = self;
        let (limit, after) = part(call, &mut fields);
        let (limit, after, _, begin, archived) =
            fields.finish((limit, after, scope, begin, archived))?;
        let slice = Slice { after, limit: limit.unwrap_or(USUAL) };
        Ok((begin, OrganizationQuery { archived }, slice))
    }
}

fn scope(value: Value) -> Result<Scope, Obstruction> {
    match text(value)?.as_str() {
        "own" => Ok(Scope::Own),
        "all" => Ok(Scope::All),
        _ => Err(one_of(&["own", "all"])),
    }
}

/// Somebody always sees where they are a member, and the rest only as their membership counts (R-MF-01).
fn own<A: Attrs>(own: &OwnMembership<A>, strength: AuthenticationStrength) -> ListedView<'_, A> {
    let OwnMembership { organization, membership } = own;
    let view = any(organization);
    let attributes = view.attributes.filter(|_| strength >= organization.authentication);
    ListedView { attributes, membership: Some(own_view(membership)), ..view }
}

fn any<A: Attrs>(organization: &Organization<A>) -> ListedView<'_, A> {
    let Organization { id, name, authentication, attrs, .. } = organization;
    ListedView {
        id: *id,
        name,
        authentication: *authentication,
        attributes: Some(attrs),
        created_at: organization.created,
        updated_at: organization.updated,
        archived_at: organization.archived,
        membership: None,
    }
}
