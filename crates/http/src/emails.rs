use axum::http::StatusCode;
use axum::response::Response;
use durward_core::accounts::VerificationAttempt;
use durward_core::email::EmailRules;
use durward_core::{
    Action, CodeToken, EmailAddress, Error, FlowState, FlowToken, Secret, ShortCode, Store, Target,
    UserId,
};
use schemars::JsonSchema;

use crate::answer::empty;
use crate::call::Call;
use crate::even::evenly;
use crate::fields::{Fields, Read, one_of, text};
use crate::problem::Problem;
use crate::shapes::{AnyCodeText, AnyText, CodeWord, EmailWord, Optional};
use crate::values::{email, secret, state};

/// The body of `POST /v1/emails/verify`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "EmailVerification")]
#[expect(dead_code, reason = "describes what `verification` reads")]
pub(crate) struct VerifyShape {
    /// The code of the link in the mail, or, with a session, the one to be typed.
    code: AnyCodeText,
    /// The state that the verification was begun with, if the caller knows it.
    #[serde(default)]
    state: Optional<FlowState>,
}

/// The body of `POST /v1/emails/resend-verification`.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ResendVerification")]
#[expect(dead_code, reason = "describes what `wish` reads")]
pub(crate) enum ResendShape {
    /// For an address that the user of the session claims.
    Email(ResendEmailShape),
    /// For a flow under way.
    Code(ResendCodeShape),
}

/// An address to be verified.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ResendToEmail")]
#[expect(dead_code, reason = "describes what `wish` reads")]
pub(crate) struct ResendEmailShape {
    t: EmailWord,
    /// The address.
    email: EmailAddress,
}

/// A flow that waits for a code.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ResendForStep")]
#[expect(dead_code, reason = "describes what `wish` reads")]
pub(crate) struct ResendCodeShape {
    t: CodeWord,
    /// The handle of the step, `dw_fl_...`; any other text is answered alike.
    code: AnyText,
    /// The state that the flow was begun with.
    state: FlowState,
}

/// What is to be sent again.
enum Wish {
    ToEmail(EmailAddress),
    ForStep(Secret<String>, FlowState),
}

/// What `t` may say.
enum Known {
    Email,
    Code,
}

/// `POST /v1/emails/verify`
pub(crate) async fn verify<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let (code, state) = verification(call.fields()?)?;
    let user = call.caller.user.as_ref().map(|user| user.id);
    let attempt = attempt(&code, user).ok_or(Error::Unauthenticated)?;
    call.accounts().verify_email(&attempt, state.as_ref(), &call.origin()).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/emails/resend-verification`
pub(crate) async fn resend<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let fields = call.fields()?;
    let origin = call.origin();
    let accounts = call.accounts();
    match wish(fields, accounts.parts().settings.email)? {
        Wish::ToEmail(email) => {
            let user = call.caller.user()?.id;
            call.may(Action::ResendVerification, Target::User(user)).await?;
            evenly(accounts.resend_verification(user, &email, &origin)).await?;
        }
        Wish::ForStep(handle, state) => {
            // A text that is no handle is answered like one that nobody knows.
            evenly(async {
                match FlowToken::parse(handle.expose()) {
                    Ok(handle) => accounts.resend_code(&handle, &state, &origin).await,
                    Err(_no_handle) => Ok(()),
                }
            })
            .await?;
        }
    }
    Ok(empty(StatusCode::ACCEPTED))
}

fn verification(mut fields: Fields) -> Result<(Secret<String>, Option<FlowState>), Problem> {
    let code = fields.required("code", secret);
    let state = fields.optional("state", state);
    fields.finish((code, state))
}

/// A code from a link proves by itself; one that was typed belongs to the user who typed it.
fn attempt(code: &Secret<String>, user: Option<UserId>) -> Option<VerificationAttempt> {
    if code.expose().starts_with("dw_") {
        return CodeToken::parse(code.expose()).ok().map(VerificationAttempt::Link);
    }
    let code = ShortCode::parse(code.expose()).ok();
    user.map(|user| VerificationAttempt::Typed { user, code })
}

fn wish(mut fields: Fields, rules: EmailRules) -> Result<Wish, Problem> {
    let is_known = |value| match text(value)?.as_str() {
        "email" => Ok(Known::Email),
        "code" => Ok(Known::Code),
        _ => Err(one_of(&["email", "code"])),
    };
    match fields.required("t", is_known) {
        Read::Good(Known::Email) => {
            let email = fields.required("email", email(rules));
            let (email,) = fields.finish((email,))?;
            Ok(Wish::ToEmail(email))
        }
        Read::Good(Known::Code) => {
            let code = fields.required("code", secret);
            let state = fields.required("state", state);
            let (code, state) = fields.finish((code, state))?;
            Ok(Wish::ForStep(code, state))
        }
        Read::Bad => {
            // Nobody can tell which of these belong here.
            for name in ["email", "code", "state"] {
                fields.take(name);
            }
            fields.finish((Read::Bad,)).map(|(wish,)| wish)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::agree;
    use serde_json::json;

    #[test]
    fn the_shapes_are_what_is_read() {
        let wish = |fields| wish(fields, EmailRules::default()).map(drop);
        agree::<VerifyShape>(&json!({}), |fields| verification(fields).map(drop));
        agree::<ResendEmailShape>(&json!({ "t": "email" }), wish);
        agree::<ResendCodeShape>(&json!({ "t": "code" }), wish);
    }

    #[test]
    fn without_knowing_what_is_wished_only_strangers_are_unknown() {
        let body = json!({ "t": "x", "email": 1, "code": 2, "state": 3, "other": 4 });
        let Err(problem) = wish(Fields::of(body).unwrap(), EmailRules::default()) else {
            panic!("it was accepted");
        };
        let pointers: Vec<_> = problem.obstructions().iter().map(|it| &*it.pointer).collect();
        assert_eq!(pointers, ["/t", "/other"]);
    }
}
