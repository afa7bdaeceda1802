use crate::ids::{ClientId, SecretId};
use crate::secret::Digest;
use crate::time::Timestamp;

/// A secret key of a client (R-CL-01).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// Names the secret.
    pub id: SecretId,
    /// Whose it is.
    pub client: ClientId,
    /// The keyed digest of the key; a key has 256 random bits, so nothing slow is needed.
    pub digest: Digest,
    /// When it was made.
    pub created: Timestamp,
    /// When it stops to work, if it does.
    pub expires: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked: Option<Timestamp>,
    /// When it was last used; written behind, in batches.
    pub last_used: Option<Timestamp>,
}

impl ClientSecret {
    /// How many of a client are live at most: one in use and the one that takes over, so that a secret is
    /// rotated without a failed request.
    pub const MOST_LIVE: u32 = 2;

    /// Whether it is accepted: neither revoked nor expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|at| now < at)
    }
}
