use std::cmp::Reverse;
use std::time::Duration;

use durward_core::budget::{BudgetKey, Debit, Delays, Rate};
use durward_core::store::{BudgetsMut, Result};
use durward_core::{Attrs, StoreError, Timestamp};

use crate::engine::{Engine, Value, values};
use crate::pending::Touch;
use crate::row::{Columns, Row};
use crate::statement::statements;
use crate::tx::SqlTx;

statements! { Budgets;
    DEBIT_BUDGET =
        "UPDATE {budgets} SET whole_ms = CASE WHEN whole_ms > ? THEN whole_ms ELSE ? END + ? \
         WHERE digest = ? AND whole_ms <= ?";
    BUDGET = "SELECT whole_ms FROM {budgets} WHERE digest = ?";
    INSERT_BUDGET = "INSERT INTO {budgets} (digest, whole_ms) VALUES (?, ?)";
    REFUND_BUDGET = "UPDATE {budgets} SET whole_ms = whole_ms - ? WHERE digest = ?";
    // The last attempt must lie before a moment that depends on how many failed: the ladder of delays.
    DEBIT_ATTEMPT =
        "UPDATE {attempts} SET failures = failures + 1, last_ms = ? \
         WHERE digest = ? AND failures < ? AND last_ms <= CASE WHEN failures >= ? THEN ? WHEN failures >= ? THEN ? \
         WHEN failures >= ? THEN ? WHEN failures >= ? THEN ? ELSE last_ms END";
    ATTEMPTS = "SELECT failures, last_ms FROM {attempts} WHERE digest = ?";
    INSERT_ATTEMPT = "INSERT INTO {attempts} (digest, failures, last_ms) VALUES (?, 1, ?)";
    RESET_ATTEMPTS = "DELETE FROM {attempts} WHERE digest = ?";
}

/// Far enough for every clock, and small enough that no sum of two of them overflows in SQL.
const FAR: i64 = i64::MAX / 4;

impl<E: Engine, A: Attrs> BudgetsMut for SqlTx<'_, E, A> {
    async fn debit_budget(&mut self, key: BudgetKey, rate: &Rate, now: Timestamp) -> Result<Debit> {
        let BudgetKey(key) = &key;
        let (interval, last_grant) = (millis(rate.interval), rate.last_grant(now));
        let bounded = last_grant.as_millis().min(FAR);
        let debit = values![now, now, interval, key, bounded];
        let presumes = self.presumes();
        if !presumes && self.execute(DEBIT_BUDGET, debit).await? > 0 {
            return Ok(Debit::Granted);
        }
        let whole = |row: &dyn Row| row.time("whole_ms");
        match self.row(Touch::row(BUDGET, key.as_bytes()), values![key], whole).await? {
            Some(whole) if whole > last_grant => {
                Ok(Debit::Refused { retry_after: whole.since(last_grant) })
            }
            Some(_) if presumes => self
                .change(Touch::row(DEBIT_BUDGET, key.as_bytes()), debit)
                .await
                .map(|_presumed| Debit::Granted),
            // Somebody gave one back in the meantime.
            Some(_) => self.fail(StoreError::Conflict),
            None => {
                let whole = now + rate.interval;
                self.insert_unless_raced(
                    Touch::row(INSERT_BUDGET, key.as_bytes()),
                    values![key, whole],
                )
                .await?;
                Ok(Debit::Granted)
            }
        }
    }

    async fn refund_budget(&mut self, key: BudgetKey, rate: &Rate) -> Result<()> {
        let BudgetKey(key) = &key;
        self.change(Touch::row(REFUND_BUDGET, key.as_bytes()), values![millis(rate.interval), key])
            .await
            .map(drop)
    }

    async fn debit_attempt(
        &mut self,
        key: BudgetKey,
        delays: &Delays,
        now: Timestamp,
    ) -> Result<bool> {
        let BudgetKey(key) = &key;
        let [(a, at_a), (b, at_b), (c, at_c), (d, at_d)] = ladder(delays, now);
        let values = values![now, key, Delays::MAX_FAILURES, a, at_a, b, at_b, c, at_c, d, at_d];
        let presumes = self.presumes();
        if !presumes && self.execute(DEBIT_ATTEMPT, values).await? > 0 {
            return Ok(true);
        }
        let stored = |row: &dyn Row| Ok((row.count("failures")?, row.time("last_ms")?));
        match self.row(Touch::row(ATTEMPTS, key.as_bytes()), values![key], stored).await? {
            Some((failures, last)) if presumes && delays.allow(failures, last, now) => {
                self.change(Touch::row(DEBIT_ATTEMPT, key.as_bytes()), values).await
            }
            Some(_) => Ok(false),
            None => {
                let first = values![key, now];
                self.insert_unless_raced(Touch::row(INSERT_ATTEMPT, key.as_bytes()), first)
                    .await
                    .map(|()| true)
            }
        }
    }

    async fn reset_attempts(&mut self, key: BudgetKey) -> Result<()> {
        let BudgetKey(key) = &key;
        self.sweep(Touch::row(RESET_ATTEMPTS, key.as_bytes()), values![key]).await
    }
}

impl<E: Engine, A: Attrs> SqlTx<'_, E, A> {
    /// Inserts what was missing a moment ago; whoever else did so first wins.
    async fn insert_unless_raced(&mut self, touch: Touch<'_>, values: &[Value<'_>]) -> Result<()> {
        match self.append(touch, values, "budget").await {
            Err(StoreError::Duplicate(_)) => Err(StoreError::Conflict),
            answer => answer,
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(FAR).min(FAR)
}

/// For each number of failures, the most first, the moment before which the last attempt must lie.
///
/// A delay of nothing has always passed, whatever the clocks of two nodes say.
fn ladder(delays: &Delays, now: Timestamp) -> [(u32, i64); 4] {
    let Delays(mut steps) = *delays;
    steps.sort_unstable_by_key(|(from, _)| Reverse(*from));
    steps.map(|(from, _)| {
        let delay = delays.after(from);
        (from, if delay.is_zero() { i64::MAX } else { (now - delay).as_millis() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_has_the_longest_delay_reached_at_every_step() {
        let seconds = Duration::from_secs;
        let delays = Delays([(8, seconds(1)), (0, seconds(0)), (5, seconds(2)), (9, seconds(3))]);
        let now = Timestamp::from_millis(10_000);
        assert_eq!(ladder(&delays, now), [(9, 7_000), (8, 8_000), (5, 8_000), (0, i64::MAX)]);
    }

    #[test]
    fn a_misconfigured_interval_does_not_overflow() {
        // R-IN-05
        assert_eq!(millis(Duration::MAX), FAR);
        assert!(millis(Duration::MAX).checked_add(FAR).is_some());
    }
}
