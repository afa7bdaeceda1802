//! The list of the clients of everybody.

use durward_core::Attrs;
use durward_core::entity::{Client, ClientMatch, ClientOwner, FoundClient, SearchKey};
use durward_core::ids::{ClientId, OrganizationId, UserId};
use durward_core::store::{ClientQuery, Result};
use serde::Serialize;

use crate::clients::{columns, decode};
use crate::engine::Value;
use crate::row::{Columns, Row, json_text};
use crate::statement::{Statement, statements};

/// A part of the list of all, by the index that the first condition names. Each further condition comes with a 1 where
/// it is not asked for.
macro_rules! list {
    ($first:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM {clients} WHERE ",
            $first,
            "id < ? AND (1 = ? OR enabled = ?) AND (1 = ? OR roles LIKE ?) \
             ORDER BY id DESC LIMIT ?"
        )
    };
}

statements! { ClientLists;
    LIST_CLIENTS = list!("");
    LIST_CLIENTS_BY_ORGANIZATION = list!("organization_id = ? AND ");
    LIST_CLIENTS_BY_USER = list!("user_id = ? AND ");
    SEARCH_CLIENTS = concat!(
        "SELECT ", columns!(), ", name_key AS matched FROM {clients} \
         WHERE name_key >= ? AND name_key < ? AND (name_key > ? OR id > ?) \
         AND (1 = ? OR organization_id = ?) AND (1 = ? OR user_id = ?) \
         AND (1 = ? OR enabled = ?) AND (1 = ? OR roles LIKE ?) ORDER BY name_key, id LIMIT ?"
    );
}

/// What every list of roles that holds this one is like, and perhaps another one: the characters that stand for others
/// are not escaped, since engines differ in how, and in what they make of the case of letters.
pub(crate) fn pattern<R: Serialize>(role: &R) -> Result<String> {
    let json = json_text(role)?;
    Ok(if json.contains('\\') { String::from("%") } else { format!("%{json}%") })
}

/// The place before every other one.
pub(crate) const fn first() -> ClientMatch {
    ClientMatch { key: String::new(), id: ClientId::from_bytes([0; 16]) }
}

pub(crate) fn decode_found<A: Attrs>(row: &dyn Row) -> Result<FoundClient<A>> {
    let client: Client<A> = decode(row)?;
    let place = ClientMatch { key: row.string("matched")?, id: client.id };
    Ok(FoundClient { client, place })
}

/// The rows that a pattern of a role lets pass and that have the role, in as many parts as it takes: what is not meant
/// is rare.
pub(crate) fn keep<A: Attrs, T>(
    found: &mut Vec<T>,
    rows: Vec<T>,
    role: Option<A::ClientRole>,
    client: impl Fn(&T) -> &Client<A>,
) {
    found.extend(
        rows.into_iter().filter(|it| role.is_none_or(|role| client(it).roles.contains(&role))),
    );
}

/// The organization or the user whose clients are asked for.
pub(crate) fn owner<A: Attrs>(query: &ClientQuery<A>) -> (Option<OrganizationId>, Option<UserId>) {
    let owner = query.owner;
    (owner.and_then(ClientOwner::organization), owner.and_then(ClientOwner::user))
}

/// What is searched for: how names begin, and what follows all that do.
pub(crate) type Range<'a> = (&'a SearchKey, &'a str);

/// The statement of a search, with its values; the role as a pattern.
pub(crate) fn search<'a, A: Attrs>(
    (begin, end): Range<'a>,
    query: &'a ClientQuery<A>,
    (owner, role): (&'a (Option<OrganizationId>, Option<UserId>), Option<&'a str>),
    after: &'a ClientMatch,
    limit: u32,
) -> (Statement, [Value<'a>; 13]) {
    let (organization, user) = owner;
    let values = [
        begin.as_str().max(&after.key).into(),
        end.into(),
        after.key.as_str().into(),
        (&after.id).into(),
        organization.is_none().into(),
        organization.into(),
        user.is_none().into(),
        user.into(),
        query.enabled.is_none().into(),
        query.enabled.unwrap_or(true).into(),
        role.is_none().into(),
        role.into(),
        limit.into(),
    ];
    (SEARCH_CLIENTS, values)
}

/// The statement of a list, with its values; the role as a pattern.
pub(crate) fn list<'a, A: Attrs>(
    query: &'a ClientQuery<A>,
    role: Option<&'a str>,
    before: &'a ClientId,
    limit: u32,
) -> (Statement, Vec<Value<'a>>) {
    let (statement, by) = match &query.owner {
        None => (LIST_CLIENTS, None),
        Some(ClientOwner::Organization(id)) => {
            (LIST_CLIENTS_BY_ORGANIZATION, Some(Value::from(id)))
        }
        Some(ClientOwner::User(id)) => (LIST_CLIENTS_BY_USER, Some(Value::from(id))),
    };
    let rest: [Value<'a>; 6] = [
        before.into(),
        query.enabled.is_none().into(),
        query.enabled.unwrap_or(true).into(),
        role.is_none().into(),
        role.into(),
        limit.into(),
    ];
    (statement, by.into_iter().chain(rest).collect())
}
