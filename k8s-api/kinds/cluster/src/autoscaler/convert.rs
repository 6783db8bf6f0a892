//! `autoscaling/v1` knows one metric, the use of CPU, and keeps what else there is in annotations.

use k8s_api::DynamicObject;
use serde_json::{Map, Value, json};

use crate::trees::{child, spec_mut};

pub(super) const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";

/// An `autoscaling/v1` autoscaler as `autoscaling/v2` has it, and as it is stored.
pub fn to_v2(mut autoscaler: DynamicObject) -> DynamicObject {
    "autoscaling/v2".clone_into(&mut autoscaler.api_version);
    let mut metrics = taken(&mut autoscaler, METRICS).and_then(|value| match value {
        Value::Array(items) => Some(items),
        _ => None,
    });
    let behavior = taken(&mut autoscaler, BEHAVIOR).map(lower_keys);
    let current = taken(&mut autoscaler, CURRENT_METRICS);
    let conditions = taken(&mut autoscaler, CONDITIONS);
    if let Some(spec) = spec_mut(&mut autoscaler) {
        if let Some(percent) = spec.remove("targetCPUUtilizationPercentage").filter(|percent| !percent.is_null()) {
            metrics.get_or_insert_default().push(cpu(percent));
        }
        let metrics = metrics.unwrap_or_else(|| vec![cpu(json!(80))]);
        spec.insert("metrics".to_owned(), metrics.into());
        if let Some(behavior) = behavior {
            spec.insert("behavior".to_owned(), behavior);
        }
    }
    if let Some(status) = child(&mut autoscaler.rest, "status") {
        let percent = status.remove("currentCPUUtilizationPercentage").filter(|percent| !percent.is_null());
        let current = current.or_else(|| percent.map(|percent| json!([current_cpu(percent)])));
        status.extend(current.map(|metrics| ("currentMetrics".to_owned(), metrics)));
        status.extend(conditions.map(|conditions| ("conditions".to_owned(), conditions)));
    }
    autoscaler
}

/// An `autoscaling/v2` autoscaler as `autoscaling/v1` has it: what that version has no field for is in annotations.
pub fn to_v1(mut autoscaler: DynamicObject) -> DynamicObject {
    "autoscaling/v1".clone_into(&mut autoscaler.api_version);
    let mut notes = Vec::new();
    if let Some(spec) = child(&mut autoscaler.rest, "spec") {
        let (percent, others) = split(spec.remove("metrics"), "/resource/target/averageUtilization");
        spec.extend(percent.map(|percent| ("targetCPUUtilizationPercentage".to_owned(), percent)));
        notes.extend((!others.is_empty()).then(|| (METRICS, Value::from(others))));
        notes.extend(spec.remove("behavior").map(|behavior| (BEHAVIOR, upper_keys(behavior))));
    }
    if let Some(status) = child(&mut autoscaler.rest, "status") {
        let metrics = status.remove("currentMetrics");
        let all = metrics.clone();
        let (percent, _) = split(metrics, "/resource/current/averageUtilization");
        status.extend(percent.map(|percent| ("currentCPUUtilizationPercentage".to_owned(), percent)));
        notes.extend(all.filter(|all| all.as_array().is_some_and(|all| !all.is_empty())).map(|a| (CURRENT_METRICS, a)));
        notes.extend(status.remove("conditions").map(|conditions| (CONDITIONS, conditions)));
    }
    if !notes.is_empty() {
        let annotations = autoscaler.metadata.annotations.get_or_insert_default();
        annotations.extend(notes.into_iter().map(|(key, value)| (key.to_owned(), value.to_string())));
    }
    autoscaler
}

fn cpu(percent: Value) -> Value {
    let target = json!({"type": "Utilization", "averageUtilization": percent});
    json!({"type": "Resource", "resource": {"name": "cpu", "target": target}})
}

fn current_cpu(percent: Value) -> Value {
    json!({"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": percent}}})
}

/// The use of CPU that `v1` has a field for, and the metrics that it has none for.
fn split(metrics: Option<Value>, percent: &str) -> (Option<Value>, Vec<Value>) {
    let Some(Value::Array(metrics)) = metrics else { return (None, Vec::new()) };
    let mut found = None;
    let mut others = Vec::new();
    for metric in metrics {
        let is_cpu = metric.pointer("/resource/name").is_some_and(|name| name == "cpu");
        match metric.pointer(percent).filter(|_| is_cpu && found.is_none()) {
            Some(percent) => found = Some(percent.clone()),
            None => others.push(metric),
        }
    }
    (found, others)
}

fn taken(autoscaler: &mut DynamicObject, key: &str) -> Option<Value> {
    let annotations = autoscaler.metadata.annotations.as_mut()?;
    let value = annotations.remove(key).and_then(|text| serde_json::from_str(&text).ok());
    k8s_api_kinds::canonical::tidy(&mut autoscaler.metadata.annotations);
    value
}

/// The annotation for behavior holds Go's internal type, whose fields begin with capitals.
fn upper_keys(value: Value) -> Value {
    with_keys(value, char::to_ascii_uppercase)
}

fn lower_keys(value: Value) -> Value {
    with_keys(value, char::to_ascii_lowercase)
}

fn with_keys(value: Value, change: fn(&char) -> char) -> Value {
    let key = |key: String| {
        let mut letters = key.chars();
        letters.next().map(|first| change(&first)).into_iter().chain(letters).collect::<String>()
    };
    match value {
        Value::Object(entries) => {
            entries.into_iter().map(|(name, value)| (key(name), with_keys(value, change))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(|item| with_keys(item, change)).collect(),
        other => other,
    }
}
