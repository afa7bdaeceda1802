use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use durward_core::email::CanonicalEmail;
use durward_core::entity::LoginEmail;
use durward_core::ids::{LoginEmailId, UserId};
use durward_core::store::{LoginEmails, LoginEmailsMut, Result, StoreError};
use durward_core::{Attrs, Timestamp};

use crate::state::Rows;
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

/// How many look-alikes are told (R-EM-04).
const LOOKALIKES: usize = 16;

#[derive(Clone, Default)]
pub(crate) struct LoginEmailTable {
    pub(crate) rows: Rows<LoginEmailId, LoginEmail>,
    pub(crate) by_user: BTreeMap<UserId, BTreeSet<(Timestamp, LoginEmailId)>>,
    pub(crate) proven: BTreeMap<CanonicalEmail, LoginEmailId>,
    pub(crate) proven_skeletons: BTreeMap<String, BTreeSet<LoginEmailId>>,
    pub(crate) unproven: BTreeMap<CanonicalEmail, BTreeSet<LoginEmailId>>,
}

impl LoginEmailTable {
    /// The proven claim of this address.
    pub(crate) fn proven(&self, email: &CanonicalEmail) -> Option<&LoginEmail> {
        self.row(*self.proven.get(email)?)
    }

    pub(crate) fn row(&self, id: LoginEmailId) -> Option<&LoginEmail> {
        self.rows.get(&id).map(Arc::as_ref)
    }

    pub(crate) fn of_user(&self, user: UserId) -> Vec<LoginEmail> {
        let ids = self.by_user.get(&user).into_iter().flatten();
        ids.filter_map(|(_, id)| self.row(*id)).cloned().collect()
    }

    pub(crate) fn lookalikes(&self, skeleton: &str) -> Vec<LoginEmail> {
        let ids = self.proven_skeletons.get(skeleton).into_iter().flatten();
        ids.filter_map(|id| self.row(*id)).take(LOOKALIKES).cloned().collect()
    }

    pub(crate) fn insert(&mut self, email: &LoginEmail) -> Result<()> {
        if self.rows.contains_key(&email.id) {
            return Err(StoreError::Duplicate("claim"));
        }
        if email.proven.is_some() {
            self.insert_proven(email)?;
        } else {
            let canonical = email.address.canonical().clone();
            self.unproven.entry(canonical).or_default().insert(email.id);
        }
        self.by_user.entry(email.user).or_default().insert((email.created, email.id));
        self.rows.insert(email.id, Arc::new(email.clone()));
        Ok(())
    }

    pub(crate) fn prove(&mut self, id: LoginEmailId, user: UserId, now: Timestamp) -> Result<bool> {
        let claim = self.row(id).filter(|claim| claim.user == user && claim.proven.is_none());
        let Some(claim) = claim.cloned() else {
            return Ok(false);
        };
        let proven = LoginEmail { proven: Some(now), ..claim };
        self.insert_proven(&proven)?;
        self.remove_unproven(&proven);
        self.rows.insert(id, Arc::new(proven));
        Ok(true)
    }

    pub(crate) fn promote(&mut self, id: LoginEmailId, user: UserId) -> bool {
        let ours = self.row(id).is_some_and(|row| row.user == user && row.proven.is_some());
        if ours {
            for email in self.of_user(user) {
                let primary = email.id == id;
                self.rows.insert(email.id, Arc::new(LoginEmail { primary, ..email }));
            }
        }
        ours
    }

    pub(crate) fn delete(&mut self, id: LoginEmailId, user: UserId) -> bool {
        let Some(email) = self.row(id).filter(|email| email.user == user).cloned() else {
            return false;
        };
        self.rows.remove(&id);
        self.forget_address(&email);
        if let Some(of_user) = self.by_user.get_mut(&user) {
            of_user.remove(&(email.created, id));
        }
        true
    }

    pub(crate) fn delete_claims(&mut self, email: &CanonicalEmail, except: UserId) -> u64 {
        let ids = self.unproven.get(email).into_iter().flatten();
        let claims: Vec<_> = ids
            .filter_map(|id| self.row(*id))
            .filter(|claim| claim.user != except)
            .cloned()
            .collect();
        for claim in &claims {
            self.remove_unproven(claim);
            self.rows.remove(&claim.id);
            if let Some(of_user) = self.by_user.get_mut(&claim.user) {
                of_user.remove(&(claim.created, claim.id));
            }
        }
        claims.len() as u64
    }

    pub(crate) fn delete_of(&mut self, user: UserId) {
        for email in self.of_user(user) {
            self.rows.remove(&email.id);
            self.forget_address(&email);
        }
        self.by_user.remove(&user);
    }

    fn forget_address(&mut self, email: &LoginEmail) {
        if email.proven.is_none() {
            self.remove_unproven(email);
        } else {
            self.proven.remove(email.address.canonical());
            if let Some(alike) = self.proven_skeletons.get_mut(email.address.skeleton()) {
                alike.remove(&email.id);
            }
        }
    }

    pub(crate) fn insert_proven(&mut self, email: &LoginEmail) -> Result<()> {
        let canonical = email.address.canonical();
        if self.proven.contains_key(canonical) {
            return Err(StoreError::Duplicate("email address"));
        }
        self.proven.insert(canonical.clone(), email.id);
        let skeleton = email.address.skeleton().to_owned();
        self.proven_skeletons.entry(skeleton).or_default().insert(email.id);
        Ok(())
    }

    pub(crate) fn remove_unproven(&mut self, claim: &LoginEmail) {
        let canonical = claim.address.canonical();
        if let Some(claims) = self.unproven.get_mut(canonical) {
            claims.remove(&claim.id);
            if claims.is_empty() {
                self.unproven.remove(canonical);
            }
        }
    }
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> LoginEmails for Handle<A> {
        async fn login_email(&mut self, id: LoginEmailId) -> Result<Option<LoginEmail>> {
            self.look(|state| state.login_emails.row(id).cloned())
        }

        async fn login_emails_of(&mut self, user: UserId) -> Result<Vec<LoginEmail>> {
            self.look(|state| state.login_emails.of_user(user))
        }

        async fn proven_email(&mut self, email: &CanonicalEmail) -> Result<Option<LoginEmail>> {
            self.look(|state| state.login_emails.proven(email).cloned())
        }

        async fn proven_lookalikes(&mut self, skeleton: &str) -> Result<Vec<LoginEmail>> {
            self.look(|state| state.login_emails.lookalikes(skeleton))
        }
    }
}

impl<A: Attrs> LoginEmailsMut for MemoryTx<A> {
    async fn insert_login_email(&mut self, email: &LoginEmail) -> Result<()> {
        self.write(|state| Arc::make_mut(&mut state.login_emails).insert(email))
    }

    async fn prove_login_email(
        &mut self,
        id: LoginEmailId,
        user: UserId,
        now: Timestamp,
    ) -> Result<bool> {
        self.write(|state| Arc::make_mut(&mut state.login_emails).prove(id, user, now))
    }

    async fn promote_login_email(&mut self, id: LoginEmailId, user: UserId) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.login_emails).promote(id, user)))
    }

    async fn delete_login_email(&mut self, id: LoginEmailId, user: UserId) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.login_emails).delete(id, user)))
    }

    async fn delete_claims(&mut self, email: &CanonicalEmail, except: UserId) -> Result<u64> {
        self.write(|state| Ok(Arc::make_mut(&mut state.login_emails).delete_claims(email, except)))
    }
}
