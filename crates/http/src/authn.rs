use axum::http::StatusCode;
use axum::response::Response;
use durward_core::accounts::{
    CodeAttempt, CodeRequest, FactorAttempt, FactorProof, PasswordAttempt,
};
use durward_core::email::EmailRules;
use durward_core::entity::TotpCode;
use durward_core::{
    CodeToken, EmailAddress, Error, FlowState, FlowToken, RecoveryCode, Secret, ShortCode, Store,
};
use schemars::JsonSchema;

use crate::answer::{Statuses, flow};
use crate::call::Call;
use crate::even::evenly;
use crate::fields::{Fields, Read, exactly, missing};
use crate::problem::Problem;
use crate::shapes::{
    CodeWord, EmailWord, HandleText, LinkCodeText, PasswordText, RecoveryCodeText, ShortCodeText,
    TotpText,
};
use crate::values::{email, password, secret, state};

/// The body of `POST /v1/authn/email`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "EmailLogin")]
#[expect(dead_code, reason = "describes what `code_request` reads")]
pub(crate) struct EmailShape {
    id_type: EmailWord,
    /// The address to send a code to.
    id_value: EmailAddress,
    /// Made by the caller at random; it must come with the answer to the step.
    state: FlowState,
}

/// The body of `POST /v1/authn/password`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "PasswordLogin")]
#[expect(dead_code, reason = "describes what `password_attempt` reads")]
pub(crate) struct PasswordShape {
    id_type: EmailWord,
    /// The address of the account.
    id_value: EmailAddress,
    /// The password.
    secret: PasswordText,
    /// Made by the caller at random; it must come with the answer to a further step.
    state: FlowState,
}

/// The body of `POST /v1/authn/code`.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "CodeLogin")]
#[expect(dead_code, reason = "describes what `code_attempt` reads")]
pub(crate) enum CodeShape {
    /// The code that a person typed from the mail.
    Typed(TypedCodeShape),
    /// The code of the link in the mail.
    Link(LinkCodeShape),
}

/// A code that was typed.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "TypedCode")]
#[expect(dead_code, reason = "describes what `code_attempt` reads")]
pub(crate) struct TypedCodeShape {
    id_type: CodeWord,
    /// The handle of the step.
    #[schemars(with = "HandleText")]
    id_value: HandleText,
    /// The code; letter case, spaces and hyphens do not matter.
    secret: ShortCodeText,
    /// The state that the flow was begun with.
    state: FlowState,
}

/// A code that came with a link.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "LinkCode")]
#[expect(dead_code, reason = "describes what `code_attempt` reads")]
pub(crate) struct LinkCodeShape {
    id_type: CodeWord,
    /// The code.
    id_value: LinkCodeText,
    /// The state that the flow was begun with.
    state: FlowState,
}

/// The body of `POST /v1/authn/totp`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "TotpLogin")]
#[expect(dead_code, reason = "describes what `factor_attempt` reads")]
pub(crate) struct TotpShape {
    id_type: CodeWord,
    /// The handle of the step.
    id_value: HandleText,
    /// The six digits that the app shows.
    secret: TotpText,
    /// The state that the flow was begun with.
    state: FlowState,
}

/// The body of `POST /v1/authn/recovery`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RecoveryLogin")]
#[expect(dead_code, reason = "describes what `factor_attempt` reads")]
pub(crate) struct RecoveryShape {
    id_type: CodeWord,
    /// The handle of the step.
    id_value: HandleText,
    /// The recovery code.
    secret: RecoveryCodeText,
    /// The state that the flow was begun with.
    state: FlowState,
}

const LOGIN: Statuses = Statuses { step: StatusCode::OK, session: StatusCode::OK };

/// `POST /v1/authn/email`
pub(crate) async fn email_code<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let fields = call.fields()?;
    let request = code_request(fields, call.accounts().parts().settings.email)?;
    let answer = evenly(call.accounts().request_code(&request, &call.origin())).await?;
    flow(&answer, &request.state, Statuses { step: StatusCode::ACCEPTED, ..LOGIN })
}

/// `POST /v1/authn/password`
pub(crate) async fn password_login<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let fields = call.fields()?;
    let attempt = password_attempt(fields, call.accounts().parts().settings.email)?;
    let state = attempt.state.clone();
    let answer = call.accounts().login_with_password(attempt, &call.origin()).await?;
    flow(&answer, &state, LOGIN)
}

/// `POST /v1/authn/code`
pub(crate) async fn code<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let (attempt, state) = code_attempt(call.fields()?)?;
    // A text that is no handle and no code is as wrong as an unknown one, and told alike.
    let attempt = attempt.ok_or(Error::Unauthenticated)?;
    let answer = call.accounts().answer_code(&attempt, &state, &call.origin()).await?;
    flow(&answer, &state, LOGIN)
}

/// `POST /v1/authn/totp`
pub(crate) async fn totp<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    factor(call, |text| FactorProof::Totp(TotpCode::parse(text).ok())).await
}

/// `POST /v1/authn/recovery`
pub(crate) async fn recovery<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    factor(call, |text| FactorProof::RecoveryCode(RecoveryCode::parse(text).ok())).await
}

async fn factor<S: Store>(
    mut call: Call<S>,
    proof: fn(&str) -> FactorProof,
) -> Result<Response, Problem> {
    let (handle, shown, state) = factor_attempt(call.fields()?)?;
    // A text that is no handle is as wrong as an unknown one, and told alike.
    let handle = FlowToken::parse(handle.expose()).map_err(|_no_handle| Error::Unauthenticated)?;
    let attempt = FactorAttempt { handle, proof: proof(shown.expose()) };
    let answer = call.accounts().answer_factor(&attempt, &state, &call.origin()).await?;
    flow(&answer, &state, LOGIN)
}

fn code_request(mut fields: Fields, rules: EmailRules) -> Result<CodeRequest, Problem> {
    let id_type = fields.required("idType", exactly("email"));
    let email = fields.required("idValue", email(rules));
    let state = fields.required("state", state);
    let ((), email, state) = fields.finish((id_type, email, state))?;
    Ok(CodeRequest { email, state })
}

fn password_attempt(mut fields: Fields, rules: EmailRules) -> Result<PasswordAttempt, Problem> {
    let id_type = fields.required("idType", exactly("email"));
    let email = fields.required("idValue", email(rules));
    let password = fields.required("secret", password);
    let state = fields.required("state", state);
    let ((), email, password, state) = fields.finish((id_type, email, password, state))?;
    Ok(PasswordAttempt { email, password, state })
}

fn code_attempt(mut fields: Fields) -> Result<(Option<CodeAttempt>, FlowState), Problem> {
    let shown = shown_code(&mut fields);
    let state = fields.required("state", state);
    fields.finish((shown, state))
}

/// A mailed code in one of its two forms; `None` for a text that is neither handle nor code.
pub(crate) fn shown_code(fields: &mut Fields) -> Read<Option<CodeAttempt>> {
    let id_type = fields.required("idType", exactly("code"));
    let value = fields.required("idValue", secret);
    let typed = fields.optional("secret", secret);
    match (id_type, value, typed) {
        // The handle of a step goes with the code from the mail.
        (_, Read::Good(value), Read::Good(None)) if value.expose().starts_with("dw_fl_") => {
            fields.bad(missing("secret"))
        }
        (Read::Good(()), Read::Good(value), Read::Good(typed)) => {
            Read::Good(attempt(&value, typed.as_ref()))
        }
        _ => Read::Bad,
    }
}

type FactorFields = (Secret<String>, Secret<String>, FlowState);

fn factor_attempt(mut fields: Fields) -> Result<FactorFields, Problem> {
    let id_type = fields.required("idType", exactly("code"));
    let handle = fields.required("idValue", secret);
    let shown = fields.required("secret", secret);
    let state = fields.required("state", state);
    let ((), handle, shown, state) = fields.finish((id_type, handle, shown, state))?;
    Ok((handle, shown, state))
}

fn attempt(value: &Secret<String>, typed: Option<&Secret<String>>) -> Option<CodeAttempt> {
    match typed {
        None => CodeToken::parse(value.expose()).ok().map(CodeAttempt::Link),
        Some(typed) => FlowToken::parse(value.expose()).ok().map(|handle| CodeAttempt::Typed {
            handle,
            code: ShortCode::parse(typed.expose()).ok(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::{agree, properties};
    use serde_json::json;

    #[test]
    fn the_shapes_are_what_is_read() {
        let rules = EmailRules::default();
        agree::<EmailShape>(&json!({}), |fields| code_request(fields, rules).map(drop));
        agree::<PasswordShape>(&json!({}), |fields| password_attempt(fields, rules).map(drop));
        agree::<TypedCodeShape>(&json!({ "idValue": "dw_fl_" }), |fields| {
            code_attempt(fields).map(drop)
        });
        agree::<TotpShape>(&json!({}), |fields| factor_attempt(fields).map(drop));
        agree::<RecoveryShape>(&json!({}), |fields| factor_attempt(fields).map(drop));
        // The other form is the same without the secret.
        let mut typed = properties::<TypedCodeShape>();
        typed.remove("secret");
        assert_eq!(typed, properties::<LinkCodeShape>());
    }

    #[test]
    fn a_handle_asks_for_its_code() {
        let body = json!({ "idType": "code", "idValue": "dw_fl_x", "state": "s".repeat(22) });
        let problem = code_attempt(Fields::of(body).unwrap()).unwrap_err();
        assert_eq!(problem.obstructions()[0].pointer, "/secret");
    }
}
