use std::sync::Arc;

use durward_core::{KeyRing, Purpose, SessionToken};
use durward_store_memory::MemoryStore;
use durward_testing::given::PASSWORD;
use durward_testing::{SeededEntropy, TestAccounts, typed};

use crate::support::{begin_login, is_refused, try_password};

fn key(id: u32, seed: u64) -> String {
    KeyRing::generate(id, &SeededEntropy::new(seed)).expose().clone()
}

/// Accounts with this ring; `seed` keeps the ids of several on one store apart.
fn with_ring(store: &MemoryStore, ring: &str, seed: u64) -> TestAccounts {
    TestAccounts::on_with(store.clone(), |parts| {
        parts.keys = Arc::new(KeyRing::parse(ring).unwrap());
        parts.entropy = Arc::new(SeededEntropy::new(seed));
    })
}

#[tokio::test]
async fn keys_rotate_without_anybody_noticing() {
    // R-DP-03
    let store: MemoryStore = MemoryStore::default();
    let (old, new) = (key(1, 11), key(2, 12));
    let before = with_ring(&store, &old, 1);
    let session = before.sign_up("ada@example.com").await;
    let (step, state) = begin_login(&before, "ada@example.com").await;

    let after = with_ring(&store, &format!("{new},{old}"), 2);
    assert!(after.accounts().authenticate(&session.token, None).await.is_ok());
    let code = typed(&step, after.mail_to("ada@example.com").await.code());
    assert!(after.accounts().answer_code(&code, &state, &after.origin()).await.is_ok());
    let pair = after.accounts().refresh(&session.refresh, &after.origin()).await.unwrap();
    assert!(after.accounts().authenticate(&pair.token, None).await.is_ok());

    let without = with_ring(&store, &new, 3);
    assert!(without.accounts().authenticate(&pair.token, None).await.is_ok());
}

#[tokio::test]
async fn failures_count_on_while_a_key_is_rotated() {
    // R-TH-01: also by nodes of which some have the new ring already
    let store: MemoryStore = MemoryStore::default();
    let (old, new) = (key(1, 11), key(2, 12));
    let before = with_ring(&store, &old, 1);
    before.sign_up("ada@example.com").await;
    let [known, used] = [format!("{old},{new}"), format!("{new},{old}")];
    let (known, used) = (with_ring(&store, &known, 2), with_ring(&store, &used, 3));
    for it in [&before, &known, &used, &before, &used] {
        let wrong = try_password(it, "ada@example.com", "not the password of ada").await;
        assert!(is_refused(wrong));
    }
    for it in [&before, &known, &used] {
        let right = try_password(it, "ada@example.com", PASSWORD).await;
        assert!(is_refused(right), "it comes too early, whichever node is asked");
    }
}

#[tokio::test]
async fn nothing_made_under_a_key_is_accepted_without_it() {
    // R-DP-03, R-OT-05
    let store: MemoryStore = MemoryStore::default();
    let it = with_ring(&store, &key(1, 11), 1);
    let session = it.sign_up("ada@example.com").await;
    let (step, state) = begin_login(&it, "ada@example.com").await;
    let code = typed(&step, it.mail_to("ada@example.com").await.code());

    let other = with_ring(&store, &key(1, 99), 2);
    let (accounts, origin) = (other.accounts(), other.origin());
    assert!(is_refused(accounts.authenticate(&session.token, None).await));
    assert!(is_refused(accounts.refresh(&session.refresh, &origin).await));
    assert!(is_refused(accounts.answer_code(&code, &state, &origin).await));
    assert!(it.accounts().authenticate(&session.token, None).await.is_ok());
}

#[test]
fn every_purpose_has_a_link_of_its_own() {
    use durward_core::{LinkTarget, Links};
    let code = SessionToken::mint(&SeededEntropy::default());
    let links: std::collections::BTreeSet<String> = Purpose::ALL
        .map(|purpose| durward_testing::TestLinks.code(LinkTarget::Flow(purpose), code.expose()))
        .into();
    assert_eq!(links.len(), Purpose::ALL.len());
}
