#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use k8s_api::{Kind, UserInfo};
use k8s_api_client::{Client, ListOptions, PatchKind};
use k8s_api_server::ApiServer;
use k8s_ctrl::{Controllers, Running};
use k8s_env::Env;
use k8s_openapi::api::core::v1::{Event, Node, Pod};
use k8s_store::Memory;
use serde_json::{Value, json};

/// An API server with controllers, and an administrator who looks at it.
pub(crate) struct World {
    pub(crate) admin: Client,
    pub(crate) env: Env,
    _server: ApiServer,
    _running: Running,
}

impl World {
    pub(crate) async fn with(controllers: Controllers) -> Self {
        let env = Env::simulated(7);
        let server = ApiServer::builder(Arc::new(Memory::new()), env.clone()).start().await.unwrap();
        let admin = server.client_as(UserInfo::admin());
        let running = controllers.start(&admin, &env);
        Self { admin, env, _server: server, _running: running }
    }

    pub(crate) async fn all() -> Self {
        Self::with(k8s_ctrl_cluster::all("CERTIFICATE")).await
    }

    /// Lets this much time pass. A paused runtime gets there as soon as nothing is left to do.
    pub(crate) async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// Waits, at most five minutes, until `condition` finds something in an object.
    pub(crate) async fn until<K: Kind, T>(
        &self,
        namespace: &str,
        name: &str,
        condition: impl FnMut(Option<&Arc<K>>) -> Option<T>,
    ) -> T {
        let found = self.admin.until(&self.env, namespace, name, condition);
        tokio::time::timeout(Duration::from_secs(300), found).await.expect("it happens in time").unwrap()
    }

    pub(crate) async fn apply(&self, manifest: &str) {
        self.admin.apply(manifest).await.unwrap();
    }

    pub(crate) async fn list<K: Kind>(&self, namespace: &str) -> Vec<Arc<K>> {
        self.admin.namespaced::<K>(namespace).list(ListOptions::default()).await.unwrap().items
    }

    pub(crate) async fn exists<K: Kind>(&self, namespace: &str, name: &str) -> bool {
        self.admin.namespaced::<K>(namespace).find(name).await.unwrap().is_some()
    }

    /// A node that says it is ready.
    pub(crate) async fn node(&self, name: &str) {
        self.apply(&format!("{{apiVersion: v1, kind: Node, metadata: {{name: {name}}}}}")).await;
        self.heartbeat(name).await;
    }

    pub(crate) async fn heartbeat(&self, name: &str) {
        let now = k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(self.env.clock.now());
        let ready = json!({
            "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready",
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        });
        let patch = json!({ "status": { "conditions": [ready] } });
        self.admin.api::<Node>().patch_status(name, PatchKind::Strategic, &patch).await.unwrap();
    }

    /// A pod on a node that is ready at this address.
    pub(crate) async fn pod(&self, name: &str, app: &str, node: &str, ip: &str) {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": name, "namespace": "default", "labels": { "app": app } },
            "spec": { "nodeName": node, "containers": [{ "name": "c", "image": "i" }] },
        });
        self.admin.apply_value(pod).await.unwrap();
        self.set_ready(name, ip, true).await;
    }

    pub(crate) async fn set_ready(&self, pod: &str, ip: &str, ready: bool) {
        let status: Value = json!({ "status": {
            "phase": "Running", "podIP": ip, "podIPs": [{ "ip": ip }],
            "conditions": [{ "type": "Ready", "status": if ready { "True" } else { "False" } }],
        }});
        self.admin.namespaced::<Pod>("default").patch_status(pod, PatchKind::Strategic, &status).await.unwrap();
    }

    /// The events in a namespace as `reason: message`, in order of their names.
    pub(crate) async fn events(&self, namespace: &str) -> Vec<String> {
        let events = self.list::<Event>(namespace).await;
        let text = |event: &Event| {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            format!("{}: {}", part(&event.reason), part(&event.message))
        };
        events.iter().map(|event| text(event)).collect()
    }
}
