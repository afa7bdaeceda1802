use durward_core::entity::{Member, Membership, UserStatus};
use durward_core::ids::{MembershipId, OrganizationId, UserId};
use durward_core::store::{Memberships, MembershipsMut, Result};
use durward_core::{Attrs, PersonName, Slice};

use crate::engine::{Engine, values};
use crate::read::look_ups;
use crate::row::{Columns, Row, json_text};
use crate::statement::statements;
use crate::tx::SqlTx;

macro_rules! columns {
    () => {
        "id, organization_id, user_id, role, version, created_ms, updated_ms"
    };
}

statements! { Memberships;
    MEMBERSHIP = concat!("SELECT ", columns!(), " FROM {memberships} WHERE id = ?");
    MEMBERSHIP_OF = concat!(
        "SELECT ", columns!(), " FROM {memberships} WHERE organization_id = ? AND user_id = ?"
    );
    MEMBERS_OF =
        "SELECT m.id, m.organization_id, m.user_id, m.role, m.version, m.created_ms, \
         m.updated_ms, u.name \
         FROM {memberships} m JOIN {users} u ON u.id = m.user_id \
         WHERE m.organization_id = ? AND m.id < ? ORDER BY m.id DESC LIMIT ?";
    COUNT_MEMBERS =
        "SELECT COUNT(*) AS total FROM {memberships} m JOIN {users} u ON u.id = m.user_id \
         WHERE m.organization_id = ? AND m.role = ? AND u.status = ?";
    COUNT_MEMBERSHIPS = "SELECT COUNT(*) AS total FROM {memberships} WHERE user_id = ?";
    INSERT_MEMBERSHIP = concat!(
        "INSERT INTO {memberships} (", columns!(), ") VALUES (?, ?, ?, ?, ?, ?, ?)"
    );
    UPDATE_MEMBERSHIP =
        "UPDATE {memberships} SET role = ?, version = ?, updated_ms = ? \
         WHERE id = ? AND version = ?";
    DELETE_MEMBERSHIP = "DELETE FROM {memberships} WHERE id = ? AND version = ?";
}

fn decode<A: Attrs>(row: &dyn Row) -> Result<Membership<A>> {
    Ok(Membership {
        id: MembershipId::from_bytes(row.fixed("id")?),
        organization: OrganizationId::from_bytes(row.fixed("organization_id")?),
        user: UserId::from_bytes(row.fixed("user_id")?),
        role: row.json("role")?,
        version: row.number("version")?,
        created: row.time("created_ms")?,
        updated: row.time("updated_ms")?,
    })
}

/// A membership beside its organization, whose columns have the plain names.
pub(crate) fn decode_joined<A: Attrs>(row: &dyn Row) -> Result<Membership<A>> {
    Ok(Membership {
        id: MembershipId::from_bytes(row.fixed("membership_id")?),
        organization: OrganizationId::from_bytes(row.fixed("organization_id")?),
        user: UserId::from_bytes(row.fixed("user_id")?),
        role: row.json("role")?,
        version: row.number("membership_version")?,
        created: row.time("joined_ms")?,
        updated: row.time("changed_ms")?,
    })
}

fn decode_member<A: Attrs>(row: &dyn Row) -> Result<Member<A>> {
    let name = PersonName::from_stored(row.string("name")?);
    Ok(Member { membership: decode(row)?, name })
}

fn total(row: &dyn Row) -> Result<u64> {
    row.count("total")
}

look_ups! {
    impl<E: Engine, A: Attrs> Memberships<A> for Handle<'_, E, A> {
        async fn membership(&mut self, id: MembershipId) -> Result<Option<Membership<A>>> {
            self.row(MEMBERSHIP, values![&id], decode).await
        }

        async fn membership_of(
            &mut self,
            organization: OrganizationId,
            user: UserId,
        ) -> Result<Option<Membership<A>>> {
            self.row(MEMBERSHIP_OF, values![&organization, &user], decode).await
        }

        async fn members_of(
            &mut self,
            organization: OrganizationId,
            slice: Slice<MembershipId>,
        ) -> Result<Vec<Member<A>>> {
            // Every id comes before this one.
            let before = slice.after.unwrap_or(MembershipId::from_bytes([0xff; 16]));
            let values = values![&organization, &before, slice.limit];
            self.rows(MEMBERS_OF, values, decode_member).await
        }

        async fn count_members(
            &mut self,
            organization: OrganizationId,
            role: A::OrganizationRole,
        ) -> Result<u64> {
            let role = json_text(&role)?;
            let active = UserStatus::Active.name();
            let values = values![&organization, &role, active];
            let counted = self.row(COUNT_MEMBERS, values, total).await?;
            Ok(counted.unwrap_or_default())
        }

        async fn count_memberships(&mut self, user: UserId) -> Result<u64> {
            let counted = self.row(COUNT_MEMBERSHIPS, values![&user], total).await?;
            Ok(counted.unwrap_or_default())
        }
    }
}

impl<E: Engine, A: Attrs> MembershipsMut<A> for SqlTx<'_, E, A> {
    async fn insert_membership(&mut self, membership: &Membership<A>) -> Result<()> {
        let Membership { id, organization, user, role, version, created, updated } = membership;
        let role = self.json(role)?;
        let values = values![id, organization, user, &role, *version, *created, *updated];
        self.insert(INSERT_MEMBERSHIP, values, "membership").await?;
        Ok(())
    }

    async fn update_membership(&mut self, membership: &Membership<A>, from: i64) -> Result<bool> {
        let role = self.json(&membership.role)?;
        let Membership { id, version, updated, .. } = membership;
        self.change(UPDATE_MEMBERSHIP, values![&role, *version, *updated, id, from]).await
    }

    async fn delete_membership(&mut self, id: MembershipId, from: i64) -> Result<bool> {
        self.change(DELETE_MEMBERSHIP, values![&id, from]).await
    }
}
