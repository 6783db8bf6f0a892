/// Makes one `#[test]` of each case for what `$open`, a closure that returns a future of a `Store`, opens.
///
/// With `simulated:` time is paused: for stores that work within this process alone and never block.
#[macro_export]
macro_rules! conformance {
    (simulated: $open:expr) => {
        $crate::__store_cases! { $crate::run_simulated, $open }
    };
    ($open:expr) => {
        $crate::__store_cases! { $crate::run, $open }
    };
}

/// The same for stores that are `Leases` too. In real time the cases wait for seconds.
#[macro_export]
macro_rules! lease_conformance {
    (simulated: $open:expr) => {
        $crate::__lease_cases! { $crate::run_simulated, $open }
    };
    ($open:expr) => {
        $crate::__lease_cases! { $crate::run, $open }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __store_cases {
    ($run:path, $open:expr) => {
        $crate::__tests! { $run, $crate::cases::store, $open;
            1 => revisions::revisions_are_never_zero;
            1 => revisions::each_write_gets_the_next_revision;
            1 => revisions::one_transaction_is_one_revision;
            1 => revisions::writing_nothing_takes_no_revision;
            1 => revisions::writing_the_same_again_is_a_write;
            2 => revisions::versions_count_writes;
            2 => revisions::a_key_created_again_starts_anew;
            2 => revisions::empty_values_are_values;
            3 => transactions::the_other_branch_runs_if_a_comparison_fails;
            3 => transactions::comparisons_see_the_state_before;
            3 => transactions::operations_see_those_before_them;
            3 => transactions::inner_transactions_decide_on_the_state_before;
            3 => transactions::a_key_changes_once;
            3 => transactions::deletes_may_overlap;
            3 => transactions::an_error_changes_nothing;
            3 => transactions::results_tell_what_was_before;
            3 => transactions::a_put_can_keep_the_value;
            3 => transactions::keys_are_not_empty;
            4 => comparisons::each_part_compares;
            4 => comparisons::an_absent_key_has_zeros_and_no_value;
            4 => comparisons::a_range_holds_if_each_key_does;
            5 => ranges::keys_come_in_byte_order;
            5 => ranges::ranges_have_every_shape;
            5 => ranges::a_limit_says_more_and_counts_all;
            5 => ranges::keys_or_count_alone;
            6 => past::each_revision_can_be_read;
            6 => past::deleted_keys_are_in_the_past;
            6 => past::a_list_is_paged_at_one_revision;
            6 => past::transactions_read_the_past;
            6 => past::the_future_is_refused;
            3 => concurrency::no_increment_is_lost;
            3 => concurrency::one_creator_wins;
            7 => concurrency::reads_see_what_was_answered;
            8 => concurrency::watches_add_up_to_the_state;
            10 => concurrency::history_and_present_meet;
            8 => watches::changes_arrive_once_and_in_order;
            8 => watches::only_the_range_is_watched;
            8 => watches::previous_versions_come_on_request;
            8 => watches::deletions_carry_their_revision;
            8 => watches::kinds_can_be_filtered;
            8 => watches::a_dropped_call_loses_nothing;
            8 => watches::every_watch_gets_every_change;
            9 => watches::one_transaction_is_one_batch;
            10 => resumption::a_watch_resumes_at_any_revision;
            10 => resumption::a_watch_waits_for_the_future;
            10 => resumption::a_watch_of_the_forgotten_is_refused;
            11 => progress::progress_comes_on_request;
            11 => progress::progress_comes_after_events;
            11 => progress::progress_counts_what_is_not_watched;
            11 => progress::progress_comes_at_intervals;
            12 => bounds::a_slow_watch_has_no_gap;
            12 => bounds::a_slow_watch_holds_nobody_up;
            13 => compaction::the_past_is_forgotten;
            13 => compaction::the_compacted_revision_stays;
            13 => compaction::the_latest_versions_stay;
            13 => compaction::open_watches_go_on;
            13 => compaction::only_the_present_and_past_compact_once;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __lease_cases {
    ($run:path, $open:expr) => {
        $crate::__tests! { $run, $crate::cases::leased, $open;
            14 => leases::a_lease_ends_with_its_time_and_not_before;
            14 => leases::keep_alive_starts_the_time_again;
            14 => leases::revoking_deletes_all_keys_in_one_transaction;
            14 => leases::a_key_belongs_to_the_lease_of_its_last_write;
            14 => leases::a_put_can_keep_the_lease;
            4 => leases::comparisons_of_leases;
            14 => leases::ended_leases_are_refused;
            14 => leases::leases_have_names;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ($run:path, $erase:path, $open:expr; $($promise:literal => $group:ident::$case:ident;)*) => {
        $(
            #[test]
            fn $case() {
                $run($promise, || async { $erase(($open)().await) }, $crate::cases::$group::$case);
            }
        )*
    };
}
