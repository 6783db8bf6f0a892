#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use k8s_api::{Kind, UserInfo};
use k8s_api_client::{Body, Client, DeleteOptions, ListOptions, PatchKind, WriteOptions};
use k8s_api_server::ApiServer;
use k8s_ctrl::Running;
use k8s_env::Env;
use k8s_openapi::api::core::v1::{Binding, Event, Namespace, Pod};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A server with the controllers at work, and somebody who may do everything.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) env: Env,
    _server: ApiServer,
    _running: Running,
}

/// An object as its JSON says.
pub(crate) fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

impl World {
    pub(crate) async fn start() -> Self {
        let env = Env::simulated(7);
        let server = ApiServer::builder(Arc::new(k8s_store::Memory::new()), env.clone()).start().await.unwrap();
        let client = server.client_as(UserInfo::admin());
        let mut namespace = Namespace::default();
        namespace.metadata.name = Some("shop".to_owned());
        client.api::<Namespace>().create(namespace).await.unwrap();
        // Pods need the account that the controllers of the cluster would make.
        let account =
            object::<k8s_openapi::api::core::v1::ServiceAccount>(json!({ "metadata": { "name": "default" } }));
        client.namespaced("shop").create(account).await.unwrap();
        let running = k8s_ctrl_workloads::controllers().start(&client, &env);
        let world = Self { client, env, _server: server, _running: running };
        world.settle().await;
        world
    }

    /// Lets everything happen that is due within a second: the clock stands still as long as anybody can work.
    pub(crate) async fn settle(&self) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    pub(crate) async fn create<K: Kind>(&self, value: Value) -> Arc<K> {
        let made = self.client.namespaced::<K>("shop").create(object(value)).await.unwrap();
        self.settle().await;
        made
    }

    pub(crate) async fn patch<K: Kind>(&self, name: &str, patch: Value) {
        self.client.namespaced::<K>("shop").patch(name, PatchKind::Merge, &patch).await.unwrap();
        self.settle().await;
    }

    pub(crate) async fn get<K: Kind>(&self, name: &str) -> Arc<K> {
        self.client.namespaced::<K>("shop").get(name).await.unwrap()
    }

    pub(crate) async fn list<K: Kind>(&self) -> Vec<Arc<K>> {
        self.client.namespaced::<K>("shop").list(ListOptions::default()).await.unwrap().items
    }

    pub(crate) async fn pods(&self) -> Vec<Arc<Pod>> {
        self.list().await
    }

    /// As kubelets do: says that these pods run and are ready, or not.
    pub(crate) async fn ready(&self, pods: &[Arc<Pod>], ready: bool) {
        let since = self.env.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let condition = json!({
            "type": "Ready", "status": if ready { "True" } else { "False" }, "lastTransitionTime": since,
        });
        for pod in pods {
            if k8s_ctrl::pod::node_name(pod).is_empty() {
                self.bind(pod.name()).await;
            }
            let status = json!({ "status": { "phase": "Running", "conditions": [condition] } });
            self.client.namespaced::<Pod>("shop").patch_status(pod.name(), PatchKind::Merge, &status).await.unwrap();
        }
    }

    /// As the scheduler does: puts a pod on a node, from where on it takes its time to go.
    pub(crate) async fn bind(&self, pod: &str) {
        let spec = json!(self.get::<Pod>(pod).await.spec);
        let required = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        let field = &required["nodeSelectorTerms"][0]["matchFields"][0]["values"][0];
        let node = field.as_str().unwrap_or("n1");
        let binding = json!({ "metadata": { "name": pod }, "target": { "kind": "Node", "name": node } });
        let body = Body::Object(Box::new(object::<Binding>(binding)));
        let api = self.client.dynamic(Pod::gvr(), "shop");
        api.post(pod, "binding", body, WriteOptions::default()).await.unwrap();
    }

    /// Says of every pod that is to run that it is ready, until nothing changes any more.
    pub(crate) async fn all_ready(&self) {
        loop {
            let pods = self.pods().await;
            let gone: Vec<_> = pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_some()).cloned().collect();
            let is_fresh = |pod: &Arc<Pod>| k8s_ctrl::pod::is_active(pod) && !k8s_ctrl::pod::is_ready(pod);
            let fresh: Vec<_> = pods.into_iter().filter(is_fresh).collect();
            if fresh.is_empty() && gone.is_empty() {
                return;
            }
            self.gone(&gone).await;
            self.ready(&fresh, true).await;
            self.settle().await;
        }
    }

    /// As kubelets do: says that these pods are gone.
    pub(crate) async fn gone(&self, pods: &[Arc<Pod>]) {
        let now = DeleteOptions::default().grace(0);
        for pod in pods {
            self.client.namespaced::<Pod>("shop").delete(pod.name(), now.clone()).await.unwrap();
        }
    }

    /// As a kubelet does: says that a pod has ended.
    pub(crate) async fn end(&self, pod: &str, status: Value) {
        let status = json!({ "status": status });
        self.client.namespaced::<Pod>("shop").patch_status(pod, PatchKind::Merge, &status).await.unwrap();
        self.settle().await;
    }

    /// The events about an object, in order of their first time, as `TYPE REASON COUNT MESSAGE`, random names masked.
    pub(crate) async fn events(&self, kind: &str, name: &str) -> String {
        let mut events = self.list::<Event>().await;
        events.retain(|event| {
            event.involved_object.kind.as_deref() == Some(kind) && event.involved_object.name.as_deref() == Some(name)
        });
        events.sort_by_key(|event| event.metadata.resource_version.as_ref().map(|text| text.parse::<u64>().unwrap()));
        let mut text = String::new();
        for event in events {
            let word = |text: &Option<String>| text.clone().unwrap_or_default();
            writeln!(text, "{} {} {}", word(&event.type_), word(&event.reason), word(&event.message)).unwrap();
        }
        text
    }
}
