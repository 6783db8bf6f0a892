//! Deletes pods from nodes whose taints they do not tolerate, or not for ever.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/tainteviction`.

mod schedule;
mod tolerate;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api::{Kind, Status};
use k8s_api_client::events::{EventType, Source};
use k8s_api_client::informer::{Event, Reader};
use k8s_api_client::queue::Limits;
use k8s_api_client::{Client, DeleteOptions, ObjectKey, PatchKind, Queue, Recorder};
use k8s_ctrl::{Context, Controller, pod};
use k8s_env::{Env, Tasks};
use k8s_openapi::api::core::v1::{Node, ObjectReference, Pod, Taint, Toleration};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;
use tokio::time::Instant;

use crate::index::{self, BY_NODE};
use crate::node::taints;
use schedule::Schedule;
use tolerate::Patience;

/// How many pods are looked at or deleted at once. Upstream: `UpdateWorkerSize`.
const WORKERS: usize = 8;

/// How often a deletion is tried, and the pause between. Upstream: `retries`.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// Deletes pods from nodes whose taints they do not tolerate.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaintEviction;

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Item {
    Node(String),
    Pod(ObjectKey),
    /// A pod whose time may be up.
    Due(ObjectKey),
}

struct Evictor {
    client: Client,
    env: Env,
    recorder: Recorder,
    pods: Reader<Pod>,
    nodes: Reader<Node>,
    queue: Queue<Item>,
    schedule: Schedule,
}

#[async_trait]
impl Controller for TaintEviction {
    fn name(&self) -> &'static str {
        "taint-eviction-controller"
    }

    fn account(&self) -> &'static str {
        "node-controller"
    }

    async fn run(&self, ctx: Context) {
        let (pods, nodes) = (ctx.informers().get::<Pod>(), ctx.informers().get::<Node>());
        pods.add_index(BY_NODE, index::node_of);
        let queue = Queue::new(Limits::default());
        let evictor = Arc::new(Evictor {
            client: ctx.client().clone(),
            env: ctx.env().clone(),
            recorder: ctx.recorder().as_source(Source::component(self.name())),
            pods: pods.reader(),
            nodes: nodes.reader(),
            queue: queue.clone(),
            schedule: Schedule::default(),
        });
        if !(nodes.synced().await && pods.synced().await) {
            return;
        }
        let to_do = queue.clone();
        let _nodes = nodes.handle(move |events| to_do.extend(events.iter().filter_map(node_changed)));
        let watched = evictor.clone();
        let _pods = pods.handle(move |events| {
            watched.queue.extend(events.iter().filter_map(|event| watched.pod_changed(event)));
        });
        let tasks = Tasks::new();
        for _ in 1..WORKERS {
            tasks.spawn(evictor.clone().work());
        }
        evictor.work().await;
    }
}

fn evicts(taint: &Taint) -> bool {
    taint.effect == "NoExecute"
}

fn evicting(node: &Node) -> Vec<Taint> {
    taints(node).iter().filter(|taint| evicts(taint)).cloned().collect()
}

fn tolerations(pod: &Pod) -> &[Toleration] {
    pod.spec.as_ref().and_then(|spec| spec.tolerations.as_deref()).unwrap_or_default()
}

fn node_changed(event: &Event<Node>) -> Option<Item> {
    let before = event.previous().map(|node| evicting(node)).unwrap_or_default();
    let now = event.current().map(|node| evicting(node)).unwrap_or_default();
    (before != now).then(|| Item::Node(event.object().name().to_owned()))
}

impl Evictor {
    /// A pod that must be looked at: it is bound or tolerates anew, on a node with taints, or has gone before its time.
    fn pod_changed(&self, event: &Event<Pod>) -> Option<Item> {
        let pod = event.object();
        let key = || ObjectKey::of(&**pod);
        if matches!(event, Event::Deleted(_)) {
            return self.schedule.is_known_to_any().then(|| Item::Pod(key()));
        }
        let tolerations = |pod: &Pod| pod.spec.as_ref().and_then(|spec| spec.tolerations.clone());
        let same = event
            .previous()
            .is_some_and(|old| pod::node_name(old) == pod::node_name(pod) && tolerations(old) == tolerations(pod));
        let node = pod::node_name(pod);
        if same || node.is_empty() {
            return None;
        }
        let tainted = self.nodes.get("", node).is_some_and(|node| taints(&node).iter().any(evicts));
        (tainted || self.schedule.is_known_to_any()).then(|| Item::Pod(key()))
    }

    async fn work(self: Arc<Self>) {
        while let Some(item) = self.queue.take().await {
            match &*item {
                Item::Node(name) => self.look_at_node(name),
                Item::Pod(key) => self.look_at_pod(key),
                Item::Due(key) => match self.schedule.fire(key) {
                    schedule::Due::Now => self.evict(key).await,
                    schedule::Due::Later(left) => self.queue.add_after(item.clone(), left),
                    schedule::Due::Never => {}
                },
            }
        }
    }

    fn look_at_node(&self, name: &str) {
        let Some(node) = self.nodes.get("", name) else { return };
        let taints = evicting(&node);
        for pod in self.pods.by_index(BY_NODE, name) {
            self.weigh(&pod, &taints);
        }
    }

    fn look_at_pod(&self, key: &ObjectKey) {
        let Some(pod) = self.pods.find(key) else { return self.cancel(key) };
        let Some(node) = self.nodes.get("", pod::node_name(&pod)) else { return };
        let taints = evicting(&node);
        if !taints.is_empty() {
            self.weigh(&pod, &taints);
        }
    }

    /// Plans, keeps or cancels the eviction of a pod.
    fn weigh(&self, pod: &Pod, taints: &[Taint]) {
        let key = ObjectKey::of(pod);
        match tolerate::patience(taints, tolerations(pod)) {
            Patience::None => {
                self.cancel(&key);
                if self.schedule.plan(&key, Instant::now(), Duration::ZERO) {
                    self.queue.add(Item::Due(key));
                }
            }
            Patience::Endless => self.cancel(&key),
            Patience::For(time) => {
                let now = Instant::now();
                let planned = self.schedule.planned_at(&key);
                if planned.is_some_and(|since| since + time < now + time) {
                    return;
                }
                if planned.is_some() {
                    self.cancel(&key);
                }
                if self.schedule.plan(&key, planned.unwrap_or(now), time) {
                    self.queue.add_after(Item::Due(key), time);
                }
            }
        }
    }

    fn cancel(&self, key: &ObjectKey) {
        if self.schedule.cancel(key) {
            self.tell(key, format!("Cancelling deletion of Pod {key}"));
        }
    }

    fn tell(&self, key: &ObjectKey, message: String) {
        let pod = ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Pod".to_owned()),
            namespace: Some(key.namespace().to_owned()),
            name: Some(key.name().to_owned()),
            ..ObjectReference::default()
        };
        self.recorder.event_for(pod, EventType::Normal, "TaintManagerEviction", message);
    }

    async fn evict(&self, key: &ObjectKey) {
        self.tell(key, format!("Marking for deletion Pod {key}"));
        let again = Item::Due(key.clone());
        for _ in 0..TRIES {
            match self.try_evict(key).await {
                Ok(()) => return self.queue.forget(&again),
                Err(status) if status.is_not_found() => {
                    self.schedule.cancel(key);
                    return self.queue.forget(&again);
                }
                Err(status) => tracing::debug!(pod = %key, %status, "failed to evict"),
            }
            tokio::time::sleep(PAUSE).await;
        }
        // Upstream gives up here, and the pod stays until it or its node changes. A plan can still be cancelled.
        tracing::warn!(pod = %key, "failed to evict, trying again later");
        self.schedule.cancel(key);
        if self.schedule.plan(key, Instant::now(), Duration::ZERO) {
            self.queue.add_rate_limited(again);
        }
    }

    async fn try_evict(&self, key: &ObjectKey) -> Result<(), Status> {
        let api = self.client.namespaced::<Pod>(key.namespace());
        let pod = api.get(key.name()).await?;
        let so_already = pod::condition(&pod, "DisruptionTarget").is_some_and(|condition| {
            condition.status == "True" && condition.reason.as_deref() == Some("DeletionByTaintManager")
        });
        if !so_already {
            let condition = json!({
                "type": "DisruptionTarget",
                "status": "True",
                "observedGeneration": pod.metadata.generation,
                "reason": "DeletionByTaintManager",
                "message": "Taint manager: deleting due to NoExecute taint",
                "lastTransitionTime": Time(self.env.clock.now()),
            });
            let patch = json!({ "metadata": { "uid": pod.uid() }, "status": { "conditions": [condition] } });
            api.patch_status(key.name(), PatchKind::Strategic, &patch).await?;
        }
        api.delete(key.name(), DeleteOptions::default()).await.map(drop)
    }
}
