//! Endpoint slices.
//!
//! Upstream: `pkg/registry/discovery/endpointslice`, `pkg/apis/discovery/validation`.

use std::collections::BTreeMap;
use std::fmt;

use k8s_api::field::{Error, ErrorList, Shown};
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::{At, Facts, Strategy, canonical, count, ip, labels, names, tidy};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointHints, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::checks::{
    PROTOCOLS, dns_label, dns_subdomain, immutable, no_field_labels, no_subresources, one_of, qualified_name,
    required_one_of, text,
};

const MAX_ENDPOINTS: usize = 1000;
const MAX_ADDRESSES: usize = 100;
const MAX_PORTS: usize = 20_000;
const MAX_TOPOLOGY: usize = 16;
const MAX_HINTS: usize = 8;
const ZONE: &str = "topology.kubernetes.io/zone";

/// The strategy of endpoint slices.
#[derive(Clone, Copy, Debug)]
pub struct EndpointSlices;

impl Strategy for EndpointSlices {
    type Object = EndpointSlice;

    fn facts(&self) -> Facts {
        Facts::new()
    }

    fn default(&self, slice: &mut EndpointSlice) {
        canonical::meta(&mut slice.metadata);
        tidy!(slice => endpoints, ports);
        for endpoint in slice.endpoints.iter_mut().flatten() {
            tidy!(endpoint => deprecated_topology);
            endpoint.conditions.get_or_insert_default();
            if let Some(hints) = &mut endpoint.hints {
                tidy!(hints => for_zones, for_nodes);
            }
        }
        for port in slice.ports.iter_mut().flatten() {
            port.name.get_or_insert_default();
            port.protocol.get_or_insert_with(|| "TCP".to_owned());
        }
    }

    fn prepare_for_create(&self, slice: &mut EndpointSlice) {
        slice.metadata.generation = Some(1);
        drop_topology(slice);
    }

    fn validate_create(&self, slice: &EndpointSlice) -> ErrorList {
        let mut errors = before_endpoints(slice);
        validate_endpoints(&mut errors, slice);
        errors
    }

    fn prepare_for_update(&self, new: &mut EndpointSlice, old: &EndpointSlice) {
        let changed = new.address_type != old.address_type
            || new.ports != old.ports
            || new.endpoints != old.endpoints
            || new.metadata.labels != old.metadata.labels;
        count(&mut new.metadata, &old.metadata, changed);
        if new.endpoints != old.endpoints {
            drop_topology(new);
        }
    }

    fn validate_update(&self, new: &EndpointSlice, old: &EndpointSlice) -> ErrorList {
        let mut errors = before_endpoints(new);
        let mut of_endpoints = ErrorList::new();
        validate_endpoints(&mut of_endpoints, new);
        // What was let in once may stay.
        if !of_endpoints.is_empty() && new.endpoints != old.endpoints {
            errors.extend(of_endpoints);
        }
        let show = |kind: &String| kind.shown();
        immutable(&mut errors, &"addressType", &new.address_type, &old.address_type, show);
        errors
    }

    fn warnings(&self, new: &EndpointSlice, old: Option<&EndpointSlice>) -> Vec<String> {
        let mut warnings = Vec::new();
        if old.is_none() && new.address_type == "FQDN" {
            warnings.push("spec.addressType: FQDN endpoints are deprecated".to_owned());
        }
        let by = |labels: &BTreeMap<String, String>| labels.get("endpointslice.kubernetes.io/managed-by").cloned();
        let by = new.metadata.labels.as_ref().and_then(by).unwrap_or_default();
        if matches!(by.as_str(), "endpointslice-controller.k8s.io" | "endpointslicemirroring-controller.k8s.io") {
            return warnings;
        }
        let list = At::new("endpoints");
        for (i, endpoint) in new.endpoints.iter().flatten().enumerate() {
            let at = list.index(i);
            let at = at.child("addresses");
            for (j, address) in endpoint.addresses.iter().enumerate() {
                warnings.extend(ip::warnings_for_ip(address, &at.index(j)));
            }
        }
        warnings
    }

    /// Go writes lists that nobody set as `null`.
    fn encode(&self, slice: &EndpointSlice) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Wire {
            api_version: "discovery.k8s.io/v1",
            kind: "EndpointSlice",
            metadata: &slice.metadata,
            address_type: &slice.address_type,
            endpoints: slice.endpoints.as_deref(),
            ports: slice.ports.as_deref(),
        })
    }

    no_subresources!();
    no_field_labels!();
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: &'a ObjectMeta,
    address_type: &'a str,
    endpoints: Option<&'a [Endpoint]>,
    ports: Option<&'a [EndpointPort]>,
}

fn drop_topology(slice: &mut EndpointSlice) {
    for endpoint in slice.endpoints.iter_mut().flatten() {
        endpoint.deprecated_topology = None;
    }
}

fn before_endpoints(slice: &EndpointSlice) -> ErrorList {
    let mut errors = ErrorList::new();
    required_one_of(&mut errors, &"addressType", &slice.address_type, &["FQDN", "IPv4", "IPv6"]);
    let ports = slice.ports.as_deref().unwrap_or_default();
    let list = At::new("ports");
    if ports.len() > MAX_PORTS {
        errors.push(Error::too_many(&list, ports.len(), MAX_PORTS));
        return errors;
    }
    for (i, port) in ports.iter().enumerate() {
        let at = list.index(i);
        let name = text(&port.name);
        if !name.is_empty() {
            dns_label(&mut errors, &at.child("name"), name);
        }
        if ports[..i].iter().any(|earlier| text(&earlier.name) == name) {
            errors.push(Error::duplicate(&at.child("name"), name));
        }
        match &port.protocol {
            None => errors.push(Error::required(&at.child("protocol"), "")),
            Some(protocol) => one_of(&mut errors, &at.child("protocol"), protocol, &PROTOCOLS),
        }
        if let Some(protocol) = &port.app_protocol {
            qualified_name(&mut errors, &at.child("appProtocol"), protocol);
        }
    }
    errors
}

fn validate_endpoints(errors: &mut ErrorList, slice: &EndpointSlice) {
    let endpoints = slice.endpoints.as_deref().unwrap_or_default();
    let list = At::new("endpoints");
    if endpoints.len() > MAX_ENDPOINTS {
        errors.push(Error::too_many(&list, endpoints.len(), MAX_ENDPOINTS));
        return;
    }
    for (i, endpoint) in endpoints.iter().enumerate() {
        validate_endpoint(errors, endpoint, &slice.address_type, &list.index(i));
    }
}

fn validate_endpoint(errors: &mut ErrorList, endpoint: &Endpoint, address_type: &str, at: &At<'_>) {
    let addresses_at = at.child("addresses");
    match endpoint.addresses.len() {
        0 => errors.push(Error::required(&addresses_at, "must contain at least 1 address")),
        n if n > MAX_ADDRESSES => errors.push(Error::too_many(&addresses_at, n, MAX_ADDRESSES)),
        _ => {}
    }
    for (i, address) in endpoint.addresses.iter().enumerate() {
        validate_address(errors, address, address_type, &addresses_at, i);
    }
    if let Some(node) = &endpoint.node_name {
        dns_subdomain(errors, &at.child("nodeName"), node);
    }
    if let Some(topology) = &endpoint.deprecated_topology {
        let at = at.child("deprecatedTopology");
        if topology.len() > MAX_TOPOLOGY {
            errors.push(Error::too_many(&at, topology.len(), MAX_TOPOLOGY));
        }
        errors.extend(labels::validate_labels(Some(topology), &at));
        if topology.contains_key(ZONE) {
            errors.push(Error::internal(&at.key(ZONE), "reserved key was not removed in conversion"));
        }
    }
    if let Some(name) = &endpoint.hostname {
        dns_label(errors, &at.child("hostname"), name);
    }
    if let Some(hints) = &endpoint.hints {
        validate_hints(errors, hints, &at.child("hints"));
    }
}

fn validate_address(errors: &mut ErrorList, address: &str, address_type: &str, list: &At<'_>, i: usize) {
    let at = list.index(i);
    let (error, right_family, wanted) = match address_type {
        "IPv4" => (ip::validate_legacy_ip(address, &[], &at), !ip::is_v6(address), "must be an IPv4 address"),
        "IPv6" => (ip::validate_ip(address, &at), ip::is_v6(address), "must be an IPv6 address"),
        "FQDN" => return fully_qualified(errors, address, &at),
        _ => return,
    };
    if let Some(error) = error {
        errors.push(error);
        return;
    }
    if !right_family {
        errors.push(Error::invalid(list, address, wanted));
    }
    errors.extend(ip::validate_endpoint_ip(address, &at));
}

/// A domain name of at least two labels, perhaps with a dot at its end.
fn fully_qualified(errors: &mut ErrorList, name: &str, at: &dyn fmt::Display) {
    if name.is_empty() {
        return errors.push(Error::required(at, ""));
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let messages = names::dns1123_subdomain(name);
    if !messages.is_empty() {
        return errors.push(Error::invalid(at, name, messages.join(",")));
    }
    if !name.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        return errors.push(Error::invalid(at, name, detail));
    }
    for label in name.split('.') {
        let messages = names::dns1123_label(label);
        if !messages.is_empty() {
            return errors.push(Error::invalid(at, label, messages.join(",")));
        }
    }
}

fn validate_hints(errors: &mut ErrorList, hints: &EndpointHints, at: &At<'_>) {
    let zones = hints.for_zones.as_deref().unwrap_or_default();
    let list = at.child("forZones");
    if zones.len() > MAX_HINTS {
        return errors.push(Error::too_many(&list, zones.len(), MAX_HINTS));
    }
    for (i, zone) in zones.iter().enumerate() {
        let at = list.index(i);
        let at = at.child("name");
        if zones[..i].iter().any(|earlier| earlier.name == zone.name) {
            errors.push(Error::duplicate(&at, &zone.name));
        }
        invalid(errors, &at, &zone.name, names::label_value(&zone.name));
    }
    let nodes = hints.for_nodes.as_deref().unwrap_or_default();
    let list = at.child("forNodes");
    if nodes.len() > MAX_HINTS {
        return errors.push(Error::too_many(&list, nodes.len(), MAX_HINTS));
    }
    for (i, node) in nodes.iter().enumerate() {
        let at = list.index(i);
        let at = at.child("name");
        if nodes[..i].iter().any(|earlier| earlier.name == node.name) {
            errors.push(Error::duplicate(&at, &node.name));
        }
        dns_subdomain(errors, &at, &node.name);
    }
}
