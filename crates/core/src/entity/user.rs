use crate::attrs::{Attrs, Plain, Role};
use crate::ids::UserId;
use crate::text::PersonName;
use crate::time::Timestamp;

/// A person with an account.
#[derive(Clone, Debug, PartialEq)]
pub struct User<A: Attrs = Plain> {
    /// Names the user for ever.
    pub id: UserId,
    /// What the person is called.
    pub name: PersonName,
    /// Whether the account may be used.
    pub status: UserStatus,
    /// The roles in the whole deployment.
    pub roles: Vec<A::UserRole>,
    /// Counts the changes; an update names the version that it was decided on.
    pub version: i64,
    /// When the account came to be.
    pub created: Timestamp,
    /// When the account last changed.
    pub updated: Timestamp,
    /// When a deleted account is erased, with everything personal; it can be restored until then.
    pub erasure: Option<Timestamp>,
    /// The application's own fields.
    pub attrs: A::User,
}

impl<A: Attrs> User<A> {
    /// Whether the user may administer the whole deployment now.
    pub fn administers(&self) -> bool {
        self.status == UserStatus::Active && self.roles.iter().any(|role| role.is_administrator())
    }

    /// Whether the account was deleted so long ago that it counts as erased, whether it was or not.
    pub fn is_gone(&self, now: Timestamp) -> bool {
        self.erasure.is_some_and(|erasure| now >= erasure)
    }
}

/// Whether an account may be used; only [`UserStatus::Active`] ones hold live credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum UserStatus {
    /// In use.
    Active,
    /// Shut by an administrator.
    Banned,
    /// Given up by its owner.
    Deleted,
}

impl UserStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Active, Self::Banned, Self::Deleted];

    /// The name under which a store keeps the status.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Banned => "banned",
            Self::Deleted => "deleted",
        }
    }

    /// The status with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs::{NoAttributes, StandardRole};

    #[test]
    fn every_status_survives_its_name() {
        for status in UserStatus::ALL {
            assert_eq!(UserStatus::named(status.name()), Some(status));
        }
        assert_eq!(UserStatus::named("Active"), None);
    }

    fn user(status: UserStatus, roles: &[StandardRole], erasure: Option<i64>) -> User {
        let never = Timestamp::from_millis(0);
        User {
            id: UserId::from_bytes([1; 16]),
            name: PersonName::from_stored("Ada".into()),
            status,
            roles: roles.to_vec(),
            version: 1,
            created: never,
            updated: never,
            erasure: erasure.map(Timestamp::from_millis),
            attrs: NoAttributes {},
        }
    }

    #[test]
    fn only_active_administrators_administer() {
        // R-AZ-05
        use StandardRole::{Administrator, User};
        assert!(user(UserStatus::Active, &[User, Administrator], None).administers());
        assert!(!user(UserStatus::Active, &[User], None).administers());
        assert!(!user(UserStatus::Active, &[], None).administers());
        assert!(!user(UserStatus::Banned, &[Administrator], None).administers());
        assert!(!user(UserStatus::Deleted, &[Administrator], Some(9)).administers());
    }

    #[test]
    fn a_deleted_account_is_gone_when_its_time_has_come() {
        let at = Timestamp::from_millis;
        let deleted = user(UserStatus::Deleted, &[], Some(9));
        assert!(!deleted.is_gone(at(8)) && deleted.is_gone(at(9)));
        assert!(!user(UserStatus::Active, &[], None).is_gone(at(i64::MAX)));
    }
}
