//! Where a pod wants to be, and beside whom.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, labels, names};
use k8s_openapi::api::core::v1::{Affinity, NodeAffinity, PodAffinityTerm, WeightedPodAffinityTerm};

use super::{Options, check, selectors, spread};
use crate::blank::items;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

pub(super) fn affinity(affinity: &Affinity, options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    if let Some(node) = &affinity.node_affinity {
        self::node(node, options, &at.child("nodeAffinity"), errors);
    }
    if let Some(pods) = &affinity.pod_affinity {
        let at = at.child("podAffinity");
        terms(items(&pods.required_during_scheduling_ignored_during_execution), options, &at, errors);
        weighted(items(&pods.preferred_during_scheduling_ignored_during_execution), options, &at, errors);
    }
    if let Some(pods) = &affinity.pod_anti_affinity {
        let at = at.child("podAntiAffinity");
        terms(items(&pods.required_during_scheduling_ignored_during_execution), options, &at, errors);
        weighted(items(&pods.preferred_during_scheduling_ignored_during_execution), options, &at, errors);
    }
}

fn node(node: &NodeAffinity, options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    if let Some(selector) = &node.required_during_scheduling_ignored_during_execution {
        let any_values = options.invalid_node_affinity_values;
        selectors::node_selector(selector, any_values, &at.child(REQUIRED), errors);
    }
    let at = at.child(PREFERRED);
    for (i, term) in items(&node.preferred_during_scheduling_ignored_during_execution).iter().enumerate() {
        let at = at.index(i);
        weight(term.weight, &at.child("weight"), errors);
        selectors::term(&term.preference, true, &at.child("preference"), errors);
    }
}

fn weight(weight: i32, at: &At<'_>, errors: &mut ErrorList) {
    if !(1..=100).contains(&weight) {
        errors.push(Error::invalid(at, weight, "must be in the range 1-100"));
    }
}

fn terms(terms: &[PodAffinityTerm], options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    let at = at.child(REQUIRED);
    for (i, one) in terms.iter().enumerate() {
        term(one, options, &at.index(i), errors);
    }
}

fn weighted(terms: &[WeightedPodAffinityTerm], options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    let at = at.child(PREFERRED);
    for (i, one) in terms.iter().enumerate() {
        let at = at.index(i);
        weight(one.weight, &at.child("weight"), errors);
        term(&one.pod_affinity_term, options, &at.child("podAffinityTerm"), errors);
    }
}

fn term(term: &PodAffinityTerm, options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    let selectors = options.selectors();
    for (selector, field) in [(&term.label_selector, "labelSelector"), (&term.namespace_selector, "namespaceSelector")]
    {
        errors.extend(labels::validate_label_selector(selector.as_ref(), selectors, &at.child(field)));
    }
    for namespace in items(&term.namespaces) {
        check(names::dns1123_label(namespace), namespace, &at.child("namespace"), errors);
    }
    spread::label_keys(
        items(&term.match_label_keys),
        items(&term.mismatch_label_keys),
        term.label_selector.as_ref(),
        at,
        errors,
    );
    if term.topology_key.is_empty() {
        errors.push(Error::required(&at.child("topologyKey"), "can not be empty"));
    }
    errors.extend(labels::validate_label_name(&term.topology_key, &at.child("topologyKey")));
}
