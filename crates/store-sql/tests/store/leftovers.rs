//! What is over among very much that is not.

use std::time::Duration;

use durward_core::budget::{BudgetKey, Debit, Rate};
use durward_core::store::{BudgetsMut, Leftover, LeftoversMut, Tx};
use durward_core::{Digest, Store, Timestamp};

use crate::engines::{Application, Database, on_every_engine};

on_every_engine!(what_is_over_among_many_budgets_is_found_in_time);

const OVER: u32 = 50;
const LIVE: u32 = 3_000;

fn key(number: u32) -> BudgetKey {
    // Digests are spread evenly, and so are these.
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.wrapping_mul(0x9E37_79B1).to_be_bytes());
    BudgetKey(Digest::from_bytes(bytes))
}

async fn what_is_over_among_many_budgets_is_found_in_time<E: Application>(database: Database<E>) {
    let at = Timestamp::from_millis;
    let mut tx = Store::begin(&database.store).await.unwrap();
    for number in 0..OVER + LIVE {
        let period = if number < OVER { 1_000 } else { 1_000_000_000 };
        let rate = Rate::per(1, Duration::from_millis(period));
        assert_eq!(tx.debit_budget(key(number), &rate, at(0)).await.unwrap(), Debit::Granted);
    }
    tx.commit().await.unwrap();
    let mut deleted = 0;
    let mut batches = 0;
    while deleted < u64::from(OVER) {
        batches += 1;
        assert!(batches < 50, "{deleted} were found");
        let mut tx = Store::begin(&database.store).await.unwrap();
        let count = tx.delete_leftovers(Leftover::Budgets, at(2_000 + batches), 20).await.unwrap();
        tx.commit().await.unwrap();
        assert!(count <= 20, "{count}");
        deleted += count;
    }
    assert_eq!(deleted, u64::from(OVER), "a budget that is not whole was deleted");
    let mut connection = database.pool.acquire().await.unwrap();
    let left = E::count(&mut connection, "SELECT COUNT(*) FROM durward_budgets").await;
    assert_eq!(left, i64::from(LIVE));
}
