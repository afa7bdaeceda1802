/// Hands every promise to another macro: `promises!([callback] tokens)` expands to
/// `callback! { tokens; noun::promise, .. }`.
#[doc(hidden)]
#[macro_export]
macro_rules! promises {
    ([$($then:tt)+] $($context:tt)*) => {
        $($then)+! { $($context)*;
            transactions::an_uncommitted_unit_leaves_no_trace,
            transactions::a_unit_sees_its_own_writes,
            transactions::a_commit_is_visible_to_the_next,
            transactions::clones_share_what_they_store,
            transactions::a_commit_is_seen_whole,
            transactions::an_open_unit_does_not_hold_up_look_ups,
            transactions::a_look_up_sees_what_was_committed_before_it,
            transactions::after_an_error_the_unit_is_spent,
            transactions::any_failed_call_spends_its_unit,
            transactions::a_cancelled_unit_leaves_no_trace,
            transactions::a_unit_cancelled_anywhere_is_whole_or_nothing,
            transactions::a_pause_lasts,
            users::a_user_comes_back_as_it_was_stored,
            users::a_name_of_any_script_comes_back,
            users::attributes_of_a_user_come_back,
            users::extreme_times_and_versions_come_back,
            users::an_unknown_user_is_not_found,
            users::a_user_id_is_taken_once,
            users::of_concurrent_users_with_one_id_one_is_stored,
            users::a_claim_does_not_find_its_user,
            users::an_update_replaces_what_it_names_and_nothing_else,
            users::an_update_from_another_version_changes_nothing,
            users::an_update_that_changes_nothing_is_an_update,
            users::of_concurrent_updates_from_one_version_one_happens,
        }
    };
}

/// Expands to one test per promise; see the [documentation of the crate](crate).
#[macro_export]
macro_rules! suite {
    ($fresh:path) => {
        $crate::promises! { [$crate::tests] $fresh }
    };
    ($fresh:path, optional) => {
        $crate::promises! { [$crate::optional_tests] $fresh }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! tests {
    ($fresh:path; $($noun:ident::$promise:ident,)+) => {$(
        #[test]
        fn $promise() {
            $crate::run($fresh(), $crate::$noun::$promise);
        }
    )+};
}

#[doc(hidden)]
#[macro_export]
macro_rules! optional_tests {
    ($fresh:path; $($noun:ident::$promise:ident,)+) => {$(
        #[test]
        fn $promise() {
            $crate::run_if_there(module_path!(), $fresh(), $crate::$noun::$promise);
        }
    )+};
}
