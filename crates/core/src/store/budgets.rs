use super::Result;
use crate::budget::{BudgetKey, Debit, Delays, Rate};
use crate::time::Timestamp;

/// Budgets of attempts; each debit is one atomic step, and a budget nobody named before is whole.
#[trait_variant::make(Send)]
pub trait BudgetsMut {
    /// Takes one from a budget, if there is one left. Of concurrent callers no more are granted than the
    /// rate allows.
    async fn debit_budget(&mut self, key: BudgetKey, rate: &Rate, now: Timestamp) -> Result<Debit>;

    /// Gives one back to a budget, as after a success.
    async fn refund_budget(&mut self, key: BudgetKey, rate: &Rate) -> Result<()>;

    /// Counts one attempt as a failure, if the delay after the last one has passed; answers whether it
    /// counted. The caller verifies only then, and resets on success. After
    /// [`Delays::MAX_FAILURES`] nothing counts any more (R-TH-01).
    async fn debit_attempt(
        &mut self,
        key: BudgetKey,
        delays: &Delays,
        now: Timestamp,
    ) -> Result<bool>;

    /// Forgets the failures of a budget.
    async fn reset_attempts(&mut self, key: BudgetKey) -> Result<()>;
}
