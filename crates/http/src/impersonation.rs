use axum::http::StatusCode;
use axum::response::Response;
use durward_core::accounts::Impersonation;
use durward_core::text::Reason;
use durward_core::{Obstruction, SessionId, Store, Timestamp, UserId, unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::json;
use crate::call::Call;
use crate::fields::{Fields, text};
use crate::problem::Problem;

/// The body of `POST /v1/users/{id}/impersonate`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ImpersonationRequest")]
#[expect(dead_code, reason = "describes what `reason` reads")]
pub(crate) struct ImpersonationShape {
    /// Why; it is kept in the audit log.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

/// A session in which an administrator acts as somebody else; it cannot be refreshed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Impersonation")]
pub(crate) struct ImpersonationView<'a> {
    /// The token of the session, `dw_st_...`.
    token: &'a str,
    session_id: SessionId,
    user_id: UserId,
    /// When it ends whatever happens.
    expires_at: Timestamp,
}

/// An impersonation that may be asked for again, as it is kept, sealed.
#[derive(Serialize, Deserialize)]
struct KeptImpersonation {
    token: String,
    session: SessionId,
    user: UserId,
    expires: Timestamp,
}

/// `POST /v1/users/{id}/impersonate`
pub(crate) async fn create<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let received = call.receive()?;
    let repeatable = call.repeatable(&received.bytes)?;
    let reason = reason(Fields::of(received.value)?)?;
    let (id, by, origin, accounts) = (call.user()?, call.fresh()?, call.origin(), call.accounts());
    let begun = unit!(accounts, |tx| {
        let kept = accounts.kept_reply::<KeptImpersonation, _>(tx, repeatable.as_ref()).await?;
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let Impersonation { token, session, user, expires } =
            accounts.impersonate(tx, id, &reason, &by, &origin).await?;
        let token = token.expose().to_owned();
        let begun = KeptImpersonation { token, session, user, expires };
        accounts.keep_reply(tx, repeatable.as_ref(), &begun).await?;
        Ok(begun)
    })?;
    let KeptImpersonation { token, session, user, expires } = &begun;
    let view =
        ImpersonationView { token, session_id: *session, user_id: *user, expires_at: *expires };
    json(StatusCode::CREATED, &view)
}

fn reason(mut fields: Fields) -> Result<Reason, Problem> {
    let reason = fields.required("reason", read);
    let (reason,) = fields.finish((reason,))?;
    Ok(reason)
}

fn read(value: Value) -> Result<Reason, Obstruction> {
    Reason::parse(&text(value)?).ok_or_else(|| {
        let most = Reason::MAX_CHARACTERS;
        let text = format!("Must be one line of 1 to {most} characters.");
        Obstruction::new("REASON_INVALID", text).with("max", most.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::agree;
    use serde_json::json;

    #[test]
    fn the_shape_is_what_is_read() {
        agree::<ImpersonationShape>(&json!({}), |fields| reason(fields).map(drop));
    }
}
