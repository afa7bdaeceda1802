//! Objections against changes of an account: on the store in memory here, and on every engine in `store-sql`.

pub(crate) mod scenarios;

/// Makes a test of each scenario.
macro_rules! in_memory {
    ($($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            scenarios::$test(durward_store_memory::MemoryStore::default()).await;
        }
    )+};
}

in_memory!(
    a_removed_address_comes_back_and_what_took_its_place_goes,
    a_former_primary_address_takes_its_place_back,
    a_thief_keeps_no_address_and_no_link_that_brings_one_back,
    a_report_removes_what_was_added_lately_too,
    no_change_ends_the_way_to_object_to_another,
    who_objects_after_a_deletion_can_still_take_it_back,
    who_takes_a_deletion_back_can_still_object,
    a_link_takes_back_no_later_deletion,
    nobody_uses_up_the_letter_that_brings_an_address_back,
);
