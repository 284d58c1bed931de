//! The suite that every store passes. An engine calls [`run`] with a maker of empty stores.
//!
//! Always: one function per property, each on a store of its own; instants are whole microseconds, since no
//! engine promises finer ones.

#![allow(missing_docs, reason = "the function's name is the property")]
#![expect(clippy::unwrap_used, reason = "a failed property is a failed test")]

pub mod approvals;
pub mod audit;
pub mod cases;
pub mod chain;
pub mod erasure;
pub mod evaluations;
pub mod findings;
pub mod groups;
pub mod jobs;
pub mod links;
pub mod pages;
pub mod people;
pub mod roster;
pub mod sample;
pub mod sightings;
pub mod tokens;
pub mod trips;
pub mod verdicts;

use std::future::Future;

use crate::Store;

/// Runs every property, each on a store that `make_empty` makes.
///
/// # Panics
/// Where a property does not hold.
pub async fn run<F, Fut, S>(make_empty: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = S>,
    S: Store,
{
    macro_rules! properties {
        ($($property:path;)*) => {
            $(
                $property(&make_empty().await).await;
            )*
        };
    }
    properties! {
        tokens::a_token_is_used_as_often_as_it_may_be;
        tokens::what_refuses_an_enrolment_leaves_no_device;
        tokens::the_same_key_and_token_again_uses_nothing;
        chain::numbers_only_grow_and_a_duplicate_is_stored_once;
        chain::gaps_breaks_and_declared_losses_are_told_apart;
        chain::a_fork_is_refused_and_becomes_a_job;
        chain::a_batch_is_taken_in_order_and_refuses_by_message;
        chain::what_was_stored_reads_back_as_it_came;
        chain::an_erased_value_is_gone_and_the_message_stands;
        findings::a_finding_lives_from_its_appearance_to_its_return;
        findings::absence_resolves_only_what_was_assessed;
        findings::an_older_report_changes_nothing;
        findings::a_change_names_the_version_it_saw;
        findings::a_raised_severity_stands_beside_the_reported_one;
        findings::a_false_positive_stays_until_it_grows_graver;
        approvals::an_approval_covers_what_is_there_and_what_comes;
        approvals::an_approval_outside_its_hours_covers_nothing;
        approvals::nothing_approves_everything;
        approvals::an_expired_approval_reopens_what_it_covered;
        approvals::a_withdrawn_approval_reopens_what_it_covered;
        audit::the_log_is_numbered_and_chained;
        cases::a_subject_has_one_open_case_that_follows_it;
        cases::a_case_changes_only_from_the_version_that_was_seen;
        cases::disproof_steps_and_custody_are_kept;
        cases::splitting_and_merging_forget_nothing;
        cases::case_pages_are_ordered_by_work;
        people::names_are_taken_once_and_sessions_end;
        people::failures_are_counted_in_one_step;
        people::settings_read_back;
        roster::a_device_belongs_to_one_person;
        roster::a_host_name_names_a_device_where_one_alone_has_it;
        roster::people_are_found_by_name_and_paged;
        trips::a_trip_is_one_however_often_it_is_announced;
        trips::a_withdrawn_trip_stays_withdrawn;
        trips::trips_count_for_a_persons_devices_while_they_touch_now;
        trips::a_new_or_decided_trip_has_the_last_report_judged_again;
        trips::a_check_in_with_trips_is_a_job;
        trips::trip_pages_are_whole_and_filtered;
        erasure::an_erased_person_is_gone_and_the_chain_stands;
        jobs::taken_jobs_are_hidden_and_failed_ones_come_back;
        jobs::a_taken_job_that_is_enqueued_again_is_done_again;
        links::a_value_is_work_once_another_has_it;
        links::holders_are_found_by_value_and_bounded;
        links::a_crowd_counts_people;
        links::starts_are_kept_to_the_minute;
        links::first_installations_are_counted_once;
        groups::a_group_keeps_its_id_and_ends_when_it_falls_apart;
        groups::time_alone_makes_looks_due;
        groups::an_approved_tie_is_looked_at_again;
        pages::device_pages_stay_whole_while_devices_come;
        pages::finding_pages_stay_whole_while_findings_come;
        pages::search_takes_wildcards_as_plain_characters;
        pages::search_follows_what_a_finding_says_now;
        pages::a_foreign_cursor_is_refused;
        pages::the_overview_counts_what_is_there;
        sightings::sightings_of_one_address_are_one_run;
        sightings::what_is_old_is_forgotten_and_the_first_run_stays;
        sightings::a_sign_in_is_stored_once;
        verdicts::the_queue_is_ordered_by_work;
        verdicts::places_are_counted_by_country_and_verdict;
        verdicts::silence_is_overdue_until_it_is_a_finding;
        evaluations::a_challenge_is_answered_once_and_a_result_frozen_once;
        evaluations::policies_never_go_back;
    }
}
