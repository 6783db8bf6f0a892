//! What the recordings presuppose: the objects that their requests refer to and that were made outside of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cluster::Cluster;
use super::record::{self, Case};

/// Sets the scene of a topic.
pub(super) async fn before(topic: &str, cluster: &Cluster, cases: &[Case]) {
    for namespace in namespaces(cases) {
        namespace_with_account(cluster, &namespace).await;
    }
    match topic {
        "patches_basic" => {
            let last = cases.last().unwrap().response.body.to_string();
            for i in 0..=24 {
                let name = format!("p{i}");
                cluster.put(serde_json::from_str(&last.replace("p24", &name)).unwrap()).await;
            }
        }
        "watches_lists" => {
            for i in 0..5 {
                create(cluster, "secrets", secret(&format!("w{i}"), i % 2)).await;
            }
        }
        "deletion" => deletion(cluster).await,
        "protocol_errors" | "tables_rows" => rows(cluster).await,
        "tables_columns" => columns(cluster, cases).await,
        "validation_updates" => updates(cluster, cases).await,
        _ => {}
    }
}

/// What happened between two requests.
pub(super) async fn between(topic: &str, next: &str, cluster: &Cluster) {
    if topic == "watches_lists" && next == "watch n=1 from a list" {
        let path = "/api/v1/namespaces/quick/secrets";
        let label = |n: &str| json!({"metadata": {"labels": {"n": n}}});
        cluster.must("PATCH", &format!("{path}/w0"), &label("1")).await;
        cluster.must("PATCH", &format!("{path}/w1"), &label("0")).await;
        cluster.must("POST", path, &secret("w9", 1)).await;
        cluster.must("DELETE", &format!("{path}/w9"), &Value::Null).await;
    }
}

fn namespaces(cases: &[Case]) -> Vec<String> {
    let mut found = Vec::new();
    for case in cases {
        let after = case.request.path.split("/namespaces/").nth(1).unwrap_or_default();
        let name = after.split(['/', '?']).next().unwrap_or_default().to_owned();
        let scene = name == "quick" || name.starts_with("golden-");
        if scene && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// A namespace with what its controllers put into it.
async fn namespace_with_account(cluster: &Cluster, name: &str) {
    let metadata = |name: &str| json!({"metadata": {"name": name}});
    cluster.must("POST", "/api/v1/namespaces", &metadata(name)).await;
    let base = format!("/api/v1/namespaces/{name}");
    cluster.must("POST", &format!("{base}/serviceaccounts"), &metadata("default")).await;
    cluster.must("POST", &format!("{base}/configmaps"), &metadata("kube-root-ca.crt")).await;
}

async fn create(cluster: &Cluster, resource: &str, object: Value) {
    cluster.must("POST", &format!("/api/v1/namespaces/quick/{resource}"), &object).await;
}

fn pod(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"app": "x"}},
        "spec": {"containers": [
            {"name": "a", "image": "i:1", "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 80}]},
        ]},
    })
}

fn secret(name: &str, n: usize) -> Value {
    json!({"metadata": {"name": name, "labels": {"n": n.to_string()}}, "type": "Opaque"})
}

fn deployment(name: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {
                "containers": [
                    {"name": "a", "image": "i:1", "ports": [{"containerPort": 80}],
                     "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
                    {"name": "b", "image": "j:1"},
                ],
                "tolerations": [{"key": "k", "operator": "Exists"}],
            }},
        },
    })
}

async fn deletion(cluster: &Cluster) {
    create(cluster, "pods", pod("t1")).await;
    let mut bound = pod("g1");
    bound["spec"]["nodeName"] = "some-node".into();
    create(cluster, "pods", bound).await;
    let mut held = json!({"metadata": {"name": "fin"}});
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    create(cluster, "configmaps", held).await;
    for policy in ["foreground", "orphan", "background"] {
        let path = "/apis/apps/v1/namespaces/quick/deployments";
        cluster.must("POST", path, &deployment(&format!("del-{policy}"))).await;
    }
    for (name, n) in [("w0", 1), ("w1", 0), ("w2", 0), ("w3", 1), ("w4", 0)] {
        create(cluster, "secrets", secret(name, n)).await;
    }
}

/// The recorded items of a list, each with its type.
fn recorded(topic: &str, path: &str) -> Vec<Value> {
    let cases = record::read(topic).unwrap_or_default();
    let Some(list) = cases.iter().find(|case| case.request.path == path).map(|case| &case.response.body) else {
        return Vec::new();
    };
    let kind = list["kind"].as_str().unwrap_or_default().trim_end_matches("List").to_owned();
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let typed = |mut item: Value| {
        item["kind"] = kind.clone().into();
        item["apiVersion"] = list["apiVersion"].clone();
        item
    };
    items.into_iter().map(typed).collect()
}

/// What was in the cluster when the columns of all kinds were asked for.
async fn columns(cluster: &Cluster, cases: &[Case]) {
    for namespace in ["golden-defaults", "golden-validation"] {
        namespace_with_account(cluster, namespace).await;
        let path = format!("/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt");
        cluster.must("DELETE", &path, &Value::Null).await;
    }
    let core = ["/api/v1/configmaps", "/apis/networking.k8s.io/v1/ipaddresses", "/apis/coordination.k8s.io/v1/leases"];
    for item in core.into_iter().flat_map(|path| recorded("bootstrap_core_and_others", path)) {
        cluster.put(item).await;
    }
    for item in recorded("bootstrap_apiservices", "/apis/apiregistration.k8s.io/v1/apiservices") {
        cluster.put(item).await;
    }
    for resource in ["flowschemas", "prioritylevelconfigurations"] {
        let path = format!("/apis/flowcontrol.apiserver.k8s.io/v1/{resource}");
        for item in recorded("bootstrap_flowcontrol", &path) {
            cluster.put(item).await;
        }
    }
    for (kind, version, spec) in [
        ("PersistentVolumeClaim", "v1", json!({"spec": {"volumeMode": "Filesystem"}, "status": {}})),
        (
            "PersistentVolume",
            "v1",
            json!({"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem",
                "persistentVolumeReclaimPolicy": "Retain"}, "status": {"phase": "Pending"}}),
        ),
        (
            "Job",
            "batch/v1",
            json!({"spec": {"parallelism": 1, "completions": 1,
                "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "<uid>"}},
                "template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}, "status": {}}),
        ),
        ("VolumeAttributesClass", "storage.k8s.io/v1", json!({"driverName": "a"})),
    ] {
        cluster.put(going(cases, kind, version, spec)).await;
    }
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "up"}});
    cluster.put(role.clone()).await;
    let reference = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "up"});
    let mut binding = role;
    binding["kind"] = "ClusterRoleBinding".into();
    binding["roleRef"] = reference;
    cluster.put(binding).await;
}

/// An object that a finalizer kept, with the metadata of its recorded row.
fn going(cases: &[Case], kind: &str, version: &str, mut object: Value) -> Value {
    let plural = format!("/{}s?", kind.to_ascii_lowercase()).replace("classs", "classes");
    let case = cases.iter().find(|case| case.request.path.contains(&plural)).unwrap();
    object["kind"] = kind.into();
    object["apiVersion"] = version.into();
    object["metadata"] = case.response.body["rows"][0]["object"]["metadata"].clone();
    object
}

async fn rows(cluster: &Cluster) {
    for pod in recorded("protocol_errors", "/api/v1/namespaces/quick/pods?limit=-1") {
        cluster.put(pod).await;
    }
    let ports = json!([{"name": "a", "port": 80}, {"name": "b", "port": 53, "protocol": "UDP"}]);
    create(
        cluster,
        "services",
        json!({"metadata": {"name": "s1"}, "spec": {"selector": {"app": "x"}, "ports": ports}}),
    )
    .await;
    create(cluster, "configmaps", json!({"metadata": {"name": "c1"}, "data": {"a": "1", "b": "2"}})).await;
    create(cluster, "secrets", json!({"metadata": {"name": "k1"}, "stringData": {"a": "1"}})).await;
    cluster.must("DELETE", "/api/v1/namespaces/quick/configmaps/kube-root-ca.crt", &Value::Null).await;
    cluster.must("POST", "/apis/apps/v1/namespaces/quick/deployments", &deployment("d1")).await;
}

/// The object behind each path: what most of its recorded updates say of each field, not counting the one that
/// changed it.
async fn updates(cluster: &Cluster, cases: &[Case]) {
    let mut by_path: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for case in cases {
        if let Some(body) = &case.request.body {
            let mut body = body.clone();
            forget(&mut body, &case.name);
            by_path.entry(case.request.path.split('?').next().unwrap_or_default()).or_default().push(body);
        }
    }
    for (path, bodies) in by_path {
        let mut object = majority(&bodies.iter().collect::<Vec<_>>());
        complete(path, &mut object);
        object["metadata"]["name"] = path.rsplit('/').next().into();
        cluster.put(object).await;
    }
}

/// Stands for a field of which a body says nothing.
const ABSTAINS: &str = "<abstains>";

/// Takes the field away that the case's name says was changed.
fn forget(body: &mut Value, name: &str) {
    let path = name.split(": ").nth(1).and_then(|rest| rest.split(" = ").next()).unwrap_or_default();
    let Some((parent, last)) = path.rsplit_once('.').or(Some(("", path))) else { return };
    let pointer = if parent.is_empty() { String::new() } else { format!("/{}", parent.replace('.', "/")) };
    match body.pointer_mut(&pointer) {
        Some(Value::Object(map)) => drop(map.insert(last.to_owned(), ABSTAINS.into())),
        Some(Value::Array(items)) => {
            if let Some(i) = last.parse().ok().filter(|i: &usize| *i < items.len()) {
                items.remove(i);
            }
        }
        _ => {}
    }
}

/// Fields that every recorded update of an object changed.
fn complete(path: &str, object: &mut Value) {
    let resource = path.rsplit('/').nth(1).unwrap_or_default();
    let (pointer, field, value) = match resource {
        "rolebindings" | "clusterrolebindings" => ("/roleRef", "name", json!("x")),
        "endpointslices" => ("", "addressType", json!("IPv4")),
        "controllerrevisions" => ("", "data", json!({"a": 1})),
        "runtimeclasses" => ("", "handler", json!("h")),
        "servicecidrs" => ("/spec", "cidrs", json!(["10.98.0.0/16"])),
        "volumeattributesclasses" => ("", "parameters", json!({"a": "b"})),
        "daemonsets" => ("/spec", "selector", json!({"matchLabels": {"a": "b"}})),
        _ => return,
    };
    if let Some(Value::Object(map)) = object.pointer_mut(pointer) {
        map.insert(field.to_owned(), value);
    }
}

fn majority(values: &[&Value]) -> Value {
    if values.iter().all(|value| value.is_object()) {
        let mut out = serde_json::Map::new();
        let keys: std::collections::BTreeSet<&String> =
            values.iter().filter_map(|value| value.as_object()).flat_map(|map| map.keys()).collect();
        for key in keys {
            let said = values.iter().map(|value| value.get(key)).filter(|value| *value != Some(&ABSTAINS.into()));
            let (with, without): (Vec<_>, Vec<_>) = said.partition(Option::is_some);
            let with: Vec<&Value> = with.into_iter().flatten().collect();
            if with.len() > without.len() {
                out.insert(key.clone(), majority(&with));
            }
        }
        return Value::Object(out);
    }
    let votes = |value: &Value| values.iter().filter(|other| **other == value).count();
    values.iter().copied().max_by_key(|value| votes(value)).cloned().unwrap_or_default()
}
