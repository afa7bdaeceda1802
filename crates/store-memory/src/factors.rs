use std::collections::BTreeSet;
use std::sync::Arc;

use durward_core::entity::Totp;
use durward_core::ids::{TotpId, UserId};
use durward_core::store::{Factors, FactorsMut, Result, StoreError};
use durward_core::{Attrs, Digest, Timestamp};

use crate::state::Rows;
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

#[derive(Clone, Default)]
pub(crate) struct FactorTable {
    pub(crate) totps: Rows<TotpId, Totp>,
    pub(crate) recovery_codes: BTreeSet<(UserId, Digest)>,
}

impl FactorTable {
    pub(crate) fn totp(&self, user: UserId) -> Option<&Totp> {
        let mut rows = self.totps.values().map(Arc::as_ref);
        rows.find(|row| row.user == user && row.confirmed.is_some())
    }

    pub(crate) fn enrolment(&self, handle: &Digest) -> Option<&Totp> {
        let mut rows = self.totps.values().map(Arc::as_ref);
        rows.find(|row| row.handle == *handle && row.confirmed.is_none())
    }

    pub(crate) fn insert(&mut self, totp: &Totp) {
        self.totps.retain(|_, row| row.user != totp.user || row.confirmed.is_some());
        self.totps.insert(totp.id, Arc::new(totp.clone()));
    }

    pub(crate) fn confirm(&mut self, id: TotpId, step: u64, now: Timestamp) -> Result<bool> {
        let Some(row) = self.totps.get(&id).filter(|row| row.confirmed.is_none()) else {
            return Ok(false);
        };
        if self.totp(row.user).is_some() {
            return Err(StoreError::Duplicate("authenticator app"));
        }
        let confirmed = Totp { confirmed: Some(now), last_step: step, ..Totp::clone(row) };
        self.totps.insert(id, Arc::new(confirmed));
        Ok(true)
    }

    pub(crate) fn spend_step(&mut self, id: TotpId, step: u64) -> bool {
        let later = |row: &&mut Arc<Totp>| row.confirmed.is_some() && row.last_step < step;
        let row = self.totps.get_mut(&id).filter(later);
        row.map(|row| Arc::make_mut(row).last_step = step).is_some()
    }

    pub(crate) fn delete(&mut self, user: UserId) -> bool {
        let enrolled = self.totp(user).is_some();
        self.totps.retain(|_, row| row.user != user);
        enrolled
    }

    pub(crate) fn replace_codes(&mut self, user: UserId, codes: &[Digest]) {
        self.recovery_codes.retain(|(owner, _)| *owner != user);
        self.recovery_codes.extend(codes.iter().map(|code| (user, *code)));
    }
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Factors for Handle<A> {
        async fn totp(&mut self, user: UserId) -> Result<Option<Totp>> {
            self.look(|state| state.factors.totp(user).cloned())
        }

        async fn totp_enrolment(&mut self, handle: &Digest) -> Result<Option<Totp>> {
            self.look(|state| state.factors.enrolment(handle).cloned())
        }

        async fn count_recovery_codes(&mut self, user: UserId) -> Result<u64> {
            self.look(|state| {
                let codes = state.factors.recovery_codes.iter();
                codes.filter(|(owner, _)| *owner == user).count() as u64
            })
        }
    }
}

impl<A: Attrs> FactorsMut for MemoryTx<A> {
    async fn insert_totp(&mut self, totp: &Totp) -> Result<()> {
        self.write(|state| {
            Arc::make_mut(&mut state.factors).insert(totp);
            Ok(())
        })
    }

    async fn confirm_totp(&mut self, id: TotpId, step: u64, now: Timestamp) -> Result<bool> {
        self.write(|state| Arc::make_mut(&mut state.factors).confirm(id, step, now))
    }

    async fn spend_totp_step(&mut self, id: TotpId, step: u64) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.factors).spend_step(id, step)))
    }

    async fn delete_totp(&mut self, user: UserId) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.factors).delete(user)))
    }

    async fn replace_recovery_codes(&mut self, user: UserId, codes: &[Digest]) -> Result<()> {
        self.write(|state| {
            Arc::make_mut(&mut state.factors).replace_codes(user, codes);
            Ok(())
        })
    }

    async fn spend_recovery_code(&mut self, user: UserId, code: &Digest) -> Result<bool> {
        self.write(|state| {
            Ok(Arc::make_mut(&mut state.factors).recovery_codes.remove(&(user, *code)))
        })
    }
}
