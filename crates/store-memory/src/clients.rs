use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use durward_core::entity::{
    Client, ClientMatch, ClientOwner, ClientSecret, FoundClient, KeyOwner, LiveClient, LiveSecret,
    LiveTotp, SearchKey, UserStatus,
};
use durward_core::ids::{ClientId, SecretId, UserId};
use durward_core::store::{ClientQuery, Clients, ClientsMut, Result, StoreError};
use durward_core::{Attrs, Digest, Slice, Timestamp};

use crate::state::{Rows, State};
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

pub(crate) struct ClientTable<A: Attrs> {
    pub(crate) rows: Rows<ClientId, Client<A>>,
    pub(crate) secrets: Rows<SecretId, ClientSecret>,
    pub(crate) by_digest: BTreeMap<Digest, SecretId>,
}

impl<A: Attrs> ClientTable<A> {
    pub(crate) fn row(&self, id: ClientId) -> Option<&Client<A>> {
        self.rows.get(&id).map(Arc::as_ref)
    }

    /// Those that fit, the newest first.
    pub(crate) fn fitting(&self, query: &ClientQuery<A>) -> impl Iterator<Item = &Client<A>> {
        let ClientQuery { owner, role, enabled } = *query;
        let newest = self.rows.values().rev().map(Arc::as_ref);
        newest.filter(move |it| {
            owner.is_none_or(|owner| it.owner == owner)
                && role.is_none_or(|role| it.roles.contains(&role))
                && enabled.is_none_or(|enabled| it.enabled == enabled)
        })
    }

    pub(crate) fn list(&self, query: &ClientQuery<A>, slice: Slice<ClientId>) -> Vec<Client<A>> {
        let rows = self.fitting(query);
        let rows = rows.filter(|it| slice.after.is_none_or(|after| it.id < after));
        rows.take(slice.limit as usize).cloned().collect()
    }

    pub(crate) fn search(
        &self,
        begin: &SearchKey,
        query: &ClientQuery<A>,
        slice: &Slice<ClientMatch>,
    ) -> Vec<FoundClient<A>> {
        let mut found: Vec<FoundClient<A>> = self
            .fitting(query)
            .map(|it| {
                let key = SearchKey::of(it.name.as_str()).as_str().to_owned();
                FoundClient { client: it.clone(), place: ClientMatch { key, id: it.id } }
            })
            .filter(|found| begin.begins(&found.place.key))
            .filter(|found| slice.after.as_ref().is_none_or(|after| found.place > *after))
            .collect();
        found.sort_by(|one, other| one.place.cmp(&other.place));
        found.truncate(slice.limit as usize);
        found
    }

    pub(crate) fn secret(&self, digest: &Digest) -> Option<&ClientSecret> {
        self.secrets.get(self.by_digest.get(digest)?).map(Arc::as_ref)
    }

    pub(crate) fn secrets_of(&self, client: ClientId) -> impl Iterator<Item = &ClientSecret> {
        self.secrets.values().map(Arc::as_ref).filter(move |secret| secret.client == client)
    }

    pub(crate) fn insert(&mut self, client: &Client<A>) -> Result<()> {
        if self.rows.contains_key(&client.id) {
            return Err(StoreError::Duplicate("client"));
        }
        self.rows.insert(client.id, Arc::new(client.clone()));
        Ok(())
    }

    pub(crate) fn insert_below(&mut self, client: &Client<A>, most: u32) -> Result<bool> {
        let owned = self.rows.values().filter(|row| row.owner == client.owner).count();
        if owned >= most as usize {
            return Ok(false);
        }
        self.insert(client).map(|()| true)
    }

    pub(crate) fn update(&mut self, client: &Client<A>, from: i64) -> bool {
        let Some(stored) = self.row(client.id).filter(|stored| stored.version == from) else {
            return false;
        };
        let updated = Client {
            owner: stored.owner,
            kind: stored.kind,
            created: stored.created,
            last_used: stored.last_used,
            ..client.clone()
        };
        self.rows.insert(client.id, Arc::new(updated));
        true
    }

    pub(crate) fn delete(&mut self, id: ClientId, from: i64) -> bool {
        if self.row(id).is_none_or(|stored| stored.version != from) {
            return false;
        }
        self.rows.remove(&id);
        self.forget_orphans();
        true
    }

    /// Deletes all clients of a user.
    pub(crate) fn delete_of(&mut self, user: UserId) {
        self.rows.retain(|_, row| row.owner != ClientOwner::User(user));
        self.forget_orphans();
    }

    fn forget_orphans(&mut self) {
        let Self { rows, secrets, by_digest } = self;
        secrets.retain(|_, secret| rows.contains_key(&secret.client));
        by_digest.retain(|_, id| secrets.contains_key(id));
    }

    pub(crate) fn insert_secret(&mut self, secret: &ClientSecret, now: Timestamp) -> Result<bool> {
        let live = self.secrets_of(secret.client).filter(|other| other.is_live(now)).count();
        if self.row(secret.client).is_none() || live >= ClientSecret::MOST_LIVE as usize {
            return Ok(false);
        }
        self.put_secret(secret)?;
        Ok(true)
    }

    pub(crate) fn put_secret(&mut self, secret: &ClientSecret) -> Result<()> {
        if self.secrets.contains_key(&secret.id) || self.by_digest.contains_key(&secret.digest) {
            return Err(StoreError::Duplicate("client secret"));
        }
        self.by_digest.insert(secret.digest, secret.id);
        self.secrets.insert(secret.id, Arc::new(secret.clone()));
        Ok(())
    }

    /// Changes the secrets that the guard lets pass; answers how many there were.
    pub(crate) fn change_secrets(
        &mut self,
        guard: impl Fn(&ClientSecret) -> bool,
        change: impl Fn(&mut ClientSecret),
    ) -> u64 {
        let passed = self.secrets.values_mut().filter(|secret| guard(secret));
        passed.map(|secret| change(Arc::make_mut(secret))).count() as u64
    }

    pub(crate) fn expire(&mut self, client: ClientId, except: SecretId, at: Timestamp) -> u64 {
        self.change_secrets(
            |it| {
                let later = it.expires.is_none_or(|expires| expires > at);
                it.client == client && it.id != except && it.revoked.is_none() && later
            },
            |it| it.expires = Some(at),
        )
    }

    pub(crate) fn touch(&mut self, id: ClientId, secret: Option<SecretId>, at: Timestamp) {
        if let Some(row) = self.rows.get_mut(&id).filter(|row| row.last_used < Some(at)) {
            Arc::make_mut(row).last_used = Some(at);
        }
        self.change_secrets(
            |it| Some(it.id) == secret && it.client == id && it.last_used < Some(at),
            |it| it.last_used = Some(at),
        );
    }
}

impl<A: Attrs> State<A> {
    pub(crate) fn live_client(
        &self,
        id: ClientId,
        secret: Option<&ClientSecret>,
    ) -> Option<LiveClient<A>> {
        let client = self.clients.row(id)?;
        Some(LiveClient {
            id,
            owner: client.owner,
            owner_active: match client.owner {
                ClientOwner::Organization(id) => {
                    self.organizations.row(id).is_some_and(|it| it.archived.is_none())
                }
                ClientOwner::User(user) => {
                    self.users.row(user).is_some_and(|user| user.status == UserStatus::Active)
                }
            },
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
            secret: secret.map(|secret| LiveSecret {
                id: secret.id,
                expires: secret.expires,
                revoked: secret.revoked,
            }),
        })
    }

    fn key_owner(&self, user: UserId) -> Option<KeyOwner<A>> {
        let row = self.users.row(user)?;
        let password = self.passwords.row(user);
        let totp = self.factors.totp(user);
        Some(KeyOwner {
            roles: row.roles.clone(),
            has_password: password.is_some_and(|it| it.opens().is_ok()),
            totp: totp.map(|totp| LiveTotp { doubted: totp.doubted }),
        })
    }

    pub(crate) fn live_client_by_secret(&self, digest: &Digest) -> Option<LiveClient<A>> {
        let secret = self.clients.secret(digest)?;
        self.live_client(secret.client, Some(secret))
    }

    pub(crate) fn revoke_secrets_of(&mut self, user: UserId, now: Timestamp) -> u64 {
        let clients = Arc::make_mut(&mut self.clients);
        let owned = clients.rows.values().filter(|row| row.owner == ClientOwner::User(user));
        let owned: Vec<_> = owned.map(|row| row.id).collect();
        clients.change_secrets(
            |it| owned.contains(&it.client) && it.revoked.is_none(),
            |it| it.revoked = Some(now),
        )
    }
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Clients<A> for Handle<A> {
        async fn client(&mut self, id: ClientId) -> Result<Option<Client<A>>> {
            self.look(|state| state.clients.row(id).cloned())
        }

        async fn clients_of(
            &mut self,
            owner: ClientOwner,
            slice: Slice<ClientId>,
        ) -> Result<Vec<Client<A>>> {
            let before = slice.after.map_or(Bound::Unbounded, Bound::Excluded);
            self.look(|state| {
                let rows = state.clients.rows.range((Bound::Unbounded, before)).rev();
                let theirs = rows.map(|(_, row)| row).filter(|row| row.owner == owner);
                theirs.take(slice.limit as usize).map(|row| Client::clone(row)).collect()
            })
        }

        async fn list_clients(
            &mut self,
            query: &ClientQuery<A>,
            slice: Slice<ClientId>,
        ) -> Result<Vec<Client<A>>> {
            self.look(|state| state.clients.list(query, slice))
        }

        async fn search_clients(
            &mut self,
            begin: &SearchKey,
            query: &ClientQuery<A>,
            slice: Slice<ClientMatch>,
        ) -> Result<Vec<FoundClient<A>>> {
            self.look(|state| state.clients.search(begin, query, &slice))
        }

        async fn live_secrets_of(
            &mut self,
            client: ClientId,
            now: Timestamp,
        ) -> Result<Vec<ClientSecret>> {
            self.look(|state| {
                let secrets = state.clients.secrets_of(client);
                secrets.filter(|secret| secret.is_live(now)).cloned().collect()
            })
        }

        async fn live_client(&mut self, id: ClientId) -> Result<Option<LiveClient<A>>> {
            self.look(|state| state.live_client(id, None))
        }

        async fn live_client_by_secret(
            &mut self,
            secret: &Digest,
        ) -> Result<Option<LiveClient<A>>> {
            self.look(|state| state.live_client_by_secret(secret))
        }
    }
}

impl<A: Attrs> ClientsMut<A> for MemoryTx<A> {
    async fn insert_client(&mut self, client: &Client<A>, most: u32) -> Result<bool> {
        self.write(|state| Arc::make_mut(&mut state.clients).insert_below(client, most))
    }

    async fn update_client(&mut self, client: &Client<A>, from: i64) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.clients).update(client, from)))
    }

    async fn delete_client(&mut self, id: ClientId, from: i64) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.clients).delete(id, from)))
    }

    async fn insert_secret(&mut self, secret: &ClientSecret, now: Timestamp) -> Result<bool> {
        self.write(|state| Arc::make_mut(&mut state.clients).insert_secret(secret, now))
    }

    async fn revoke_secret(
        &mut self,
        client: ClientId,
        id: SecretId,
        now: Timestamp,
    ) -> Result<bool> {
        self.write(|state| {
            let revoked = Arc::make_mut(&mut state.clients).change_secrets(
                |it| it.id == id && it.client == client && it.revoked.is_none(),
                |it| it.revoked = Some(now),
            );
            Ok(revoked > 0)
        })
    }

    async fn expire_secrets(
        &mut self,
        client: ClientId,
        except: SecretId,
        at: Timestamp,
    ) -> Result<u64> {
        self.write(|state| Ok(Arc::make_mut(&mut state.clients).expire(client, except, at)))
    }

    async fn revoke_secrets_of(&mut self, user: UserId, now: Timestamp) -> Result<u64> {
        self.write(|state| Ok(state.revoke_secrets_of(user, now)))
    }

    async fn touch_client(
        &mut self,
        id: ClientId,
        secret: Option<SecretId>,
        at: Timestamp,
    ) -> Result<()> {
        self.write(|state| {
            Arc::make_mut(&mut state.clients).touch(id, secret, at);
            Ok(())
        })
    }
}

impl<A: Attrs> Default for ClientTable<A> {
    fn default() -> Self {
        Self { rows: Rows::new(), secrets: Rows::new(), by_digest: BTreeMap::new() }
    }
}

impl<A: Attrs> Clone for ClientTable<A> {
    fn clone(&self) -> Self {
        Self {
            rows: self.rows.clone(),
            secrets: self.secrets.clone(),
            by_digest: self.by_digest.clone(),
        }
    }
}
