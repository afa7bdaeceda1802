//! Whoever rotates the secrets of a client waits for others who do, and nobody for each other, on every engine.
#![cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql", feature = "testing"))]
#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::time::Duration;

use durward_core::accounts::NewClient;
use durward_core::entity::{ClientKind, ClientOwner, ClientSessions};
use durward_core::store::Tx;
use durward_core::{
    Accounts, Caller, ClientId, Error, FreshUser, Origin, PersonName, Plain, Store, unit,
};
use durward_store_sql::testing;
use durward_testing::TestAccounts;

const ROUNDS: usize = 5;
const ROTATIONS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rotations_take_turns_on_sqlite() {
    rotations_take_turns(testing::fresh_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rotations_take_turns_on_postgres() {
    if let Some(store) = testing::fresh_postgres().await {
        rotations_take_turns(store).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rotations_take_turns_on_mariadb() {
    if let Some(store) = testing::fresh_mysql().await {
        rotations_take_turns(store).await;
    }
}

/// R-CL-01: a deadlock is a second of waiting for everybody, and a conflict for one of them.
async fn rotations_take_turns<S: Store<Attrs = Plain>>(store: S) {
    let it = TestAccounts::on(store);
    let session = it.sign_up("ada@example.com").await;
    let user = it.accounts().authenticate(&session.token, None).await.unwrap();
    let caller = Caller { user: Some(user), ..Caller::anonymous(None) };
    let ada = it.accounts().fresh(&caller).unwrap();
    let client = client_of(it.accounts(), ada).await;
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

async fn client_of<S: Store<Attrs = Plain>>(accounts: &Accounts<S>, ada: FreshUser) -> ClientId {
    let new = NewClient {
        owner: ClientOwner::User(ada.id()),
        name: PersonName::parse("Loom").unwrap(),
        kind: ClientKind::Confidential,
        require_user: false,
        rate_limit: None,
        sessions: ClientSessions::default(),
        redirect_uris: Vec::new(),
        expires: None,
        attrs: <_>::default(),
    };
    let made: Result<_, Error> = unit!(accounts, |tx, _| {
        accounts.create_client(tx, new.clone(), &ada, &Origin::default()).await
    });
    made.unwrap().client.id
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
