//! Labels and label selectors.
//!
//! Upstream: `k8s.io/apimachinery/pkg/apis/meta/v1/validation`.

use std::collections::BTreeMap;
use std::fmt;

use k8s_api::field::{Error, ErrorList};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use crate::{At, names};

/// What a label selector may hold beyond the rules of today, for objects that were stored under older ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelectorOptions {
    /// Values that are no label values are let pass.
    pub allow_invalid_values: bool,
    /// Operators that are not known are let pass.
    pub allow_unknown_operators: bool,
}

/// Checks a map of labels. All errors name `field`, as upstream's do.
pub fn validate_labels(labels: Option<&BTreeMap<String, String>>, field: &dyn fmt::Display) -> ErrorList {
    let mut errors = ErrorList::new();
    for (key, value) in labels.into_iter().flatten() {
        errors.extend(validate_label_name(key, field));
        errors.extend(names::label_value(value).into_iter().map(|m| Error::invalid(field, value, m)));
    }
    errors
}

/// Checks the key of a label.
pub fn validate_label_name(key: &str, field: &dyn fmt::Display) -> ErrorList {
    names::qualified_name(key).into_iter().map(|m| Error::invalid(field, key, m)).collect()
}

/// Checks a label selector; none is valid.
pub fn validate_label_selector(
    selector: Option<&LabelSelector>,
    options: SelectorOptions,
    field: &dyn fmt::Display,
) -> ErrorList {
    let Some(selector) = selector else { return ErrorList::new() };
    let at = At::under(field);
    let mut errors = validate_labels(selector.match_labels.as_ref(), &at.child("matchLabels"));
    let expressions = at.child("matchExpressions");
    for (i, requirement) in selector.match_expressions.iter().flatten().enumerate() {
        errors.extend(validate_requirement(requirement, options, &expressions.index(i)));
    }
    errors
}

/// Checks one expression of a label selector.
pub fn validate_requirement(
    requirement: &LabelSelectorRequirement,
    options: SelectorOptions,
    field: &dyn fmt::Display,
) -> ErrorList {
    let at = At::under(field);
    let values = requirement.values.as_deref().unwrap_or_default();
    let mut errors = ErrorList::new();
    match requirement.operator.as_str() {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(Error::required(&at.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "In" | "NotIn" => {}
        "Exists" | "DoesNotExist" if !values.is_empty() => errors.push(Error::forbidden(
            &at.child("values"),
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        )),
        "Exists" | "DoesNotExist" => {}
        other if !options.allow_unknown_operators => {
            errors.push(Error::invalid(&at.child("operator"), other, "not a valid selector operator"));
        }
        _ => {}
    }
    errors.extend(validate_label_name(&requirement.key, &at.child("key")));
    if !options.allow_invalid_values {
        let at = at.child("values");
        for (i, value) in values.iter().enumerate() {
            errors.extend(names::label_value(value).into_iter().map(|m| Error::invalid(&at.index(i), value, m)));
        }
    }
    errors
}

/// Whether a selector holds values that today's rules refuse: then its updates may keep them.
pub fn has_invalid_values(selector: Option<&LabelSelector>) -> bool {
    selector
        .into_iter()
        .flat_map(|s| s.match_expressions.iter().flatten())
        .flat_map(|e| e.values.iter().flatten())
        .any(|value| !names::label_value(value).is_empty())
}
