//! A transaction of PostgreSQL, for accounts on SQLite.

use durward::accounts::NewUser;
use durward::sql::{SqlStore, SqlTx};
use durward::{Accounts, Error, Origin, Plain};

async fn create(
    accounts: &Accounts<SqlStore<sqlx::Sqlite>>,
    transaction: sqlx::Transaction<'static, sqlx::Postgres>,
    new: NewUser<Plain>,
) -> Result<(), Error> {
    let mut tx = SqlTx::<_, Plain>::join(transaction);
    accounts.create_user(&mut tx, new, &Origin::default()).await?;
    Ok(())
}

fn main() {}
