//! What may change in a pod once it exists: little.
//!
//! Upstream: `ValidatePodUpdate` and `ValidatePodEphemeralContainersUpdate` in
//! `pkg/apis/core/validation/validation.go`.

use std::collections::BTreeMap;

use k8s_api::field::{Error, ErrorList, quote};
use k8s_api_kinds::{At, internal, names, shown};
use k8s_openapi::api::core::v1::{
    Affinity, Container, NodeAffinity, NodeSelectorTerm, Pod, PodSchedulingGate, PodSpec, Toleration,
};

use super::validation::{self, Options};
use crate::amounts::list;
use crate::blank::{items, text};

const UPDATABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
                         `spec.tolerations` (only additions to existing tolerations),\
                         `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(super) fn validate(new: &Pod, old: &Pod) -> ErrorList {
    let options = super::options(old);
    let mut errors = validation::pod(new, &options);
    annotation_updates(new, old, &options, &mut errors);
    if let (Some(new), Some(old)) = (&new.spec, &old.spec) {
        spec(new, old, &options, &At::new("spec"), &mut errors);
    }
    errors
}

/// Some annotations are as fixed as a pod's spec.
pub(super) fn annotation_updates(new: &Pod, old: &Pod, options: &Options, errors: &mut ErrorList) {
    let at = At::new("metadata");
    let at = at.child("annotations");
    let none = BTreeMap::new();
    let (now, before) = (new.metadata.annotations.as_ref(), old.metadata.annotations.as_ref());
    let (now, before) = (now.unwrap_or(&none), before.unwrap_or(&none));
    let mut refuse = |key: &str, verb: &str| {
        if key.starts_with(super::app_armor::ANNOTATION_PREFIX) {
            errors.push(Error::forbidden(&at.key(key), format!("may not {verb} AppArmor annotations")));
        }
        if key == validation::MIRROR {
            errors.push(Error::forbidden(&at.key(key), format!("may not {verb} mirror pod annotation")));
        }
    };
    before
        .iter()
        .filter(|(key, value)| now.get(*key) != Some(value))
        .for_each(|(key, _)| refuse(key, "remove or update"));
    now.keys().filter(|key| !before.contains_key(*key)).for_each(|key| refuse(key, "add"));
    if let Some(spec) = &new.spec {
        validation::pod_annotations(&new.metadata, spec, options, &at, errors);
    }
}

fn spec(new: &PodSpec, old: &PodSpec, options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    let lists = [
        (&new.containers[..], &old.containers[..], "containers"),
        (list(&new.init_containers), list(&old.init_containers), "initContainers"),
    ];
    for (new, old, field) in lists {
        if !containers(new, old, &at.child(field), errors) {
            return;
        }
    }
    if !active_deadline(new, old, &at.child("activeDeadlineSeconds"), errors) {
        return;
    }
    tolerations(items(&new.tolerations), items(&old.tolerations), options, &at.child("tolerations"), errors);
    gates(items(&new.scheduling_gates), items(&old.scheduling_gates), &at.child("schedulingGates"), errors);
    if new != old {
        rest(new, old, at, errors);
    }
}

/// Says whether the lists can be compared at all.
fn containers(new: &[Container], old: &[Container], at: &At<'_>, errors: &mut ErrorList) -> bool {
    if new.len() != old.len() {
        errors.push(Error::forbidden(at, "pod updates may not add or remove containers"));
        return false;
    }
    for (i, container) in new.iter().enumerate() {
        let at = at.index(i);
        let at = at.child("image");
        let image = text(&container.image);
        if image.is_empty() {
            errors.push(Error::required(&at, ""));
        }
        if image.trim().len() != image.len() {
            errors.push(Error::invalid(&at, image, "must not have leading or trailing whitespace"));
        }
    }
    true
}

/// A deadline may only come closer. Says whether to go on.
fn active_deadline(new: &PodSpec, old: &PodSpec, at: &At<'_>, errors: &mut ErrorList) -> bool {
    match (new.active_deadline_seconds, old.active_deadline_seconds) {
        (Some(new), _) if !(0..=i64::from(i32::MAX)).contains(&new) => {
            errors.push(Error::invalid(at, new, names::range_error(0, i64::from(i32::MAX))));
            false
        }
        (Some(new), Some(old)) if old < new => {
            errors.push(Error::invalid(at, new, "must be less than or equal to previous value"));
            false
        }
        (None, Some(_)) => {
            let detail = "must not update from a positive integer to nil value";
            errors.push(Error::invalid(at, shown::optional(None), detail));
            true
        }
        _ => true,
    }
}

fn tolerations(new: &[Toleration], old: &[Toleration], options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    let same = |a: &Toleration, b: &Toleration| {
        (&a.key, &a.operator, &a.value, &a.effect) == (&b.key, &b.operator, &b.value, &b.effect)
    };
    if old.iter().any(|old| !new.iter().any(|new| same(new, old))) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.push(Error::forbidden(at, detail));
        return;
    }
    validation::tolerations(new, options, at, errors);
}

fn gates(new: &[PodSchedulingGate], old: &[PodSchedulingGate], at: &At<'_>, errors: &mut ErrorList) {
    let added: BTreeMap<&str, usize> = new
        .iter()
        .enumerate()
        .filter(|(_, gate)| !old.contains(gate))
        .map(|(i, gate)| (gate.name.as_str(), i))
        .collect();
    for (name, i) in added {
        let at = at.index(i);
        let detail = format!("only deletion is allowed, but found new scheduling gate '{name}'");
        errors.push(Error::forbidden(&at.child("name"), detail));
    }
}

/// What else has changed must not have.
fn rest(new: &PodSpec, old: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let mut munged = new.clone();
    let pairs = munged.containers.iter_mut().zip(&old.containers);
    let init_containers = munged.init_containers.iter_mut().flatten().zip(list(&old.init_containers));
    pairs.chain(init_containers).for_each(|(new, old)| new.image.clone_from(&old.image));
    munged.active_deadline_seconds = old.active_deadline_seconds;
    munged.scheduling_gates.clone_from(&old.scheduling_gates);
    munged.tolerations.clone_from(&old.tolerations);
    if old.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0)
        && munged.termination_grace_period_seconds == Some(1)
    {
        munged.termination_grace_period_seconds = old.termination_grace_period_seconds;
    }
    if !items(&old.scheduling_gates).is_empty() {
        gated(&mut munged, old, at, errors);
    }
    if munged != *old {
        let diff = internal::diff("PodSpec", old, &munged);
        errors.push(Error::forbidden(at, format!("pod updates may not change fields other than {UPDATABLE}\n{diff}")));
    }
}

/// As long as a pod is behind gates, the choice of its node may be narrowed.
fn gated(munged: &mut PodSpec, old: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    if munged.node_selector != old.node_selector {
        let (new, empty) = (munged.node_selector.as_ref(), BTreeMap::new());
        let kept =
            old.node_selector.iter().flatten().all(|(key, value)| new.and_then(|new| new.get(key)) == Some(value));
        if !kept {
            let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
            errors.push(Error::invalid(&at.child("nodeSelector"), shown::json(new.unwrap_or(&empty)), detail));
        }
        munged.node_selector.clone_from(&old.node_selector);
    }
    let old_node = old.affinity.as_ref().and_then(|affinity| affinity.node_affinity.clone());
    let new_node = munged.affinity.as_ref().and_then(|affinity| affinity.node_affinity.clone());
    if old_node == new_node {
        return;
    }
    let place = at.child("affinity");
    node_affinity(new_node.as_ref(), old_node.as_ref(), &place.child("nodeAffinity"), errors);
    match &mut munged.affinity {
        None => munged.affinity = Some(Affinity { node_affinity: old_node, ..Default::default() }),
        Some(Affinity { pod_affinity: None, pod_anti_affinity: None, .. }) if old.affinity.is_none() => {
            munged.affinity = None;
        }
        Some(affinity) => affinity.node_affinity = old_node,
    }
}

fn node_affinity(new: Option<&NodeAffinity>, old: Option<&NodeAffinity>, at: &At<'_>, errors: &mut ErrorList) {
    let required = |node: Option<&NodeAffinity>| -> Option<Vec<NodeSelectorTerm>> {
        node?.required_during_scheduling_ignored_during_execution.as_ref().map(|s| s.node_selector_terms.clone())
    };
    let Some(old) = required(old) else { return };
    let new = required(new).unwrap_or_default();
    let at = at.child("requiredDuringSchedulingIgnoredDuringExecution");
    let at = at.child("nodeSelectorTerms");
    let show = |term: &NodeSelectorTerm| internal::show("NodeSelectorTerm", term);
    if old.len() != new.len() && !old.is_empty() {
        let detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        errors.push(Error::invalid(&at, shown::list(new.iter().map(show)), detail));
        return;
    }
    for (i, (new, old)) in new.iter().zip(&old).enumerate() {
        if !only_adds(new, old) {
            let detail = "only additions are allowed (no mutations or deletions)";
            errors.push(Error::invalid(&at.index(i), show(new), detail));
        }
    }
}

fn only_adds(new: &NodeSelectorTerm, old: &NodeSelectorTerm) -> bool {
    let (old_labels, old_fields) = (items(&old.match_expressions), items(&old.match_fields));
    let (new_labels, new_fields) = (items(&new.match_expressions), items(&new.match_fields));
    if old_labels.is_empty() && old_fields.is_empty() {
        return new_labels.is_empty() && new_fields.is_empty();
    }
    new_labels.starts_with(old_labels) && new_fields.starts_with(old_fields)
}

/// An update of `ephemeralcontainers` changes those alone.
pub(super) fn keep_only_ephemeral_containers(new: &mut Pod, old: &Pod) {
    let containers = new.spec.as_mut().and_then(|spec| spec.ephemeral_containers.take());
    reset_to(new, old);
    if let Some(spec) = &mut new.spec {
        spec.ephemeral_containers = containers;
    }
}

/// Takes all but metadata, and what of that a subresource may not change, from the stored pod.
pub(super) fn reset_to(new: &mut Pod, old: &Pod) {
    new.spec.clone_from(&old.spec);
    new.status.clone_from(&old.status);
    let (meta, kept) = (&mut new.metadata, &old.metadata);
    meta.deletion_timestamp.clone_from(&kept.deletion_timestamp);
    meta.generation = kept.generation;
    meta.self_link.clone_from(&kept.self_link);
    meta.labels.clone_from(&kept.labels);
    meta.annotations.clone_from(&kept.annotations);
    meta.finalizers.clone_from(&kept.finalizers);
    meta.owner_references.clone_from(&kept.owner_references);
}

pub(super) fn validate_ephemeral_containers(new: &Pod, old: &Pod) -> ErrorList {
    if old.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(validation::MIRROR)) {
        return vec![Error::forbidden("", "static pods do not support ephemeral containers")];
    }
    let options = super::options(old);
    let mut errors = validation::pod(new, &options);
    annotation_updates(new, old, &options, &mut errors);
    let (Some(new), Some(old)) = (&new.spec, &old.spec) else { return errors };
    let at = At::new("spec");
    let at = at.child("ephemeralContainers");
    for old in items(&old.ephemeral_containers) {
        let name = quote(&old.name);
        match items(&new.ephemeral_containers).iter().rfind(|new| new.name == old.name) {
            None => {
                let detail = format!("existing ephemeral containers {name} may not be removed\n");
                errors.push(Error::forbidden(&at, detail));
            }
            Some(new) if new != old => {
                let diff = internal::diff("EphemeralContainer", old, new);
                let detail = format!("existing ephemeral containers {name} may not be changed\n{diff}");
                errors.push(Error::forbidden(&at, detail));
            }
            Some(_) => {}
        }
    }
    errors
}
