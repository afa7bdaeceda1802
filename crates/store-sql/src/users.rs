use durward_core::email::CanonicalEmail;
use durward_core::entity::{User, UserStatus};
use durward_core::ids::UserId;
use durward_core::store::{Result, Users, UsersMut};
use durward_core::{Attrs, PersonName};

use crate::engine::{Engine, values};
use crate::read::look_ups;
use crate::row::Columns;
use crate::statement::statements;
use crate::tx::SqlTx;

macro_rules! columns {
    () => {
        "id, name, status, roles, version, created_ms, updated_ms, attrs"
    };
}

statements! { Users;
    USER = concat!("SELECT ", columns!(), " FROM {users} WHERE id = ?");
    USER_BY_EMAIL = concat!(
        "SELECT ", columns!(), " FROM {users} \
         WHERE id = (SELECT user_id FROM {login_emails} WHERE proven_canonical = ?)"
    );
    INSERT_USER = concat!(
        "INSERT INTO {users} (", columns!(), ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    );
    UPDATE_USER =
        "UPDATE {users} SET name = ?, status = ?, roles = ?, version = ?, updated_ms = ?, attrs = ? \
         WHERE id = ? AND version = ?";
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
    }
}

impl<E: Engine, A: Attrs> UsersMut<A> for SqlTx<'_, E, A> {
    async fn insert_user(&mut self, user: &User<A>) -> Result<()> {
        let User { id, name, status, roles, version, created, updated, attrs } = user;
        let (roles, attrs) = (self.json(roles)?, self.json(attrs)?);
        let values = values![
            id,
            name.as_str(),
            status.name(),
            &roles,
            *version,
            *created,
            *updated,
            &attrs,
        ];
        self.append(INSERT_USER, values, "user").await
    }

    async fn update_user(&mut self, user: &User<A>, from: i64) -> Result<bool> {
        let User { id, name, status, roles, version, created: _, updated, attrs } = user;
        let (roles, attrs) = (self.json(roles)?, self.json(attrs)?);
        let values =
            values![name.as_str(), status.name(), &roles, *version, *updated, &attrs, id, from,];
        self.change(UPDATE_USER, values).await
    }
}
