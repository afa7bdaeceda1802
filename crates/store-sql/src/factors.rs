use durward_core::entity::Totp;
use durward_core::ids::{TotpId, UserId};
use durward_core::keys::Sealed;
use durward_core::store::{Factors, FactorsMut, Result};
use durward_core::{Attrs, Digest, Timestamp};

use crate::engine::{Engine, values};
use crate::read::look_ups;
use crate::row::{Columns, Row};
use crate::statement::statements;
use crate::tx::SqlTx;

macro_rules! columns {
    () => {
        "id, user_id, secret, handle_digest, last_step, created_ms, confirmed_ms, expires_ms, \
         doubted_ms"
    };
}

statements! { Factors;
    TOTP = concat!("SELECT ", columns!(), " FROM {totps} WHERE enrolled_user_id = ?");
    TOTP_ENROLMENT = concat!(
        "SELECT ", columns!(), " FROM {totps} WHERE handle_digest = ? AND confirmed_ms IS NULL"
    );
    DELETE_TOTP_ENROLMENTS = "DELETE FROM {totps} WHERE user_id = ? AND confirmed_ms IS NULL";
    INSERT_TOTP = concat!(
        "INSERT INTO {totps} (", columns!(), ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    CONFIRM_TOTP =
        "UPDATE {totps} SET enrolled_user_id = user_id, last_step = ?, confirmed_ms = ? \
         WHERE id = ? AND confirmed_ms IS NULL";
    SPEND_TOTP_STEP =
        "UPDATE {totps} SET last_step = ? \
         WHERE id = ? AND confirmed_ms IS NOT NULL AND last_step < ?";
    DOUBT_TOTP =
        "UPDATE {totps} SET doubted_ms = ? \
         WHERE enrolled_user_id = ? AND confirmed_ms >= ? AND doubted_ms IS NULL";
    TRUST_TOTP = "UPDATE {totps} SET doubted_ms = NULL WHERE id = ? AND doubted_ms IS NOT NULL";
    DELETE_TOTP = "DELETE FROM {totps} WHERE enrolled_user_id = ?";
    COUNT_RECOVERY_CODES = "SELECT COUNT(*) AS total FROM {recovery_codes} WHERE user_id = ?";
    DELETE_RECOVERY_CODES = "DELETE FROM {recovery_codes} WHERE user_id = ?";
    DELETE_LATE_RECOVERY_CODES =
        "DELETE FROM {recovery_codes} WHERE user_id = ? AND made_ms >= ?";
    INSERT_RECOVERY_CODE =
        "INSERT INTO {recovery_codes} (user_id, digest, made_ms) VALUES (?, ?, ?)";
    SPEND_RECOVERY_CODE = "DELETE FROM {recovery_codes} WHERE user_id = ? AND digest = ?";
}

fn decode(row: &dyn Row) -> Result<Totp> {
    Ok(Totp {
        id: TotpId::from_bytes(row.fixed("id")?),
        user: UserId::from_bytes(row.fixed("user_id")?),
        secret: Sealed::from_bytes(row.blob("secret")?),
        handle: row.digest("handle_digest")?,
        last_step: row.count("last_step")?,
        created: row.time("created_ms")?,
        confirmed: row.time_if_any("confirmed_ms")?,
        expires: row.time("expires_ms")?,
        doubted: row.time_if_any("doubted_ms")?,
    })
}

fn total(row: &dyn Row) -> Result<u64> {
    row.count("total")
}

/// A step is a number of half minutes: it fits for longer than anyone keeps a phone.
fn stored(step: u64) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
}

look_ups! {
    impl<E: Engine, A: Attrs> Factors for Handle<'_, E, A> {
        async fn totp(&mut self, user: UserId) -> Result<Option<Totp>> {
            self.row(TOTP, values![&user], decode).await
        }

        async fn totp_enrolment(&mut self, handle: &Digest) -> Result<Option<Totp>> {
            self.row(TOTP_ENROLMENT, values![handle], decode).await
        }

        async fn count_recovery_codes(&mut self, user: UserId) -> Result<u64> {
            let counted = self.row(COUNT_RECOVERY_CODES, values![&user], total).await?;
            Ok(counted.unwrap_or_default())
        }
    }
}

impl<E: Engine, A: Attrs> FactorsMut for SqlTx<'_, E, A> {
    async fn insert_totp(&mut self, totp: &Totp) -> Result<()> {
        let Totp { id, user, secret, handle, last_step, created, confirmed, expires, doubted } =
            totp;
        self.execute(DELETE_TOTP_ENROLMENTS, values![user]).await?;
        let values = values![
            id,
            user,
            secret,
            handle,
            stored(*last_step),
            *created,
            *confirmed,
            *expires,
            *doubted,
        ];
        self.insert(INSERT_TOTP, values, "authenticator app").await?;
        Ok(())
    }

    async fn confirm_totp(&mut self, id: TotpId, step: u64, now: Timestamp) -> Result<bool> {
        let values = values![stored(step), now, &id];
        Ok(self.insert(CONFIRM_TOTP, values, "authenticator app").await? > 0)
    }

    async fn spend_totp_step(&mut self, id: TotpId, step: u64) -> Result<bool> {
        let step = stored(step);
        self.change(SPEND_TOTP_STEP, values![step, &id, step]).await
    }

    async fn doubt_totp(&mut self, user: UserId, since: Timestamp, now: Timestamp) -> Result<bool> {
        self.change(DOUBT_TOTP, values![now, &user, since]).await
    }

    async fn trust_totp(&mut self, id: TotpId) -> Result<bool> {
        self.change(TRUST_TOTP, values![&id]).await
    }

    async fn delete_totp(&mut self, user: UserId) -> Result<bool> {
        self.execute(DELETE_TOTP_ENROLMENTS, values![&user]).await?;
        self.change(DELETE_TOTP, values![&user]).await
    }

    async fn replace_recovery_codes(
        &mut self,
        user: UserId,
        codes: &[Digest],
        now: Timestamp,
    ) -> Result<()> {
        self.execute(DELETE_RECOVERY_CODES, values![&user]).await?;
        for code in codes {
            self.insert(INSERT_RECOVERY_CODE, values![&user, code, now], "recovery code").await?;
        }
        Ok(())
    }

    async fn delete_recovery_codes(&mut self, user: UserId, since: Timestamp) -> Result<u64> {
        self.execute(DELETE_LATE_RECOVERY_CODES, values![&user, since]).await
    }

    async fn spend_recovery_code(&mut self, user: UserId, code: &Digest) -> Result<bool> {
        self.change(SPEND_RECOVERY_CODE, values![&user, code]).await
    }
}
