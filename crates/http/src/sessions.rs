use std::net::IpAddr;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use durward_core::entity::Actor;
use durward_core::store::{SessionQuery, Users};
use durward_core::{
    Attrs, ClientId, EndReason, Error, Method, RefreshToken, Secret, Session, SessionId,
    SessionToken, Slice, Store, Timestamp, UserAgent, UserId, unit,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::{empty, session};
use crate::call::Call;
use crate::fields::Fields;
use crate::paging::{USUAL, list, part, slice};
use crate::problem::Problem;
use crate::query::{client, flag, moment, parameters, user};
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

/// A session, as those see it who may; its tokens nobody sees.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Session")]
pub(crate) struct SessionItemView<'a> {
    id: SessionId,
    /// Whose it is.
    user_id: UserId,
    /// The program that it was opened with, as it calls itself; `null` when it said nothing.
    device: Option<&'a str>,
    /// The address that it was opened from.
    ip: Option<IpAddr>,
    /// The client that it was opened through.
    client_id: Option<ClientId>,
    /// What was proven, in order.
    methods: &'a [Method],
    /// When it was proven.
    authenticated_at: Timestamp,
    /// When the session was opened.
    created_at: Timestamp,
    /// When its tokens were last exchanged, or handed out.
    refreshed_at: Timestamp,
    /// When it ends unless its tokens are exchanged before.
    idle_expires_at: Timestamp,
    /// When it ends whatever happens.
    expires_at: Timestamp,
    /// Whether it is the session of this request.
    current: bool,
    /// The administrator who acts in it as its user, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Actor>,
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
    let text = refresh_token(call.fields()?)?;
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
    let Tokens { token, refresh } = match call.fields_or_nothing()? {
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

/// `GET /v1/users/{id}/sessions` (R-SE-13)
pub(crate) async fn index<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let page = call.accounts().live_sessions(call.user()?, slice(&call)?).await?;
    let current = call.caller.user.as_ref().map(|user| user.session_id);
    list(&call, &page, |session| view(session, current))
}

/// `GET /v1/sessions`
pub(crate) async fn index_all<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let names = ["limit", "cursor", "user", "client", "createdAfter"];
    let mut fields = parameters(call.uri.query(), &names)?;
    let (limit, after) = part(&call, &mut fields);
    let user = fields.optional("user", user);
    let client = fields.optional("client", client);
    let created_after = fields.optional("createdAfter", moment);
    let (limit, after, user, client, created_after) =
        fields.finish((limit, after, user, client, created_after))?;
    // The session of the next millisecond is the first that was opened after it.
    let from = created_after.map(|at| SessionId::first_at(at + Duration::from_millis(1)));
    let slice = Slice { after, limit: limit.unwrap_or(USUAL) };
    let page = call.accounts().list_sessions(&SessionQuery { user, client, from }, slice).await?;
    let current = call.caller.user.as_ref().map(|user| user.session_id);
    list(&call, &page, |session| view(session, current))
}

/// `DELETE /v1/users/{id}/sessions`: ends all but the session of the caller, and that one on demand.
pub(crate) async fn end_all<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let current = include_current(call.uri.query())?;
    let (user, origin, accounts) = (call.user()?, call.origin(), call.accounts());
    // A client by itself has none.
    let own = call.caller.user.as_ref().map(|user| user.session_id);
    let except = own.filter(|_| !current);
    unit!(accounts, |tx| {
        if tx.user(user).await?.is_none() {
            return Err(Error::NotFound("user"));
        }
        accounts.end_sessions(tx, user, except, EndReason::Revoked, &origin).await
    })?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `DELETE /v1/sessions/{id}`: ends a session, also one that is over.
pub(crate) async fn end<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let ((id, user), origin, accounts) = (call.session()?, call.origin(), call.accounts());
    unit!(accounts, |tx| {
        accounts.end_session(tx, id, user, EndReason::Revoked, &origin).await
    })?;
    Ok(empty(StatusCode::NO_CONTENT))
}

fn include_current(query: Option<&str>) -> Result<bool, Problem> {
    let mut fields = parameters(query, &["includeCurrent"])?;
    let include = fields.optional("includeCurrent", flag);
    let (include,) = fields.finish((include,))?;
    Ok(include.unwrap_or(false))
}

pub(crate) fn view<A: Attrs>(
    session: &Session<A>,
    current: Option<SessionId>,
) -> SessionItemView<'_> {
    SessionItemView {
        id: session.id,
        user_id: session.user,
        device: session.agent.as_ref().map(UserAgent::as_str),
        ip: session.ip,
        client_id: session.client,
        methods: &session.methods,
        authenticated_at: session.authenticated,
        created_at: session.created,
        refreshed_at: session.rotated,
        idle_expires_at: session.refresh_expires,
        expires_at: session.expires,
        current: Some(session.id) == current,
        actor: session.actor,
    }
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
