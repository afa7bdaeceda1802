use std::sync::Arc;

use durward_core::Attrs;
use durward_core::email::CanonicalEmail;
use durward_core::entity::User;
use durward_core::ids::UserId;
use durward_core::store::{Result, StoreError, Users, UsersMut};

use crate::MemoryTx;
use crate::state::{Rows, State};
use crate::tx::look_ups;

pub(crate) struct UserTable<A: Attrs> {
    pub(crate) rows: Rows<UserId, User<A>>,
}

impl<A: Attrs> State<A> {
    pub(crate) fn user(&self, id: UserId) -> Option<&User<A>> {
        self.users.rows.get(&id).map(Arc::as_ref)
    }

    pub(crate) fn user_by_email(&self, email: &CanonicalEmail) -> Option<&User<A>> {
        self.user(self.login_emails.proven(email)?.user)
    }
}

look_ups! {
    impl<A: Attrs> Users<A> for Handle<A> {
        async fn user(&mut self, id: UserId) -> Result<Option<User<A>>> {
            self.look(|state| state.user(id).cloned())
        }

        async fn user_by_email(&mut self, email: &CanonicalEmail) -> Result<Option<User<A>>> {
            self.look(|state| state.user_by_email(email).cloned())
        }
    }
}

impl<A: Attrs> UsersMut<A> for MemoryTx<A> {
    async fn insert_user(&mut self, user: &User<A>) -> Result<()> {
        self.write(|state| {
            if state.user(user.id).is_some() {
                return Err(StoreError::Duplicate("user"));
            }
            Arc::make_mut(&mut state.users).rows.insert(user.id, Arc::new(user.clone()));
            Ok(())
        })
    }

    async fn update_user(&mut self, user: &User<A>, from: i64) -> Result<bool> {
        self.write(|state| {
            let Some(stored) = state.user(user.id).filter(|stored| stored.version == from) else {
                return Ok(false);
            };
            let updated = User { created: stored.created, ..user.clone() };
            Arc::make_mut(&mut state.users).rows.insert(user.id, Arc::new(updated));
            Ok(true)
        })
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
