//! The list of the clients of everybody.

use durward_core::Attrs;
use durward_core::entity::ClientOwner;
use durward_core::ids::ClientId;
use durward_core::store::{ClientQuery, Result};
use serde::Serialize;

use crate::clients::columns;
use crate::engine::Value;
use crate::row::json_text;
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
}

/// What every list of roles that holds this one is like, and perhaps another one: the characters that stand for others
/// are not escaped, since engines differ in how, and in what they make of the case of letters.
pub(crate) fn pattern<R: Serialize>(role: &R) -> Result<String> {
    let json = json_text(role)?;
    Ok(if json.contains('\\') { String::from("%") } else { format!("%{json}%") })
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
