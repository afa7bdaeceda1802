use super::Result;
use crate::email::CanonicalEmail;
use crate::entity::LoginEmail;
use crate::ids::{LoginEmailId, UserId};
use crate::time::Timestamp;

/// Look-ups of the addresses that users claim or have proven.
#[trait_variant::make(Send)]
pub trait LoginEmails {
    /// The claim with this id.
    async fn login_email(&mut self, id: LoginEmailId) -> Result<Option<LoginEmail>>;

    /// Everything this user claims or has proven, the oldest first.
    async fn login_emails_of(&mut self, user: UserId) -> Result<Vec<LoginEmail>>;

    /// The proven claim of this address.
    async fn proven_email(&mut self, email: &CanonicalEmail) -> Result<Option<LoginEmail>>;

    /// The proven claims whose addresses look like this one, at most 16 (R-EM-04).
    async fn proven_lookalikes(&mut self, skeleton: &str) -> Result<Vec<LoginEmail>>;
}

/// Writes of the addresses that users claim or have proven.
#[trait_variant::make(Send)]
pub trait LoginEmailsMut {
    /// Inserts a claim, proven or not. [`Duplicate`](super::StoreError::Duplicate) when it is proven and
    /// another proven claim has the same canonical form, in whatever order two units of work run.
    async fn insert_login_email(&mut self, email: &LoginEmail) -> Result<()>;

    /// Marks a claim of this user as proven, if it is there and unproven; answers whether it was.
    /// [`Duplicate`](super::StoreError::Duplicate) when another claim of the address is proven.
    async fn prove_login_email(
        &mut self,
        id: LoginEmailId,
        user: UserId,
        now: Timestamp,
    ) -> Result<bool>;

    /// Makes a proven claim of this user his primary one, and all his others not; answers whether it is his and
    /// proven. However many do so at once, one is primary in the end.
    async fn promote_login_email(&mut self, id: LoginEmailId, user: UserId) -> Result<bool>;

    /// Deletes a claim of this user, proven or not; answers whether it was there. A proven address is free for
    /// others then. Of concurrent callers one is told `true`.
    async fn delete_login_email(&mut self, id: LoginEmailId, user: UserId) -> Result<bool>;

    /// Deletes the unproven claims of an address by anyone but this user; answers how many there were.
    async fn delete_claims(&mut self, email: &CanonicalEmail, except: UserId) -> Result<u64>;
}
