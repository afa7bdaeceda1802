use axum::http::StatusCode;
use axum::response::Response;
use durward_core::{Error, RefreshToken, Secret, SessionToken, Store};
use schemars::JsonSchema;

use crate::answer::{empty, session};
use crate::call::Call;
use crate::fields::Fields;
use crate::problem::Problem;
use crate::shapes::{AnyText, Optional, RefreshTokenText};
use crate::values::secret;

/// The body of `POST /v1/sessions/refresh`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Refresh")]
#[expect(dead_code, reason = "describes what `refresh_token` reads")]
pub(crate) struct RefreshShape {
    /// The refresh token; it is spent by this.
    refresh: RefreshTokenText,
}

/// The body of `POST /v1/sessions/logout`; not needed when the session token is in the header.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Logout")]
#[expect(dead_code, reason = "describes what `tokens` reads")]
pub(crate) struct LogoutShape {
    /// The token of the session to end, `dw_st_...`; any other text is answered alike.
    #[serde(default)]
    token: Optional<AnyText>,
    /// A refresh token of the session to end, `dw_rt_...`, current or spent; any other text is answered alike.
    #[serde(default)]
    refresh: Optional<AnyText>,
}

/// The tokens that a logout names; texts that need not be tokens at all.
#[derive(Default)]
struct Tokens {
    token: Option<Secret<String>>,
    refresh: Option<Secret<String>>,
}

/// `POST /v1/sessions/refresh`
pub(crate) async fn refresh<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let text = refresh_token(call.fields().await?)?;
    let Ok(token) = RefreshToken::parse(text.expose()) else {
        return Err(Error::Unauthenticated.into());
    };
    let issued = call.accounts().refresh(&token, &call.origin()).await?;
    session(&issued, StatusCode::OK)
}

/// `POST /v1/sessions/logout`: ends every session that the request names, also one that is over (R-SE-05).
///
/// A text that is no token names no session, and there is nothing to end: that is the same answer.
pub(crate) async fn logout<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let Tokens { token, refresh } = match call.fields_or_nothing().await? {
        Some(fields) => tokens(fields)?,
        None => Tokens::default(),
    };
    if call.presented.is_none() && token.is_none() && refresh.is_none() {
        // Who names no session must not believe that it has ended (GW-66).
        return Err(Error::Unauthenticated.into());
    }
    let origin = call.origin();
    let accounts = call.accounts();
    let named = token.and_then(|text| SessionToken::parse(text.expose()).ok());
    for token in call.presented.iter().chain(&named) {
        accounts.logout(token, &origin).await?;
    }
    if let Some(refresh) = refresh.and_then(|text| RefreshToken::parse(text.expose()).ok()) {
        accounts.logout_by_refresh(&refresh, &origin).await?;
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

fn refresh_token(mut fields: Fields) -> Result<Secret<String>, Problem> {
    let refresh = fields.required("refresh", secret);
    let (refresh,) = fields.finish((refresh,))?;
    Ok(refresh)
}

fn tokens(mut fields: Fields) -> Result<Tokens, Problem> {
    let token = fields.optional("token", secret);
    let refresh = fields.optional("refresh", secret);
    let (token, refresh) = fields.finish((token, refresh))?;
    Ok(Tokens { token, refresh })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::agree;
    use serde_json::json;

    #[test]
    fn the_shapes_are_what_is_read() {
        agree::<RefreshShape>(&json!({}), |fields| refresh_token(fields).map(drop));
        agree::<LogoutShape>(&json!({}), |fields| tokens(fields).map(drop));
    }
}
