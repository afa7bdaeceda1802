use axum::http::StatusCode;
use axum::response::Response;
use durward_core::{BootstrapToken, Error, Secret, Store};
use schemars::JsonSchema;

use crate::answer::empty;
use crate::call::Call;
use crate::fields::Fields;
use crate::problem::Problem;
use crate::shapes::AnyText;
use crate::values::secret;

/// The body of `POST /v1/bootstrap`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Bootstrap")]
#[expect(dead_code, reason = "describes what `code` reads")]
pub(crate) struct BootstrapShape {
    /// The code of the link that the operator printed, `dw_bs_...`; any other text is answered alike.
    code: AnyText,
}

/// `POST /v1/bootstrap`
pub(crate) async fn create<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let text = code(call.fields()?)?;
    let (by, origin) = (call.fresh()?, call.origin());
    let code = BootstrapToken::parse(text.expose()).map_err(|_no_code| Error::Forbidden)?;
    call.accounts().use_bootstrap(&code, &by, &origin).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

fn code(mut fields: Fields) -> Result<Secret<String>, Problem> {
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
        agree::<BootstrapShape>(&json!({}), |fields| code(fields).map(drop));
    }
}
