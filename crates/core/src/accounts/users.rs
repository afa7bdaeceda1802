use super::Accounts;
use crate::attrs::{Attrs, Role};
use crate::behavior::PasswordContext;
use crate::email::EmailAddress;
use crate::entity::{LoginEmail, StoredPassword, User, UserStatus};
use crate::error::Error;
use crate::event::Event;
use crate::ids::{LoginEmailId, UserId};
use crate::origin::Origin;
use crate::password::{Password, PasswordHash};
use crate::store::{LoginEmails, LoginEmailsMut, PasswordsMut, Store, Users, UsersMut};
use crate::text::PersonName;

/// A user to be.
#[derive(Clone, Debug, PartialEq)]
pub struct NewUser<A: Attrs> {
    /// What the person is called.
    pub name: PersonName,
    /// The first login e-mail.
    pub email: EmailAddress,
    /// Whether the person has proven to read it.
    pub proven: bool,
    /// The hash of the password, if there is one; see [`Accounts::hash_password`].
    pub password: Option<PasswordHash>,
    /// The roles; [`Role::STANDARD`] if none is given.
    pub roles: Vec<A::UserRole>,
    /// The application's own fields.
    pub attrs: A::User,
}

/// What is to be different about a user; `None` leaves a field as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct UserChange<A: Attrs> {
    /// The new name.
    pub name: Option<PersonName>,
    /// The new fields of the application.
    pub attrs: Option<A::User>,
    /// The version that the caller looked at; another one is [`Error::Stale`].
    pub version: Option<i64>,
}

/// A user with the addresses that belong to him.
#[derive(Clone, Debug, PartialEq)]
pub struct UserDetails<A: Attrs> {
    /// The user.
    pub user: User<A>,
    /// What he claims or has proven, the oldest first.
    pub emails: Vec<LoginEmail>,
}

impl<S: Store> Accounts<S> {
    /// What is known of whoever chooses a password.
    pub(super) fn password_context<'a>(
        &'a self,
        email: Option<&'a EmailAddress>,
        name: Option<&'a PersonName>,
    ) -> PasswordContext<'a> {
        self.parts().behavior.password_context(&self.settings().service, email, name)
    }

    /// Checks a new password of whoever has this address and this name, as far as they are known, against the rules
    /// and the breached ones, and hashes it; before any unit of work, since it takes long.
    pub async fn hash_password(
        &self,
        password: Password,
        email: Option<&EmailAddress>,
        name: Option<&PersonName>,
    ) -> Result<PasswordHash, Error> {
        let context = self.password_context(email, name);
        let found = self.parts().behavior.password.check(&password, &context);
        if !found.is_empty() {
            return Err(Error::Invalid(found.into_iter().map(|it| it.at("/password")).collect()));
        }
        let admission = self.parts().passwords.admit()?;
        self.hash_new(password, admission).await
    }

    /// Makes a user, inside the caller's unit of work: the one function through which every user comes to be.
    ///
    /// [`Error::Duplicate`] when the address is to be proven and somebody else has proven it. Whatever others
    /// added under claims of a proven address is discarded (R-EM-08).
    pub async fn create_user(
        &self,
        tx: &mut S::Tx<'_>,
        new: NewUser<S::Attrs>,
        origin: &Origin,
    ) -> Result<UserDetails<S::Attrs>, Error> {
        let now = self.now();
        let NewUser { name, email, proven, password, mut roles, attrs } = new;
        if roles.is_empty() {
            roles.push(<S::Attrs as Attrs>::UserRole::STANDARD);
        }
        let user = User {
            id: UserId::new(now, self.entropy()),
            name,
            status: UserStatus::Active,
            roles,
            version: 1,
            created: now,
            updated: now,
            erasure: None,
            attrs,
        };
        let email = LoginEmail {
            id: LoginEmailId::new(now, self.entropy()),
            user: user.id,
            address: email,
            proven: proven.then_some(now),
            primary: true,
            created: now,
        };
        tx.insert_user(&user).await?;
        tx.insert_login_email(&email).await?;
        if let Some(hash) = password {
            let password =
                StoredPassword { user: user.id, hash, changed: now, compromised: None, version: 1 };
            tx.insert_password(&password).await?;
        }
        if proven {
            tx.delete_claims(email.address.canonical(), user.id).await?;
        }
        let event = Event::UserCreated { user: &user, email: Some(&email) };
        self.record(tx, &event, origin).await?;
        Ok(UserDetails { user, emails: vec![email] })
    }

    /// The user with this id and his addresses.
    pub async fn user(&self, id: UserId) -> Result<UserDetails<S::Attrs>, Error> {
        let mut read = self.read().await?;
        let user = read.user(id).await?.filter(|user| !user.is_gone(self.now()));
        let user = user.ok_or(Error::NotFound("user"))?;
        let emails = read.login_emails_of(id).await?;
        Ok(UserDetails { user, emails })
    }

    /// Changes a user, inside the caller's unit of work.
    ///
    /// [`Error::Stale`] when the change names a version that is no longer the present one.
    pub async fn update_user(
        &self,
        tx: &mut S::Tx<'_>,
        id: UserId,
        change: UserChange<S::Attrs>,
        origin: &Origin,
    ) -> Result<User<S::Attrs>, Error> {
        let before = self.present_user(tx, id).await?;
        if change.version.is_some_and(|version| version != before.version) {
            return Err(Error::Stale("user"));
        }
        let UserChange { name, attrs, version: _ } = change;
        let mut after = before.clone();
        after.name = name.unwrap_or(after.name);
        after.attrs = attrs.unwrap_or(after.attrs);
        if after == before {
            return Ok(before);
        }
        let after = self.replace_user(tx, &before, after).await?;
        let event = Event::UserUpdated { before: &before, after: &after };
        self.record(tx, &event, origin).await?;
        Ok(after)
    }
}
