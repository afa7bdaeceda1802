mod rows;

use durward_core::entity::{
    AccessRestriction, Client, ClientMatch, ClientOwner, ClientSecret, FoundClient, LiveClient,
    RateLimit, RedirectUri, SearchKey,
};
use durward_core::ids::{ClientId, SecretId, UserId};
use durward_core::store::{ClientQuery, Clients, ClientsMut, Result};
use durward_core::{Attrs, Digest, Slice, Timestamp};

use crate::client_lists;
use crate::engine::{Engine, Value, values};
use crate::read::look_ups;
use crate::row::Columns;
use crate::statement::statements;
use crate::tx::SqlTx;
use rows::{decode_live, decode_proven, decode_secret, live_columns, live_joins, secret_columns};

pub(crate) use rows::{columns, decode};

statements! { Clients;
    CLIENT = concat!("SELECT ", columns!(), " FROM {clients} WHERE id = ?");
    CLIENTS_OF_ORGANIZATION = concat!(
        "SELECT ", columns!(), " FROM {clients} WHERE organization_id = ? AND id < ? \
         ORDER BY id DESC LIMIT ?"
    );
    CLIENTS_OF_USER = concat!(
        "SELECT ", columns!(), " FROM {clients} WHERE user_id = ? AND id < ? \
         ORDER BY id DESC LIMIT ?"
    );
    LIVE_SECRETS_OF = concat!(
        "SELECT ", secret_columns!(), " FROM {client_secrets} \
         WHERE client_id = ? AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?) \
         ORDER BY id"
    );
    LIVE_CLIENT = concat!(
        "SELECT ", live_columns!(), " FROM {clients} c ", live_joins!(), " WHERE c.id = ?"
    );
    LIVE_CLIENT_BY_SECRET = concat!(
        "SELECT ", live_columns!(), ", s.id AS secret_id, s.expires_ms AS secret_expires_ms, \
         s.revoked_ms AS secret_revoked_ms \
         FROM {client_secrets} s JOIN {clients} c ON c.id = s.client_id ",
        live_joins!(), " WHERE s.digest = ?"
    );
    INSERT_CLIENT = concat!(
        "INSERT INTO {clients} (", columns!(), ", name_key) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    // Each changes nothing and holds the row, so that clients are counted by one unit of work at a time.
    LOCK_OWNING_ORGANIZATION = "UPDATE {organizations} SET version = version WHERE id = ?";
    LOCK_OWNING_USER = "UPDATE {users} SET version = version WHERE id = ?";
    COUNT_CLIENTS_OF_ORGANIZATION =
        "SELECT COUNT(id) AS owned FROM {clients} WHERE organization_id = ?";
    COUNT_CLIENTS_OF_USER = "SELECT COUNT(id) AS owned FROM {clients} WHERE user_id = ?";
    UPDATE_CLIENT =
        "UPDATE {clients} SET name = ?, enabled = ?, require_user = ?, rate_limit = ?, \
         session_idle_ms = ?, session_absolute_ms = ?, redirect_uris = ?, roles = ?, restrictions = ?, \
         expires_ms = ?, version = ?, updated_ms = ?, attrs = ?, name_key = ? \
         WHERE id = ? AND version = ?";
    DELETE_CLIENT = "DELETE FROM {clients} WHERE id = ? AND version = ?";
    // Changes nothing and holds the row, so that secrets are counted by one unit of work at a time.
    LOCK_CLIENT = "UPDATE {clients} SET version = version WHERE id = ?";
    COUNT_LIVE_SECRETS =
        "SELECT COUNT(id) AS live FROM {client_secrets} \
         WHERE client_id = ? AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?)";
    INSERT_SECRET = concat!(
        "INSERT INTO {client_secrets} (", secret_columns!(), ") VALUES (?, ?, ?, ?, ?, ?, ?)"
    );
    REVOKE_SECRET =
        "UPDATE {client_secrets} SET revoked_ms = ? \
         WHERE id = ? AND client_id = ? AND revoked_ms IS NULL";
    EXPIRE_SECRETS =
        "UPDATE {client_secrets} SET expires_ms = ? WHERE client_id = ? AND id <> ? \
         AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?)";
    REVOKE_SECRETS_OF =
        "UPDATE {client_secrets} SET revoked_ms = ? WHERE revoked_ms IS NULL \
         AND client_id IN (SELECT id FROM {clients} WHERE user_id = ?)";
    TOUCH_CLIENT =
        "UPDATE {clients} SET last_used_ms = ? \
         WHERE id = ? AND (last_used_ms IS NULL OR last_used_ms < ?)";
    TOUCH_SECRET =
        "UPDATE {client_secrets} SET last_used_ms = ? \
         WHERE id = ? AND client_id = ? AND (last_used_ms IS NULL OR last_used_ms < ?)";
}

/// Every id comes before this one.
const LAST: ClientId = ClientId::from_bytes([0xff; 16]);

look_ups! {
    impl<E: Engine, A: Attrs> Clients<A> for Handle<'_, E, A> {
        async fn client(&mut self, id: ClientId) -> Result<Option<Client<A>>> {
            self.row(CLIENT, values![&id], decode).await
        }

        async fn clients_of(
            &mut self,
            owner: ClientOwner,
            slice: Slice<ClientId>,
        ) -> Result<Vec<Client<A>>> {
            let before = slice.after.unwrap_or(LAST);
            match owner {
                ClientOwner::Organization(id) => {
                    self.rows(CLIENTS_OF_ORGANIZATION, values![&id, &before, slice.limit], decode).await
                }
                ClientOwner::User(id) => {
                    self.rows(CLIENTS_OF_USER, values![&id, &before, slice.limit], decode).await
                }
            }
        }

        async fn list_clients(
            &mut self,
            query: &ClientQuery<A>,
            slice: Slice<ClientId>,
        ) -> Result<Vec<Client<A>>> {
            let pattern = query.role.as_ref().map(client_lists::pattern).transpose()?;
            let (mut found, mut before) = (Vec::new(), slice.after.unwrap_or(LAST));
            loop {
                let rows: Vec<Client<A>> = {
                    let (statement, values) =
                        client_lists::list(query, pattern.as_deref(), &before, slice.limit);
                    self.rows(statement, &values, decode).await?
                };
                let is_last = rows.len() < slice.limit as usize;
                let last = rows.last().map(|client| client.id);
                client_lists::keep(&mut found, rows, query.role, |client| client);
                match last.filter(|_| !is_last && found.len() < slice.limit as usize) {
                    Some(last) => before = last,
                    None => break,
                }
            }
            found.truncate(slice.limit as usize);
            Ok(found)
        }

        async fn search_clients(
            &mut self,
            begin: &SearchKey,
            query: &ClientQuery<A>,
            slice: Slice<ClientMatch>,
        ) -> Result<Vec<FoundClient<A>>> {
            let pattern = query.role.as_ref().map(client_lists::pattern).transpose()?;
            let (mut found, end, owner) = (Vec::new(), begin.end(), client_lists::owner(query));
            let mut after = slice.after.unwrap_or_else(client_lists::first);
            loop {
                let rows: Vec<FoundClient<A>> = {
                    let (whose, limit) = ((&owner, pattern.as_deref()), slice.limit);
                    let (statement, values) =
                        client_lists::search((begin, &end), query, whose, &after, limit);
                    self.rows(statement, &values, client_lists::decode_found).await?
                };
                let is_last = rows.len() < slice.limit as usize;
                let last = rows.last().map(|found| found.place.clone());
                client_lists::keep(&mut found, rows, query.role, |found| &found.client);
                match last.filter(|_| !is_last && found.len() < slice.limit as usize) {
                    Some(last) => after = last,
                    None => break,
                }
            }
            found.truncate(slice.limit as usize);
            Ok(found)
        }

        async fn live_secrets_of(
            &mut self,
            client: ClientId,
            now: Timestamp,
        ) -> Result<Vec<ClientSecret>> {
            self.few(LIVE_SECRETS_OF, values![&client, now], decode_secret).await
        }

        async fn live_client(&mut self, id: ClientId) -> Result<Option<LiveClient<A>>> {
            self.row(LIVE_CLIENT, values![&id], decode_live).await
        }

        async fn live_client_by_secret(
            &mut self,
            secret: &Digest,
        ) -> Result<Option<LiveClient<A>>> {
            self.row(LIVE_CLIENT_BY_SECRET, values![secret], decode_proven).await
        }
    }
}

impl<E: Engine, A: Attrs> ClientsMut<A> for SqlTx<'_, E, A> {
    async fn insert_client(&mut self, client: &Client<A>, most: u32) -> Result<bool> {
        let (organization, user) = match client.owner {
            ClientOwner::Organization(id) => (Some(id), None),
            ClientOwner::User(id) => (None, Some(id)),
        };
        if self.count_clients(client.owner).await? >= most.into() {
            return Ok(false);
        }
        let (json, name_key) = (self.client_json(client)?, SearchKey::of(client.name.as_str()));
        let values = values![
            &client.id,
            &organization,
            &user,
            client.name.as_str(),
            client.kind.name(),
            client.enabled,
            client.require_user,
            client.rate_limit.map(RateLimit::get),
            client.sessions.idle,
            client.sessions.absolute,
            &json.redirect_uris,
            &json.roles,
            &json.restrictions,
            client.expires,
            client.version,
            client.created,
            client.updated,
            client.last_used,
            &json.attrs,
            name_key.as_str(),
        ];
        self.insert(INSERT_CLIENT, values, "client").await?;
        Ok(true)
    }

    async fn update_client(&mut self, client: &Client<A>, from: i64) -> Result<bool> {
        let (json, name_key) = (self.client_json(client)?, SearchKey::of(client.name.as_str()));
        let values = values![
            client.name.as_str(),
            client.enabled,
            client.require_user,
            client.rate_limit.map(RateLimit::get),
            client.sessions.idle,
            client.sessions.absolute,
            &json.redirect_uris,
            &json.roles,
            &json.restrictions,
            client.expires,
            client.version,
            client.updated,
            &json.attrs,
            name_key.as_str(),
            &client.id,
            from,
        ];
        self.change(UPDATE_CLIENT, values).await
    }

    async fn delete_client(&mut self, id: ClientId, from: i64) -> Result<bool> {
        self.change(DELETE_CLIENT, values![&id, from]).await
    }

    async fn insert_secret(&mut self, secret: &ClientSecret, now: Timestamp) -> Result<bool> {
        let ClientSecret { id, client, digest, created, expires, revoked, last_used } = secret;
        if self.execute(LOCK_CLIENT, values![client]).await? == 0 {
            return Ok(false);
        }
        let values = values![client, now];
        let live = self.row(COUNT_LIVE_SECRETS, values, |row| row.number("live")).await?;
        if live.is_none_or(|live| live >= ClientSecret::MOST_LIVE.into()) {
            return Ok(false);
        }
        let values = values![id, client, digest, *created, *expires, *revoked, *last_used];
        self.insert(INSERT_SECRET, values, "client secret").await?;
        Ok(true)
    }

    async fn revoke_secret(
        &mut self,
        client: ClientId,
        id: SecretId,
        now: Timestamp,
    ) -> Result<bool> {
        self.change(REVOKE_SECRET, values![now, &id, &client]).await
    }

    async fn expire_secrets(
        &mut self,
        client: ClientId,
        except: SecretId,
        at: Timestamp,
    ) -> Result<u64> {
        // The client before its secrets, as whoever adds one: in another order two would wait for each other.
        self.execute(LOCK_CLIENT, values![&client]).await?;
        self.execute(EXPIRE_SECRETS, values![at, &client, &except, at]).await
    }

    async fn revoke_secrets_of(&mut self, user: UserId, now: Timestamp) -> Result<u64> {
        self.execute(REVOKE_SECRETS_OF, values![now, &user]).await
    }

    async fn touch_client(
        &mut self,
        id: ClientId,
        secret: Option<SecretId>,
        at: Timestamp,
    ) -> Result<()> {
        self.execute(TOUCH_CLIENT, values![at, &id, at]).await?;
        if let Some(secret) = &secret {
            self.execute(TOUCH_SECRET, values![at, secret, &id, at]).await?;
        }
        Ok(())
    }
}

/// The columns of a client that are JSON.
struct ClientJson {
    redirect_uris: String,
    roles: String,
    restrictions: String,
    attrs: String,
}

impl<E: Engine, A: Attrs> SqlTx<'_, E, A> {
    /// How many clients an owner has; nobody else makes one of his until this unit of work is over.
    async fn count_clients(&mut self, owner: ClientOwner) -> Result<i64> {
        let (lock, count, id) = match &owner {
            ClientOwner::Organization(id) => {
                (LOCK_OWNING_ORGANIZATION, COUNT_CLIENTS_OF_ORGANIZATION, Value::from(id))
            }
            ClientOwner::User(id) => (LOCK_OWNING_USER, COUNT_CLIENTS_OF_USER, Value::from(id)),
        };
        self.execute(lock, &[id]).await?;
        let found = self.row(count, &[id], |row| row.number("owned")).await?;
        Ok(found.unwrap_or(0))
    }

    fn client_json(&mut self, client: &Client<A>) -> Result<ClientJson> {
        let redirect_uris: Vec<&str> =
            client.redirect_uris.iter().map(RedirectUri::as_str).collect();
        Ok(ClientJson {
            redirect_uris: self.json(&redirect_uris)?,
            roles: self.json(&client.roles)?,
            restrictions: AccessRestriction::to_stored(&client.restrictions),
            attrs: self.json(&client.attrs)?,
        })
    }
}
