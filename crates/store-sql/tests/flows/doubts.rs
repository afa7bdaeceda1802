//! Second factors that are in doubt by an objection, on every engine.

#[path = "../../../testing/tests/flows/doubts/scenarios.rs"]
mod scenarios;

use scenarios::{
    a_factor_that_was_there_before_is_left_alone, an_app_that_a_thief_enrolled_stops_to_count,
    who_has_the_app_keeps_it,
};

on_every_engine!(
    a_factor_that_was_there_before_is_left_alone,
    an_app_that_a_thief_enrolled_stops_to_count,
    who_has_the_app_keeps_it
);
