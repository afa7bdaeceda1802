use std::sync::Arc;

use durward_core::email::CanonicalEmail;
use durward_core::entity::{PasswordLogin, StoredPassword};
use durward_core::ids::UserId;
use durward_core::store::{Passwords, PasswordsMut, Result, StoreError};
use durward_core::{Attrs, PasswordHash};

use crate::MemoryTx;
use crate::state::{Rows, State};
use crate::tx::look_ups;

#[derive(Clone, Default)]
pub(crate) struct PasswordTable {
    pub(crate) rows: Rows<UserId, StoredPassword>,
}

impl<A: Attrs> State<A> {
    fn password(&self, user: UserId) -> Option<&StoredPassword> {
        self.passwords.rows.get(&user).map(Arc::as_ref)
    }

    fn password_login(&self, email: &CanonicalEmail) -> Option<PasswordLogin> {
        let user = self.user_by_email(email)?;
        let hash = self.password(user.id).map(|password| password.hash.clone());
        Some(PasswordLogin { user: user.id, status: user.status, hash })
    }
}

look_ups! {
    impl<A: Attrs> Passwords for Handle<A> {
        async fn password(&mut self, user: UserId) -> Result<Option<StoredPassword>> {
            self.look(|state| state.password(user).cloned())
        }

        async fn password_login(&mut self, email: &CanonicalEmail) -> Result<Option<PasswordLogin>> {
            self.look(|state| state.password_login(email))
        }
    }
}

impl<A: Attrs> PasswordsMut for MemoryTx<A> {
    async fn insert_password(&mut self, password: &StoredPassword) -> Result<()> {
        self.write(|state| {
            if state.password(password.user).is_some() {
                return Err(StoreError::Duplicate("password"));
            }
            let rows = &mut Arc::make_mut(&mut state.passwords).rows;
            rows.insert(password.user, Arc::new(password.clone()));
            Ok(())
        })
    }

    async fn replace_password_hash(
        &mut self,
        user: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<bool> {
        self.write(|state| {
            let Some(stored) = state.password(user).filter(|stored| stored.hash == *old) else {
                return Ok(false);
            };
            let better = StoredPassword { hash: new.clone(), ..stored.clone() };
            Arc::make_mut(&mut state.passwords).rows.insert(user, Arc::new(better));
            Ok(true)
        })
    }
}
