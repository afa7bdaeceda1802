use super::Result;
use crate::attrs::Attrs;
use crate::entity::{
    Client, ClientMatch, ClientOwner, ClientSecret, FoundClient, LiveClient, SearchKey,
};
use crate::ids::{ClientId, SecretId, UserId};
use crate::page::Slice;
use crate::secret::Digest;
use crate::time::Timestamp;

/// Which clients are asked for; all that is given must fit.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientQuery<A: Attrs> {
    /// Those of this owner.
    pub owner: Option<ClientOwner>,
    /// Those that have this role.
    pub role: Option<A::ClientRole>,
    /// Those that are enabled, or those that are not; `None` for both.
    pub enabled: Option<bool>,
}

impl<A: Attrs> Default for ClientQuery<A> {
    /// All of them.
    fn default() -> Self {
        Self { owner: None, role: None, enabled: None }
    }
}

/// Look-ups of clients.
#[trait_variant::make(Send)]
pub trait Clients<A: Attrs> {
    /// The client with this id.
    async fn client(&mut self, id: ClientId) -> Result<Option<Client<A>>>;

    /// A part of the clients of this owner, by descending id.
    async fn clients_of(
        &mut self,
        owner: ClientOwner,
        slice: Slice<ClientId>,
    ) -> Result<Vec<Client<A>>>;

    /// A part of all clients that fit, by descending id.
    async fn list_clients(
        &mut self,
        query: &ClientQuery<A>,
        slice: Slice<ClientId>,
    ) -> Result<Vec<Client<A>>>;

    /// A part of the clients that fit and whose name [begins](SearchKey::begins) with this, in its form
    /// [`SearchKey::of`]: by ascending place, in the order of code points. A part costs what begins so, and not what all
    /// there are.
    async fn search_clients(
        &mut self,
        begin: &SearchKey,
        query: &ClientQuery<A>,
        slice: Slice<ClientMatch>,
    ) -> Result<Vec<FoundClient<A>>>;

    /// The secrets of this client that are neither revoked nor expired, in the order of their ids.
    async fn live_secrets_of(
        &mut self,
        client: ClientId,
        now: Timestamp,
    ) -> Result<Vec<ClientSecret>>;

    /// What a request of this client reads; one indexed read. With a personal key it tells what its user has now: the
    /// roles, whether there is a password that is not compromised, and the app that is enrolled, in doubt or not.
    ///
    /// Disabled and expired clients are found: the rule decides, not the store.
    async fn live_client(&mut self, id: ClientId) -> Result<Option<LiveClient<A>>>;

    /// What a request of the client with this secret, live or not, reads; one indexed read.
    ///
    /// Disabled and expired clients are found here, too.
    async fn live_client_by_secret(&mut self, secret: &Digest) -> Result<Option<LiveClient<A>>>;
}

/// Writes of clients.
#[trait_variant::make(Send)]
pub trait ClientsMut<A: Attrs> {
    /// Inserts a client, if its owner has fewer than `most`; answers whether it did. Of concurrent callers no more are
    /// told `true` than there is room for. [`Duplicate`](super::StoreError::Duplicate) when the id is taken.
    async fn insert_client(&mut self, client: &Client<A>, most: u32) -> Result<bool>;

    /// Replaces a client, if `from` is still its version, but for its owner, its kind, and when it came to be
    /// and was last used; answers whether it was.
    async fn update_client(&mut self, client: &Client<A>, from: i64) -> Result<bool>;

    /// Deletes a client with its secrets, if `from` is still its version; answers whether it was.
    async fn delete_client(&mut self, id: ClientId, from: i64) -> Result<bool>;

    /// Inserts a secret, if its client is there and has fewer than [`ClientSecret::MOST_LIVE`] live ones;
    /// answers whether it did. Of concurrent callers no more are told `true` than there is room for (R-CL-01).
    async fn insert_secret(&mut self, secret: &ClientSecret, now: Timestamp) -> Result<bool>;

    /// Revokes a secret of this client, if it was not revoked; answers whether it did now.
    async fn revoke_secret(
        &mut self,
        client: ClientId,
        id: SecretId,
        now: Timestamp,
    ) -> Result<bool>;

    /// Lets every secret of this client but one expire at a moment, unless it is over earlier; answers how many
    /// got a new end.
    async fn expire_secrets(
        &mut self,
        client: ClientId,
        except: SecretId,
        at: Timestamp,
    ) -> Result<u64>;

    /// Revokes every secret of every client that this user owns, but for those that were; answers how many did
    /// now (R-CL-04).
    async fn revoke_secrets_of(&mut self, user: UserId, now: Timestamp) -> Result<u64>;

    /// Notes that a client was used, with one of its secrets or none, unless a later use is noted already.
    async fn touch_client(
        &mut self,
        id: ClientId,
        secret: Option<SecretId>,
        at: Timestamp,
    ) -> Result<()>;
}
