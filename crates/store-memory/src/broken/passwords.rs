use std::sync::Arc;

use durward_conformance::Suite;
use durward_core::entity::{Compromise, PasswordLogin, Remedy, StoredPassword, UserStatus};
use durward_core::ids::UserId;
use durward_core::{PasswordHash, Timestamp};

use super::fault::Fault;
use super::{Faults, altered};
use crate::state::State;

/// Stores a password with something of it altered.
macro_rules! stored {
    ($alter:expr) => {
        Fault::insert_password(|state, password| {
            Arc::make_mut(&mut state.passwords).insert(&altered(password, $alter))
        })
    };
}

/// Replaces a hash if the stored one is like the old one in this way.
macro_rules! replaced_if {
    ($alike:expr) => {
        Fault::replace_password_hash(|state, seen, new| {
            let alike: fn(&str, &str) -> bool = $alike;
            let stored = state.passwords.row(seen.user).cloned();
            let alike = stored.as_ref().filter(|it| alike(it.hash.as_str(), seen.hash.as_str()));
            let replace = |it| Arc::make_mut(&mut state.passwords).replace(it, new);
            Ok(alike.is_some_and(replace))
        })
    };
}

/// Updates a password if the stored hash is like the old one in this way.
macro_rules! updated_if {
    ($alike:expr) => {
        Fault::update_password(|state, password, from| {
            let alike: fn(&str, &str) -> bool = $alike;
            let stored = state.passwords.row(password.user).map(|stored| stored.hash.clone());
            let alike = stored.as_ref().filter(|it| alike(it.as_str(), from.as_str()));
            let update = |from| Arc::make_mut(&mut state.passwords).update(password, from);
            Ok(alike.is_some_and(update))
        })
    };
}

/// Updates a password to something else than was asked, which is told with what is stored.
macro_rules! updated {
    ($alter:expr) => {
        Fault::update_password(|state, password, from| {
            let Some(stored) = state.passwords.row(password.user).cloned() else {
                return Ok(false);
            };
            let alter: fn(&mut StoredPassword, StoredPassword) = $alter;
            let password = altered(password, |it| alter(it, stored));
            Ok(Arc::make_mut(&mut state.passwords).update(&password, from))
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "a_password_comes_back_as_it_was_stored",
        &[
            stored!(|it| rewrite(it, str::to_ascii_lowercase)),
            stored!(|it| rewrite(it, |hash| hash.trim_end().to_owned())),
            stored!(|it| rewrite(it, |hash| hash.chars().take(255).collect())),
            stored!(|it| rewrite(it, |hash| hash.replace('🦊', "?"))),
            stored!(|it| rewrite(it, |hash| hash.replace('\\', ""))),
            stored!(|it| it.changed = it.changed.max(Timestamp::from_millis(0))),
            stored!(|it| it.changed = it.changed.min(Timestamp::from_millis(1 << 53))),
            stored!(|it| it.version = 1),
            stored!(|it| it.compromised = None),
            stored!(|it| it.compromised = Some(mark(it.changed, Remedy::Reset))),
            stored!(|it| it.compromised = it.compromised.map(|it| mark(it.since, Remedy::Reset))),
            stored!(|it| it.compromised = it.compromised.map(|it| mark(it.since, Remedy::Change))),
        ],
    ),
    (
        "a_user_without_a_password_has_none",
        &[Fault::password(|state, _| passwords(state).next().cloned())],
    ),
    (
        "a_user_has_one_password",
        &[
            Fault::insert_password(|state, password| {
                put(state, password.clone());
                Ok(())
            }),
            Fault::insert_password(|state, password| {
                _ = Arc::make_mut(&mut state.passwords).insert(password);
                Ok(())
            }),
        ],
    ),
    ("of_concurrent_first_passwords_one_is_stored", &[Fault::UnitsOverlap]),
    (
        "a_login_finds_who_has_proven_the_address",
        &[
            Fault::password_login(|state, email| {
                let mut claims = state.login_emails.rows.values();
                let claim = claims.find(|claim| claim.address.canonical() == email)?;
                login(state, claim.user)
            }),
            Fault::password_login(|state, _| login(state, passwords(state).next()?.user)),
            Fault::password_login(|state, email| {
                let found = state.password_login(email)?;
                Some(PasswordLogin { stored: None, ..found })
            }),
            Fault::password_login(|state, email| {
                let found = state.password_login(email)?;
                let stored = passwords(state).last().cloned();
                Some(PasswordLogin { stored, ..found })
            }),
            Fault::password_login(|state, email| {
                let mut found = state.password_login(email)?;
                found.stored = found.stored.map(|it| StoredPassword { compromised: None, ..it });
                Some(found)
            }),
            Fault::password_login(|state, email| {
                let mut found = state.password_login(email)?;
                found.stored = found.stored.map(|it| StoredPassword { version: 1, ..it });
                Some(found)
            }),
            Fault::password_login(|state, email| {
                let mut proven = state.login_emails.proven.iter();
                let alike = proven.find(|(it, _)| it.as_str() == email.as_str().replace('á', "a"));
                login(state, state.login_emails.row(*alike?.1)?.user)
            }),
        ],
    ),
    (
        "a_login_finds_who_has_no_password",
        &[
            Fault::password_login(|state, email| {
                state.password_login(email).filter(|found| found.stored.is_some())
            }),
            Fault::password_login(|state, email| {
                let found = state.password_login(email)?;
                let stored = passwords(state).next().cloned();
                Some(PasswordLogin { stored, ..found })
            }),
        ],
    ),
    (
        "a_login_sees_the_present_status",
        &[
            Fault::password_login(|state, email| {
                let found = state.password_login(email)?;
                Some(PasswordLogin { status: UserStatus::Active, ..found })
            }),
            Fault::password_login(|state, email| {
                state.password_login(email).filter(|found| found.status != UserStatus::Deleted)
            }),
        ],
    ),
    (
        "a_password_is_replaced_if_it_is_still_stored",
        &[
            updated_if!(|_, _| true),
            updated_if!(|stored, old| stored.eq_ignore_ascii_case(old)),
            updated_if!(|stored, old| stored == old.trim_end()),
            updated_if!(|stored, old| stored == old.replace('ò', "o")),
            updated_if!(|stored, old| stored.starts_with(old)),
            updated!(|it, stored| it.changed = stored.changed),
            updated!(|it, stored| it.compromised = stored.compromised),
            updated!(|it, _| it.compromised = None),
            Fault::update_password(|state, password, from| {
                let version = state.passwords.row(password.user).map_or(0, |it| it.version);
                let updated = Arc::make_mut(&mut state.passwords).update(password, from);
                if let Some(it) = state.passwords.row(password.user).filter(|_| updated).cloned() {
                    put(state, StoredPassword { version, ..it });
                }
                Ok(updated)
            }),
            Fault::update_password(|state, password, from| {
                if state.passwords.row(password.user).is_none() {
                    put(state, password.clone());
                }
                Ok(Arc::make_mut(&mut state.passwords).update(password, from))
            }),
            Fault::update_password(|state, password, from| {
                let updated = Arc::make_mut(&mut state.passwords).update(password, from);
                let others: Vec<_> = state.passwords.rows.keys().copied().collect();
                for user in others.into_iter().filter(|_| updated) {
                    let theirs = StoredPassword { user, ..password.clone() };
                    Arc::make_mut(&mut state.passwords).update(&theirs, from);
                }
                Ok(updated)
            }),
            Fault::update_password(|_, _, _| Ok(false)),
        ],
    ),
    ("of_concurrent_updates_of_a_password_one_happens", &[Fault::UnitsOverlap]),
    (
        "a_password_is_marked_once",
        &[
            Fault::mark_password(|state, user, compromise| {
                let marked = Arc::make_mut(&mut state.passwords).mark(user, compromise);
                let again = state.passwords.row(user).cloned();
                if let Some(it) = again {
                    put(state, StoredPassword { compromised: Some(*compromise), ..it });
                }
                Ok(marked)
            }),
            Fault::mark_password(|state, user, compromise| {
                _ = Arc::make_mut(&mut state.passwords).mark(user, compromise);
                Ok(true)
            }),
            Fault::mark_password(|state, user, compromise| {
                let users: Vec<_> = state.passwords.rows.keys().copied().collect();
                let known = users.contains(&user);
                let mark = |user| Arc::make_mut(&mut state.passwords).mark(user, compromise);
                Ok(users.into_iter().filter(|_| known).map(mark).filter(|it| *it).count() > 0)
            }),
            Fault::mark_password(|state, user, compromise| {
                let marked = Arc::make_mut(&mut state.passwords).mark(user, compromise);
                let stored = state.passwords.row(user).cloned();
                if let Some(it) = stored {
                    put(state, StoredPassword { changed: compromise.since, ..it });
                }
                Ok(marked)
            }),
            Fault::replace_password_hash(|state, seen, new| {
                let stored = state.passwords.row(seen.user).cloned();
                let replaced = Arc::make_mut(&mut state.passwords).replace(seen, new);
                if let Some(it) = stored.filter(|_| replaced) {
                    put(state, StoredPassword { hash: new.clone(), compromised: None, ..it });
                }
                Ok(replaced)
            }),
        ],
    ),
    (
        "a_mark_never_becomes_lighter",
        &[
            // Marked is marked.
            Fault::mark_password(|state, user, compromise| {
                let row = state.passwords.row(user);
                let unmarked = row.is_some_and(|row| row.compromised.is_none());
                Ok(unmarked && Arc::make_mut(&mut state.passwords).mark(user, compromise))
            }),
            // The last word counts.
            Fault::mark_password(|state, user, compromise| {
                let Some(it) = state.passwords.row(user).cloned() else { return Ok(false) };
                put(state, StoredPassword { compromised: Some(*compromise), ..it });
                Ok(true)
            }),
            // The first moment stays.
            Fault::mark_password(|state, user, compromise| {
                let known = state.passwords.row(user).and_then(|row| row.compromised);
                let since = known.map_or(compromise.since, |known| known.since);
                let compromise = mark(since, compromise.remedy);
                Ok(Arc::make_mut(&mut state.passwords).mark(user, &compromise))
            }),
        ],
    ),
    ("of_concurrent_marks_of_a_password_one_counts", &[Fault::UnitsOverlap]),
    ("a_login_does_not_outlive_the_password", &[Fault::UnitsOverlap]),
    (
        "an_outdated_password_has_another_version",
        &[
            Fault::outdate_password(|_, _| Ok(())),
            Fault::outdate_password(|state, user| {
                if let Some(it) = state.passwords.row(user).cloned() {
                    let compromised = None;
                    put(state, StoredPassword { compromised, version: it.version + 1, ..it });
                }
                Ok(())
            }),
            Fault::outdate_password(|state, _| {
                let all: Vec<_> = state.passwords.rows.keys().copied().collect();
                for user in all {
                    Arc::make_mut(&mut state.passwords).outdate(user);
                }
                Ok(())
            }),
            Fault::outdate_password(|state, user| {
                if state.passwords.row(user).is_none() {
                    put(state, chosen_at_0(user, &PasswordHash::from_stored(String::from("h"))));
                }
                Arc::make_mut(&mut state.passwords).outdate(user);
                Ok(())
            }),
        ],
    ),
    ("a_login_does_not_outlive_the_version_of_a_password", &[Fault::UnitsOverlap]),
    (
        "a_hash_is_replaced_if_it_is_still_stored",
        &[
            replaced_if!(|_, _| true),
            replaced_if!(|stored, old| stored.eq_ignore_ascii_case(old)),
            replaced_if!(|stored, old| stored == old.trim_end()),
            replaced_if!(|stored, old| stored == old.replace('ò', "o")),
            replaced_if!(|stored, old| stored.starts_with(old)),
            Fault::replace_password_hash(|state, seen, new| {
                let unknown = state.passwords.row(seen.user).is_none();
                if unknown {
                    put(state, chosen_at_0(seen.user, new));
                }
                Ok(unknown)
            }),
            Fault::replace_password_hash(|state, seen, new| {
                let replaced = Arc::make_mut(&mut state.passwords).replace(seen, new);
                if replaced {
                    put(state, chosen_at_0(seen.user, new));
                }
                Ok(replaced)
            }),
            Fault::replace_password_hash(|state, seen, new| {
                let replaced = Arc::make_mut(&mut state.passwords).replace(seen, new);
                let others: Vec<_> = state.passwords.rows.keys().copied().collect();
                for user in others.into_iter().filter(|_| replaced) {
                    let theirs = StoredPassword { user, ..seen.clone() };
                    Arc::make_mut(&mut state.passwords).replace(&theirs, new);
                }
                Ok(replaced)
            }),
            // Whatever version it was.
            Fault::replace_password_hash(|state, seen, new| {
                let version = state.passwords.row(seen.user).map_or(0, |stored| stored.version);
                let seen = StoredPassword { version, ..seen.clone() };
                Ok(Arc::make_mut(&mut state.passwords).replace(&seen, new))
            }),
            Fault::replace_password_hash(|_, _, _| Ok(false)),
        ],
    ),
    (
        "a_hash_replaced_by_itself_is_replaced",
        &[Fault::replace_password_hash(|state, seen, new| {
            Ok(seen.hash != *new && Arc::make_mut(&mut state.passwords).replace(seen, new))
        })],
    ),
    ("of_concurrent_replacements_of_a_hash_one_happens", &[Fault::UnitsOverlap]),
];

fn passwords(state: &State<Suite>) -> impl Iterator<Item = &StoredPassword> {
    state.passwords.rows.values().map(Arc::as_ref)
}

fn put(state: &mut State<Suite>, password: StoredPassword) {
    Arc::make_mut(&mut state.passwords).rows.insert(password.user, Arc::new(password));
}

fn chosen_at_0(user: UserId, hash: &PasswordHash) -> StoredPassword {
    let changed = Timestamp::from_millis(0);
    StoredPassword { user, hash: hash.clone(), changed, compromised: None, version: 1 }
}

fn mark(since: Timestamp, remedy: Remedy) -> Compromise {
    Compromise { since, remedy }
}

fn rewrite(password: &mut StoredPassword, rewrite: fn(&str) -> String) {
    password.hash = PasswordHash::from_stored(rewrite(password.hash.as_str()));
}

fn login(state: &State<Suite>, user: UserId) -> Option<PasswordLogin> {
    let status = state.users.row(user)?.status;
    let stored = state.passwords.row(user).cloned();
    Some(PasswordLogin { user, status, stored })
}
