//! How many pods there are, may be and must be.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus, ReplicaSet, ReplicaSetStatus};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::annotations;
use crate::int_or_percent::{Round, scaled};

/// How many pods a deployment asks for.
pub(super) fn wanted(deployment: &Deployment) -> i32 {
    deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

/// How many pods a replica set is asked for.
pub(super) fn size(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

/// `RollingUpdate` or `Recreate`.
pub(super) fn strategy(deployment: &Deployment) -> &str {
    let strategy = deployment.spec.as_ref().and_then(|spec| spec.strategy.as_ref());
    strategy.and_then(|strategy| strategy.type_.as_deref()).unwrap_or("RollingUpdate")
}

/// The sum of the sizes.
pub(super) fn total<'a>(sets: impl IntoIterator<Item = &'a Arc<ReplicaSet>>) -> i32 {
    sets.into_iter().map(|set| size(set)).sum()
}

/// The sum of a number in the statuses.
pub(super) fn count<'a>(
    sets: impl IntoIterator<Item = &'a Arc<ReplicaSet>>,
    number: impl Fn(&ReplicaSetStatus) -> i32,
) -> i32 {
    sets.into_iter().filter_map(|set| set.status.as_ref()).map(number).sum()
}

/// The pods that there are.
pub(super) fn actual(status: &ReplicaSetStatus) -> i32 {
    status.replicas
}

/// Those of them that are available.
pub(super) fn available(status: &ReplicaSetStatus) -> i32 {
    status.available_replicas.unwrap_or_default()
}

/// How many pods there may be beyond those asked for.
pub(super) fn max_surge(deployment: &Deployment) -> i32 {
    if strategy(deployment) == "RollingUpdate" { fenceposts(deployment).0 } else { 0 }
}

/// How many of the pods asked for may be unavailable.
pub(super) fn max_unavailable(deployment: &Deployment) -> i32 {
    if strategy(deployment) != "RollingUpdate" || wanted(deployment) == 0 {
        return 0;
    }
    fenceposts(deployment).1.min(wanted(deployment))
}

/// Surge and unavailability. When both round to nothing one pod may be unavailable: a rollout must be able to move.
fn fenceposts(deployment: &Deployment) -> (i32, i32) {
    let strategy = deployment.spec.as_ref().and_then(|spec| spec.strategy.as_ref());
    let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
    let resolve =
        |value: Option<&IntOrString>, round| value.map_or(Some(0), |value| scaled(value, wanted(deployment), round));
    let surge = resolve(rolling.and_then(|rolling| rolling.max_surge.as_ref()), Round::Up);
    let unavailable = resolve(rolling.and_then(|rolling| rolling.max_unavailable.as_ref()), Round::Down);
    match (surge, unavailable) {
        (Some(0), Some(0)) => (0, 1),
        (Some(surge), Some(unavailable)) => (surge, unavailable),
        // Validation refuses such values.
        _ => (0, 0),
    }
}

/// How many pods the newest replica set may have now, when all together have `current`.
pub(super) fn of_new(deployment: &Deployment, current: i32, size: i32) -> i32 {
    if strategy(deployment) == "Recreate" {
        return wanted(deployment);
    }
    // Unlike elsewhere, here both fenceposts may be zero.
    let room = wanted(deployment) + max_surge(deployment) - current;
    if room <= 0 { size } else { size + room.min(wanted(deployment) - size) }
}

/// Whether all pods are of the newest template and available.
pub(super) fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let wanted = wanted(deployment);
    status.updated_replicas.unwrap_or_default() == wanted
        && status.replicas.unwrap_or_default() == wanted
        && status.available_replicas.unwrap_or_default() == wanted
        && status.observed_generation.unwrap_or_default() >= deployment.metadata.generation.unwrap_or_default()
}

/// Whether a replica set alone has all that the deployment asks for, and knew that it would.
pub(super) fn is_saturated(deployment: &Deployment, set: &ReplicaSet) -> bool {
    let wanted = wanted(deployment);
    annotations::desired(set) == Some(wanted)
        && size(set) == wanted
        && set.status.as_ref().is_some_and(|status| available(status) == wanted)
}

/// The share of a replica set in a change of the deployment's size, when `to_add` are to be added (or removed, when
/// negative) and `added` were already.
pub(super) fn proportion(set: &ReplicaSet, deployment: &Deployment, to_add: i32, added: i32) -> i32 {
    if size(set) == 0 || to_add == 0 || to_add == added {
        return 0;
    }
    let (fraction, allowed) = (fraction(set, deployment), to_add - added);
    if to_add > 0 { fraction.min(allowed) } else { fraction.max(allowed) }
}

fn fraction(set: &ReplicaSet, deployment: &Deployment) -> i32 {
    if wanted(deployment) == 0 {
        return -size(set);
    }
    let before = annotations::max(set).filter(|max| *max != 0).unwrap_or_else(|| {
        // Somebody has removed it: the present size is near enough.
        deployment.status.as_ref().and_then(|status| status.replicas).unwrap_or_default()
    });
    if before == 0 {
        return 0;
    }
    let max = wanted(deployment) + max_surge(deployment);
    (f64::from(size(set)) * f64::from(max) / f64::from(before)).round() as i32 - size(set)
}
