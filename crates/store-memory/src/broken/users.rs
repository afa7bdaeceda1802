use std::sync::Arc;

use durward_conformance::{Colour, Suite};
use durward_core::entity::{User, UserStatus};
use durward_core::{PersonName, Timestamp};

use super::fault::Fault;
use super::{Faults, altered};
use crate::state::State;

/// Stores a user with something of him altered.
macro_rules! stored {
    ($alter:expr) => {
        Fault::insert_user(|state, user| {
            Arc::make_mut(&mut state.users).insert(&altered(user, $alter))
        })
    };
}

/// Updates a user to something else than was asked, which is told with what is stored.
macro_rules! updated {
    ($alter:expr) => {
        Fault::update_user(|state, user, from| {
            let Some(stored) = state.users.row(user.id).cloned() else { return Ok(false) };
            let alter: fn(&mut User<Suite>, User<Suite>) = $alter;
            let user = altered(user, |user| alter(user, stored));
            Ok(Arc::make_mut(&mut state.users).update(&user, from))
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "a_user_comes_back_as_it_was_stored",
        &[
            stored!(|user| user.name = PersonName::from_stored(String::new())),
            stored!(|user| user.status = UserStatus::Active),
            stored!(|user| user.roles.truncate(1)),
            stored!(|user| user.roles.reverse()),
            stored!(|user| user.version = 1),
            stored!(|user| user.created = user.updated),
            stored!(|user| user.updated = user.created),
            stored!(|user| user.erasure = None),
            stored!(|user| user.attrs.tags.clear()),
            Fault::user_by_email(|_, _| None),
            Fault::user_by_email(|state, _| state.users.rows.values().next().map(cloned)),
        ],
    ),
    (
        "a_name_of_any_script_comes_back",
        &[
            stored!(|user| rename(user, |c| c.is_ascii())),
            stored!(|user| rename(user, |c| c.len_utf8() < 4)),
            stored!(|user| rename(user, |c| c != '\'')),
            stored!(|user| rename(user, |c| c != '\u{200D}')),
            stored!(|user| {
                let kept = user.name.as_str().chars().take(63).collect();
                user.name = PersonName::from_stored(kept);
            }),
            stored!(|user| {
                user.name = PersonName::from_stored(user.name.as_str().trim_end().to_owned());
            }),
        ],
    ),
    (
        "attributes_of_a_user_come_back",
        &[
            stored!(|user| user.attrs.colour = Colour::Red),
            stored!(|user| if let Colour::Named(name) = &mut user.attrs.colour {
                name.retain(|c| c.is_ascii());
            }),
            stored!(|user| user.attrs.tags.sort()),
            stored!(|user| user.attrs.tags.dedup()),
            stored!(|user| user.attrs.points = user.attrs.points.max(-(1 << 53))),
            stored!(|user| user.attrs.points = user.attrs.points.min(1 << 53)),
            stored!(|user| user.attrs.nickname = None),
            stored!(|user| _ = user.attrs.nickname.get_or_insert_default()),
            stored!(|user| user.attrs.nickname = nickname(user).filter(|it| !it.is_empty())),
            stored!(|user| user.attrs.nickname = nickname(user).map(|it| it.replace('\0', ""))),
            stored!(|user| user.attrs.nickname = nickname(user).filter(|it| it.len() < 65_536)),
        ],
    ),
    (
        "extreme_times_and_versions_come_back",
        &[
            stored!(|user| user.version = user.version.max(0)),
            stored!(|user| user.version = user.version.min(i64::from(u32::MAX))),
            stored!(|user| user.created = user.created.max(Timestamp::from_millis(0))),
            stored!(|user| user.updated = user.updated.max(Timestamp::from_millis(0))),
            stored!(|user| user.created = seconds(user.created)),
            stored!(|user| user.updated = seconds(user.updated)),
        ],
    ),
    (
        "an_unknown_user_is_not_found",
        &[
            Fault::user(|state, _| state.users.rows.values().next().map(cloned)),
            Fault::user_by_email(|state, _| state.users.rows.values().next().map(cloned)),
        ],
    ),
    (
        "a_user_id_is_taken_once",
        &[Fault::insert_user(|state, user| {
            put(state, user);
            Ok(())
        })],
    ),
    ("of_concurrent_users_with_one_id_one_is_stored", &[Fault::UnitsOverlap]),
    (
        "a_claim_does_not_find_its_user",
        &[Fault::user_by_email(|state, email| {
            let mut claims = state.login_emails.rows.values();
            let claim = claims.find(|claim| claim.address.canonical() == email)?;
            state.users.row(claim.user).cloned()
        })],
    ),
    (
        "an_update_replaces_what_it_names_and_nothing_else",
        &[
            updated!(|user, stored| user.name = stored.name),
            updated!(|user, stored| user.status = stored.status),
            updated!(|user, stored| user.roles = stored.roles),
            updated!(|user, stored| user.version = stored.version),
            updated!(|user, stored| user.updated = stored.updated),
            updated!(|user, stored| user.erasure = stored.erasure),
            updated!(|user, stored| user.attrs = stored.attrs),
            Fault::update_user(|state, user, _| {
                put(state, user);
                Ok(true)
            }),
            Fault::update_user(|state, user, from| {
                let everyone: Vec<_> = state.users.rows.keys().copied().collect();
                let users = Arc::make_mut(&mut state.users);
                let updated =
                    everyone.into_iter().map(|id| users.update(&User { id, ..user.clone() }, from));
                Ok(updated.fold(false, |any, it| any | it))
            }),
        ],
    ),
    (
        "an_update_from_another_version_changes_nothing",
        &[
            Fault::update_user(|state, user, _| Ok(overwrite(state, user))),
            Fault::update_user(|state, user, from| {
                let stored = state.users.row(user.id).map_or(0, |stored| stored.version);
                Ok(from >= stored && overwrite(state, user))
            }),
            Fault::update_user(|state, user, from| {
                _ = Arc::make_mut(&mut state.users).update(user, from);
                Ok(true)
            }),
            Fault::update_user(|state, user, from| {
                let stored = state.users.row(user.id).is_none_or(|stored| stored.version == from);
                if stored {
                    put(state, user);
                }
                Ok(stored)
            }),
        ],
    ),
    (
        "an_update_that_changes_nothing_is_an_update",
        &[Fault::update_user(|state, user, from| {
            let same = state.users.row(user.id) == Some(user);
            Ok(!same && Arc::make_mut(&mut state.users).update(user, from))
        })],
    ),
    ("of_concurrent_updates_from_one_version_one_happens", &[Fault::UnitsOverlap]),
];

fn cloned(row: &Arc<User<Suite>>) -> User<Suite> {
    User::clone(row)
}

/// Stores a user in the place of whoever is there.
fn put(state: &mut State<Suite>, user: &User<Suite>) {
    Arc::make_mut(&mut state.users).rows.insert(user.id, Arc::new(user.clone()));
}

fn overwrite(state: &mut State<Suite>, user: &User<Suite>) -> bool {
    let from = state.users.row(user.id).map_or(0, |stored| stored.version);
    Arc::make_mut(&mut state.users).update(user, from)
}

fn rename(user: &mut User<Suite>, keep: fn(char) -> bool) {
    user.name = PersonName::from_stored(user.name.as_str().chars().filter(|c| keep(*c)).collect());
}

fn nickname(user: &User<Suite>) -> Option<String> {
    user.attrs.nickname.clone()
}

fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.as_millis() / 1_000 * 1_000)
}
