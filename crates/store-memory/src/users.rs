use std::sync::Arc;

use durward_core::Attrs;
use durward_core::email::CanonicalEmail;
use durward_core::entity::User;
use durward_core::ids::UserId;
use durward_core::store::{Result, StoreError, Users, UsersMut};

use crate::state::{Rows, State};
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

pub(crate) struct UserTable<A: Attrs> {
    pub(crate) rows: Rows<UserId, User<A>>,
}

impl<A: Attrs> UserTable<A> {
    pub(crate) fn row(&self, id: UserId) -> Option<&User<A>> {
        self.rows.get(&id).map(Arc::as_ref)
    }

    pub(crate) fn insert(&mut self, user: &User<A>) -> Result<()> {
        if self.rows.contains_key(&user.id) {
            return Err(StoreError::Duplicate("user"));
        }
        self.rows.insert(user.id, Arc::new(user.clone()));
        Ok(())
    }

    pub(crate) fn update(&mut self, user: &User<A>, from: i64) -> bool {
        let Some(stored) = self.row(user.id).filter(|stored| stored.version == from) else {
            return false;
        };
        let updated = User { created: stored.created, ..user.clone() };
        self.rows.insert(user.id, Arc::new(updated));
        true
    }
}

impl<A: Attrs> State<A> {
    /// The user who has proven this address.
    pub(crate) fn user_by_email(&self, email: &CanonicalEmail) -> Option<&User<A>> {
        self.users.row(self.login_emails.proven(email)?.user)
    }
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Users<A> for Handle<A> {
        async fn user(&mut self, id: UserId) -> Result<Option<User<A>>> {
            self.look(|state| state.users.row(id).cloned())
        }

        async fn user_by_email(&mut self, email: &CanonicalEmail) -> Result<Option<User<A>>> {
            self.look(|state| state.user_by_email(email).cloned())
        }
    }
}

impl<A: Attrs> UsersMut<A> for MemoryTx<A> {
    async fn insert_user(&mut self, user: &User<A>) -> Result<()> {
        self.write(|state| Arc::make_mut(&mut state.users).insert(user))
    }

    async fn update_user(&mut self, user: &User<A>, from: i64) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.users).update(user, from)))
    }
}

impl<A: Attrs> Default for UserTable<A> {
    fn default() -> Self {
        Self { rows: Rows::new() }
    }
}

impl<A: Attrs> Clone for UserTable<A> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone() }
    }
}
