#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod cases;
mod clusters;
mod probe;

pub use clusters::CLUSTERS;

/// Makes a test of every case for the plugin that the closure makes; optionally with clusters of its own instead of
/// [`CLUSTERS`].
#[macro_export]
macro_rules! conformance {
    ($make:expr) => {
        $crate::conformance!($make, $crate::CLUSTERS);
    };
    ($make:expr, $clusters:expr) => {
        $crate::conformance!(@cases $make, $clusters,
            same_answers, order_of_nodes, scores_in_range, filter_twice, no_trace, removed_is_absent, hints);
    };
    (@cases $make:expr, $clusters:expr, $($case:ident),*) => {
        $(
            #[test]
            fn $case() {
                for cluster in $clusters {
                    $crate::cases::$case(|| ::k8s_sched::plugin::IntoPlugin::into_plugin(($make)()), cluster);
                }
            }
        )*
    };
}
