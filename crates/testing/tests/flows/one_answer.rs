//! One answer and one cost for every failure (R-EN-01, R-EN-02, R-TH-07).

use std::sync::Arc;

use durward_core::accounts::{ResetRequest, SignUp};
use durward_core::{SignUpMode, UserStatus};
use durward_store_memory::MemoryStore;
use durward_testing::given::PASSWORD;
use durward_testing::hasher::TestHasher;
use durward_testing::{SeededEntropy, TestAccounts, given};

use crate::support::{begin_login, is_refused, set_gone, set_status, try_password};
use crate::traced::{TracedHasher, TracedStore};

type Traced = TracedStore<MemoryStore>;

/// Accounts in which each address is its own reason why a password login fails.
async fn everyone() -> (TestAccounts<Traced>, Traced) {
    everyone_in(SignUpMode::Verified).await
}

async fn everyone_in(mode: SignUpMode) -> (TestAccounts<Traced>, Traced) {
    let store = Traced::default();
    let in_mode = |mode, seed| {
        TestAccounts::on_with(store.clone(), |parts| {
            parts.settings.sign_up = mode;
            parts.entropy = Arc::new(SeededEntropy::new(seed));
            let (hasher, trace) = (Arc::new(TestHasher::new()), store.trace().clone());
            parts.passwords = Arc::new(TracedHasher { hasher, trace });
        })
    };
    let it = in_mode(SignUpMode::Verified, 2);
    it.sign_up("known@example.com").await;
    let banned = it.sign_up("banned@example.com").await;
    set_status(&it, banned.user, UserStatus::Banned).await;
    let deleted = it.sign_up("deleted@example.com").await;
    set_status(&it, deleted.user, UserStatus::Deleted).await;
    let gone = it.sign_up("gone@example.com").await;
    set_gone(&it, gone.user).await;
    let passwordless = SignUp { password: None, ..it.request("passwordless@example.com") };
    it.sign_up_as(passwordless).await;
    let open = in_mode(SignUpMode::Open, 3);
    open.sign_up_as(open.request("unverified@example.com")).await;
    open.deliver().await;

    let it = in_mode(mode, 4);
    store.trace().take();
    (it, store)
}

const EVERYONE: [&str; 7] = [
    "known@example.com",
    "unknown@example.com",
    "banned@example.com",
    "deleted@example.com",
    "gone@example.com",
    "passwordless@example.com",
    "unverified@example.com",
];

#[tokio::test]
async fn every_failed_password_login_is_the_same_and_costs_the_same() {
    // R-EN-01, R-EN-02, AM-02, AM-08, AM-15, GW-67
    let (it, store) = everyone().await;
    let mut costs = Vec::new();
    for address in EVERYONE {
        let password = if address.starts_with("known") { "not the password" } else { PASSWORD };
        assert!(is_refused(try_password(&it, address, password).await), "{address}");
        costs.push(store.trace().take());
    }
    assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
    assert_eq!(costs[0].iter().filter(|call| **call == "verify").count(), 1);
    it.deliver().await;
    assert!(it.inbox().is_empty());
}

#[tokio::test]
async fn an_attempt_that_comes_too_early_costs_the_same() {
    // R-TH-03, R-EN-02
    let (it, store) = everyone().await;
    for _ in 0..5 {
        assert!(is_refused(try_password(&it, "known@example.com", "not it").await));
    }
    let wrong = store.trace().take();
    assert!(is_refused(try_password(&it, "known@example.com", PASSWORD).await));
    assert_eq!(store.trace().take(), wrong[wrong.len() / 5 * 4..]);
}

#[tokio::test]
async fn asking_for_a_login_code_costs_the_same_for_every_address() {
    // R-EN-01, R-EN-02
    let (it, store) = everyone().await;
    let mut costs = Vec::new();
    for address in EVERYONE {
        begin_login(&it, address).await;
        costs.push(store.trace().take());
    }
    assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
    it.deliver().await;
    let mut mailed: Vec<String> =
        it.inbox().all().iter().map(|letter| letter.to().to_owned()).collect();
    mailed.sort();
    assert_eq!(mailed, ["known@example.com", "passwordless@example.com"]);
}

#[tokio::test]
async fn asking_for_a_reset_costs_the_same_for_every_address() {
    // R-EN-01, R-EN-02
    let (it, store) = everyone().await;
    let mut costs = Vec::new();
    for address in EVERYONE {
        let request = ResetRequest { email: given::email(address), state: it.state() };
        assert!(it.accounts().request_reset(&request, &it.origin()).await.is_ok());
        costs.push(store.trace().take());
    }
    assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
    it.deliver().await;
    assert_eq!(it.inbox().all().len(), 2);
}

#[tokio::test]
async fn a_sign_up_costs_the_same_for_every_address_in_every_mode() {
    // R-EN-02, R-EN-03, AM-15
    for mode in [SignUpMode::Verified, SignUpMode::Open] {
        let (it, store) = everyone_in(mode).await;
        let mut costs = Vec::new();
        for address in EVERYONE {
            let outcome = it.accounts().sign_up(it.request(address), &it.origin()).await;
            assert!(outcome.is_ok(), "{address}");
            costs.push(store.trace().take());
        }
        assert!(costs.iter().all(|cost| *cost == costs[0]), "{mode:?}: {costs:?}");
    }
}

#[tokio::test]
async fn a_wrong_code_costs_the_same_in_a_flow_that_cannot_succeed() {
    // R-EN-01, R-EN-02
    let (it, store) = everyone().await;
    let mut costs = Vec::new();
    for address in EVERYONE {
        let (step, state) = begin_login(&it, address).await;
        store.trace().take();
        let guess = durward_testing::typed(&step, "ZZZZZZZZ");
        assert!(is_refused(it.accounts().answer_code(&guess, &state, &it.origin()).await));
        costs.push(store.trace().take());
    }
    assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
}

#[tokio::test]
async fn asking_for_a_fresh_code_costs_the_same_in_a_flow_that_cannot_succeed() {
    // R-EN-02, GW-51
    let (it, store) = everyone().await;
    let mut costs = Vec::new();
    for address in EVERYONE {
        let (step, state) = begin_login(&it, address).await;
        store.trace().take();
        it.accounts().resend_code(&step.handle, &state, &it.origin()).await.unwrap();
        costs.push(store.trace().take());
    }
    assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
}

#[tokio::test]
async fn the_reason_is_told_to_the_audit_log_and_to_nobody_else() {
    // R-LG-01, R-EN-01
    use durward_core::store::{Audit, AuditQuery, Users};
    let (it, _) = everyone().await;
    for (address, reason) in [
        ("known@example.com", "wrong-secret"),
        ("passwordless@example.com", "no-password"),
        ("banned@example.com", "not-active"),
    ] {
        let password = if reason == "wrong-secret" { "not it" } else { PASSWORD };
        assert!(is_refused(try_password(&it, address, password).await));
        let mut read = it.accounts().read().await.unwrap();
        let email = given::email(address);
        let user = read.user_by_email(email.canonical()).await.unwrap().unwrap();
        let query = AuditQuery { subject: Some(user.id), limit: 10, ..AuditQuery::default() };
        let rows = read.audit_entries(&query).await.unwrap();
        let failed = rows.iter().find(|row| row.event == "authentication.failed").unwrap();
        assert!(failed.details.contains(reason), "{}", failed.details);
    }
}
