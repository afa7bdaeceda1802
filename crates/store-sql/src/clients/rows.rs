//! How clients and their secrets stand in rows.

use std::time::Duration;

use durward_core::entity::{
    AccessRestriction, Client, ClientKind, ClientOwner, ClientSecret, ClientSessions, KeyOwner,
    LiveClient, LiveSecret, LiveTotp, RateLimit, RedirectUri, UserStatus,
};
use durward_core::ids::{ClientId, OrganizationId, SecretId, UserId};
use durward_core::store::Result;
use durward_core::{Attrs, PersonName};

use crate::row::{Columns, Row, unreadable};

macro_rules! columns {
    () => {
        "id, organization_id, user_id, name, kind, enabled, require_user, rate_limit, \
         session_idle_ms, session_absolute_ms, redirect_uris, roles, restrictions, expires_ms, version, \
         created_ms, updated_ms, last_used_ms, attrs"
    };
}

macro_rules! live_columns {
    () => {
        "c.id AS id, c.organization_id AS organization_id, c.user_id AS user_id, \
         u.status AS user_status, u.roles AS user_roles, p.user_id AS password_user_id, \
         t.id AS totp_id, t.doubted_ms AS totp_doubted_ms, o.archived_ms AS archived_ms, c.kind AS kind, c.enabled AS enabled, \
         c.require_user AS require_user, c.rate_limit AS rate_limit, c.roles AS roles, \
         c.restrictions AS restrictions, c.expires_ms AS expires_ms"
    };
}

/// Of whose key it is, each by an index; of a client of an organization none of them looks for anything.
macro_rules! live_joins {
    () => {
        "LEFT JOIN {organizations} o ON o.id = c.organization_id \
         LEFT JOIN {users} u ON u.id = c.user_id \
         LEFT JOIN {passwords} p ON p.user_id = c.user_id AND p.compromised_ms IS NULL \
         LEFT JOIN {totps} t ON t.enrolled_user_id = c.user_id"
    };
}

macro_rules! secret_columns {
    () => {
        "id, client_id, digest, created_ms, expires_ms, revoked_ms, last_used_ms"
    };
}

pub(crate) use {columns, live_columns, live_joins, secret_columns};

fn owner(row: &dyn Row) -> Result<ClientOwner> {
    let organization = row.fixed_if_any("organization_id")?.map(OrganizationId::from_bytes);
    let user = row.fixed_if_any("user_id")?.map(UserId::from_bytes);
    match (organization, user) {
        (Some(id), None) => Ok(ClientOwner::Organization(id)),
        (None, Some(id)) => Ok(ClientOwner::User(id)),
        (Some(_), Some(_)) | (None, None) => Err(unreadable("organization_id")),
    }
}

fn rate_limit(row: &dyn Row) -> Result<Option<RateLimit>> {
    let stored = row.number_if_any("rate_limit")?;
    let limit = stored.map(|it| u32::try_from(it).ok().and_then(RateLimit::per_second));
    limit.map(|it| it.ok_or_else(|| unreadable("rate_limit"))).transpose()
}

fn time_span(row: &dyn Row, column: &'static str) -> Result<Option<Duration>> {
    let millis = row.number_if_any(column)?.map(u64::try_from).transpose();
    let millis = millis.map_err(|_negative| unreadable(column))?;
    Ok(millis.map(Duration::from_millis))
}

pub(crate) fn decode<A: Attrs>(row: &dyn Row) -> Result<Client<A>> {
    let redirect_uris: Vec<String> = row.json("redirect_uris")?;
    Ok(Client {
        id: ClientId::from_bytes(row.fixed("id")?),
        owner: owner(row)?,
        name: PersonName::from_stored(row.string("name")?),
        kind: row.named("kind", ClientKind::named)?,
        enabled: row.number("enabled")? != 0,
        require_user: row.number("require_user")? != 0,
        rate_limit: rate_limit(row)?,
        sessions: ClientSessions {
            idle: time_span(row, "session_idle_ms")?,
            absolute: time_span(row, "session_absolute_ms")?,
        },
        redirect_uris: redirect_uris.into_iter().map(RedirectUri::from_stored).collect(),
        roles: row.json("roles")?,
        restrictions: AccessRestriction::from_stored(row.str("restrictions")?),
        expires: row.time_if_any("expires_ms")?,
        version: row.number("version")?,
        created: row.time("created_ms")?,
        updated: row.time("updated_ms")?,
        last_used: row.time_if_any("last_used_ms")?,
        attrs: row.json("attrs")?,
    })
}

pub(super) fn decode_secret(row: &dyn Row) -> Result<ClientSecret> {
    Ok(ClientSecret {
        id: SecretId::from_bytes(row.fixed("id")?),
        client: ClientId::from_bytes(row.fixed("client_id")?),
        digest: row.digest("digest")?,
        created: row.time("created_ms")?,
        expires: row.time_if_any("expires_ms")?,
        revoked: row.time_if_any("revoked_ms")?,
        last_used: row.time_if_any("last_used_ms")?,
    })
}

/// In the order of the columns, since each is looked for behind the one before it.
pub(super) fn decode_live<A: Attrs>(row: &dyn Row) -> Result<LiveClient<A>> {
    let id = ClientId::from_bytes(row.fixed("id")?);
    let owner = owner(row)?;
    let (owner_active, key_owner) = match owner {
        ClientOwner::Organization(_) => (row.time_if_any("archived_ms")?.is_none(), None),
        ClientOwner::User(_) => {
            let status = row.named("user_status", UserStatus::named)?;
            (status == UserStatus::Active, Some(decode_owner(row)?))
        }
    };
    Ok(LiveClient {
        id,
        owner,
        owner_active,
        key_owner,
        kind: row.named("kind", ClientKind::named)?,
        enabled: row.number("enabled")? != 0,
        require_user: row.number("require_user")? != 0,
        rate_limit: rate_limit(row)?,
        roles: row.json("roles")?,
        restrictions: AccessRestriction::from_stored(row.str("restrictions")?),
        expires: row.time_if_any("expires_ms")?,
        secret: None,
    })
}

fn decode_owner<A: Attrs>(row: &dyn Row) -> Result<KeyOwner<A>> {
    let roles = row.json("user_roles")?;
    let password = row.fixed_if_any::<16>("password_user_id")?;
    let totp = row.fixed_if_any::<16>("totp_id")?;
    let doubted = row.time_if_any("totp_doubted_ms")?;
    Ok(KeyOwner {
        roles,
        has_password: password.is_some(),
        totp: totp.map(|_| LiveTotp { doubted }),
    })
}

pub(super) fn decode_proven<A: Attrs>(row: &dyn Row) -> Result<LiveClient<A>> {
    let live = decode_live(row)?;
    let secret = LiveSecret {
        id: SecretId::from_bytes(row.fixed("secret_id")?),
        expires: row.time_if_any("secret_expires_ms")?,
        revoked: row.time_if_any("secret_revoked_ms")?,
    };
    Ok(LiveClient { secret: Some(secret), ..live })
}
