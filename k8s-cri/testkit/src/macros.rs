/// Makes one `#[test]` of each case for what `$make`, a closure that returns a future of a
/// [`Subject`](crate::Subject), makes.
///
/// With `simulated:` time is paused: for backends that work within this process alone and never block.
#[macro_export]
macro_rules! conformance {
    (simulated: $make:expr) => {
        $crate::__conformance! { $crate::run_simulated, $make }
    };
    ($make:expr) => {
        $crate::__conformance! { $crate::run, $make }
    };
}

/// Lists the cases.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance {
    ($run:path, $make:expr) => {
        $crate::__cases! { $run, $make,
            sandboxes: [
                a_sandbox_is_ready_at_once_and_listed_until_removed, names_of_sandboxes_are_unique,
                stopping_and_removing_sandboxes_can_be_repeated, stopping_a_sandbox_ends_its_containers,
                removing_a_sandbox_removes_its_containers, sandboxes_are_listed_newest_first_and_filtered,
            ],
            containers: [
                a_container_goes_forward_only, an_exit_is_told_in_full, stopping_ends_within_the_grace,
                no_grace_kills_at_once, stopping_and_removing_containers_can_be_repeated, creating_needs_the_image,
                creating_needs_a_ready_sandbox, names_of_containers_are_unique,
                containers_are_listed_newest_first_and_filtered, new_limits_show, missing_things_are_not_found,
            ],
            events: [every_change_is_told_after_it_shows, deletion_is_told],
            logs: [
                a_log_is_what_was_written, following_ends_with_the_container, the_tail_is_the_last_lines,
                since_leaves_out_what_is_older,
            ],
            sessions: [
                exec_sync_tells_outputs_and_code, exec_sync_ends_in_time, exec_needs_a_running_container,
                exec_carries_streams, exec_checks_what_is_asked,
            ],
            images: [a_pulled_image_has_all_its_names, a_removed_image_has_none, a_bad_name_is_refused],
            stats: [only_what_runs_is_measured],
        }
    };
}

/// Spells the tests out.
#[doc(hidden)]
#[macro_export]
macro_rules! __cases {
    ($run:path, $make:expr, $($module:ident: [$($case:ident),* $(,)?]),* $(,)?) => {$(
        $(
            #[test]
            fn $case() {
                $run(async { $crate::cases::$module::$case(($make)().await).await });
            }
        )*
    )*};
}
