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
            transactions::units_that_cross_all_happen,
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
            user_lists::users_are_listed_from_the_youngest_on,
            user_lists::users_are_listed_as_they_are_asked_for,
            user_lists::a_search_finds_what_begins_so,
            user_lists::whom_a_search_finds_is_told_once,
            user_lists::a_search_knows_the_present_name,
            user_lists::the_erased_are_in_no_list,
            organization_lists::all_organizations_are_told_in_parts,
            organization_lists::a_search_finds_organizations_that_begin_so,
            organization_lists::organizations_that_are_found_are_told_in_parts,
            organization_lists::a_search_knows_the_present_name_of_an_organization,
            client_lists::clients_of_everybody_are_told_as_they_are_asked_for,
            client_lists::a_changed_client_is_told_by_what_it_is_now,
            client_searches::a_search_finds_clients_that_begin_so,
            client_searches::clients_that_are_found_are_told_in_parts,
            client_searches::a_search_knows_the_present_name_of_a_client,
            dossier::every_session_of_a_user_is_told_in_parts,
            dossier::every_flow_about_a_user_is_told_in_parts,
            dossier::every_invitation_to_a_user_is_told_in_parts,
            leftovers::what_was_over_before_is_deleted_and_nothing_else,
            leftovers::no_more_is_deleted_than_was_asked_for,
            leftovers::a_deleted_session_takes_its_refresh_tokens_along,
            leftovers::a_deleted_budget_is_whole,
            leftovers::of_concurrent_callers_each_counts_its_own,
            life_cycle::those_who_are_due_are_erased_from_the_longest_on,
            life_cycle::an_erased_user_is_nowhere,
            life_cycle::only_who_is_due_is_erased,
            life_cycle::the_id_of_an_erased_user_stays_taken,
            life_cycle::of_concurrent_erasures_one_counts,
            life_cycle::other_administrators_are_counted_while_they_administer,
            life_cycle::of_administrators_who_shut_each_other_out_one_is_left,
            login_emails::a_claim_comes_back_as_it_was_stored,
            login_emails::an_unknown_claim_is_not_found,
            login_emails::the_claims_of_a_user_are_listed_from_the_oldest_on,
            login_emails::claims_do_not_collide,
            login_emails::an_address_is_proven_once,
            login_emails::an_address_is_proven_once_in_a_unit,
            login_emails::of_concurrent_proofs_of_an_address_one_is_accepted,
            login_emails::addresses_that_differ_at_all_are_different,
            login_emails::a_claim_is_proven_once_by_its_own_user,
            login_emails::of_concurrent_proofs_of_a_claim_one_counts,
            login_emails::look_alikes_are_proven_and_look_exactly_alike,
            login_emails::at_most_16_look_alikes_are_told,
            login_emails::the_claims_of_others_are_deleted_and_nothing_else,
            login_email_changes::the_address_that_was_promoted_last_is_primary,
            login_email_changes::of_concurrent_promotions_one_is_primary_in_the_end,
            login_email_changes::a_deleted_address_is_nowhere_and_free,
            login_email_changes::of_concurrent_deletions_of_an_address_one_counts,
            passwords::a_password_comes_back_as_it_was_stored,
            passwords::a_user_without_a_password_has_none,
            passwords::a_user_has_one_password,
            passwords::of_concurrent_first_passwords_one_is_stored,
            passwords::a_login_finds_who_has_proven_the_address,
            passwords::a_login_finds_who_has_no_password,
            passwords::a_login_sees_the_present_status,
            passwords::a_password_is_replaced_if_it_is_still_stored,
            passwords::of_concurrent_updates_of_a_password_one_happens,
            passwords::a_password_is_marked_once,
            passwords::a_mark_never_becomes_lighter,
            passwords::of_concurrent_marks_of_a_password_one_counts,
            passwords::a_login_does_not_outlive_the_password,
            passwords::an_outdated_password_has_another_version,
            passwords::a_login_does_not_outlive_the_version_of_a_password,
            passwords::a_hash_is_replaced_if_it_is_still_stored,
            passwords::a_hash_replaced_by_itself_is_replaced,
            passwords::of_concurrent_replacements_of_a_hash_one_happens,
            presumptions::what_was_presumed_happens,
            presumptions::a_presuming_unit_sees_its_own_writes,
            presumptions::a_presuming_unit_that_is_dropped_leaves_no_trace,
            presumptions::a_wrong_presumption_leaves_no_trace,
            presumptions::a_presumed_duplicate_leaves_no_trace,
            presumptions::of_concurrent_presuming_units_one_happens,
            presumptions::presumed_debits_stop_at_the_burst,
            presumptions::presumed_attempts_keep_to_the_delays,
            presumptions::a_presumed_reset_takes_what_there_is,
            presumptions::a_unit_that_caught_up_tells_the_truth,
            presumptions::delayed_durability_changes_nothing_that_can_be_seen,
            clients::a_client_comes_back_as_it_was_stored,
            clients::an_unknown_client_is_not_found,
            clients::a_client_id_is_taken_once,
            clients::an_owner_has_no_more_clients_than_he_may,
            clients::of_concurrent_clients_no_more_are_made_than_may_be,
            clients::clients_are_listed_page_by_page,
            clients::a_change_of_a_client_leaves_what_is_for_ever,
            clients::a_client_changes_from_its_present_version_only,
            clients::of_concurrent_changes_of_a_client_one_happens,
            clients::a_deleted_client_is_gone_with_its_secrets,
            clients::a_secret_finds_its_client_and_owner,
            clients::a_client_of_an_organization_is_found,
            clients::an_erased_user_has_no_clients,
            key_owners::a_key_is_found_with_the_roles_of_its_owner,
            key_owners::a_key_is_found_with_whether_its_owner_has_a_password,
            key_owners::a_key_is_found_with_the_app_of_its_owner,
            client_secrets::a_client_has_two_live_secrets_at_most,
            client_secrets::a_secret_is_taken_once,
            client_secrets::of_concurrent_secrets_two_are_kept,
            client_secrets::a_secret_is_revoked_once_by_its_client,
            client_secrets::of_concurrent_revocations_of_a_secret_one_happens,
            client_secrets::the_other_secrets_expire,
            client_secrets::the_secrets_of_a_user_are_revoked_together,
            client_secrets::the_latest_use_is_noted,
            sessions::a_session_comes_back_as_it_was_stored,
            sessions::an_unknown_session_is_not_found,
            sessions::a_token_finds_its_session_and_user,
            sessions::a_token_finds_a_session_that_is_over,
            sessions::a_token_finds_the_present_user,
            rotations::a_rotation_replaces_the_tokens_and_nothing_else,
            rotations::a_token_of_before_the_rotation_finds_nothing,
            rotations::a_refresh_token_of_any_generation_finds_its_session,
            rotations::a_remembered_token_finds_its_session,
            rotations::a_rotation_from_another_token_changes_nothing,
            rotations::of_concurrent_rotations_from_one_token_one_happens,
            sessions::a_locked_session_is_not_changed_by_others,
            sessions::a_session_that_never_was_may_be_locked,
            sessions::a_session_ends_once,
            sessions::of_concurrent_ends_of_a_session_one_counts,
            sessions::a_rotation_does_not_undo_an_end,
            sessions::all_sessions_of_a_user_end_together,
            sessions::all_other_sessions_of_a_user_end_together,
            flows::a_flow_comes_back_as_it_was_stored,
            flows::an_unknown_flow_is_not_found,
            flows::flows_without_codes_do_not_collide,
            flows::open_flows_of_a_purpose_are_found_from_the_newest_on,
            flows::a_flow_is_debited_up_to_its_limit,
            flows::only_the_present_step_is_debited,
            flows::concurrent_debits_of_a_flow_stop_at_its_limit,
            flows::a_transition_replaces_what_it_names_and_nothing_else,
            flows::the_handle_and_link_of_before_find_nothing,
            flows::a_transition_from_elsewhere_changes_nothing,
            flows::a_transition_that_changes_nothing_happens,
            flows::of_concurrent_transitions_one_happens,
            flows::of_concurrent_mails_of_a_flow_one_is_sent,
            flows::a_flow_is_finished_once,
            flows::an_expired_flow_is_not_finished,
            flows::a_flow_is_finished_once_however_many_try,
            flows::a_transition_does_not_outlive_its_flow,
            flow_ends::all_flows_of_a_user_are_finished_together,
            flow_ends::an_objection_outlasts_the_other_flows,
            flow_ends::flows_that_begin_meanwhile_are_finished_too,
            budgets::a_new_budget_grants_its_burst,
            budgets::a_budget_earns_one_back_per_interval,
            budgets::a_budget_never_holds_more_than_its_burst,
            budgets::a_refusal_debits_nothing,
            budgets::budgets_are_apart,
            budgets::a_refund_gives_one_back,
            budgets::an_endless_interval_does_not_wrap_around,
            budgets::concurrent_debits_are_granted_up_to_the_burst,
            budgets::a_debit_is_undone_with_its_unit,
            budgets::attempts_count_after_growing_delays,
            budgets::reset_attempts_are_forgotten,
            budgets::concurrent_attempts_count_while_they_are_free,
            outbox::a_mail_comes_back_as_it_was_stored,
            outbox::an_unknown_mail_is_not_found,
            outbox::the_mail_due_longest_comes_first,
            outbox::no_more_due_mail_is_told_than_was_asked_for,
            outbox::only_pending_mail_is_due,
            outbox::dead_mail_is_told_from_the_newest_on,
            outbox::mails_are_counted_by_where_they_stand,
            outbox::a_lease_moves_a_mail_and_counts_the_attempt,
            outbox::only_the_mail_that_was_seen_is_leased,
            outbox::of_concurrent_workers_one_gets_the_mail,
            outbox::a_settlement_replaces_what_it_names_and_nothing_else,
            outbox::only_the_lease_that_counts_settles,
            outbox::a_settlement_that_changes_nothing_is_one,
            outbox::of_concurrent_settlements_one_happens,
            lists::open_sessions_are_listed_from_the_newest_on,
            lists::live_sessions_are_told_in_parts,
            lists::live_sessions_are_told_as_they_are_asked_for,
            lists::a_place_outlives_its_row,
            lists::only_what_is_alive_is_told,
            actors::a_session_comes_back_with_its_actor,
            actors::a_session_check_sees_its_actor,
            actors::a_session_check_sees_that_its_actor_logged_out,
            actors::a_session_check_sees_that_its_actor_resigned,
            actors::a_session_is_listed_while_its_actor_may_act,
            nodes::a_node_comes_back_as_it_was_registered,
            nodes::a_node_counts_until_it_expires,
            nodes::a_node_takes_the_place_of_the_one_with_its_name,
            nodes::of_nodes_that_register_at_once_all_are_there,
            bootstraps::the_last_bootstrap_link_is_the_only_one,
            bootstraps::a_bootstrap_link_is_spent_once,
            bootstraps::of_concurrent_uses_of_a_bootstrap_link_one_counts,
            bootstraps::of_concurrent_bootstrap_links_one_is_left,
            replies::a_reply_comes_back_as_it_was_kept,
            replies::an_unused_key_finds_no_reply,
            replies::a_key_is_used_once,
            replies::an_expired_reply_is_replaced,
            replies::of_concurrent_replies_under_one_key_one_is_kept,
            factors::an_enrolment_comes_back_as_it_was_stored,
            factors::a_new_enrolment_replaces_earlier_ones,
            factors::a_user_has_one_authenticator_app,
            factors::of_concurrent_proofs_of_an_enrolment_one_counts,
            factors::a_time_step_is_spent_once,
            factors::of_concurrent_uses_of_a_time_step_one_counts,
            factors::an_authenticator_app_is_deleted,
            factors::a_recovery_code_is_spent_once,
            factors::new_recovery_codes_replace_the_old_ones,
            factors::of_concurrent_uses_of_a_recovery_code_one_counts,
            factors::an_app_that_was_proven_late_is_doubted_once,
            factors::a_doubt_is_taken_back,
            factors::late_recovery_codes_are_deleted,
            organizations::an_organization_comes_back_as_it_was_stored,
            organizations::an_organization_id_is_taken_once,
            organizations::an_organization_is_updated_from_its_version,
            organizations::of_concurrent_updates_of_an_organization_one_happens,
            organizations::organizations_of_a_user_are_told_in_parts,
            organizations::a_lock_shows_what_was_committed_before,
            organizations::a_lock_changes_nothing,
            memberships::a_membership_comes_back_as_it_was_stored,
            memberships::a_user_is_a_member_once,
            memberships::of_concurrent_memberships_one_is_stored,
            memberships::a_membership_is_updated_from_its_version,
            memberships::of_concurrent_changes_of_a_membership_one_happens,
            memberships::a_membership_is_deleted_at_its_version,
            memberships::members_are_told_in_parts,
            memberships::members_are_counted_by_role,
            invitations::an_invitation_comes_back_as_it_was_stored,
            invitations::an_invitation_is_finished_once,
            invitations::of_concurrent_acceptances_one_counts,
            invitations::invitations_to_an_address_are_finished_together,
            invitations::open_invitations_are_told_in_parts,
            audit::an_entry_comes_back_as_it_was_written,
            audit::an_entry_is_undone_with_its_unit,
            audit::entries_are_told_from_the_newest_on,
            audit::only_entries_that_fit_are_told,
            audit::pages_of_entries_meet_without_a_gap,
            audit::rows_are_told_from_the_first_on,
            audit::addresses_of_a_user_are_erased_and_nothing_else,
            audit_chain::what_is_not_sealed_is_told_by_tenant,
            audit_chain::a_seal_comes_back_as_it_was_written,
            audit_chain::members_of_a_seal_name_it_and_nothing_else_does,
            audit_chain::a_member_keeps_its_first_seal,
            audit_chain::a_place_in_a_chain_is_taken_once,
            audit_chain::sealed_rows_are_told_by_tenant_and_seal,
            audit_chain::seals_are_told_by_tenant_in_their_order,
            audit_chain::a_head_comes_back_as_it_was_written,
            audit_chain::a_head_advances_from_where_it_is,
            audit_chain::heads_of_tenants_do_not_collide,
            audit_chain::of_concurrent_advances_one_happens,
            audit_chain::of_concurrent_first_heads_one_is_stored,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The files of promises, by noun.
    const NOUNS: [(&str, &str); 33] = [
        ("actors", include_str!("actors.rs")),
        ("audit", include_str!("audit.rs")),
        ("audit_chain", include_str!("audit_chain.rs")),
        ("bootstraps", include_str!("bootstraps.rs")),
        ("budgets", include_str!("budgets.rs")),
        ("client_lists", include_str!("client_lists.rs")),
        ("client_searches", include_str!("client_searches.rs")),
        ("client_secrets", include_str!("client_secrets.rs")),
        ("clients", include_str!("clients.rs")),
        ("dossier", include_str!("dossier.rs")),
        ("factors", include_str!("factors.rs")),
        ("flow_ends", include_str!("flow_ends.rs")),
        ("flows", include_str!("flows.rs")),
        ("invitations", include_str!("invitations.rs")),
        ("key_owners", include_str!("key_owners.rs")),
        ("leftovers", include_str!("leftovers.rs")),
        ("life_cycle", include_str!("life_cycle.rs")),
        ("lists", include_str!("lists.rs")),
        ("login_email_changes", include_str!("login_email_changes.rs")),
        ("login_emails", include_str!("login_emails.rs")),
        ("memberships", include_str!("memberships.rs")),
        ("nodes", include_str!("nodes.rs")),
        ("organization_lists", include_str!("organization_lists.rs")),
        ("organizations", include_str!("organizations.rs")),
        ("outbox", include_str!("outbox.rs")),
        ("passwords", include_str!("passwords.rs")),
        ("presumptions", include_str!("presumptions.rs")),
        ("replies", include_str!("replies.rs")),
        ("rotations", include_str!("rotations.rs")),
        ("sessions", include_str!("sessions.rs")),
        ("transactions", include_str!("transactions.rs")),
        ("user_lists", include_str!("user_lists.rs")),
        ("users", include_str!("users.rs")),
    ];

    macro_rules! names {
        (; $($noun:ident::$promise:ident,)+) => {
            [$(concat!(stringify!($noun), "::", stringify!($promise))),+]
        };
    }

    #[test]
    fn every_promise_that_is_written_is_listed() {
        let listed: BTreeSet<String> =
            crate::promises!([names]).into_iter().map(str::to_owned).collect();
        let mut written = BTreeSet::new();
        for (noun, source) in NOUNS {
            let functions = source.lines().filter_map(|line| line.strip_prefix("pub async fn "));
            let names = functions.filter_map(|line| line.split('<').next());
            written.extend(names.map(|name| format!("{noun}::{name}")));
        }
        assert!(written.len() > 100, "the sources are read wrongly");
        assert_eq!(listed, written);
    }

    #[test]
    fn every_file_of_promises_is_read() {
        let public =
            include_str!("lib.rs").lines().filter_map(|line| line.strip_prefix("pub mod "));
        let nouns: Vec<_> = public.map(|line| line.trim_end_matches(';')).collect();
        assert_eq!(nouns, NOUNS.map(|(noun, _)| noun));
    }
}
