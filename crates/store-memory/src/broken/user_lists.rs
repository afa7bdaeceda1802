use std::cmp::Reverse;

use durward_conformance::Suite;
use durward_core::Slice;
use durward_core::entity::{FoundUser, SearchKey, User, UserMatch, UserPlace};
use durward_core::store::UserQuery;

use super::Faults;
use super::fault::Fault;
use crate::state::State;

type Query = UserQuery;

/// Tells a part of a list that is wrong as a whole, in parts as it should.
macro_rules! listed {
    ($list:expr) => {
        Fault::list_users(|state, query, slice| {
            let list: fn(&State<Suite>, &Query) -> Vec<User<Suite>> = $list;
            let mut rows = list(state, query);
            rows.retain(|user| slice.after.is_none_or(|after| user.place() < after));
            rows.truncate(slice.limit as usize);
            rows
        })
    };
}

/// Lists by another question than was asked.
macro_rules! asked {
    ($alter:expr) => {
        Fault::list_users(|state, query, slice| {
            let alter: fn(&mut Query) = $alter;
            let mut query = query.clone();
            alter(&mut query);
            state.list_users(&query, slice)
        })
    };
}

/// Searches by another question than was asked.
macro_rules! searched {
    ($alter:expr) => {
        Fault::search_users(|state, begin, query, slice| {
            let alter: fn(&mut Query) = $alter;
            let mut query = query.clone();
            alter(&mut query);
            state.search_users(begin, &query, &slice)
        })
    };
}

/// Finds by what this says of the forms of a user, in parts as it should.
macro_rules! found_by {
    ($keys:expr) => {
        Fault::search_users(|state, begin, query, slice| {
            let keys: fn(&State<Suite>, &User<Suite>, &SearchKey) -> Vec<String> = $keys;
            let mut found = Vec::new();
            for user in state.users.rows.values().filter(|user| state.fits(user, query)) {
                found.extend(keys(state, user, begin).into_iter().map(|key| FoundUser {
                    user: User::clone(user),
                    place: UserMatch { key, id: user.id },
                }));
            }
            part(found, &slice)
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "users_are_listed_from_the_youngest_on",
        &[
            listed!(|state, query| {
                let mut rows = all(state, query);
                rows.reverse();
                rows
            }),
            listed!(|state, query| {
                let mut rows = all(state, query);
                rows.sort_by_key(|user| Reverse(user.id));
                rows
            }),
            listed!(|state, query| {
                let mut rows = all(state, query);
                rows.sort_by_key(|user| (Reverse(user.created), user.id));
                rows
            }),
            Fault::list_users(|state, query, slice| {
                state.list_users(query, Slice { limit: u32::MAX, ..slice })
            }),
            Fault::list_users(|state, query, slice| state.list_users(query, slice.and_one_more())),
            Fault::list_users(|state, query, slice| {
                let mut rows = all(state, query);
                rows.retain(|user| slice.after.is_none_or(|after| user.created < after.created));
                rows.truncate(slice.limit as usize);
                rows
            }),
            // The place is looked for among those who are there.
            Fault::list_users(|state, query, slice| {
                let rows = all(state, query);
                let at = slice.after.map_or(Some(0), |after| {
                    rows.iter().position(|user| user.place() == after).map(|at| at + 1)
                });
                rows.into_iter().skip(at.unwrap_or(0)).take(slice.limit as usize).collect()
            }),
        ],
    ),
    (
        "users_are_listed_as_they_are_asked_for",
        &[
            asked!(|query| query.email = None),
            asked!(|query| query.status = None),
            asked!(|query| query.created_after = None),
            searched!(|query| query.email = None),
            searched!(|query| query.status = None),
            searched!(|query| query.created_after = None),
            listed!(|state, query| {
                let query = Query { created_after: None, ..query.clone() };
                let mut rows = all(state, &query);
                rows.retain(|user| query.created_after.is_none_or(|after| user.created >= after));
                rows
            }),
            listed!(|state, query| {
                let mut rows = all(state, &Query { email: None, ..query.clone() });
                rows.retain(|user| {
                    query.email.as_ref().is_none_or(|email| {
                        state.user_by_email(email).is_some_and(|owner| owner.id == user.id)
                    })
                });
                rows
            }),
            listed!(|state, query| {
                let mut rows = all(state, &Query { email: None, ..query.clone() });
                rows.retain(|user| {
                    query.email.as_ref().is_none_or(|email| {
                        let emails = state.login_emails.of_user(user.id);
                        emails
                            .iter()
                            .any(|it| email.as_str().starts_with(it.address.canonical().as_str()))
                    })
                });
                rows
            }),
        ],
    ),
    (
        "a_search_finds_what_begins_so",
        &[
            found_by!(|state, user, begin| least(state, user, |key| key.contains(begin.as_str()))),
            found_by!(|state, user, begin| least(state, user, |key| key == begin.as_str())),
            found_by!(|state, user, begin| {
                let name = SearchKey::of(user.name.as_str());
                least(state, user, |key| begin.begins(key) && key == name.as_str())
            }),
            found_by!(|state, user, begin| {
                let name = SearchKey::of(user.name.as_str());
                least(state, user, |key| begin.begins(key) && key != name.as_str())
            }),
            // As LIKE has it, without an escape.
            found_by!(|state, user, begin| {
                let pattern = begin.as_str().split('%').next().unwrap_or_default().to_owned();
                least(state, user, move |key| key.starts_with(&pattern))
            }),
            found_by!(|state, user, begin| {
                let begin = begin.as_str().to_owned();
                least(state, user, move |key| {
                    let mut letters = key.chars();
                    begin.chars().all(|it| letters.next().is_some_and(|c| it == '_' || it == c))
                })
            }),
            // As a collation has it that knows no accents.
            found_by!(|state, user, begin| {
                let begin = begin.as_str().replace('ë', "e");
                least(state, user, move |key| key.replace('ë', "e").starts_with(&begin))
            }),
            found_by!(|state, user, begin| {
                let proven = state.login_emails.of_user(user.id);
                let proven: Vec<_> = proven.into_iter().filter(|it| it.proven.is_none()).collect();
                least(state, user, |key| {
                    begin.begins(key)
                        && !proven.iter().any(|it| it.address.canonical().as_str() == key)
                })
            }),
        ],
    ),
    (
        "whom_a_search_finds_is_told_once",
        &[
            found_by!(|state, user, begin| {
                let keys = state.search_keys(user);
                let keys = keys.iter().map(|key| key.as_str().to_owned());
                keys.filter(|key| begin.begins(key)).collect()
            }),
            found_by!(|state, user, begin| {
                let keys = state.search_keys(user);
                let greatest = keys.iter().filter(|key| begin.begins(key.as_str())).max();
                greatest.map(|key| key.as_str().to_owned()).into_iter().collect()
            }),
            found_by!(|state, user, begin| {
                // By all that he has, whether it was searched for or not.
                let keys = state.search_keys(user);
                let is_found = keys.iter().any(|key| begin.begins(key.as_str()));
                let least = keys.iter().min().filter(|_| is_found);
                least.map(|key| key.as_str().to_owned()).into_iter().collect()
            }),
            Fault::search_users(|state, begin, query, slice| {
                state.search_users(begin, query, &slice.and_one_more())
            }),
            Fault::search_users(|state, begin, query, slice| {
                let mut found = everybody(state, begin, query);
                found.reverse();
                found.retain(|it| slice.after.as_ref().is_none_or(|after| it.place < *after));
                found.truncate(slice.limit as usize);
                found
            }),
            Fault::search_users(|state, begin, query, slice| {
                let mut found = everybody(state, begin, query);
                let after = slice.after;
                found.retain(|it| after.as_ref().is_none_or(|after| it.place.key > after.key));
                found.truncate(slice.limit as usize);
                found
            }),
            Fault::search_users(|state, begin, query, slice| {
                let mut found = everybody(state, begin, query);
                let after = slice.after;
                found.retain(|it| after.as_ref().is_none_or(|after| it.place.key >= after.key));
                found.truncate(slice.limit as usize);
                found
            }),
        ],
    ),
    (
        "a_search_knows_the_present_name",
        &[
            // The name is searched for as it was first.
            Fault::update_user(|state, user, from| {
                let users = std::sync::Arc::make_mut(&mut state.users);
                let Some(name) = users.row(user.id).map(|stored| stored.name.clone()) else {
                    return Ok(false);
                };
                Ok(users.update(&User { name, ..user.clone() }, from))
            }),
        ],
    ),
    (
        "the_erased_are_in_no_list",
        &[
            Fault::erase_user(|state, id, now| {
                Ok(state.users.row(id).is_some_and(|user| user.is_gone(now)))
            }),
            Fault::erase_user(|state, id, _| {
                let Some(user) = state.users.row(id).cloned() else { return Ok(false) };
                let name = durward_core::PersonName::from_stored(String::new());
                state.erase(id);
                let users = std::sync::Arc::make_mut(&mut state.users);
                users.rows.insert(id, std::sync::Arc::new(User { name, ..user }));
                Ok(true)
            }),
        ],
    ),
];

fn all(state: &State<Suite>, query: &Query) -> Vec<User<Suite>> {
    state.list_users(query, Slice::<UserPlace> { after: None, limit: u32::MAX })
}

fn everybody(state: &State<Suite>, begin: &SearchKey, query: &Query) -> Vec<FoundUser<Suite>> {
    state.search_users(begin, query, &Slice { after: None, limit: u32::MAX })
}

/// The least form of a user that counts, if one does.
fn least(state: &State<Suite>, user: &User<Suite>, counts: impl Fn(&str) -> bool) -> Vec<String> {
    let keys = state.search_keys(user);
    let least = keys.iter().filter(|key| counts(key.as_str())).min();
    least.map(|key| key.as_str().to_owned()).into_iter().collect()
}

fn part(mut found: Vec<FoundUser<Suite>>, slice: &Slice<UserMatch>) -> Vec<FoundUser<Suite>> {
    found.sort_by(|one, other| one.place.cmp(&other.place));
    found.retain(|it| slice.after.as_ref().is_none_or(|after| it.place > *after));
    found.truncate(slice.limit as usize);
    found
}
