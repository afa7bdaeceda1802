use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::Response;
use durward_core::accounts::{ClientChange, IssuedSecret, NewClient, NewlyMade};
use durward_core::entity::{Client, ClientKind, ClientOwner, ClientSessions, RedirectUri};
use durward_core::store::Clients;
use durward_core::{
    Accounts, Attrs, ClientId, Error, SecretId, SecretKey, Store, Target, Timestamp, unit,
};
use serde::{Deserialize, Serialize};

use crate::answer::{empty, encode, encoded, json};
use crate::call::Call;
use crate::client_values::{
    flag, future, moment_or_never, rate_limit, redirect_uris, session_time,
};
use crate::client_views::{ClientView, MadeView, view};
use crate::entity_tag::{EntityTag, IfMatch};
use crate::fields::{Fields, Read};
use crate::idempotency::idempotency;
use crate::paging::{list, slice};
use crate::problem::Problem;
use crate::values::name;

/// What is kept, sealed, of an answer that may be asked for again.
#[derive(Serialize, Deserialize)]
struct Kept {
    client: ClientId,
    secret: Option<(SecretId, String, Timestamp)>,
}

/// `GET /v1/organizations/{id}/clients` and `GET /v1/users/{id}/clients`
pub(crate) async fn index<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let page = call.accounts().clients_of(owner(&call)?, slice(&call)?).await?;
    list(&call, &page, view)
}

/// `POST /v1/organizations/{id}/clients` and `POST /v1/users/{id}/clients`
pub(crate) async fn create<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let received = call.receive()?;
    let (origin, by, accounts) = (call.origin(), call.fresh()?, call.accounts());
    let who = (&call.caller, &origin);
    let route = format!("POST {}", call.uri.path());
    let repeatable = idempotency(accounts, &call.headers, &route, who, &received.bytes)?;
    let fields = Fields::of(received.value)?;
    let new = new_client::<S::Attrs>(fields, owner(&call)?, accounts.now())?;
    let made = unit!(accounts, |tx| {
        if let Some(kept) = accounts.kept_reply::<Kept, _>(tx, repeatable.as_ref()).await? {
            return again(tx.client(kept.client).await?, kept.secret);
        }
        let made = accounts.create_client(tx, new.clone(), &by, &origin).await?;
        let secret = made.secret.as_ref();
        let secret = secret.map(|it| (it.id, it.key.expose().to_owned(), it.created));
        let kept = Kept { client: made.client.id, secret };
        accounts.keep_reply(tx, repeatable.as_ref(), &kept).await?;
        Ok(made)
    })?;
    let secret = made.secret.as_ref();
    let secret = secret.map(|secret| (secret.id, secret.key.expose()));
    json(StatusCode::CREATED, &MadeView::new(&made.client, secret))
}

/// What was made by the request that is now sent again, if it is there still.
fn again<A: Attrs>(
    client: Option<Client<A>>,
    secret: Option<(SecretId, String, Timestamp)>,
) -> Result<NewlyMade<A>, Error> {
    let client = client.ok_or(Error::NotFound("client"))?;
    let secret = match secret {
        None => None,
        Some((id, key, created)) => {
            let broken = |_no_key| Error::Internal("a kept secret cannot be read");
            Some(IssuedSecret { id, key: SecretKey::parse(&key).map_err(broken)?, created })
        }
    };
    Ok(NewlyMade { client, secret })
}

/// `GET /v1/clients/{id}`
pub(crate) async fn show<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let client = call.accounts().client(call.client()?).await?;
    tagged(call.accounts(), &client)
}

/// `PATCH /v1/clients/{id}`
pub(crate) async fn update<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let wanted = IfMatch::of(&call.headers)?;
    let mut change = change::<S::Attrs>(call.fields()?)?;
    let (id, origin, accounts) = (call.client()?, call.origin(), call.accounts());
    change.version = seen(accounts, id, wanted.as_ref()).await?;
    let client =
        unit!(accounts, |tx| accounts.update_client(tx, id, change.clone(), &origin).await)?;
    tagged(accounts, &client)
}

/// `DELETE /v1/clients/{id}`
pub(crate) async fn delete<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let wanted = IfMatch::of(&call.headers)?;
    let (id, origin, accounts) = (call.client()?, call.origin(), call.accounts());
    let version = seen(accounts, id, wanted.as_ref()).await?;
    unit!(accounts, |tx| accounts.delete_client(tx, id, version, &origin).await)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Whose clients the path is about.
fn owner<S: Store>(call: &Call<S>) -> Result<ClientOwner, Problem> {
    Ok(match call.target {
        Target::User(id) => ClientOwner::User(id),
        Target::Service
        | Target::Session { .. }
        | Target::Organization(_)
        | Target::Membership { .. }
        | Target::Invitation { .. }
        | Target::Client { .. } => ClientOwner::Organization(call.organization()?),
    })
}

/// The version that `If-Match` asks for, if it asks for one and that one is there.
async fn seen<S: Store>(
    accounts: &Accounts<S>,
    id: ClientId,
    wanted: Option<&IfMatch>,
) -> Result<Option<i64>, Problem> {
    let Some(wanted) = wanted else { return Ok(None) };
    let present = accounts.client(id).await?;
    Ok(wanted.version(&tag(accounts, &present)?, present.version, "client")?)
}

/// What a request says of a client through which users act.
#[derive(Default)]
#[expect(
    clippy::option_option,
    reason = "what is not said leaves a time as it is, and null ends it"
)]
struct WithUsers {
    require_user: Option<bool>,
    session_idle: Option<Option<Duration>>,
    session_absolute: Option<Option<Duration>>,
    redirect_uris: Option<Vec<RedirectUri>>,
}

fn with_users(fields: &mut Fields) -> Read<WithUsers> {
    let require_user = fields.optional("requireUser", flag);
    let session_idle = fields.optional("sessionIdle", session_time);
    let session_absolute = fields.optional("sessionAbsolute", session_time);
    match (require_user, session_idle, session_absolute, redirect_uris(fields)) {
        (
            Read::Good(require_user),
            Read::Good(session_idle),
            Read::Good(session_absolute),
            Read::Good(redirect_uris),
        ) => Read::Good(WithUsers { require_user, session_idle, session_absolute, redirect_uris }),
        (_, _, _, _) => Read::Bad,
    }
}

fn new_client<A: Attrs>(
    mut fields: Fields,
    owner: ClientOwner,
    now: Timestamp,
) -> Result<NewClient<A>, Problem> {
    let name = fields.required("name", name);
    let rate_limit = fields.optional("rateLimit", rate_limit);
    let expires = fields.optional("expiresAt", future(now));
    let (confidential, with_users) = match owner {
        ClientOwner::Organization(_) => {
            (fields.optional("confidential", flag), with_users(&mut fields))
        }
        // A personal key acts by itself.
        ClientOwner::User(_) => (Read::Good(None), Read::Good(WithUsers::default())),
    };
    let attrs = fields.new_attributes();
    let (name, rate_limit, expires, confidential, with_users, attrs) =
        fields.finish((name, rate_limit, expires, confidential, with_users, attrs))?;
    let confidential = confidential.unwrap_or(true);
    let WithUsers { require_user, session_idle, session_absolute, redirect_uris } = with_users;
    Ok(NewClient {
        owner,
        name,
        kind: if confidential { ClientKind::Confidential } else { ClientKind::Public },
        require_user: require_user.unwrap_or(false),
        rate_limit: rate_limit.flatten(),
        sessions: ClientSessions {
            idle: session_idle.flatten(),
            absolute: session_absolute.flatten(),
        },
        redirect_uris: redirect_uris.unwrap_or_default(),
        expires: expires.flatten(),
        attrs,
    })
}

fn change<A: Attrs>(mut fields: Fields) -> Result<ClientChange<A>, Problem> {
    let name = fields.optional("name", name);
    let rate_limit = fields.optional("rateLimit", rate_limit);
    let with_users = with_users(&mut fields);
    let expires = fields.optional("expiresAt", moment_or_never);
    let enabled = fields.optional("enabled", flag);
    let attrs = fields.changed_attributes();
    let (name, rate_limit, with_users, expires, enabled, attrs) =
        fields.finish((name, rate_limit, with_users, expires, enabled, attrs))?;
    let WithUsers { require_user, session_idle, session_absolute, redirect_uris } = with_users;
    Ok(ClientChange {
        name,
        enabled,
        require_user,
        rate_limit,
        session_idle,
        session_absolute,
        redirect_uris,
        expires,
        attrs,
        version: None,
    })
}

fn tagged<S: Store>(
    accounts: &Accounts<S>,
    client: &Client<S::Attrs>,
) -> Result<Response, Problem> {
    let mut response = encoded(StatusCode::OK, encode(&view(client))?);
    if let Some(tag) = tag(accounts, client)?.to_header() {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

/// The tag of a client. When it was last used is no part of it: else nobody could change one that is in use.
fn tag<S: Store>(accounts: &Accounts<S>, client: &Client<S::Attrs>) -> Result<EntityTag, Problem> {
    Ok(EntityTag::of(&accounts.parts().keys, &encode(&ClientView::steady(client))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_views::{ChangeShape, NewShape, PersonalShape};
    use crate::shapes::agree_but;
    use durward_core::{NoAttributes, OrganizationId, Plain, UserId};
    use serde_json::json;

    const OWNER: ClientOwner = ClientOwner::Organization(OrganizationId::from_bytes([1; 16]));

    fn new(body: serde_json::Value) -> Result<NewClient<Plain>, Vec<(String, String)>> {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        new_client::<Plain>(Fields::of(body).unwrap(), OWNER, now).map_err(|problem| {
            let found = problem.obstructions().iter();
            found.map(|it| (it.pointer.clone(), it.code.clone().into_owned())).collect()
        })
    }

    #[test]
    fn the_shapes_are_what_is_read() {
        let nullable = ["rateLimit", "sessionIdle", "sessionAbsolute", "expiresAt"];
        agree_but::<NewShape<NoAttributes>>(&nullable, &json!({}), |fields| {
            new_client::<Plain>(fields, OWNER, Timestamp::from_millis(0)).map(drop)
        });
        let user = ClientOwner::User(UserId::from_bytes([1; 16]));
        agree_but::<PersonalShape<NoAttributes>>(
            &["rateLimit", "expiresAt"],
            &json!({}),
            |fields| new_client::<Plain>(fields, user, Timestamp::from_millis(0)).map(drop),
        );
        agree_but::<ChangeShape<NoAttributes>>(&nullable, &json!({}), |fields| {
            change::<Plain>(fields).map(drop)
        });
    }

    #[test]
    fn a_client_is_confidential_and_unlimited_in_time_unless_it_says_otherwise() {
        let made = new(json!({ "name": "Loom" })).unwrap();
        assert_eq!((made.kind, made.require_user), (ClientKind::Confidential, false));
        assert_eq!((made.rate_limit, made.expires), (None, None));
        let made = new(json!({
            "name": "Loom",
            "rateLimit": null,
            "expiresAt": null,
            "confidential": false,
            "redirectUris": ["https://shop.example/back", "https://shop.example/back"],
        }));
        let made = made.unwrap();
        assert_eq!((made.kind, made.redirect_uris.len()), (ClientKind::Public, 1));
    }

    #[test]
    fn what_is_wrong_is_told_at_once() {
        // GW-07
        for limit in [json!(0), json!(-1), json!(1.5), json!(1e308), json!(100_001), json!("7")] {
            let found = new(json!({ "name": "Loom", "rateLimit": limit })).unwrap_err();
            assert_eq!(found, [("/rateLimit".into(), "OUT_OF_RANGE".into())], "{limit}");
        }
        for time in [json!(59), json!(2_592_001), json!(60.5), json!("60"), json!(false)] {
            let found = new(json!({ "name": "Loom", "sessionIdle": time })).unwrap_err();
            assert_eq!(found, [("/sessionIdle".into(), "OUT_OF_RANGE".into())], "{time}");
        }
        let found = new(json!({
            "name": "",
            "redirectUris": ["https://shop.example/", "http://shop.example/", 7],
            "expiresAt": "2026-01-01T00:00:00Z",
            "requireUser": "yes",
            "enabled": true,
        }));
        let pairs: Vec<(String, String)> = [
            ("/name", "NAME_EMPTY"),
            ("/expiresAt", "TIME_PAST"),
            ("/requireUser", "WRONG_TYPE"),
            ("/redirectUris/1", "REDIRECT_URI_MALFORMED"),
            ("/redirectUris/2", "WRONG_TYPE"),
            ("/enabled", "UNKNOWN_FIELD"),
        ]
        .map(|(pointer, code)| (pointer.to_owned(), code.to_owned()))
        .into();
        assert_eq!(found.unwrap_err(), pairs);
        let many = vec!["https://shop.example/"; 21];
        let found = new(json!({ "name": "Loom", "redirectUris": many })).unwrap_err();
        assert_eq!(found, [("/redirectUris".into(), "TOO_MANY".into())]);
    }
}
