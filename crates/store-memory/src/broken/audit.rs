use std::sync::Arc;

use durward_conformance::Suite;
use durward_core::Timestamp;
use durward_core::entity::AuditEntry;
use durward_core::ids::{AuditId, UserId};

use super::fault::Fault;
use super::{Faults, altered};
use crate::state::State;

/// Writes an entry with something of it altered.
macro_rules! written {
    ($alter:expr) => {
        Fault::insert_audit(|state, entry| {
            Arc::make_mut(&mut state.audit).insert(&altered(entry, $alter))
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "an_entry_comes_back_as_it_was_written",
        &[
            written!(|it| it.id = AuditId::from_bytes([0; 16])),
            written!(|it| it.at = Timestamp::from_millis(0)),
            written!(|it| it.event.truncate(63)),
            written!(|it| it.actor = it.subject),
            written!(|it| it.actor = None),
            written!(|it| it.client = None),
            written!(|it| it.ip = None),
            written!(|it| it.ip = it.ip.take().filter(|text| !text.is_empty())),
            written!(|it| it.ip = it.ip.take().filter(|text| text.len() < 39)),
            written!(|it| _ = it.ip.get_or_insert_default()),
            written!(|it| it.request = None),
            written!(|it| it.request = it.request.take().filter(|text| !text.is_empty())),
            written!(|it| it.request = it.request.take().filter(|text| text.len() < 64)),
            written!(|it| it.details = "{}".to_owned()),
            written!(|it| it.details = it.details.replace('🦊', "?")),
            written!(|it| it.details = it.details.trim_end().to_owned()),
            written!(|it| it.details = it.details.chars().take(16_383).collect()),
            Fault::audit_of(|_, _, _| vec![]),
        ],
    ),
    (
        "entries_are_told_from_the_newest_on",
        &[
            Fault::audit_of(|state, subject, limit| {
                let mut found = about(state, subject);
                found.truncate(limit as usize);
                found
            }),
            Fault::audit_of(|state, subject, limit| {
                let mut found = about(state, subject);
                found.sort_by_key(|entry| entry.at);
                found.truncate(limit as usize);
                found.reverse();
                found
            }),
            Fault::audit_of(|state, subject, _| state.audit.of(subject, u32::MAX)),
            Fault::audit_of(|state, subject, limit| state.audit.of(subject, limit.max(1))),
        ],
    ),
    (
        "only_entries_about_the_user_are_told",
        &[
            Fault::audit_of(|state, _, _| all(state).cloned().collect()),
            Fault::audit_of(|state, user, _| {
                let caused = all(state).filter(|it| it.actor == Some(user));
                caused.chain(&about(state, user)).cloned().collect()
            }),
            Fault::audit_of(|state, user, _| {
                all(state).filter(|it| it.subject.is_none_or(|it| it == user)).cloned().collect()
            }),
        ],
    ),
    ("an_entry_is_undone_with_its_unit", &[Fault::WritesCommit, Fault::DroppedUnitsCommit]),
];

fn all(state: &State<Suite>) -> impl Iterator<Item = &AuditEntry> {
    state.audit.rows.values().map(Arc::as_ref)
}

/// The entries about this user, in the order of their ids.
fn about(state: &State<Suite>, user: UserId) -> Vec<AuditEntry> {
    all(state).filter(|entry| entry.subject == Some(user)).cloned().collect()
}
