use std::collections::BTreeMap;
use std::sync::Arc;

use durward_core::budget::{BudgetKey, Debit, Delays, Rate};
use durward_core::store::{BudgetsMut, Result};
use durward_core::{Attrs, Timestamp};

use crate::MemoryTx;

#[derive(Clone, Default)]
pub(crate) struct BudgetTable {
    /// When each budget is whole again.
    pub(crate) whole: BTreeMap<BudgetKey, Timestamp>,
    pub(crate) failures: BTreeMap<BudgetKey, Failures>,
}

/// The consecutive failures of one budget.
#[derive(Clone, Copy)]
pub(crate) struct Failures {
    pub(crate) count: u32,
    pub(crate) last: Timestamp,
}

impl BudgetTable {
    pub(crate) fn debit(&mut self, key: BudgetKey, rate: &Rate, now: Timestamp) -> Debit {
        let whole = self.whole.get(&key).map_or(now, |stored| now.max(*stored));
        let last_grant = rate.last_grant(now);
        if whole > last_grant {
            return Debit::Refused { retry_after: whole.since(last_grant) };
        }
        self.whole.insert(key, whole + rate.interval);
        Debit::Granted
    }

    pub(crate) fn refund(&mut self, key: BudgetKey, rate: &Rate) {
        if let Some(whole) = self.whole.get_mut(&key) {
            *whole = *whole - rate.interval;
        }
    }

    pub(crate) fn debit_attempt(
        &mut self,
        key: BudgetKey,
        delays: &Delays,
        now: Timestamp,
    ) -> bool {
        let stored = self.failures.get(&key);
        if stored.is_some_and(|it| !delays.allow(it.count, it.last, now)) {
            return false;
        }
        let count = stored.map_or(1, |it| it.count.saturating_add(1));
        self.failures.insert(key, Failures { count, last: now });
        true
    }
}

impl<A: Attrs> BudgetsMut for MemoryTx<A> {
    async fn debit_budget(&mut self, key: BudgetKey, rate: &Rate, now: Timestamp) -> Result<Debit> {
        self.write(|state| Ok(Arc::make_mut(&mut state.budgets).debit(key, rate, now)))
    }

    async fn refund_budget(&mut self, key: BudgetKey, rate: &Rate) -> Result<()> {
        self.write(|state| {
            Arc::make_mut(&mut state.budgets).refund(key, rate);
            Ok(())
        })
    }

    async fn debit_attempt(
        &mut self,
        key: BudgetKey,
        delays: &Delays,
        now: Timestamp,
    ) -> Result<bool> {
        self.write(|state| Ok(Arc::make_mut(&mut state.budgets).debit_attempt(key, delays, now)))
    }

    async fn reset_attempts(&mut self, key: BudgetKey) -> Result<()> {
        self.write(|state| {
            Arc::make_mut(&mut state.budgets).failures.remove(&key);
            Ok(())
        })
    }
}
