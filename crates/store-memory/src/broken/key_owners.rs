use durward_conformance::Suite;
use durward_core::entity::{ClientOwner, KeyOwner, LiveClient, LiveTotp};

use super::fault::Fault;
use super::{Faults, altered};
use crate::state::State;

/// Tells, by secret and by id, of the owner of a key something else than is stored.
macro_rules! told {
    ($alter:expr) => {
        [
            Fault::live_client_by_secret(|state, digest| {
                state.live_client_by_secret(digest).map(|live| with_owner(state, &live, $alter))
            }),
            Fault::live_client(|state, id| {
                state.live_client(id, None).map(|live| with_owner(state, &live, $alter))
            }),
        ]
    };
}

type Alter = fn(&State<Suite>, ClientOwner, &mut KeyOwner<Suite>);

fn with_owner(state: &State<Suite>, live: &LiveClient<Suite>, alter: Alter) -> LiveClient<Suite> {
    altered(live, |live| {
        if let Some(owner) = &mut live.key_owner {
            alter(state, live.owner, owner);
        }
    })
}

const NO_ROLES: [Fault; 2] = told!(|_, _, it| it.roles.clear());
const ANY_ROLES: [Fault; 2] = told!(|state, _, it| {
    let all = state.users.rows.values().flat_map(|row| row.roles.clone());
    it.roles = all.collect();
});
const NO_PASSWORD: [Fault; 2] = told!(|_, _, it| it.has_password = false);
const ANY_PASSWORD: [Fault; 2] =
    told!(|state, _, it| it.has_password = !state.passwords.rows.is_empty());
const COMPROMISED_PASSWORD: [Fault; 2] = told!(|state, owner, it| {
    it.has_password = owner.user().is_some_and(|id| state.passwords.row(id).is_some());
});
const NO_APP: [Fault; 2] = told!(|_, _, it| it.totp = None);
const TRUSTED_APP: [Fault; 2] = told!(|_, _, it| {
    it.totp = it.totp.map(|_| LiveTotp { doubted: None });
});
const UNPROVEN_APP: [Fault; 2] = told!(|state, owner, it| {
    let mut all = state.factors.totps.values();
    let found = all.find(|row| Some(row.user) == owner.user());
    it.totp = found.map(|row| LiveTotp { doubted: row.doubted });
});
const ANY_APP: [Fault; 2] = told!(|state, _, it| {
    let mut all = state.factors.totps.values();
    let found = all.find(|row| row.confirmed.is_some());
    it.totp = found.map(|row| LiveTotp { doubted: row.doubted });
});

pub(super) const FAULTS: Faults = &[
    (
        "a_key_is_found_with_the_roles_of_its_owner",
        &[
            NO_ROLES[0],
            NO_ROLES[1],
            ANY_ROLES[0],
            ANY_ROLES[1],
            Fault::live_client_by_secret(|state, digest| {
                let found = state.live_client_by_secret(digest);
                found.map(|live| altered(&live, |it| it.key_owner = None))
            }),
            // An organization is told of as if it were somebody.
            Fault::live_client_by_secret(|state, digest| {
                let nobody = KeyOwner { roles: vec![], has_password: false, totp: None };
                let found = state.live_client_by_secret(digest);
                found.map(|live| altered(&live, |it| _ = it.key_owner.get_or_insert(nobody)))
            }),
            // Whoever may not act is told of as nobody.
            Fault::live_client_by_secret(|state, digest| {
                let found = state.live_client_by_secret(digest);
                found.map(|live| {
                    altered(&live, |it| {
                        it.key_owner = it.key_owner.take().filter(|_| it.owner_active);
                    })
                })
            }),
        ],
    ),
    (
        "a_key_is_found_with_whether_its_owner_has_a_password",
        &[
            NO_PASSWORD[0],
            NO_PASSWORD[1],
            ANY_PASSWORD[0],
            ANY_PASSWORD[1],
            COMPROMISED_PASSWORD[0],
            COMPROMISED_PASSWORD[1],
        ],
    ),
    (
        "a_key_is_found_with_the_app_of_its_owner",
        &[
            NO_APP[0],
            NO_APP[1],
            TRUSTED_APP[0],
            TRUSTED_APP[1],
            UNPROVEN_APP[0],
            UNPROVEN_APP[1],
            ANY_APP[0],
            ANY_APP[1],
        ],
    ),
];
