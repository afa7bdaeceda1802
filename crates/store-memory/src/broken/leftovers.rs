use std::sync::Arc;

use durward_core::Timestamp;
use durward_core::store::Leftover;

use super::Faults;
use super::fault::Fault;

/// Deletes properly, but for this kind.
macro_rules! but_for {
    ($kind:ident, $before:ident, $limit:ident, |$state:ident| $broken:expr) => {
        Fault::delete_leftovers(|$state, what, $before, $limit| {
            Ok(if what == Leftover::$kind {
                $broken
            } else {
                $state.delete_leftovers(what, $before, $limit as usize)
            })
        })
    };
}

/// The moment a millisecond later.
fn after(moment: Timestamp) -> Timestamp {
    Timestamp::from_millis(moment.as_millis().saturating_add(1))
}

pub(super) const FAULTS: Faults = &[
    (
        "what_was_over_before_is_deleted_and_nothing_else",
        &[
            Fault::delete_leftovers(|_, _, _, _| Ok(0)),
            Fault::delete_leftovers(|state, what, before, limit| {
                Ok(state.delete_leftovers(what, after(before), limit as usize))
            }),
            Fault::delete_leftovers(|state, what, before, limit| {
                let early = Timestamp::from_millis(before.as_millis() - 1);
                Ok(state.delete_leftovers(what, early, limit as usize))
            }),
            Fault::delete_leftovers(|state, _, before, limit| {
                let all =
                    Leftover::ALL.map(|it| state.delete_leftovers(it, before, limit as usize));
                Ok(all.into_iter().max().unwrap_or_default())
            }),
            // One by one, those that are over for another reason.
            but_for!(Sessions, before, limit, |state| {
                let rows: Vec<_> = state.sessions.rows.values().map(Arc::clone).collect();
                let over = rows.iter().filter(|it| it.ended.is_some_and(|ended| ended < before));
                let sessions = Arc::make_mut(&mut state.sessions);
                over.take(limit as usize).map(|it| sessions.forget(it)).count() as u64
            }),
            but_for!(Sessions, before, limit, |state| {
                let rows: Vec<_> = state.sessions.rows.values().map(Arc::clone).collect();
                let over = rows.iter().filter(|it| it.expires < before);
                let sessions = Arc::make_mut(&mut state.sessions);
                over.take(limit as usize).map(|it| sessions.forget(it)).count() as u64
            }),
            but_for!(Mails, before, limit, |state| {
                let outbox = Arc::make_mut(&mut state.outbox);
                let over = outbox.rows.values().filter(|it| it.due < before).take(limit as usize);
                let over: Vec<_> = over.map(|it| it.id).collect();
                over.iter().filter_map(|id| outbox.rows.remove(id)).count() as u64
            }),
            but_for!(Invitations, before, limit, |state| {
                let rows = &mut Arc::make_mut(&mut state.invitations).rows;
                let over = rows.values().filter(|it| it.finished.is_some_and(|at| at < before));
                let over: Vec<_> = over.map(|it| it.id).take(limit as usize).collect();
                over.iter().filter_map(|id| rows.remove(id)).count() as u64
            }),
            but_for!(Flows, before, limit, |state| {
                let flows = Arc::make_mut(&mut state.flows);
                let over =
                    flows.rows.values().filter(|it| it.finished.is_some_and(|at| at < before));
                let over: Vec<_> = over.take(limit as usize).map(Arc::clone).collect();
                for flow in &over {
                    flows.forget(flow);
                }
                over.len() as u64
            }),
        ],
    ),
    (
        "no_more_is_deleted_than_was_asked_for",
        &[
            Fault::delete_leftovers(|state, what, before, _| {
                Ok(state.delete_leftovers(what, before, usize::MAX))
            }),
            Fault::delete_leftovers(|state, what, before, limit| {
                Ok(state.delete_leftovers(what, before, limit as usize + 1).min(u64::from(limit)))
            }),
            Fault::delete_leftovers(|state, what, before, limit| {
                Ok(state.delete_leftovers(what, before, (limit as usize).saturating_sub(1)))
            }),
            Fault::delete_leftovers(|state, what, before, limit| {
                _ = state.delete_leftovers(what, before, limit as usize);
                Ok(u64::from(limit))
            }),
        ],
    ),
    (
        "a_deleted_session_takes_its_refresh_tokens_along",
        &[
            // The tokens stay, and one that comes again by chance is taken.
            but_for!(Sessions, before, limit, |state| {
                let families = state.sessions.families.clone();
                let deleted = state.delete_leftovers(Leftover::Sessions, before, limit as usize);
                Arc::make_mut(&mut state.sessions).families = families;
                deleted
            }),
            but_for!(Sessions, before, limit, |state| {
                let by_token = state.sessions.by_token.clone();
                let deleted = state.delete_leftovers(Leftover::Sessions, before, limit as usize);
                Arc::make_mut(&mut state.sessions).by_token = by_token;
                deleted
            }),
        ],
    ),
    (
        "a_deleted_budget_is_whole",
        &[
            but_for!(Budgets, before, limit, |state| {
                let budgets = Arc::make_mut(&mut state.budgets);
                let deleted = budgets.whole.values().filter(|it| **it < before).count();
                budgets.whole.clear();
                deleted.min(limit as usize) as u64
            }),
            but_for!(Budgets, before, limit, |state| {
                let whole = Arc::make_mut(&mut state.budgets).whole.values_mut();
                let over = whole.filter(|it| **it < before).take(limit as usize);
                over.map(|it| *it = Timestamp::from_millis(i64::MAX)).count() as u64
            }),
        ],
    ),
    ("of_concurrent_callers_each_counts_its_own", &[Fault::UnitsOverlap]),
];
