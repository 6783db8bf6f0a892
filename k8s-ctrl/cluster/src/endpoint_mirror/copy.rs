use k8s_api::Kind;
use k8s_ctrl::owner;
use k8s_openapi::api::core::v1::{EndpointAddress, EndpointSubset, Endpoints};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};

use super::MANAGER;
use crate::endpoint_slice::{MANAGED_BY, SERVICE_NAME};
use crate::service::HEADLESS;

/// How many addresses of a subset are copied. Upstream: `maxEndpointsPerSubset`.
const PER_SUBSET: usize = 1000;

/// The slices that say what `endpoints` say.
pub(super) fn slices(endpoints: &Endpoints) -> Vec<EndpointSlice> {
    let subsets = endpoints.subsets.iter().flatten();
    let pairs = subsets.flat_map(|subset| [(subset, "IPv4"), (subset, "IPv6")]);
    pairs.filter_map(|(subset, family)| slice(endpoints, subset, family)).collect()
}

/// Whether a slice needs no write to say what `wanted` says.
pub(super) fn says_the_same(slice: &EndpointSlice, wanted: &EndpointSlice) -> bool {
    slice.address_type == wanted.address_type
        && slice.endpoints == wanted.endpoints
        && slice.ports == wanted.ports
        && slice.metadata.labels == wanted.metadata.labels
}

fn slice(endpoints: &Endpoints, subset: &EndpointSubset, family: &str) -> Option<EndpointSlice> {
    let of_family = |address: &&EndpointAddress| address.ip.contains(':') == (family == "IPv6");
    let ready = subset.addresses.iter().flatten().filter(of_family).map(|address| endpoint(address, true));
    let unready = subset.not_ready_addresses.iter().flatten().filter(of_family).map(|address| endpoint(address, false));
    let copies: Vec<_> = ready.chain(unready).take(PER_SUBSET).collect();
    if copies.is_empty() {
        return None;
    }
    let ports = subset.ports.iter().flatten().map(|port| EndpointPort {
        name: Some(port.name.clone().unwrap_or_default()),
        port: Some(port.port),
        protocol: port.protocol.clone(),
        app_protocol: port.app_protocol.clone(),
    });
    let mut slice = EndpointSlice {
        address_type: family.to_owned(),
        endpoints: Some(copies),
        ports: Some(ports.collect()),
        ..EndpointSlice::default()
    };
    let mut labels = endpoints.metadata.labels.clone().unwrap_or_default();
    labels.remove(HEADLESS);
    labels.insert(SERVICE_NAME.to_owned(), endpoints.name().to_owned());
    labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    slice.metadata.labels = Some(labels);
    slice.metadata.generate_name = Some(format!("{}-", endpoints.name()));
    slice.metadata.namespace.clone_from(&endpoints.metadata.namespace);
    slice.metadata.owner_references = Some(vec![owner::controller_reference(endpoints)]);
    Some(slice)
}

fn endpoint(address: &EndpointAddress, ready: bool) -> Endpoint {
    Endpoint {
        addresses: vec![address.ip.clone()],
        conditions: Some(EndpointConditions { ready: Some(ready), ..EndpointConditions::default() }),
        target_ref: address.target_ref.clone(),
        node_name: address.node_name.clone(),
        hostname: address.hostname.clone().filter(|hostname| !hostname.is_empty()),
        ..Endpoint::default()
    }
}
