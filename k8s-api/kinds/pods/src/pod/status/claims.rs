//! What became of a pod's resource claims.

use std::collections::BTreeSet;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, names};
use k8s_openapi::api::core::v1::{PodExtendedResourceClaimStatus, PodSpec, PodStatus};

use crate::amounts::{is_native, list, read, requests};
use crate::blank::{items, text};

pub(super) fn of_pod(status: &PodStatus, spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let (place, mut seen) = (at.child("resourceClaimStatuses"), BTreeSet::new());
    for (i, claim) in items(&status.resource_claim_statuses).iter().enumerate() {
        let at = place.index(i);
        if !items(&spec.resource_claims).iter().any(|known| known.name == claim.name) {
            let detail = "must match the name of an entry in `spec.resourceClaims`";
            errors.push(Error::invalid(&at.child("name"), &claim.name, detail));
        }
        if !seen.insert(&claim.name) {
            errors.push(Error::duplicate(&at.child("name"), &claim.name));
        }
        if let Some(name) = &claim.resource_claim_name {
            let at = at.child("resourceClaimName");
            errors.extend(names::dns1123_subdomain(name).into_iter().map(|m| Error::invalid(&at, name, m)));
        }
    }
    if let Some(extended) = &status.extended_resource_claim_status {
        self::extended(extended, spec, &at.child("extendedResourceClaimStatus"), errors);
    }
    allocatable(status, spec, &at.child("nodeAllocatableResourceClaimStatuses"), errors);
}

fn extended(status: &PodExtendedResourceClaimStatus, spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let place = at.child("requestMappings");
    if status.request_mappings.is_empty() {
        errors.push(Error::required(&place, "at least one request mapping is required"));
    }
    let mut seen = BTreeSet::new();
    for (i, mapping) in status.request_mappings.iter().enumerate() {
        let here = place.index(i);
        let (container, resource, request) = (&mapping.container_name, &mapping.resource_name, &mapping.request_name);
        let mut containers = spec.containers.iter().chain(list(&spec.init_containers));
        match containers.find(|known| known.name == *container) {
            None => {
                let detail = "must match the name of an entry in spec.initContainers.name or spec.containers.name";
                errors.push(Error::invalid(&here.child("containerName"), container, detail));
            }
            Some(known) if !requests(known).is_some_and(|requests| requests.contains_key(resource)) => {
                let detail = "must match the extended resource name of an entry in \
                              spec.initContainers.resources.requests or spec.containers.resources.requests";
                errors.push(Error::invalid(&here.child("resourceName"), resource, detail));
            }
            Some(_) => {}
        }
        let name = at.child("requestName");
        errors.extend(names::dns1123_label(request).into_iter().map(|m| Error::invalid(&name, request, m)));
        if !seen.insert((container, resource, request)) {
            errors.push(Error::duplicate(&here.child("containerName"), container));
            errors.push(Error::duplicate(&here.child("resourceName"), resource));
            errors.push(Error::duplicate(&here.child("requestName"), request));
        }
    }
    let (at, name) = (at.child("resourceClaimName"), &status.resource_claim_name);
    if name.is_empty() {
        errors.push(Error::required(&at, ""));
    } else {
        errors.extend(names::dns1123_subdomain(name).into_iter().map(|m| Error::invalid(&at, name, m)));
    }
}

fn allocatable(status: &PodStatus, spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    for (i, claim) in items(&status.node_allocatable_resource_claim_statuses).iter().enumerate() {
        let at = at.index(i);
        let (place, name) = (at.child("resourceClaimName"), &claim.resource_claim_name);
        if name.is_empty() {
            errors.push(Error::required(&place, "must not be empty"));
        }
        let in_spec = items(&spec.resource_claims).iter().map(|known| &known.resource_claim_name);
        let in_status = items(&status.resource_claim_statuses).iter().map(|known| &known.resource_claim_name);
        if !in_spec.chain(in_status).any(|known| known.is_some() && text(known) == name) {
            errors.push(Error::invalid(&place, name, "no mapping found in pod reference"));
        }
        if items(&claim.containers).is_empty() {
            errors.push(Error::required(&at.child("containers"), "must not be empty"));
        }
        let at = at.child("resources");
        if claim.resources.is_empty() {
            errors.push(Error::required(&at, "must not be empty"));
        }
        for (name, amount) in &claim.resources {
            let at = at.key(name);
            if !is_native(name) {
                errors.push(Error::invalid(&at, name, "must be a node allocatable resource name"));
            }
            if read(amount).signum() < 0 {
                errors.push(Error::invalid(&at, read(amount).to_string(), "must be non-negative"));
            }
        }
    }
}
