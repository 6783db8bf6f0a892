//! Taints and hints that old clients put into annotations.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::At;
use k8s_openapi::api::core::v1::{Node, Taint};
use serde_json::Value;

use super::validate_taints;

const TAINTS: &str = "scheduler.alpha.kubernetes.io/taints";
const AVOID_PODS: &str = "scheduler.alpha.kubernetes.io/preferAvoidPods";

pub(super) fn validate(node: &Node) -> ErrorList {
    let mut errors = ErrorList::new();
    let Some(annotations) = &node.metadata.annotations else { return errors };
    let get = |key: &str| annotations.get(key).filter(|value| !value.is_empty());
    let metadata = At::new("metadata");
    let at = metadata.child("annotations");
    if let Some(value) = get(TAINTS) {
        match serde_json::from_str::<Vec<Taint>>(value) {
            Ok(taints) => validate_taints(&mut errors, &taints, &at.child(TAINTS)),
            Err(error) => errors.push(Error::invalid(&at, TAINTS, error.to_string())),
        }
    }
    if let Some(value) = get(AVOID_PODS) {
        match serde_json::from_str::<Value>(value) {
            Ok(avoid) => avoid_pods(&mut errors, &avoid, &at.child(AVOID_PODS)),
            Err(error) => errors.push(Error::invalid(&at.child("AvoidPods"), AVOID_PODS, error.to_string())),
        }
    }
    errors
}

fn avoid_pods(errors: &mut ErrorList, avoid: &Value, list: &At<'_>) {
    let entries = avoid.get("preferAvoidPods").and_then(Value::as_array);
    for (i, entry) in entries.into_iter().flatten().enumerate() {
        let at = list.index(i);
        let at = at.child("PodSignature");
        match entry.pointer("/podSignature/podController") {
            None | Some(Value::Null) => errors.push(Error::required(&at, "")),
            Some(owner) if owner.get("controller") != Some(&Value::Bool(true)) => {
                let at = at.child("PodController");
                errors.push(Error::invalid(&at.child("Controller"), false, "must point to a controller"));
            }
            Some(_) => {}
        }
    }
}
