use std::sync::Arc;

use durward_conformance::Suite;
use durward_core::entity::{FoundOrganization, Organization, OrganizationMatch, SearchKey};
use durward_core::store::OrganizationQuery;
use durward_core::{PersonName, Slice};

use super::Faults;
use super::fault::Fault;
use crate::state::State;

type Query = OrganizationQuery;

/// Lists by another question than was asked.
macro_rules! asked {
    ($alter:expr) => {
        Fault::list_organizations(|state, query, slice| {
            let alter: fn(&mut Query) = $alter;
            let mut query = *query;
            alter(&mut query);
            state.organizations.list(query, slice)
        })
    };
}

/// Finds by what this says of the form of a name, in parts as it should.
macro_rules! found_if {
    ($begins:expr) => {
        Fault::search_organizations(|state, begin, query, slice| {
            let begins: fn(&SearchKey, &Organization<Suite>) -> bool = $begins;
            let mut found = all(state, *query);
            found.retain(|it| begins(begin, &it.organization));
            found.retain(|it| slice.after.as_ref().is_none_or(|after| it.place > *after));
            found.sort_by(|one, other| one.place.cmp(&other.place));
            found.truncate(slice.limit as usize);
            found
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "all_organizations_are_told_in_parts",
        &[
            asked!(|query| query.archived = None),
            asked!(|query| query.archived = query.archived.filter(|archived| *archived)),
            asked!(|query| query.archived = Some(query.archived.unwrap_or(false))),
            Fault::list_organizations(|state, query, slice| {
                state.organizations.list(*query, Slice { limit: u32::MAX, ..slice })
            }),
            Fault::list_organizations(|state, query, slice| {
                state.organizations.list(*query, Slice { after: None, ..slice })
            }),
            Fault::list_organizations(|state, query, slice| {
                let mut rows = state.organizations.list(*query, slice);
                rows.reverse();
                rows
            }),
            Fault::list_organizations(|state, query, slice| {
                let all = Slice { limit: u32::MAX, ..slice };
                let mut rows = state.organizations.list(*query, all);
                rows.sort_by_key(|it| it.created);
                rows.reverse();
                rows.truncate(slice.limit as usize);
                rows
            }),
            // The place is looked for among what is there.
            Fault::list_organizations(|state, query, slice| {
                let all = Slice { after: None, limit: u32::MAX };
                let rows = state.organizations.list(*query, all);
                let at = slice.after.map_or(Some(0), |after| {
                    rows.iter().position(|it| it.id == after).map(|at| at + 1)
                });
                rows.into_iter().skip(at.unwrap_or(0)).take(slice.limit as usize).collect()
            }),
        ],
    ),
    (
        "a_search_finds_organizations_that_begin_so",
        &[
            found_if!(|begin, it| SearchKey::of(it.name.as_str())
                .as_str()
                .contains(begin.as_str())),
            found_if!(|begin, it| it.name.as_str().starts_with(begin.as_str())),
            found_if!(|begin, it| {
                let letters = begin.as_str().replace(['%', '_'], "");
                SearchKey::of(it.name.as_str())
                    .as_str()
                    .replace(['%', '_'], "")
                    .starts_with(&letters)
            }),
            found_if!(|begin, it| SearchKey::of(it.name.as_str()).as_str() >= begin.as_str()),
            found_if!(|begin, it| begin.begins(&it.name.as_str().to_ascii_lowercase())
                && it.name.as_str().is_ascii()),
        ],
    ),
    (
        "organizations_that_are_found_are_told_in_parts",
        &[
            found_if!(|_, _| true),
            Fault::search_organizations(|state, begin, _, slice| {
                state.organizations.search(begin, Query::default(), &slice)
            }),
            Fault::search_organizations(|state, begin, query, slice| {
                state.organizations.search(begin, *query, &Slice { limit: u32::MAX, ..slice })
            }),
            Fault::search_organizations(|state, begin, query, slice| {
                let mut found = state.organizations.search(begin, *query, &slice);
                found.reverse();
                found
            }),
            // Whatever has the same name is skipped.
            Fault::search_organizations(|state, begin, query, slice| {
                let all = Slice { after: None, limit: u32::MAX };
                let mut found = state.organizations.search(begin, *query, &all);
                found
                    .retain(|it| slice.after.as_ref().is_none_or(|after| it.place.key > after.key));
                found.truncate(slice.limit as usize);
                found
            }),
            // The name alone counts, and something is told twice.
            Fault::search_organizations(|state, begin, query, slice| {
                let all = Slice { after: None, limit: u32::MAX };
                let mut found = state.organizations.search(begin, *query, &all);
                found.retain(|it| {
                    let after = slice.after.as_ref();
                    after.is_none_or(|after| it.place.key >= after.key && it.place.id != after.id)
                });
                found.truncate(slice.limit as usize);
                found
            }),
        ],
    ),
    (
        "a_search_knows_the_present_name_of_an_organization",
        &[Fault::update_organization(|state, organization, from| {
            let old = state.organizations.row(organization.id).map(|it| it.name.clone());
            let name = old.unwrap_or_else(|| PersonName::from_stored(String::new()));
            let after = Organization { name, ..organization.clone() };
            Ok(Arc::make_mut(&mut state.organizations).update(&after, from))
        })],
    ),
];

/// All that fit, each with its place.
fn all(state: &State<Suite>, query: Query) -> Vec<FoundOrganization<Suite>> {
    let rows = state.organizations.fitting(query);
    let found = rows.map(|it| {
        let key = SearchKey::of(it.name.as_str()).as_str().to_owned();
        let place = OrganizationMatch { key, id: it.id };
        FoundOrganization { organization: it.clone(), place }
    });
    found.collect()
}
