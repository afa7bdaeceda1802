use std::sync::Arc;
use std::time::Duration;

use durward_conformance::Suite;
use durward_core::budget::{BudgetKey, Debit, Delays, Rate};
use durward_core::{Digest, Timestamp};

use super::Faults;
use super::fault::Fault;
use crate::budgets::{BudgetTable, Failures};
use crate::state::State;

const MILLI: Duration = Duration::from_millis(1);

pub(super) const FAULTS: Faults = &[
    (
        "a_new_budget_grants_its_burst",
        &[
            Fault::debit_budget(|_, _, _, _| Ok(Debit::Granted)),
            Fault::debit_budget(|state, key, rate, now| {
                Ok(budgets(state).debit(key, &Rate { burst: rate.burst + 1, ..*rate }, now))
            }),
            Fault::debit_budget(|state, key, rate, now| {
                Ok(budgets(state).debit(key, &Rate { burst: rate.burst - 1, ..*rate }, now))
            }),
            // A budget that nobody named before is empty.
            Fault::debit_budget(|state, key, rate, now| {
                budgets(state).whole.entry(key).or_insert(now + rate.interval * rate.burst);
                Ok(budgets(state).debit(key, rate, now))
            }),
            Fault::debit_budget(|state, key, rate, now| {
                Ok(match budgets(state).debit(key, rate, now) {
                    Debit::Granted => Debit::Granted,
                    Debit::Refused { .. } => Debit::Refused { retry_after: rate.interval },
                })
            }),
            Fault::debit_budget(|state, key, rate, now| {
                Ok(match budgets(state).debit(key, rate, now) {
                    Debit::Granted => Debit::Granted,
                    Debit::Refused { .. } => Debit::Refused { retry_after: Duration::ZERO },
                })
            }),
        ],
    ),
    (
        "a_budget_earns_one_back_per_interval",
        &[
            Fault::debit_budget(|state, key, rate, now| {
                Ok(debit_until(state, key, rate, now, rate.last_grant(now) + MILLI))
            }),
            Fault::debit_budget(|state, key, rate, now| {
                Ok(debit_until(state, key, rate, now, rate.last_grant(now) - MILLI))
            }),
            Fault::debit_budget(|state, key, rate, now| {
                let second = Timestamp::from_millis(now.as_millis() / 1_000 * 1_000);
                Ok(budgets(state).debit(key, rate, second))
            }),
            // After an interval the whole burst is back, as in a fixed window.
            Fault::debit_budget(|state, key, rate, now| {
                let last = budgets(state).whole.get(&key).copied();
                if last.is_some_and(|last| last.since(now) <= rate.interval * 2) {
                    budgets(state).whole.remove(&key);
                }
                Ok(budgets(state).debit(key, rate, now))
            }),
        ],
    ),
    (
        "a_budget_never_holds_more_than_its_burst",
        &[Fault::debit_budget(|state, key, rate, now| Ok(debit_saving(state, key, rate, now)))],
    ),
    (
        "a_refusal_debits_nothing",
        &[Fault::debit_budget(|state, key, rate, now| {
            let answer = budgets(state).debit(key, rate, now);
            if answer != Debit::Granted {
                budgets(state).whole.entry(key).and_modify(|whole| *whole = *whole + rate.interval);
            }
            Ok(answer)
        })],
    ),
    (
        "budgets_are_apart",
        &[
            Fault::debit_budget(|state, _, rate, now| {
                Ok(budgets(state).debit(BudgetKey(Digest::from_bytes([0; 32])), rate, now))
            }),
            Fault::debit_budget(|state, key, rate, now| {
                let mut bytes = *key.0.as_bytes();
                bytes[31] = 0;
                Ok(budgets(state).debit(BudgetKey(Digest::from_bytes(bytes)), rate, now))
            }),
        ],
    ),
    (
        "a_refund_gives_one_back",
        &[
            Fault::refund_budget(|_, _, _| Ok(())),
            Fault::refund_budget(|state, key, _| {
                budgets(state).whole.remove(&key);
                Ok(())
            }),
            Fault::refund_budget(|state, key, rate| {
                budgets(state).refund(key, rate);
                budgets(state).refund(key, rate);
                Ok(())
            }),
            Fault::refund_budget(|state, _, rate| {
                let keys: Vec<_> = budgets(state).whole.keys().copied().collect();
                for key in keys {
                    budgets(state).refund(key, rate);
                }
                budgets(state).refund(BudgetKey(Digest::from_bytes([0; 32])), rate);
                budgets(state).whole.values_mut().for_each(|it| *it = *it - rate.interval);
                Ok(())
            }),
            // A budget may be refunded beyond its burst.
            Fault::debit_budget(|state, key, rate, now| Ok(debit_saving(state, key, rate, now))),
        ],
    ),
    (
        "an_endless_interval_does_not_wrap_around",
        &[Fault::debit_budget(|state, key, rate, now| {
            let millis = rate.interval.as_millis().to_le_bytes();
            let wrapped = u64::from(u32::from_le_bytes([millis[8], millis[9], 0, 0]));
            let rate = Rate { interval: Duration::from_millis(wrapped), ..*rate };
            Ok(budgets(state).debit(key, &rate, now))
        })],
    ),
    ("concurrent_debits_are_granted_up_to_the_burst", &[Fault::UnitsOverlap]),
    ("a_debit_is_undone_with_its_unit", &[Fault::WritesCommit, Fault::DroppedUnitsCommit]),
    (
        "attempts_count_after_growing_delays",
        &[
            Fault::debit_attempt(|_, _, _, _| Ok(true)),
            Fault::debit_attempt(|state, key, delays, now| {
                let shorter = delays.0.map(|(from, delay)| (from, delay.saturating_sub(MILLI)));
                Ok(budgets(state).debit_attempt(key, &Delays(shorter), now))
            }),
            Fault::debit_attempt(|state, key, delays, now| {
                let longer = delays.0.map(|(from, delay)| (from, delay + MILLI));
                Ok(budgets(state).debit_attempt(key, &Delays(longer), now))
            }),
            // The delay does not grow.
            Fault::debit_attempt(|state, key, delays, now| {
                let first = Delays([delays.0[0]; 4]);
                Ok(budgets(state).debit_attempt(key, &first, now))
            }),
            // An attempt that came too early begins the delay anew.
            Fault::debit_attempt(|state, key, delays, now| {
                let counted = budgets(state).debit_attempt(key, delays, now);
                budgets(state).failures.entry(key).and_modify(|it| it.last = now);
                Ok(counted)
            }),
            // An attempt that came too early counts.
            Fault::debit_attempt(|state, key, delays, now| {
                let counted = budgets(state).debit_attempt(key, delays, now);
                budgets(state).failures.entry(key).and_modify(|it| it.count += u32::from(!counted));
                Ok(counted)
            }),
            // The delay counts from the first failure on.
            Fault::debit_attempt(|state, key, delays, now| {
                let first = budgets(state).failures.get(&key).map(|it| it.last);
                let counted = budgets(state).debit_attempt(key, delays, now);
                let last = first.unwrap_or(now);
                budgets(state).failures.entry(key).and_modify(|it| it.last = last);
                Ok(counted)
            }),
        ],
    ),
    (
        "reset_attempts_are_forgotten",
        &[
            Fault::reset_attempts(|_, _| Ok(())),
            Fault::reset_attempts(|state, _| {
                budgets(state).failures.clear();
                Ok(())
            }),
            Fault::reset_attempts(|state, key| {
                let never = Timestamp::from_millis(0);
                budgets(state).failures.insert(key, Failures { count: 2, last: never });
                Ok(())
            }),
        ],
    ),
    ("concurrent_attempts_count_while_they_are_free", &[Fault::UnitsOverlap]),
];

/// Grants while the budget is whole again at this moment.
fn debit_until(
    state: &mut State<Suite>,
    key: BudgetKey,
    rate: &Rate,
    now: Timestamp,
    last_grant: Timestamp,
) -> Debit {
    let whole = budgets(state).whole.get(&key).map_or(now, |stored| now.max(*stored));
    if whole > last_grant {
        return Debit::Refused { retry_after: whole.since(last_grant) };
    }
    budgets(state).whole.insert(key, whole + rate.interval);
    Debit::Granted
}

/// Grants also what was earned or refunded beyond the burst.
fn debit_saving(state: &mut State<Suite>, key: BudgetKey, rate: &Rate, now: Timestamp) -> Debit {
    let whole = budgets(state).whole.get(&key).copied().unwrap_or(now);
    let last_grant = rate.last_grant(now);
    if whole > last_grant {
        return Debit::Refused { retry_after: whole.since(last_grant) };
    }
    budgets(state).whole.insert(key, whole + rate.interval);
    Debit::Granted
}

fn budgets(state: &mut State<Suite>) -> &mut BudgetTable {
    Arc::make_mut(&mut state.budgets)
}
