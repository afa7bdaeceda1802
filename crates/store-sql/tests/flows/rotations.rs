//! Whoever rotates the secrets of a client waits for others who do, and nobody for each other, on every engine.

use std::time::Duration;

use durward_core::store::Tx;
use durward_core::{Accounts, ClientId, Error, FreshUser, Origin, Plain, Store};
use durward_testing::TestAccounts;

use crate::people::{fresh_user, personal_key};

const ROUNDS: usize = 5;
const ROTATIONS: usize = 8;

/// R-CL-01: a deadlock is a second of waiting for everybody, and a conflict for one of them.
async fn rotations_take_turns<S: Store<Attrs = Plain>>(store: S) {
    let it = TestAccounts::on(store);
    let ada = fresh_user(&it, "ada").await;
    let client = personal_key(it.accounts(), &ada).await.client.id;
    for round in 0..ROUNDS {
        let racers = (0..ROTATIONS).map(|_| {
            let accounts = it.accounts().clone();
            tokio::spawn(async move { rotate(&accounts, client, ada).await })
        });
        for racer in racers.collect::<Vec<_>>() {
            let told = racer.await.unwrap();
            assert!(told.is_ok(), "round {round}: {told:?}");
        }
        assert_eq!(it.accounts().secrets_of(client).await.unwrap().len(), 1);
    }
}

/// Gives the client another secret instead of those that it has, at the first try.
async fn rotate<S: Store<Attrs = Plain>>(
    accounts: &Accounts<S>,
    client: ClientId,
    ada: FreshUser,
) -> Result<(), Error> {
    let mut tx = accounts.begin().await?;
    accounts.add_secret(&mut tx, client, Some(Duration::ZERO), &ada, &Origin::default()).await?;
    Ok(tx.commit().await?)
}

on_every_engine!(rotations_take_turns);
