//! Clients and their secrets.

use std::cmp::Reverse;

use durward::entity::{
    Client, ClientMatch, ClientOwner, ClientSecret, FoundClient, KeyOwner, LiveClient, LiveSecret,
    LiveTotp, SearchKey, UserStatus,
};
use durward::store::{ClientQuery, Clients, ClientsMut, Result};
use durward::{Attrs, ClientId, Digest, SecretId, Slice, StoreError, Timestamp, UserId};

use super::Handle;
use super::tables::{Tables, change, insert, part};

impl<A: Attrs> Tables<A> {
    fn client(&self, id: ClientId) -> Option<&Client<A>> {
        self.clients.iter().find(|row| row.id == id)
    }

    fn live_client(&self, id: ClientId, secret: Option<&ClientSecret>) -> Option<LiveClient<A>> {
        let client = self.client(id)?;
        let owner_active = match client.owner {
            ClientOwner::Organization(id) => {
                let mut rows = self.organizations.iter();
                rows.any(|row| row.id == id && row.archived.is_none())
            }
            ClientOwner::User(user) => {
                self.user(user).is_some_and(|user| user.status == UserStatus::Active)
            }
        };
        Some(LiveClient {
            id,
            owner: client.owner,
            owner_active,
            key_owner: match client.owner {
                ClientOwner::Organization(_) => None,
                ClientOwner::User(user) => self.key_owner(user),
            },
            kind: client.kind,
            enabled: client.enabled,
            require_user: client.require_user,
            rate_limit: client.rate_limit,
            roles: client.roles.clone(),
            restrictions: client.restrictions.clone(),
            expires: client.expires,
            secret: secret.map(|row| LiveSecret {
                id: row.id,
                expires: row.expires,
                revoked: row.revoked,
            }),
        })
    }

    /// What the user of a personal key has now.
    fn key_owner(&self, user: UserId) -> Option<KeyOwner<A>> {
        let row = self.user(user)?;
        let mut passwords = self.passwords.iter();
        let mut totps = self.totps.iter();
        Some(KeyOwner {
            roles: row.roles.clone(),
            has_password: passwords.any(|it| it.user == user && it.opens().is_ok()),
            totp: totps
                .find(|it| it.user == user && it.confirmed.is_some())
                .map(|it| LiveTotp { doubted: it.doubted }),
        })
    }

    fn live_secrets(&self, client: ClientId, now: Timestamp) -> Vec<ClientSecret> {
        let live = self.secrets.iter().filter(|row| row.client == client && row.is_live(now));
        let mut found: Vec<ClientSecret> = live.cloned().collect();
        found.sort_by_key(|row| row.id);
        found
    }
}

impl<A: Attrs> Clients<A> for Handle<A> {
    async fn client(&mut self, id: ClientId) -> Result<Option<Client<A>>> {
        self.look(|tables| tables.client(id).cloned())
    }

    async fn clients_of(
        &mut self,
        owner: ClientOwner,
        slice: Slice<ClientId>,
    ) -> Result<Vec<Client<A>>> {
        self.look(|tables| {
            let rows = tables.clients.iter();
            let behind = |row: &&Client<A>| slice.after.is_none_or(|after| row.id < after);
            let theirs = rows.filter(|row| row.owner == owner).filter(behind);
            let mut found: Vec<Client<A>> = theirs.cloned().collect();
            found.sort_by_key(|row| Reverse(row.id));
            found.truncate(slice.limit as usize);
            found
        })
    }

    async fn list_clients(
        &mut self,
        query: &ClientQuery<A>,
        slice: Slice<ClientId>,
    ) -> Result<Vec<Client<A>>> {
        self.look(|tables| {
            let fitting = tables.clients.iter().filter(|row| fits(row, query));
            part(fitting.cloned().collect(), slice, |row| row.id)
        })
    }

    async fn search_clients(
        &mut self,
        begin: &SearchKey,
        query: &ClientQuery<A>,
        slice: Slice<ClientMatch>,
    ) -> Result<Vec<FoundClient<A>>> {
        self.look(|tables| {
            let rows = tables.clients.iter().filter(|row| fits(row, query));
            let mut found: Vec<_> = rows
                .map(|row| {
                    let key = SearchKey::of(row.name.as_str()).as_str().to_owned();
                    FoundClient { client: row.clone(), place: ClientMatch { key, id: row.id } }
                })
                .filter(|it| begin.begins(&it.place.key))
                .filter(|it| slice.after.as_ref().is_none_or(|after| it.place > *after))
                .collect();
            found.sort_by(|one, other| one.place.cmp(&other.place));
            found.truncate(slice.limit as usize);
            found
        })
    }

    async fn live_secrets_of(
        &mut self,
        client: ClientId,
        now: Timestamp,
    ) -> Result<Vec<ClientSecret>> {
        self.look(|tables| tables.live_secrets(client, now))
    }

    async fn live_client(&mut self, id: ClientId) -> Result<Option<LiveClient<A>>> {
        self.look(|tables| tables.live_client(id, None))
    }

    async fn live_client_by_secret(&mut self, secret: &Digest) -> Result<Option<LiveClient<A>>> {
        self.look(|tables| {
            let secret = tables.secrets.iter().find(|row| row.digest == *secret)?;
            tables.live_client(secret.client, Some(secret))
        })
    }
}

/// Whether a client is one of those that are asked for.
fn fits<A: Attrs>(row: &Client<A>, query: &ClientQuery<A>) -> bool {
    let ClientQuery { owner, role, enabled } = query;
    owner.is_none_or(|owner| row.owner == owner)
        && role.is_none_or(|role| row.roles.contains(&role))
        && enabled.is_none_or(|enabled| row.enabled == enabled)
}

impl<A: Attrs> ClientsMut<A> for Handle<A> {
    async fn insert_client(&mut self, client: &Client<A>, most: u32) -> Result<bool> {
        self.write(|tables| {
            let owned = tables.clients.iter().filter(|row| row.owner == client.owner).count();
            if owned >= most as usize {
                return Ok(false);
            }
            let taken = tables.client(client.id).is_some();
            insert(&mut tables.clients, client, taken, "client").map(|()| true)
        })
    }

    async fn update_client(&mut self, client: &Client<A>, from: i64) -> Result<bool> {
        let guard = |row: &Client<A>| row.id == client.id && row.version == from;
        self.write(|tables| {
            Ok(change(&mut tables.clients, guard, |row| {
                *row = Client {
                    owner: row.owner,
                    kind: row.kind,
                    created: row.created,
                    last_used: row.last_used,
                    ..client.clone()
                };
            }))
        })
    }

    async fn delete_client(&mut self, id: ClientId, from: i64) -> Result<bool> {
        self.write(|tables| {
            let before = tables.clients.len();
            tables.clients.retain(|row| row.id != id || row.version != from);
            let deleted = tables.clients.len() < before;
            if deleted {
                tables.secrets.retain(|row| row.client != id);
            }
            Ok(deleted)
        })
    }

    async fn insert_secret(&mut self, secret: &ClientSecret, now: Timestamp) -> Result<bool> {
        self.write(|tables| {
            let live = tables.live_secrets(secret.client, now).len();
            let room = live < ClientSecret::MOST_LIVE as usize;
            if tables.client(secret.client).is_none() || !room {
                return Ok(false);
            }
            let same = |row: &ClientSecret| row.id == secret.id || row.digest == secret.digest;
            if tables.secrets.iter().any(same) {
                return Err(StoreError::Duplicate("client secret"));
            }
            tables.secrets.push(secret.clone());
            Ok(true)
        })
    }

    async fn revoke_secret(
        &mut self,
        client: ClientId,
        id: SecretId,
        now: Timestamp,
    ) -> Result<bool> {
        let guard =
            |row: &ClientSecret| row.id == id && row.client == client && row.revoked.is_none();
        self.write(|tables| Ok(change(&mut tables.secrets, guard, |row| row.revoked = Some(now))))
    }

    async fn expire_secrets(
        &mut self,
        client: ClientId,
        except: SecretId,
        at: Timestamp,
    ) -> Result<u64> {
        self.write(|tables| {
            let others = tables.secrets.iter_mut().filter(|row| {
                let later = row.expires.is_none_or(|expires| expires > at);
                row.client == client && row.id != except && row.revoked.is_none() && later
            });
            Ok(others.map(|row| row.expires = Some(at)).count() as u64)
        })
    }

    async fn revoke_secrets_of(&mut self, user: UserId, now: Timestamp) -> Result<u64> {
        self.write(|tables| {
            let Tables { clients, secrets, .. } = tables;
            let owned = |row: &&mut ClientSecret| {
                let mut of_user =
                    clients.iter().filter(|client| client.owner == ClientOwner::User(user));
                of_user.any(|client| client.id == row.client) && row.revoked.is_none()
            };
            let revoked = secrets.iter_mut().filter(owned);
            Ok(revoked.map(|row| row.revoked = Some(now)).count() as u64)
        })
    }

    async fn touch_client(
        &mut self,
        id: ClientId,
        secret: Option<SecretId>,
        at: Timestamp,
    ) -> Result<()> {
        self.write(|tables| {
            let guard = |row: &Client<A>| row.id == id && row.last_used < Some(at);
            change(&mut tables.clients, guard, |row| row.last_used = Some(at));
            let guard = |row: &ClientSecret| {
                Some(row.id) == secret && row.client == id && row.last_used < Some(at)
            };
            change(&mut tables.secrets, guard, |row| row.last_used = Some(at));
            Ok(())
        })
    }
}
