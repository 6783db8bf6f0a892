use k8s_api::field::{Error, ErrorList};
use k8s_api::quantity::Quantity;
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::{At, View, names};

use super::reference;
use crate::checks::dns_label;

const TYPES: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];
/// The fields of a metric in the order upstream looks at them, and the type each belongs to.
const SOURCES: [(&str, &str); 5] = [
    ("object", "Object"),
    ("external", "External"),
    ("pods", "Pods"),
    ("resource", "Resource"),
    ("containerResource", "ContainerResource"),
];

pub(super) fn validate(errors: &mut ErrorList, metrics: View<'_>, min: Option<i64>, list: &At<'_>) {
    for (i, metric) in metrics.items().enumerate() {
        validate_one(errors, metric, &list.index(i));
    }
    let tells_at_zero = |metric: View<'_>| matches!(metric.get("type").text(), "Object" | "External");
    if min == Some(0) && !metrics.items().any(tells_at_zero) {
        let detail = "must specify at least one Object or External metric to support scaling to zero replicas";
        errors.push(Error::forbidden(list, detail));
    }
}

fn validate_one(errors: &mut ErrorList, metric: View<'_>, at: &At<'_>) {
    let kind = metric.get("type").text();
    let type_at = at.child("type");
    if kind.is_empty() {
        errors.push(Error::required(&type_at, "must specify a metric source type"));
    }
    if !TYPES.contains(&kind) {
        errors.push(Error::not_supported(&type_at, kind, &TYPES));
    }
    let present: Vec<&str> = SOURCES.iter().map(|(name, _)| *name).filter(|n| metric.get(n).is_some()).collect();
    if let Some(first) = present.first() {
        source(errors, first, metric.get(first), &at.child(first));
    }
    let expected = SOURCES.iter().find(|(_, of)| *of == kind).map_or("", |(name, _)| *name);
    if expected.is_empty() {
        errors.push(Error::not_supported(&type_at, kind, &TYPES));
    } else if metric.get(expected).is_none() {
        let detail = "must populate information for the given metric source";
        errors.push(Error::required(&at.child(expected), detail));
    }
    if present.len() != 1 {
        for name in present.iter().filter(|name| **name != expected) {
            errors.push(Error::forbidden(&at.child(name), "must populate the given metric source only"));
        }
    }
}

fn source(errors: &mut ErrorList, kind: &str, source: View<'_>, at: &At<'_>) {
    let target_view = source.get("target");
    let has = |name: &str| target_view.get(name).is_some();
    let target_at = at.child("target");
    match kind {
        "resource" | "containerResource" => {
            if source.get("name").text().is_empty() {
                errors.push(Error::required(&at.child("name"), "must specify a resource name"));
            }
            if kind == "containerResource" {
                container(errors, source.get("container").text(), &at.child("container"));
            }
            target(errors, target_view, &target_at);
            if !has("averageUtilization") && !has("averageValue") {
                let detail = "must set either a target raw value or a target utilization";
                errors.push(Error::required(&target_at.child("averageUtilization"), detail));
            }
            if has("averageUtilization") && has("averageValue") {
                let detail = "may not set both a target raw value and a target utilization";
                errors.push(Error::forbidden(&target_at.child("averageValue"), detail));
            }
            return;
        }
        "object" => reference(errors, source.get("describedObject"), true, &at.child("describedObject")),
        _ => {}
    }
    identifier(errors, source.get("metric").get("name").text(), &at.child("metric").child("name"));
    target(errors, target_view, &target_at);
    let average_at = target_at.child("averageValue");
    match kind {
        "pods" if !has("averageValue") => {
            errors.push(Error::required(&average_at, "must specify a positive target averageValue"));
        }
        "object" if !has("value") && !has("averageValue") => {
            errors.push(Error::required(&average_at, "must set either a target value or averageValue"));
        }
        "external" if !has("value") && !has("averageValue") => {
            let detail = "must set either a target value for metric or a per-pod target";
            errors.push(Error::required(&average_at, detail));
        }
        "external" if has("value") && has("averageValue") => {
            let detail = "may not set both a target value for metric and a per-pod target";
            errors.push(Error::forbidden(&target_at.child("value"), detail));
        }
        _ => {}
    }
}

fn container(errors: &mut ErrorList, name: &str, at: &At<'_>) {
    if name.is_empty() {
        errors.push(Error::required(at, "must specify a container"));
    } else {
        dns_label(errors, at, name);
    }
}

fn identifier(errors: &mut ErrorList, name: &str, at: &At<'_>) {
    if name.is_empty() {
        errors.push(Error::required(at, "must specify a metric name"));
    } else {
        invalid(errors, at, name, names::path_segment(name));
    }
}

fn target(errors: &mut ErrorList, target: View<'_>, at: &At<'_>) {
    let kind = target.get("type").text();
    if kind.is_empty() {
        errors.push(Error::required(&at.child("type"), "must specify a metric target type"));
    }
    if !matches!(kind, "Utilization" | "Value" | "AverageValue") {
        errors.push(Error::invalid(&at.child("type"), kind, "must be either Utilization, Value, or AverageValue"));
    }
    for name in ["value", "averageValue"] {
        if let Some(value) = Quantity::parse(target.get(name).text()).ok().filter(|value| value.signum() != 1) {
            errors.push(Error::invalid(&at.child(name), value.to_string(), "must be positive"));
        }
    }
    if let Some(percent) = target.get("averageUtilization").int().filter(|percent| *percent < 1) {
        errors.push(Error::invalid(&at.child("averageUtilization"), percent, "must be greater than 0"));
    }
}
