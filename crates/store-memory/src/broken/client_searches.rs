use durward_conformance::Suite;
use durward_core::entity::{Client, ClientMatch, ClientOwner, FoundClient, SearchKey};
use durward_core::store::ClientQuery;
use durward_core::{PersonName, Slice};

use super::Faults;
use super::clients::table;
use super::fault::Fault;
use crate::state::State;

type Query = ClientQuery<Suite>;

/// Searches by another question than was asked.
macro_rules! asked {
    ($alter:expr) => {
        Fault::search_clients(|state, begin, query, slice| {
            let alter: fn(&mut Query) = $alter;
            let mut query = query.clone();
            alter(&mut query);
            state.clients.search(begin, &query, &slice)
        })
    };
}

/// Finds by what this says of the form of a name, in parts as it should.
macro_rules! found_if {
    ($begins:expr) => {
        Fault::search_clients(|state, begin, query, slice| {
            let begins: fn(&SearchKey, &Client<Suite>) -> bool = $begins;
            let mut found = all(state, query);
            found.retain(|it| begins(begin, &it.client));
            found.retain(|it| slice.after.as_ref().is_none_or(|after| it.place > *after));
            found.sort_by(|one, other| one.place.cmp(&other.place));
            found.truncate(slice.limit as usize);
            found
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "a_search_finds_clients_that_begin_so",
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
        "clients_that_are_found_are_told_in_parts",
        &[
            found_if!(|_, _| true),
            asked!(|query| query.owner = None),
            asked!(|query| query.role = None),
            asked!(|query| query.enabled = None),
            asked!(|query| query.enabled = query.enabled.filter(|enabled| !enabled)),
            asked!(|query| query.enabled = query.enabled.filter(|enabled| *enabled)),
            asked!(|query| {
                query.owner = query.owner.filter(|it| matches!(it, ClientOwner::Organization(_)));
            }),
            Fault::search_clients(|state, begin, _, slice| {
                state.clients.search(begin, &Query::default(), &slice)
            }),
            Fault::search_clients(|state, begin, query, slice| {
                state.clients.search(begin, query, &Slice { limit: u32::MAX, ..slice })
            }),
            Fault::search_clients(|state, begin, query, slice| {
                let mut found = state.clients.search(begin, query, &slice);
                found.reverse();
                found
            }),
            // Whatever has the same name is skipped.
            Fault::search_clients(|state, begin, query, slice| {
                let all = Slice { after: None, limit: u32::MAX };
                let mut found = state.clients.search(begin, query, &all);
                found
                    .retain(|it| slice.after.as_ref().is_none_or(|after| it.place.key > after.key));
                found.truncate(slice.limit as usize);
                found
            }),
            // The name alone counts, and something is told twice.
            Fault::search_clients(|state, begin, query, slice| {
                let all = Slice { after: None, limit: u32::MAX };
                let mut found = state.clients.search(begin, query, &all);
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
        "a_search_knows_the_present_name_of_a_client",
        &[Fault::update_client(|state, client, from| {
            let old = state.clients.row(client.id).map(|it| it.name.clone());
            let name = old.unwrap_or_else(|| PersonName::from_stored(String::new()));
            Ok(table(state).update(&Client { name, ..client.clone() }, from))
        })],
    ),
];

/// All that fit, each with its place.
fn all(state: &State<Suite>, query: &Query) -> Vec<FoundClient<Suite>> {
    let found = state.clients.fitting(query).map(|it| {
        let key = SearchKey::of(it.name.as_str()).as_str().to_owned();
        FoundClient { client: it.clone(), place: ClientMatch { key, id: it.id } }
    });
    found.collect()
}
