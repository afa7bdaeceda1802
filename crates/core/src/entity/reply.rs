use crate::keys::Sealed;
use crate::secret::Digest;
use crate::time::Timestamp;

/// The answer to a request that carried an `Idempotency-Key`, kept to be given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReply {
    /// The keyed digest of the key, its caller and its route.
    pub key: Digest,
    /// The keyed digest of the request, to tell a repetition from a mistake.
    pub request: Digest,
    /// The sealed answer, since it may hold tokens.
    pub answer: Sealed,
    /// When it is forgotten.
    pub expires: Timestamp,
}
