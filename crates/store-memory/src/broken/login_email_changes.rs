use std::sync::Arc;

use durward_conformance::Suite;
use durward_core::Timestamp;
use durward_core::entity::LoginEmail;
use durward_core::ids::LoginEmailId;

use super::Faults;
use super::fault::Fault;
use crate::login_emails::LoginEmailTable;
use crate::state::State;

pub(super) const FAULTS: Faults = &[
    (
        "the_address_that_was_promoted_last_is_primary",
        &[
            Fault::promote_login_email(|_, _, _| Ok(true)),
            // The others stay what they were.
            Fault::promote_login_email(|state, id, user| {
                let ours = row(state, id).is_some_and(|it| it.user == user && it.proven.is_some());
                change(state, |it| ours && it.id == id, |it| it.primary = true);
                Ok(ours)
            }),
            // A claim is promoted too.
            Fault::promote_login_email(|state, id, user| {
                let ours = row(state, id).is_some_and(|it| it.user == user);
                change(state, |it| ours && it.user == user, |it| it.primary = it.id == id);
                Ok(ours)
            }),
            // Whoever asks.
            Fault::promote_login_email(|state, id, _| {
                let owner = row(state, id).map(|it| it.user);
                Ok(owner.is_some_and(|owner| emails(state).promote(id, owner)))
            }),
            // Those of others go with them.
            Fault::promote_login_email(|state, id, user| {
                let ours = emails(state).promote(id, user);
                change(state, |it| ours && it.user != user, |it| it.primary = false);
                Ok(ours)
            }),
            Fault::promote_login_email(|state, id, user| {
                let ours = emails(state).promote(id, user);
                change(
                    state,
                    |it| ours && it.id == id,
                    |it| it.created = Timestamp::from_millis(i64::MAX),
                );
                Ok(ours)
            }),
            // One that is primary already is no change.
            Fault::promote_login_email(|state, id, user| {
                let already = row(state, id).is_some_and(|it| it.primary);
                Ok(!already && emails(state).promote(id, user))
            }),
        ],
    ),
    (
        "of_concurrent_promotions_one_is_primary_in_the_end",
        &[
            // Only one other is looked for, as if nobody else were at it.
            Fault::promote_login_email(|state, id, user| {
                let other = emails(state).of_user(user).into_iter().find(|it| it.id != id);
                let other = other.map(|it| it.id);
                change(state, |it| Some(it.id) == other, |it| it.primary = false);
                change(state, |it| it.id == id, |it| it.primary = true);
                Ok(true)
            }),
            Fault::promote_login_email(|state, _, user| {
                change(state, |it| it.user == user, |it| it.primary = false);
                Ok(true)
            }),
        ],
    ),
    (
        "a_deleted_address_is_nowhere_and_free",
        &[
            Fault::delete_login_email(|_, _, _| Ok(true)),
            Fault::delete_login_email(|state, id, user| {
                _ = emails(state).delete(id, user);
                Ok(true)
            }),
            Fault::delete_login_email(|state, id, user| {
                emails(state).delete(id, user);
                Ok(false)
            }),
            // Whoever asks.
            Fault::delete_login_email(|state, id, _| {
                let owner = row(state, id).map(|it| it.user);
                Ok(owner.is_some_and(|owner| emails(state).delete(id, owner)))
            }),
            // Only claims go.
            Fault::delete_login_email(|state, id, user| {
                let unproven = row(state, id).is_some_and(|it| it.proven.is_none());
                Ok(unproven && emails(state).delete(id, user))
            }),
            // Everything of the user with the same address goes.
            Fault::delete_login_email(|state, id, user| {
                let address = row(state, id).map(|it| it.address.canonical().clone());
                let deleted = emails(state).delete(id, user);
                for other in state.login_emails.of_user(user) {
                    if deleted && Some(other.address.canonical()) == address.as_ref() {
                        emails(state).delete(other.id, user);
                    }
                }
                Ok(deleted)
            }),
            // The address stays taken.
            Fault::delete_login_email(|state, id, user| {
                let ours = row(state, id).filter(|it| it.user == user).cloned();
                let deleted = emails(state).delete(id, user);
                if let Some(ours) = ours.filter(|it| it.proven.is_some()) {
                    _ = emails(state).insert_proven(&ours);
                }
                Ok(deleted)
            }),
            // Look-alikes still find it.
            Fault::delete_login_email(|state, id, user| {
                let before = state.login_emails.proven_skeletons.clone();
                let row = state.login_emails.rows.get(&id).cloned();
                let deleted = emails(state).delete(id, user);
                emails(state).proven_skeletons = before;
                if let Some(row) = row.filter(|_| deleted) {
                    emails(state).rows.insert(id, row);
                }
                Ok(deleted)
            }),
        ],
    ),
    ("of_concurrent_deletions_of_an_address_one_counts", &[Fault::UnitsOverlap]),
];

fn emails(state: &mut State<Suite>) -> &mut LoginEmailTable {
    Arc::make_mut(&mut state.login_emails)
}

fn row(state: &State<Suite>, id: LoginEmailId) -> Option<&LoginEmail> {
    state.login_emails.row(id)
}

/// Changes stored claims behind the back of the indexes, none of which knows what is changed here.
fn change(
    state: &mut State<Suite>,
    which: impl Fn(&LoginEmail) -> bool,
    change: impl Fn(&mut LoginEmail),
) {
    for row in emails(state).rows.values_mut().filter(|row| which(row)) {
        change(Arc::make_mut(row));
    }
}
