use durward_core::entity::{
    FoundOrganization, Organization, OrganizationMatch, OwnMembership, SearchKey,
};
use durward_core::ids::{OrganizationId, UserId};
use durward_core::store::{OrganizationQuery, Organizations, OrganizationsMut, Result};
use durward_core::{Attrs, AuthenticationStrength, PersonName, Slice};

use crate::engine::{Engine, values};
use crate::memberships;
use crate::read::look_ups;
use crate::row::{Columns, Row};
use crate::statement::statements;
use crate::tx::SqlTx;

macro_rules! columns {
    () => {
        "id, name, archived_ms, authentication, version, created_ms, updated_ms, attrs"
    };
}

statements! { Organizations;
    ORGANIZATION = concat!("SELECT ", columns!(), " FROM {organizations} WHERE id = ?");
    ORGANIZATIONS_OF =
        "SELECT o.id, o.name, o.archived_ms, o.authentication, o.version, o.created_ms, \
         o.updated_ms, o.attrs, \
         m.id AS membership_id, m.organization_id, m.user_id, m.role, \
         m.version AS membership_version, m.created_ms AS joined_ms, \
         m.updated_ms AS changed_ms \
         FROM {memberships} m JOIN {organizations} o ON o.id = m.organization_id \
         WHERE m.user_id = ? AND m.organization_id < ? ORDER BY m.organization_id DESC LIMIT ?";
    // Each condition comes with a 1 where it is not asked for.
    LIST_ORGANIZATIONS = concat!(
        "SELECT ", columns!(), " FROM {organizations} WHERE id < ? \
         AND (1 = ? OR archived_ms IS NOT NULL) AND (1 = ? OR archived_ms IS NULL) \
         ORDER BY id DESC LIMIT ?"
    );
    SEARCH_ORGANIZATIONS = concat!(
        "SELECT ", columns!(), ", name_key AS matched FROM {organizations} \
         WHERE name_key >= ? AND name_key < ? AND (name_key > ? OR id > ?) \
         AND (1 = ? OR archived_ms IS NOT NULL) AND (1 = ? OR archived_ms IS NULL) \
         ORDER BY name_key, id LIMIT ?"
    );
    INSERT_ORGANIZATION = concat!(
        "INSERT INTO {organizations} (", columns!(), ", name_key) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    UPDATE_ORGANIZATION =
        "UPDATE {organizations} SET name = ?, archived_ms = ?, authentication = ?, version = ?, \
         updated_ms = ?, attrs = ?, name_key = ? WHERE id = ? AND version = ?";
    LOCK_ORGANIZATION = "UPDATE {organizations} SET name = name WHERE id = ?";
}

fn decode<A: Attrs>(row: &dyn Row) -> Result<Organization<A>> {
    Ok(Organization {
        id: OrganizationId::from_bytes(row.fixed("id")?),
        name: PersonName::from_stored(row.string("name")?),
        archived: row.time_if_any("archived_ms")?,
        authentication: row
            .named_if_any("authentication", AuthenticationStrength::named)?
            .unwrap_or_default(),
        version: row.number("version")?,
        created: row.time("created_ms")?,
        updated: row.time("updated_ms")?,
        attrs: row.json("attrs")?,
    })
}

/// As it stands in the column: nothing, where nothing in particular is asked for.
fn stored(authentication: AuthenticationStrength) -> Option<&'static str> {
    let is_asked = authentication != AuthenticationStrength::default();
    is_asked.then(|| authentication.name())
}

fn decode_found<A: Attrs>(row: &dyn Row) -> Result<FoundOrganization<A>> {
    let organization: Organization<A> = decode(row)?;
    let place = OrganizationMatch { key: row.string("matched")?, id: organization.id };
    Ok(FoundOrganization { organization, place })
}

/// Whether archived ones, and those that are not, need not be asked for.
fn unasked(query: OrganizationQuery) -> [bool; 2] {
    [query.archived != Some(true), query.archived != Some(false)]
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

        async fn list_organizations(
            &mut self,
            query: &OrganizationQuery,
            slice: Slice<OrganizationId>,
        ) -> Result<Vec<Organization<A>>> {
            let before = slice.after.unwrap_or(OrganizationId::from_bytes([0xff; 16]));
            let [archived, present] = unasked(*query);
            let values = values![&before, archived, present, slice.limit];
            self.rows(LIST_ORGANIZATIONS, values, decode).await
        }

        async fn search_organizations(
            &mut self,
            begin: &SearchKey,
            query: &OrganizationQuery,
            slice: Slice<OrganizationMatch>,
        ) -> Result<Vec<FoundOrganization<A>>> {
            let first = OrganizationId::from_bytes([0; 16]);
            let (key, id) = match &slice.after {
                Some(after) => (after.key.as_str(), &after.id),
                None => ("", &first),
            };
            let ([archived, present], end) = (unasked(*query), begin.end());
            let values = values![
                key.max(begin.as_str()),
                &end,
                key,
                id,
                archived,
                present,
                slice.limit,
            ];
            self.rows(SEARCH_ORGANIZATIONS, values, decode_found).await
        }
    }
}

impl<E: Engine, A: Attrs> OrganizationsMut<A> for SqlTx<'_, E, A> {
    async fn insert_organization(&mut self, organization: &Organization<A>) -> Result<()> {
        let Organization { id, name, archived, authentication, version, created, updated, attrs } =
            organization;
        let (attrs, name_key) = (self.json(attrs)?, SearchKey::of(name.as_str()));
        let values = values![
            id,
            name.as_str(),
            *archived,
            stored(*authentication),
            *version,
            *created,
            *updated,
            &attrs,
            name_key.as_str(),
        ];
        self.insert(INSERT_ORGANIZATION, values, "organization").await?;
        Ok(())
    }

    async fn update_organization(
        &mut self,
        organization: &Organization<A>,
        from: i64,
    ) -> Result<bool> {
        let Organization {
            id,
            name,
            archived,
            authentication,
            version,
            created: _,
            updated,
            attrs,
        } = organization;
        let (attrs, name_key) = (self.json(attrs)?, SearchKey::of(name.as_str()));
        let values = values![
            name.as_str(),
            *archived,
            stored(*authentication),
            *version,
            *updated,
            &attrs,
            name_key.as_str(),
            id,
            from,
        ];
        self.change(UPDATE_ORGANIZATION, values).await
    }

    async fn lock_organization(&mut self, id: OrganizationId) -> Result<bool> {
        // A lock is never put off.
        Ok(self.execute(LOCK_ORGANIZATION, values![&id]).await? > 0)
    }
}
