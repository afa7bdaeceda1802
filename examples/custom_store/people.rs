//! Users, their addresses, and their passwords.

use durward::entity::{
    Compromise, FoundUser, PasswordLogin, SearchKey, StoredPassword, UserMatch, UserPlace,
};
use durward::store::{
    LoginEmails, LoginEmailsMut, Passwords, PasswordsMut, Result, UserQuery, Users, UsersMut,
};
use durward::{
    Attrs, CanonicalEmail, LoginEmail, LoginEmailId, PasswordHash, Slice, StoreError, Timestamp,
    User, UserId,
};

use super::Handle;
use super::tables::{change, insert, part};

impl<A: Attrs> Users<A> for Handle<A> {
    async fn user(&mut self, id: UserId) -> Result<Option<User<A>>> {
        self.look(|tables| tables.user(id).cloned())
    }

    async fn user_by_email(&mut self, email: &CanonicalEmail) -> Result<Option<User<A>>> {
        self.look(|tables| tables.proven(email).and_then(|claim| tables.user(claim.user)).cloned())
    }

    async fn list_users(
        &mut self,
        query: &UserQuery,
        slice: Slice<UserPlace>,
    ) -> Result<Vec<User<A>>> {
        self.look(|tables| {
            let rows = tables.users.iter().filter(|user| tables.fits(user, query));
            part(rows.cloned().collect(), slice, User::place)
        })
    }

    async fn search_users(
        &mut self,
        begin: &SearchKey,
        query: &UserQuery,
        slice: Slice<UserMatch>,
    ) -> Result<Vec<FoundUser<A>>> {
        self.look(|tables| {
            let rows = tables.users.iter().filter(|user| tables.fits(user, query));
            let mut found: Vec<_> = rows
                .filter_map(|user| {
                    let of_user = tables.emails.iter().filter(|row| row.user == user.id);
                    let emails = of_user.map(|row| row.address.canonical().as_str());
                    let keys = emails.chain([user.name.as_str()]).map(SearchKey::of);
                    let least = keys.filter(|key| begin.begins(key.as_str())).min()?;
                    let place = UserMatch { key: least.as_str().to_owned(), id: user.id };
                    Some(FoundUser { user: user.clone(), place })
                })
                .filter(|it| slice.after.as_ref().is_none_or(|after| it.place > *after))
                .collect();
            found.sort_by(|one, other| one.place.cmp(&other.place));
            found.truncate(slice.limit as usize);
            found
        })
    }

    async fn users_to_erase(&mut self, now: Timestamp, limit: u32) -> Result<Vec<UserId>> {
        self.look(|tables| {
            let gone = tables.users.iter().filter(|user| user.is_gone(now));
            let mut gone: Vec<_> = gone.map(|user| (user.erasure, user.id)).collect();
            gone.sort_unstable();
            gone.truncate(limit as usize);
            gone.into_iter().map(|(_, id)| id).collect()
        })
    }
}

impl<A: Attrs> UsersMut<A> for Handle<A> {
    async fn insert_user(&mut self, user: &User<A>) -> Result<()> {
        self.write(|tables| {
            let taken = tables.user(user.id).is_some() || tables.erased.contains(&user.id);
            insert(&mut tables.users, user, taken, "user")
        })
    }

    async fn update_user(&mut self, user: &User<A>, from: i64) -> Result<bool> {
        let guard = |row: &User<A>| row.id == user.id && row.version == from;
        self.write(|tables| {
            Ok(change(&mut tables.users, guard, |row| {
                *row = User { created: row.created, ..user.clone() };
            }))
        })
    }

    async fn lock_other_administrators(&mut self, user: UserId) -> Result<u64> {
        // Whoever resigns in the meantime wins, and this unit is told at its commit.
        self.write(|tables| {
            let others = tables.users.iter().filter(|other| other.id != user);
            Ok(others.filter(|other| other.administers()).count() as u64)
        })
    }

    async fn erase_user(&mut self, id: UserId, now: Timestamp) -> Result<bool> {
        self.write(|tables| {
            let due = tables.user(id).is_some_and(|user| user.is_gone(now));
            if due {
                tables.erase(id);
            }
            Ok(due)
        })
    }
}

impl<A: Attrs> LoginEmails for Handle<A> {
    async fn login_email(&mut self, id: LoginEmailId) -> Result<Option<LoginEmail>> {
        self.look(|tables| tables.emails.iter().find(|row| row.id == id).cloned())
    }

    async fn login_emails_of(&mut self, user: UserId) -> Result<Vec<LoginEmail>> {
        self.look(|tables| {
            let rows = tables.emails.iter().filter(|row| row.user == user);
            let mut found: Vec<LoginEmail> = rows.cloned().collect();
            found.sort_by_key(|row| (row.created, row.id));
            found
        })
    }

    async fn proven_email(&mut self, email: &CanonicalEmail) -> Result<Option<LoginEmail>> {
        self.look(|tables| tables.proven(email).cloned())
    }

    async fn proven_lookalikes(&mut self, skeleton: &str) -> Result<Vec<LoginEmail>> {
        self.look(|tables| {
            let proven = tables.emails.iter().filter(|row| row.proven.is_some());
            proven.filter(|row| row.address.skeleton() == skeleton).take(16).cloned().collect()
        })
    }
}

impl<A: Attrs> LoginEmailsMut for Handle<A> {
    async fn insert_login_email(&mut self, email: &LoginEmail) -> Result<()> {
        self.write(|tables| {
            let proven = tables.proven(email.address.canonical()).is_some();
            let taken = (email.proven.is_some() && proven)
                || tables.emails.iter().any(|row| row.id == email.id);
            insert(&mut tables.emails, email, taken, "email address")
        })
    }

    async fn prove_login_email(
        &mut self,
        id: LoginEmailId,
        user: UserId,
        now: Timestamp,
    ) -> Result<bool> {
        self.write(|tables| {
            let guard = |row: &LoginEmail| row.id == id && row.user == user && row.proven.is_none();
            let Some(claim) = tables.emails.iter().find(|row| guard(row)) else { return Ok(false) };
            if tables.proven(claim.address.canonical()).is_some() {
                return Err(StoreError::Duplicate("email address"));
            }
            Ok(change(&mut tables.emails, guard, |row| row.proven = Some(now)))
        })
    }

    async fn promote_login_email(&mut self, id: LoginEmailId, user: UserId) -> Result<bool> {
        self.write(|tables| {
            let ours = |row: &LoginEmail| row.user == user && row.proven.is_some();
            let found = tables.emails.iter().any(|row| row.id == id && ours(row));
            for row in tables.emails.iter_mut().filter(|row| found && row.user == user) {
                row.primary = row.id == id;
            }
            Ok(found)
        })
    }

    async fn delete_login_email(&mut self, id: LoginEmailId, user: UserId) -> Result<bool> {
        self.write(|tables| {
            let before = tables.emails.len();
            tables.emails.retain(|row| row.id != id || row.user != user);
            Ok(tables.emails.len() < before)
        })
    }

    async fn delete_claims(&mut self, email: &CanonicalEmail, except: UserId) -> Result<u64> {
        self.write(|tables| {
            let before = tables.emails.len();
            tables.emails.retain(|row| {
                row.proven.is_some() || row.user == except || row.address.canonical() != email
            });
            Ok((before - tables.emails.len()) as u64)
        })
    }
}

impl<A: Attrs> Passwords for Handle<A> {
    async fn password(&mut self, user: UserId) -> Result<Option<StoredPassword>> {
        self.look(|tables| tables.passwords.iter().find(|row| row.user == user).cloned())
    }

    async fn password_login(&mut self, email: &CanonicalEmail) -> Result<Option<PasswordLogin>> {
        self.look(|tables| {
            let user = tables.user(tables.proven(email)?.user)?;
            let stored = tables.passwords.iter().find(|row| row.user == user.id).cloned();
            Some(PasswordLogin { user: user.id, status: user.status, stored })
        })
    }
}

impl<A: Attrs> PasswordsMut for Handle<A> {
    async fn insert_password(&mut self, password: &StoredPassword) -> Result<()> {
        self.write(|tables| {
            let taken = tables.passwords.iter().any(|row| row.user == password.user);
            insert(&mut tables.passwords, password, taken, "password")
        })
    }

    async fn update_password(
        &mut self,
        password: &StoredPassword,
        from: &PasswordHash,
    ) -> Result<bool> {
        let guard = |row: &StoredPassword| row.user == password.user && row.hash == *from;
        self.write(|tables| {
            Ok(change(&mut tables.passwords, guard, |row| {
                *row = StoredPassword { version: row.version + 1, ..password.clone() };
            }))
        })
    }

    async fn mark_password(&mut self, user: UserId, compromise: &Compromise) -> Result<bool> {
        let guard =
            |row: &StoredPassword| row.user == user && compromise.outweighs(row.compromised);
        self.write(|tables| {
            Ok(change(&mut tables.passwords, guard, |row| {
                row.compromised = Some(*compromise);
                row.version += 1;
            }))
        })
    }

    async fn outdate_password(&mut self, user: UserId) -> Result<()> {
        let guard = |row: &StoredPassword| row.user == user;
        self.write(|tables| {
            change(&mut tables.passwords, guard, |row| row.version += 1);
            Ok(())
        })
    }

    async fn replace_password_hash(
        &mut self,
        seen: &StoredPassword,
        new: &PasswordHash,
    ) -> Result<bool> {
        let guard = |row: &StoredPassword| {
            row.user == seen.user && row.hash == seen.hash && row.version == seen.version
        };
        self.write(|tables| Ok(change(&mut tables.passwords, guard, |row| row.hash = new.clone())))
    }
}
