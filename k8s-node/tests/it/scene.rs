//! One API server, one hollow node, and what tests ask of them.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use k8s_api::{Kind, UserInfo};
use k8s_api_client::{Client, ListOptions, NodeRegistry};
use k8s_api_testkit::TestServer;
use k8s_cni::memory::Fabric;
use k8s_node::{HollowMachine, HollowNode, Node};
use k8s_openapi::api::core::v1::{ConfigMap, Event, Pod, PodStatus, ServiceAccount};
use serde_json::{Value, json};

pub(crate) struct Scene {
    pub(crate) api: TestServer,
    pub(crate) client: Client,
    pub(crate) registry: NodeRegistry,
    pub(crate) machine: HollowMachine,
    pub(crate) node: Option<Node>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(|node| node).await
    }

    pub(crate) async fn with(change: impl FnOnce(HollowNode) -> HollowNode) -> Self {
        let registry = NodeRegistry::new();
        let nodes = registry.clone();
        let env = k8s_env::Env::simulated(1);
        let api = TestServer::built(env.clone(), |server| server.nodes(nodes).address("192.0.2.10:6443")).await;
        let client = api.client();
        let account = serde_json::from_value::<ServiceAccount>(json!({ "metadata": { "name": "default" } })).unwrap();
        client.namespaced::<ServiceAccount>("default").create(account).await.unwrap();
        let root = json!({ "metadata": { "name": "kube-root-ca.crt" }, "data": { "ca.crt": "-----BEGIN" } });
        client.namespaced::<ConfigMap>("default").create(serde_json::from_value(root).unwrap()).await.unwrap();
        let hollow = change(HollowNode::new("n1").cpu(4).memory("8Gi").pod_cidr("10.244.1.0/24"));
        let identity = api.client_as(UserInfo::node("n1"));
        let (node, machine) = hollow.start(identity, env, &Fabric::new(), &registry).await.unwrap();
        Self { api, client, registry, machine, node: Some(node) }
    }

    /// Makes a pod on the node: one container `c` with the fields of `container`, in a pod with those of `spec`.
    pub(crate) async fn pod(&self, name: &str, container: Value, spec: Value) -> Arc<Pod> {
        let mut whole = json!({ "name": "c", "image": "web:1" });
        merge(&mut whole, container);
        let mut all = json!({ "nodeName": "n1", "containers": [whole] });
        merge(&mut all, spec);
        let pod = json!({ "metadata": { "name": name, "namespace": "default" }, "spec": all });
        self.client.namespaced::<Pod>("default").create(serde_json::from_value(pod).unwrap()).await.unwrap()
    }

    /// As [`Scene::pod`], of a job and to be tried once.
    pub(crate) async fn job_pod(&self, name: &str, container: Value) {
        let mut whole = json!({ "name": "c", "image": "web:1" });
        merge(&mut whole, container);
        let owner = json!({ "apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": "u", "controller": true });
        self.create::<Pod>(json!({
            "metadata": { "name": name, "namespace": "default", "ownerReferences": [owner] },
            "spec": { "nodeName": "n1", "restartPolicy": "Never", "containers": [whole] }
        }))
        .await;
    }

    pub(crate) async fn create<K: Kind>(&self, object: Value) -> Arc<K> {
        self.client.namespaced::<K>("default").create(serde_json::from_value(object).unwrap()).await.unwrap()
    }

    pub(crate) async fn get(&self, name: &str) -> Option<Arc<Pod>> {
        self.client.namespaced::<Pod>("default").find(name).await.unwrap()
    }

    pub(crate) async fn status(&self, name: &str) -> PodStatus {
        self.get(name).await.unwrap().status.clone().unwrap_or_default()
    }

    /// Waits so long, in simulated time.
    pub(crate) async fn after(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    }

    /// What was told about an object, as `Reason: message`, in the order of their names.
    pub(crate) async fn events(&self, about: &str) -> Vec<String> {
        let all = self.client.api::<Event>().list(ListOptions::default()).await.unwrap();
        let mut told: Vec<_> = all
            .items
            .iter()
            .filter(|event| event.involved_object.name.as_deref() == Some(about))
            .map(|event| {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                (event.first_timestamp.clone().map(|time| time.0), text(&event.reason), text(&event.message))
            })
            .collect();
        told.sort();
        told.into_iter().map(|(_, reason, message)| format!("{reason}: {message}")).collect()
    }

    pub(crate) async fn reasons(&self, about: &str) -> Vec<String> {
        let events = self.events(about).await;
        events.iter().map(|event| event.split(':').next().unwrap_or_default().to_owned()).collect()
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// The statuses of all conditions, as `Ready=True`.
pub(crate) fn conditions(status: &PodStatus) -> Vec<String> {
    let all = status.conditions.iter().flatten();
    all.map(|c| {
        let reason = c.reason.as_ref().map(|reason| format!("({reason})")).unwrap_or_default();
        format!("{}={}{reason}", c.type_, c.status)
    })
    .collect()
}

/// Where a container is, as `running`, `waiting: CrashLoopBackOff` or `terminated: 1 Error`.
pub(crate) fn state(status: &PodStatus, name: &str) -> String {
    let init = status.init_container_statuses.iter().flatten();
    let all = status.container_statuses.iter().flatten().chain(init);
    let found = all.into_iter().find(|container| container.name == name);
    let Some(state) = found.and_then(|container| container.state.clone()) else { return "none".to_owned() };
    match (state.running, state.waiting, state.terminated) {
        (Some(_), ..) => "running".to_owned(),
        (_, Some(waiting), _) => format!("waiting: {}", waiting.reason.unwrap_or_default()),
        (.., Some(ended)) => format!("terminated: {} {}", ended.exit_code, ended.reason.unwrap_or_default()),
        _ => "nothing".to_owned(),
    }
}
