//! Endpoints.
//!
//! Upstream: `pkg/registry/core/endpoint`, `ValidateEndpoints`.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, Facts, Strategy, canonical, count, ip, tidy};
use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset, Endpoints};

use crate::checks::{
    PROTOCOLS, dns_label, dns_subdomain, no_field_labels, no_subresources, port_num, qualified_name, required_one_of,
    text,
};

const SUBSETS: At<'static> = At::new("subsets");

/// The strategy of Endpoints.
#[derive(Clone, Copy, Debug)]
pub struct EndpointsKind;

impl Strategy for EndpointsKind {
    type Object = Endpoints;

    fn facts(&self) -> Facts {
        Facts { create_on_update: true, ..Facts::new() }
    }

    fn default(&self, endpoints: &mut Endpoints) {
        canonical::meta(&mut endpoints.metadata);
        tidy!(endpoints => subsets);
        for subset in endpoints.subsets.iter_mut().flatten() {
            tidy!(subset => addresses, not_ready_addresses, ports);
            for address in subset.addresses.iter_mut().chain(subset.not_ready_addresses.iter_mut()).flatten() {
                tidy!(address => hostname);
            }
            for port in subset.ports.iter_mut().flatten() {
                tidy!(port => name, protocol);
                port.protocol.get_or_insert_with(|| "TCP".to_owned());
            }
        }
    }

    fn prepare_for_create(&self, _: &mut Endpoints) {}

    fn validate_create(&self, endpoints: &Endpoints) -> ErrorList {
        let mut errors = ErrorList::new();
        for (i, subset) in endpoints.subsets.iter().flatten().enumerate() {
            validate_subset(&mut errors, subset, &SUBSETS.index(i));
        }
        errors
    }

    fn prepare_for_update(&self, new: &mut Endpoints, old: &Endpoints) {
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_update(&self, new: &Endpoints, old: &Endpoints) -> ErrorList {
        let errors = self.validate_create(new);
        // What was let in once may stay.
        if errors.is_empty() || new.subsets == old.subsets { ErrorList::new() } else { errors }
    }

    fn warnings(&self, new: &Endpoints, _: Option<&Endpoints>) -> Vec<String> {
        let ours = |labels: &std::collections::BTreeMap<String, String>| {
            labels.get("endpoints.kubernetes.io/managed-by").is_some_and(|by| by == "endpoint-controller")
        };
        if new.metadata.labels.as_ref().is_some_and(ours) {
            return Vec::new();
        }
        let mut warnings = Vec::new();
        for (i, subset) in new.subsets.iter().flatten().enumerate() {
            let at = SUBSETS.index(i);
            for (field, addresses) in
                [("addresses", &subset.addresses), ("notReadyAddresses", &subset.not_ready_addresses)]
            {
                let at = at.child(field);
                for (j, address) in addresses.iter().flatten().enumerate() {
                    warnings.extend(ip::warnings_for_ip(&address.ip, &at.index(j).child("ip")));
                }
            }
        }
        warnings
    }

    no_subresources!();
    no_field_labels!();
}

fn validate_subset(errors: &mut ErrorList, subset: &EndpointSubset, at: &At<'_>) {
    let ready = subset.addresses.as_deref().unwrap_or_default();
    let not_ready = subset.not_ready_addresses.as_deref().unwrap_or_default();
    let ports = subset.ports.as_deref().unwrap_or_default();
    if ready.is_empty() && not_ready.is_empty() {
        errors.push(Error::required(at, "must specify `addresses` or `notReadyAddresses`"));
    }
    for (field, addresses) in [("addresses", ready), ("notReadyAddresses", not_ready)] {
        let list = at.child(field);
        for (i, address) in addresses.iter().enumerate() {
            validate_address(errors, address, &list.index(i));
        }
    }
    let list = at.child("ports");
    for (i, port) in ports.iter().enumerate() {
        validate_port(errors, port, ports.len() > 1, &list.index(i));
    }
}

fn validate_address(errors: &mut ErrorList, address: &EndpointAddress, at: &At<'_>) {
    errors.extend(ip::validate_legacy_ip(&address.ip, &[], &at.child("ip")));
    if !text(&address.hostname).is_empty() {
        dns_label(errors, &at.child("hostname"), text(&address.hostname));
    }
    if let Some(node) = &address.node_name {
        dns_subdomain(errors, &at.child("nodeName"), node);
    }
    errors.extend(ip::validate_endpoint_ip(&address.ip, &at.child("ip")));
}

fn validate_port(errors: &mut ErrorList, port: &EndpointPort, named: bool, at: &At<'_>) {
    if !text(&port.name).is_empty() {
        dns_label(errors, &at.child("name"), text(&port.name));
    } else if named {
        errors.push(Error::required(&at.child("name"), ""));
    }
    port_num(errors, &at.child("port"), port.port);
    required_one_of(errors, &at.child("protocol"), text(&port.protocol), &PROTOCOLS);
    if let Some(protocol) = &port.app_protocol {
        qualified_name(errors, &at.child("appProtocol"), protocol);
    }
}
