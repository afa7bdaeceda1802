use super::Result;
use crate::email::CanonicalEmail;
use crate::entity::{PasswordLogin, StoredPassword};
use crate::ids::UserId;
use crate::password::PasswordHash;

/// Look-ups of passwords.
#[trait_variant::make(Send)]
pub trait Passwords {
    /// The password of this user.
    async fn password(&mut self, user: UserId) -> Result<Option<StoredPassword>>;

    /// What a login by password needs, by a proven address, in one look-up.
    async fn password_login(&mut self, email: &CanonicalEmail) -> Result<Option<PasswordLogin>>;
}

/// Writes of passwords.
#[trait_variant::make(Send)]
pub trait PasswordsMut {
    /// Inserts the first password of a user. [`Duplicate`](super::StoreError::Duplicate) when there is one.
    async fn insert_password(&mut self, password: &StoredPassword) -> Result<()>;

    /// Replaces a hash by a better one of the same password, if `old` is still stored; answers whether it
    /// was. Of concurrent replacements of one hash at most one is told `true`.
    async fn replace_password_hash(
        &mut self,
        user: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<bool>;
}
