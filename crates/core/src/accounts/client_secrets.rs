use std::time::Duration;

use super::Accounts;
use crate::authz::FreshUser;
use crate::entity::{Client, ClientKind, ClientOwner, ClientSecret};
use crate::error::{Error, Obstruction};
use crate::event::Event;
use crate::ids::{ClientId, SecretId, UserId};
use crate::mail::Notice;
use crate::origin::Origin;
use crate::store::{Clients, ClientsMut, Store};
use crate::time::Timestamp;
use crate::token::SecretKey;

/// A secret of a client as it is handed out, once.
#[derive(Clone, Debug)]
pub struct IssuedSecret {
    /// Names the secret.
    pub id: SecretId,
    /// The key itself, of which only a keyed digest is kept.
    pub key: SecretKey,
    /// When it was made.
    pub created: Timestamp,
}

impl<S: Store> Accounts<S> {
    /// How long the other secrets of a client may live on beside a new one, at most.
    pub const LONGEST_OVERLAP: Duration = Duration::from_hours(90 * 24);

    /// The secrets of a client that are neither revoked nor expired, the oldest first.
    pub async fn secrets_of(&self, client: ClientId) -> Result<Vec<ClientSecret>, Error> {
        Ok(self.read().await?.live_secrets_of(client, self.now()).await?)
    }

    /// Gives a client a further secret on behalf of a user, inside the caller's unit of work, so that it can be
    /// rotated without a failed request. The others live on, for `expire_others_in` if that is given; zero ends
    /// them with the commit (R-CL-01, R-SE-14). All proven addresses of its owner are told of one of a personal key
    /// (R-NO-01).
    ///
    /// [`Error::Invalid`] for a public client, and for one that has [`ClientSecret::MOST_LIVE`] live ones: of
    /// concurrent callers no more get a secret than there is room for.
    pub async fn add_secret(
        &self,
        tx: &mut S::Tx<'_>,
        client: ClientId,
        expire_others_in: Option<Duration>,
        by: &FreshUser,
        origin: &Origin,
    ) -> Result<IssuedSecret, Error> {
        self.hold_in(tx, by).await?;
        self.provision_secret(tx, client, expire_others_in, origin).await
    }

    /// Adds a secret as [`add_secret`](Self::add_secret) does, for whoever runs the deployment, as by its command
    /// line: nobody is asked whether he may.
    pub async fn provision_secret(
        &self,
        tx: &mut S::Tx<'_>,
        client: ClientId,
        expire_others_in: Option<Duration>,
        origin: &Origin,
    ) -> Result<IssuedSecret, Error> {
        let client = self.present_client(tx, client).await?;
        match client.kind {
            ClientKind::Confidential => {
                let issued = self.issue_secret(tx, &client, expire_others_in, origin).await?;
                self.tell_of_key(tx, client.owner, Notice::PersonalKeySecretAdded).await?;
                Ok(issued)
            }
            ClientKind::Public => {
                let text = "A public client has no secret.";
                Err(Error::Invalid(vec![Obstruction::new("PUBLIC_CLIENT", text)]))
            }
        }
    }

    /// Revokes a secret of a client, inside the caller's unit of work: it is refused from the commit on.
    /// [`Error::NotFound`] when the client has no such secret, or it was revoked before.
    pub async fn revoke_secret(
        &self,
        tx: &mut S::Tx<'_>,
        client: ClientId,
        secret: SecretId,
        origin: &Origin,
    ) -> Result<(), Error> {
        let client = self.present_client(tx, client).await?;
        if !tx.revoke_secret(client.id, secret, self.now()).await? {
            return Err(Error::NotFound("client secret"));
        }
        self.record(tx, &Event::ClientSecretRevoked { client: &client, secret }, origin).await
    }

    pub(super) async fn issue_secret(
        &self,
        tx: &mut S::Tx<'_>,
        client: &Client<S::Attrs>,
        expire_others_in: Option<Duration>,
        origin: &Origin,
    ) -> Result<IssuedSecret, Error> {
        let now = self.now();
        let (id, key) = (SecretId::new(now, self.entropy()), SecretKey::mint(self.entropy()));
        let others_expire = expire_others_in.map(|overlap| now + overlap);
        if others_expire == Some(now) {
            // Those that end now leave room.
            tx.expire_secrets(client.id, id, now).await?;
        }
        let secret = ClientSecret {
            id,
            client: client.id,
            digest: self.keys().digest(&key),
            created: now,
            expires: None,
            revoked: None,
            last_used: None,
        };
        if !tx.insert_secret(&secret, now).await? {
            let text = "The client has as many live secrets as it may. Revoke one of them first.";
            let obstruction = Obstruction::new("TOO_MANY_SECRETS", text);
            let most = ClientSecret::MOST_LIVE.into();
            return Err(Error::Invalid(vec![obstruction.with("max", most)]));
        }
        if let Some(at) = others_expire {
            // Also those that somebody else added before this unit held the client.
            tx.expire_secrets(client.id, id, at).await?;
        }
        let event = Event::ClientSecretAdded { client, secret: id, others_expire };
        self.record(tx, &event, origin).await?;
        Ok(IssuedSecret { id, key, created: now })
    }

    /// Tells a user of a secret of his own: it opens what his password opens, and is as good to a thief (R-NO-01). Who
    /// may make those of an organization sees them in its lists.
    pub(super) async fn tell_of_key(
        &self,
        tx: &mut S::Tx<'_>,
        owner: ClientOwner,
        notice: Notice,
    ) -> Result<(), Error> {
        match owner {
            ClientOwner::User(user) => self.notify(tx, user, notice).await,
            ClientOwner::Organization(_) => Ok(()),
        }
    }

    /// Revokes the secrets of all personal keys of a user, inside the caller's unit of work: when his account was
    /// or may have been in the wrong hands, or is shut (R-CL-04).
    pub(super) async fn revoke_personal_keys(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
        origin: &Origin,
    ) -> Result<(), Error> {
        let count = tx.revoke_secrets_of(user, self.now()).await?;
        if count > 0 {
            self.record(tx, &Event::PersonalKeysRevoked { user, count }, origin).await?;
        }
        Ok(())
    }
}
