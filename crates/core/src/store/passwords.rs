use super::Result;
use crate::email::CanonicalEmail;
use crate::entity::{Compromise, PasswordLogin, StoredPassword};
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

    /// Replaces a password by another one of the next version, if `from` is the hash that is still stored; answers
    /// whether it was. Of concurrent updates from one hash at most one is told `true`.
    async fn update_password(
        &mut self,
        password: &StoredPassword,
        from: &PasswordHash,
    ) -> Result<bool>;

    /// Marks a password as compromised, if there is one that is not marked, or whose mark this one
    /// [outweighs](Compromise::outweighs), which makes a version of its own; answers whether there was (R-PW-10). Of
    /// concurrent marks of one kind at most one is told `true`.
    async fn mark_password(&mut self, user: UserId, compromise: &Compromise) -> Result<bool>;

    /// Gives a password its next version, for whatever ends what was proven by it; does nothing where there is none.
    ///
    /// From then on until this unit of work is over no [`replace_password_hash`](Self::replace_password_hash) counts:
    /// each has happened, and its unit with it, or finds another version. Never put off.
    async fn outdate_password(&mut self, user: UserId) -> Result<()>;

    /// Replaces the hash of a password by a better one of the same password, if hash and version are still those that
    /// were seen; answers whether they were. Of concurrent replacements of one hash at most one is told `true`.
    ///
    /// A hash may be replaced by itself. Then nothing changes, and others who would change or outdate the password are
    /// held off until this unit of work is over: so whatever a unit does because of a password, they find and undo.
    async fn replace_password_hash(
        &mut self,
        seen: &StoredPassword,
        new: &PasswordHash,
    ) -> Result<bool>;
}
