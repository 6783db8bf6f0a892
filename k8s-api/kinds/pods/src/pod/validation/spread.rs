//! How pods spread over the cluster.

use std::collections::{BTreeMap, BTreeSet};

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, labels};
use k8s_openapi::api::core::v1::{PodSpec, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{Options, known};
use crate::blank::items;

pub(super) fn constraints(spec: &PodSpec, options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    let constraints = items(&spec.topology_spread_constraints);
    for (i, one) in constraints.iter().enumerate() {
        let at = at.index(i);
        constraint(one, &constraints[i + 1..], &at, errors);
        let keys = items(&one.match_label_keys);
        if options.invalid_match_label_keys {
            legacy_label_keys(keys, one.label_selector.as_ref(), &at.child("matchLabelKeys"), errors);
        } else {
            label_keys(keys, &[], one.label_selector.as_ref(), &at, errors);
        }
        if !options.invalid_spread_selector {
            let selector = one.label_selector.as_ref();
            errors.extend(labels::validate_label_selector(selector, Default::default(), &at.child("labelSelector")));
        }
    }
}

fn constraint(one: &TopologySpreadConstraint, later: &[TopologySpreadConstraint], at: &At<'_>, errors: &mut ErrorList) {
    positive(one.max_skew, &at.child("maxSkew"), errors);
    if one.topology_key.is_empty() {
        errors.push(Error::required(&at.child("topologyKey"), "can not be empty"));
    }
    let (action, actions) = (&one.when_unsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]);
    if !actions.contains(&action.as_str()) {
        errors.push(Error::not_supported(&at.child("whenUnsatisfiable"), action, &actions));
    }
    if later.iter().any(|other| other.topology_key == one.topology_key && other.when_unsatisfiable == *action) {
        let shown = format!("{{{}, {action}}}", one.topology_key);
        errors.push(Error::duplicate(&at.child("{topologyKey, whenUnsatisfiable}"), shown));
    }
    if let Some(domains) = one.min_domains {
        let at = at.child("minDomains");
        positive(domains, &at, errors);
        if action != "DoNotSchedule" {
            let detail = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
            errors.push(Error::invalid(&at, domains, detail));
        }
    }
    known(&one.node_affinity_policy, &["Honor", "Ignore"], &at.child("nodeAffinityPolicy"), errors);
    known(&one.node_taints_policy, &["Honor", "Ignore"], &at.child("nodeTaintsPolicy"), errors);
}

fn positive(value: i32, at: &At<'_>, errors: &mut ErrorList) {
    if value <= 0 {
        errors.push(Error::invalid(at, value, "must be greater than zero"));
    }
}

/// Keys whose values a pod's own labels give, which the selector will be completed with.
pub(super) fn label_keys(
    matching: &[String],
    mismatching: &[String],
    selector: Option<&LabelSelector>,
    at: &At<'_>,
    errors: &mut ErrorList,
) {
    if matching.is_empty() && mismatching.is_empty() {
        return;
    }
    well_formed(matching, selector, &at.child("matchLabelKeys"), errors);
    well_formed(mismatching, selector, &at.child("mismatchLabelKeys"), errors);
    if let Some(selector) = selector {
        twice_in_selector(matching, selector, at, errors);
    }
    let place = at.child("matchLabelKeys");
    for (i, key) in matching.iter().enumerate().filter(|(_, key)| mismatching.contains(key)) {
        errors.push(Error::invalid(&place.index(i), key, "exists in both matchLabelKeys and mismatchLabelKeys"));
    }
}

/// One expression for a key is what the server itself has added; a second one is a contradiction.
fn twice_in_selector(keys: &[String], selector: &LabelSelector, at: &At<'_>, errors: &mut ErrorList) {
    let places: BTreeMap<&str, usize> = keys.iter().enumerate().map(|(i, key)| (key.as_str(), i)).collect();
    let mut seen: BTreeSet<&str> = selector.match_labels.iter().flatten().map(|(key, _)| key.as_str()).collect();
    for expression in items(&selector.match_expressions) {
        let key = expression.key.as_str();
        if let Some(place) = places.get(key).filter(|_| seen.contains(key)) {
            errors.push(Error::invalid(&at.index(*place), key, "exists in both matchLabelKeys and labelSelector"));
        }
        seen.insert(key);
    }
}

fn well_formed(keys: &[String], selector: Option<&LabelSelector>, at: &At<'_>, errors: &mut ErrorList) {
    if keys.is_empty() {
        return;
    }
    if selector.is_none() {
        errors.push(Error::forbidden(at, "must not be specified when labelSelector is not set"));
        return;
    }
    for (i, key) in keys.iter().enumerate() {
        errors.extend(labels::validate_label_name(key, &at.index(i)));
    }
}

/// The rule of before 1.34, by which no key may stand in the selector at all.
fn legacy_label_keys(keys: &[String], selector: Option<&LabelSelector>, at: &At<'_>, errors: &mut ErrorList) {
    if keys.is_empty() {
        return;
    }
    let Some(selector) = selector else {
        errors.push(Error::forbidden(at, "must not be specified when labelSelector is not set"));
        return;
    };
    for (i, key) in keys.iter().enumerate() {
        errors.extend(labels::validate_label_name(key, &at.index(i)));
        let labelled = selector.match_labels.as_ref().is_some_and(|labels| labels.contains_key(key));
        if labelled || items(&selector.match_expressions).iter().any(|expression| expression.key == *key) {
            errors.push(Error::invalid(&at.index(i), key, "exists in both matchLabelKeys and labelSelector"));
        }
    }
}

/// Whether the keys of a stored spec break today's rule.
pub(super) fn has_invalid_match_label_keys(spec: &PodSpec) -> bool {
    items(&spec.topology_spread_constraints).iter().any(|one| {
        let mut errors = ErrorList::new();
        label_keys(items(&one.match_label_keys), &[], one.label_selector.as_ref(), &At::ROOT, &mut errors);
        !errors.is_empty()
    })
}
