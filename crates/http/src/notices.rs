use axum::http::StatusCode;
use axum::response::Response;
use durward_core::{CodeToken, Error, Secret, Store};
use schemars::JsonSchema;

use crate::answer::empty;
use crate::call::Call;
use crate::fields::Fields;
use crate::problem::Problem;
use crate::shapes::LinkCodeText;
use crate::values::secret;

/// The body of `POST /v1/notices/report` and of `POST /v1/emails/revert`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Objection")]
#[expect(dead_code, reason = "describes what `objection` reads")]
pub(crate) struct ObjectionShape {
    /// The code of the link in the notice.
    code: LinkCodeText,
}

/// `POST /v1/notices/report`
pub(crate) async fn report<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let code = objection(call.fields()?)?;
    call.accounts().report_notice(&code, &call.origin()).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Reads an objection; a text that is no code is as wrong as an unknown one, and told alike.
pub(crate) fn objection(fields: Fields) -> Result<CodeToken, Problem> {
    let code = presented(fields)?;
    Ok(CodeToken::parse(code.expose()).map_err(|_malformed| Error::Unauthenticated)?)
}

fn presented(mut fields: Fields) -> Result<Secret<String>, Problem> {
    let code = fields.required("code", secret);
    let (code,) = fields.finish((code,))?;
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::agree;
    use serde_json::json;

    #[test]
    fn the_shape_is_what_is_read() {
        agree::<ObjectionShape>(&json!({}), |fields| presented(fields).map(drop));
    }
}
