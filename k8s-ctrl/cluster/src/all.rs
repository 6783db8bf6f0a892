use std::sync::Arc;

use k8s_ctrl::Controllers;

use crate::{
    EndpointSliceMirroring, EndpointSlices, Endpoints, GarbageCollector, Namespaces, NodeLifecycle,
    PodGarbageCollector, RootCaPublisher, ServiceAccountTokens, ServiceAccounts, TaintEviction,
};

/// All controllers of this crate with upstream's settings; `ca_bundle` is what every namespace gets to know the API
/// server by, certificates in PEM.
pub fn all(ca_bundle: impl Into<Arc<str>>) -> Controllers {
    let ca_bundle = ca_bundle.into();
    Controllers::none()
        .with(Namespaces)
        .with(ServiceAccounts)
        .with(ServiceAccountTokens::new(ca_bundle.clone()))
        .with(RootCaPublisher::new(ca_bundle))
        .with(Endpoints)
        .with(EndpointSlices)
        .with(EndpointSliceMirroring)
        .with(NodeLifecycle::default())
        .with(TaintEviction)
        .with(PodGarbageCollector::default())
        .with(GarbageCollector)
}
