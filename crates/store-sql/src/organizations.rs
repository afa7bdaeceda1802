use durward_core::entity::{Organization, OwnMembership};
use durward_core::ids::{OrganizationId, UserId};
use durward_core::store::{Organizations, OrganizationsMut, Result};
use durward_core::{Attrs, PersonName, Slice};

use crate::engine::{Engine, values};
use crate::memberships;
use crate::read::look_ups;
use crate::row::{Columns, Row};
use crate::statement::statements;
use crate::tx::SqlTx;

macro_rules! columns {
    () => {
        "id, name, archived_ms, version, created_ms, updated_ms, attrs"
    };
}

statements! { Organizations;
    ORGANIZATION = concat!("SELECT ", columns!(), " FROM {organizations} WHERE id = ?");
    ORGANIZATIONS_OF =
        "SELECT o.id, o.name, o.archived_ms, o.version, o.created_ms, o.updated_ms, o.attrs, \
         m.id AS membership_id, m.organization_id, m.user_id, m.role, \
         m.version AS membership_version, m.created_ms AS joined_ms, \
         m.updated_ms AS changed_ms \
         FROM {memberships} m JOIN {organizations} o ON o.id = m.organization_id \
         WHERE m.user_id = ? AND m.organization_id < ? ORDER BY m.organization_id DESC LIMIT ?";
    INSERT_ORGANIZATION = concat!(
        "INSERT INTO {organizations} (", columns!(), ") VALUES (?, ?, ?, ?, ?, ?, ?)"
    );
    UPDATE_ORGANIZATION =
        "UPDATE {organizations} SET name = ?, archived_ms = ?, version = ?, updated_ms = ?, \
         attrs = ? WHERE id = ? AND version = ?";
    LOCK_ORGANIZATION = "UPDATE {organizations} SET name = name WHERE id = ?";
}

fn decode<A: Attrs>(row: &dyn Row) -> Result<Organization<A>> {
    Ok(Organization {
        id: OrganizationId::from_bytes(row.fixed("id")?),
        name: PersonName::from_stored(row.string("name")?),
        archived: row.time_if_any("archived_ms")?,
        version: row.number("version")?,
        created: row.time("created_ms")?,
        updated: row.time("updated_ms")?,
        attrs: row.json("attrs")?,
    })
}

fn decode_own<A: Attrs>(row: &dyn Row) -> Result<OwnMembership<A>> {
    Ok(OwnMembership { organization: decode(row)?, membership: memberships::decode_joined(row)? })
}

look_ups! {
    impl<E: Engine, A: Attrs> Organizations<A> for Handle<'_, E, A> {
        async fn organization(&mut self, id: OrganizationId) -> Result<Option<Organization<A>>> {
            self.row(ORGANIZATION, values![&id], decode).await
        }

        async fn organizations_of(
            &mut self,
            user: UserId,
            slice: Slice<OrganizationId>,
        ) -> Result<Vec<OwnMembership<A>>> {
            // Every id comes before this one.
            let before = slice.after.unwrap_or(OrganizationId::from_bytes([0xff; 16]));
            self.rows(ORGANIZATIONS_OF, values![&user, &before, slice.limit], decode_own).await
        }
    }
}

impl<E: Engine, A: Attrs> OrganizationsMut<A> for SqlTx<'_, E, A> {
    async fn insert_organization(&mut self, organization: &Organization<A>) -> Result<()> {
        let Organization { id, name, archived, version, created, updated, attrs } = organization;
        let attrs = self.json(attrs)?;
        let values = values![id, name.as_str(), *archived, *version, *created, *updated, &attrs];
        self.insert(INSERT_ORGANIZATION, values, "organization").await?;
        Ok(())
    }

    async fn update_organization(
        &mut self,
        organization: &Organization<A>,
        from: i64,
    ) -> Result<bool> {
        let Organization { id, name, archived, version, created: _, updated, attrs } = organization;
        let attrs = self.json(attrs)?;
        let values = values![name.as_str(), *archived, *version, *updated, &attrs, id, from];
        self.change(UPDATE_ORGANIZATION, values).await
    }

    async fn lock_organization(&mut self, id: OrganizationId) -> Result<bool> {
        // A lock is never put off.
        Ok(self.execute(LOCK_ORGANIZATION, values![&id]).await? > 0)
    }
}
