use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::labels::validate_label_name;
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::{At, View, names};

use crate::checks::dns_subdomain;

/// Checks a node selector.
pub(super) fn validate(errors: &mut ErrorList, selector: View<'_>, at: &At<'_>) {
    let list = at.child("nodeSelectorTerms");
    let terms = selector.get("nodeSelectorTerms");
    if terms.is_empty() {
        errors.push(Error::required(&list, "must have at least one node selector term"));
    }
    for (i, term) in terms.items().enumerate() {
        let at = list.index(i);
        let expressions = at.child("matchExpressions");
        for (j, requirement) in term.get("matchExpressions").items().enumerate() {
            by_label(errors, requirement, &expressions.index(j));
        }
        let fields = at.child("matchFields");
        for (j, requirement) in term.get("matchFields").items().enumerate() {
            by_field(errors, requirement, &fields.index(j));
        }
    }
}

fn by_label(errors: &mut ErrorList, requirement: View<'_>, at: &At<'_>) {
    let values = requirement.get("values");
    let values_at = at.child("values");
    match requirement.get("operator").text() {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(Error::required(&values_at, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => errors
            .push(Error::forbidden(&values_at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")),
        "Gt" | "Lt" if values.len() != 1 => {
            errors.push(Error::required(&values_at, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.push(Error::invalid(&at.child("operator"), other, "not a valid selector operator")),
    }
    errors.extend(validate_label_name(requirement.get("key").text(), &at.child("key")));
    for (i, value) in values.texts().enumerate() {
        invalid(errors, &values_at.index(i), value, names::label_value(value));
    }
}

fn by_field(errors: &mut ErrorList, requirement: View<'_>, at: &At<'_>) {
    let values = requirement.get("values");
    match requirement.get("operator").text() {
        "In" | "NotIn" if values.len() != 1 => errors.push(Error::required(
            &at.child("values"),
            "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
        )),
        "In" | "NotIn" => {}
        other => errors.push(Error::invalid(&at.child("operator"), other, "not a valid selector operator")),
    }
    match requirement.get("key").text() {
        "metadata.name" => {
            let list = at.child("values");
            for (i, value) in values.texts().enumerate() {
                dns_subdomain(errors, &list.index(i), value);
            }
        }
        other => errors.push(Error::invalid(&at.child("key"), other, "not a valid field selector key")),
    }
}
