//! Whoever was fresh and has been logged out meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use durward_core::accounts::PasswordChange;
use durward_core::entity::{ClientKind, ClientOwner, Remedy};
use durward_core::password::{Admission, HashError, Verdict};
use durward_core::store::Passwords;
use durward_core::{
    Caller, CodeToken, Error, Password, PasswordHash, PasswordHasher, UserId, unit,
};
use durward_testing::given::PASSWORD;
use durward_testing::hasher::TestHasher;
use durward_testing::{TestAccounts, given};
use tokio::sync::Notify;

use crate::clients::{create, new_client};
use crate::support::{audited, fresh, is_refused};

#[tokio::test]
async fn whoever_was_logged_out_is_not_fresh_any_more() {
    // R-SE-05, R-SE-07, R-MF-04
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    let by = fresh(&it, &ada).await;
    it.accounts().logout(&ada.token, &it.origin()).await.unwrap();
    let before = audited(&it, ada.user).await;
    let (accounts, origin) = (it.accounts(), it.origin());
    let other = [given::email("other@example.com")];
    assert!(is_refused(accounts.claim_emails(&by, &other, &origin).await));
    assert!(is_refused(accounts.remove_emails(&by, &other, &origin).await));
    assert!(is_refused(unit!(accounts, |tx| accounts.enrol_totp(tx, &by, &origin).await)));
    assert!(is_refused(accounts.remove_totp(&by, &origin).await));
    assert!(is_refused(unit!(accounts, |tx| accounts
        .renew_recovery_codes(tx, &by, &origin)
        .await)));
    assert!(is_refused(accounts.export_user(ada.user, &by, &origin).await));
    assert!(is_refused(
        create(&it, new_client(ClientOwner::User(ada.user), ClientKind::Confidential), &by).await
    ));
    let deleted =
        unit!(accounts, |tx| accounts.delete_user(tx, ada.user, None, &by, &origin).await);
    assert!(is_refused(deleted));
    assert_eq!(audited(&it, ada.user).await, before);
}

/// A hasher that waits before it hashes, once it is told to.
struct Gate {
    hasher: TestHasher,
    shut: AtomicBool,
    reached: Notify,
    opened: Notify,
}

#[async_trait]
impl PasswordHasher for Gate {
    fn admit(&self) -> Result<Admission, HashError> {
        self.hasher.admit()
    }

    async fn hash(&self, password: Password, by: Admission) -> Result<PasswordHash, HashError> {
        if self.shut.swap(false, Ordering::SeqCst) {
            self.reached.notify_one();
            self.opened.notified().await;
        }
        self.hasher.hash(password, by).await
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
        by: Admission,
    ) -> Result<Verdict, HashError> {
        self.hasher.verify(password, hash, by).await
    }
}

fn change(current: &str, password: &str) -> PasswordChange {
    let current = Some(given::password(current));
    PasswordChange { current, password: given::password(password) }
}

async fn remedy(it: &TestAccounts, user: UserId) -> Option<Remedy> {
    let stored = it.accounts().read().await.unwrap().password(user).await.unwrap().unwrap();
    stored.compromised.map(|compromise| compromise.remedy)
}

#[tokio::test]
async fn an_objection_is_not_undone_by_a_change_under_way() {
    // R-PW-10, R-SE-05, GW-42
    let gate = Arc::new(Gate {
        hasher: TestHasher::new(),
        shut: AtomicBool::new(false),
        reached: Notify::new(),
        opened: Notify::new(),
    });
    let hasher = Arc::clone(&gate);
    let it = TestAccounts::with(|parts| parts.passwords = hasher);
    let ada = it.sign_up("ada@example.com").await;
    let user = it.accounts().authenticate(&ada.token, None).await.unwrap();
    let caller = Caller { user: Some(user), ..Caller::anonymous(None) };
    let (accounts, origin) = (it.accounts(), it.origin());
    let (first, second) = ("a first other password", "a second other password");
    accounts.change_password(&caller, &change(PASSWORD, first), &origin).await.unwrap();
    let notice = it.mail_to("ada@example.com").await;
    let report = CodeToken::parse(notice.link_code()).unwrap();

    gate.shut.store(true, Ordering::SeqCst);
    let wish = change(first, second);
    let (changed, ()) = tokio::join!(accounts.change_password(&caller, &wish, &origin), async {
        gate.reached.notified().await;
        accounts.report_notice(&report, &origin).await.unwrap();
        gate.opened.notify_one();
    });
    assert!(matches!(changed, Err(Error::Unauthenticated)), "{changed:?}");
    assert_eq!(remedy(&it, ada.user).await, Some(Remedy::Reset));
}
