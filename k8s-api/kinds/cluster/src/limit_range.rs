//! Limit ranges.
//!
//! Upstream: `ValidateLimitRange`, `SetDefaults_LimitRangeItem`.

use std::collections::BTreeSet;

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api::quantity::Quantity;
use k8s_api_kinds::{At, Rules, View};
use serde_json::{Map, Value};

use crate::checks::qualified_name;
use crate::resources::{is_extended, validate_name};
use crate::trees::{child, child_or_new, field, items};

pub(crate) struct LimitRanges;

impl Rules for LimitRanges {
    fn default(&self, range: &mut DynamicObject) {
        let Some(spec) = child(&mut range.rest, "spec") else { return };
        for limit in items(spec, "limits").filter(|limit| limit.get("type").is_some_and(|kind| kind == "Container")) {
            copy_missing(limit, "max", "default");
            copy_missing(limit, "default", "defaultRequest");
            copy_missing(limit, "min", "defaultRequest");
        }
    }

    fn validate(&self, range: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let spec = At::new("spec");
        let list = spec.child("limits");
        let mut kinds = BTreeSet::new();
        for (i, limit) in field(range, "spec").get("limits").items().enumerate() {
            let at = list.index(i);
            let kind = limit.get("type").text();
            limit_type(&mut errors, kind, &at.child("type"));
            if !kinds.insert(kind) {
                errors.push(Error::duplicate(&at.child("type"), kind));
            }
            names(&mut errors, limit, kind, &at);
            for name in all_names(limit, kind) {
                amounts(&mut errors, limit, kind, name, &at);
            }
        }
        errors
    }
}

fn copy_missing(limit: &mut Map<String, Value>, from: &str, to: &str) {
    let Some(entries) = child(limit, from).map(|entries| entries.clone()) else { return };
    if let Some(target) = child_or_new(limit, to) {
        for (name, amount) in entries {
            target.entry(name).or_insert(amount);
        }
    }
}

fn limit_type(errors: &mut ErrorList, kind: &str, at: &At<'_>) {
    let before = errors.len();
    qualified_name(errors, at, kind);
    let standard = matches!(kind, "Pod" | "Container" | "PersistentVolumeClaim");
    if errors.len() == before && !kind.contains('/') && !standard {
        errors.push(Error::invalid(at, kind, "must be a standard limit type or fully qualified"));
    }
}

/// The fields with amounts, in upstream's order.
fn amount_fields(kind: &str) -> &'static [&'static str] {
    if kind == "Pod" {
        &["max", "min", "maxLimitRequestRatio"]
    } else {
        &["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"]
    }
}

fn all_names<'a>(limit: View<'a>, kind: &str) -> BTreeSet<&'a str> {
    amount_fields(kind).iter().flat_map(|name| limit.get(name).entries().map(|(name, _)| name)).collect()
}

fn names(errors: &mut ErrorList, limit: View<'_>, kind: &str, at: &At<'_>) {
    let check = |errors: &mut ErrorList, name: &str| {
        let at = at.child(name);
        for (resource, _) in limit.get(name).entries() {
            resource_name(errors, kind, resource, &at.key(resource));
        }
    };
    check(errors, "max");
    check(errors, "min");
    if kind == "Pod" {
        for name in ["default", "defaultRequest"] {
            if !limit.get(name).is_empty() {
                errors.push(Error::forbidden(&at.child(name), "may not be specified when `type` is 'Pod'"));
            }
        }
    } else {
        check(errors, "default");
        check(errors, "defaultRequest");
    }
    let storage = |name: &str| limit.get(name).get("storage").is_some();
    if kind == "PersistentVolumeClaim" && !storage("min") && !storage("max") {
        let detail = "either minimum or maximum storage value is required, but neither was provided";
        errors.push(Error::required(&at.child("limits"), detail));
    }
    check(errors, "maxLimitRequestRatio");
}

fn resource_name(errors: &mut ErrorList, kind: &str, name: &str, at: &At<'_>) {
    validate_name(errors, at, name);
    if !matches!(kind, "Pod" | "Container") {
        return;
    }
    let standard = matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
    if !name.contains('/') {
        if !standard {
            errors.push(Error::invalid(at, name, "must be a standard resource for containers"));
        }
    } else if !name.contains("kubernetes.io/") && !is_extended(name) {
        errors.push(Error::invalid(at, name, "doesn't follow extended resource name standard"));
    }
}

fn amounts(errors: &mut ErrorList, limit: View<'_>, kind: &str, name: &str, at: &At<'_>) {
    let get = |list: &str| {
        let applies = amount_fields(kind).contains(&list);
        Quantity::parse(limit.get(list).get(name).text()).ok().filter(|_| applies)
    };
    let (min, max, default, request) = (get("min"), get("max"), get("default"), get("defaultRequest"));
    // Where, what is shown there, what must not be greater, and than what.
    let mut order =
        |list: &str, shown: &Option<Quantity>, low: (&str, &Option<Quantity>), high: (&str, &Option<Quantity>)| {
            if let (Some(shown), Some(lower), Some(higher)) = (shown, low.1, high.1)
                && lower > higher
            {
                let detail = format!("{} value {lower} is greater than {} value {higher}", low.0, high.0);
                errors.push(Error::invalid(&at.child(list).key(name), shown.to_string(), detail));
            }
        };
    order("min", &min, ("min", &min), ("max", &max));
    order("defaultRequest", &request, ("min", &min), ("default request", &request));
    order("defaultRequest", &request, ("default request", &request), ("max", &max));
    order("defaultRequest", &request, ("default request", &request), ("default limit", &default));
    order("default", &min, ("min", &min), ("default", &default));
    order("default", &max, ("default", &default), ("max", &max));
    if let Some(ratio) = get("maxLimitRequestRatio") {
        max_ratio(errors, &ratio, min.as_ref(), max.as_ref(), &at.child("maxLimitRequestRatio").key(name));
    }
    let overcommits = (!name.contains('/') || name.contains("kubernetes.io/")) && !name.starts_with("hugepages-");
    if let (Some(default), Some(request)) = (&default, &request)
        && !overcommits
        && default != request
    {
        let detail = format!("default value {default} must equal to defaultRequest value {request} in {name}");
        errors.push(Error::invalid(&at.child("defaultRequest").key(name), request.to_string(), detail));
    }
}

fn max_ratio(errors: &mut ErrorList, ratio: &Quantity, min: Option<&Quantity>, max: Option<&Quantity>, at: &At<'_>) {
    if ratio.milli_value() < 1000 {
        errors.push(Error::invalid(at, ratio.to_string(), format!("ratio {ratio} is less than 1")));
    }
    if let (Some(min), Some(max)) = (min, max) {
        let limit = max.as_f64() / min.as_f64();
        if ratio.as_f64() > limit {
            let detail = format!("ratio {ratio} is greater than max/min = {limit:.6}");
            errors.push(Error::invalid(at, ratio.to_string(), detail));
        }
    }
}
