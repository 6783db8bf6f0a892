//! Replays the recordings of defaults and validation through the strategies alone.
//!
//! What other parts of the server add (names, admission, strict decoding) is masked or skipped.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use k8s_api::field::Error;
use k8s_api_kinds::AnyStrategy;
use k8s_api_kinds_pods::strategies;
use k8s_openapi::api::core::v1::Pod;
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
        if self.equal + self.skipped + self.differing.len() == 0 {
            return;
        }
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
    let Ok(bytes) = std::fs::read(&path) else {
        println!("SKIPPED: no recordings at {}", path.display());
        return None;
    };
    Some(serde_json::from_slice(&bytes).unwrap())
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

const TIME: &str = "2020-01-01T00:00:00Z";
const UID: &str = "uid-0";

/// Puts what is masked in recordings into a form that decodes.
fn unmask(value: &Value) -> Value {
    let text = value.to_string().replace("<time>", TIME).replace("<uid>", UID);
    serde_json::from_str(&text).unwrap()
}

/// Takes out what Go writes as `null`, which the types here leave out.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        Value::Object(entries) => {
            entries.retain(|_, value| !value.is_null());
            entries.values_mut().for_each(without_nulls);
        }
        _ => {}
    }
}

/// Takes the line numbers out of diffs: a source that only the recording cluster's volumes had was taken out of the
/// recorded bodies and still counts there.
fn without_line_numbers(text: &str) -> String {
    let mut parts = text.split("@@");
    let mut out = parts.next().unwrap_or_default().to_owned();
    out.extend(parts.skip(1).step_by(2));
    out
}

/// The sentences of a response's `Warning` headers, but for those of strict decoding.
fn recorded_warnings(response: &Value) -> Vec<String> {
    let headers = response.pointer("/headers/Warning").or_else(|| response.pointer("/headers/warning"));
    let lines = match headers {
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(line)) => vec![line.clone()],
        _ => Vec::new(),
    };
    let text = |line: &String| {
        let quoted = line.strip_prefix("299 - \"").and_then(|line| line.strip_suffix('"')).unwrap();
        quoted.replace("\\\"", "\"")
    };
    lines.iter().map(text).filter(|line| !line.starts_with("unknown field")).collect()
}

fn causes(errors: &[Error]) -> Value {
    let cause = |error: &Error| {
        let message = without_line_numbers(&error.body());
        json!({"reason": error.kind.reason(), "message": message, "field": error.field})
    };
    errors.iter().map(cause).collect()
}

fn recorded_causes(body: &Value) -> Value {
    let mut causes = unmask(body).pointer("/details/causes").cloned().unwrap_or_else(|| json!([]));
    for cause in causes.as_array_mut().unwrap() {
        cause["message"] = without_line_numbers(cause["message"].as_str().unwrap()).into();
    }
    causes
}

/// An object without what the rest of the server has added to it.
fn own_part(object: &Value) -> Value {
    let mut object = unmask(object);
    without_nulls(&mut object);
    let metadata = object["metadata"].as_object_mut().unwrap();
    let generic = ["managedFields", "uid", "resourceVersion", "creationTimestamp", "namespace", "selfLink"];
    for key in generic.into_iter().chain(["deletionTimestamp", "deletionGracePeriodSeconds"]) {
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
    let without_token = |list: &mut Map<String, Value>, key: &str| {
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

/// Decodes, defaults, prepares and checks a new object. Its pod gets the account that admission would give it.
fn create(strategy: &dyn AnyStrategy, body: &Value) -> Option<(Value, Vec<String>, Vec<Error>)> {
    let mut body = unmask(body);
    body["metadata"]["uid"] = UID.into();
    body["metadata"]["creationTimestamp"] = TIME.into();
    let mut object = strategy.decode(body).ok()?;
    strategy.default(object.as_mut());
    strategy.prepare_for_create(object.as_mut());
    if let Some(spec) = object.as_any_mut().downcast_mut::<Pod>().and_then(|pod| pod.spec.as_mut()) {
        spec.service_account_name.get_or_insert_with(|| "default".to_owned());
    }
    let errors = strategy.validate_create(object.as_ref());
    let warnings = strategy.warnings(object.as_ref(), None);
    Some((object.to_value().unwrap(), warnings, errors))
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
        let Some((object, warnings, errors)) = create(strategy.as_ref(), &request["body"]) else {
            println!("no decode: {}", recording["name"]);
            score.skipped += 1;
            continue;
        };
        let name = recording["name"].as_str().unwrap();
        if status == 201 && errors.is_empty() {
            let ours = json!([own_part(&object), warnings]);
            score.add(name, &ours, &json!([own_part(&response["body"]), recorded_warnings(response)]));
        } else {
            score.add(name, &causes(&errors), &recorded_causes(&response["body"]));
        }
    }
    score
}

/// What most of several values are, part by part: each recorded update changes one field of the same object.
fn majority(values: &[Option<&Value>]) -> Option<Value> {
    let mut counts: Vec<(Option<&Value>, usize)> = Vec::new();
    for value in values {
        match counts.iter_mut().find(|(known, _)| known == value) {
            Some((_, count)) => *count += 1,
            None => counts.push((*value, 1)),
        }
    }
    let objects: Vec<&Map<String, Value>> = values.iter().flatten().filter_map(|value| value.as_object()).collect();
    if objects.len() * 2 > values.len() {
        let keys: BTreeSet<&String> = objects.iter().flat_map(|object| object.keys()).collect();
        let entry = |key: &String| {
            let values: Vec<Option<&Value>> = objects.iter().map(|object| object.get(key)).collect();
            majority(&values).map(|value| (key.clone(), value))
        };
        return Some(Value::Object(keys.into_iter().filter_map(entry).collect()));
    }
    let lists: Vec<&Vec<Value>> = values.iter().flatten().filter_map(|value| value.as_array()).collect();
    let length = lists.first().map(|list| list.len());
    if lists.len() * 2 > values.len() && lists.iter().all(|list| Some(list.len()) == length) {
        let item = |i: usize| majority(&lists.iter().map(|list| list.get(i)).collect::<Vec<_>>());
        return Some(Value::Array((0..length.unwrap_or_default()).filter_map(item).collect()));
    }
    counts.into_iter().max_by_key(|(_, count)| *count).and_then(|(value, _)| value.cloned())
}

#[test]
fn validation_of_updates() {
    let (mut score, table) = (Score::default(), table());
    let recordings = recordings("validation_updates").unwrap_or_default();
    let path = |recording: &Value| recording["request"]["path"].as_str().unwrap().to_owned();
    for recording in &recordings {
        let status = recording["response"]["status"].as_u64().unwrap();
        let name = recording["name"].as_str().unwrap();
        let kind = path(recording);
        let strategy = table.get(resource(&kind));
        let (Some(strategy), 200 | 422, false) = (strategy, status, name.contains(": metadata.")) else {
            score.skipped += 1;
            continue;
        };
        let same = recordings.iter().filter(|other| resource(&path(other)) == resource(&kind));
        let bodies: Vec<Value> = same.map(|other| unmask(&other["request"]["body"])).collect();
        // One update alone does not show what was there before; admission adds the tolerations again.
        if bodies.len() == 1 || name.ends_with("spec.tolerations = []") {
            score.skipped += 1;
            continue;
        }
        let old = majority(&bodies.iter().map(Some).collect::<Vec<_>>()).unwrap();
        let (Ok(mut old), Ok(mut new)) = (strategy.decode(old), strategy.decode(unmask(&recording["request"]["body"])))
        else {
            println!("no decode: {name}");
            score.skipped += 1;
            continue;
        };
        strategy.default(old.as_mut());
        strategy.default(new.as_mut());
        strategy.prepare_for_update(new.as_mut(), old.as_ref());
        let errors = strategy.validate_update(new.as_ref(), old.as_ref());
        if status == 200 && errors.is_empty() {
            let body = &recording["response"]["body"];
            score.add(name, &own_part(&new.to_value().unwrap()), &own_part(body));
        } else {
            score.add(name, &causes(&errors), &recorded_causes(&recording["response"]["body"]));
        }
    }
    score.check("validation_updates", 27);
}

#[test]
fn defaults_of_pods() {
    replay_creates("defaults_pods").check("defaults_pods", 77);
}

#[test]
fn defaults_of_workloads() {
    replay_creates("defaults_workloads").check("defaults_workloads", 29);
}

#[test]
fn validation_of_pods() {
    replay_creates("validation_pods").check("validation_pods", 94);
}

#[test]
fn validation_of_pod_volumes() {
    replay_creates("validation_pod_volumes").check("validation_pod_volumes", 44);
}

#[test]
fn validation_of_workloads() {
    replay_creates("validation_workloads").check("validation_workloads", 61);
}

#[test]
fn defaults_of_other_kinds() {
    replay_creates("defaults_other_namespaced").check("defaults_other_namespaced", 6);
}

#[test]
fn validation_of_other_kinds() {
    replay_creates("validation_other_namespaced").check("validation_other_namespaced", 8);
}
