//! Guesses that are spread over many accounts: on the store in memory here, and on every engine in `store-sql`.

mod scenarios;

use durward_core::Error;
use durward_core::accounts::{Chore, FactorProof};
use durward_store_memory::MemoryStore;
use durward_testing::{TestAccounts, TestMetrics};

use crate::traced::TracedStore;
use scenarios::{guess, watched, write};

#[tokio::test]
async fn guesses_at_many_accounts_are_in_the_log_of_the_deployment() {
    let store = MemoryStore::default();
    scenarios::guesses_at_many_accounts_are_in_the_log_of_the_deployment(store).await;
}

#[tokio::test]
async fn an_alarm_is_counted_at_once_and_the_accounts_from_time_to_time() {
    let metrics = TestMetrics::new();
    let _recorded = metrics.record();
    let it = watched(MemoryStore::default());
    guess(&it, 0..15).await;
    it.accounts().attend_to(Chore::Measure, 1).await.unwrap();
    assert_eq!(metrics.value("durward_guessed_accounts"), 15);
    assert_eq!(metrics.value("durward_spraying_alarms_total"), 0);
    guess(&it, 15..60).await;
    assert_eq!(metrics.value("durward_spraying_alarms_total"), 1);
}

#[tokio::test]
async fn an_alarm_that_cannot_be_written_down_is_not_lost() {
    // R-LG-01
    let store = TracedStore::<MemoryStore>::default();
    let it = watched(store.clone());
    guess(&it, 0..30).await;
    store.lose_races(u32::MAX);
    let failed = it.accounts().attend_to(Chore::NoteSpraying, 1).await;
    assert!(matches!(failed, Err(Error::Busy { .. })), "{failed:?}");
    store.lose_races(0);
    assert_eq!((write(&it).await, write(&it).await), (1, 0));
}

#[tokio::test]
async fn who_gets_a_second_factor_wrong_is_counted_with_the_others() {
    // R-TH-05
    let metrics = TestMetrics::new();
    let _recorded = metrics.record();
    let ada = crate::factors::enrolled_at(TestAccounts::new()).await;
    for _ in 0..3 {
        assert!(ada.log_in(FactorProof::Totp(None)).await.is_err());
    }
    ada.it.accounts().attend_to(Chore::Measure, 1).await.unwrap();
    assert_eq!(metrics.value("durward_guessed_accounts"), 1, "one account, three times");
}
