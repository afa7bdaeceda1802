//! The application's own row and the user commit or vanish together.
//!
//! There are two ways to join. Either the application opens the transaction and lends it, or Durward opens the
//! unit of work and the application writes through it. Both are shown on SQLite, PostgreSQL and MariaDB; an
//! application has one engine, and writes what is inside the macro below.
#![expect(clippy::print_stdout, reason = "a program for people to look at")]

use std::error::Error;

use durward::accounts::NewUser;
use durward::{EmailAddress, NoAttributes, PersonName, Plain};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Somebody who bought something before having an account: the order waits for the user, or there is neither.
fn customer(address: &str) -> Outcome<NewUser<Plain>> {
    Ok(NewUser {
        name: PersonName::parse("Ada")?,
        email: EmailAddress::parse(address)?,
        proven: true,
        password: None,
        roles: Vec::new(),
        attrs: NoAttributes {},
    })
}

/// A shop on one engine: sqlx would be generic in it at the price of six bounds on every function.
macro_rules! shop {
    ($name:ident, $Engine:ty, begin: $begin:literal, order: $order:literal) => {
        mod $name {
            use durward::accounts::UserDetails;
            use durward::sql::{SqlStore, SqlTx};
            use durward::store::{StoreError, Tx};
            use durward::{Accounts, Error, Origin, Plain, unit};
            use sqlx::{Acquire, Pool};

            use super::{Outcome, customer};

            pub(crate) type Db = SqlStore<$Engine>;

            /// The application opens, lends the whole transaction, gets it back, and commits.
            pub(crate) async fn order_with_ours(
                (pool, accounts): (&Pool<$Engine>, &Accounts<Db>),
                address: &str,
                what: &str,
            ) -> Outcome<UserDetails<Plain>> {
                let mut tx = SqlTx::join(pool.begin_with($begin).await?);
                let new = customer(address)?;
                let made = accounts.create_user(&mut tx, new, &Origin::default()).await?;
                let mut ours = tx.into_inner()?;
                let order = sqlx::query($order).bind(made.user.id.to_string()).bind(what);
                order.execute(&mut *ours).await?;
                ours.commit().await?;
                Ok(made)
            }

            /// The application opens and lends a savepoint: whatever becomes of the user, the application
            /// has the last word over the rest.
            pub(crate) async fn order_with_a_savepoint(
                (pool, accounts): (&Pool<$Engine>, &Accounts<Db>),
                address: &str,
                what: &str,
            ) -> Outcome<bool> {
                let mut ours = pool.begin_with($begin).await?;
                let mut lent = SqlTx::join(ours.begin().await?);
                let made =
                    accounts.create_user(&mut lent, customer(address)?, &Origin::default()).await;
                let (user, is_new) = match made {
                    Ok(made) => {
                        lent.commit().await?;
                        (made.user.id.to_string(), true)
                    }
                    Err(Error::Duplicate(_)) => {
                        // Only the savepoint is undone, and it must be before the transaction goes on.
                        drop(lent);
                        (String::from("somebody we know"), false)
                    }
                    Err(error) => return Err(error.into()),
                };
                sqlx::query($order).bind(user).bind(what).execute(&mut *ours).await?;
                ours.commit().await?;
                Ok(is_new)
            }

            /// Durward opens, and runs the whole unit again if it loses a race; the application writes through
            /// it.
            pub(crate) async fn order_with_theirs(
                accounts: &Accounts<Db>,
                address: &str,
                what: &str,
            ) -> Outcome<UserDetails<Plain>> {
                let new = customer(address)?;
                let made: Result<_, Error> = unit!(accounts, |tx| {
                    let made = accounts.create_user(tx, new.clone(), &Origin::default()).await?;
                    let order = sqlx::query($order).bind(made.user.id.to_string()).bind(what);
                    order.execute(tx.conn().await?).await.map_err(StoreError::backend)?;
                    Ok(made)
                });
                Ok(made?)
            }
        }
    };
}

shop!(
    sqlite, sqlx::Sqlite,
    // Or a transaction that looks something up first may find that it can no longer write.
    begin: "BEGIN IMMEDIATE",
    order: "INSERT INTO orders (user_id, what) VALUES (?, ?)"
);
#[cfg(test)]
shop!(
    postgres, sqlx::Postgres,
    begin: "BEGIN",
    order: "INSERT INTO orders (user_id, what) VALUES ($1, $2)"
);
#[cfg(test)]
shop!(
    mysql, sqlx::MySql,
    begin: "BEGIN",
    order: "INSERT INTO orders (user_id, what) VALUES (?, ?)"
);

/// The application's own table; `what` must not be empty.
const ORDERS: &str = "CREATE TABLE orders (user_id VARCHAR(40) NOT NULL, \
     what VARCHAR(40) NOT NULL, CONSTRAINT something CHECK (what <> ''))";

#[tokio::main]
async fn main() -> Outcome<()> {
    use durward::{Accounts, sql::pool_options};
    use durward_examples::{keys_for_this_run, parts};
    use sqlx::sqlite::SqliteConnectOptions;

    let file = std::env::temp_dir().join(format!("durward-orders-{}.db", std::process::id()));
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let pool = pool_options().connect_with(options).await?;
    sqlx::query(ORDERS).execute(&pool).await?;
    let store = sqlite::Db::new(pool.clone());
    store.migrate().await?;
    let accounts = Accounts::new(parts(store, keys_for_this_run()?)?)?;

    let shop = (&pool, &accounts);
    for (address, what) in [("ada@example.com", "a rake"), ("bob@example.com", "")] {
        match sqlite::order_with_ours(shop, address, what).await {
            Ok(made) => println!("{address} ordered {what}, and is {}", made.user.id),
            Err(error) => println!("{address} ordered nothing, and is nobody: {error}"),
        }
    }
    let known = sqlite::order_with_a_savepoint(shop, "ada@example.com", "a hoe").await?;
    println!("ada@example.com ordered a hoe, and was new: {known}");
    let made = sqlite::order_with_theirs(&accounts, "eve@example.com", "a spade").await?;
    println!("eve@example.com ordered a spade, and is {}", made.user.id);
    pool.close().await;
    Ok(std::fs::remove_file(file)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward::sharing::SharingKind;
    use durward::sql::pool_options;
    use durward::store::Users;
    use durward_examples::{keys_for_this_run, parts};
    use durward_store_sql::testing;
    use durward_testing::{TestAccounts, given};
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
    use std::any::Any;

    /// The same tests on each engine.
    macro_rules! on_engine {
        ($engine:ident, $pool:expr) => {
            mod $engine {
                use super::*;
                use crate::$engine::{
                    Db, order_with_a_savepoint, order_with_ours, order_with_theirs,
                };

                /// The pool of the application, the accounts on it, and what keeps the database.
                type Shop = (sqlx::Pool<<Db as Engined>::Engine>, TestAccounts<Db>, Box<dyn Any>);

                async fn shop() -> Option<Shop> {
                    let (pool, kept) = $pool.await?;
                    let store = Db::new(pool.clone());
                    testing::run_schema(&store).await;
                    sqlx::query(ORDERS).execute(&pool).await.unwrap();
                    Some((pool, TestAccounts::on(store), kept))
                }

                async fn is_user(it: &TestAccounts<Db>, address: &str) -> bool {
                    let mut read = it.accounts().read().await.unwrap();
                    let email = given::email(address);
                    read.user_by_email(email.canonical()).await.unwrap().is_some()
                }

                async fn orders(shop: &Shop) -> i64 {
                    let count = sqlx::query_scalar("SELECT COUNT(*) FROM orders");
                    count.fetch_one(&shop.0).await.unwrap()
                }

                #[tokio::test]
                async fn a_lent_transaction_commits_both_or_neither() {
                    // R-CC-01
                    let Some(shop) = shop().await else { return };
                    let (pool, it, _) = &shop;
                    let on = (pool, it.accounts());
                    order_with_ours(on, "ada@example.com", "a rake").await.unwrap();
                    assert!(is_user(it, "ada@example.com").await);
                    assert!(order_with_ours(on, "bob@example.com", "").await.is_err());
                    assert!(!is_user(it, "bob@example.com").await, "our row failed");
                    assert!(order_with_ours(on, "ADA@example.com", "a hoe").await.is_err());
                    assert_eq!(orders(&shop).await, 1, "their row failed");
                }

                #[tokio::test]
                async fn a_lent_savepoint_leaves_the_last_word_to_the_application() {
                    // R-CC-01
                    let Some(shop) = shop().await else { return };
                    let (pool, it, _) = &shop;
                    let on = (pool, it.accounts());
                    let first = order_with_a_savepoint(on, "ada@example.com", "a rake").await;
                    let second = order_with_a_savepoint(on, "ada@example.com", "a hoe").await;
                    assert_eq!((first.unwrap(), second.unwrap()), (true, false));
                    assert_eq!(orders(&shop).await, 2);
                    assert!(order_with_a_savepoint(on, "bob@example.com", "").await.is_err());
                    assert!(!is_user(it, "bob@example.com").await, "the outer transaction fell");
                }

                #[tokio::test]
                async fn a_unit_of_work_carries_the_applications_row() {
                    // R-CC-01
                    let Some(shop) = shop().await else { return };
                    let (_, it, _) = &shop;
                    order_with_theirs(it.accounts(), "ada@example.com", "a rake").await.unwrap();
                    assert!(is_user(it, "ada@example.com").await);
                    let failed = order_with_theirs(it.accounts(), "bob@example.com", "").await;
                    assert!(failed.is_err());
                    assert!(!is_user(it, "bob@example.com").await, "our row failed");
                    let failed = order_with_theirs(it.accounts(), "ada@EXAMPLE.com", "a hoe").await;
                    assert!(failed.is_err());
                    assert_eq!(orders(&shop).await, 1, "their row failed");
                }

                #[tokio::test]
                async fn requests_are_counted_where_other_nodes_may_be() {
                    let Some(shop) = shop().await else { return };
                    let (_, it, _) = &shop;
                    let store = it.accounts().parts().store.clone();
                    let parts = parts(store, keys_for_this_run().unwrap()).unwrap();
                    let alone = stringify!($engine) == "sqlite";
                    let kind = if alone { SharingKind::Alone } else { SharingKind::Store };
                    assert_eq!(parts.sharing.kind(), kind);
                }
            }
        };
    }

    /// The engine of a store.
    trait Engined {
        type Engine: durward::sql::Engine;
    }
    impl<E: durward::sql::Engine> Engined for durward::sql::SqlStore<E> {
        type Engine = E;
    }

    /// A pool on a database file, as an application makes it; the file vanishes with the directory.
    async fn sqlite_pool() -> Option<(sqlx::SqlitePool, Box<dyn Any>)> {
        let directory = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(directory.path().join("shop.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let pool = pool_options().connect_with(options).await.unwrap();
        Some((pool, Box::new(directory)))
    }

    async fn postgres_pool() -> Option<(sqlx::PgPool, Box<dyn Any>)> {
        Some((testing::postgres_pool().await?, Box::new(())))
    }

    async fn mysql_pool() -> Option<(sqlx::MySqlPool, Box<dyn Any>)> {
        Some((testing::mysql_pool().await?, Box::new(())))
    }

    on_engine!(sqlite, sqlite_pool());
    on_engine!(postgres, postgres_pool());
    on_engine!(mysql, mysql_pool());
}
