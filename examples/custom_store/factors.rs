//! Second factors.

use durward::entity::Totp;
use durward::store::{Factors, FactorsMut, Result};
use durward::{Attrs, Digest, StoreError, Timestamp, TotpId, UserId};

use super::Handle;
use super::tables::change;

impl<A: Attrs> Factors for Handle<A> {
    async fn totp(&mut self, user: UserId) -> Result<Option<Totp>> {
        self.look(|tables| tables.enrolled(user).cloned())
    }

    async fn totp_enrolment(&mut self, handle: &Digest) -> Result<Option<Totp>> {
        self.look(|tables| {
            let mut rows = tables.totps.iter().filter(|row| row.confirmed.is_none());
            rows.find(|row| row.handle == *handle).cloned()
        })
    }

    async fn count_recovery_codes(&mut self, user: UserId) -> Result<u64> {
        self.look(|tables| {
            tables.recovery_codes.iter().filter(|(owner, ..)| *owner == user).count() as u64
        })
    }
}

impl<A: Attrs> FactorsMut for Handle<A> {
    async fn insert_totp(&mut self, totp: &Totp) -> Result<()> {
        self.write(|tables| {
            tables.totps.retain(|row| row.user != totp.user || row.confirmed.is_some());
            tables.totps.push(totp.clone());
            Ok(())
        })
    }

    async fn confirm_totp(&mut self, id: TotpId, step: u64, now: Timestamp) -> Result<bool> {
        self.write(|tables| {
            let guard = |row: &Totp| row.id == id && row.confirmed.is_none();
            let Some(row) = tables.totps.iter().find(|row| guard(row)) else { return Ok(false) };
            if tables.enrolled(row.user).is_some() {
                return Err(StoreError::Duplicate("authenticator app"));
            }
            Ok(change(&mut tables.totps, guard, |row| {
                (row.last_step, row.confirmed) = (step, Some(now));
            }))
        })
    }

    async fn spend_totp_step(&mut self, id: TotpId, step: u64) -> Result<bool> {
        let guard = |row: &Totp| row.id == id && row.confirmed.is_some() && row.last_step < step;
        self.write(|tables| Ok(change(&mut tables.totps, guard, |row| row.last_step = step)))
    }

    async fn doubt_totp(&mut self, user: UserId, since: Timestamp, now: Timestamp) -> Result<bool> {
        let guard = |row: &Totp| {
            let late = row.confirmed.is_some_and(|confirmed| confirmed >= since);
            row.user == user && late && row.doubted.is_none()
        };
        self.write(|tables| Ok(change(&mut tables.totps, guard, |row| row.doubted = Some(now))))
    }

    async fn trust_totp(&mut self, id: TotpId) -> Result<bool> {
        let guard = |row: &Totp| row.id == id && row.doubted.is_some();
        self.write(|tables| Ok(change(&mut tables.totps, guard, |row| row.doubted = None)))
    }

    async fn delete_totp(&mut self, user: UserId) -> Result<bool> {
        self.write(|tables| {
            let enrolled = tables.enrolled(user).is_some();
            tables.totps.retain(|row| row.user != user);
            Ok(enrolled)
        })
    }

    async fn replace_recovery_codes(
        &mut self,
        user: UserId,
        codes: &[Digest],
        now: Timestamp,
    ) -> Result<()> {
        self.write(|tables| {
            tables.recovery_codes.retain(|(owner, ..)| *owner != user);
            tables.recovery_codes.extend(codes.iter().map(|code| (user, *code, now)));
            Ok(())
        })
    }

    async fn delete_recovery_codes(&mut self, user: UserId, since: Timestamp) -> Result<u64> {
        self.write(|tables| {
            let before = tables.recovery_codes.len();
            tables.recovery_codes.retain(|(owner, _, made)| *owner != user || *made < since);
            Ok((before - tables.recovery_codes.len()) as u64)
        })
    }

    async fn spend_recovery_code(&mut self, user: UserId, code: &Digest) -> Result<bool> {
        self.write(|tables| {
            let before = tables.recovery_codes.len();
            tables.recovery_codes.retain(|(owner, kept, _)| (*owner, kept) != (user, code));
            Ok(tables.recovery_codes.len() < before)
        })
    }
}
