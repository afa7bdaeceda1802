use std::sync::Arc;

use durward_conformance::Suite;
use durward_core::Timestamp;
use durward_core::entity::AuditRow;
use durward_core::ids::AuditId;
use durward_core::store::AuditQuery;

use super::fault::Fault;
use super::{Faults, altered};
use crate::audit::AuditTable;
use crate::state::State;

/// Writes a row with something of it altered.
macro_rules! written {
    ($alter:expr) => {
        Fault::insert_audit(|state, row| audit(state).insert(&altered(row, $alter)))
    };
}

/// Answers another question.
macro_rules! asked {
    ($alter:expr) => {
        Fault::audit_entries(|state, query| state.audit.entries(&altered(query, $alter)))
    };
}

/// Erases the addresses of other rows.
macro_rules! erased {
    ($which:expr) => {
        Fault::erase_audit_addresses(|state, user| {
            let which: fn(&AuditRow, durward_core::UserId) -> bool = $which;
            let with_address = all(state).filter(|row| row.entry.ip.is_some());
            let with_address = with_address.filter(|row| which(row, user));
            let ids: Vec<_> = with_address.map(|row| row.entry.id).collect();
            for id in &ids {
                change(state, *id, |row| (row.entry.ip, row.ip_salt) = (None, None));
            }
            Ok(ids.len() as u64)
        })
    };
}
pub(super) const FAULTS: Faults = &[
    (
        "an_entry_comes_back_as_it_was_written",
        &[
            written!(|it| it.entry.id = AuditId::from_bytes([0; 16])),
            written!(|it| it.entry.at = Timestamp::from_millis(0)),
            written!(|it| it.entry.event.truncate(63)),
            written!(|it| it.entry.organization = None),
            written!(|it| it.entry.actor = it.entry.subject),
            written!(|it| it.entry.subject = None),
            written!(|it| it.entry.client = None),
            written!(|it| it.entry.ip = None),
            written!(|it| it.entry.ip = it.entry.ip.take().filter(|text| !text.is_empty())),
            written!(|it| it.entry.ip = it.entry.ip.take().filter(|text| text.len() < 39)),
            written!(|it| _ = it.entry.ip.get_or_insert_default()),
            written!(|it| it.entry.request = None),
            written!(
                |it| it.entry.request = it.entry.request.take().filter(|text| !text.is_empty())
            ),
            written!(|it| it.entry.request = it.entry.request.take().filter(|text| text.len() < 64)),
            written!(|it| it.entry.details = "{}".to_owned()),
            written!(|it| it.entry.details = it.entry.details.replace('🦊', "?")),
            written!(|it| it.entry.details = it.entry.details.trim_end().to_owned()),
            written!(|it| it.entry.details = it.entry.details.chars().take(16_383).collect()),
            written!(|it| it.ip_salt = None),
            written!(|it| it.ip_fingerprint = None),
            written!(|it| it.mac.key &= 0x7fff_ffff),
            written!(|it| it.mac.digest = durward_core::Digest::from_bytes([0; 32])),
            written!(|it| it.seal = None),
            written!(|it| _ = it.seal.get_or_insert(0)),
            Fault::audit_entries(|_, _| vec![]),
            Fault::audit_rows(|_, _, _| vec![]),
        ],
    ),
    ("an_entry_is_undone_with_its_unit", &[Fault::WritesCommit, Fault::DroppedUnitsCommit]),
    (
        "entries_are_told_from_the_newest_on",
        &[
            Fault::audit_entries(|state, query| {
                let mut found = state.audit.entries(query);
                found.sort_by_key(|entry| std::cmp::Reverse(entry.at));
                found
            }),
            Fault::audit_entries(|state, query| {
                let mut found = state.audit.entries(query);
                found.reverse();
                found
            }),
            Fault::audit_entries(|state, query| {
                let first = all(state).map(|row| row.entry.clone()).take(query.limit as usize);
                let mut found: Vec<_> = first.collect();
                found.reverse();
                found
            }),
            asked!(|it| it.limit = u32::MAX),
            asked!(|it| it.limit = it.limit.max(1)),
        ],
    ),
    (
        "only_entries_that_fit_are_told",
        &[
            asked!(|it| it.subject = None),
            asked!(|it| it.actor = None),
            asked!(|it| it.organization = None),
            asked!(|it| it.event = None),
            asked!(|it| it.client = None),
            asked!(|it| it.actor = it.subject.or(it.actor)),
            // What is absent fits.
            Fault::audit_entries(|state, query| {
                let mut found = state.audit.entries(query);
                let absent = all(state).filter(|row| row.entry.subject.is_none());
                found.extend(absent.map(|row| row.entry.clone()));
                found.sort_by_key(|entry| std::cmp::Reverse(entry.id));
                found.dedup();
                found
            }),
            // One of several is enough.
            Fault::audit_entries(|state, query| {
                let one = AuditQuery { subject: query.subject, ..only(query) };
                let rest = AuditQuery { subject: None, ..query.clone() };
                let by_one = query.subject.is_some();
                state.audit.entries(if by_one { &one } else { &rest })
            }),
        ],
    ),
    (
        "pages_of_entries_meet_without_a_gap",
        &[
            asked!(|it| it.from = None),
            asked!(|it| it.before = None),
            asked!(|it| it.before = it.before.map(next)),
            asked!(|it| it.from = it.from.map(next)),
            asked!(|it| it.before = it.before.filter(|_| it.subject.is_none())),
            asked!(|it| it.before = it.before.filter(|_| it.actor.is_none())),
            asked!(|it| it.before = it.before.filter(|_| it.organization.is_none())),
            asked!(|it| it.from = it.from.filter(|_| it.subject.is_none())),
            asked!(|it| it.from = it.from.filter(|_| it.actor.is_none())),
            asked!(|it| it.from = it.from.filter(|_| it.organization.is_none())),
        ],
    ),
    (
        "rows_are_told_from_the_first_on",
        &[
            Fault::audit_rows(|state, _, limit| rows(state, None, limit)),
            Fault::audit_rows(|state, after, _| rows(state, after, u32::MAX)),
            Fault::audit_rows(|state, after, limit| {
                all(state)
                    .filter(|row| after.is_none_or(|id| row.entry.id >= id))
                    .take(limit as usize)
                    .cloned()
                    .collect()
            }),
            Fault::audit_rows(|state, after, limit| {
                let mut rows = rows(state, after, limit);
                rows.reverse();
                rows
            }),
            Fault::audit_rows(|state, after, limit| {
                let rows = rows(state, after, limit).into_iter();
                rows.filter(|row| row.seal.is_none()).collect()
            }),
            Fault::audit_rows(|state, after, limit| {
                let rows = rows(state, after, limit).into_iter();
                rows.filter(|row| row.entry.organization.is_none()).collect()
            }),
        ],
    ),
    (
        "addresses_of_a_user_are_erased_and_nothing_else",
        &[
            Fault::erase_audit_addresses(|_, _| Ok(4)),
            Fault::erase_audit_addresses(|state, user| {
                Ok(audit(state).erase_addresses(user).min(1))
            }),
            erased!(|row, user| row.entry.subject == Some(user)),
            erased!(|row, user| row.entry.actor == Some(user)),
            erased!(|row, user| row.entry.subject == Some(user) && row.entry.actor == Some(user)),
            erased!(|_, _| true),
            Fault::erase_audit_addresses(|state, user| {
                let salts: Vec<_> = all(state).map(|row| (row.entry.id, row.ip_salt)).collect();
                let erased = audit(state).erase_addresses(user);
                for (id, salt) in salts {
                    change(state, id, |row| row.ip_salt = salt);
                }
                Ok(erased)
            }),
            Fault::erase_audit_addresses(|state, user| {
                let erased = audit(state).erase_addresses(user);
                let ids: Vec<_> = all(state).map(|row| row.entry.id).collect();
                for id in ids {
                    change(state, id, |row| {
                        row.ip_fingerprint = row.ip_fingerprint.filter(|_| row.ip_salt.is_some());
                    });
                }
                Ok(erased)
            }),
        ],
    ),
];

fn audit(state: &mut State<Suite>) -> &mut AuditTable {
    Arc::make_mut(&mut state.audit)
}

fn all(state: &State<Suite>) -> impl Iterator<Item = &AuditRow> {
    state.audit.all()
}

fn rows(state: &State<Suite>, after: Option<AuditId>, limit: u32) -> Vec<AuditRow> {
    let behind = all(state).filter(|row| after.is_none_or(|id| row.entry.id > id));
    behind.take(limit as usize).cloned().collect()
}

fn change(state: &mut State<Suite>, id: AuditId, change: impl FnOnce(&mut AuditRow)) {
    if let Some(row) = audit(state).rows.get_mut(&id) {
        change(Arc::make_mut(row));
    }
}

/// The bounds of a question without the rest of it.
fn only(query: &AuditQuery) -> AuditQuery {
    let AuditQuery { from, before, limit, .. } = *query;
    AuditQuery { from, before, limit, ..AuditQuery::default() }
}

/// The id behind this one.
fn next(id: AuditId) -> AuditId {
    AuditId::from_bytes((u128::from_be_bytes(*id.as_bytes()) + 1).to_be_bytes())
}
