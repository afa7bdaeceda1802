use super::Result;
use crate::attrs::Attrs;
use crate::email::CanonicalEmail;
use crate::entity::{FoundUser, SearchKey, User, UserMatch, UserPlace, UserStatus};
use crate::ids::UserId;
use crate::page::Slice;
use crate::time::Timestamp;

/// Which users are asked for; all that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Who claims this address, or has proven it.
    pub email: Option<CanonicalEmail>,
    /// Who is in this status.
    pub status: Option<UserStatus>,
    /// Whose account came to be after this moment.
    pub created_after: Option<Timestamp>,
}

/// Look-ups of users.
#[trait_variant::make(Send)]
pub trait Users<A: Attrs> {
    /// The user with this id.
    async fn user(&mut self, id: UserId) -> Result<Option<User<A>>>;

    /// The user who has proven this address; claims do not count.
    async fn user_by_email(&mut self, email: &CanonicalEmail) -> Result<Option<User<A>>>;

    /// A part of the users who fit, the youngest account first: by descending [place](User::place).
    async fn list_users(
        &mut self,
        query: &UserQuery,
        slice: Slice<UserPlace>,
    ) -> Result<Vec<User<A>>>;

    /// A part of the users who fit, and whose name or one of whose addresses, claimed or proven,
    /// [begins](SearchKey::begins) with this: by ascending place, in the order of code points.
    ///
    /// Their forms are [`SearchKey::of`] the name, and of the address in its canonical form. Whoever is found
    /// by several of them is told once, by the least. A part costs what it holds, and not what all there are.
    async fn search_users(
        &mut self,
        begin: &SearchKey,
        query: &UserQuery,
        slice: Slice<UserMatch>,
    ) -> Result<Vec<FoundUser<A>>>;

    /// At most `limit` deleted users whose erasure is due at `now`, the one due longest first.
    async fn users_to_erase(&mut self, now: Timestamp, limit: u32) -> Result<Vec<UserId>>;
}

/// Writes of users.
#[trait_variant::make(Send)]
pub trait UsersMut<A: Attrs> {
    /// Inserts a user. [`Duplicate`](super::StoreError::Duplicate) when the id is taken.
    async fn insert_user(&mut self, user: &User<A>) -> Result<()>;

    /// Replaces name, status, roles, version, times of update and erasure, and attributes, if the stored version is
    /// `from`; answers whether it was. Of concurrent updates from one version at most one is told `true`.
    async fn update_user(&mut self, user: &User<A>, from: i64) -> Result<bool>;

    /// How many users but this one [administer](User::administers). Until this unit is over none of them
    /// stops doing so by another one, or else one of the two conflicts: so somebody always is left.
    async fn lock_other_administrators(&mut self, user: UserId) -> Result<u64>;

    /// Erases a deleted user whose erasure is due at `now`, with everything that names him: his addresses,
    /// password, sessions and flows. Answers whether it did; of concurrent callers one is told `true`.
    ///
    /// No look-up finds him afterwards, his addresses are free, and his id stays taken. The audit log stays
    /// as it is.
    async fn erase_user(&mut self, id: UserId, now: Timestamp) -> Result<bool>;
}
