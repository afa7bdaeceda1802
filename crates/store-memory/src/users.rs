use std::collections::BTreeSet;
use std::sync::Arc;

use durward_core::email::CanonicalEmail;
use durward_core::entity::{FoundUser, SearchKey, User, UserMatch, UserPlace};
use durward_core::ids::UserId;
use durward_core::store::{Result, StoreError, UserQuery, Users, UsersMut};
use durward_core::{Attrs, Slice, Timestamp};

use crate::state::{Rows, State};
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

pub(crate) struct UserTable<A: Attrs> {
    pub(crate) rows: Rows<UserId, User<A>>,
    /// The ids of those who were erased.
    pub(crate) erased: BTreeSet<UserId>,
}

impl<A: Attrs> UserTable<A> {
    pub(crate) fn row(&self, id: UserId) -> Option<&User<A>> {
        self.rows.get(&id).map(Arc::as_ref)
    }

    pub(crate) fn insert(&mut self, user: &User<A>) -> Result<()> {
        if self.rows.contains_key(&user.id) || self.erased.contains(&user.id) {
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
    /// Those whose erasure is due, the one due longest first.
    pub(crate) fn users_to_erase(&self, now: Timestamp) -> Vec<UserId> {
        let gone = self.users.rows.values().filter(|user| user.is_gone(now));
        let mut gone: Vec<_> = gone.map(|user| (user.erasure, user.id)).collect();
        gone.sort_unstable();
        gone.into_iter().map(|(_, id)| id).collect()
    }

    pub(crate) fn count_other_administrators(&self, user: UserId) -> u64 {
        let others = self.users.rows.values().filter(|other| other.id != user);
        others.filter(|other| other.administers()).count() as u64
    }

    pub(crate) fn erase_user(&mut self, id: UserId, now: Timestamp) -> bool {
        let due = self.users.row(id).is_some_and(|user| user.is_gone(now));
        if due {
            self.erase(id);
        }
        due
    }

    /// Removes a user from every table; a new table must be thought about here.
    pub(crate) fn erase(&mut self, id: UserId) {
        let Self {
            users,
            login_emails,
            passwords,
            sessions,
            flows,
            budgets: _,
            outbox: _,
            bootstrap: _,
            replies: _,
            audit: _,
            factors,
            organizations: _,
            memberships,
            invitations,
            clients,
            nodes: _,
        } = self;
        let users = Arc::make_mut(users);
        users.rows.remove(&id);
        users.erased.insert(id);
        Arc::make_mut(login_emails).delete_of(id);
        Arc::make_mut(passwords).rows.remove(&id);
        let factors = Arc::make_mut(factors);
        factors.delete(id);
        factors.recovery_codes.retain(|(owner, _), _| *owner != id);
        Arc::make_mut(memberships).rows.retain(|_, row| row.user != id);
        Arc::make_mut(invitations).rows.retain(|_, row| row.invited_by != id);
        Arc::make_mut(clients).delete_of(id);
        let sessions = Arc::make_mut(sessions);
        let of_user = sessions.rows.values().filter(|session| session.user == id);
        for session in of_user.map(Arc::clone).collect::<Vec<_>>() {
            sessions.forget(&session);
        }
        let flows = Arc::make_mut(flows);
        let about_user = flows.rows.values().filter(|flow| flow.user == Some(id));
        for flow in about_user.map(Arc::clone).collect::<Vec<_>>() {
            flows.forget(&flow);
        }
    }

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

        async fn list_users(
            &mut self,
            query: &UserQuery,
            slice: Slice<UserPlace>,
        ) -> Result<Vec<User<A>>> {
            self.look(|state| state.list_users(query, slice))
        }

        async fn search_users(
            &mut self,
            begin: &SearchKey,
            query: &UserQuery,
            slice: Slice<UserMatch>,
        ) -> Result<Vec<FoundUser<A>>> {
            self.look(|state| state.search_users(begin, query, &slice))
        }

        async fn users_to_erase(&mut self, now: Timestamp, limit: u32) -> Result<Vec<UserId>> {
            self.look(|state| {
                let mut due = state.users_to_erase(now);
                due.truncate(limit as usize);
                due
            })
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

    async fn lock_other_administrators(&mut self, user: UserId) -> Result<u64> {
        // The whole unit of work already holds off all others.
        self.look(|state| state.count_other_administrators(user))
    }

    async fn erase_user(&mut self, id: UserId, now: Timestamp) -> Result<bool> {
        self.write(|state| Ok(state.erase_user(id, now)))
    }
}

impl<A: Attrs> Default for UserTable<A> {
    fn default() -> Self {
        Self { rows: Rows::new(), erased: BTreeSet::new() }
    }
}

impl<A: Attrs> Clone for UserTable<A> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone(), erased: self.erased.clone() }
    }
}
