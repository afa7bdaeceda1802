use std::sync::Arc;

use durward_core::{Slice, StandardOrganizationRole, Timestamp};

use super::fault::Fault;
use super::{Faults, altered};

/// Stores an invitation with something of it altered.
macro_rules! sent {
    ($alter:expr) => {
        Fault::insert_invitation(|state, invitation| {
            Arc::make_mut(&mut state.invitations).insert(&altered(invitation, $alter))
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "an_invitation_comes_back_as_it_was_stored",
        &[
            sent!(|it| it.role = StandardOrganizationRole::Viewer),
            sent!(|it| it.finished = None),
            sent!(|it| it.expires = it.created),
            sent!(|it| it.created = Timestamp::from_millis(0)),
            Fault::invitation_by_code(|_, _| None),
            Fault::invitation_by_code(|state, _| {
                state.invitations.rows.values().next().map(|row| row.as_ref().clone())
            }),
            Fault::invitation(|state, id| {
                state.invitations.row(id).filter(|it| it.finished.is_none()).cloned()
            }),
        ],
    ),
    (
        "an_invitation_is_finished_once",
        &[
            Fault::finish_invitation(|_, _, _| Ok(true)),
            Fault::finish_invitation(|state, id, now| {
                let rows = &mut Arc::make_mut(&mut state.invitations).rows;
                let found = rows.get_mut(&id);
                Ok(found.map(|row| Arc::make_mut(row).finished = Some(now)).is_some())
            }),
            Fault::finish_invitation(|state, id, now| {
                let earlier = Timestamp::from_millis(now.as_millis() - 1);
                Ok(Arc::make_mut(&mut state.invitations).finish(id, earlier))
            }),
            Fault::finish_invitation(|state, id, now| {
                let table = Arc::make_mut(&mut state.invitations);
                let finished = table.finish(id, now);
                if finished {
                    let rows = table.rows.values_mut();
                    rows.for_each(|row| Arc::make_mut(row).finished = Some(now));
                }
                Ok(finished)
            }),
        ],
    ),
    ("of_concurrent_acceptances_one_counts", &[Fault::UnitsOverlap]),
    (
        "invitations_to_an_address_are_finished_together",
        &[
            Fault::finish_invitations_to(|_, _, _, _| Ok(2)),
            Fault::finish_invitations_to(|state, organization, _, now| {
                let rows = Arc::make_mut(&mut state.invitations).rows.values_mut();
                let open =
                    rows.filter(|it| it.organization == organization && it.finished.is_none());
                Ok(open.map(|row| Arc::make_mut(row).finished = Some(now)).count() as u64)
            }),
            Fault::finish_invitations_to(|state, _, email, now| {
                let rows = Arc::make_mut(&mut state.invitations).rows.values_mut();
                let open = rows.filter(|it| it.email.canonical() == email && it.finished.is_none());
                Ok(open.map(|row| Arc::make_mut(row).finished = Some(now)).count() as u64)
            }),
        ],
    ),
    (
        "open_invitations_are_told_in_parts",
        &[
            Fault::invitations_of(|state, organization, now, slice| {
                let mut told = state.invitations.slice_of(organization, now, slice);
                told.reverse();
                told
            }),
            Fault::invitations_of(|state, organization, now, slice| {
                let wider = Slice { limit: slice.limit + 1, ..slice };
                state.invitations.slice_of(organization, now, wider)
            }),
            Fault::invitations_of(|state, organization, _, slice| {
                state.invitations.slice_of(organization, Timestamp::from_millis(0), slice)
            }),
            Fault::count_invitations(|state, organization, _| {
                let rows = state.invitations.rows.values();
                rows.filter(|it| it.organization == organization).count() as u64
            }),
        ],
    ),
];
