//! Changing what a running pod may use.
//!
//! Upstream: `podResizeStrategy` in `pkg/registry/core/pod/strategy.go` and `ValidatePodResize` in
//! `pkg/apis/core/validation/validation.go`.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::At;
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, ResourceRequirements};

use super::{qos, update, validation};
use crate::amounts::{Amounts, list};
use crate::blank::{items, text};

/// An update of `resize` changes resources and resize policies alone.
///
/// Where containers were added, removed or renamed nothing is reset: validation will say so.
pub(super) fn keep_only_resources(new: &mut Pod, old: &Pod) {
    let (Some(spec), Some(old_spec)) = (&mut new.spec, &old.spec) else { return };
    let init_containers = list(&spec.init_containers);
    if spec.containers.len() != old_spec.containers.len()
        || init_containers.len() != list(&old_spec.init_containers).len()
    {
        return;
    }
    let containers = merged(&spec.containers, &old_spec.containers);
    let init_containers = merged(init_containers, list(&old_spec.init_containers));
    let resources = spec.resources.take();
    update::reset_to(new, old);
    if let Some(spec) = &mut new.spec {
        spec.resources = resources;
        spec.containers = containers;
        spec.init_containers = Some(init_containers).filter(|containers| !containers.is_empty());
    }
}

fn merged(new: &[Container], old: &[Container]) -> Vec<Container> {
    if new.iter().zip(old).any(|(new, old)| new.name != old.name) {
        return new.to_vec();
    }
    let resized = new.iter().zip(old).map(|(new, old)| Container {
        resources: new.resources.clone(),
        resize_policy: new.resize_policy.clone(),
        ..old.clone()
    });
    resized.collect()
}

pub(super) fn validate(new: &Pod, old: &Pod) -> ErrorList {
    let (Some(spec), Some(old_spec)) = (&new.spec, &old.spec) else { return ErrorList::new() };
    if old.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(validation::MIRROR)) {
        return vec![Error::forbidden("", "static pods cannot be resized")];
    }
    if super::is_windows(old_spec) {
        return vec![Error::forbidden("", "windows pods cannot be resized")];
    }
    let mut errors = validation::pod(new, &super::options(old));
    let at = At::new("spec");
    if qos::of(old) != qos::class(spec) {
        let class = new.status.as_ref().map(|status| text(&status.qos_class)).unwrap_or_default();
        errors.push(Error::invalid(&at, class, "Pod QOS Class may not change as a result of resizing"));
    }
    if !is_supported(old) {
        errors.push(Error::forbidden(&at, "Pod running on node without support for resize"));
    }
    let mut munged = spec.clone();
    if says_anything(old_spec) || says_anything(spec) {
        pod_level(&mut munged, old_spec, &at, &mut errors);
    }
    let claimed = old.status.as_ref().is_some_and(|s| !items(&s.node_allocatable_resource_claim_statuses).is_empty());
    if claimed {
        errors.push(Error::forbidden(&at, "pods with node allocatable resource claims cannot be resized"));
    }
    let before = errors.len();
    same_containers(&spec.containers, &old_spec.containers, "containers", &at, &mut errors);
    same_containers(list(&spec.init_containers), list(&old_spec.init_containers), "initContainers", &at, &mut errors);
    if errors.len() == before {
        containers(&mut munged, spec, old_spec, &at, &mut errors);
    }
    errors
}

/// A node that reports the resources of running containers can change them.
fn is_supported(pod: &Pod) -> bool {
    let statuses = pod.status.as_ref().map(|status| items(&status.container_statuses)).unwrap_or_default();
    let running = statuses.iter().find(|status| status.state.as_ref().is_some_and(|state| state.running.is_some()));
    running.is_none_or(|status| status.resources.is_some())
}

fn says_anything(spec: &PodSpec) -> bool {
    spec.resources.as_ref().is_some_and(|resources| resources.limits.is_some() || resources.requests.is_some())
}

fn pod_level(munged: &mut PodSpec, old: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let place = at.child("resources");
    if let Some(before) = &old.resources {
        let Some(now) = &munged.resources else {
            errors.push(Error::forbidden(&place, "pod-level resources cannot be removed"));
            return;
        };
        removed(now, before, "pod-level resource", &place, errors);
    }
    if let Some(resources) = &mut munged.resources {
        keep_processor_and_memory(resources, old.resources.as_ref());
        if old.resources.is_none() && *resources == ResourceRequirements::default() {
            munged.resources = None;
        }
    }
    if munged.resources != old.resources {
        errors.push(Error::forbidden(at, "only cpu and memory resources are mutable at pod-level"));
    }
}

fn removed(new: &ResourceRequirements, old: &ResourceRequirements, what: &str, at: &At<'_>, errors: &mut ErrorList) {
    for (now, before, field) in [(&new.requests, &old.requests, "requests"), (&new.limits, &old.limits, "limits")] {
        let gone = |name: &String| now.as_ref().is_none_or(|now| !now.contains_key(name));
        if before.iter().flat_map(Amounts::keys).any(gone) {
            errors.push(Error::forbidden(&at.child(field), format!("{what} {field} cannot be removed")));
        }
    }
}

/// Undoes the changes that a resize may make.
fn keep_processor_and_memory(new: &mut ResourceRequirements, old: Option<&ResourceRequirements>) {
    let lists = [
        (&mut new.limits, old.and_then(|old| old.limits.as_ref())),
        (&mut new.requests, old.and_then(|old| old.requests.as_ref())),
    ];
    for (list, old) in lists {
        let mut kept = list.take().unwrap_or_default();
        for name in ["cpu", "memory"] {
            kept.remove(name);
            if let Some(amount) = old.and_then(|old| old.get(name)) {
                kept.insert(name.to_owned(), amount.clone());
            }
        }
        *list = Some(kept).filter(|kept| !kept.is_empty());
    }
}

fn same_containers(new: &[Container], old: &[Container], field: &str, at: &At<'_>, errors: &mut ErrorList) {
    let at = at.child(field);
    if new.len() != old.len() {
        errors.push(Error::forbidden(&at, format!("{field} may not be added or removed on resize")));
        return;
    }
    for (i, _) in new.iter().zip(old).enumerate().filter(|(_, (new, old))| new.name != old.name) {
        let at = at.index(i);
        errors.push(Error::forbidden(&at.child("name"), format!("{field} may not be renamed or reordered on resize")));
    }
}

fn containers(munged: &mut PodSpec, new: &PodSpec, old: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let lists = [
        (list(&new.init_containers), list(&old.init_containers), "initContainers"),
        (&new.containers[..], &old.containers[..], "containers"),
    ];
    for (new, old, field) in lists {
        let place = at.child(field);
        for (i, (new, old)) in new.iter().zip(old).enumerate() {
            let at = place.index(i);
            let none = ResourceRequirements::default();
            let (new, old) = (new.resources.as_ref().unwrap_or(&none), old.resources.as_ref().unwrap_or(&none));
            removed(new, old, "resource", &at.child("resources"), errors);
        }
    }
    for (container, old) in munged.containers.iter_mut().zip(&old.containers) {
        undo(container, old);
        if container != old {
            errors.push(Error::forbidden(at, "only cpu and memory resources are mutable"));
        }
    }
    let place = at.child("initContainers");
    let init_containers = munged.init_containers.iter_mut().flatten();
    for (i, (container, old)) in init_containers.zip(list(&old.init_containers)).enumerate() {
        let at = place.index(i);
        let modified = container != old;
        undo(container, old);
        if container != old {
            let detail = "only cpu and memory resources for init or sidecar containers are mutable";
            errors.push(Error::forbidden(&at, detail));
        }
        if modified && container.restart_policy.as_deref() != Some("Always") {
            let policies = items(&container.resize_policy).iter();
            for _ in policies.filter(|policy| policy.restart_policy == "RestartContainer") {
                let detail = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized";
                errors.push(Error::forbidden(&at, detail));
            }
        }
    }
    if errors.is_empty() && munged != old {
        errors.push(Error::forbidden(at, "only cpu and memory resources are mutable"));
    }
}

fn undo(container: &mut Container, old: &Container) {
    let resources = container.resources.get_or_insert_default();
    keep_processor_and_memory(resources, old.resources.as_ref());
    resources.claims = None;
}
