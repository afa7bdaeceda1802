use axum::http::StatusCode;
use axum::response::Response;
use durward_core::accounts::TotpEnrolment;
use durward_core::entity::TotpCode;
use durward_core::{Error, FlowToken, RecoveryCode, Secret, Store, Timestamp, unit};
use qrcode::QrCode;
use qrcode::render::svg;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{empty, json};
use crate::call::Call;
use crate::fields::Fields;
use crate::problem::Problem;
use crate::shapes::{AnyText, HandleText, TotpText};
use crate::values::secret;

/// The body of `POST /v1/users/{id}/totp/confirm`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "TotpProof")]
#[expect(dead_code, reason = "describes what `proof` reads")]
pub(crate) struct TotpProofShape {
    /// The handle of the enrolment, `dw_fl_...`; any other text is answered alike.
    code: AnyText,
    /// The six digits that the app shows.
    secret: TotpText,
}

/// An authenticator app to be enrolled; shown once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TotpEnrolment")]
pub(crate) struct EnrolmentView<'a> {
    /// The secret in base 32, for those who type it.
    secret: &'a str,
    /// The address that the QR code holds.
    otpauth_uri: &'a str,
    /// The QR code as an SVG document.
    qr_svg: String,
    /// The handle that the proof must name.
    #[schemars(with = "HandleText")]
    code: &'a str,
    /// When the enrolment dies.
    expires_at: Timestamp,
}

/// Recovery codes; shown once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RecoveryCodes")]
pub(crate) struct RecoveryCodesView {
    /// Each one is good once, in the place of a code of the app.
    recovery_codes: Vec<String>,
}

/// An enrolment that may be asked for again, as it is kept, sealed.
#[derive(Serialize, Deserialize)]
struct KeptEnrolment {
    secret: String,
    uri: String,
    handle: String,
    expires: Timestamp,
}

/// `POST /v1/users/{id}/totp`
pub(crate) async fn enrol<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let repeatable = call.repeatable(&[])?;
    let (user, origin, accounts) = (call.enroller()?, call.origin(), call.accounts());
    let kept = unit!(accounts, |tx| {
        let kept = accounts.kept_reply::<KeptEnrolment, _>(tx, repeatable.as_ref()).await?;
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let made = KeptEnrolment::of(&accounts.enrol_totp(tx, &user, &origin).await?);
        accounts.keep_reply(tx, repeatable.as_ref(), &made).await?;
        Ok(made)
    })?;
    let KeptEnrolment { secret, uri, handle, expires } = &kept;
    let view = EnrolmentView {
        secret,
        otpauth_uri: uri,
        qr_svg: qr_code(uri)?,
        code: handle,
        expires_at: *expires,
    };
    json(StatusCode::CREATED, &view)
}

impl KeptEnrolment {
    fn of(made: &TotpEnrolment) -> Self {
        let TotpEnrolment { secret, uri, handle, expires } = made;
        let [secret, uri] = [secret, uri].map(|it| it.expose().clone());
        Self { secret, uri, handle: handle.expose().to_owned(), expires: *expires }
    }
}

/// `POST /v1/users/{id}/totp/confirm`
pub(crate) async fn confirm<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let (handle, code) = proof(call.fields()?)?;
    let handle = FlowToken::parse(handle.expose()).ok();
    let code = TotpCode::parse(code.expose()).ok();
    let (user, origin) = (call.enroller()?, call.origin());
    let accounts = call.accounts();
    let codes = accounts.confirm_totp(&user, handle.as_ref(), code.as_ref(), &origin).await?;
    json(StatusCode::OK, &RecoveryCodesView { recovery_codes: shown(&codes) })
}

/// `DELETE /v1/users/{id}/totp`
pub(crate) async fn remove<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let (fresh, origin, user) = (call.fresh()?, call.origin(), call.user()?);
    if fresh.id() == user {
        call.accounts().remove_totp(&fresh, &origin).await?;
    } else {
        call.accounts().reset_totp(&fresh, user, &origin).await?;
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/users/{id}/recovery-codes`
pub(crate) async fn renew_codes<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let repeatable = call.repeatable(&[])?;
    let (user, origin, accounts) = (call.fresh()?, call.origin(), call.accounts());
    let recovery_codes = unit!(accounts, |tx| {
        if let Some(kept) = accounts.kept_reply(tx, repeatable.as_ref()).await? {
            return Ok(kept);
        }
        let made = shown(&accounts.renew_recovery_codes(tx, &user, &origin).await?);
        accounts.keep_reply(tx, repeatable.as_ref(), &made).await?;
        Ok(made)
    })?;
    json(StatusCode::CREATED, &RecoveryCodesView { recovery_codes })
}

/// The codes as a person reads them.
fn shown(codes: &[RecoveryCode]) -> Vec<String> {
    codes.iter().map(|code| code.grouped().expose().clone()).collect()
}

fn proof(mut fields: Fields) -> Result<(Secret<String>, Secret<String>), Problem> {
    let handle = fields.required("code", secret);
    let code = fields.required("secret", secret);
    fields.finish((handle, code))
}

fn qr_code(uri: &str) -> Result<String, Error> {
    let code = QrCode::new(uri.as_bytes());
    let code = code.map_err(|_too_long| Error::Internal("the name of the service is too long"))?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(240, 240).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::agree;
    use serde_json::json;

    #[test]
    fn the_shape_is_what_is_read() {
        agree::<TotpProofShape>(&json!({}), |fields| proof(fields).map(drop));
    }

    #[test]
    fn a_qr_code_is_a_document_that_loads_nothing() {
        let uri = format!("otpauth://totp/{}", "x".repeat(300));
        let svg = qr_code(&uri).unwrap();
        assert!(svg.contains("<svg") && svg.contains("<path"));
        assert!(!svg.contains("href") && !svg.contains("script"));
    }
}
