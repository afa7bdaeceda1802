use durward_core::email::CanonicalEmail;
use durward_core::entity::{Compromise, PasswordLogin, Remedy, StoredPassword, UserStatus};
use durward_core::ids::UserId;
use durward_core::store::{Passwords, PasswordsMut, Result};
use durward_core::{Attrs, PasswordHash, Timestamp};

use crate::engine::{Engine, values};
use crate::read::look_ups;
use crate::row::{Columns, Row};
use crate::statement::statements;
use crate::tx::SqlTx;

statements! { Passwords;
    PASSWORD =
        "SELECT user_id, hash, changed_ms, compromised_ms, remedy, version FROM {passwords} \
         WHERE user_id = ?";
    PASSWORD_LOGIN =
        "SELECT u.id AS user_id, u.status AS status, p.hash AS hash, p.changed_ms AS changed_ms, \
         p.compromised_ms AS compromised_ms, p.remedy AS remedy, p.version AS version \
         FROM {login_emails} e \
         JOIN {users} u ON u.id = e.user_id LEFT JOIN {passwords} p ON p.user_id = u.id \
         WHERE e.proven_canonical = ?";
    INSERT_PASSWORD =
        "INSERT INTO {passwords} (user_id, hash, changed_ms, compromised_ms, remedy, version) \
         VALUES (?, ?, ?, ?, ?, ?)";
    UPDATE_PASSWORD =
        "UPDATE {passwords} SET hash = ?, changed_ms = ?, compromised_ms = ?, remedy = ?, \
         version = version + 1 WHERE user_id = ? AND hash = ?";
    MARK_PASSWORD =
        "UPDATE {passwords} SET compromised_ms = ?, remedy = ?, version = version + 1 \
         WHERE user_id = ? AND compromised_ms IS NULL";
    MARK_PASSWORD_OVER =
        "UPDATE {passwords} SET compromised_ms = ?, remedy = ?, version = version + 1 \
         WHERE user_id = ? AND (compromised_ms IS NULL OR remedy = ?)";
    OUTDATE_PASSWORD = "UPDATE {passwords} SET version = version + 1 WHERE user_id = ?";
    REPLACE_PASSWORD_HASH =
        "UPDATE {passwords} SET hash = ? WHERE user_id = ? AND hash = ? AND version = ?";
}

fn decode(row: &dyn Row) -> Result<StoredPassword> {
    let compromised = match row.time_if_any("compromised_ms")? {
        Some(since) => {
            let remedy = row.named_if_any("remedy", Remedy::named)?.unwrap_or(Remedy::Reset);
            Some(Compromise { since, remedy })
        }
        None => None,
    };
    Ok(StoredPassword {
        user: UserId::from_bytes(row.fixed("user_id")?),
        hash: PasswordHash::from_stored(row.string("hash")?),
        changed: row.time("changed_ms")?,
        compromised,
        version: row.number("version")?,
    })
}

fn columns(compromised: Option<Compromise>) -> (Option<Timestamp>, Option<&'static str>) {
    (compromised.map(|it| it.since), compromised.map(|it| it.remedy.name()))
}

fn decode_login(row: &dyn Row) -> Result<PasswordLogin> {
    Ok(PasswordLogin {
        user: UserId::from_bytes(row.fixed("user_id")?),
        status: row.named("status", UserStatus::named)?,
        stored: match row.str_if_any("hash")? {
            Some(_) => Some(decode(row)?),
            None => None,
        },
    })
}

look_ups! {
    impl<E: Engine, A: Attrs> Passwords for Handle<'_, E, A> {
        async fn password(&mut self, user: UserId) -> Result<Option<StoredPassword>> {
            self.row(PASSWORD, values![&user], decode).await
        }

        async fn password_login(&mut self, email: &CanonicalEmail) -> Result<Option<PasswordLogin>> {
            self.row(PASSWORD_LOGIN, values![email.as_str()], decode_login).await
        }
    }
}

impl<E: Engine, A: Attrs> PasswordsMut for SqlTx<'_, E, A> {
    async fn insert_password(&mut self, password: &StoredPassword) -> Result<()> {
        let StoredPassword { user, hash, changed, compromised, version } = password;
        let (since, remedy) = columns(*compromised);
        let values = values![user, hash, *changed, since, remedy, *version];
        self.append(INSERT_PASSWORD, values, "password").await
    }

    async fn update_password(
        &mut self,
        password: &StoredPassword,
        from: &PasswordHash,
    ) -> Result<bool> {
        let StoredPassword { user, hash, changed, compromised, version: _ } = password;
        let (since, remedy) = columns(*compromised);
        self.change(UPDATE_PASSWORD, values![hash, *changed, since, remedy, user, from]).await
    }

    async fn mark_password(&mut self, user: UserId, compromise: &Compromise) -> Result<bool> {
        let Compromise { since, remedy } = *compromise;
        match remedy {
            Remedy::Change => {
                self.change(MARK_PASSWORD, values![since, remedy.name(), &user]).await
            }
            Remedy::Reset => {
                let lesser = Remedy::Change.name();
                let values = values![since, remedy.name(), &user, lesser];
                self.change(MARK_PASSWORD_OVER, values).await
            }
        }
    }

    async fn outdate_password(&mut self, user: UserId) -> Result<()> {
        self.execute(OUTDATE_PASSWORD, values![&user]).await.map(drop)
    }

    async fn replace_password_hash(
        &mut self,
        seen: &StoredPassword,
        new: &PasswordHash,
    ) -> Result<bool> {
        let StoredPassword { user, hash, version, .. } = seen;
        self.change(REPLACE_PASSWORD_HASH, values![new, user, hash, *version]).await
    }
}
