use std::sync::Arc;

use durward_core::StandardOrganizationRole;
use durward_core::entity::{AuthenticationStrength, Membership, Organization};

use super::fault::Fault;
use super::{Faults, altered};
use crate::state::State;
use durward_conformance::Suite;

/// Stores an organization with something of it altered.
macro_rules! stored {
    ($alter:expr) => {
        Fault::insert_organization(|state, organization| {
            Arc::make_mut(&mut state.organizations).insert(&altered(organization, $alter))
        })
    };
}

fn change(
    state: &mut State<Suite>,
    organization: &Organization<Suite>,
    change: impl FnOnce(&mut Organization<Suite>),
) {
    let rows = &mut Arc::make_mut(&mut state.organizations).rows;
    if let Some(row) = rows.get_mut(&organization.id) {
        change(Arc::make_mut(row));
    }
}

pub(super) const ORGANIZATIONS: Faults = &[
    (
        "an_organization_comes_back_as_it_was_stored",
        &[
            stored!(|it| it.archived = None),
            stored!(|it| it.authentication = AuthenticationStrength::Any),
            stored!(|it| {
                if it.authentication > AuthenticationStrength::Any {
                    it.authentication = AuthenticationStrength::SecondFactor;
                }
            }),
            stored!(|it| it.version = 1),
            stored!(|it| it.updated = it.created),
            stored!(|it| it.created = it.updated),
            stored!(|it| it.attrs.tags.sort()),
            stored!(|it| it.name =
                durward_core::PersonName::from_stored(it.name.as_str().trim_end().to_owned())),
            Fault::organization(|state, id| {
                state.organizations.row(id).filter(|it| it.archived.is_none()).cloned()
            }),
            Fault::organization(|state, _| {
                state.organizations.rows.values().next().map(|row| row.as_ref().clone())
            }),
        ],
    ),
    (
        "an_organization_id_is_taken_once",
        &[Fault::insert_organization(|state, organization| {
            let rows = &mut Arc::make_mut(&mut state.organizations).rows;
            rows.insert(organization.id, Arc::new(organization.clone()));
            Ok(())
        })],
    ),
    (
        "an_organization_is_updated_from_its_version",
        &[
            Fault::update_organization(|state, organization, _| {
                let table = Arc::make_mut(&mut state.organizations);
                let from = table.row(organization.id).map_or(0, |it| it.version);
                Ok(table.update(organization, from))
            }),
            Fault::update_organization(|state, organization, from| {
                let updated = Arc::make_mut(&mut state.organizations).update(organization, from);
                change(state, organization, |it| it.created = organization.created);
                Ok(updated)
            }),
            Fault::update_organization(|state, organization, from| {
                let kept = altered(organization, |it| it.archived = None);
                Ok(Arc::make_mut(&mut state.organizations).update(&kept, from))
            }),
            // What is asked of members only ever grows, or never does.
            Fault::update_organization(|state, organization, from| {
                let table = Arc::make_mut(&mut state.organizations);
                let before = table.row(organization.id).map(|it| it.authentication);
                let kept = altered(organization, |it| {
                    it.authentication = it.authentication.max(before.unwrap_or_default());
                });
                Ok(table.update(&kept, from))
            }),
            Fault::update_organization(|state, organization, from| {
                let kept =
                    altered(organization, |it| it.authentication = AuthenticationStrength::Any);
                Ok(Arc::make_mut(&mut state.organizations).update(&kept, from))
            }),
            Fault::update_organization(|state, organization, from| {
                let kept = altered(organization, |it| it.attrs.points = 0);
                Ok(Arc::make_mut(&mut state.organizations).update(&kept, from))
            }),
            Fault::update_organization(|state, organization, from| {
                let table = Arc::make_mut(&mut state.organizations);
                if table.row(organization.id).is_none() {
                    table.insert(organization)?;
                }
                Ok(table.update(organization, from))
            }),
        ],
    ),
    ("of_concurrent_updates_of_an_organization_one_happens", &[Fault::UnitsOverlap]),
    (
        "organizations_of_a_user_are_told_in_parts",
        &[
            Fault::organizations_of(|state, user, slice| {
                let mut told = state.organizations_of(user, slice);
                told.reverse();
                told
            }),
            Fault::organizations_of(|state, user, slice| {
                let mut told = state.organizations_of(user, slice);
                for own in &mut told {
                    own.organization.authentication = AuthenticationStrength::Any;
                }
                told
            }),
            Fault::organizations_of(|state, user, slice| {
                state
                    .organizations_of(user, durward_core::Slice { limit: slice.limit + 1, ..slice })
            }),
            Fault::organizations_of(|state, _, slice| {
                let users = state.users.rows.keys();
                users.flat_map(|user| state.organizations_of(*user, slice)).collect()
            }),
        ],
    ),
    ("a_lock_shows_what_was_committed_before", &[Fault::UnitsOverlap]),
    (
        "a_lock_changes_nothing",
        &[
            Fault::lock_organization(|_, _| Ok(true)),
            Fault::lock_organization(|_, _| Ok(false)),
            Fault::lock_organization(|state, id| {
                let rows = &mut Arc::make_mut(&mut state.organizations).rows;
                let found = rows.get_mut(&id);
                Ok(found.map(|row| Arc::make_mut(row).archived = None).is_some())
            }),
        ],
    ),
];

/// Stores a membership with something of it altered.
macro_rules! joined {
    ($alter:expr) => {
        Fault::insert_membership(|state, membership| {
            Arc::make_mut(&mut state.memberships).insert(&altered(membership, $alter))
        })
    };
}

pub(super) const MEMBERSHIPS: Faults = &[
    (
        "a_membership_comes_back_as_it_was_stored",
        &[
            joined!(|it| it.role = StandardOrganizationRole::Owner),
            joined!(|it| it.version = 1),
            joined!(|it| it.updated = it.created),
            Fault::membership_of(|state, _, user| {
                let mut rows = state.memberships.rows.values();
                rows.find(|row| row.user == user).map(|row| row.as_ref().clone())
            }),
            Fault::membership_of(|state, organization, _| {
                let mut rows = state.memberships.rows.values();
                rows.find(|row| row.organization == organization).map(|row| row.as_ref().clone())
            }),
            Fault::membership(|state, _| {
                state.memberships.rows.values().next().map(|row| row.as_ref().clone())
            }),
        ],
    ),
    (
        "a_user_is_a_member_once",
        &[Fault::insert_membership(|state, membership| {
            let rows = &mut Arc::make_mut(&mut state.memberships).rows;
            rows.insert(membership.id, Arc::new(membership.clone()));
            Ok(())
        })],
    ),
    ("of_concurrent_memberships_one_is_stored", &[Fault::UnitsOverlap]),
    (
        "a_membership_is_updated_from_its_version",
        &[
            Fault::update_membership(|state, membership, _| {
                let table = Arc::make_mut(&mut state.memberships);
                let from = table.row(membership.id).map_or(0, |it| it.version);
                Ok(table.update(membership, from))
            }),
            Fault::update_membership(|state, membership, from| {
                let table = Arc::make_mut(&mut state.memberships);
                let updated = table.update(membership, from);
                if updated {
                    table.rows.insert(membership.id, Arc::new(membership.clone()));
                }
                Ok(updated)
            }),
            Fault::update_membership(|state, membership, from| {
                let kept = altered(membership, |it| it.role = StandardOrganizationRole::Owner);
                Ok(Arc::make_mut(&mut state.memberships).update(&kept, from))
            }),
            Fault::update_membership(|state, membership, from| {
                Ok(Arc::make_mut(&mut state.memberships).update(membership, from) || from == 1)
            }),
        ],
    ),
    ("of_concurrent_changes_of_a_membership_one_happens", &[Fault::UnitsOverlap]),
    (
        "a_membership_is_deleted_at_its_version",
        &[
            Fault::delete_membership(|_, _, _| Ok(true)),
            Fault::delete_membership(|state, id, _| {
                Ok(Arc::make_mut(&mut state.memberships).rows.remove(&id).is_some())
            }),
            Fault::delete_membership(|state, id, from| {
                let table = Arc::make_mut(&mut state.memberships);
                let deleted = table.delete(id, from);
                if deleted {
                    table.rows.clear();
                }
                Ok(deleted)
            }),
        ],
    ),
    (
        "members_are_told_in_parts",
        &[
            Fault::members_of(|state, organization, slice| {
                let mut told = state.members_of(organization, slice);
                told.reverse();
                told
            }),
            Fault::members_of(|state, organization, slice| {
                let wider = durward_core::Slice { limit: slice.limit + 1, ..slice };
                state.members_of(organization, wider)
            }),
            Fault::members_of(|state, organization, slice| {
                let mut told = state.members_of(organization, slice);
                if let Some((first, rest)) = told.split_first_mut() {
                    for member in rest {
                        member.name = first.name.clone();
                    }
                }
                told
            }),
            Fault::members_of(|state, _, slice| {
                let organizations = state.organizations.rows.keys();
                organizations.flat_map(|id| state.members_of(*id, slice)).collect()
            }),
        ],
    ),
    (
        "members_are_counted_by_role",
        &[
            Fault::count_members(|state, organization, role| {
                let rows = state.memberships.rows.values();
                rows.filter(|it| it.organization == organization && it.role == role).count() as u64
            }),
            Fault::count_members(|state, organization, _| {
                state.count_members(organization, StandardOrganizationRole::Owner)
            }),
            Fault::count_memberships(|state, _| state.memberships.rows.len() as u64),
            Fault::count_memberships(|state, user| {
                let owns = |it: &&Arc<Membership<Suite>>| it.user == user;
                u64::from(state.memberships.rows.values().any(|it| owns(&it)))
            }),
        ],
    ),
];
