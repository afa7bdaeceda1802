use super::Result;
use crate::entity::Bootstrap;
use crate::secret::Digest;
use crate::time::Timestamp;

/// Look-ups of the bootstrap link.
#[trait_variant::make(Send)]
pub trait Bootstraps {
    /// The link that was issued last and is not spent, expired or not.
    async fn bootstrap(&mut self) -> Result<Option<Bootstrap>>;
}

/// Writes of the bootstrap link.
#[trait_variant::make(Send)]
pub trait BootstrapsMut {
    /// Keeps this link, and forgets the one before: there is one at most.
    async fn replace_bootstrap(&mut self, link: &Bootstrap) -> Result<()>;

    /// Spends the link with this digest, if it is the present one and has not expired at `now`; answers
    /// whether it did. Of concurrent callers one is told `true`.
    async fn spend_bootstrap(&mut self, code: &Digest, now: Timestamp) -> Result<bool>;
}
