//! How long a pod may take to stop.

use k8s_api::AnyObject;
use k8s_openapi::api::core::v1::Pod;

use crate::blank::text;

/// The grace period of a deletion in seconds: what the request asks for, or else what the pod does.
///
/// Nothing runs of a pod that is on no node or has finished, so it goes at once: 0. A negative period counts as 1.
///
/// Upstream: `CheckGracefulDelete` in `pkg/registry/core/pod/strategy.go`.
pub fn grace_period(pod: &Pod, requested: Option<i64>) -> i64 {
    let Some(spec) = &pod.spec else { return 0 };
    let finished = pod.status.as_ref().is_some_and(|status| matches!(text(&status.phase), "Failed" | "Succeeded"));
    if text(&spec.node_name).is_empty() || finished {
        return 0;
    }
    match requested.or(spec.termination_grace_period_seconds).unwrap_or_default() {
        negative if negative < 0 => 1,
        period => period,
    }
}

/// As [`grace_period`] for what the server holds; what is no pod goes at once.
pub(super) fn of_any(object: &dyn AnyObject, requested: Option<i64>) -> Option<i64> {
    object.as_any().downcast_ref().map(|pod| grace_period(pod, requested))
}
