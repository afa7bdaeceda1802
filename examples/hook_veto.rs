//! The application's code inside the unit of work: it writes a row of its own, and may refuse.
//!
//! This one sells seats. Whoever signs up takes one; when none is left, nobody else can, and the sign-up
//! leaves no trace. Two who race for the last seat cannot both get it: the user and the seat are one transaction.
#![expect(clippy::print_stdout, reason = "a program for people to look at")]

use std::error::Error;

use async_trait::async_trait;
use durward::accounts::{NewUser, UserDetails};
use durward::sql::{SqlStore, SqlTx};
use durward::store::Tx;
use durward::{
    Accounts, EmailAddress, Event, Hook, NoAttributes, Origin, PersonName, Plain, Store, Veto, unit,
};
use durward_examples::{keys_for_this_run, parts};
use sqlx::Sqlite;

type Db = SqlStore<Sqlite>;

/// Gives every new user a seat.
struct Seats;

#[async_trait]
impl Hook<Db> for Seats {
    async fn on(&self, event: &Event<'_, Plain>, tx: &mut SqlTx<'_, Sqlite>) -> Result<(), Veto> {
        let Event::UserCreated { user, .. } = event else { return Ok(()) };
        // The guard stands in the statement: reading first and writing then would lose the race.
        let taken = sqlx::query(
            "UPDATE seats SET user_id = ? \
             WHERE number = (SELECT MIN(number) FROM seats WHERE user_id IS NULL)",
        )
        .bind(user.id.to_string())
        .execute(tx.conn().await?)
        .await?;
        if taken.rows_affected() == 1 { Ok(()) } else { Err("every seat is taken".into()) }
    }
}

/// The tables of the application, beside those of the accounts.
async fn build(store: &Db, seats: u32) -> Result<(), Box<dyn Error>> {
    let mut tx = store.begin().await?;
    let create = "CREATE TABLE seats (number INTEGER PRIMARY KEY, user_id TEXT)";
    sqlx::query(create).execute(tx.conn().await?).await?;
    for number in 1..=seats {
        let insert = sqlx::query("INSERT INTO seats (number) VALUES (?)").bind(number);
        insert.execute(tx.conn().await?).await?;
    }
    Ok(tx.commit().await?)
}

/// Makes a user; every other way to make one, such as a sign-up, asks the hooks as well.
async fn admit(
    accounts: &Accounts<Db>,
    address: &str,
) -> Result<UserDetails<Plain>, Box<dyn Error>> {
    let new = NewUser {
        name: PersonName::parse("Guest")?,
        email: EmailAddress::parse(address)?,
        proven: true,
        password: None,
        roles: Vec::new(),
        attrs: NoAttributes {},
    };
    let admitted: Result<_, durward::Error> =
        unit!(accounts, |tx| accounts.create_user(tx, new.clone(), &Origin::default()).await);
    Ok(admitted?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::temp_dir().join(format!("durward-seats-{}.db", std::process::id()));
    let store = Db::open(&file).await?;
    store.migrate().await?;
    build(&store, 2).await?;
    let mut parts = parts(store.clone(), keys_for_this_run()?)?;
    parts.hooks.push(std::sync::Arc::new(Seats));
    let accounts = Accounts::new(parts)?;
    for address in ["ada@example.com", "bob@example.com", "eve@example.com"] {
        match admit(&accounts, address).await {
            Ok(made) => println!("{address} is in, as {}", made.user.id),
            Err(error) => println!("{address} is not: {error}"),
        }
    }
    store.close().await;
    Ok(std::fs::remove_file(file)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward::accounts::SignUp;
    use durward::store::Users;
    use durward_store_sql::testing::fresh_sqlite;
    use durward_testing::{TestAccounts, given, step, typed};
    use std::sync::Arc;

    async fn with_seats(seats: u32) -> TestAccounts<Db> {
        let store = fresh_sqlite().await;
        build(&store, seats).await.unwrap();
        TestAccounts::on_with(store, |parts| parts.hooks.push(Arc::new(Seats)))
    }

    async fn taken(it: &TestAccounts<Db>) -> i64 {
        let mut tx = it.accounts().begin().await.unwrap();
        let count = sqlx::query_scalar("SELECT COUNT(user_id) FROM seats");
        count.fetch_one(tx.conn().await.unwrap()).await.unwrap()
    }

    async fn exists(it: &TestAccounts<Db>, address: &str) -> bool {
        let mut read = it.accounts().read().await.unwrap();
        let found = read.user_by_email(given::email(address).canonical()).await.unwrap();
        found.is_some()
    }

    #[tokio::test]
    async fn whoever_signs_up_takes_a_seat() {
        let it = with_seats(1).await;
        it.sign_up("ada@example.com").await;
        assert_eq!(taken(&it).await, 1);
    }

    #[tokio::test]
    async fn a_veto_undoes_the_sign_up_and_the_code_stays_good() {
        // R-CC-01
        let it = with_seats(0).await;
        let request: SignUp<Plain> = it.request("ada@example.com");
        let state = request.state.clone();
        let step = step(it.accounts().sign_up(request, &it.origin()).await.unwrap());
        let code = typed(&step, it.mail_to("ada@example.com").await.code());
        let vetoed = it.accounts().answer_code(&code, &state, &it.origin()).await;
        let Err(durward::Error::Vetoed(why)) = vetoed else { panic!("{vetoed:?}") };
        assert_eq!(why.to_string(), "every seat is taken");
        assert!(!exists(&it, "ada@example.com").await);

        let mut tx = it.accounts().begin().await.unwrap();
        sqlx::query("INSERT INTO seats (number) VALUES (1)")
            .execute(tx.conn().await.unwrap())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        it.accounts().answer_code(&code, &state, &it.origin()).await.unwrap();
        assert!(exists(&it, "ada@example.com").await);
        assert_eq!(taken(&it).await, 1);
    }

    #[tokio::test]
    async fn of_many_who_race_for_the_last_seat_one_gets_it() {
        // R-CC-01
        let it = Arc::new(with_seats(1).await);
        let mut racers = tokio::task::JoinSet::new();
        for number in 0..8 {
            let it = Arc::clone(&it);
            racers.spawn(async move {
                admit(it.accounts(), &format!("guest{number}@example.com")).await.is_ok()
            });
        }
        let admitted = racers.join_all().await.into_iter().filter(|admitted| *admitted).count();
        assert_eq!((admitted, taken(&it).await), (1, 1));
    }
}
