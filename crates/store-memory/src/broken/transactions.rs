use super::Faults;
use super::fault::Fault;

pub(super) const FAULTS: Faults = &[
    ("an_uncommitted_unit_leaves_no_trace", &[Fault::DroppedUnitsCommit, Fault::WritesCommit]),
    ("a_unit_sees_its_own_writes", &[Fault::UnitsSeeTheCommittedState]),
    ("a_commit_is_visible_to_the_next", &[Fault::CommitsAreForgotten]),
    ("clones_share_what_they_store", &[Fault::ClonesAreCopies]),
    ("a_commit_is_seen_whole", &[Fault::WritesCommit, Fault::CommitsInTwoSteps]),
    ("an_open_unit_does_not_hold_up_look_ups", &[Fault::LookUpsWait, Fault::WritesCommit]),
    ("a_look_up_sees_what_was_committed_before_it", &[Fault::ReadsAreSnapshots]),
    (
        "after_an_error_the_unit_is_spent",
        &[Fault::ErrorsAreForgotten, Fault::SpentUnitsLookUp, Fault::SpentUnitsCommit],
    ),
    (
        "any_failed_call_spends_its_unit",
        &[
            Fault::ErrorsAreForgotten,
            Fault::SpentUnitsCommit,
            Fault::DuplicatesAreForgotten("user"),
            Fault::DuplicatesAreForgotten("email address"),
            Fault::DuplicatesAreForgotten("password"),
            Fault::DuplicatesAreForgotten("reply"),
        ],
    ),
    (
        "a_cancelled_unit_leaves_no_trace",
        &[Fault::DroppedUnitsCommit, Fault::DroppedUnitsHoldTheirTurn, Fault::WritesCommit],
    ),
    (
        "a_unit_cancelled_anywhere_is_whole_or_nothing",
        &[Fault::WritesCommit, Fault::CommitsInTwoSteps],
    ),
    ("units_that_cross_all_happen", &[Fault::UnitsOverlap, Fault::LateUnitsFail]),
    ("a_pause_lasts", &[Fault::PausesAreSkipped]),
];
