use axum::response::Response;
use durward_core::entity::SearchKey;
use durward_core::page::Place;
use durward_core::store::UserQuery;
use durward_core::{EmailAddress, Obstruction, Slice, Store, Timestamp, UserStatus};
use serde_json::Value;

use crate::call::Call;
use crate::fields::{Fields, Read, one_of, text};
use crate::paging::{USUAL, list, part};
use crate::problem::Problem;
use crate::query::{begin, moment, parameters};
use crate::users::view;
use crate::values::email;

/// What is asked for, as far as it could be read.
struct Asked {
    begin: Read<Option<SearchKey>>,
    email: Read<Option<EmailAddress>>,
    status: Read<Option<UserStatus>>,
    created_after: Read<Option<Timestamp>>,
}

/// `GET /v1/users`
pub(crate) async fn index<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let names = ["limit", "cursor", "q", "email", "status", "createdAfter"];
    let mut fields = parameters(call.uri.query(), &names)?;
    let asked = Asked {
        begin: fields.optional("q", begin),
        email: fields.optional("email", email(call.accounts().parts().settings.email)),
        status: fields.optional("status", status),
        created_after: fields.optional("createdAfter", moment),
    };
    let accounts = call.accounts();
    if matches!(asked.begin, Read::Good(None)) {
        let (_, query, slice) = asked.finish(&call, fields)?;
        let page = accounts.list_users(&query, slice).await?;
        return list(&call, &page, view);
    }
    let (begin, query, slice) = asked.finish(&call, fields)?;
    let begin = begin.unwrap_or_else(|| SearchKey::of(""));
    let page = accounts.search_users(&begin, &query, slice).await?;
    list(&call, &page, view)
}

impl Asked {
    fn finish<S: Store, P: Place>(
        self,
        call: &Call<S>,
        mut fields: Fields,
    ) -> Result<(Option<SearchKey>, UserQuery, Slice<P>), Problem> {
        let Self { begin, email, status, created_after } = self;
        let (limit, after) = part(call, &mut fields);
        let (limit, after, begin, email, status, created_after) =
            fields.finish((limit, after, begin, email, status, created_after))?;
        let email = email.map(|email| email.canonical().clone());
        let query = UserQuery { email, status, created_after };
        Ok((begin, query, Slice { after, limit: limit.unwrap_or(USUAL) }))
    }
}

fn status(value: Value) -> Result<UserStatus, Obstruction> {
    let names = UserStatus::ALL.map(UserStatus::name);
    UserStatus::named(&text(value)?).ok_or_else(|| one_of(&names))
}
