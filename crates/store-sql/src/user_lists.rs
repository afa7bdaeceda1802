//! The lists of users. A search is two statements, of names and of addresses, each of which tells its part in
//! order; together they are in order again.

use durward_core::email::CanonicalEmail;
use durward_core::entity::{FoundUser, SearchKey, User, UserMatch, UserPlace, UserStatus};
use durward_core::ids::UserId;
use durward_core::store::{Result, UserQuery};
use durward_core::{Attrs, Slice, Timestamp};

use crate::engine::Value;
use crate::row::{Columns, Row};
use crate::statement::{Statement, statements};
use crate::users::{columns, decode};

/// A part of the list of all, by the index that the first condition names. Each further condition comes with
/// a 1 where it is not asked for.
macro_rules! list {
    ($first:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM {users} WHERE ",
            $first,
            "created_ms >= ? AND created_ms <= ? AND (created_ms < ? OR id < ?) \
             AND (1 = ? OR status = ?) AND erased_ms IS NULL \
             ORDER BY created_ms DESC, id DESC LIMIT ?"
        )
    };
}

statements! { UserLists;
    LIST = list!("");
    LIST_BY_STATUS = list!("status = ? AND ");
    LIST_BY_EMAIL = list!("id IN (SELECT user_id FROM {login_emails} WHERE canonical = ?) AND ");
    // The sum keeps an engine from the index of what only narrows the search down.
    BY_NAME = concat!(
        "SELECT ", columns!(), ", name_key AS matched FROM {users} \
         WHERE name_key >= ? AND name_key < ? AND (name_key > ? OR id > ?) \
         AND NOT EXISTS (SELECT 1 FROM {login_emails} o WHERE o.user_id = {users}.id \
         AND o.search_key >= ? AND o.search_key < name_key) \
         AND (1 = ? OR id IN (SELECT user_id FROM {login_emails} WHERE canonical = ?)) \
         AND (1 = ? OR status = ?) AND created_ms + 0 >= ? AND erased_ms IS NULL \
         ORDER BY name_key, id LIMIT ?"
    );
    BY_ADDRESS =
        "SELECT u.id AS id, u.name AS name, u.status AS status, u.roles AS roles, \
         u.version AS version, u.created_ms AS created_ms, u.updated_ms AS updated_ms, \
         u.erasure_ms AS erasure_ms, u.attrs AS attrs, e.search_key AS matched \
         FROM {login_emails} e JOIN {users} u ON u.id = e.user_id \
         WHERE e.search_key >= ? AND e.search_key < ? AND (e.search_key > ? OR e.user_id > ?) \
         AND NOT EXISTS (SELECT 1 FROM {login_emails} o WHERE o.user_id = e.user_id \
         AND o.search_key >= ? AND (o.search_key < e.search_key \
         OR (o.search_key = e.search_key AND o.id < e.id))) \
         AND (u.name_key IS NULL OR u.name_key < ? OR u.name_key > e.search_key) \
         AND (1 = ? OR u.id IN (SELECT user_id FROM {login_emails} WHERE canonical = ?)) \
         AND (1 = ? OR u.status = ?) AND u.created_ms + 0 >= ? \
         ORDER BY e.search_key, e.user_id LIMIT ?";
}

/// The first moment that is asked for.
fn since(query: &UserQuery) -> i64 {
    query.created_after.map_or(i64::MIN, |after| after.as_millis().saturating_add(1))
}

/// The statement of a list, with its values.
pub(crate) fn list<'a>(
    query: &'a UserQuery,
    after: &'a UserPlace,
    limit: u32,
) -> (Statement, Vec<Value<'a>>) {
    let (status, email) = (query.status.map(UserStatus::name), query.email.as_ref());
    let (statement, by) = match (email, status) {
        (Some(email), _) => (LIST_BY_EMAIL, Some(Value::from(email.as_str()))),
        (None, Some(status)) => (LIST_BY_STATUS, Some(Value::from(status))),
        (None, None) => (LIST, None),
    };
    let rest: [Value<'a>; 7] = [
        since(query).into(),
        after.created.into(),
        after.created.into(),
        (&after.id).into(),
        status.is_none().into(),
        status.into(),
        limit.into(),
    ];
    (statement, by.into_iter().chain(rest).collect())
}

/// Before the first user of the list.
pub(crate) const YOUNGEST: UserPlace =
    UserPlace { created: Timestamp::from_millis(i64::MAX), id: UserId::from_bytes([0xff; 16]) };

/// The values of both statements of a search.
pub(crate) struct Search<'a> {
    pub(crate) begin: &'a SearchKey,
    pub(crate) query: &'a UserQuery,
    pub(crate) end: String,
    pub(crate) slice: Slice<UserMatch>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(begin: &'a SearchKey, query: &'a UserQuery, slice: Slice<UserMatch>) -> Self {
        Self { begin, query, end: begin.end(), slice }
    }

    pub(crate) fn by_name(&self) -> (Statement, Vec<Value<'_>>) {
        (BY_NAME, self.values(&[self.begin.as_str().into()]))
    }

    pub(crate) fn by_address(&self) -> (Statement, Vec<Value<'_>>) {
        // Once for the other addresses, and once for the name.
        let begin = Value::from(self.begin.as_str());
        (BY_ADDRESS, self.values(&[begin, begin]))
    }

    fn values<'v>(&'v self, begins: &[Value<'v>]) -> Vec<Value<'v>> {
        let after = self.slice.after.as_ref();
        let (key, id) = after.map_or(("", &FIRST), |after| (&after.key, &after.id));
        let (email, status) = (self.query.email.as_ref(), self.query.status);
        let range: [Value<'v>; 4] =
            [key.max(self.begin.as_str()).into(), (&self.end).into(), key.into(), id.into()];
        let rest: [Value<'v>; 6] = [
            email.is_none().into(),
            email.map(CanonicalEmail::as_str).into(),
            status.is_none().into(),
            status.map(UserStatus::name).into(),
            since(self.query).into(),
            self.slice.limit.into(),
        ];
        range.iter().chain(begins).chain(&rest).copied().collect()
    }

    /// Both parts, in the order of both.
    pub(crate) fn merge<A: Attrs>(
        &self,
        names: Vec<FoundUser<A>>,
        addresses: Vec<FoundUser<A>>,
    ) -> Vec<FoundUser<A>> {
        let mut found = names;
        found.extend(addresses);
        found.sort_by(|one, other| one.place.cmp(&other.place));
        found.truncate(usize::try_from(self.slice.limit).unwrap_or(usize::MAX));
        found
    }
}

/// Below every id.
const FIRST: UserId = UserId::from_bytes([0; 16]);

pub(crate) fn decode_found<A: Attrs>(row: &dyn Row) -> Result<FoundUser<A>> {
    let user: User<A> = decode(row)?;
    let place = UserMatch { key: row.string("matched")?, id: user.id };
    Ok(FoundUser { user, place })
}
