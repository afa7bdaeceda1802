use durward_core::email::{CanonicalEmail, EmailAddress, EmailParts};
use durward_core::entity::Invitation;
use durward_core::ids::{InvitationId, OrganizationId, UserId};
use durward_core::store::{Invitations, InvitationsMut, Result};
use durward_core::{Attrs, Digest, Slice, Timestamp};

use crate::engine::{Engine, values};
use crate::read::look_ups;
use crate::row::{Columns, Row};
use crate::statement::statements;
use crate::tx::SqlTx;

macro_rules! columns {
    () => {
        "id, organization_id, typed, canonical, skeleton, role, code_digest, invited_by, \
         created_ms, expires_ms, finished_ms"
    };
}
pub(crate) use columns;

statements! { Invitations;
    INVITATION = concat!("SELECT ", columns!(), " FROM {invitations} WHERE id = ?");
    INVITATION_BY_CODE = concat!("SELECT ", columns!(), " FROM {invitations} WHERE code_digest = ?");
    INVITATIONS_OF = concat!(
        "SELECT ", columns!(), " FROM {invitations} WHERE organization_id = ? \
         AND finished_ms IS NULL AND expires_ms > ? AND id < ? ORDER BY id DESC LIMIT ?"
    );
    COUNT_INVITATIONS =
        "SELECT COUNT(*) AS total FROM {invitations} WHERE organization_id = ? \
         AND finished_ms IS NULL AND expires_ms > ?";
    INSERT_INVITATION = concat!(
        "INSERT INTO {invitations} (", columns!(), ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    FINISH_INVITATION =
        "UPDATE {invitations} SET finished_ms = ? \
         WHERE id = ? AND finished_ms IS NULL AND expires_ms > ?";
    FINISH_INVITATIONS_TO =
        "UPDATE {invitations} SET finished_ms = ? \
         WHERE organization_id = ? AND canonical = ? AND finished_ms IS NULL";
}

pub(crate) fn decode<A: Attrs>(row: &dyn Row) -> Result<Invitation<A>> {
    Ok(Invitation {
        id: InvitationId::from_bytes(row.fixed("id")?),
        organization: OrganizationId::from_bytes(row.fixed("organization_id")?),
        email: EmailAddress::from_stored(EmailParts {
            typed: row.string("typed")?,
            canonical: row.string("canonical")?,
            skeleton: row.string("skeleton")?,
        }),
        role: row.json("role")?,
        code: row.digest("code_digest")?,
        invited_by: UserId::from_bytes(row.fixed("invited_by")?),
        created: row.time("created_ms")?,
        expires: row.time("expires_ms")?,
        finished: row.time_if_any("finished_ms")?,
    })
}

fn total(row: &dyn Row) -> Result<u64> {
    row.count("total")
}

look_ups! {
    impl<E: Engine, A: Attrs> Invitations<A> for Handle<'_, E, A> {
        async fn invitation(&mut self, id: InvitationId) -> Result<Option<Invitation<A>>> {
            self.row(INVITATION, values![&id], decode).await
        }

        async fn invitation_by_code(&mut self, code: &Digest) -> Result<Option<Invitation<A>>> {
            self.row(INVITATION_BY_CODE, values![code], decode).await
        }

        async fn invitations_of(
            &mut self,
            organization: OrganizationId,
            now: Timestamp,
            slice: Slice<InvitationId>,
        ) -> Result<Vec<Invitation<A>>> {
            // Every id comes before this one.
            let before = slice.after.unwrap_or(InvitationId::from_bytes([0xff; 16]));
            let values = values![&organization, now, &before, slice.limit];
            self.rows(INVITATIONS_OF, values, decode).await
        }

        async fn count_invitations(
            &mut self,
            organization: OrganizationId,
            now: Timestamp,
        ) -> Result<u64> {
            let counted = self.row(COUNT_INVITATIONS, values![&organization, now], total).await?;
            Ok(counted.unwrap_or_default())
        }
    }
}

impl<E: Engine, A: Attrs> InvitationsMut<A> for SqlTx<'_, E, A> {
    async fn insert_invitation(&mut self, invitation: &Invitation<A>) -> Result<()> {
        let role = self.json(&invitation.role)?;
        let Invitation {
            id,
            organization,
            email,
            code,
            invited_by,
            created,
            expires,
            finished,
            ..
        } = invitation;
        let values = values![
            id,
            organization,
            email.as_typed(),
            email.canonical().as_str(),
            email.skeleton(),
            &role,
            code,
            invited_by,
            *created,
            *expires,
            *finished,
        ];
        self.insert(INSERT_INVITATION, values, "invitation").await?;
        Ok(())
    }

    async fn finish_invitation(&mut self, id: InvitationId, now: Timestamp) -> Result<bool> {
        self.change(FINISH_INVITATION, values![now, &id, now]).await
    }

    async fn finish_invitations_to(
        &mut self,
        organization: OrganizationId,
        email: &CanonicalEmail,
        now: Timestamp,
    ) -> Result<u64> {
        let values = values![now, &organization, email.as_str()];
        self.execute(FINISH_INVITATIONS_TO, values).await
    }
}
