use durward_conformance::Suite;
use durward_core::Slice;
use durward_core::entity::{Client, ClientOwner};
use durward_core::store::ClientQuery;

use super::Faults;
use super::clients::table;
use super::fault::Fault;

/// Lists by another question than was asked.
macro_rules! asked {
    ($alter:expr) => {
        Fault::list_clients(|state, query, slice| {
            let alter: fn(&mut ClientQuery<Suite>) = $alter;
            let mut query = query.clone();
            alter(&mut query);
            state.clients.list(&query, slice)
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "clients_of_everybody_are_told_as_they_are_asked_for",
        &[
            asked!(|query| query.owner = None),
            asked!(|query| query.role = None),
            asked!(|query| query.enabled = None),
            asked!(|query| {
                query.owner = query.owner.filter(|it| matches!(it, ClientOwner::Organization(_)));
            }),
            asked!(|query| query.enabled = query.enabled.filter(|enabled| !enabled)),
            Fault::list_clients(|state, query, slice| {
                state.clients.list(query, Slice { limit: u32::MAX, ..slice })
            }),
            Fault::list_clients(|state, query, slice| {
                state.clients.list(query, Slice { after: None, ..slice })
            }),
            Fault::list_clients(|state, query, slice| {
                let mut rows = state.clients.list(query, slice);
                rows.reverse();
                rows
            }),
            // A part is taken first, and looked through then.
            Fault::list_clients(|state, query, slice| {
                let mut rows = state.clients.list(&ClientQuery::default(), slice);
                let all = state.clients.list(query, Slice { after: None, limit: u32::MAX });
                rows.retain(|it| all.contains(it));
                rows
            }),
            // Only the first role counts.
            Fault::list_clients(|state, query, slice| {
                let all = Slice { limit: u32::MAX, ..slice };
                let mut rows = state.clients.list(query, all);
                rows.retain(|it| query.role.is_none() || it.roles.first() == query.role.as_ref());
                rows.truncate(slice.limit as usize);
                rows
            }),
        ],
    ),
    (
        "a_changed_client_is_told_by_what_it_is_now",
        &[
            Fault::update_client(|state, client, from| {
                let roles = state.clients.row(client.id).map(|it| it.roles.clone());
                let roles = roles.unwrap_or_default();
                Ok(table(state).update(&Client { roles, ..client.clone() }, from))
            }),
            Fault::update_client(|state, client, from| {
                Ok(table(state).update(&Client { enabled: true, ..client.clone() }, from))
            }),
        ],
    ),
];
