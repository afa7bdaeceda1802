use axum::http::StatusCode;
use axum::response::Response;
use durward_core::accounts::{NewPasswordAttempt, PasswordChange, PasswordReset, ResetRequest};
use durward_core::email::EmailRules;
use durward_core::{EmailAddress, FlowState, FlowToken, Password, Store, unit};
use schemars::JsonSchema;

use crate::answer::{Statuses, empty, flow};
use crate::authn::shown_code;
use crate::call::Call;
use crate::client_values::flag;
use crate::even::evenly;
use crate::fields::{Fields, Read, exactly, missing};
use crate::problem::Problem;
use crate::shapes::{CodeWord, HandleText, LinkCodeText, Optional, PasswordText, ShortCodeText};
use crate::values::{Rules, email, password, secret, state};

/// The body of `POST /v1/passwords/reset`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "PasswordResetRequest")]
#[expect(dead_code, reason = "describes what `reset_request` reads")]
pub(crate) struct ResetShape {
    /// The address to send a code to.
    email: EmailAddress,
    /// Made by the caller at random; it must come with the code.
    state: FlowState,
}

/// The body of `POST /v1/passwords/reset/confirm`.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "PasswordReset")]
#[expect(dead_code, reason = "describes what `reset` reads")]
pub(crate) enum ConfirmShape {
    /// With the code that a person typed from the mail.
    Typed(TypedResetShape),
    /// With the code of the link in the mail.
    Link(LinkResetShape),
}

/// A new password, and a code that was typed.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "PasswordResetByTypedCode")]
#[expect(dead_code, reason = "describes what `reset` reads")]
pub(crate) struct TypedResetShape {
    id_type: CodeWord,
    /// The handle of the step.
    id_value: HandleText,
    /// The code; letter case, spaces and hyphens do not matter.
    secret: ShortCodeText,
    /// The state that the reset was begun with.
    state: FlowState,
    /// The new password.
    password: PasswordText,
    /// The new password again.
    password_conf: PasswordText,
}

/// A new password, and a code that came with a link.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "PasswordResetByLink")]
#[expect(dead_code, reason = "describes what `reset` reads")]
pub(crate) struct LinkResetShape {
    id_type: CodeWord,
    /// The code.
    id_value: LinkCodeText,
    /// The state that the reset was begun with.
    state: FlowState,
    /// The new password.
    password: PasswordText,
    /// The new password again.
    password_conf: PasswordText,
}

/// The body of `POST /v1/users/{id}/password`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "PasswordChange")]
#[expect(dead_code, reason = "describes what `change` reads")]
pub(crate) struct ChangeShape {
    /// The present one; not needed by whoever has none, or proved a second factor a moment ago.
    #[serde(default)]
    current_password: Optional<PasswordText>,
    /// The new password.
    password: PasswordText,
    /// The new password again.
    password_conf: PasswordText,
}

/// The body of `POST /v1/users/{id}/password/reset`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "PasswordResetStart")]
#[expect(dead_code, reason = "describes what `reset_start` reads")]
pub(crate) struct StartShape {
    /// Whether the present password is worth nothing from now on, and everybody is signed out; otherwise nothing
    /// changes until the code comes back.
    #[serde(default)]
    revoke: Optional<bool>,
}

/// The body of `POST /v1/authn/new-password`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NewPassword")]
#[expect(dead_code, reason = "describes what `new_password` reads")]
pub(crate) struct NewPasswordShape {
    id_type: CodeWord,
    /// The handle of the step.
    id_value: HandleText,
    /// The state that the flow was begun with.
    state: FlowState,
    /// The new password.
    password: PasswordText,
    /// The new password again.
    password_conf: PasswordText,
}

/// `POST /v1/passwords/reset`
pub(crate) async fn reset<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let fields = call.fields()?;
    let request = reset_request(fields, call.accounts().parts().settings.email)?;
    let answer = evenly(call.accounts().request_reset(&request, &call.origin())).await?;
    let accepted = StatusCode::ACCEPTED;
    flow(&answer, &request.state, Statuses { step: accepted, session: accepted })
}

/// `POST /v1/passwords/reset/confirm`
pub(crate) async fn confirm<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let reset = password_reset(call.fields()?, Rules::of(call.accounts()))?;
    call.accounts().confirm_reset(reset, &call.origin()).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/users/{id}/password`: the policy lets nobody but the user himself here (R-PW-11).
pub(crate) async fn change<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let change = password_change(call.fields()?, Rules::of(call.accounts()))?;
    call.accounts().change_password(&call.caller, &change, &call.origin()).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/users/{id}/password/compromised`
pub(crate) async fn compromised<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let (id, origin, accounts) = (call.user()?, call.origin(), call.accounts());
    unit!(accounts, |tx| accounts.report_password(tx, id, &origin).await)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/users/{id}/password/reset`
pub(crate) async fn start_reset<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let revoke = reset_start(call.fields()?)?;
    let (id, origin, accounts) = (call.user()?, call.origin(), call.accounts());
    unit!(accounts, |tx| accounts.start_reset(tx, id, revoke, &origin).await)?;
    Ok(empty(StatusCode::ACCEPTED))
}

/// `POST /v1/authn/new-password`
pub(crate) async fn choose<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let (attempt, state) = new_password(call.fields()?, Rules::of(call.accounts()))?;
    let answer = call.accounts().answer_new_password(attempt, &state, &call.origin()).await?;
    flow(&answer, &state, Statuses { step: StatusCode::OK, session: StatusCode::OK })
}

fn reset_start(mut fields: Fields) -> Result<bool, Problem> {
    let revoke = fields.optional("revoke", flag);
    let (revoke,) = fields.finish((revoke,))?;
    Ok(revoke.unwrap_or(false))
}

fn new_password(
    mut fields: Fields,
    rules: Rules<'_>,
) -> Result<(NewPasswordAttempt, FlowState), Problem> {
    let id_type = fields.required("idType", exactly("code"));
    let handle = fields.required("idValue", secret);
    let state = fields.required("state", state);
    let password = chosen(&mut fields, rules);
    let ((), handle, state, password) = fields.finish((id_type, handle, state, password))?;
    // A text that is no handle is as wrong as an unknown one, and told alike.
    let handle = FlowToken::parse(handle.expose()).ok();
    Ok((NewPasswordAttempt { handle, password }, state))
}

fn reset_request(mut fields: Fields, rules: EmailRules) -> Result<ResetRequest, Problem> {
    let email = fields.required("email", email(rules));
    let state = fields.required("state", state);
    let (email, state) = fields.finish((email, state))?;
    Ok(ResetRequest { email, state })
}

fn password_reset(mut fields: Fields, rules: Rules<'_>) -> Result<PasswordReset, Problem> {
    let attempt = shown_code(&mut fields);
    let state = fields.required("state", state);
    let password = chosen(&mut fields, rules);
    let (attempt, state, password) = fields.finish((attempt, state, password))?;
    Ok(PasswordReset { attempt, state, password })
}

fn password_change(mut fields: Fields, rules: Rules<'_>) -> Result<PasswordChange, Problem> {
    let current = fields.optional("currentPassword", password);
    let password = chosen(&mut fields, rules);
    let (current, password) = fields.finish((current, password))?;
    Ok(PasswordChange { current, password })
}

/// A new password, typed twice, that must be there; read after all else. What the rules of the deployment say is told
/// together with what is malformed.
fn chosen(fields: &mut Fields, rules: Rules<'_>) -> Read<Password> {
    match fields.new_password() {
        Read::Good(Some(password)) => {
            if !fields.is_clean() {
                // The flow will not be asked, so the rules are asked here.
                for obstruction in rules.obstructions(None, None, Some(&password)) {
                    fields.refuse(obstruction);
                }
            }
            Read::Good(password)
        }
        Read::Good(None) => {
            fields.refuse(missing("password"));
            fields.bad(missing("passwordConf"))
        }
        Read::Bad => Read::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::{agree, properties};
    use durward_core::Settings;
    use durward_core::behavior::Behavior;
    use serde_json::json;

    #[test]
    fn the_shapes_are_what_is_read() {
        let (settings, behavior) = (Settings::default(), Behavior::default());
        let rules = Rules { settings: &settings, behavior: &behavior };
        agree::<ResetShape>(&json!({}), |fields| reset_request(fields, settings.email).map(drop));
        agree::<StartShape>(&json!({}), |fields| reset_start(fields).map(drop));
        agree::<NewPasswordShape>(&json!({}), |fields| new_password(fields, rules).map(drop));
        agree::<ChangeShape>(&json!({}), |fields| password_change(fields, rules).map(drop));
        agree::<TypedResetShape>(&json!({ "idValue": "dw_fl_" }), |fields| {
            password_reset(fields, rules).map(drop)
        });
        // The other form is the same without the secret.
        let mut typed = properties::<TypedResetShape>();
        typed.remove("secret");
        assert_eq!(typed, properties::<LinkResetShape>());
    }
}
