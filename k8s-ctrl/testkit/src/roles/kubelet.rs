use async_trait::async_trait;
use k8s_api::{Kind, Status};
use k8s_api_client::{Body, Client, DeleteOptions, PatchKind, WriteOptions};
use k8s_ctrl::pod;
use k8s_openapi::api::core::v1::{Binding, Node, ObjectReference, Pod};
use serde_json::{Value, json};

use super::Role;
use crate::World;

/// The scheduler and all kubelets in one: binds pods, runs them, and removes those that are to go.
///
/// A pod is bound to the node that its required node affinity names, or else to `n1`. A pod that has a fixed name has an
/// address that follows from it. Once a node is not heard any more (its `Ready` is `Unknown`), neither is its kubelet.
#[derive(Clone, Copy, Debug)]
pub struct Kubelet {
    ending: Option<&'static str>,
}

impl Kubelet {
    /// Pods run and are ready for ever.
    pub fn running() -> Self {
        Self { ending: None }
    }

    /// Pods succeed at once.
    pub fn succeeding() -> Self {
        Self { ending: Some("Succeeded") }
    }

    /// Pods fail at once.
    pub fn failing() -> Self {
        Self { ending: Some("Failed") }
    }

    async fn attend(&self, world: &World, pod: &Pod) -> Result<bool, Status> {
        let api = world.admin().namespaced::<Pod>(pod.namespace());
        if pod.metadata.deletion_timestamp.is_some() {
            if pod.metadata.deletion_grace_period_seconds == Some(0) {
                // It waits for somebody's finalizer.
                return Ok(false);
            }
            let now = DeleteOptions::default().grace(0);
            return api.delete(pod.name(), now).await.map(|_| true).or_else(absent);
        }
        if pod::is_terminal(pod) || (self.ending.is_none() && pod::is_ready(pod)) {
            return Ok(false);
        }
        if pod::node_name(pod).is_empty() {
            bind(world.admin(), pod).await?;
        }
        let patch = json!({ "status": self.status(pod, world) });
        api.patch_status(pod.name(), PatchKind::Strategic, &patch).await.map(|_| true).or_else(absent)
    }

    fn status(&self, pod: &Pod, world: &World) -> Value {
        let now = world.clock().now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let ready = if self.ending.is_some() { "False" } else { "True" };
        let mut status = json!({
            "phase": self.ending.unwrap_or("Running"),
            "conditions": [{ "type": "Ready", "status": ready, "lastTransitionTime": now }],
        });
        if let (true, Some(ip)) = (pod.metadata.generate_name.is_none(), address(pod.name())) {
            status["podIP"] = json!(ip);
            status["podIPs"] = json!([{ "ip": ip }]);
        }
        if let Some(ending) = self.ending {
            let code = i32::from(ending == "Failed");
            let names = pod.spec.iter().flat_map(|spec| &spec.containers).map(|container| &container.name);
            let ended = names.map(|name| {
                json!({
                    "name": name, "image": "", "imageID": "", "ready": false, "restartCount": 0,
                    "state": { "terminated": { "exitCode": code, "finishedAt": now } },
                })
            });
            status["containerStatuses"] = ended.collect();
        }
        status
    }
}

#[async_trait]
impl Role for Kubelet {
    async fn play(&self, world: &World) -> Result<bool, Status> {
        let mut busy = false;
        let nodes = world.all::<Node>().await?;
        let silent: Vec<&str> = nodes.iter().filter(|node| is_silent(node)).map(|node| node.name()).collect();
        for pod in world.all::<Pod>().await? {
            if silent.contains(&pod::node_name(&pod)) {
                continue;
            }
            busy |= self.attend(world, &pod).await?;
        }
        Ok(busy)
    }
}

fn is_silent(node: &Node) -> bool {
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "Unknown")
}

/// Somebody was faster: that is something, too.
fn absent(status: Status) -> Result<bool, Status> {
    if status.is_not_found() || status.is_conflict() { Ok(true) } else { Err(status) }
}

async fn bind(admin: &Client, pod: &Pod) -> Result<(), Status> {
    let mut binding = Binding::default();
    binding.metadata.name = Some(pod.name().to_owned());
    let name = Some(wanted_node(pod).unwrap_or("n1").to_owned());
    binding.target = ObjectReference { kind: Some("Node".to_owned()), name, ..ObjectReference::default() };
    let api = admin.dynamic(Pod::gvr(), pod.namespace());
    match api.post(pod.name(), "binding", Body::Object(Box::new(binding)), WriteOptions::default()).await {
        Err(status) if !status.is_conflict() && !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

/// The node that the pods of a daemon set name.
fn wanted_node(pod: &Pod) -> Option<&str> {
    let affinity = pod.spec.as_ref()?.affinity.as_ref()?.node_affinity.as_ref()?;
    let required = affinity.required_during_scheduling_ignored_during_execution.as_ref()?;
    let field = required.node_selector_terms.first()?.match_fields.as_ref()?.first()?;
    field.values.as_ref()?.first().map(String::as_str)
}

/// An address in 10.0.0.0/8 that follows from a name.
fn address(name: &str) -> Option<String> {
    let sum = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let [a, b, c, _] = sum.to_be_bytes();
    (!name.is_empty()).then(|| format!("10.{a}.{b}.{}", c.clamp(1, 254)))
}
