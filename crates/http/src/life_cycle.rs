use axum::http::StatusCode;
use axum::response::Response;
use durward_core::accounts::UserDetails;
use durward_core::store::LoginEmails;
use durward_core::{CodeToken, Error, Secret, Store, unit};
use schemars::JsonSchema;

use crate::answer::empty;
use crate::call::Call;
use crate::entity_tag::IfMatch;
use crate::fields::Fields;
use crate::problem::Problem;
use crate::shapes::AnyText;
use crate::users::{tag, tagged};
use crate::values::secret;

/// Changes a user by one of the flows of the life cycle, and answers him.
macro_rules! changed {
    ($call:ident, $flow:ident) => {{
        let (id, origin, accounts) = ($call.user()?, $call.origin(), $call.accounts());
        let details = unit!(accounts, |tx| {
            let user = accounts.$flow(tx, id, &origin).await?;
            Ok(UserDetails { emails: tx.login_emails_of(user.id).await?, user })
        })?;
        tagged(accounts, &details)
    }};
}

/// `POST /v1/users/{id}/ban`
pub(crate) async fn ban<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    changed!(call, ban_user)
}

/// `POST /v1/users/{id}/unban`
pub(crate) async fn unban<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    changed!(call, unban_user)
}

/// `POST /v1/users/{id}/restore`
pub(crate) async fn restore<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    changed!(call, restore_user)
}

/// The body of `POST /v1/users/restore`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Restoration")]
#[expect(dead_code, reason = "describes what `link_code` reads")]
pub(crate) struct RestoreShape {
    /// The code of the link in the mail about the deletion, `dw_cd_...`; any other text is answered alike.
    code: AnyText,
}

/// `POST /v1/users/restore`
pub(crate) async fn restore_by_link<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let text = link_code(call.fields()?)?;
    let code = CodeToken::parse(text.expose()).map_err(|_no_code| Error::Unauthenticated)?;
    call.accounts().restore_by_link(&code, &call.origin()).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

fn link_code(mut fields: Fields) -> Result<Secret<String>, Problem> {
    let code = fields.required("code", secret);
    let (code,) = fields.finish((code,))?;
    Ok(code)
}

/// `DELETE /v1/users/{id}`: begins a deletion, which can be taken back for a while.
pub(crate) async fn delete<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let wanted = IfMatch::of(&call.headers)?;
    let (id, by, origin, accounts) = (call.user()?, call.fresh()?, call.origin(), call.accounts());
    let seen = match &wanted {
        None => None,
        Some(wanted) => {
            let present = accounts.user(id).await?;
            wanted.version(&tag(accounts, &present)?.1, present.user.version, "user")?
        }
    };
    unit!(accounts, |tx| accounts.delete_user(tx, id, seen, &by, &origin).await)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::agree;
    use serde_json::json;

    #[test]
    fn the_shapes_are_what_is_read() {
        agree::<RestoreShape>(&json!({}), |fields| link_code(fields).map(drop));
    }
}
