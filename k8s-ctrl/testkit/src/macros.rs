/// Makes one `#[test]` of each case for what `$make`, a closure or function that makes a [`Scenario`](crate::Scenario),
/// makes.
#[macro_export]
macro_rules! conformance {
    ($make:expr) => {
        $crate::__cases! { $make,
            rest: [
                the_world_comes_to_rest, an_idle_controller_asks_nothing, a_stopped_controller_asks_nothing,
                a_dropped_controller_asks_nothing,
            ],
            faults: [
                cut_watches_are_survived, lost_connections_are_survived, conflicts_are_survived, refusals_are_survived,
                slow_answers_are_survived, an_outage_is_survived, all_of_it_at_once_is_survived,
            ],
            restarts: [
                a_crash_after_any_change_makes_no_doubles, a_restart_at_rest_changes_nothing,
                a_late_start_comes_to_the_same_end,
            ],
            deletions: [a_deletion_in_the_middle_is_followed, what_is_taken_away_comes_back],
            seeds: [the_same_seed_gives_the_same_history],
        }
    };
}

/// Spells the tests out.
#[doc(hidden)]
#[macro_export]
macro_rules! __cases {
    ($make:expr, $($module:ident: [$($case:ident),* $(,)?]),* $(,)?) => {$(
        $(
            #[test]
            fn $case() {
                $crate::cases::$module::$case(&$make);
            }
        )*
    )*};
}
