use std::sync::Arc;

use async_trait::async_trait;
use durward_core::password::{Admission, HashError, Verdict};
use durward_core::store::Passwords;
use durward_core::{Method, Password, PasswordHash, PasswordHasher, UserStatus};
use durward_testing::given::PASSWORD;
use durward_testing::hasher::TestHasher;
use durward_testing::{TestAccounts, followed, session};
use tokio::sync::Notify;

use crate::support::{begin_login, is_refused, owner, set_status, try_password};

#[tokio::test]
async fn a_password_opens_a_session() {
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    let answer = try_password(&it, "ADA@example.com", PASSWORD).await.unwrap();
    let issued = session(answer);
    assert_eq!(issued.user, ada.user);
    assert_ne!(issued.session, ada.session);
    let caller = it.accounts().authenticate(&issued.token, None).await.unwrap();
    assert_eq!(caller.methods, [Method::Password]);
    assert_eq!(caller.authenticated_at, it.accounts().now());
}

#[tokio::test]
async fn the_whole_password_counts() {
    // R-PW-03, AM-20
    let it = TestAccounts::new();
    it.sign_up("ada@example.com").await;
    let upper = PASSWORD.to_uppercase();
    let (longer, shorter) = (format!("{PASSWORD} "), &PASSWORD[..PASSWORD.len() - 1]);
    for wrong in [upper.as_str(), longer.as_str(), shorter] {
        assert!(is_refused(try_password(&it, "ada@example.com", wrong).await), "{wrong}");
    }
    assert!(try_password(&it, "ada@example.com", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_mailed_link_opens_a_session_for_whoever_asked() {
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    let (_, state) = begin_login(&it, "ada@example.com").await;
    let letter = it.mail_to("ada@example.com").await;
    assert_eq!(letter.name(), "login");
    let link = followed(&letter);
    let answer = it.accounts().answer_code(&link, &state, &it.origin()).await.unwrap();
    assert_eq!(session(answer).user, ada.user);
}

#[tokio::test]
async fn every_login_has_a_session_of_its_own() {
    // R-SE-03
    let it = TestAccounts::new();
    let (first, second) = (it.sign_up("ada@example.com").await, it.log_in("ada@example.com").await);
    assert_ne!(first.token.expose(), second.token.expose());
    assert!(it.accounts().authenticate(&first.token, None).await.is_ok());
    assert!(it.accounts().authenticate(&second.token, None).await.is_ok());
}

/// A hasher that waits in the middle of every verification until it is told to go on.
struct Slow {
    begun: Notify,
    go_on: Notify,
}

#[async_trait]
impl PasswordHasher for Slow {
    fn admit(&self) -> Result<Admission, HashError> {
        Ok(Admission::unlimited())
    }
    async fn hash(&self, password: Password, a: Admission) -> Result<PasswordHash, HashError> {
        TestHasher::new().hash(password, a).await
    }
    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
        admission: Admission,
    ) -> Result<Verdict, HashError> {
        self.begun.notify_one();
        self.go_on.notified().await;
        TestHasher::new().verify(password, hash, admission).await
    }
}

#[tokio::test]
async fn a_ban_during_the_verification_of_the_password_counts() {
    // AM-08, R-CC-01
    let slow = Arc::new(Slow { begun: Notify::new(), go_on: Notify::new() });
    let it = TestAccounts::with(|parts| parts.passwords = slow.clone());
    it.sign_up("ada@example.com").await;
    let ada = owner(&it, "ada@example.com").await.unwrap().id;
    let banning = async {
        slow.begun.notified().await;
        set_status(&it, ada, UserStatus::Banned).await;
        slow.go_on.notify_one();
    };
    let (outcome, ()) = tokio::join!(try_password(&it, "ada@example.com", PASSWORD), banning);
    assert!(is_refused(outcome));
}

#[tokio::test]
async fn a_weaker_hash_is_replaced_at_the_next_login_and_not_by_a_wrong_password() {
    // R-PW-09
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await.user;
    let stored = async || {
        let mut read = it.accounts().read().await.unwrap();
        read.password(ada).await.unwrap().unwrap()
    };
    let before = stored().await;
    it.log_in("ada@example.com").await;
    assert_eq!(stored().await, before);
    it.hasher().age();
    assert!(is_refused(try_password(&it, "ada@example.com", "not her password").await));
    assert_eq!(stored().await, before);
    it.log_in("ada@example.com").await;
    let after = stored().await;
    assert_ne!(after.hash, before.hash);
    assert_eq!(after.changed, before.changed, "its owner chose nothing new");
    it.log_in("ada@example.com").await;
    assert_eq!(stored().await, after);
}
