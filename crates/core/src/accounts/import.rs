use super::Accounts;
use crate::attrs::{Attrs, Role};
use crate::email::EmailAddress;
use crate::entity::{LoginEmail, StoredPassword, User, UserStatus};
use crate::error::{Error, Obstruction};
use crate::event::Event;
use crate::ids::{LoginEmailId, UserId};
use crate::keys::Label;
use crate::origin::Origin;
use crate::password::PasswordHash;
use crate::store::{LoginEmails, LoginEmailsMut, PasswordsMut, Store, Users, UsersMut};
use crate::text::PersonName;
use crate::time::Timestamp;

/// A user whom another system hands over.
#[derive(Clone, Debug)]
pub struct ImportedUser<A: Attrs> {
    /// What the other system knows the user by. A second import of the same finds the user there.
    pub source: String,
    /// What the person is called.
    pub name: PersonName,
    /// Whether the account may be used; not [`UserStatus::Deleted`].
    pub status: UserStatus,
    /// The roles; [`Role::STANDARD`] if none is given.
    pub roles: Vec<A::UserRole>,
    /// When the account came to be, there.
    pub created: Option<Timestamp>,
    /// The addresses; exactly one is the primary.
    pub emails: Vec<ImportedEmail>,
    /// The hash, as the hasher reads it.
    pub password: Option<PasswordHash>,
    /// The application's own fields.
    pub attrs: A::User,
}

/// An address of a user whom another system hands over.
#[derive(Clone, Debug)]
pub struct ImportedEmail {
    /// The address.
    pub address: EmailAddress,
    /// Whether the other system vouches that the user reads it.
    pub proven: bool,
    /// Whether it is the one that mails go to.
    pub primary: bool,
}

/// What became of one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Import {
    /// The user is here now.
    Created(UserId),
    /// The user was here before.
    There(UserId),
    /// Why the user cannot be.
    Rejected(Vec<Obstruction>),
}

impl<S: Store> Accounts<S> {
    /// Takes users over from another system, in one unit of work; answers what became of each, in order.
    ///
    /// Each goes the way of every new user: hooks, which may refuse, and audit log. When one of them cannot be
    /// written, the others are, each in a unit of its own. A user is known again by his `source`: whoever
    /// imports the same once more, after a crash or on purpose, creates nothing twice. `dry` writes nothing
    /// and answers the same, as far as the store alone can tell.
    pub async fn import_users(
        &self,
        users: &[ImportedUser<S::Attrs>],
        dry: bool,
        origin: &Origin,
    ) -> Result<Vec<Import>, Error> {
        match self.import_together(users, dry, origin).await {
            Err(Error::Duplicate(_) | Error::Vetoed(_)) => {}
            outcome => return outcome,
        }
        let mut answers = Vec::with_capacity(users.len());
        for user in users {
            let one = self.import_together(std::slice::from_ref(user), dry, origin).await;
            answers.extend(match one {
                Ok(answer) => answer,
                Err(Error::Duplicate(_)) => vec![taken("/emails")],
                Err(Error::Vetoed(_)) => {
                    vec![rejected("", "VETOED", "The application refused it.")]
                }
                Err(error) => return Err(error),
            });
        }
        Ok(answers)
    }

    async fn import_together(
        &self,
        users: &[ImportedUser<S::Attrs>],
        dry: bool,
        origin: &Origin,
    ) -> Result<Vec<Import>, Error> {
        if dry {
            let mut tx = self.begin().await?;
            let mut answers = Vec::with_capacity(users.len());
            for user in users {
                answers.push(self.import_user(&mut tx, user, origin).await?);
            }
            return Ok(answers);
        }
        unit!(self, |tx| {
            let mut answers = Vec::with_capacity(users.len());
            for user in users {
                answers.push(self.import_user(tx, user, origin).await?);
            }
            Ok(answers)
        })
    }

    async fn import_user(
        &self,
        tx: &mut S::Tx<'_>,
        from: &ImportedUser<S::Attrs>,
        origin: &Origin,
    ) -> Result<Import, Error> {
        let now = self.now();
        let created = from.created.map_or(now, |created| created.min(now));
        // With the present moment in it, the id would be another one in the next run.
        let digest = self.keys().label(Label::Import, &[from.source.as_bytes()]);
        let id = UserId::of_digest(from.created.unwrap_or(Timestamp::from_millis(0)), &digest);
        if tx.user(id).await?.is_some() {
            return Ok(Import::There(id));
        }
        for (n, email) in from.emails.iter().enumerate().filter(|(_, email)| email.proven) {
            if tx.proven_email(email.address.canonical()).await?.is_some() {
                return Ok(taken(&format!("/emails/{n}/email")));
            }
        }
        let mut roles = from.roles.clone();
        if roles.is_empty() {
            roles.push(<<S::Attrs as Attrs>::UserRole as Role>::STANDARD);
        }
        let user = User {
            id,
            name: from.name.clone(),
            status: from.status,
            roles,
            version: 1,
            created,
            updated: now,
            erasure: None,
            attrs: from.attrs.clone(),
        };
        tx.insert_user(&user).await?;
        let mut primary = None;
        for email in &from.emails {
            let claim = LoginEmail {
                id: LoginEmailId::new(now, self.entropy()),
                user: id,
                address: email.address.clone(),
                proven: email.proven.then_some(now),
                primary: email.primary,
                created: now,
            };
            tx.insert_login_email(&claim).await?;
            if email.proven {
                tx.delete_claims(claim.address.canonical(), id).await?;
            }
            primary = Some(claim).filter(|_| email.primary).or(primary);
        }
        if let Some(hash) = from.password.clone() {
            let password =
                StoredPassword { user: id, hash, changed: now, compromised: None, version: 1 };
            tx.insert_password(&password).await?;
        }
        let event = Event::UserCreated { user: &user, email: primary.as_ref() };
        self.record(tx, &event, origin).await?;
        Ok(Import::Created(id))
    }
}

fn taken(pointer: &str) -> Import {
    rejected(pointer, "EMAIL_TAKEN", "Somebody else has proven this address.")
}

fn rejected(pointer: &str, code: &'static str, text: &'static str) -> Import {
    Import::Rejected(vec![Obstruction::new(code, text).at(pointer)])
}
