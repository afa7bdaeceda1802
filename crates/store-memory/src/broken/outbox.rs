use std::sync::Arc;

use durward_conformance::Suite;
use durward_core::Timestamp;
use durward_core::entity::{MailState, OutboxMail};
use durward_core::ids::MailId;
use durward_core::keys::Sealed;
use durward_core::store::MailCounts;

use super::fault::Fault;
use super::{Faults, altered};
use crate::outbox::OutboxTable;
use crate::state::State;

/// Stores a mail with something of it altered.
macro_rules! stored {
    ($alter:expr) => {
        Fault::insert_mail(|state, mail| outbox(state).insert(&altered(mail, $alter)))
    };
}

/// Settles a mail to something else than was asked, which is told with what is stored.
macro_rules! settled {
    ($alter:expr) => {
        Fault::settle_mail(|state, mail, until| {
            let Some(stored) = state.outbox.row(mail.id).cloned() else { return Ok(false) };
            let alter: fn(&mut OutboxMail, OutboxMail) = $alter;
            Ok(settle(state, &altered(mail, |mail| alter(mail, stored)), until))
        })
    };
}

/// Takes mails for due that stand elsewhere, too.
macro_rules! due_if {
    ($which:expr) => {
        Fault::due_mail(|state, now, limit| {
            let which: fn(MailState) -> bool = $which;
            let due = all(state).filter(|it| it.due <= now && which(it.state));
            due.take(limit as usize).cloned().collect()
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "a_mail_comes_back_as_it_was_stored",
        &[
            stored!(|it| it.state = MailState::Pending),
            stored!(|it| it.body = Sealed::from_bytes(vec![])),
            stored!(|it| it.body = utf8(&it.body)),
            stored!(|it| it.body = first(&it.body, 65_535)),
            stored!(|it| it.due = it.due.max(Timestamp::from_millis(0))),
            stored!(|it| it.due = it.due.min(Timestamp::from_millis(1 << 53))),
            stored!(|it| it.created = it.created.max(Timestamp::from_millis(0))),
            stored!(|it| it.created = it.created.min(Timestamp::from_millis(1 << 53))),
            stored!(|it| it.attempts = 0),
            stored!(|it| it.attempts = it.attempts.min(i32::MAX as u32)),
            stored!(|it| it.last_error = None),
            stored!(|it| _ = it.last_error.get_or_insert_default()),
            stored!(|it| it.last_error = it.last_error.take().filter(|text| !text.is_empty())),
            stored!(|it| it.last_error = it.last_error.take().map(|text| text.replace('🦊', "?"))),
            stored!(|it| it.last_error = it.last_error.take().map(|text| text.trim().to_owned())),
            stored!(|it| it.last_error = it.last_error.take().filter(|text| text.len() < 256)),
        ],
    ),
    ("an_unknown_mail_is_not_found", &[Fault::mail(|state, _| all(state).next().cloned())]),
    (
        "the_mail_due_longest_comes_first",
        &[
            Fault::due_mail(|state, now, limit| due(state, now, limit).into_iter().rev().collect()),
            Fault::due_mail(|state, now, limit| {
                let mut found = due(state, now, limit);
                found.sort_by_key(|mail| mail.id);
                found
            }),
            Fault::due_mail(|state, now, limit| {
                due(state, Timestamp::from_millis(now.as_millis() + 1), limit)
            }),
            Fault::due_mail(|state, now, limit| {
                due(state, Timestamp::from_millis(now.as_millis() - 1), limit)
            }),
            Fault::due_mail(|state, _, limit| due(state, Timestamp::from_millis(i64::MAX), limit)),
        ],
    ),
    (
        "no_more_due_mail_is_told_than_was_asked_for",
        &[
            Fault::due_mail(|state, now, _| due(state, now, u32::MAX)),
            Fault::due_mail(|state, now, limit| due(state, now, limit.max(1))),
            Fault::due_mail(|state, now, limit| due(state, now, limit.min(4))),
            // The limit is applied before the order.
            Fault::due_mail(|state, now, limit| {
                let mut found: Vec<_> = pending(state).filter(|it| it.due <= now).collect();
                found.truncate(limit as usize);
                found.sort_by_key(|mail| mail.due);
                found.into_iter().cloned().collect()
            }),
        ],
    ),
    (
        "only_pending_mail_is_due",
        &[
            due_if!(|state| state != MailState::Void),
            due_if!(|state| state == MailState::Void),
            due_if!(|state| state != MailState::Dead),
            due_if!(|_| true),
        ],
    ),
    (
        "dead_mail_is_told_from_the_newest_on",
        &[
            Fault::dead_mail(|state, limit| dead(state, limit, |it| it.state == MailState::Void)),
            Fault::dead_mail(|state, limit| {
                dead(state, limit, |it| it.state != MailState::Delivered)
            }),
            Fault::dead_mail(|state, limit| {
                dead(state, limit, |it| it.state != MailState::Pending)
            }),
            Fault::dead_mail(|state, _| dead(state, u32::MAX, |it| it.state == MailState::Dead)),
            Fault::dead_mail(|state, limit| {
                let dead = all(state).filter(|it| it.state == MailState::Dead);
                dead.take(limit as usize).cloned().collect()
            }),
            Fault::dead_mail(|state, limit| {
                let mut dead = dead(state, u32::MAX, |it| it.state == MailState::Dead);
                dead.reverse();
                dead.truncate(limit as usize);
                dead
            }),
        ],
    ),
    (
        "mails_are_counted_by_where_they_stand",
        &[
            Fault::count_mail(|_| MailCounts::default()),
            Fault::count_mail(|state| MailCounts { pending: all(state).count() as u64, dead: 2 }),
            Fault::count_mail(|state| MailCounts { pending: 3, dead: all(state).count() as u64 }),
            Fault::count_mail(|state| {
                let due = pending(state).filter(|it| it.due <= Timestamp::from_millis(0));
                MailCounts { pending: due.count() as u64, ..right_counts(state) }
            }),
            Fault::count_mail(|state| {
                let MailCounts { pending, dead } = right_counts(state);
                MailCounts { pending: dead, dead: pending }
            }),
        ],
    ),
    (
        "a_lease_moves_a_mail_and_counts_the_attempt",
        &[
            Fault::lease_mail(|_, _, _, _| Ok(true)),
            Fault::lease_mail(|_, _, _, _| Ok(false)),
            Fault::lease_mail(|state, id, due, until| {
                Ok(outbox(state).change(id, due, |mail| mail.due = until))
            }),
            Fault::lease_mail(|state, id, due, _| {
                Ok(outbox(state).change(id, due, |mail| mail.attempts += 1))
            }),
            Fault::lease_mail(|state, id, due, until| {
                Ok(outbox(state).change(id, due, |mail| {
                    mail.due = until;
                    mail.attempts = 1;
                }))
            }),
            Fault::lease_mail(|state, id, due, until| {
                Ok(outbox(state).change(id, due, |mail| {
                    mail.due = until;
                    mail.attempts += 1;
                    mail.created = until;
                }))
            }),
            Fault::lease_mail(|state, _, due, until| {
                let all: Vec<_> = state.outbox.rows.keys().copied().collect();
                Ok(all.into_iter().fold(false, |any, id| any | lease(state, id, due, until)))
            }),
            // Who is leased once is never due again.
            Fault::lease_mail(|state, id, due, until| {
                let leased = lease(state, id, due, until);
                outbox(state).pending.remove(&(until, id));
                Ok(leased)
            }),
        ],
    ),
    (
        "only_the_mail_that_was_seen_is_leased",
        &[
            Fault::lease_mail(|state, id, _, until| {
                let due = state.outbox.row(id).map_or(until, |it| it.due);
                Ok(lease(state, id, due, until))
            }),
            Fault::lease_mail(|state, id, due, until| {
                let stored = state.outbox.row(id).map_or(due, |it| it.due);
                Ok(lease(state, id, stored.min(due), until))
            }),
            Fault::lease_mail(|state, id, due, until| {
                let stored = state.outbox.row(id).map_or(due, |it| it.due);
                Ok(lease(state, id, stored.max(due), until))
            }),
            Fault::lease_mail(|state, id, due, until| {
                if state.outbox.row(id).is_some() {
                    outbox(state).pending.insert((due, id));
                }
                Ok(lease(state, id, due, until))
            }),
            Fault::lease_mail(|state, id, due, until| {
                let known = state.outbox.row(id).is_some();
                Ok(!known || lease(state, id, due, until))
            }),
        ],
    ),
    (
        "of_concurrent_workers_one_gets_the_mail",
        &[
            Fault::UnitsOverlap,
            Fault::lease_mail(|state, id, _, until| {
                let due = state.outbox.row(id).map_or(until, |it| it.due);
                Ok(lease(state, id, due, until))
            }),
        ],
    ),
    (
        "a_settlement_replaces_what_it_names_and_nothing_else",
        &[
            settled!(|it, stored| it.state = stored.state),
            settled!(|it, stored| it.body = stored.body),
            settled!(|it, stored| it.due = stored.due),
            settled!(|it, stored| it.last_error = stored.last_error),
            Fault::settle_mail(|state, mail, until| {
                let attempts = mail.attempts;
                Ok(outbox(state).change(mail.id, until, |it| {
                    *it = OutboxMail { attempts, created: it.created, ..mail.clone() };
                }))
            }),
            Fault::settle_mail(|state, mail, until| {
                Ok(outbox(state).change(mail.id, until, |it| {
                    *it = OutboxMail { attempts: it.attempts, ..mail.clone() };
                }))
            }),
            Fault::settle_mail(|state, mail, until| {
                let settled = settle(state, mail, until);
                let all: Vec<_> = state.outbox.rows.keys().copied().collect();
                for id in all {
                    settle(
                        state,
                        &OutboxMail { id, ..mail.clone() },
                        Timestamp::from_millis(1_700_000_010_007),
                    );
                }
                Ok(settled)
            }),
        ],
    ),
    (
        "only_the_lease_that_counts_settles",
        &[
            Fault::settle_mail(|state, mail, _| {
                let until = state.outbox.row(mail.id).map_or(mail.due, |it| it.due);
                Ok(settle(state, mail, until))
            }),
            Fault::settle_mail(|state, mail, until| {
                let stored = state.outbox.row(mail.id).map_or(until, |it| it.due);
                Ok(settle(state, mail, stored.min(until)))
            }),
            Fault::settle_mail(|state, mail, until| {
                let stored = state.outbox.row(mail.id).map_or(until, |it| it.due);
                Ok(settle(state, mail, stored.max(until)))
            }),
            Fault::settle_mail(|state, mail, until| {
                if state.outbox.row(mail.id).is_some_and(|it| it.due == until) {
                    outbox(state).pending.insert((until, mail.id));
                }
                Ok(settle(state, mail, until))
            }),
            Fault::settle_mail(|state, mail, until| {
                if state.outbox.row(mail.id).is_none() {
                    outbox(state).insert(mail)?;
                }
                Ok(settle(state, mail, until))
            }),
            Fault::settle_mail(|state, mail, until| {
                _ = settle(state, mail, until);
                Ok(true)
            }),
            Fault::settle_mail(|_, _, _| Ok(false)),
        ],
    ),
    (
        "a_settlement_that_changes_nothing_is_one",
        &[Fault::settle_mail(|state, mail, until| {
            let same = state
                .outbox
                .row(mail.id)
                .is_some_and(|it| *it == OutboxMail { attempts: it.attempts, ..mail.clone() });
            Ok(!same && settle(state, mail, until))
        })],
    ),
    ("of_concurrent_settlements_one_happens", &[Fault::UnitsOverlap]),
];

fn outbox(state: &mut State<Suite>) -> &mut OutboxTable {
    Arc::make_mut(&mut state.outbox)
}

fn all(state: &State<Suite>) -> impl Iterator<Item = &OutboxMail> {
    state.outbox.rows.values().map(Arc::as_ref)
}

fn pending(state: &State<Suite>) -> impl Iterator<Item = &OutboxMail> {
    all(state).filter(|it| it.state == MailState::Pending)
}

fn due(state: &State<Suite>, now: Timestamp, limit: u32) -> Vec<OutboxMail> {
    let mut found: Vec<_> = pending(state).filter(|it| it.due <= now).cloned().collect();
    found.sort_by_key(|mail| mail.due);
    found.truncate(limit as usize);
    found
}

fn dead(state: &State<Suite>, limit: u32, which: fn(&OutboxMail) -> bool) -> Vec<OutboxMail> {
    let mut found: Vec<_> = all(state).filter(|it| which(it)).cloned().collect();
    found.sort_by_key(|mail| mail.created);
    found.reverse();
    found.truncate(limit as usize);
    found
}

fn right_counts(state: &State<Suite>) -> MailCounts {
    let dead = all(state).filter(|it| it.state == MailState::Dead).count() as u64;
    MailCounts { pending: pending(state).count() as u64, dead }
}

fn lease(state: &mut State<Suite>, id: MailId, due: Timestamp, until: Timestamp) -> bool {
    outbox(state).change(id, due, |mail| {
        mail.due = until;
        mail.attempts += 1;
    })
}

fn settle(state: &mut State<Suite>, mail: &OutboxMail, until: Timestamp) -> bool {
    outbox(state).change(mail.id, until, |it| {
        *it = OutboxMail { attempts: it.attempts, created: it.created, ..mail.clone() };
    })
}

fn utf8(body: &Sealed) -> Sealed {
    Sealed::from_bytes(String::from_utf8_lossy(body.as_bytes()).into_owned().into_bytes())
}

fn first(body: &Sealed, octets: usize) -> Sealed {
    Sealed::from_bytes(body.as_bytes().iter().copied().take(octets).collect())
}
