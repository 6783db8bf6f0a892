//! Fields behind features that are off in v1.36: they are dropped unless the object already has them.
//!
//! Upstream: `DropDisabledPodFields` in `pkg/api/pod/util.go`.

use k8s_openapi::api::core::v1::{Container, EphemeralContainer, Lifecycle, PodSpec, VolumeProjection};

use crate::amounts::list;
use crate::blank::{items, items_mut};

/// Drops what the features `ContainerStopSignals`, `ClusterTrustBundleProjection`, `PodCertificateRequest` and
/// `GenericWorkload` would allow, where `old` does not use them.
pub(crate) fn drop_fields(new: &mut PodSpec, old: Option<&PodSpec>) {
    let used = |uses: fn(&VolumeProjection) -> bool| old.is_some_and(|old| projections(old).any(uses));
    let bundles = used(|source| source.cluster_trust_bundle.is_some());
    let certificates = used(|source| source.pod_certificate.is_some());
    for volume in items_mut(&mut new.volumes) {
        for source in volume.projected.iter_mut().flat_map(|p| items_mut(&mut p.sources)) {
            source.cluster_trust_bundle.take_if(|_| !bundles);
            source.pod_certificate.take_if(|_| !certificates);
        }
    }
    if old.is_none_or(|old| old.scheduling_group.is_none()) {
        new.scheduling_group = None;
    }
    if !old.is_some_and(has_stop_signal) {
        let init_containers = new.init_containers.iter_mut().flatten();
        for container in new.containers.iter_mut().chain(init_containers) {
            drop_stop_signal(&mut container.lifecycle);
        }
        for container in items_mut(&mut new.ephemeral_containers) {
            drop_stop_signal(&mut container.lifecycle);
        }
    }
}

fn projections(spec: &PodSpec) -> impl Iterator<Item = &VolumeProjection> {
    items(&spec.volumes).iter().filter_map(|v| v.projected.as_ref()).flat_map(|p| items(&p.sources))
}

fn has_stop_signal(spec: &PodSpec) -> bool {
    let containers = spec.containers.iter().chain(list(&spec.init_containers));
    let lifecycles = containers.map(|c: &Container| &c.lifecycle);
    let ephemeral = items(&spec.ephemeral_containers).iter().map(|c: &EphemeralContainer| &c.lifecycle);
    lifecycles.chain(ephemeral).flatten().any(|lifecycle| lifecycle.stop_signal.is_some())
}

fn drop_stop_signal(lifecycle: &mut Option<Lifecycle>) {
    if let Some(inner) = lifecycle
        && inner.stop_signal.take().is_some()
        && *inner == Lifecycle::default()
    {
        *lifecycle = None;
    }
}
