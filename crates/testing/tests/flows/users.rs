use durward_core::accounts::UserChange;
use durward_core::store::{Tx, Users};
use durward_core::{Error, PersonName, Plain, Role, StandardRole, User, UserId, unit};
use durward_testing::{TestAccounts, given};

use crate::support::audited;

fn to_name(name: &str, version: Option<i64>) -> UserChange<Plain> {
    UserChange { name: Some(given::name(name)), attrs: None, version }
}

async fn change(it: &TestAccounts, user: UserId, change: UserChange<Plain>) -> Result<User, Error> {
    unit!(it.accounts(), |tx| {
        it.accounts().update_user(tx, user, change.clone(), &it.origin()).await
    })
}

#[tokio::test]
async fn a_change_names_the_version_it_was_decided_on() {
    // RFC 9110, 13.1.1; DP-06
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await.user;
    let first = change(&it, ada, to_name("Countess", Some(1))).await.unwrap();
    assert_eq!((first.name.as_str(), first.version), ("Countess", 2));
    let stale = change(&it, ada, to_name("Duchess", Some(1))).await;
    assert!(matches!(stale, Err(Error::Stale("user"))));
    assert_eq!(it.accounts().user(ada).await.unwrap().user.name.as_str(), "Countess");
    assert_eq!(change(&it, ada, to_name("Duchess", None)).await.unwrap().version, 3);
    assert_eq!(
        audited(&it, ada).await,
        ["session.opened", "user.created", "user.updated", "user.updated"]
    );
}

#[tokio::test]
async fn a_change_that_changes_nothing_is_no_change() {
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await.user;
    let same = change(&it, ada, to_name("Ada Lovelace", Some(1))).await.unwrap();
    assert_eq!(same.version, 1);
    let nothing = UserChange { name: None, attrs: None, version: None };
    assert_eq!(change(&it, ada, nothing).await.unwrap().version, 1);
    assert!(!audited(&it, ada).await.contains(&String::from("user.updated")));
}

#[tokio::test]
async fn a_change_leaves_everything_else_alone() {
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await.user;
    let before = it.accounts().user(ada).await.unwrap().user;
    it.clock().advance(std::time::Duration::from_secs(5));
    let after = change(&it, ada, to_name("Countess", None)).await.unwrap();
    let expected = User {
        name: PersonName::from_stored(String::from("Countess")),
        version: 2,
        updated: it.accounts().now(),
        ..before
    };
    assert_eq!(after, expected);
    assert_eq!(it.accounts().user(ada).await.unwrap().user, expected);
}

#[tokio::test]
async fn a_user_who_is_not_there_is_not_found() {
    // R-AZ-03
    let it = TestAccounts::new();
    let nobody = UserId::from_bytes([1; 16]);
    assert!(matches!(it.accounts().user(nobody).await, Err(Error::NotFound("user"))));
    let refused = change(&it, nobody, to_name("Nobody", None)).await;
    assert!(matches!(refused, Err(Error::NotFound("user"))));
}

#[tokio::test]
async fn of_two_changes_of_one_version_only_one_happens() {
    // R-CC-01, DP-06
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await.user;
    let (one, two) = tokio::join!(
        change(&it, ada, to_name("Countess", Some(1))),
        change(&it, ada, to_name("Duchess", Some(1))),
    );
    assert!(one.is_ok() != two.is_ok());
}

#[tokio::test]
async fn a_user_made_by_the_application_has_the_roles_it_says() {
    let it = TestAccounts::new();
    let administrator = StandardRole::administrator();
    let new = durward_core::accounts::NewUser {
        name: given::name("Ada"),
        email: given::email("ada@example.com"),
        proven: true,
        password: None,
        roles: vec![administrator],
        attrs: durward_core::NoAttributes {},
    };
    let mut tx = it.accounts().begin().await.unwrap();
    let made = it.accounts().create_user(&mut tx, new.clone(), &it.origin()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(made.user.roles, [administrator]);
    assert!(made.emails[0].proven.is_some());

    // Whoever has proven the address keeps it.
    let mut tx = it.accounts().begin().await.unwrap();
    let twice = it.accounts().create_user(&mut tx, new, &it.origin()).await;
    assert!(matches!(twice, Err(Error::Duplicate(_))), "{twice:?}");
    drop(tx);
    let mut read = it.accounts().read().await.unwrap();
    assert!(read.user(made.user.id).await.unwrap().is_some());
}
