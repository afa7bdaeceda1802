use std::sync::Arc;

use durward_conformance::{Colour, Suite};
use durward_core::entity::{Client, ClientKind, LiveClient, LiveSecret};
use durward_core::ids::{ClientId, SecretId};
use durward_core::{PersonName, Slice};

use super::fault::Fault;
use super::{Faults, altered};
use crate::clients::ClientTable;
use crate::state::State;

/// Stores a client with something of it altered.
macro_rules! stored {
    ($alter:expr) => {
        Fault::insert_client(|state, client, most| {
            table(state).insert_below(&altered(client, $alter), most)
        })
    };
}

/// Changes a client to something else than was asked, which is told with what is stored.
macro_rules! updated {
    ($alter:expr) => {
        Fault::update_client(|state, client, from| {
            let Some(stored) = state.clients.row(client.id).cloned() else { return Ok(false) };
            let alter: fn(&mut Client<Suite>, Client<Suite>) = $alter;
            let client = altered(client, |client| alter(client, stored));
            Ok(table(state).update(&client, from))
        })
    };
}

/// Finds by a secret a client with something of it altered.
macro_rules! found {
    ($alter:expr) => {
        Fault::live_client_by_secret(|state, digest| {
            state.live_client_by_secret(digest).map(|live| altered(&live, $alter))
        })
    };
}

/// Counts other clients than those of the owner.
macro_rules! counted {
    ($counts:expr) => {
        Fault::insert_client(|state, client, most| {
            let counts: fn(&Client<Suite>, &Client<Suite>) -> bool = $counts;
            let all = state.clients.rows.values();
            if all.filter(|it| counts(it, client)).count() >= most as usize {
                return Ok(false);
            }
            table(state).insert(client).map(|()| true)
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "a_client_comes_back_as_it_was_stored",
        &[
            stored!(|it| {
                let plain = it.name.as_str().chars().filter(char::is_ascii).collect();
                it.name = PersonName::from_stored(plain);
            }),
            stored!(|it| it.kind = ClientKind::Confidential),
            stored!(|it| it.enabled = true),
            stored!(|it| it.require_user = false),
            stored!(|it| it.rate_limit = None),
            stored!(|it| it.sessions.idle = None),
            stored!(|it| it.sessions.absolute = it.sessions.idle),
            stored!(|it| it.redirect_uris.reverse()),
            stored!(|it| it.roles.truncate(1)),
            stored!(|it| it.restrictions.retain(|it| it.rule().is_some())),
            stored!(|it| it.restrictions.truncate(1)),
            stored!(|it| it.expires = None),
            stored!(|it| it.version = 1),
            stored!(|it| it.created = it.updated),
            stored!(|it| it.updated = it.created),
            stored!(|it| it.last_used = None),
            stored!(|it| it.attrs.colour = Colour::Red),
            Fault::clients_of(|_, _, _| vec![]),
        ],
    ),
    (
        "an_unknown_client_is_not_found",
        &[
            Fault::client(|state, _| any_client(state)),
            Fault::live_client(|state, _| state.live_client(any_client(state)?.id, None)),
            Fault::live_client_by_secret(|state, _| state.live_client(any_client(state)?.id, None)),
        ],
    ),
    (
        "a_client_id_is_taken_once",
        &[Fault::insert_client(|state, client, _| {
            table(state).rows.insert(client.id, Arc::new(client.clone()));
            Ok(true)
        })],
    ),
    (
        "an_owner_has_no_more_clients_than_he_may",
        &[
            Fault::insert_client(|state, client, _| table(state).insert(client).map(|()| true)),
            Fault::insert_client(|state, client, most| {
                table(state).insert_below(client, most.saturating_add(1))
            }),
            Fault::insert_client(|state, client, most| {
                _ = table(state).insert_below(client, most)?;
                Ok(true)
            }),
            Fault::insert_client(|state, client, most| {
                let room = table(state).insert_below(client, most)?;
                if !room {
                    table(state).insert(client)?;
                }
                Ok(room)
            }),
            counted!(|_, _| true),
            counted!(|it, client| it.owner == client.owner && it.enabled),
            counted!(|it, client| {
                use std::mem::discriminant;
                discriminant(&it.owner) == discriminant(&client.owner)
            }),
            // Whoever is gone still counts.
            Fault::delete_client(|state, id, from| {
                let clients = table(state);
                let Some(row) = clients.row(id).filter(|it| it.version == from).cloned() else {
                    return Ok(false);
                };
                let other = ClientId::from_bytes([0xee; 16]);
                let deleted = clients.delete(id, from);
                clients.rows.insert(other, Arc::new(Client { id: other, ..row }));
                Ok(deleted)
            }),
        ],
    ),
    ("of_concurrent_clients_no_more_are_made_than_may_be", &[Fault::UnitsOverlap]),
    (
        "clients_are_listed_page_by_page",
        &[
            Fault::clients_of(|state, _, slice| page(state, |_| true, slice)),
            Fault::clients_of(|state, owner, slice| {
                page(state, |it| it.owner == owner, Slice { after: None, ..slice })
            }),
            Fault::clients_of(|state, owner, slice| {
                page(state, |it| it.owner == owner, Slice { limit: u32::MAX, ..slice })
            }),
            Fault::clients_of(|state, owner, slice| {
                let mut all = page(state, |it| it.owner == owner, slice);
                all.reverse();
                all
            }),
        ],
    ),
    (
        "a_change_of_a_client_leaves_what_is_for_ever",
        &[
            updated!(|it, stored| it.name = stored.name),
            updated!(|it, stored| it.enabled = stored.enabled),
            updated!(|it, stored| it.require_user = stored.require_user),
            updated!(|it, stored| it.rate_limit = stored.rate_limit),
            updated!(|it, stored| it.sessions.idle = stored.sessions.idle),
            updated!(|it, stored| it.sessions.absolute = stored.sessions.absolute),
            updated!(|it, stored| it.redirect_uris = stored.redirect_uris),
            updated!(|it, stored| it.roles = stored.roles),
            updated!(|it, stored| it.restrictions = stored.restrictions),
            updated!(|it, stored| it.expires = stored.expires),
            updated!(|it, stored| it.version = stored.version),
            updated!(|it, stored| it.updated = stored.updated),
            updated!(|it, stored| it.attrs = stored.attrs),
            Fault::update_client(|state, client, _| {
                table(state).rows.insert(client.id, Arc::new(client.clone()));
                Ok(true)
            }),
            Fault::update_client(|state, client, from| {
                let all: Vec<_> = state.clients.rows.keys().copied().collect();
                let each = all.into_iter().map(|id| Client { id, ..client.clone() });
                Ok(each.fold(false, |any, it| any | table(state).update(&it, from)))
            }),
        ],
    ),
    (
        "a_client_changes_from_its_present_version_only",
        &[
            Fault::update_client(|state, client, _| {
                let from = state.clients.row(client.id).map_or(0, |stored| stored.version);
                Ok(table(state).update(client, from))
            }),
            Fault::update_client(|state, client, from| {
                _ = table(state).update(client, from);
                Ok(true)
            }),
            Fault::delete_client(|state, id, _| {
                let from = state.clients.row(id).map_or(0, |stored| stored.version);
                Ok(table(state).delete(id, from))
            }),
            Fault::delete_client(|state, id, from| {
                _ = table(state).delete(id, from);
                Ok(true)
            }),
        ],
    ),
    ("of_concurrent_changes_of_a_client_one_happens", &[Fault::UnitsOverlap]),
    (
        "a_deleted_client_is_gone_with_its_secrets",
        &[
            Fault::delete_client(|_, _, _| Ok(true)),
            Fault::delete_client(|state, id, _| Ok(table(state).rows.remove(&id).is_some())),
            Fault::delete_client(|state, id, from| {
                let deleted = table(state).delete(id, from);
                if deleted {
                    table(state).by_digest.clear();
                }
                Ok(deleted)
            }),
            // The client is gone, and its keys still find it.
            Fault::live_client_by_secret(|state, digest| {
                state.live_client_by_secret(digest).or_else(|| {
                    let other = any_client(state)?;
                    state.live_client(other.id, None)
                })
            }),
        ],
    ),
    (
        "a_secret_finds_its_client_and_owner",
        &[
            found!(|it| it.owner_active = false),
            found!(|it| it.owner_active = true),
            found!(|it| it.kind = ClientKind::Confidential),
            found!(|it| it.enabled = true),
            found!(|it| it.require_user = false),
            found!(|it| it.rate_limit = None),
            found!(|it| it.roles.clear()),
            found!(|it| it.restrictions.clear()),
            found!(|it| it.restrictions.retain(|it| it.rule().is_some())),
            found!(|it| it.expires = None),
            found!(|it| it.secret = None),
            found!(|it| secret(it, |it| it.revoked = None)),
            found!(|it| secret(it, |it| it.expires = None)),
            found!(|it| secret(it, |it| it.id = SecretId::from_bytes([2; 16]))),
            Fault::live_client(|state, id| {
                state.live_client(id, None).map(|it| LiveClient { owner_active: true, ..it })
            }),
            Fault::live_client(|state, id| {
                let any = state.clients.secrets_of(id).next();
                state.live_client(id, any)
            }),
        ],
    ),
    (
        "a_client_of_an_organization_is_found",
        &[
            found!(|it| it.owner_active = false),
            found!(|it| it.owner_active = true),
            found!(|it| it.id = ClientId::from_bytes([2; 16])),
            Fault::live_client_by_secret(|_, _| None),
        ],
    ),
    (
        "an_erased_user_has_no_clients",
        &[
            Fault::erase_user(|state, id, now| {
                let before = Arc::clone(&state.clients);
                let erased = state.erase_user(id, now);
                state.clients = before;
                Ok(erased)
            }),
            Fault::erase_user(|state, id, now| {
                let erased = state.erase_user(id, now);
                state.clients = Arc::default();
                Ok(erased)
            }),
        ],
    ),
];

pub(super) fn table(state: &mut State<Suite>) -> &mut ClientTable<Suite> {
    Arc::make_mut(&mut state.clients)
}

fn any_client(state: &State<Suite>) -> Option<Client<Suite>> {
    state.clients.rows.values().next().map(|row| Client::clone(row))
}

fn page(
    state: &State<Suite>,
    wanted: impl Fn(&Client<Suite>) -> bool,
    slice: Slice<ClientId>,
) -> Vec<Client<Suite>> {
    let behind = |id| slice.after.is_none_or(|after| id < after);
    let rows = state.clients.rows.values().rev().filter(|it| wanted(it) && behind(it.id));
    rows.take(slice.limit as usize).map(|row| Client::clone(row)).collect()
}

fn secret(live: &mut LiveClient<Suite>, alter: fn(&mut LiveSecret)) {
    live.secret.iter_mut().for_each(alter);
}
