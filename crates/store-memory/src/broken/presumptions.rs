use durward_core::budget::Debit;

use super::Faults;
use super::fault::Fault;

pub(super) const FAULTS: Faults = &[
    ("what_was_presumed_happens", &[Fault::CommitsAreForgotten]),
    ("a_presuming_unit_sees_its_own_writes", &[Fault::UnitsSeeTheCommittedState]),
    (
        "a_presuming_unit_that_is_dropped_leaves_no_trace",
        &[Fault::DroppedUnitsCommit, Fault::WritesCommit],
    ),
    (
        "a_wrong_presumption_leaves_no_trace",
        &[
            Fault::finish_flow(|_, _, _, _| Ok(true)),
            Fault::rotate_session(|_, _, _| Ok(true)),
            Fault::debit_flow(|_, _, _, _| Ok(true)),
            Fault::update_user(|_, _, _| Ok(true)),
        ],
    ),
    (
        "a_presumed_duplicate_leaves_no_trace",
        &[Fault::insert_user(|_, _| Ok(())), Fault::DuplicatesAreForgotten("user")],
    ),
    (
        "of_concurrent_presuming_units_one_happens",
        &[Fault::finish_flow(|_, _, _, _| Ok(true)), Fault::CommitsAreForgotten],
    ),
    ("presumed_debits_stop_at_the_burst", &[Fault::debit_budget(|_, _, _, _| Ok(Debit::Granted))]),
    (
        "presumed_attempts_keep_to_the_delays",
        &[
            Fault::debit_attempt(|_, _, _, _| Ok(true)),
            Fault::debit_attempt(|_, _, _, _| Ok(false)),
        ],
    ),
    (
        "a_presumed_reset_takes_what_there_is",
        &[Fault::reset_attempts(|_, _| Ok(())), Fault::CommitsAreForgotten],
    ),
    ("a_unit_that_caught_up_tells_the_truth", &[Fault::finish_flow(|_, _, _, _| Ok(true))]),
    (
        "delayed_durability_changes_nothing_that_can_be_seen",
        &[
            Fault::CommitsAreForgotten,
            Fault::debit_budget(|_, _, _, _| Ok(Debit::Granted)),
            Fault::finish_flow(|_, _, _, _| Ok(true)),
        ],
    ),
];
