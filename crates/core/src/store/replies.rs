use super::Result;
use crate::entity::StoredReply;
use crate::secret::Digest;
use crate::time::Timestamp;

/// Look-ups of answers kept for repetition.
#[trait_variant::make(Send)]
pub trait Replies {
    /// The answer kept under this key.
    async fn reply(&mut self, key: &Digest) -> Result<Option<StoredReply>>;
}

/// Writes of answers kept for repetition.
#[trait_variant::make(Send)]
pub trait RepliesMut {
    /// Keeps an answer; one that has expired at `now` is replaced.
    /// [`Duplicate`](super::StoreError::Duplicate) when the key is in use.
    async fn insert_reply(&mut self, reply: &StoredReply, now: Timestamp) -> Result<()>;
}
