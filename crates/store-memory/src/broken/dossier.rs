use durward_conformance::Suite;
use durward_core::entity::{Flow, Session};
use durward_core::page::Slice;

use super::Faults;
use super::fault::Fault;
use crate::dossier::{invitations_to, part};

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
    (
        "every_invitation_to_a_user_is_told_in_parts",
        &[
            Fault::every_invitation_to(|_, _, _| vec![]),
            Fault::every_invitation_to(|state, _, slice| {
                part(&state.invitations.rows, slice, |_| true)
            }),
            // Also what went to an address that he only claims.
            Fault::every_invitation_to(|state, user, slice| {
                part(&state.invitations.rows, slice, |it| {
                    let mut claims = state.login_emails.rows.values();
                    let canonical = it.email.canonical();
                    claims.any(|row| row.user == user && row.address.canonical() == canonical)
                })
            }),
            // Only what went to his primary address.
            Fault::every_invitation_to(|state, user, slice| {
                part(&state.invitations.rows, slice, |it| {
                    let proven = state.login_emails.proven(it.email.canonical());
                    proven.is_some_and(|email| email.user == user && email.primary)
                })
            }),
            // Only as it was typed.
            Fault::every_invitation_to(|state, user, slice| {
                part(&state.invitations.rows, slice, |it| {
                    let proven = state.login_emails.proven(it.email.canonical());
                    proven.is_some_and(|email| {
                        email.user == user && email.address.as_typed() == it.email.as_typed()
                    })
                })
            }),
            Fault::every_invitation_to(|state, user, slice| {
                invitations_to(state, user, Slice { after: None, ..slice })
            }),
            Fault::every_invitation_to(|state, user, slice| {
                invitations_to(state, user, Slice { limit: 99, ..slice })
            }),
            Fault::every_invitation_to(|state, user, slice| {
                let mut rows = invitations_to(state, user, slice);
                rows.reverse();
                rows
            }),
            Fault::every_invitation_to(|state, user, slice| {
                let rows = invitations_to(state, user, slice);
                rows.into_iter().filter(|it| it.finished.is_none()).collect()
            }),
        ],
    ),
];
