//! Somebody always administers, whatever administrators do to each other at once, on every engine.

use std::time::Duration;

use durward_core::accounts::RoleChange;
use durward_core::budget::Rate;
use durward_core::store::{Tx, Users, UsersMut};
use durward_core::{
    Accounts, Error, FreshUser, Origin, Plain, StandardRole, Store, User, UserId, UserStatus, unit,
};
use durward_testing::TestAccounts;

use crate::people::{fresh_user, logged_in};

/// How often each two of the ways are tried, each administrator on the other one, and each on himself.
const ROUNDS: u32 = 20;

/// How somebody stops to administer.
#[derive(Clone, Copy, Debug)]
enum Way {
    Ban,
    Delete,
    Revoke,
}

/// R-AZ-05
async fn somebody_always_administers<S: Store<Attrs = Plain>>(store: S) {
    let it = TestAccounts::on_with(store, |parts| {
        // Each is deleted more often than in the life of an account.
        parts.settings.limits.notices = Rate::per(1_000_000, Duration::from_secs(1_000));
    });
    let ways = [Way::Ban, Way::Delete, Way::Revoke];
    let people = [fresh_user(&it, "ada").await, fresh_user(&it, "eve").await];
    let mut worlds = 0;
    for (one, other) in ways.iter().flat_map(|one| ways.map(|other| (*one, other))) {
        for round in 0..ROUNDS {
            for user in people {
                appoint(it.accounts(), user.id()).await;
            }
            let [ada, eve] = [logged_in(&it, "ada").await, logged_in(&it, "eve").await];
            // Each shuts the other one out, or leaves by himself.
            let [first, second] = if round % 2 == 0 { [eve, ada] } else { [ada, eve] };
            let racers = [(one, ada, first.id()), (other, eve, second.id())];
            let racers = racers.map(|(way, by, whom)| {
                let accounts = it.accounts().clone();
                tokio::spawn(async move { resign(&accounts, way, by, whom).await })
            });
            let mut told = Vec::new();
            for racer in racers {
                told.push(racer.await.unwrap());
            }
            let left = administrators(it.accounts(), [ada.id(), eve.id()]).await;
            assert_eq!(left, 1, "{one:?} and {other:?}: {told:?}");
            let refused = |it: &Result<(), Error>| match it {
                Err(Error::Last("administrator")) => true,
                // Whoever was shut out has no session any more.
                Err(Error::Unauthenticated) => round % 2 == 0,
                Ok(()) | Err(_) => false,
            };
            assert_eq!(told.iter().filter(|it| it.is_ok()).count(), 1, "{told:?}");
            assert_eq!(told.iter().filter(|it| refused(it)).count(), 1, "{told:?}");
            worlds += 1;
        }
    }
    assert_eq!(worlds, 9 * ROUNDS);
}

/// Makes an active administrator of a user, behind the flows' back.
async fn appoint<S: Store<Attrs = Plain>>(accounts: &Accounts<S>, id: UserId) {
    let mut tx = accounts.begin().await.unwrap();
    let before = tx.user(id).await.unwrap().unwrap();
    let after = User {
        roles: vec![StandardRole::Administrator],
        status: UserStatus::Active,
        erasure: None,
        version: before.version + 1,
        ..before.clone()
    };
    assert!(tx.update_user(&after, before.version).await.unwrap());
    tx.commit().await.unwrap();
}

async fn resign<S: Store<Attrs = Plain>>(
    accounts: &Accounts<S>,
    way: Way,
    by: FreshUser,
    whom: UserId,
) -> Result<(), Error> {
    let origin = Origin { actor: Some(by.id()), ..Origin::default() };
    let revoke = RoleChange { granted: vec![], revoked: vec![StandardRole::Administrator] };
    unit!(accounts, |tx| match way {
        Way::Ban => accounts.ban_user(tx, whom, &origin).await.map(drop),
        Way::Delete => accounts.delete_user(tx, whom, None, &by, &origin).await.map(drop),
        Way::Revoke => accounts.change_roles(tx, whom, &revoke, &by, &origin).await.map(drop),
    })
}

/// How many of them administer.
async fn administrators<S: Store<Attrs = Plain>>(
    accounts: &Accounts<S>,
    users: [UserId; 2],
) -> usize {
    let mut read = accounts.read().await.unwrap();
    let mut found = 0;
    for id in users {
        found += usize::from(read.user(id).await.unwrap().unwrap().administers());
    }
    found
}

on_every_engine!(somebody_always_administers);
