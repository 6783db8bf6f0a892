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
            pods: [
                pods_wait_for_a_range, a_pod_gets_an_address_of_each_family, addresses_are_never_shared,
                setting_up_again_answers_the_same, tearing_down_can_be_repeated_and_frees,
                a_full_range_attaches_nothing, checks_find_what_is_gone, collecting_keeps_what_is_valid,
                ports_of_the_node_are_taken_once,
            ],
            services: [
                connections_take_turns, a_service_without_endpoints_takes_nothing, clients_stay_with_affinity,
                local_policy_stays_on_the_node, node_ports_are_open_on_node_addresses, changes_leave_others_alone,
                replacing_leaves_nothing_else, claimed_twice_changes_nothing,
            ],
            policies: [
                open_until_covered, only_listed_peers_and_ports_pass, egress_is_judged_too, ranges_have_holes,
                policies_add_up, members_come_and_go, a_missing_set_changes_nothing,
            ],
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
