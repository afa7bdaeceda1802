use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use durward_core::accounts::IssuedSecret;
use durward_core::entity::ClientSecret;
use durward_core::{Accounts, Error, Obstruction, SecretId, SecretKey, Store, Timestamp, unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::{empty, json};
use crate::call::Call;
use crate::client_values::whole;
use crate::fields::Fields;
use crate::idempotency::idempotency;
use crate::paging::{cut, list, slice};
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

/// A secret that may be asked for again, as it is kept, sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeptSecret(SecretId, String, Timestamp);

impl KeptSecret {
    pub(crate) fn of(secret: &IssuedSecret) -> Self {
        Self(secret.id, secret.key.expose().to_owned(), secret.created)
    }

    pub(crate) fn issued(self) -> Result<IssuedSecret, Error> {
        let Self(id, key, created) = self;
        let broken = |_no_key| Error::Internal("a kept secret cannot be read");
        Ok(IssuedSecret { id, key: SecretKey::parse(&key).map_err(broken)?, created })
    }
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
    let slice = slice(&call)?;
    let secrets = call.accounts().secrets_of(call.client()?).await?;
    list(&call, &cut(&slice, secrets, |secret| secret.id), view)
}

/// `POST /v1/clients/{id}/secrets`
pub(crate) async fn create<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let received = call.receive_or_nothing()?;
    let (id, by) = (call.client()?, call.fresh()?);
    let (origin, accounts) = (call.origin(), call.accounts());
    let route = format!("POST {}", call.uri.path());
    let content = received.as_ref().map_or(&[][..], |received| &received.bytes);
    let who = (&call.caller, &origin);
    let repeatable = idempotency(accounts, &call.headers, &route, who, content)?;
    let overlap = match received {
        Some(received) => overlap::<S>(Fields::of(received.value)?)?,
        None => None,
    };
    let made = unit!(accounts, |tx| {
        if let Some(kept) = accounts.kept_reply::<KeptSecret, _>(tx, repeatable.as_ref()).await? {
            return kept.issued();
        }
        let made = accounts.add_secret(tx, id, overlap, &by, &origin).await?;
        accounts.keep_reply(tx, repeatable.as_ref(), &KeptSecret::of(&made)).await?;
        Ok(made)
    })?;
    let view = MadeView { id: made.id, secret: made.key.expose(), created_at: made.created };
    json(StatusCode::CREATED, &view)
}

/// `DELETE /v1/clients/{id}/secrets/{secretId}`
pub(crate) async fn revoke<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let secret: Option<SecretId> = call.names.get("secretId").and_then(|id| id.parse().ok());
    let secret = secret.ok_or(Error::NotFound("client secret"))?;
    let (id, origin, accounts) = (call.client()?, call.origin(), call.accounts());
    unit!(accounts, |tx| accounts.revoke_secret(tx, id, secret, &origin).await)?;
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

pub(crate) const fn view(secret: &ClientSecret) -> SecretView {
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
