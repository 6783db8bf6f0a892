/// Makes one `#[test]` of each case for what `$open`, a closure that returns a future of a `Store`, opens.
///
/// With `simulated:` time is paused: for stores that work within this process alone and never block. Without, or with
/// `real:`, it is the world's. What a store cannot do is said here and printed when the tests run:
///
/// ```
/// # mod my { pub type MyStore = k8s_store::Memory; }
/// mod real_time {
///     k8s_store_testkit::conformance!(
///         real: || async { super::my::MyStore::new() },
///         lacking: [LargeTransactions: "the engine takes 128 operations"],
///         except: [keys_come_in_byte_order: "an example of a case by name, which one would mend instead"],
///     );
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance {
    ($($given:tt)*) => {
        $crate::__given! { __store_cases, store, STORE, left_out_of_the_store, $($given)* }
    };
}

/// The same for stores that are `Leases` too. In real time the cases wait for seconds.
#[macro_export]
macro_rules! lease_conformance {
    ($($given:tt)*) => {
        $crate::__given! { __lease_cases, leased, LEASES, left_out_of_leases, $($given)* }
    };
}

/// The same for stores that are `Maintenance` too.
#[macro_export]
macro_rules! maintenance_conformance {
    ($($given:tt)*) => {
        $crate::__given! { __maintenance_cases, maintained, MAINTENANCE, left_out_of_maintenance, $($given)* }
    };
}

/// The same for stores that outlive their process. The closure makes an empty place and returns a future of a function
/// that opens it, again and again: `|| async { let dir = scratch(); move || open(dir.clone()) }`, where `open` is an
/// `async fn` that returns a `Store + Leases + Maintenance`.
///
/// A place is opened again after [`Maintenance::close`](k8s_store::Maintenance::close), and after the store was
/// dropped in the midst of work, which is as near to a crash as one process can come.
#[macro_export]
macro_rules! reopening_conformance {
    ($($given:tt)*) => {
        $crate::__given! { __reopening_cases, place, REOPENING, left_out_of_reopening, $($given)* }
    };
}

/// Brings what the macros above are given into one form.
#[doc(hidden)]
#[macro_export]
macro_rules! __given {
    ($list:ident, $subject:ident, $all:ident, $declare:ident,
     simulated: $open:expr $(, lacking: [$($lacks:tt)*])? $(, except: [$($except:tt)*])? $(,)?) => {
        $crate::__given! { @ $list, $subject, $all, $declare, Simulated, $open, [$($($lacks)*)?], [$($($except)*)?] }
    };
    ($list:ident, $subject:ident, $all:ident, $declare:ident,
     real: $open:expr $(, lacking: [$($lacks:tt)*])? $(, except: [$($except:tt)*])? $(,)?) => {
        $crate::__given! { @ $list, $subject, $all, $declare, Real, $open, [$($($lacks)*)?], [$($($except)*)?] }
    };
    (@ $list:ident, $subject:ident, $all:ident, $declare:ident, $time:ident, $open:expr,
     [$($lack:ident: $why:expr),* $(,)?], [$($except:ident: $because:expr),* $(,)?]) => {
        #[test]
        fn $declare() {
            $crate::LeftOut {
                lacking: &[$(($crate::Capability::$lack, $why)),*],
                except: &[$((stringify!($except), $because)),*],
            }
            .declare(module_path!(), $crate::cases::$all);
        }

        $crate::$list! { __tests, ($crate::cases::$subject, $crate::Time::$time, $open, $crate::LeftOut {
            lacking: &[$(($crate::Capability::$lack, $why)),*],
            except: &[$((stringify!($except), $because)),*],
        }) }
    };
    ($list:ident, $subject:ident, $all:ident, $declare:ident,
     $open:expr $(, lacking: [$($lacks:tt)*])? $(, except: [$($except:tt)*])? $(,)?) => {
        $crate::__given! { @ $list, $subject, $all, $declare, Real, $open, [$($($lacks)*)?], [$($($except)*)?] }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __store_cases {
    ($make:ident, $($args:tt)*) => {
        $crate::$make! { $($args)*
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
            3 => transactions::a_hundred_operations_are_one_step;
            3 => transactions::a_thousand_operations_are_one_step [LargeTransactions];
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
            3 => modelled::random_requests_answer_as_the_model;
            8 => modelled::random_watches_tell_as_the_model;
            7 => histories::answers_are_strictly_serializable;
            8 => histories::watches_tell_what_happened;
            13 => histories::compaction_takes_nothing_silently;
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
            10 => resumption::a_watch_of_the_future_hears_of_nothing_old;
            10 => resumption::a_watch_of_the_forgotten_is_refused;
            11 => progress::progress_comes_on_request;
            11 => progress::progress_comes_after_events;
            11 => progress::progress_counts_what_is_not_watched;
            11 => progress::progress_comes_at_intervals;
            12 => bounds::a_slow_watch_has_no_gap;
            12 => bounds::a_slow_watch_holds_nobody_up;
            12 => bounds::each_watch_has_its_turn;
            12 => bounds::a_long_replay_delays_nobody;
            13 => compaction::the_past_is_forgotten;
            13 => compaction::the_compacted_revision_stays;
            13 => compaction::the_latest_versions_stay;
            13 => compaction::open_watches_go_on;
            13 => compaction::only_the_present_and_past_compact_once;
            13 => compaction::previous_versions_outlive_it [PrevAcrossCompaction];
            13 => compaction::a_watch_behind_loses_no_deletion;
            13 => compaction::a_transaction_that_reads_the_forgotten_changes_nothing;
            15 => status::status_tells_where_the_store_is;
            15 => status::sizes_follow_the_contents;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __lease_cases {
    ($make:ident, $($args:tt)*) => {
        $crate::$make! { $($args)*
            14 => leases::a_lease_ends_with_its_time_and_not_before;
            14 => leases::keep_alive_starts_the_time_again;
            14 => leases::revoking_deletes_all_keys_in_one_transaction;
            14 => leases::a_key_belongs_to_the_lease_of_its_last_write;
            14 => leases::a_put_can_keep_the_lease;
            4 => leases::comparisons_of_leases;
            14 => leases::ended_leases_are_refused;
            14 => leases::leases_have_names;
            14 => leases::a_short_lease_ends_soon [ShortLeases];
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __maintenance_cases {
    ($make:ident, $($args:tt)*) => {
        $crate::$make! { $($args)*
            16 => upkeep::a_snapshot_is_taken_while_writing;
            16 => upkeep::defragmenting_changes_nothing;
            16 => upkeep::a_hash_is_of_the_contents;
            17 => closing::a_closed_store_refuses_everything;
            17 => closing::closing_ends_watches;
            17 => closing::closing_answers_whoever_writes;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __reopening_cases {
    ($make:ident, $($args:tt)*) => {
        $crate::$make! { $($args)*
            18 => reopening::what_was_acknowledged_is_there;
            18 => reopening::history_is_there;
            18 => reopening::compaction_is_remembered;
            18 => reopening::the_revision_never_goes_back;
            18 => reopening::leases_are_there;
            18 => reopening::a_crash_loses_nothing_acknowledged;
        }
    };
}

/// One `#[test]` for each case of a list.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    (($erase:path, $time:expr, $open:expr, $left_out:expr)
     $($promise:literal => $group:ident::$case:ident $([$($need:ident),*])?;)*) => {
        $(
            #[test]
            fn $case() {
                let case = $crate::__case!($promise, $group, $case, [$($($need),*)?]);
                $crate::run($time, case, $left_out, || async { $erase(($open)().await) }, $crate::cases::$group::$case);
            }
        )*
    };
}

/// The list as a slice.
#[doc(hidden)]
#[macro_export]
macro_rules! __list {
    (() $($promise:literal => $group:ident::$case:ident $([$($need:ident),*])?;)*) => {
        &[$($crate::__case!($promise, $group, $case, [$($($need),*)?])),*]
    };
}

/// The list as functions of type `$check`, a boxed function that returns a boxed future.
#[doc(hidden)]
#[macro_export]
macro_rules! __checks {
    (($check:ty) $($promise:literal => $group:ident::$case:ident $([$($need:ident),*])?;)*) => {
        vec![$((
            $crate::__case!($promise, $group, $case, [$($($need),*)?]),
            Box::new(|subject| Box::pin($crate::cases::$group::$case(subject)) as ::std::pin::Pin<Box<dyn Future<Output = ()>>>) as $check,
        )),*]
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __case {
    ($promise:literal, $group:ident, $case:ident, [$($need:ident),*]) => {
        $crate::Case {
            promise: $promise,
            group: stringify!($group),
            name: stringify!($case),
            needs: &[$($crate::Capability::$need),*],
        }
    };
}
