//! Which nodes are meant.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, labels, names};
use k8s_openapi::api::core::v1::{NodeSelector, NodeSelectorRequirement, NodeSelectorTerm};

use super::check;
use crate::blank::items;

pub(super) fn node_selector(selector: &NodeSelector, any_values: bool, at: &At<'_>, errors: &mut ErrorList) {
    let at = at.child("nodeSelectorTerms");
    if selector.node_selector_terms.is_empty() {
        errors.push(Error::required(&at, "must have at least one node selector term"));
    }
    for (i, term) in selector.node_selector_terms.iter().enumerate() {
        self::term(term, any_values, &at.index(i), errors);
    }
}

/// One alternative; with `any_values`, values need not be such as labels can have.
pub(super) fn term(term: &NodeSelectorTerm, any_values: bool, at: &At<'_>, errors: &mut ErrorList) {
    let place = at.child("matchExpressions");
    for (i, requirement) in items(&term.match_expressions).iter().enumerate() {
        by_label(requirement, any_values, &place.index(i), errors);
    }
    let place = at.child("matchFields");
    for (i, requirement) in items(&term.match_fields).iter().enumerate() {
        by_field(requirement, &place.index(i), errors);
    }
}

fn by_label(requirement: &NodeSelectorRequirement, any_values: bool, at: &At<'_>, errors: &mut ErrorList) {
    let values = items(&requirement.values);
    let place = at.child("values");
    match requirement.operator.as_str() {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(Error::required(&place, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            errors.push(Error::forbidden(&place, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        }
        "Gt" | "Lt" if values.len() != 1 => {
            errors.push(Error::required(&place, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.push(Error::invalid(&at.child("operator"), other, "not a valid selector operator")),
    }
    errors.extend(labels::validate_label_name(&requirement.key, &at.child("key")));
    if !any_values {
        for (i, value) in values.iter().enumerate() {
            check(names::label_value(value), value, &place.index(i), errors);
        }
    }
}

fn by_field(requirement: &NodeSelectorRequirement, at: &At<'_>, errors: &mut ErrorList) {
    let values = items(&requirement.values);
    let place = at.child("values");
    match requirement.operator.as_str() {
        "In" | "NotIn" if values.len() != 1 => {
            let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            errors.push(Error::required(&place, detail));
        }
        "In" | "NotIn" => {}
        other => errors.push(Error::invalid(&at.child("operator"), other, "not a valid selector operator")),
    }
    if requirement.key == "metadata.name" {
        for (i, value) in values.iter().enumerate() {
            check(names::dns1123_subdomain(value), value, &place.index(i), errors);
        }
    } else {
        errors.push(Error::invalid(&at.child("key"), &requirement.key, "not a valid field selector key"));
    }
}
