use durward_core::entity::Bootstrap;
use durward_core::store::{Bootstraps, BootstrapsMut, Result};
use durward_core::{Attrs, Digest, StoreError, Timestamp};

use crate::engine::{Engine, values};
use crate::read::look_ups;
use crate::row::{Columns, Row};
use crate::statement::statements;
use crate::tx::SqlTx;

statements! { Bootstraps;
    BOOTSTRAP = "SELECT digest, recovery, expires_ms FROM {bootstraps} WHERE slot = ?";
    DELETE_BOOTSTRAP = "DELETE FROM {bootstraps} WHERE slot = ?";
    INSERT_BOOTSTRAP =
        "INSERT INTO {bootstraps} (slot, digest, recovery, expires_ms) VALUES (?, ?, ?, ?)";
    SPEND_BOOTSTRAP =
        "DELETE FROM {bootstraps} WHERE slot = ? AND digest = ? AND expires_ms > ?";
}

/// The place of the only link there is.
const SLOT: i64 = 1;

fn decode(row: &dyn Row) -> Result<Bootstrap> {
    Ok(Bootstrap {
        code: row.digest("digest")?,
        recovery: row.number("recovery")? != 0,
        expires: row.time("expires_ms")?,
    })
}

look_ups! {
    impl<E: Engine, A: Attrs> Bootstraps for Handle<'_, E, A> {
        async fn bootstrap(&mut self) -> Result<Option<Bootstrap>> {
            self.row(BOOTSTRAP, values![SLOT], decode).await
        }
    }
}

impl<E: Engine, A: Attrs> BootstrapsMut for SqlTx<'_, E, A> {
    async fn replace_bootstrap(&mut self, link: &Bootstrap) -> Result<()> {
        let Bootstrap { code, recovery, expires } = link;
        self.execute(DELETE_BOOTSTRAP, values![SLOT]).await?;
        let values = values![SLOT, code, *recovery, *expires];
        match self.insert(INSERT_BOOTSTRAP, values, "bootstrap link").await {
            // Another one was issued in between: this one takes its place next time.
            Err(StoreError::Duplicate(_)) => Err(StoreError::Conflict),
            inserted => inserted.map(drop),
        }
    }

    async fn spend_bootstrap(&mut self, code: &Digest, now: Timestamp) -> Result<bool> {
        self.change(SPEND_BOOTSTRAP, values![SLOT, code, now]).await
    }
}
