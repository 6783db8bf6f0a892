#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use k8s_api_kinds::metadata;
use k8s_api_kinds_cluster::service::validate_cluster_ips;
use k8s_openapi::api::core::v1::Service;
use serde_json::{Map, Value, json};

use super::create::allocate;
use super::record::{Case, Verdict, causes, mask, place};

pub(super) fn judge(case: &Case, all: &[Case]) -> Verdict {
    let Some(place) = place(&case.request.path) else { return Verdict::Skipped };
    if !matches!(case.response.status, 200 | 422) || case.name.contains("metadata.resourceVersion") {
        return Verdict::Skipped;
    }
    let bodies: Vec<&Value> =
        all.iter().filter(|other| other.request.path == case.request.path).map(|other| &other.request.body).collect();
    let strategy = &place.strategy;
    let old = typed_times(repaired(usual(&bodies), case));
    let (Ok(mut old), Ok(mut new)) = (strategy.decode(old), strategy.decode(typed_times(case.request.body.clone())))
    else {
        return Verdict::Skipped;
    };
    strategy.default(old.as_mut());
    strategy.default(new.as_mut());
    strategy.prepare_for_update(new.as_mut(), old.as_ref());
    if let (Some(new), Some(old)) = (new.as_any_mut().downcast_mut::<Service>(), old.as_any().downcast_ref::<Service>())
    {
        let errors = validate_cluster_ips(new, Some(old));
        if !errors.is_empty() {
            return Verdict::compare(&causes(&errors), &case.response.body["details"]["causes"]);
        }
        allocate(new, &case.response.body);
    }
    let meta = metadata::validate_update(new.meta(), old.meta(), place.info.namespaced, &strategy.facts());
    let errors: Vec<_> = meta.into_iter().chain(strategy.validate_update(new.as_ref(), old.as_ref())).collect();
    if case.response.status == 422 {
        let want = &case.response.body["details"]["causes"];
        return Verdict::compare(&causes(&errors), want);
    }
    if !errors.is_empty() {
        return Verdict::Differs(format!("   got {}", causes(&errors)));
    }
    let got: Value = serde_json::from_slice(&strategy.encode(new.as_ref()).unwrap()).unwrap();
    Verdict::compare(&mask(got), &mask(typed_times(case.response.body.clone())))
}

/// The object before the update: what most requests to its path have in common.
fn usual(bodies: &[&Value]) -> Value {
    if bodies.iter().all(|body| body.is_object()) {
        let mut fields: BTreeMap<&String, Vec<&Value>> = BTreeMap::new();
        for (key, value) in bodies.iter().filter_map(|body| body.as_object()).flatten() {
            fields.entry(key).or_default().push(value);
        }
        let common = fields.into_iter().filter(|(_, values)| values.len() * 2 > bodies.len());
        return Value::Object(common.map(|(key, values)| (key.clone(), usual(&values))).collect::<Map<_, _>>());
    }
    let votes = |value: &Value| bodies.iter().filter(|other| **other == value).count();
    (*bodies.iter().rev().max_by_key(|body| votes(body)).unwrap()).clone()
}

/// Where too few requests are recorded to tell.
fn repaired(mut object: Value, case: &Case) -> Value {
    let mut set = |pointer: &str, value: Value| {
        if let Some(place) = object.pointer_mut(pointer) {
            *place = value;
        }
    };
    match case.request.path.rsplit('/').nth(1).unwrap_or_default() {
        "endpointslices" => set("/addressType", json!("IPv4")),
        "nodes" => set("/spec/taints", json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}])),
        "rolebindings" | "clusterrolebindings" => set("/roleRef/name", json!("x")),
        "priorityclasses" => set("/preemptionPolicy", json!("PreemptLowerPriority")),
        "volumeattributesclasses" => set("/parameters", json!({"a": "b"})),
        "runtimeclasses" => set("/handler", json!("h")),
        "servicecidrs" => set("/spec/cidrs", json!(["10.96.0.0/16"])),
        "persistentvolumes" => {
            set("/spec/hostPath/path", json!("/x"));
            set("/spec/volumeMode", json!("Filesystem"));
        }
        "controllerrevisions" => set("/data", json!({"a": 1})),
        "csidrivers" => set("/spec/volumeLifecycleModes", json!(["Persistent"])),
        _ => {}
    }
    object
}

/// The recordings mask times; the types want some.
fn typed_times(mut object: Value) -> Value {
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("managedFields");
        meta.insert("creationTimestamp".to_owned(), json!("2001-01-01T00:00:00Z"));
    }
    object
}
