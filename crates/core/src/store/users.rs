use super::Result;
use crate::attrs::Attrs;
use crate::email::CanonicalEmail;
use crate::entity::User;
use crate::ids::UserId;

/// Look-ups of users.
#[trait_variant::make(Send)]
pub trait Users<A: Attrs> {
    /// The user with this id.
    async fn user(&mut self, id: UserId) -> Result<Option<User<A>>>;

    /// The user who has proven this address; claims do not count.
    async fn user_by_email(&mut self, email: &CanonicalEmail) -> Result<Option<User<A>>>;
}

/// Writes of users.
#[trait_variant::make(Send)]
pub trait UsersMut<A: Attrs> {
    /// Inserts a user. [`Duplicate`](super::StoreError::Duplicate) when the id is taken.
    async fn insert_user(&mut self, user: &User<A>) -> Result<()>;

    /// Replaces name, status, roles, version, time of update and attributes, if the stored version is
    /// `from`; answers whether it was. Of concurrent updates from one version at most one is told `true`.
    async fn update_user(&mut self, user: &User<A>, from: i64) -> Result<bool>;
}
