use std::sync::Arc;

use durward_core::entity::UserStatus;
use durward_core::{Role, Timestamp};

use super::Faults;
use super::fault::Fault;

/// Erases a user, and then puts something back that was there before.
macro_rules! erased {
    (|$state:ident, $before:ident, $id:ident| $put_back:expr) => {
        Fault::erase_user(|$state, $id, now| {
            let $before = $state.clone();
            let erased = $state.erase_user($id, now);
            if erased {
                $put_back;
            }
            Ok(erased)
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "those_who_are_due_are_erased_from_the_longest_on",
        &[
            Fault::users_to_erase(|_, _, _| vec![]),
            Fault::users_to_erase(|state, now, _| state.users_to_erase(now)),
            Fault::users_to_erase(|state, now, limit| {
                let mut due = state.users_to_erase(now);
                due.sort_unstable();
                due.truncate(limit as usize);
                due
            }),
            Fault::users_to_erase(|state, now, limit| {
                let early = Timestamp::from_millis(now.as_millis() - 1);
                let mut due = state.users_to_erase(early);
                due.truncate(limit as usize);
                due
            }),
            Fault::users_to_erase(|state, _, limit| {
                let mut due = state.users_to_erase(Timestamp::from_millis(i64::MAX));
                due.truncate(limit as usize);
                due
            }),
        ],
    ),
    (
        "an_erased_user_is_nowhere",
        &[
            erased!(|state, before, id| {
                let user = Arc::clone(&before.users.rows[&id]);
                Arc::make_mut(&mut state.users).rows.insert(id, user)
            }),
            erased!(|state, before, _id| state.login_emails = Arc::clone(&before.login_emails)),
            erased!(|state, before, _id| state.passwords = Arc::clone(&before.passwords)),
            erased!(|state, before, _id| state.sessions = Arc::clone(&before.sessions)),
            erased!(|state, before, _id| state.flows = Arc::clone(&before.flows)),
            erased!(|state, _before, _id| state.audit = Arc::default()),
        ],
    ),
    (
        "only_who_is_due_is_erased",
        &[
            Fault::erase_user(|state, id, _| {
                Ok(state.erase_user(id, Timestamp::from_millis(i64::MAX)))
            }),
            Fault::erase_user(|state, id, _| {
                let there = state.users.row(id).is_some();
                state.erase(id);
                Ok(there)
            }),
            Fault::erase_user(|state, id, now| {
                _ = state.erase_user(id, now);
                Ok(true)
            }),
            Fault::erase_user(|state, id, now| {
                let everyone = state.users_to_erase(now);
                let due = everyone.contains(&id);
                for id in everyone.into_iter().filter(|_| due) {
                    state.erase(id);
                }
                Ok(due)
            }),
        ],
    ),
    (
        "the_id_of_an_erased_user_stays_taken",
        &[erased!(|state, _before, id| Arc::make_mut(&mut state.users).erased.remove(&id))],
    ),
    ("of_concurrent_erasures_one_counts", &[Fault::UnitsOverlap]),
    (
        "other_administrators_are_counted_while_they_administer",
        &[
            Fault::lock_other_administrators(|_, _| Ok(1)),
            Fault::lock_other_administrators(|state, _| {
                let everyone = state.users.rows.values();
                Ok(everyone.filter(|user| user.administers()).count() as u64)
            }),
            Fault::lock_other_administrators(|state, user| {
                let others = state.users.rows.values().filter(|other| other.id != user);
                Ok(others.filter(|other| other.status == UserStatus::Active).count() as u64)
            }),
            Fault::lock_other_administrators(|state, user| {
                let others = state.users.rows.values().filter(|other| other.id != user);
                let holds = |roles: &[durward_conformance::SuiteRole]| {
                    roles.iter().any(|role| role.is_administrator())
                };
                Ok(others.filter(|other| holds(&other.roles)).count() as u64)
            }),
        ],
    ),
    ("of_administrators_who_shut_each_other_out_one_is_left", &[Fault::UnitsOverlap]),
];
