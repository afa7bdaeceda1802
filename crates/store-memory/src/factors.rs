use std::collections::BTreeMap;
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
    /// When each was made.
    pub(crate) recovery_codes: BTreeMap<(UserId, Digest), Timestamp>,
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

    pub(crate) fn doubt(&mut self, user: UserId, since: Timestamp, now: Timestamp) -> bool {
        let late = |row: &Totp| row.user == user && row.confirmed.is_some_and(|it| it >= since);
        let mut rows = self.totps.values_mut();
        let row = rows.find(|row| late(row) && row.doubted.is_none());
        row.map(|row| Arc::make_mut(row).doubted = Some(now)).is_some()
    }

    pub(crate) fn trust(&mut self, id: TotpId) -> bool {
        let row = self.totps.get_mut(&id).filter(|row| row.doubted.is_some());
        row.map(|row| Arc::make_mut(row).doubted = None).is_some()
    }

    pub(crate) fn replace_codes(&mut self, user: UserId, codes: &[Digest], now: Timestamp) {
        self.recovery_codes.retain(|(owner, _), _| *owner != user);
        self.recovery_codes.extend(codes.iter().map(|code| ((user, *code), now)));
    }

    pub(crate) fn delete_codes(&mut self, user: UserId, since: Timestamp) -> u64 {
        let before = self.recovery_codes.len();
        self.recovery_codes.retain(|(owner, _), made| *owner != user || *made < since);
        (before - self.recovery_codes.len()) as u64
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
                let codes = state.factors.recovery_codes.keys();
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

    async fn doubt_totp(&mut self, user: UserId, since: Timestamp, now: Timestamp) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.factors).doubt(user, since, now)))
    }

    async fn trust_totp(&mut self, id: TotpId) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.factors).trust(id)))
    }

    async fn replace_recovery_codes(
        &mut self,
        user: UserId,
        codes: &[Digest],
        now: Timestamp,
    ) -> Result<()> {
        self.write(|state| {
            Arc::make_mut(&mut state.factors).replace_codes(user, codes, now);
            Ok(())
        })
    }

    async fn delete_recovery_codes(&mut self, user: UserId, since: Timestamp) -> Result<u64> {
        self.write(|state| Ok(Arc::make_mut(&mut state.factors).delete_codes(user, since)))
    }

    async fn spend_recovery_code(&mut self, user: UserId, code: &Digest) -> Result<bool> {
        self.write(|state| {
            Ok(Arc::make_mut(&mut state.factors).recovery_codes.remove(&(user, *code)).is_some())
        })
    }
}
