use std::time::Duration;

use super::{Accounts, IssuedSecret};
use crate::attrs::{Attrs, ClientRole};
use crate::authz::FreshUser;
use crate::entity::{
    Client, ClientKind, ClientMatch, ClientOwner, ClientSessions, RateLimit, RedirectUri, SearchKey,
};
use crate::error::{Error, Obstruction};
use crate::event::Event;
use crate::ids::ClientId;
use crate::mail::Notice;
use crate::origin::Origin;
use crate::page::{Page, Slice};
use crate::store::{ClientQuery, Clients, ClientsMut, Organizations, Store, StoreError, Users};
use crate::text::PersonName;
use crate::time::Timestamp;

/// A client to be.
#[derive(Clone, Debug, PartialEq)]
pub struct NewClient<A: Attrs> {
    /// Whose it will be, for ever.
    pub owner: ClientOwner,
    /// What it is called.
    pub name: PersonName,
    /// Whether it can keep a secret; a personal key can.
    pub kind: ClientKind,
    /// Whether its requests need a user's session too.
    pub require_user: bool,
    /// How many requests it may make per second; `None` for the standard of the deployment.
    pub rate_limit: Option<RateLimit>,
    /// How long the sessions last that are issued through it.
    pub sessions: ClientSessions,
    /// Where a browser may be sent back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// When it stops to work, if it does.
    pub expires: Option<Timestamp>,
    /// The application's own fields.
    pub attrs: A::Client,
}

/// A client that was just made.
#[derive(Clone, Debug)]
pub struct NewlyMade<A: Attrs> {
    /// The client.
    pub client: Client<A>,
    /// Its first secret, shown this once; a public client has none.
    pub secret: Option<IssuedSecret>,
}

/// What is to be different about a client; `None` leaves a field as it is, and so does the default.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientChange<A: Attrs> {
    /// The new name.
    pub name: Option<PersonName>,
    /// Whether it may be used.
    pub enabled: Option<bool>,
    /// Whether its requests need a user's session too.
    pub require_user: Option<bool>,
    /// How many requests it may make per second; `Some(None)` for the standard of the deployment.
    pub rate_limit: Option<Option<RateLimit>>,
    /// How long a session through it may lie idle from its next refresh on; `Some(None)` for as long as the deployment
    /// allows.
    pub session_idle: Option<Option<Duration>>,
    /// How long a session through it lasts if it is opened from now on; `Some(None)` for as long as the deployment
    /// allows.
    pub session_absolute: Option<Option<Duration>>,
    /// Where a browser may be sent back to.
    pub redirect_uris: Option<Vec<RedirectUri>>,
    /// When it stops to work; `Some(None)` for never.
    pub expires: Option<Option<Timestamp>>,
    /// The new fields of the application.
    pub attrs: Option<A::Client>,
    /// The version that the caller looked at; another one is [`Error::Stale`].
    pub version: Option<i64>,
}

impl<A: Attrs> Default for ClientChange<A> {
    fn default() -> Self {
        Self {
            name: None,
            enabled: None,
            require_user: None,
            rate_limit: None,
            session_idle: None,
            session_absolute: None,
            redirect_uris: None,
            expires: None,
            attrs: None,
            version: None,
        }
    }
}

impl<S: Store> Accounts<S> {
    /// Makes a client on behalf of a user, inside the caller's unit of work. A confidential one gets its first
    /// secret, which is shown this once (R-CL-01, R-SE-14). All proven addresses of its owner are told of a personal
    /// key (R-NO-01).
    ///
    /// [`Error::NotFound`] when the owner is not there, [`Error::Forbidden`] when he is archived, and
    /// [`Error::Invalid`] when he has as many clients as [`Limits`](crate::Limits) allow, whether they may be used or
    /// not, or the client is to have a higher rate.
    pub async fn create_client(
        &self,
        tx: &mut S::Tx<'_>,
        new: NewClient<S::Attrs>,
        by: &FreshUser,
        origin: &Origin,
    ) -> Result<NewlyMade<S::Attrs>, Error> {
        self.hold_in(tx, by).await?;
        let role = <S::Attrs as Attrs>::ClientRole::STANDARD;
        self.provision_client(tx, new, vec![role], origin).await
    }

    /// Makes a client with roles of one's choice, inside the caller's unit of work: for whoever runs the
    /// deployment, as by its command line. Nobody is asked whether he may; the owner has no more clients than others.
    pub async fn provision_client(
        &self,
        tx: &mut S::Tx<'_>,
        new: NewClient<S::Attrs>,
        roles: Vec<<S::Attrs as Attrs>::ClientRole>,
        origin: &Origin,
    ) -> Result<NewlyMade<S::Attrs>, Error> {
        let now = self.now();
        let NewClient {
            owner,
            name,
            kind,
            require_user,
            rate_limit,
            sessions,
            redirect_uris,
            expires,
            attrs,
        } = new;
        self.check_client_owner(tx, owner).await?;
        self.check_client_rate(rate_limit)?;
        if matches!((owner, kind), (ClientOwner::User(_), ClientKind::Public)) {
            let text = "A personal key must be able to keep a secret.";
            let obstruction = Obstruction::new("PERSONAL_KEY_PUBLIC", text).at("/confidential");
            return Err(Error::Invalid(vec![obstruction]));
        }
        let client = Client {
            id: ClientId::new(now, self.entropy()),
            owner,
            name,
            kind,
            enabled: true,
            require_user,
            rate_limit,
            sessions,
            redirect_uris,
            roles,
            restrictions: Vec::new(),
            expires,
            version: 1,
            created: now,
            updated: now,
            last_used: None,
            attrs,
        };
        let limits = self.settings().limits;
        let most = match owner {
            ClientOwner::Organization(_) => limits.organization_clients,
            ClientOwner::User(_) => limits.user_clients,
        };
        if !tx.insert_client(&client, most).await? {
            return Err(Error::Invalid(vec![too_many(most)]));
        }
        self.record(tx, &Event::ClientCreated { client: &client }, origin).await?;
        let secret = match kind {
            ClientKind::Confidential => Some(self.issue_secret(tx, &client, None, origin).await?),
            ClientKind::Public => None,
        };
        self.tell_of_key(tx, owner, Notice::PersonalKeyCreated).await?;
        Ok(NewlyMade { client, secret })
    }

    /// The client with this id, whether it may be used or not.
    pub async fn client(&self, id: ClientId) -> Result<Client<S::Attrs>, Error> {
        self.read().await?.client(id).await?.ok_or(Error::NotFound("client"))
    }

    /// A part of the clients of an owner, the newest first. [`Error::NotFound`] when a user is not there.
    pub async fn clients_of(
        &self,
        owner: ClientOwner,
        slice: Slice<ClientId>,
    ) -> Result<Page<Client<S::Attrs>, ClientId>, Error> {
        let mut read = self.read().await?;
        if let ClientOwner::User(id) = owner
            && read.user(id).await?.is_none_or(|user| user.is_gone(self.now()))
        {
            return Err(Error::NotFound("user"));
        }
        let rows = read.clients_of(owner, slice.and_one_more()).await?;
        Ok(slice.page(rows, |client| client.id))
    }

    /// A part of all clients that fit, the newest first.
    pub async fn list_clients(
        &self,
        query: &ClientQuery<S::Attrs>,
        slice: Slice<ClientId>,
    ) -> Result<Page<Client<S::Attrs>, ClientId>, Error> {
        let rows = self.read().await?.list_clients(query, slice.and_one_more()).await?;
        Ok(slice.page(rows, |client| client.id))
    }

    /// A part of the clients that fit and whose name begins with this, in the order of names.
    pub async fn search_clients(
        &self,
        begin: &SearchKey,
        query: &ClientQuery<S::Attrs>,
        slice: Slice<ClientMatch>,
    ) -> Result<Page<Client<S::Attrs>, ClientMatch>, Error> {
        let mut read = self.read().await?;
        let rows = read.search_clients(begin, query, slice.and_one_more()).await?;
        let Page { rows, next } = slice.page(rows, |found| found.place.clone());
        Ok(Page { rows: rows.into_iter().map(|found| found.client).collect(), next })
    }

    /// Changes a client, inside the caller's unit of work; what is disabled is refused from its commit on.
    ///
    /// [`Error::Stale`] when the change names a version that is no longer the present one.
    pub async fn update_client(
        &self,
        tx: &mut S::Tx<'_>,
        id: ClientId,
        change: ClientChange<S::Attrs>,
        origin: &Origin,
    ) -> Result<Client<S::Attrs>, Error> {
        let before = self.present_client(tx, id).await?;
        if change.version.is_some_and(|version| version != before.version) {
            return Err(Error::Stale("client"));
        }
        let ClientChange {
            name,
            enabled,
            require_user,
            rate_limit,
            session_idle,
            session_absolute,
            redirect_uris,
            expires,
            attrs,
            version: _,
        } = change;
        let mut after = before.clone();
        after.name = name.unwrap_or(after.name);
        after.enabled = enabled.unwrap_or(after.enabled);
        after.require_user = require_user.unwrap_or(after.require_user);
        self.check_client_rate(rate_limit.flatten())?;
        after.rate_limit = rate_limit.unwrap_or(after.rate_limit);
        after.sessions.idle = session_idle.unwrap_or(after.sessions.idle);
        after.sessions.absolute = session_absolute.unwrap_or(after.sessions.absolute);
        after.redirect_uris = redirect_uris.unwrap_or(after.redirect_uris);
        after.expires = expires.unwrap_or(after.expires);
        after.attrs = attrs.unwrap_or(after.attrs);
        if after == before {
            return Ok(before);
        }
        let after = self.replace_client(tx, &before, after).await?;
        let event = Event::ClientUpdated { before: &before, after: &after };
        self.record(tx, &event, origin).await?;
        Ok(after)
    }

    /// Deletes a client with its secrets, inside the caller's unit of work; it is refused from the commit on, and
    /// so are the sessions that were issued through it (GW-15).
    ///
    /// [`Error::Stale`] when `version` is given and no longer the present one.
    pub async fn delete_client(
        &self,
        tx: &mut S::Tx<'_>,
        id: ClientId,
        version: Option<i64>,
        origin: &Origin,
    ) -> Result<(), Error> {
        let client = self.present_client(tx, id).await?;
        if version.is_some_and(|version| version != client.version) {
            return Err(Error::Stale("client"));
        }
        if !tx.delete_client(id, client.version).await? {
            return Err(Error::Store(StoreError::Conflict));
        }
        self.record(tx, &Event::ClientDeleted { client: &client }, origin).await
    }

    pub(super) async fn present_client(
        &self,
        tx: &mut S::Tx<'_>,
        id: ClientId,
    ) -> Result<Client<S::Attrs>, Error> {
        tx.client(id).await?.ok_or(Error::NotFound("client"))
    }

    /// Writes what a client is to be.
    pub(super) async fn replace_client(
        &self,
        tx: &mut S::Tx<'_>,
        before: &Client<S::Attrs>,
        after: Client<S::Attrs>,
    ) -> Result<Client<S::Attrs>, Error> {
        let after = Client { version: before.version + 1, updated: self.now(), ..after };
        if tx.update_client(&after, before.version).await? {
            Ok(after)
        } else {
            Err(Error::Store(StoreError::Conflict))
        }
    }

    /// Whether a client may have this rate of its own.
    fn check_client_rate(&self, wanted: Option<RateLimit>) -> Result<(), Error> {
        let most = self.settings().limits.client_rate;
        if wanted.is_none_or(|wanted| wanted.get() <= most) {
            return Ok(());
        }
        let text = "Must not be more than this deployment allows.";
        let obstruction =
            Obstruction::new("OUT_OF_RANGE", text).with("min", 1).with("max", u64::from(most));
        Err(Error::Invalid(vec![obstruction.at("/rateLimit")]))
    }

    async fn check_client_owner(
        &self,
        tx: &mut S::Tx<'_>,
        owner: ClientOwner,
    ) -> Result<(), Error> {
        match owner {
            ClientOwner::User(id) => self.present_user(tx, id).await.map(drop),
            ClientOwner::Organization(id) => {
                let found = tx.organization(id).await?.ok_or(Error::NotFound("organization"))?;
                if found.archived.is_some() { Err(Error::Forbidden) } else { Ok(()) }
            }
        }
    }
}

fn too_many(most: u32) -> Obstruction {
    let text =
        format!("There are {most} clients already, as many as there may be; delete one first.");
    Obstruction::new("TOO_MANY_CLIENTS", text).with("max", most.into())
}
