//! Changes of addresses that meet (R-EM-07, R-EM-08, R-CC-01).

use std::time::Duration;

use durward_core::accounts::{IssuedSession, VerificationAttempt};
use durward_core::store::{LoginEmails, Users};
use durward_core::{Caller, CodeToken, Error, FreshUser, LoginEmail, Origin, Plain, UserId};
use durward_store_sql::SqlStore;
use durward_testing::{TestAccounts, given};
use tokio::task::JoinSet;

use crate::engines::{Application, Database, on_every_engine};

on_every_engine!(
    changes_of_addresses_at_once_never_cross,
    of_two_who_prove_an_address_at_once_one_has_it,
);

type Accounts<E> = TestAccounts<SqlStore<E, Plain>>;

/// How often they meet.
const ROUNDS: u32 = 8;

async fn fresh<E: Application>(it: &Accounts<E>, session: &IssuedSession) -> FreshUser {
    let user = it.accounts().authenticate(&session.token, None).await.unwrap();
    it.accounts().fresh(&Caller { user: Some(user), ..Caller::anonymous(None) }).unwrap()
}

/// Where the requests of somebody come from who is logged in.
fn origin<E: Application>(it: &Accounts<E>, by: &IssuedSession) -> Origin {
    Origin { actor: Some(by.user), session: Some(by.session), ..it.origin() }
}

async fn emails<E: Application>(it: &Accounts<E>, user: UserId) -> Vec<LoginEmail> {
    it.accounts().read().await.unwrap().login_emails_of(user).await.unwrap()
}

/// Claims an address; answers what proves it.
async fn claim<E: Application>(
    it: &Accounts<E>,
    session: &IssuedSession,
    address: &str,
) -> VerificationAttempt {
    let user = fresh(it, session).await;
    it.deliver().await;
    it.clock().advance(Duration::from_secs(1));
    it.accounts().claim_emails(&user, &[given::email(address)], &it.origin()).await.unwrap();
    let letter = it.mail_to(address).await;
    VerificationAttempt::Link(CodeToken::parse(letter.link_code()).unwrap())
}

async fn changes_of_addresses_at_once_never_cross<E: Application>(database: Database<E>) {
    let it = TestAccounts::on(database.store.clone());
    for round in 0..ROUNDS {
        let (first, second) = (format!("a{round}@example.com"), format!("b{round}@example.com"));
        let ada = it.sign_up(&first).await;
        let code = claim(&it, &ada, &second).await;
        it.accounts().verify_email(&code, None, &origin(&it, &ada)).await.unwrap();
        let ada = it.log_in(&first).await;
        let by = fresh(&it, &ada).await;
        let mut tasks = JoinSet::new();
        for email in emails(&it, ada.user).await {
            let (accounts, origin) = (it.accounts().clone(), it.origin());
            tasks.spawn(async move {
                let promoted = accounts.promote_email(&by, email.id, &origin).await;
                (accounts.remove_email(&by, email.id, &origin).await, promoted)
            });
        }
        let outcomes = tasks.join_all().await;
        let (done, refused): (Vec<_>, Vec<_>) = outcomes.iter().partition(|it| it.0.is_ok());
        assert_eq!((done.len(), refused.len()), (1, 1), "{outcomes:?}");
        assert!(matches!(refused[0].0, Err(Error::Last(_))), "{outcomes:?}");
        let left = emails(&it, ada.user).await;
        assert!(left.len() == 1 && left[0].primary && left[0].proven.is_some(), "{left:?}");
    }
}

async fn of_two_who_prove_an_address_at_once_one_has_it<E: Application>(database: Database<E>) {
    let it = TestAccounts::on(database.store.clone());
    for address in ["ada@example.com", "bob@example.com"] {
        it.sign_up(address).await;
    }
    for round in 0..ROUNDS {
        let (ada, bob) = (it.log_in("ada@example.com").await, it.log_in("bob@example.com").await);
        let address = format!("a{round}@example.org");
        let mut tasks = JoinSet::new();
        let codes = [claim(&it, &ada, &address).await, claim(&it, &bob, &address).await];
        for (code, by) in codes.into_iter().zip([&ada, &bob]) {
            let (accounts, origin) = (it.accounts().clone(), origin(&it, by));
            tasks.spawn(async move { accounts.verify_email(&code, None, &origin).await.is_ok() });
        }
        let proven = tasks.join_all().await.into_iter().filter(|proven| *proven);
        assert_eq!(proven.count(), 1);
        let mut read = it.accounts().read().await.unwrap();
        let owner = read.user_by_email(given::email(&address).canonical()).await.unwrap();
        let owner = owner.map(|user| user.id);
        for user in [ada.user, bob.user] {
            let has =
                emails(&it, user).await.into_iter().any(|it| it.address.as_typed() == address);
            assert_eq!(has, owner == Some(user), "nobody else claims it any more");
        }
    }
}
