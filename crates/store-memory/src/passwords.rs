use std::sync::Arc;

use durward_core::email::CanonicalEmail;
use durward_core::entity::{Compromise, PasswordLogin, StoredPassword};
use durward_core::ids::UserId;
use durward_core::store::{Passwords, PasswordsMut, Result, StoreError};
use durward_core::{Attrs, PasswordHash};

use crate::state::{Rows, State};
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

#[derive(Clone, Default)]
pub(crate) struct PasswordTable {
    pub(crate) rows: Rows<UserId, StoredPassword>,
}

impl PasswordTable {
    pub(crate) fn row(&self, user: UserId) -> Option<&StoredPassword> {
        self.rows.get(&user).map(Arc::as_ref)
    }

    pub(crate) fn insert(&mut self, password: &StoredPassword) -> Result<()> {
        if self.rows.contains_key(&password.user) {
            return Err(StoreError::Duplicate("password"));
        }
        self.rows.insert(password.user, Arc::new(password.clone()));
        Ok(())
    }

    pub(crate) fn update(&mut self, password: &StoredPassword, from: &PasswordHash) -> bool {
        let Some(stored) = self.row(password.user).filter(|stored| stored.hash == *from) else {
            return false;
        };
        let next = StoredPassword { version: stored.version + 1, ..password.clone() };
        self.rows.insert(password.user, Arc::new(next));
        true
    }

    pub(crate) fn mark(&mut self, user: UserId, compromise: &Compromise) -> bool {
        let row = self.rows.get_mut(&user);
        let Some(row) = row.filter(|row| compromise.outweighs(row.compromised)) else {
            return false;
        };
        let row = Arc::make_mut(row);
        row.compromised = Some(*compromise);
        row.version += 1;
        true
    }

    pub(crate) fn outdate(&mut self, user: UserId) {
        if let Some(row) = self.rows.get_mut(&user) {
            Arc::make_mut(row).version += 1;
        }
    }

    pub(crate) fn replace(&mut self, seen: &StoredPassword, new: &PasswordHash) -> bool {
        let as_seen = |it: &&StoredPassword| it.hash == seen.hash && it.version == seen.version;
        let Some(stored) = self.row(seen.user).filter(as_seen) else {
            return false;
        };
        let replaced = StoredPassword { hash: new.clone(), ..stored.clone() };
        self.rows.insert(seen.user, Arc::new(replaced));
        true
    }
}

impl<A: Attrs> State<A> {
    /// What a login by password needs to know.
    pub(crate) fn password_login(&self, email: &CanonicalEmail) -> Option<PasswordLogin> {
        let user = self.user_by_email(email)?;
        let stored = self.passwords.row(user.id).cloned();
        Some(PasswordLogin { user: user.id, status: user.status, stored })
    }
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Passwords for Handle<A> {
        async fn password(&mut self, user: UserId) -> Result<Option<StoredPassword>> {
            self.look(|state| state.passwords.row(user).cloned())
        }

        async fn password_login(&mut self, email: &CanonicalEmail) -> Result<Option<PasswordLogin>> {
            self.look(|state| state.password_login(email))
        }
    }
}

impl<A: Attrs> PasswordsMut for MemoryTx<A> {
    async fn insert_password(&mut self, password: &StoredPassword) -> Result<()> {
        self.write(|state| Arc::make_mut(&mut state.passwords).insert(password))
    }

    async fn update_password(
        &mut self,
        password: &StoredPassword,
        from: &PasswordHash,
    ) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.passwords).update(password, from)))
    }

    async fn mark_password(&mut self, user: UserId, compromise: &Compromise) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.passwords).mark(user, compromise)))
    }

    async fn outdate_password(&mut self, user: UserId) -> Result<()> {
        self.write(|state| {
            Arc::make_mut(&mut state.passwords).outdate(user);
            Ok(())
        })
    }

    async fn replace_password_hash(
        &mut self,
        seen: &StoredPassword,
        new: &PasswordHash,
    ) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.passwords).replace(seen, new)))
    }
}
