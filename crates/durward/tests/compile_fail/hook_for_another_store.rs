//! A hook that writes to PostgreSQL, for accounts on SQLite.

use std::sync::Arc;

use async_trait::async_trait;
use durward::sql::{SqlStore, SqlTx};
use durward::{Event, Hook, Parts, Plain, Veto};

struct OpenBasket;

#[async_trait]
impl Hook<SqlStore<sqlx::Postgres>> for OpenBasket {
    async fn on(
        &self,
        _: &Event<'_, Plain>,
        _: &mut SqlTx<'_, sqlx::Postgres>,
    ) -> Result<(), Veto> {
        Ok(())
    }
}

fn wire(parts: &mut Parts<SqlStore<sqlx::Sqlite>>) {
    parts.hooks.push(Arc::new(OpenBasket));
}

fn main() {}
