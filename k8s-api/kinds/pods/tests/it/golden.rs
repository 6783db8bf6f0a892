//! Replays the recordings of defaults and validation through the strategies alone.
//!
//! What other parts of the server add (names, admission, strict decoding) is masked or skipped.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use k8s_api::field::Error;
use k8s_api_kinds::AnyStrategy;
use k8s_api_kinds_pods::strategies;
use serde_json::{Map, Value, json};

/// Equal, different and skipped recordings.
#[derive(Debug, Default)]
struct Score {
    equal: usize,
    skipped: usize,
    differing: Vec<String>,
}

impl Score {
    fn add(&mut self, name: &str, ours: &Value, theirs: &Value) {
        if ours == theirs {
            self.equal += 1;
        } else {
            self.differing.push(format!("{name}\n  ours   {ours}\n  theirs {theirs}"));
        }
    }

    fn check(&self, topic: &str, floor: usize) {
        println!("{topic}: {} equal, {} differing, {} skipped", self.equal, self.differing.len(), self.skipped);
        for difference in &self.differing {
            println!("{difference}");
        }
        assert!(self.equal >= floor, "{topic}: {} equal, expected at least {floor}", self.equal);
    }
}

fn recordings(topic: &str) -> Option<Vec<Value>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path: PathBuf = root.join("../../../../shared/golden/api").join(format!("{topic}.json"));
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(_) => {
            println!("SKIPPED: no recordings at {}", path.display());
            None
        }
    }
}

fn table() -> BTreeMap<String, Arc<dyn AnyStrategy>> {
    strategies().into_iter().map(|(gvr, strategy)| (gvr.resource.to_string(), strategy)).collect()
}

/// The resource that a path names.
fn resource(path: &str) -> &str {
    let path = path.split('?').next().unwrap();
    let mut parts = path.split('/').skip_while(|part| *part != "namespaces").skip(2);
    parts.next().unwrap_or_default()
}

/// Puts what is masked in recordings into a form that decodes.
fn unmask(value: &mut Value) {
    match value {
        Value::String(text) if text == "<time>" => *text = "2020-01-01T00:00:00Z".to_owned(),
        Value::Array(items) => items.iter_mut().for_each(unmask),
        Value::Object(entries) => entries.values_mut().for_each(unmask),
        _ => {}
    }
}

fn causes(errors: &[Error]) -> Value {
    let cause = |error: &Error| json!({"reason": error.kind.reason(), "message": error.body(), "field": error.field});
    errors.iter().map(cause).collect()
}

fn recorded_causes(body: &Value) -> Value {
    body.pointer("/details/causes").cloned().unwrap_or_else(|| json!([]))
}

/// An object without what the rest of the server has added to it.
fn own_part(object: &Value) -> Value {
    let mut object = object.clone();
    let metadata = object["metadata"].as_object_mut().unwrap();
    for key in ["managedFields", "uid", "resourceVersion", "creationTimestamp", "namespace"] {
        metadata.remove(key);
    }
    if object["kind"] == "Pod" {
        let spec = object["spec"].as_object_mut().unwrap();
        admitted(spec);
    }
    object
}

/// Takes back what admission has done to a pod.
fn admitted(spec: &mut Map<String, Value>) {
    for key in ["priority", "preemptionPolicy", "serviceAccount", "serviceAccountName", "tolerations"] {
        spec.remove(key);
    }
    let token = |value: &Value| value["name"].as_str().is_some_and(|name| name.starts_with("kube-api-access-"));
    let mut without_token = |list: &mut Map<String, Value>, key: &str| {
        if let Some(Value::Array(items)) = list.get_mut(key) {
            items.retain(|item| !token(item));
            if items.is_empty() {
                list.remove(key);
            }
        }
    };
    without_token(spec, "volumes");
    for key in ["containers", "initContainers"] {
        for container in spec.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            without_token(container.as_object_mut().unwrap(), "volumeMounts");
        }
    }
}

fn create(strategy: &dyn AnyStrategy, mut body: Value) -> Option<(Value, Vec<Error>)> {
    unmask(&mut body);
    body["metadata"]["uid"] = "<uid>".into();
    let mut object = strategy.decode(body).ok()?;
    strategy.default(object.as_mut());
    strategy.prepare_for_create(object.as_mut());
    let errors = strategy.validate_create(object.as_ref());
    Some((object.to_value().unwrap(), errors))
}

fn replay_creates(topic: &str) -> Score {
    let (mut score, table) = (Score::default(), table());
    for recording in recordings(topic).unwrap_or_default() {
        let (request, response) = (&recording["request"], &recording["response"]);
        let status = response["status"].as_u64().unwrap();
        let strategy = table.get(resource(request["path"].as_str().unwrap()));
        let (Some(strategy), 201 | 422) = (strategy, status) else {
            score.skipped += 1;
            continue;
        };
        let Some((object, errors)) = create(strategy.as_ref(), request["body"].clone()) else {
            println!("no decode: {}", recording["name"]);
            score.skipped += 1;
            continue;
        };
        let name = recording["name"].as_str().unwrap();
        if status == 201 && errors.is_empty() {
            score.add(name, &own_part(&object), &own_part(&response["body"]));
        } else {
            score.add(name, &causes(&errors), &recorded_causes(&response["body"]));
        }
    }
    score
}

#[test]
fn defaults_of_pods() {
    replay_creates("defaults_pods").check("defaults_pods", 0);
}

#[test]
fn defaults_of_workloads() {
    replay_creates("defaults_workloads").check("defaults_workloads", 0);
}

#[test]
fn validation_of_pods() {
    replay_creates("validation_pods").check("validation_pods", 0);
}

#[test]
fn validation_of_pod_volumes() {
    replay_creates("validation_pod_volumes").check("validation_pod_volumes", 0);
}

#[test]
fn validation_of_workloads() {
    replay_creates("validation_workloads").check("validation_workloads", 0);
}
