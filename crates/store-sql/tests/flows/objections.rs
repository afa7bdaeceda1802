//! Objections against changes of an account: what whoever took it over cannot end, on any engine.

#[path = "../../../testing/tests/flows/objections/scenarios.rs"]
mod scenarios;

use scenarios::{
    a_former_primary_address_takes_its_place_back, a_link_takes_back_no_later_deletion,
    a_removed_address_comes_back_and_what_took_its_place_goes,
    a_report_removes_what_was_added_lately_too,
    a_thief_keeps_no_address_and_no_link_that_brings_one_back,
    no_change_ends_the_way_to_object_to_another,
    nobody_uses_up_the_letter_that_brings_an_address_back,
    who_objects_after_a_deletion_can_still_take_it_back,
    who_takes_a_deletion_back_can_still_object,
};

on_every_engine!(
    a_former_primary_address_takes_its_place_back,
    a_link_takes_back_no_later_deletion,
    a_removed_address_comes_back_and_what_took_its_place_goes,
    a_report_removes_what_was_added_lately_too,
    a_thief_keeps_no_address_and_no_link_that_brings_one_back,
    no_change_ends_the_way_to_object_to_another,
    nobody_uses_up_the_letter_that_brings_an_address_back,
    who_objects_after_a_deletion_can_still_take_it_back,
    who_takes_a_deletion_back_can_still_object
);
