use durward_core::email::CanonicalEmail;
use durward_core::entity::{User, UserStatus};
use durward_core::ids::UserId;
use durward_core::store::{Result, Users, UsersMut};
use durward_core::{Attrs, PersonName, Timestamp};

use crate::engine::{Engine, values};
use crate::read::look_ups;
use crate::row::Columns;
use crate::statement::statements;
use crate::tx::SqlTx;

macro_rules! columns {
    () => {
        "id, name, status, roles, version, created_ms, updated_ms, erasure_ms, attrs"
    };
}

statements! { Users;
    USER = concat!("SELECT ", columns!(), " FROM {users} WHERE id = ? AND erased_ms IS NULL");
    USER_BY_EMAIL = concat!(
        "SELECT ", columns!(), " FROM {users} \
         WHERE id = (SELECT user_id FROM {login_emails} WHERE proven_canonical = ?)"
    );
    INSERT_USER = concat!(
        "INSERT INTO {users} (", columns!(), ", administers) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    UPDATE_USER =
        "UPDATE {users} SET name = ?, status = ?, roles = ?, version = ?, updated_ms = ?, \
         erasure_ms = ?, attrs = ?, administers = ? \
         WHERE id = ? AND version = ? AND erased_ms IS NULL";
    USERS_TO_ERASE =
        "SELECT id FROM {users} WHERE erasure_ms <= ? ORDER BY erasure_ms, id LIMIT ?";
    // Changes nothing and holds the rows: a lock that every engine has.
    LOCK_OTHER_ADMINISTRATORS =
        "UPDATE {users} SET administers = administers WHERE administers = ? AND id <> ?";
    // Whatever refers to the user goes with the row.
    DELETE_USER = "DELETE FROM {users} WHERE id = ? AND erasure_ms <= ?";
    INSERT_ERASED_USER = concat!(
        "INSERT INTO {users} (", columns!(), ", administers, erased_ms) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
}

fn decode<A: Attrs>(row: &impl Columns) -> Result<User<A>> {
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

look_ups! {
    impl<E: Engine, A: Attrs> Users<A> for Handle<'_, E, A> {
        async fn user(&mut self, id: UserId) -> Result<Option<User<A>>> {
            self.row(USER, values![&id], decode).await
        }

        async fn user_by_email(&mut self, email: &CanonicalEmail) -> Result<Option<User<A>>> {
            self.row(USER_BY_EMAIL, values![email.as_str()], decode).await
        }

        async fn users_to_erase(&mut self, now: Timestamp, limit: u32) -> Result<Vec<UserId>> {
            let decode = |row: &E::Row| Ok(UserId::from_bytes(row.fixed("id")?));
            self.rows(USERS_TO_ERASE, values![now, limit], decode).await
        }
    }
}

impl<E: Engine, A: Attrs> UsersMut<A> for SqlTx<'_, E, A> {
    async fn insert_user(&mut self, user: &User<A>) -> Result<()> {
        let User { id, name, status, roles, version, created, updated, erasure, attrs } = user;
        let (roles, attrs) = (self.json(roles)?, self.json(attrs)?);
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
        ];
        self.append(INSERT_USER, values, "user").await
    }

    async fn update_user(&mut self, user: &User<A>, from: i64) -> Result<bool> {
        let User { id, name, status, roles, version, created: _, updated, erasure, attrs } = user;
        let (roles, attrs) = (self.json(roles)?, self.json(attrs)?);
        let values = values![
            name.as_str(),
            status.name(),
            &roles,
            *version,
            *updated,
            *erasure,
            &attrs,
            user.administers(),
            id,
            from,
        ];
        self.change(UPDATE_USER, values).await
    }

    async fn lock_other_administrators(&mut self, user: UserId) -> Result<u64> {
        self.execute(LOCK_OTHER_ADMINISTRATORS, values![true, &user]).await
    }

    async fn erase_user(&mut self, id: UserId, now: Timestamp) -> Result<bool> {
        if self.execute(DELETE_USER, values![&id, now]).await? == 0 {
            return Ok(false);
        }
        let (status, no_time) = (UserStatus::Deleted.name(), None::<Timestamp>);
        let values = values![&id, "", status, "[]", 0_i64, now, now, no_time, "{}", false, now];
        self.insert(INSERT_ERASED_USER, values, "user").await?;
        Ok(true)
    }
}
