//! Horizontal pod autoscalers of `autoscaling/v2` and `autoscaling/v1`: one stored object with two faces.
//!
//! Upstream: `pkg/apis/autoscaling`.

mod convert;
mod metrics;

pub use convert::{to_v1, to_v2};
use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api::quantity::Quantity;
use k8s_api_kinds::{At, Rules, View};
use serde_json::{Map, Value, json};

use crate::checks::one_of;
use crate::trees::{child, child_or_new, field, fill, required_segment, spec_mut};

const SPEC: At<'static> = At::new("spec");
const MAX_WINDOW: i64 = 3600;
const MAX_PERIOD: i64 = 1800;

/// The rules of `autoscaling/v2`.
pub(crate) struct Autoscalers;

/// The rules of `autoscaling/v1`, which looks at the same object.
pub(crate) struct AutoscalersV1;

impl Rules for Autoscalers {
    fn default(&self, autoscaler: &mut DynamicObject) {
        let Some(spec) = spec_mut(autoscaler) else { return };
        fill(spec, "minReplicas", 1);
        if spec.get("metrics").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            let target = json!({"type": "Utilization", "averageUtilization": 80});
            let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
            spec.insert("metrics".to_owned(), json!([metric]));
        }
        if let Some(behavior) = child(spec, "behavior") {
            let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
            let pods = json!({"type": "Pods", "value": 4, "periodSeconds": 15});
            rules(behavior, "scaleUp", json!([pods, percent]));
            rules(behavior, "scaleDown", json!([percent]));
            if let Some(up) = child(behavior, "scaleUp") {
                fill(up, "stabilizationWindowSeconds", 0);
            }
        }
    }

    fn validate(&self, autoscaler: &DynamicObject) -> ErrorList {
        // Scaling to zero is not enabled by default.
        validate(field(autoscaler, "spec"), 1)
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let at_zero = field(old, "spec").get("minReplicas").int() == Some(0);
        validate(field(new, "spec"), i64::from(!at_zero))
    }

    fn validate_subresource_update(&self, _: &str, new: &DynamicObject, _: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let status = At::new("status");
        for name in ["currentReplicas", "desiredReplicas"] {
            if let Some(count) = field(new, "status").get(name).int().filter(|count| *count < 0) {
                let detail = "must be greater than or equal to 0";
                errors.push(Error::invalid(&status.child(name), count, detail));
            }
        }
        errors
    }
}

fn rules(behavior: &mut Map<String, Value>, name: &str, policies: Value) {
    if let Some(rules) = child_or_new(behavior, name) {
        fill(rules, "selectPolicy", "Max");
        fill(rules, "policies", policies);
    }
}

impl Rules for AutoscalersV1 {
    fn default(&self, autoscaler: &mut DynamicObject) {
        let annotated = autoscaler.metadata.annotations.as_ref().is_some_and(|a| a.contains_key(convert::METRICS));
        let Some(spec) = spec_mut(autoscaler) else { return };
        fill(spec, "minReplicas", 1);
        if !annotated {
            fill(spec, "targetCPUUtilizationPercentage", 80);
        }
    }

    fn validate(&self, autoscaler: &DynamicObject) -> ErrorList {
        let v2 = to_v2(autoscaler.clone());
        validate(field(&v2, "spec"), 1)
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        Autoscalers.validate_update(&to_v2(new.clone()), &to_v2(old.clone()))
    }

    fn validate_subresource_update(&self, name: &str, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        Autoscalers.validate_subresource_update(name, new, old)
    }
}

fn validate(spec: View<'_>, lowest: i64) -> ErrorList {
    let mut errors = ErrorList::new();
    let min = spec.get("minReplicas").int();
    let max = spec.get("maxReplicas").int().unwrap_or(0);
    if let Some(min) = min.filter(|min| *min < lowest) {
        let detail = format!("must be greater than or equal to {lowest}");
        errors.push(Error::invalid(&SPEC.child("minReplicas"), min, detail));
    }
    let max_at = SPEC.child("maxReplicas");
    if max == 0 {
        errors.push(Error::required(&max_at, "must be set and greater than 0"));
    } else if max < 0 {
        errors.push(Error::invalid(&max_at, max, "must be greater than or equal to 1"));
    }
    if min.is_some_and(|min| max < min) {
        errors.push(Error::invalid(&max_at, max, "must be greater than or equal to `minReplicas`"));
    }
    reference(&mut errors, spec.get("scaleTargetRef"), false, &SPEC.child("scaleTargetRef"));
    metrics::validate(&mut errors, spec.get("metrics"), min, &SPEC.child("metrics"));
    let behavior = SPEC.child("behavior");
    for name in ["scaleUp", "scaleDown"] {
        let rules = spec.get("behavior").get(name);
        if rules.is_some() {
            scaling_rules(&mut errors, rules, &behavior.child(name));
        }
    }
    errors
}

/// A reference to an object of any kind; what is scaled must name its group.
fn reference(errors: &mut ErrorList, reference: View<'_>, core_too: bool, at: &At<'_>) {
    required_segment(errors, &at.child("kind"), reference.get("kind").text());
    required_segment(errors, &at.child("name"), reference.get("name").text());
    let version = reference.get("apiVersion").text();
    let wrong = match version.matches('/').count() {
        0 if !core_too => Some("apiVersion must specify API group".to_owned()),
        0 | 1 => None,
        _ => Some(format!("unexpected GroupVersion string: {version}")),
    };
    errors.extend(wrong.map(|detail| Error::invalid(&at.child("apiVersion"), version, detail)));
}

fn scaling_rules(errors: &mut ErrorList, rules: View<'_>, at: &At<'_>) {
    let window_at = at.child("stabilizationWindowSeconds");
    match rules.get("stabilizationWindowSeconds").int() {
        Some(window) if window < 0 => {
            errors.push(Error::invalid(&window_at, window, "must be greater than or equal to zero"));
        }
        Some(window) if window > MAX_WINDOW => {
            errors.push(Error::invalid(&window_at, window, format!("must be less than or equal to {MAX_WINDOW}")));
        }
        _ => {}
    }
    one_of(errors, &at.child("selectPolicy"), rules.get("selectPolicy").text(), &["Disabled", "Max", "Min"]);
    let list = at.child("policies");
    if rules.get("policies").is_empty() {
        errors.push(Error::required(&list, "must specify at least one Policy"));
    }
    for (i, policy) in rules.get("policies").items().enumerate() {
        scaling_policy(errors, policy, &list.index(i));
    }
    if let Some(tolerance) = Quantity::parse(rules.get("tolerance").text()).ok().filter(|t| t.signum() < 0) {
        let detail = "must be greater than or equal to 0";
        errors.push(Error::invalid(&at.child("tolerance"), tolerance.to_string(), detail));
    }
}

fn scaling_policy(errors: &mut ErrorList, policy: View<'_>, at: &At<'_>) {
    one_of(errors, &at.child("type"), policy.get("type").text(), &["Percent", "Pods"]);
    for name in ["value", "periodSeconds"] {
        let number = policy.get(name).int().unwrap_or(0);
        if number <= 0 {
            errors.push(Error::invalid(&at.child(name), number, "must be greater than zero"));
        }
    }
    if let Some(period) = policy.get("periodSeconds").int().filter(|period| *period > MAX_PERIOD) {
        let detail = format!("must be less than or equal to {MAX_PERIOD}");
        errors.push(Error::invalid(&at.child("periodSeconds"), period, detail));
    }
}
