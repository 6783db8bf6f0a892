//! What the recordings presuppose: the objects that their requests refer to and that were made outside of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cluster::Cluster;
use super::record::Case;

/// Sets the scene of a topic.
pub(super) async fn before(topic: &str, cluster: &Cluster, cases: &[Case]) {
    for namespace in namespaces(cases) {
        namespace_with_account(cluster, &namespace).await;
    }
    match topic {
        "protocol_errors" => rows(cluster).await,
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
        "tables_rows" => rows(cluster).await,
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

async fn rows(cluster: &Cluster) {
    create(cluster, "pods", pod("t1")).await;
    let terminated = |exit: i64, signal: i64, reason: &str| {
        let mut state = json!({"exitCode": exit, "signal": signal});
        if !reason.is_empty() {
            state["reason"] = reason.into();
        }
        json!({"terminated": state})
    };
    let states = [
        ("st-crash", "Running", 4, json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}), false),
        ("st-done", "Succeeded", 0, terminated(0, 0, "Completed"), false),
        ("st-err", "Failed", 0, terminated(3, 0, ""), false),
        ("st-run", "Running", 0, json!({"running": {}}), true),
        ("st-sig", "Failed", 0, terminated(137, 9, ""), false),
    ];
    for (name, phase, restarts, state, ready) in states {
        create(cluster, "pods", pod(name)).await;
        let container = json!({"name": "a", "image": "i:1", "imageID": "", "ready": ready, "restartCount": restarts,
            "state": state});
        let status = json!({"status": {"phase": phase, "podIP": "10.9.9.9", "podIPs": [{"ip": "10.9.9.9"}],
            "containerStatuses": [container]}});
        cluster.must("PATCH", &format!("/api/v1/namespaces/quick/pods/{name}/status"), &status).await;
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

/// The object behind each path: what most of its recorded updates say of each field.
async fn updates(cluster: &Cluster, cases: &[Case]) {
    let mut by_path: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for case in cases {
        if let Some(body) = &case.request.body {
            by_path.entry(case.request.path.split('?').next().unwrap_or_default()).or_default().push(body);
        }
    }
    for bodies in by_path.into_values() {
        let object = majority(&bodies);
        cluster.put(object).await;
    }
}

fn majority(values: &[&Value]) -> Value {
    if values.iter().all(|value| value.is_object()) {
        let mut out = serde_json::Map::new();
        let keys: std::collections::BTreeSet<&String> =
            values.iter().filter_map(|value| value.as_object()).flat_map(|map| map.keys()).collect();
        for key in keys {
            let with: Vec<&Value> = values.iter().filter_map(|value| value.get(key)).collect();
            if with.len() * 2 > values.len() {
                out.insert(key.clone(), majority(&with));
            }
        }
        return Value::Object(out);
    }
    let votes = |value: &Value| values.iter().filter(|other| **other == value).count();
    values.iter().copied().max_by_key(|value| votes(value)).cloned().unwrap_or_default()
}
