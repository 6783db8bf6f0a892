//! The health of what containers were given.

use std::collections::BTreeSet;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::At;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, ResourceStatus};

use crate::amounts::requests;
use crate::blank::{items, text};

const MAX_MESSAGE: usize = 1024;

/// Checks the resources of each status; without `containers` there may be none.
pub(super) fn resources(
    statuses: &[ContainerStatus],
    containers: Option<&[Container]>,
    at: &At<'_>,
    errors: &mut ErrorList,
) {
    for (i, status) in statuses.iter().enumerate() {
        let allocated = items(&status.allocated_resources_status);
        let at = at.index(i);
        let at = at.child("allocatedResourcesStatus");
        let Some(containers) = containers else {
            if !allocated.is_empty() {
                errors.push(Error::forbidden(&at, "must not be specified in container status"));
            }
            continue;
        };
        let container = containers.iter().find(|container| container.name == status.name);
        for (j, resource) in allocated.iter().enumerate() {
            let at = at.index(j);
            if let Some(container) = container {
                belongs(resource, container, &at.child("name"), errors);
            }
            health(resource, &at.child("resources"), errors);
        }
    }
}

fn belongs(resource: &ResourceStatus, container: &Container, at: &At<'_>, errors: &mut ErrorList) {
    let name = &resource.name;
    let (found, detail) = if let Some(claim) = name.strip_prefix("claim:") {
        let mut claims = container.resources.iter().flat_map(|resources| items(&resources.claims));
        let found = claims.any(|known| match text(&known.request) {
            "" => known.name == claim,
            request => claim.split_once('/') == Some((known.name.as_str(), request)),
        });
        let detail = "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or \
                      'claim:<claimName>' if request is empty";
        (found, detail)
    } else {
        let found = requests(container).is_some_and(|requests| requests.contains_key(name));
        (found, "must match one of the container's resource requests")
    };
    if !found {
        errors.push(Error::invalid(at, name, detail));
    }
}

fn health(resource: &ResourceStatus, at: &At<'_>, errors: &mut ErrorList) {
    let mut seen = BTreeSet::new();
    for (i, one) in items(&resource.resources).iter().enumerate() {
        let (at, known) = (at.index(i), ["Healthy", "Unhealthy", "Unknown"]);
        let health = text(&one.health);
        if !known.contains(&health) {
            errors.push(Error::not_supported(&at.child("health"), health, &known));
        }
        match one.message.as_deref().map(str::len) {
            Some(0) => errors.push(Error::required(&at.child("message"), "must be non-empty if specified")),
            Some(length) if length > MAX_MESSAGE => errors.push(Error::too_long(&at.child("message"), MAX_MESSAGE)),
            _ => {}
        }
        if !seen.insert(&one.resource_id) {
            errors.push(Error::duplicate(&at.child("resourceID"), &one.resource_id));
        }
    }
}
