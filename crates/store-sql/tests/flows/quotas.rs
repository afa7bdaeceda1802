//! Who makes several at once makes no more than he may, on every engine.

use std::time::Duration;

use durward_core::accounts::NewOrganization;
use durward_core::budget::Rate;
use durward_core::entity::Organization;
use durward_core::{
    Accounts, AuthenticationStrength, Error, NoAttributes, Origin, Plain, Slice, Store, UserId,
    unit,
};
use durward_testing::{TestAccounts, given};

use crate::people::{caller, fresh_user};

const RACERS: u64 = 8;

/// GW-55
async fn organizations_made_at_once_are_counted<S: Store<Attrs = Plain>>(store: S) {
    let it = TestAccounts::on_with(store, |parts| {
        parts.settings.limits.network_requests = Rate::per(1_000_000, Duration::from_secs(1_000));
    });
    let ada = fresh_user(&it, "ada").await.id();
    let most = <Organization>::MOST_PER_USER;
    for _ in 0..most - 1 {
        found(it.accounts(), ada).await.unwrap();
    }
    let racers = (0..RACERS).map(|_| {
        let accounts = it.accounts().clone();
        tokio::spawn(async move { found(&accounts, ada).await })
    });
    let (mut made, mut refused) = (0, 0);
    for racer in racers.collect::<Vec<_>>() {
        let outcome = racer.await.unwrap();
        made += u64::from(outcome.is_ok());
        refused += u64::from(matches!(outcome, Err(Error::Invalid(_))));
    }
    assert_eq!((made, refused), (1, RACERS - 1));
    let limit = u32::try_from(most + RACERS).unwrap();
    let all = it.accounts().organizations_of(ada, Slice { after: None, limit }).await.unwrap();
    assert_eq!(all.rows.len() as u64, most);
}

async fn found<S: Store<Attrs = Plain>>(
    accounts: &Accounts<S>,
    owner: UserId,
) -> Result<(), Error> {
    let new = || NewOrganization {
        name: given::name("Tea"),
        authentication: AuthenticationStrength::Any,
        attrs: NoAttributes {},
    };
    let by = caller(accounts, owner);
    unit!(accounts, |tx| {
        accounts.create_organization(tx, new(), &by, &Origin::default()).await.map(drop)
    })
}

on_every_engine!(organizations_made_at_once_are_counted);
