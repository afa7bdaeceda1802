use std::sync::Arc;

use durward_core::accounts::SignUp;
use durward_core::behavior::TwoFactors;
use durward_core::{Error, SignUpMode};
use durward_store_memory::MemoryStore;
use durward_testing::given::PASSWORD;
use durward_testing::hasher::TestHasher;
use durward_testing::{TestAccounts, given};

use crate::support::try_password;
use crate::traced::TracedStore;

fn is_busy<T>(outcome: Result<T, Error>) -> bool {
    outcome.is_err_and(|error| {
        matches!(error, Error::Busy { retry_after } if retry_after == TestHasher::RETRY_AFTER)
    })
}

#[tokio::test]
async fn a_full_queue_is_told_before_anything_is_done() {
    // R-PW-13
    for mode in [SignUpMode::Verified, SignUpMode::Open] {
        let store = TracedStore::<MemoryStore>::default();
        let it = TestAccounts::on_with(store.clone(), |parts| parts.settings.sign_up = mode);
        it.hasher().set_busy(true);
        assert!(is_busy(try_password(&it, "ada@example.com", PASSWORD).await));
        assert!(is_busy(it.accounts().sign_up(it.request("ada@example.com"), &it.origin()).await));
        assert!(store.trace().take().is_empty());
    }
}

#[tokio::test]
async fn a_new_password_is_checked_before_it_is_hashed() {
    // R-PW-01, GW-42
    let it = TestAccounts::new();
    let accounts = it.accounts();
    let weak = accounts.hash_password(given::password("qwerty"), None, None).await;
    assert!(matches!(weak, Err(Error::Invalid(found)) if !found.is_empty()));
    assert_eq!(it.hasher().runs(), 0);
    let hash = accounts.hash_password(given::password(PASSWORD), None, None).await.unwrap();
    assert!(!hash.as_str().contains(PASSWORD));
    assert_eq!(it.hasher().runs(), 1);
}

#[tokio::test]
async fn a_password_may_be_shorter_where_a_second_factor_is_asked_of_everybody() {
    // R-PW-01
    for (rule, least) in
        [(None, 15), (Some(TwoFactors::Administrators), 15), (Some(TwoFactors::Everyone), 8)]
    {
        let it = TestAccounts::with(|parts| {
            if let Some(rule) = rule {
                parts.behavior.steps = Arc::new(rule);
            }
        });
        for (chosen, length) in [("wmb uvu", 7), ("wmb uvul", 8), ("wombat uvula i", 14)] {
            let refused = length < least;
            let hashed = it.accounts().hash_password(given::password(chosen), None, None).await;
            assert_eq!(hashed.is_err(), refused, "{rule:?}: {length}");
            let request =
                SignUp { password: Some(given::password(chosen)), ..it.request("ada@example.com") };
            let began = it.accounts().sign_up(request, &it.origin()).await;
            assert_eq!(began.is_err(), refused, "{rule:?}: {length}");
        }
    }
}
