use durward_core::email::CanonicalEmail;
use durward_core::entity::{FoundUser, SearchKey, User, UserMatch, UserPlace, UserStatus};
use durward_core::ids::UserId;
use durward_core::store::{Result, UserQuery, Users, UsersMut};
use durward_core::{Attrs, PersonName, Slice, Timestamp};

use crate::engine::{Engine, values};
use crate::read::look_ups;
use crate::row::{Columns, Row};
use crate::statement::statements;
use crate::tx::SqlTx;
use crate::user_lists::{self, Search, YOUNGEST, decode_found};

macro_rules! columns {
    () => {
        "id, name, status, roles, version, created_ms, updated_ms, erasure_ms, attrs"
    };
}
pub(crate) use columns;

statements! { Users;
    USER = concat!("SELECT ", columns!(), " FROM {users} WHERE id = ? AND erased_ms IS NULL");
    USER_BY_EMAIL = concat!(
        "SELECT ", columns!(), " FROM {users} \
         WHERE id = (SELECT user_id FROM {login_emails} WHERE proven_canonical = ?)"
    );
    INSERT_USER = concat!(
        "INSERT INTO {users} (", columns!(), ", administers, name_key) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    UPDATE_USER =
        "UPDATE {users} SET name = ?, status = ?, roles = ?, version = ?, updated_ms = ?, \
         erasure_ms = ?, attrs = ?, administers = ?, name_key = ? \
         WHERE id = ? AND version = ? AND erased_ms IS NULL";
    USERS_TO_ERASE =
        "SELECT id FROM {users} WHERE erasure_ms <= ? ORDER BY erasure_ms, id LIMIT ?";
    // Changes nothing and holds the rows: a lock that every engine has.
    // All of them, in the order in which everybody finds them: two who shut each other out would wait in a circle.
    LOCK_ADMINISTRATORS = "UPDATE {users} SET administers = administers WHERE administers = ?";
    COUNT_OTHER_ADMINISTRATORS =
        "SELECT COUNT(id) AS others FROM {users} WHERE administers = ? AND id <> ?";
    // Whatever refers to the user goes with the row.
    DELETE_USER = "DELETE FROM {users} WHERE id = ? AND erasure_ms <= ?";
    INSERT_ERASED_USER = concat!(
        "INSERT INTO {users} (", columns!(), ", administers, erased_ms) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
}

pub(crate) fn decode<A: Attrs>(row: &dyn Row) -> Result<User<A>> {
    Ok(User {
        id: UserId::from_bytes(row.fixed("id")?),
        name: PersonName::from_stored(row.string("name")?),
        status: row.named("status", UserStatus::named)?,
        roles: row.json("roles")?,
        version: row.number("version")?,
        created: row.time("created_ms")?,
        updated: row.time("updated_ms")?,
        erasure: row.time_if_any("erasure_ms")?,
        attrs: row.json("attrs")?,
    })
}

/// The status of the row of a user who was erased, which no look-up finds: he is not among the deleted.
const ERASED: &str = "erased";

look_ups! {
    impl<E: Engine, A: Attrs> Users<A> for Handle<'_, E, A> {
        async fn user(&mut self, id: UserId) -> Result<Option<User<A>>> {
            self.row(USER, values![&id], decode).await
        }

        async fn user_by_email(&mut self, email: &CanonicalEmail) -> Result<Option<User<A>>> {
            self.row(USER_BY_EMAIL, values![email.as_str()], decode).await
        }

        async fn list_users(
            &mut self,
            query: &UserQuery,
            slice: Slice<UserPlace>,
        ) -> Result<Vec<User<A>>> {
            let after = slice.after.unwrap_or(YOUNGEST);
            let (statement, values) = user_lists::list(query, &after, slice.limit);
            self.rows(statement, &values, decode).await
        }

        async fn search_users(
            &mut self,
            begin: &SearchKey,
            query: &UserQuery,
            slice: Slice<UserMatch>,
        ) -> Result<Vec<FoundUser<A>>> {
            let search = Search::new(begin, query, slice);
            let (statement, values) = search.by_name();
            let names = self.rows(statement, &values, decode_found).await?;
            let (statement, values) = search.by_address();
            let addresses = self.rows(statement, &values, decode_found).await?;
            Ok(search.merge(names, addresses))
        }

        async fn users_to_erase(&mut self, now: Timestamp, limit: u32) -> Result<Vec<UserId>> {
            let decode = |row: &dyn Row| Ok(UserId::from_bytes(row.fixed("id")?));
            self.rows(USERS_TO_ERASE, values![now, limit], decode).await
        }
    }
}

impl<E: Engine, A: Attrs> UsersMut<A> for SqlTx<'_, E, A> {
    async fn insert_user(&mut self, user: &User<A>) -> Result<()> {
        let User { id, name, status, roles, version, created, updated, erasure, attrs } = user;
        let (roles, attrs) = (self.json(roles)?, self.json(attrs)?);
        let name_key = SearchKey::of(name.as_str());
        let values = values![
            id,
            name.as_str(),
            status.name(),
            &roles,
            *version,
            *created,
            *updated,
            *erasure,
            &attrs,
            user.administers(),
            name_key.as_str(),
        ];
        self.append(INSERT_USER, values, "user").await
    }

    async fn update_user(&mut self, user: &User<A>, from: i64) -> Result<bool> {
        let User { id, name, status, roles, version, created: _, updated, erasure, attrs } = user;
        let (roles, attrs) = (self.json(roles)?, self.json(attrs)?);
        let name_key = SearchKey::of(name.as_str());
        let values = values![
            name.as_str(),
            status.name(),
            &roles,
            *version,
            *updated,
            *erasure,
            &attrs,
            user.administers(),
            name_key.as_str(),
            id,
            from,
        ];
        self.change(UPDATE_USER, values).await
    }

    async fn lock_other_administrators(&mut self, user: UserId) -> Result<u64> {
        self.execute(LOCK_ADMINISTRATORS, values![true]).await?;
        let others = |row: &dyn Row| row.count("others");
        let found = self.row(COUNT_OTHER_ADMINISTRATORS, values![true, &user], others).await?;
        Ok(found.unwrap_or(0))
    }

    async fn erase_user(&mut self, id: UserId, now: Timestamp) -> Result<bool> {
        if self.execute(DELETE_USER, values![&id, now]).await? == 0 {
            return Ok(false);
        }
        let (status, no_time) = (ERASED, None::<Timestamp>);
        let values = values![&id, "", status, "[]", 0_i64, now, now, no_time, "{}", false, now];
        self.insert(INSERT_ERASED_USER, values, "user").await?;
        Ok(true)
    }
}
