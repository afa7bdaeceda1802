use super::Accounts;
use crate::access::{AccessRefusal, AccessRequest};
use crate::budget::Debit;
use crate::entity::{ClientOwner, ClientRefusal, LiveClient};
use crate::error::Error;
use crate::event::Event;
use crate::ids::ClientId;
use crate::metrics::client_refused;
use crate::origin::Origin;
use crate::store::{BudgetsMut, Clients, ClientsMut, Store};
use crate::token::SecretKey;

/// What a client presents.
#[derive(Clone, Debug)]
pub enum ClientCredential {
    /// A secret key, which names its client.
    Key(SecretKey),
    /// An id, and the secret key that must be one of that client's.
    NamedKey {
        /// Which client.
        id: ClientId,
        /// Its secret key.
        key: SecretKey,
    },
    /// An id alone: enough for a public client, which then counts as not authenticated.
    Id(ClientId),
}

impl ClientCredential {
    const fn named(&self) -> Option<ClientId> {
        match self {
            Self::Key(_) => None,
            Self::NamedKey { id, .. } | Self::Id(id) => Some(*id),
        }
    }
}

impl<S: Store> Accounts<S> {
    /// The client that presents this for this request, read from the store at every use.
    ///
    /// Every refusal is the same [`Error::Unauthenticated`] after the same work (GW-11); its reason goes to the
    /// audit log. What remains to be asked is its rate, and, if it
    /// [requires a user](LiveClient::require_user), his session; see [`Accounts::refuse_client`].
    pub async fn authenticate_client(
        &self,
        credential: &ClientCredential,
        request: &AccessRequest<'_>,
        origin: &Origin,
    ) -> Result<LiveClient<S::Attrs>, Error> {
        let found = self.presented_client(credential).await?;
        let Some(live) = found else {
            let named = credential.named();
            return Err(self.refused(named, None, ClientRefusal::Unknown, origin).await);
        };
        let other = credential.named().is_some_and(|named| named != live.id);
        let admitted =
            if other { Err(ClientRefusal::OtherClient) } else { live.admit(request, self.now()) };
        match admitted {
            Ok(()) => {
                self.uses().note((live.id, live.secret.map(|secret| secret.id)), self.now());
                Ok(live)
            }
            Err(reason) => Err(self.refuse_client(&live, reason, origin).await),
        }
    }

    /// Writes down why a client is refused, and answers [`Error::Unauthenticated`], whatever the reason.
    pub async fn refuse_client(
        &self,
        client: &LiveClient<S::Attrs>,
        reason: ClientRefusal,
        origin: &Origin,
    ) -> Error {
        if reason == ClientRefusal::Restricted(AccessRefusal::Unreadable) {
            // R-CL-03, GW-08
            tracing::error!(client.id = %client.id, "an access restriction cannot be read: all requests are refused");
        }
        let owner = client.is_authenticated().then_some(client.owner);
        self.refused(Some(client.id), owner, reason, origin).await
    }

    /// Writes down, for at most so many clients, when they were last used on this node; answers for how many.
    pub(super) async fn note_uses(&self, limit: u32) -> Result<u64, Error> {
        let taken = self.uses().take(usize::try_from(limit).unwrap_or(usize::MAX));
        if taken.is_empty() {
            return Ok(0);
        }
        let written = unit!(self, |tx| {
            for ((client, secret), at) in &taken {
                tx.touch_client(*client, *secret, *at).await?;
            }
            Ok(())
        });
        let count = taken.len() as u64;
        if written.is_err() {
            self.uses().put_back(taken);
        }
        written.map(|()| count)
    }

    async fn presented_client(
        &self,
        credential: &ClientCredential,
    ) -> Result<Option<LiveClient<S::Attrs>>, Error> {
        let mut read = self.read().await?;
        let key = match credential {
            ClientCredential::Id(id) => return Ok(read.live_client(*id).await?),
            ClientCredential::Key(key) | ClientCredential::NamedKey { id: _, key } => key,
        };
        for digest in self.keys().digests(key) {
            if let Some(live) = read.live_client_by_secret(&digest).await? {
                return Ok(Some(live));
            }
        }
        Ok(None)
    }

    /// A network fills the log no faster than it may fail to log in.
    async fn refused(
        &self,
        client: Option<ClientId>,
        owner: Option<ClientOwner>,
        reason: ClientRefusal,
        origin: &Origin,
    ) -> Error {
        tracing::info!(client.id = ?client, reason = reason.name(), "a client was refused");
        client_refused(reason);
        let key = self.network_budget("refusals", origin.network());
        let (rate, now) = (self.settings().limits.network_failures, self.now());
        let written = unit!(self, |tx| {
            if tx.debit_budget(key, &rate, now).await? == Debit::Granted {
                let event = Event::ClientRefused { client, owner, reason };
                self.record(tx, &event, origin).await?;
            }
            Ok(())
        });
        match written {
            Ok(()) | Err(Error::Vetoed(_)) => Error::Unauthenticated,
            Err(error) => error,
        }
    }
}
