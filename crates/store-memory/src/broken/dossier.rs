use durward_conformance::Suite;
use durward_core::entity::{Flow, Session};
use durward_core::page::Slice;

use super::Faults;
use super::fault::Fault;
use crate::dossier::part;

/// Faults of one of the lists, whose rows `mine` says whose they are.
macro_rules! faults {
    ($list:ident, $table:ident: $type:ty, |$row:ident, $user:ident| $mine:expr, $over:expr) => {
        &[
            Fault::$list(|_, _, _| vec![]),
            Fault::$list(|state, _, slice| part(&state.$table.rows, slice, |_| true)),
            Fault::$list(|state, $user, slice| {
                part(&state.$table.rows, Slice { after: None, ..slice }, |$row| $mine)
            }),
            Fault::$list(|state, $user, slice| {
                part(&state.$table.rows, Slice { limit: 99, ..slice }, |$row| $mine)
            }),
            Fault::$list(|state, $user, slice| {
                let mut rows = part(&state.$table.rows, slice, |$row| $mine);
                rows.reverse();
                rows
            }),
            Fault::$list(|state, $user, slice| {
                let over: fn(&$type) -> bool = $over;
                part(&state.$table.rows, slice, |$row| $mine && !over($row))
            }),
        ]
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "every_session_of_a_user_is_told_in_parts",
        faults!(
            every_session_of,
            sessions: Session<Suite>,
            |row, user| row.user == user,
            |row| row.ended.is_some()
        ),
    ),
    (
        "every_flow_about_a_user_is_told_in_parts",
        faults!(
            every_flow_of,
            flows: Flow<Suite>,
            |row, user| row.user == Some(user),
            |row| row.finished.is_some()
        ),
    ),
];
