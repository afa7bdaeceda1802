use std::sync::Arc;

use durward_conformance::Suite;
use durward_core::StoreError;
use durward_core::entity::{AuditHead, AuditRow, AuditSeal, Fingerprint};
use durward_core::ids::OrganizationId;

use super::fault::Fault;
use super::{Faults, altered};
use crate::audit::AuditTable;
use crate::state::State;

/// Tells of what is not sealed with something done to it.
macro_rules! unsealed {
    ($change:expr) => {
        Fault::unsealed_audit(|state, after, limit| {
            let change: fn(Vec<AuditRow>) -> Vec<AuditRow> = $change;
            change(state.audit.unsealed(after, limit))
        })
    };
}

/// Writes a seal with something of it altered.
macro_rules! sealed {
    ($alter:expr) => {
        Fault::insert_audit_seal(|state, seal| audit(state).insert_seal(&altered(seal, $alter)))
    };
}

/// Writes a head with something of it altered.
macro_rules! advanced {
    ($alter:expr) => {
        Fault::advance_audit_head(|state, head, from| {
            audit(state).advance_head(&altered(head, $alter), from)
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "what_is_not_sealed_is_told_by_tenant",
        &[
            unsealed!(|mut rows| {
                rows.sort_by_key(|row| row.entry.id);
                rows
            }),
            unsealed!(|mut rows| {
                rows.sort_by_key(|row| (row.entry.organization.is_none(), row.entry.id));
                rows
            }),
            Fault::unsealed_audit(|state, _, limit| state.audit.unsealed(None, limit)),
            Fault::unsealed_audit(|state, after, _| state.audit.unsealed(after, u32::MAX)),
            Fault::unsealed_audit(|state, after, limit| {
                let all = state.audit.unsealed(None, u32::MAX).into_iter();
                let behind = all.filter(|row| after.is_none_or(|it| row.entry.id > it.id));
                behind.take(limit as usize).collect()
            }),
            Fault::unsealed_audit(|state, after, limit| {
                let all = state.audit.unsealed(None, u32::MAX).into_iter();
                let of = |row: &AuditRow| row.entry.organization;
                let behind = all.filter(|row| after.is_none_or(|it| of(row) > it.organization));
                behind.take(limit as usize).collect()
            }),
            Fault::unsealed_audit(|state, after, limit| {
                let mut all: Vec<AuditRow> = state.audit.all().cloned().collect();
                let place = |it: &durward_core::entity::AuditEntry| (it.organization, it.id);
                all.retain(|row| after.is_none_or(|it| place(&row.entry) > place(it)));
                all.sort_by_key(|row| place(&row.entry));
                all.truncate(limit as usize);
                all
            }),
        ],
    ),
    (
        "a_seal_comes_back_as_it_was_written",
        &[
            sealed!(|it| it.at = durward_core::Timestamp::from_millis(0)),
            sealed!(|it| it.previous = Fingerprint::NONE),
            sealed!(|it| it.hash = it.previous),
            sealed!(|it| it.members.truncate(199)),
            sealed!(|it| it.members.reverse()),
            sealed!(|it| it.number &= 0x7fff_ffff),
            Fault::audit_seals(|_, _, _, _| vec![]),
        ],
    ),
    (
        "members_of_a_seal_name_it_and_nothing_else_does",
        &[
            Fault::insert_audit_seal(|state, seal| {
                audit(state).insert_seal(&AuditSeal { members: vec![], ..seal.clone() })?;
                Ok(seal.members.len() as u64)
            }),
            Fault::insert_audit_seal(|state, seal| {
                audit(state).insert_seal(seal)?;
                Ok(seal.members.len() as u64)
            }),
            Fault::insert_audit_seal(|state, seal| {
                let marked = audit(state).insert_seal(seal)?;
                mark(state, seal.number, |row| row.seal.is_none());
                Ok(marked)
            }),
            Fault::insert_audit_seal(|state, seal| {
                let (first, rest) = seal.members.split_at(seal.members.len().min(32));
                let marked = audit(state)
                    .insert_seal(&AuditSeal { members: first.to_vec(), ..seal.clone() })?;
                Ok(marked + rest.len() as u64)
            }),
        ],
    ),
    (
        "a_member_keeps_its_first_seal",
        &[
            Fault::insert_audit_seal(|state, seal| {
                let marked = audit(state).insert_seal(seal)?;
                let members: Vec<_> = seal.members.iter().map(|member| member.id).collect();
                for id in members {
                    if let Some(row) = audit(state).rows.get_mut(&id) {
                        Arc::make_mut(row).seal = Some(seal.number);
                    }
                }
                Ok(marked)
            }),
            Fault::insert_audit_seal(|state, seal| {
                audit(state).insert_seal(seal)?;
                let named = seal.members.iter().filter(|it| state.audit.rows.contains_key(&it.id));
                Ok(named.count() as u64)
            }),
        ],
    ),
    (
        "a_place_in_a_chain_is_taken_once",
        &[
            Fault::insert_audit_seal(|state, seal| {
                audit(state).seals.remove(&(seal.organization, seal.number));
                audit(state).insert_seal(seal)
            }),
            Fault::insert_audit_seal(|state, seal| {
                if state.audit.seals.keys().any(|(_, number)| *number == seal.number) {
                    return Err(StoreError::Duplicate("audit seal"));
                }
                audit(state).insert_seal(seal)
            }),
        ],
    ),
    (
        "sealed_rows_are_told_by_tenant_and_seal",
        &[
            Fault::sealed_audit(|state, _, seal| named(state, |row| row.seal == Some(seal))),
            Fault::sealed_audit(|state, organization, _| {
                named(state, |row| row.seal.is_some() && row.entry.organization == organization)
            }),
            Fault::sealed_audit(|state, organization, seal| {
                let mut rows = of_seal(state, organization, seal);
                rows.reverse();
                rows
            }),
            Fault::sealed_audit(|state, organization, seal| {
                named(state, |row| {
                    row.entry.organization == organization && row.seal.is_none_or(|it| it == seal)
                })
            }),
            Fault::sealed_audit(|_, _, _| vec![]),
        ],
    ),
    (
        "seals_are_told_by_tenant_in_their_order",
        &[
            Fault::audit_seals(|state, _, after, limit| {
                seals(state, |seal| seal.number > after, limit)
            }),
            Fault::audit_seals(|state, organization, _, limit| {
                seals(state, |seal| seal.organization == organization, limit)
            }),
            Fault::audit_seals(|state, organization, after, _| {
                of_chain(state, organization, after, u32::MAX)
            }),
            Fault::audit_seals(|state, organization, after, limit| {
                let mut seals = of_chain(state, organization, after, limit);
                seals.reverse();
                seals
            }),
            Fault::audit_seals(|state, organization, after, limit| {
                seals(
                    state,
                    |seal| seal.organization == organization && seal.number >= after.max(1),
                    limit,
                )
            }),
            // In the order of their digits.
            Fault::audit_seals(|state, organization, after, limit| {
                let mut seals = of_chain(state, organization, after, u32::MAX);
                seals.sort_by_key(|seal| seal.number.to_string());
                seals.truncate(limit as usize);
                seals
            }),
        ],
    ),
    (
        "a_head_comes_back_as_it_was_written",
        &[
            advanced!(|it| it.seals &= 0x7fff_ffff),
            advanced!(|it| it.entries &= 0xffff_ffff),
            advanced!(|it| it.hash = Fingerprint::NONE),
            advanced!(|it| it.mac.key &= 0x7fff_ffff),
            advanced!(|it| it.mac.digest = durward_core::Digest::from_bytes([0; 32])),
            advanced!(|it| it.organization = None),
            Fault::audit_head(|_, _| None),
        ],
    ),
    (
        "a_head_advances_from_where_it_is",
        &[
            Fault::advance_audit_head(|_, _, _| Ok(true)),
            Fault::advance_audit_head(|_, _, _| Ok(false)),
            Fault::advance_audit_head(|state, head, _| {
                audit(state).heads.insert(head.organization, head.clone());
                Ok(true)
            }),
            Fault::advance_audit_head(|state, head, from| {
                let there = state.audit.heads.contains_key(&head.organization);
                if there || from > 0 {
                    audit(state).heads.insert(head.organization, head.clone());
                    return Ok(from > 0);
                }
                audit(state).advance_head(head, from)
            }),
            Fault::advance_audit_head(|state, head, from| {
                let is_ahead = |it: &AuditHead| it.seals >= from;
                let passes = state.audit.heads.get(&head.organization).is_some_and(is_ahead);
                if from == 0 || !passes {
                    return audit(state).advance_head(head, from);
                }
                audit(state).heads.insert(head.organization, head.clone());
                Ok(true)
            }),
            Fault::advance_audit_head(|state, head, from| {
                let entries = state.audit.heads.get(&head.organization).map(|it| it.entries);
                let entries = entries.unwrap_or(head.entries);
                audit(state).advance_head(&AuditHead { entries, ..head.clone() }, from)
            }),
            // What has as many seals as before is not written.
            Fault::advance_audit_head(|state, head, from| {
                Ok(head.seals != from && audit(state).advance_head(head, from)?)
            }),
        ],
    ),
    (
        "heads_of_tenants_do_not_collide",
        &[
            advanced!(|it| it.organization = None),
            Fault::advance_audit_head(|state, head, from| {
                let advanced = audit(state).advance_head(head, from)?;
                for other in audit(state).heads.values_mut().filter(|_| from > 0) {
                    other.seals = head.seals;
                }
                Ok(advanced)
            }),
            Fault::audit_heads(|state, _, limit| heads(state, None, limit)),
            Fault::audit_heads(|state, after, _| heads(state, after, u32::MAX)),
            Fault::audit_heads(|state, after, limit| {
                let of_all = state.audit.heads.values();
                let behind = of_all.filter(|head| after.is_none() || head.organization > after);
                behind.take(limit as usize).cloned().collect()
            }),
            Fault::audit_heads(|state, after, limit| {
                let mut heads = heads(state, after, limit);
                heads.reverse();
                heads
            }),
            Fault::audit_head(|state, _| state.audit.heads.values().next_back().cloned()),
        ],
    ),
    ("of_concurrent_advances_one_happens", &[Fault::UnitsOverlap]),
    ("of_concurrent_first_heads_one_is_stored", &[Fault::UnitsOverlap]),
];

fn audit(state: &mut State<Suite>) -> &mut AuditTable {
    Arc::make_mut(&mut state.audit)
}

fn mark(state: &mut State<Suite>, seal: u32, which: fn(&AuditRow) -> bool) {
    for row in audit(state).rows.values_mut().filter(|row| which(row)) {
        Arc::make_mut(row).seal = Some(seal);
    }
}

fn named(state: &State<Suite>, which: impl Fn(&AuditRow) -> bool) -> Vec<AuditRow> {
    let found = state.audit.all().filter(|row| which(row)).cloned();
    found.map(|row| AuditRow { seal: row.seal.or(Some(1)), ..row }).collect()
}

fn of_seal(state: &State<Suite>, organization: Option<OrganizationId>, seal: u32) -> Vec<AuditRow> {
    named(state, |row| row.seal == Some(seal) && row.entry.organization == organization)
}

fn seals(state: &State<Suite>, which: impl Fn(&AuditSeal) -> bool, limit: u32) -> Vec<AuditSeal> {
    let all = state.audit.seals.values().map(Arc::as_ref);
    all.filter(|seal| which(seal)).take(limit as usize).cloned().collect()
}

fn of_chain(
    state: &State<Suite>,
    organization: Option<OrganizationId>,
    after: u32,
    limit: u32,
) -> Vec<AuditSeal> {
    let which = |seal: &AuditSeal| seal.organization == organization && seal.number > after;
    seals(state, which, limit)
}

fn heads(state: &State<Suite>, after: Option<OrganizationId>, limit: u32) -> Vec<AuditHead> {
    let behind = state.audit.heads.values().filter(|head| head.organization > after);
    behind.take(limit as usize).cloned().collect()
}
