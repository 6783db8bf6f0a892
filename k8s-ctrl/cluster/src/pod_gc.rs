//! Removes pods that nobody else will: on nodes that are gone, being deleted without a node, ended long ago.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/podgc`. It looks at all pods every 20 seconds; this looks at a pod or a
//! node when something about it has changed, after the same 20 seconds.

use std::time::Duration;

use async_trait::async_trait;
use k8s_api::{Kind, Status};
use k8s_api_client::informer::{Event, Reader};
use k8s_api_client::queue::Limits;
use k8s_api_client::{Client, DeleteOptions, ObjectKey, PatchKind, Queue};
use k8s_ctrl::{Context, Controller, pod};
use k8s_env::Env;
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use crate::index::{self, BY_NODE};
use crate::node;

/// How long pods wait to be looked at. Upstream: `gcCheckPeriod`.
const PERIOD: Duration = Duration::from_secs(20);

/// How long a node may be missing before its pods go. Upstream: `quarantineTime`.
const QUARANTINE: Duration = Duration::from_secs(40);

/// The taint by which an administrator says that a node will not come back.
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

const TERMINATED: &str = "k8s-ctrl/terminated";

/// Removes pods that nobody else will.
#[derive(Clone, Copy, Debug)]
pub struct PodGarbageCollector {
    terminated_threshold: usize,
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Item {
    /// A node that may be gone, or out of service.
    Node(String),
    /// A pod that is being deleted.
    Pod(ObjectKey),
    /// The number of pods that have ended.
    Terminated,
}

#[derive(Clone)]
struct Collector {
    client: Client,
    env: Env,
    pods: Reader<Pod>,
    nodes: Reader<Node>,
    queue: Queue<Item>,
    threshold: usize,
}

impl Default for PodGarbageCollector {
    fn default() -> Self {
        Self { terminated_threshold: 12_500 }
    }
}

impl PodGarbageCollector {
    /// Keeps at most this many pods that have ended; 0 keeps all. Upstream's default is 12,500.
    pub fn terminated_threshold(n: usize) -> Self {
        Self { terminated_threshold: n }
    }
}

#[async_trait]
impl Controller for PodGarbageCollector {
    fn name(&self) -> &'static str {
        "pod-garbage-collector-controller"
    }

    fn account(&self) -> &'static str {
        "pod-garbage-collector"
    }

    async fn run(&self, ctx: Context) {
        let pods = ctx.informers().get::<Pod>();
        let nodes = ctx.informers().get::<Node>();
        pods.add_index(BY_NODE, index::node_of);
        pods.add_index(TERMINATED, |pod| is_terminated(pod).then(String::new).into_iter().collect());
        let queue = Queue::new(Limits::default());
        let collector = Collector {
            client: ctx.client().clone(),
            env: ctx.env().clone(),
            pods: pods.reader(),
            nodes: nodes.reader(),
            queue: queue.clone(),
            threshold: self.terminated_threshold,
        };
        if !nodes.synced().await {
            return;
        }
        let watched = collector.clone();
        let _pods = pods.handle(move |events| events.iter().for_each(|event| watched.pod_changed(event)));
        let watched = collector.clone();
        let _nodes = nodes.handle(move |events| events.iter().for_each(|event| watched.node_changed(event)));
        if !pods.synced().await {
            return;
        }
        while let Some(item) = queue.take().await {
            match collector.look_at(&item).await {
                Ok(()) => queue.forget(&item),
                Err(status) => {
                    tracing::warn!(item = ?*item, %status, "failed to collect");
                    queue.add_rate_limited(item.clone());
                }
            }
        }
    }
}

impl Collector {
    fn pod_changed(&self, event: &Event<Pod>) {
        let Some(pod) = event.current() else { return };
        let node = pod::node_name(pod);
        if pod.metadata.deletion_timestamp.is_some() {
            let out_of_service = !node.is_empty() && self.nodes.get("", node).is_some_and(|n| is_out_of_service(&n));
            if node.is_empty() || out_of_service {
                self.queue.add_after(Item::Pod(ObjectKey::of(&**pod)), PERIOD);
            }
        }
        let was_on_node = event.previous().is_some_and(|old| pod::node_name(old) == node);
        if !node.is_empty() && !was_on_node && self.nodes.get("", node).is_none() {
            self.queue.add_after(Item::Node(node.to_owned()), QUARANTINE);
        }
        let was_terminated = event.previous().is_some_and(|old| is_terminated(old));
        if self.threshold > 0 && !was_terminated && is_terminated(pod) {
            self.queue.add_after(Item::Terminated, PERIOD);
        }
    }

    fn node_changed(&self, event: &Event<Node>) {
        let name = event.object().name();
        match event.current() {
            None => self.queue.add_after(Item::Node(name.to_owned()), QUARANTINE),
            Some(node) if is_out_of_service(node) => self.queue.add_after(Item::Node(name.to_owned()), PERIOD),
            Some(_) => {}
        }
    }

    async fn look_at(&self, item: &Item) -> Result<(), Status> {
        match item {
            Item::Pod(key) => match self.pods.find(key) {
                Some(pod) => self.delete_if_stuck(&pod).await,
                None => Ok(()),
            },
            Item::Node(name) => match self.nodes.get("", name) {
                Some(node) if is_out_of_service(&node) => {
                    for pod in self.pods.by_index(BY_NODE, name) {
                        self.delete_if_stuck(&pod).await?;
                    }
                    Ok(())
                }
                Some(_) => Ok(()),
                None => self.delete_orphans(name).await,
            },
            Item::Terminated => self.delete_terminated().await,
        }
    }

    /// Deletes a pod that is being deleted and whose node will never confirm it.
    async fn delete_if_stuck(&self, pod: &Pod) -> Result<(), Status> {
        let node = pod::node_name(pod);
        let nobody_confirms = node.is_empty() || self.nodes.get("", node).is_some_and(|n| is_out_of_service(&n));
        if pod.metadata.deletion_timestamp.is_none() || !nobody_confirms {
            return Ok(());
        }
        self.fail_and_delete(pod, None).await
    }

    async fn delete_orphans(&self, node: &str) -> Result<(), Status> {
        let orphans = self.pods.by_index(BY_NODE, node);
        if orphans.is_empty() || self.client.api::<Node>().find(node).await?.is_some() {
            return Ok(());
        }
        for pod in orphans {
            let condition = json!({
                "type": "DisruptionTarget",
                "status": "True",
                "reason": "DeletionByPodGC",
                "message": "PodGC: node no longer exists",
            });
            self.fail_and_delete(&pod, Some(condition)).await?;
        }
        Ok(())
    }

    async fn delete_terminated(&self) -> Result<(), Status> {
        let n_over = self.pods.count_index(TERMINATED, "").saturating_sub(self.threshold);
        if n_over == 0 {
            return Ok(());
        }
        let mut pods = self.pods.by_index(TERMINATED, "");
        pods.sort_by_key(|pod| {
            let created = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
            (!is_evicted(pod), created, pod.name().to_owned())
        });
        for pod in pods.iter().take(n_over) {
            self.fail_and_delete(pod, None).await?;
        }
        Ok(())
    }

    async fn fail_and_delete(&self, pod: &Pod, condition: Option<Value>) -> Result<(), Status> {
        let api = self.client.namespaced::<Pod>(pod.namespace());
        if !pod::is_terminal(pod) {
            let mut status = json!({ "phase": "Failed", "observedGeneration": pod.metadata.generation });
            if let Some(mut condition) = condition {
                condition["lastTransitionTime"] = json!(Time(self.env.clock.now()));
                condition["observedGeneration"] = json!(pod.metadata.generation);
                status["conditions"] = json!([condition]);
            }
            let patch = json!({ "metadata": { "uid": pod.uid() }, "status": status });
            match api.patch_status(pod.name(), PatchKind::Strategic, &patch).await {
                Err(status) if status.is_not_found() => return Ok(()),
                outcome => outcome.map(drop)?,
            }
        }
        match api.delete(pod.name(), DeleteOptions::default().grace(0)).await {
            Err(status) if !status.is_not_found() => Err(status),
            _ => Ok(()),
        }
    }
}

fn is_terminated(pod: &Pod) -> bool {
    !matches!(pod::phase(pod), "" | "Pending" | "Running" | "Unknown")
}

fn is_evicted(pod: &Pod) -> bool {
    let reason = pod.status.as_ref().and_then(|status| status.reason.as_deref());
    pod::phase(pod) == "Failed" && reason == Some("Evicted")
}

fn is_out_of_service(node: &Node) -> bool {
    node::taints(node).iter().any(|taint| taint.key == OUT_OF_SERVICE) && !node::is_ready(node)
}
