use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use durward_core::entity::ClientSecret;
use durward_core::{Accounts, Error, Obstruction, SecretId, Store, Timestamp, unit};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{empty, json};
use crate::call::Call;
use crate::client_values::whole;
use crate::fields::Fields;
use crate::paging::ListView;
use crate::problem::Problem;
use crate::shapes::{Optional, OverlapSeconds, SecretKeyText};

/// The body of `POST /v1/clients/{id}/secrets`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "SecretRotation")]
#[expect(dead_code, reason = "describes what `overlap` reads")]
pub(crate) struct RotationShape {
    /// In how many seconds the other secrets stop to work; 0 for now, nothing for never.
    #[serde(default)]
    expire_others_in: Optional<OverlapSeconds>,
}

/// A secret of a client, without the secret.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ClientSecret")]
pub(crate) struct SecretView {
    id: SecretId,
    /// When it was made.
    created_at: Timestamp,
    /// When it stops to work; `null` for never.
    expires_at: Option<Timestamp>,
    /// When it was last used, as far as that is written down yet.
    last_used_at: Option<Timestamp>,
}

/// A secret that was just made.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "NewlyMadeSecret")]
pub(crate) struct MadeView<'a> {
    id: SecretId,
    /// The secret key, shown this once.
    #[schemars(with = "SecretKeyText")]
    secret: &'a str,
    /// When it was made.
    created_at: Timestamp,
}

/// `GET /v1/clients/{id}/secrets`
pub(crate) async fn index<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let secrets = call.accounts().secrets_of(call.client()?).await?;
    json(StatusCode::OK, &ListView::whole(secrets.iter().map(view).collect()))
}

/// `POST /v1/clients/{id}/secrets`
pub(crate) async fn create<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let overlap = match call.fields_or_nothing().await? {
        Some(fields) => overlap::<S>(fields)?,
        None => None,
    };
    let (id, by) = (call.client()?, call.fresh()?);
    let (origin, accounts) = (call.origin(), call.accounts());
    let made = unit!(accounts, |tx, _| accounts.add_secret(tx, id, overlap, &by, &origin).await)?;
    let view = MadeView { id: made.id, secret: made.key.expose(), created_at: made.created };
    json(StatusCode::CREATED, &view)
}

/// `DELETE /v1/clients/{id}/secrets/{secretId}`
pub(crate) async fn revoke<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let secret: Option<SecretId> = call.behind("secrets").and_then(|id| id.parse().ok());
    let secret = secret.ok_or(Error::NotFound("client secret"))?;
    let (id, origin, accounts) = (call.client()?, call.origin(), call.accounts());
    unit!(accounts, |tx, _| accounts.revoke_secret(tx, id, secret, &origin).await)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

fn overlap<S: Store>(mut fields: Fields) -> Result<Option<Duration>, Problem> {
    let overlap = fields.optional("expireOthersIn", seconds::<S>);
    let (overlap,) = fields.finish((overlap,))?;
    Ok(overlap)
}

fn seconds<S: Store>(value: Value) -> Result<Duration, Obstruction> {
    whole(value, 0..=Accounts::<S>::LONGEST_OVERLAP.as_secs()).map(Duration::from_secs)
}

const fn view(secret: &ClientSecret) -> SecretView {
    SecretView {
        id: secret.id,
        created_at: secret.created,
        expires_at: secret.expires,
        last_used_at: secret.last_used,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::agree;
    use durward_store_memory::MemoryStore;
    use serde_json::json;

    #[test]
    fn the_shapes_are_what_is_read() {
        agree::<RotationShape>(&json!({}), |fields| overlap::<MemoryStore>(fields).map(drop));
    }

    #[test]
    fn an_overlap_is_at_most_ninety_days() {
        let read =
            |value| overlap::<MemoryStore>(Fields::of(json!({ "expireOthersIn": value })).unwrap());
        assert_eq!(read(json!(0)).unwrap(), Some(Duration::ZERO));
        assert_eq!(read(json!(7_776_000)).unwrap(), Some(Duration::from_hours(90 * 24)));
        for wrong in [json!(7_776_001), json!(-1), json!(0.5), json!("0"), json!(null)] {
            assert_eq!(read(wrong).unwrap_err().obstructions()[0].code, "OUT_OF_RANGE");
        }
    }
}
