use axum::http::StatusCode;
use axum::response::Response;
use durward_core::email::EmailRules;
use durward_core::{EmailAddress, Error, LoginEmail, LoginEmailId, Obstruction, Store};
use schemars::JsonSchema;
use serde_json::Value;

use crate::answer::empty;
use crate::call::Call;
use crate::even::evenly;
use crate::fields::{Fields, Read};
use crate::notices::objection;
use crate::paging::{list, slice};
use crate::problem::Problem;
use crate::users::email_view;
use crate::values::email;

/// The body of `POST` and `DELETE /v1/users/{id}/login-emails`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "LoginEmails")]
#[expect(dead_code, reason = "describes what `addresses` reads")]
pub(crate) struct LoginEmailsShape {
    /// The addresses that are claimed or removed.
    #[schemars(length(min = 1, max = 10))]
    emails: Vec<EmailAddress>,
}

/// `GET /v1/users/{id}/login-emails`
pub(crate) async fn index<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let page = call.accounts().login_emails(call.user()?, slice(&call)?).await?;
    list(&call, &page, email_view)
}

/// `POST /v1/users/{id}/login-emails`
pub(crate) async fn claim<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let fields = call.fields()?;
    let accounts = call.accounts();
    let addresses = addresses(fields, accounts.parts().settings.email)?;
    evenly(accounts.claim_emails(&call.fresh()?, &addresses, &call.origin())).await?;
    Ok(empty(StatusCode::ACCEPTED))
}

/// `DELETE /v1/users/{id}/login-emails`
pub(crate) async fn remove_many<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let fields = call.fields()?;
    let accounts = call.accounts();
    let addresses = addresses(fields, accounts.parts().settings.email)?;
    accounts.remove_emails(&call.fresh()?, &addresses, &call.origin()).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `DELETE /v1/users/{id}/login-emails/{emailId}`
pub(crate) async fn remove<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let id = named(&call)?;
    call.accounts().remove_email(&call.fresh()?, id, &call.origin()).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/users/{id}/login-emails/{emailId}/primary`
pub(crate) async fn promote<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let id = named(&call)?;
    call.accounts().promote_email(&call.fresh()?, id, &call.origin()).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/emails/revert`
pub(crate) async fn revert<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let code = objection(call.fields()?)?;
    call.accounts().revert_email(&code, &call.origin()).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// The address that the path names. A text that is no id looks like an address that is not there (R-AZ-03).
fn named<S: Store>(call: &Call<S>) -> Result<LoginEmailId, Error> {
    let id = call.names.get("emailId").and_then(|text| text.parse().ok());
    id.ok_or(Error::NotFound("login e-mail"))
}

fn addresses(mut fields: Fields, rules: EmailRules) -> Result<Vec<EmailAddress>, Problem> {
    let mut read = Vec::new();
    if let Read::Good(items) = fields.required("emails", items) {
        for (n, item) in items.into_iter().enumerate() {
            match email(rules)(item) {
                Ok(address) => read.push(address),
                Err(obstruction) => fields.refuse(obstruction.at(format!("/emails/{n}"))),
            }
        }
    }
    let (addresses,) = fields.finish((Read::Good(read),))?;
    Ok(addresses)
}

fn items(value: Value) -> Result<Vec<Value>, Obstruction> {
    match value {
        Value::Array(items) if items.is_empty() => {
            Err(Obstruction::new("EMPTY", "Must name at least one address."))
        }
        Value::Array(items) if items.len() > LoginEmail::MOST => {
            Err(Obstruction::new("TOO_MANY", "Must not name more than ten addresses.")
                .with("max", LoginEmail::MOST as u64))
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
    use serde_json::json;

    #[test]
    fn the_shape_is_what_is_read() {
        agree::<LoginEmailsShape>(&json!({}), |fields| {
            addresses(fields, EmailRules::default()).map(drop)
        });
    }

    #[test]
    fn everything_that_is_wrong_with_a_list_is_told_at_once() {
        let found = |body| {
            let read = addresses(Fields::of(body).unwrap(), EmailRules::default());
            let problem = read.unwrap_err();
            let found = problem.obstructions().iter();
            found.map(|it| format!("{} {}", it.pointer, it.code)).collect::<Vec<_>>()
        };
        assert_eq!(found(json!({})), ["/emails REQUIRED"]);
        assert_eq!(found(json!({ "emails": "a@example.com" })), ["/emails WRONG_TYPE"]);
        assert_eq!(found(json!({ "emails": [] })), ["/emails EMPTY"]);
        assert_eq!(found(json!({ "emails": vec!["a@example.com"; 11] })), ["/emails TOO_MANY"]);
        assert_eq!(
            found(json!({ "emails": ["a@example.com", 1, "x"], "email": "" })),
            ["/emails/1 WRONG_TYPE", "/emails/2 EMAIL_MISSING_AT", "/email UNKNOWN_FIELD"]
        );
        let most = json!({ "emails": vec!["a@example.com"; 10] });
        assert!(addresses(Fields::of(most).unwrap(), EmailRules::default()).is_ok());
    }
}
