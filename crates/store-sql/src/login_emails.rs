use durward_core::email::{CanonicalEmail, EmailAddress, EmailParts};
use durward_core::entity::{LoginEmail, SearchKey};
use durward_core::ids::{LoginEmailId, UserId};
use durward_core::store::{LoginEmails, LoginEmailsMut, Result};
use durward_core::{Attrs, Timestamp};

use crate::engine::{Engine, values};
use crate::read::look_ups;
use crate::row::{Columns, Row};
use crate::statement::statements;
use crate::tx::SqlTx;

/// How many look-alikes are told (R-EM-04).
const LOOKALIKES: u32 = 16;

macro_rules! columns {
    () => {
        "id, user_id, typed, canonical, skeleton, proven_ms, is_primary, created_ms"
    };
}

statements! { LoginEmails;
    LOGIN_EMAIL = concat!("SELECT ", columns!(), " FROM {login_emails} WHERE id = ?");
    LOGIN_EMAILS_OF = concat!(
        "SELECT ", columns!(), " FROM {login_emails} WHERE user_id = ? ORDER BY created_ms, id"
    );
    PROVEN_EMAIL = concat!(
        "SELECT ", columns!(), " FROM {login_emails} WHERE proven_canonical = ?"
    );
    PROVEN_LOOKALIKES = concat!(
        "SELECT ", columns!(), " FROM {login_emails} \
         WHERE skeleton = ? AND proven_ms IS NOT NULL ORDER BY id LIMIT ?"
    );
    INSERT_LOGIN_EMAIL = concat!(
        "INSERT INTO {login_emails} (", columns!(), ", proven_canonical, search_key) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    CANONICAL_EMAIL = "SELECT canonical FROM {login_emails} WHERE id = ?";
    // Changes nothing and holds the rows, in the order in which everybody finds them.
    LOCK_CLAIMS = "UPDATE {login_emails} SET is_primary = is_primary WHERE canonical = ?";
    PROVE_LOGIN_EMAIL =
        "UPDATE {login_emails} SET proven_ms = ?, proven_canonical = canonical \
         WHERE id = ? AND user_id = ? AND proven_ms IS NULL";
    MAKE_PRIMARY =
        "UPDATE {login_emails} SET is_primary = 1 \
         WHERE id = ? AND user_id = ? AND proven_ms IS NOT NULL";
    MAKE_OTHERS_SECONDARY =
        "UPDATE {login_emails} SET is_primary = 0 WHERE user_id = ? AND id <> ?";
    DELETE_LOGIN_EMAIL = "DELETE FROM {login_emails} WHERE id = ? AND user_id = ?";
    DELETE_CLAIMS =
        "DELETE FROM {login_emails} WHERE canonical = ? AND user_id <> ? AND proven_ms IS NULL";
}

fn decode(row: &dyn Row) -> Result<LoginEmail> {
    Ok(LoginEmail {
        id: LoginEmailId::from_bytes(row.fixed("id")?),
        user: UserId::from_bytes(row.fixed("user_id")?),
        address: EmailAddress::from_stored(EmailParts {
            typed: row.string("typed")?,
            canonical: row.string("canonical")?,
            skeleton: row.string("skeleton")?,
        }),
        proven: row.time_if_any("proven_ms")?,
        primary: row.number("is_primary")? != 0,
        created: row.time("created_ms")?,
    })
}

look_ups! {
    impl<E: Engine, A: Attrs> LoginEmails for Handle<'_, E, A> {
        async fn login_email(&mut self, id: LoginEmailId) -> Result<Option<LoginEmail>> {
            self.row(LOGIN_EMAIL, values![&id], decode).await
        }

        async fn login_emails_of(&mut self, user: UserId) -> Result<Vec<LoginEmail>> {
            self.few(LOGIN_EMAILS_OF, values![&user], decode).await
        }

        async fn proven_email(&mut self, email: &CanonicalEmail) -> Result<Option<LoginEmail>> {
            self.row(PROVEN_EMAIL, values![email.as_str()], decode).await
        }

        async fn proven_lookalikes(&mut self, skeleton: &str) -> Result<Vec<LoginEmail>> {
            self.few(PROVEN_LOOKALIKES, values![skeleton, LOOKALIKES], decode).await
        }
    }
}

impl<E: Engine, A: Attrs> LoginEmailsMut for SqlTx<'_, E, A> {
    async fn insert_login_email(&mut self, email: &LoginEmail) -> Result<()> {
        let LoginEmail { id, user, address, proven, primary, created } = email;
        let canonical = address.canonical().as_str();
        let search_key = SearchKey::of(canonical);
        let values = values![
            id,
            user,
            address.as_typed(),
            canonical,
            address.skeleton(),
            *proven,
            *primary,
            *created,
            proven.map(|_| canonical),
            search_key.as_str(),
        ];
        self.append(INSERT_LOGIN_EMAIL, values, "email address").await
    }

    async fn prove_login_email(
        &mut self,
        id: LoginEmailId,
        user: UserId,
        now: Timestamp,
    ) -> Result<bool> {
        let canonical = |row: &dyn Row| row.string("canonical");
        let Some(email) = self.row(CANONICAL_EMAIL, values![&id], canonical).await? else {
            return Ok(false);
        };
        // Whoever proves an address deletes the claims of others next: two who hold their own would wait in a circle.
        self.execute(LOCK_CLAIMS, values![email.as_str()]).await?;
        let proven = values![now, &id, &user];
        self.change_unique(PROVE_LOGIN_EMAIL, proven, "email address").await
    }

    async fn promote_login_email(&mut self, id: LoginEmailId, user: UserId) -> Result<bool> {
        let ours = self.execute(MAKE_PRIMARY, values![&id, &user]).await? > 0;
        if ours {
            self.execute(MAKE_OTHERS_SECONDARY, values![&user, &id]).await?;
        }
        Ok(ours)
    }

    async fn delete_login_email(&mut self, id: LoginEmailId, user: UserId) -> Result<bool> {
        Ok(self.execute(DELETE_LOGIN_EMAIL, values![&id, &user]).await? > 0)
    }

    async fn delete_claims(&mut self, email: &CanonicalEmail, except: UserId) -> Result<u64> {
        self.execute(DELETE_CLAIMS, values![email.as_str(), &except]).await
    }
}
