//! How clients look outside.

use durward_core::attrs::Attr;
use durward_core::entity::{Client, ClientKind, RateLimit, RedirectUri};
use durward_core::{Attrs, ClientId, OrganizationId, PersonName, SecretId, Timestamp, UserId};
use schemars::JsonSchema;
use serde::Serialize;

use crate::attributes::may_be_absent;
use crate::shapes::{
    Optional, RateLimitNumber, RedirectUriText, SecretKeyText, SessionSeconds, TimeOrNever,
};

/// The body of `POST /v1/organizations/{id}/clients`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NewClient", bound = "C: Attr", transform = may_be_absent::<C>)]
#[expect(dead_code, reason = "describes what `new_client` reads")]
pub(crate) struct NewShape<C> {
    /// What it is called.
    name: PersonName,
    /// Requests per second; `null`, or nothing, for the standard of the deployment.
    #[serde(default)]
    rate_limit: Optional<RateLimitNumber>,
    /// Whether its requests need a user's session too; they do not, unless this says so.
    #[serde(default)]
    require_user: Optional<bool>,
    /// Seconds that a session through it may lie idle, if less than in the deployment; `null`, or nothing, for no less.
    #[serde(default)]
    session_idle: Optional<SessionSeconds>,
    /// Seconds that a session through it lasts, if less than in the deployment; `null`, or nothing, for no less.
    #[serde(default)]
    session_absolute: Optional<SessionSeconds>,
    /// Where a browser may be sent back to; compared exactly.
    #[serde(default)]
    #[schemars(length(max = 20))]
    redirect_uris: Optional<Vec<RedirectUriText>>,
    /// When it stops to work; `null`, or nothing, for never.
    #[serde(default)]
    expires_at: Optional<TimeOrNever>,
    /// Whether it can keep a secret, as it can unless this says otherwise.
    #[serde(default)]
    confidential: Optional<bool>,
    /// The application's own fields.
    attributes: C,
}

/// The body of `POST /v1/users/{id}/clients`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NewPersonalKey", bound = "C: Attr", transform = may_be_absent::<C>)]
#[expect(dead_code, reason = "describes what `new_client` reads")]
pub(crate) struct PersonalShape<C> {
    /// What it is called.
    name: PersonName,
    /// Requests per second; `null`, or nothing, for the standard of the deployment.
    #[serde(default)]
    rate_limit: Optional<RateLimitNumber>,
    /// When it stops to work; `null`, or nothing, for never.
    #[serde(default)]
    expires_at: Optional<TimeOrNever>,
    /// The application's own fields.
    attributes: C,
}

/// The body of `PATCH /v1/clients/{id}`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ClientChange", bound = "C: Attr")]
#[expect(dead_code, reason = "describes what `change` reads")]
pub(crate) struct ChangeShape<C> {
    /// The new name.
    #[serde(default)]
    name: Optional<PersonName>,
    /// Requests per second; `null` for the standard of the deployment.
    #[serde(default)]
    rate_limit: Optional<RateLimitNumber>,
    /// Whether its requests need a user's session too.
    #[serde(default)]
    require_user: Optional<bool>,
    /// Seconds that a session through it may lie idle from its next refresh on; `null` for as long as the deployment allows.
    #[serde(default)]
    session_idle: Optional<SessionSeconds>,
    /// Seconds that a session through it lasts if it is opened from now on; `null` for as long as the deployment allows.
    #[serde(default)]
    session_absolute: Optional<SessionSeconds>,
    /// Where a browser may be sent back to; these replace the old ones as a whole.
    #[serde(default)]
    #[schemars(length(max = 20))]
    redirect_uris: Optional<Vec<RedirectUriText>>,
    /// When it stops to work; `null` for never.
    #[serde(default)]
    expires_at: Optional<TimeOrNever>,
    /// Whether it may be used.
    #[serde(default)]
    enabled: Optional<bool>,
    /// The new fields of the application; they replace the old ones as a whole.
    #[serde(default)]
    attributes: Optional<C>,
}

/// A client, as those see it who may.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound = "")]
#[schemars(rename = "Client", bound = "")]
pub(crate) struct ClientView<'a, A: Attrs> {
    id: ClientId,
    /// The organization that owns it; `null` for a personal key.
    organization_id: Option<OrganizationId>,
    /// Whose personal key it is; `null` for a client of an organization.
    user_id: Option<UserId>,
    /// What it is called.
    name: &'a PersonName,
    /// Whether it can keep a secret.
    confidential: bool,
    /// Whether it may be used.
    enabled: bool,
    /// Whether its requests need a user's session too.
    require_user: bool,
    /// Requests per second; `null` for the standard of the deployment.
    #[schemars(with = "RateLimitNumber")]
    rate_limit: Option<u32>,
    /// Seconds that a session through it may lie idle; `null` for as long as the deployment allows.
    #[schemars(with = "SessionSeconds")]
    session_idle: Option<u64>,
    /// Seconds that a session through it lasts; `null` for as long as the deployment allows.
    #[schemars(with = "SessionSeconds")]
    session_absolute: Option<u64>,
    /// Where a browser may be sent back to.
    redirect_uris: Vec<&'a str>,
    /// What it may do in the deployment.
    roles: &'a [A::ClientRole],
    /// The application's own fields.
    attributes: &'a A::Client,
    /// When it stops to work; `null` for never.
    expires_at: Option<Timestamp>,
    /// When it came to be.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
    /// When it was last used, as far as that is written down yet; no part of the `ETag`.
    last_used_at: Option<Timestamp>,
}

/// A client that was just made.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound = "")]
#[schemars(rename = "NewlyMadeClient", bound = "")]
pub(crate) struct MadeView<'a, A: Attrs> {
    #[serde(flatten)]
    client: ClientView<'a, A>,
    /// Names the secret; not there for a public client.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_id: Option<SecretId>,
    /// The secret key, shown this once; not there for a public client.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<SecretKeyText>")]
    secret: Option<&'a str>,
}

impl<'a, A: Attrs> MadeView<'a, A> {
    pub(crate) fn new(client: &'a Client<A>, secret: Option<(SecretId, &'a str)>) -> Self {
        Self {
            client: view(client),
            secret_id: secret.map(|(id, _)| id),
            secret: secret.map(|(_, key)| key),
        }
    }
}

impl<'a, A: Attrs> ClientView<'a, A> {
    /// The view without when it was last used.
    pub(crate) fn steady(client: &'a Client<A>) -> Self {
        Self { last_used_at: None, ..view(client) }
    }
}

pub(crate) fn view<A: Attrs>(client: &Client<A>) -> ClientView<'_, A> {
    ClientView {
        id: client.id,
        organization_id: client.owner.organization(),
        user_id: client.owner.user(),
        name: &client.name,
        confidential: client.kind == ClientKind::Confidential,
        enabled: client.enabled,
        require_user: client.require_user,
        rate_limit: client.rate_limit.map(RateLimit::get),
        session_idle: client.sessions.idle.map(|time| time.as_secs()),
        session_absolute: client.sessions.absolute.map(|time| time.as_secs()),
        redirect_uris: client.redirect_uris.iter().map(RedirectUri::as_str).collect(),
        roles: &client.roles,
        attributes: &client.attrs,
        expires_at: client.expires,
        created_at: client.created,
        updated_at: client.updated,
        last_used_at: client.last_used,
    }
}
