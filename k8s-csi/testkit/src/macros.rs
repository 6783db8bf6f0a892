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
                an_empty_volume_goes_with_its_pod, content_is_replaced_in_one_step, parts_of_content_never_change,
                parts_of_volumes_are_shared, parts_stay_inside, publishing_again_answers_the_same,
                unpublishing_can_be_repeated, published_volumes_are_listed, memory_has_its_limit,
            ],
            drivers: [
                creating_is_by_name, deleting_can_be_repeated, one_node_at_a_time, a_used_volume_stays,
                data_outlive_pods, pods_of_a_node_share_a_volume, detached_volumes_are_not_published,
                an_unknown_driver_is_not_found, volumes_grow, snapshots_keep_what_was,
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
