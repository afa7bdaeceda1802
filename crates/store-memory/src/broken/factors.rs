use std::sync::Arc;
use std::time::Duration;

use durward_core::Timestamp;
use durward_core::entity::Totp;
use durward_core::keys::Sealed;

use super::fault::Fault;
use super::{Faults, altered};
use crate::factors::FactorTable;
use crate::state::State;
use durward_conformance::Suite;

fn factors(state: &mut State<Suite>) -> &mut FactorTable {
    Arc::make_mut(&mut state.factors)
}

/// Stores an enrolment with something of it altered.
macro_rules! enrolled {
    ($alter:expr) => {
        Fault::insert_totp(|state, totp| {
            factors(state).insert(&altered(totp, $alter));
            Ok(())
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "an_enrolment_comes_back_as_it_was_stored",
        &[
            enrolled!(|it| it.secret = Sealed::from_bytes(vec![])),
            enrolled!(|it| it.expires = it.created),
            enrolled!(|it| it.created = Timestamp::from_millis(0)),
            enrolled!(|it| it.last_step = 0),
            Fault::totp(|state, user| {
                state.factors.totps.values().find(|it| it.user == user).map(|it| Totp::clone(it))
            }),
            Fault::totp_enrolment(|state, handle| {
                let mut rows = state.factors.totps.values();
                rows.find(|it| it.handle == *handle).map(|it| Totp::clone(it))
            }),
            Fault::confirm_totp(|state, id, _, now| factors(state).confirm(id, 0, now)),
            Fault::confirm_totp(|state, id, step, now| {
                _ = factors(state).confirm(id, step, now)?;
                Ok(true)
            }),
        ],
    ),
    (
        "a_new_enrolment_replaces_earlier_ones",
        &[
            Fault::insert_totp(|state, totp| {
                factors(state).totps.insert(totp.id, Arc::new(totp.clone()));
                Ok(())
            }),
            Fault::insert_totp(|state, totp| {
                factors(state).totps.retain(|_, row| row.user != totp.user);
                factors(state).insert(totp);
                Ok(())
            }),
            Fault::insert_totp(|state, totp| {
                factors(state).totps.retain(|_, row| row.confirmed.is_some());
                factors(state).insert(totp);
                Ok(())
            }),
        ],
    ),
    (
        "a_user_has_one_authenticator_app",
        &[Fault::confirm_totp(|state, id, step, now| {
            let row = factors(state).totps.get_mut(&id);
            Ok(row
                .map(|row| {
                    let row = Arc::make_mut(row);
                    (row.last_step, row.confirmed) = (step, Some(now));
                })
                .is_some())
        })],
    ),
    ("of_concurrent_proofs_of_an_enrolment_one_counts", &[Fault::UnitsOverlap]),
    (
        "a_time_step_is_spent_once",
        &[
            Fault::spend_totp_step(|_, _, _| Ok(true)),
            Fault::spend_totp_step(|state, id, step| {
                let row = factors(state).totps.get_mut(&id);
                let row = row.filter(|row| row.confirmed.is_some() && row.last_step != step);
                Ok(row.map(|row| Arc::make_mut(row).last_step = step).is_some())
            }),
            Fault::spend_totp_step(|state, id, step| {
                let row = factors(state).totps.get_mut(&id);
                let row = row.filter(|row| row.confirmed.is_some() && row.last_step <= step);
                Ok(row.map(|row| Arc::make_mut(row).last_step = step).is_some())
            }),
            Fault::spend_totp_step(|state, id, step| {
                let row = factors(state).totps.get_mut(&id).filter(|row| row.last_step < step);
                Ok(row.map(|row| Arc::make_mut(row).last_step = step).is_some())
            }),
            Fault::spend_totp_step(|state, id, step| {
                let spent = factors(state).spend_step(id, step);
                if spent {
                    let rows = factors(state).totps.values_mut();
                    rows.for_each(|row| Arc::make_mut(row).last_step = step);
                }
                Ok(spent)
            }),
        ],
    ),
    ("of_concurrent_uses_of_a_time_step_one_counts", &[Fault::UnitsOverlap]),
    (
        "an_authenticator_app_is_deleted",
        &[
            Fault::delete_totp(|_, _| Ok(true)),
            Fault::delete_totp(|state, user| {
                let enrolled = state.factors.totp(user).is_some();
                let kept = |row: &Totp| row.user != user || row.confirmed.is_none();
                factors(state).totps.retain(|_, row| kept(row));
                Ok(enrolled)
            }),
            Fault::delete_totp(|state, user| {
                let enrolled = state.factors.totp(user).is_some();
                factors(state).totps.clear();
                Ok(enrolled)
            }),
        ],
    ),
    (
        "a_recovery_code_is_spent_once",
        &[
            Fault::spend_recovery_code(|_, _, _| Ok(true)),
            Fault::spend_recovery_code(|state, user, code| {
                Ok(state.factors.recovery_codes.contains_key(&(user, *code)))
            }),
            Fault::spend_recovery_code(|state, _, code| {
                let before = state.factors.recovery_codes.len();
                factors(state).recovery_codes.retain(|(_, kept), _| kept != code);
                Ok(state.factors.recovery_codes.len() < before)
            }),
            Fault::count_recovery_codes(|state, _| state.factors.recovery_codes.len() as u64),
        ],
    ),
    (
        "new_recovery_codes_replace_the_old_ones",
        &[
            Fault::replace_recovery_codes(|state, user, codes, now| {
                let added = codes.iter().map(|code| ((user, *code), now));
                factors(state).recovery_codes.extend(added);
                Ok(())
            }),
            Fault::replace_recovery_codes(|state, user, codes, now| {
                factors(state).recovery_codes.clear();
                factors(state).replace_codes(user, codes, now);
                Ok(())
            }),
        ],
    ),
    ("of_concurrent_uses_of_a_recovery_code_one_counts", &[Fault::UnitsOverlap]),
    (
        "an_app_that_was_proven_late_is_doubted_once",
        &[
            Fault::doubt_totp(|_, _, _, _| Ok(true)),
            Fault::doubt_totp(|_, _, _, _| Ok(false)),
            // Whenever it was proven.
            Fault::doubt_totp(|state, user, _, now| {
                Ok(factors(state).doubt(user, Timestamp::from_millis(i64::MIN), now))
            }),
            // Later than that only.
            Fault::doubt_totp(|state, user, since, now| {
                Ok(factors(state).doubt(user, since + Duration::from_millis(1), now))
            }),
            // From when it was proven on.
            Fault::doubt_totp(|state, user, since, _| Ok(factors(state).doubt(user, since, since))),
            // Again and again.
            Fault::doubt_totp(|state, user, since, now| {
                let rows = factors(state).totps.values_mut();
                let mut mine = rows.filter(|row| row.user == user && row.confirmed.is_some());
                let mine = mine.find(|row| row.confirmed >= Some(since));
                Ok(mine.map(|row| Arc::make_mut(row).doubted = Some(now)).is_some())
            }),
            // Everybody's.
            Fault::doubt_totp(|state, user, since, now| {
                let doubted = factors(state).doubt(user, since, now);
                if doubted {
                    let rows = factors(state).totps.values_mut();
                    rows.for_each(|row| Arc::make_mut(row).doubted = Some(now));
                }
                Ok(doubted)
            }),
        ],
    ),
    (
        "a_doubt_is_taken_back",
        &[
            Fault::trust_totp(|_, _| Ok(true)),
            Fault::trust_totp(|state, id| {
                Ok(state.factors.totps.get(&id).is_some_and(|row| row.doubted.is_some()))
            }),
            Fault::trust_totp(|state, id| {
                let trusted = factors(state).trust(id);
                let rows = factors(state).totps.values_mut();
                rows.for_each(|row| Arc::make_mut(row).doubted = None);
                Ok(trusted)
            }),
            Fault::trust_totp(|state, id| {
                let row = factors(state).totps.get_mut(&id);
                Ok(row.map(|row| Arc::make_mut(row).doubted = None).is_some())
            }),
        ],
    ),
    (
        "late_recovery_codes_are_deleted",
        &[
            Fault::delete_recovery_codes(|_, _, _| Ok(0)),
            Fault::delete_recovery_codes(|state, user, _| {
                Ok(factors(state).delete_codes(user, Timestamp::from_millis(i64::MIN)))
            }),
            Fault::delete_recovery_codes(|state, user, since| {
                Ok(factors(state).delete_codes(user, since + Duration::from_millis(1)))
            }),
            Fault::delete_recovery_codes(|state, user, since| {
                _ = factors(state).delete_codes(user, since);
                Ok(2)
            }),
            Fault::delete_recovery_codes(|state, _, since| {
                let before = state.factors.recovery_codes.len();
                factors(state).recovery_codes.retain(|_, made| *made < since);
                Ok((before - state.factors.recovery_codes.len()) as u64)
            }),
            // Of codes that are made again it is known when they were made at first.
            Fault::replace_recovery_codes(|state, user, codes, now| {
                let before = state.factors.recovery_codes.clone();
                factors(state).replace_codes(user, codes, now);
                for (key, made) in &mut factors(state).recovery_codes {
                    *made = before.get(key).copied().unwrap_or(now);
                }
                Ok(())
            }),
        ],
    ),
];
