//! Watches over nodes: says when one has fallen silent, taints it, and says of its pods that they are not ready.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/nodelifecycle`. It looks at all nodes every five seconds; this looks at
//! a node when it or its lease has changed and when its time is up.

mod health;
mod mark;
mod zones;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api::{Kind, Status};
use k8s_api_client::events::{EventType, Source};
use k8s_api_client::informer::{Event, Reader, Selection};
use k8s_api_client::queue::Limits;
use k8s_api_client::{Client, ObjectKey, Queue, Recorder};
use k8s_ctrl::{Context, Controller, pod};
use k8s_env::Env;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, ObjectReference, Pod};

use crate::index::{self, BY_NODE};
use crate::node::{NOT_READY, UNREACHABLE, condition, has_taint, taints};
use health::{Health, Leases};
use zones::Zones;

/// Watches over nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeLifecycle {
    /// How long a node may be silent; 50 s.
    pub monitor_grace_period: Duration,
    /// How long a new node may take to speak first; 60 s.
    pub startup_grace_period: Duration,
    /// How many nodes a second are tainted in a zone that is mostly well; 0.1.
    pub eviction_rate: f64,
    /// The same in a large zone that is mostly ill; 0.01.
    pub secondary_eviction_rate: f64,
    /// From how many nodes on a zone is large; 50.
    pub large_zone: usize,
    /// What share of nodes makes a zone mostly ill; 0.55.
    pub unhealthy_share: f64,
}

impl Default for NodeLifecycle {
    fn default() -> Self {
        Self {
            monitor_grace_period: Duration::from_secs(50),
            startup_grace_period: Duration::from_secs(60),
            eviction_rate: 0.1,
            secondary_eviction_rate: 0.01,
            large_zone: 50,
            unhealthy_share: 0.55,
        }
    }
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Item {
    Node(String),
    /// A pod that came to a node which may not be ready.
    Pod(ObjectKey),
    /// A zone in which nodes wait for their taint.
    Zone(String),
}

struct Monitor {
    settings: NodeLifecycle,
    client: Client,
    env: Env,
    recorder: Recorder,
    nodes: Reader<Node>,
    pods: Reader<Pod>,
    leases: Arc<Leases>,
    queue: Queue<Item>,
    known: BTreeMap<String, Known>,
    zones: Zones,
}

/// What is remembered of a node.
struct Known {
    uid: String,
    health: Health,
    /// The zone it counts in; `None` when it is left out of the count.
    zone: Option<String>,
    ready: bool,
    /// The taint against running there that its readiness asks for, and the one that this replaces.
    eviction: Option<(&'static str, &'static str)>,
    /// Its pods could not all be marked.
    pods_unmarked: bool,
}

#[async_trait]
impl Controller for NodeLifecycle {
    fn name(&self) -> &'static str {
        "node-lifecycle-controller"
    }

    fn account(&self) -> &'static str {
        "node-controller"
    }

    async fn run(&self, ctx: Context) {
        let informers = ctx.informers();
        let (nodes, pods) = (informers.get::<Node>(), informers.get::<Pod>());
        let leases = informers.select::<Lease>(Selection::namespace("kube-node-lease"));
        pods.add_index(BY_NODE, index::node_of);
        let queue = Queue::new(Limits::default());
        let observed = Arc::new(Leases::new(ctx.env().clock));
        let seen = observed.clone();
        let _leases = leases.handle(move |events| events.iter().for_each(|event| seen.observe(event)));
        if !(leases.synced().await && nodes.synced().await) {
            return;
        }
        let to_do = queue.clone();
        let _nodes = nodes.handle(move |events| {
            to_do.extend(events.iter().map(|event| Item::Node(event.object().name().to_owned())));
        });
        let (to_do, reader) = (queue.clone(), nodes.reader());
        let _pods = pods.handle(move |events| {
            to_do.extend(events.iter().filter_map(|event| came_to_ill_node(event, &reader)).map(Item::Pod));
        });
        if !pods.synced().await {
            return;
        }
        let monitor = Monitor {
            settings: self.clone(),
            client: ctx.client().clone(),
            env: ctx.env().clone(),
            recorder: ctx.recorder().as_source(Source::component("node-controller")),
            nodes: nodes.reader(),
            pods: pods.reader(),
            leases: observed,
            queue,
            known: BTreeMap::new(),
            zones: Zones::default(),
        };
        monitor.run().await;
    }
}

/// A pod that was bound to a node which is not ready.
fn came_to_ill_node(event: &Event<Pod>, nodes: &Reader<Node>) -> Option<ObjectKey> {
    let pod = event.current()?;
    let name = pod::node_name(pod);
    if name.is_empty() || event.previous().is_some_and(|old| pod::node_name(old) == name) {
        return None;
    }
    let ill = nodes.get("", name).is_some_and(|node| condition(&node, "Ready").is_some_and(|c| c.status != "True"));
    ill.then(|| ObjectKey::of(&**pod))
}

impl Monitor {
    async fn run(mut self) {
        let queue = self.queue.clone();
        while let Some(item) = queue.take().await {
            let outcome = match &*item {
                Item::Node(name) => self.look_at(name).await,
                Item::Pod(key) => self.look_at_pod(key).await,
                Item::Zone(zone) => self.taint_next(zone).await,
            };
            match outcome {
                Ok(()) => queue.forget(&item),
                Err(status) => {
                    tracing::warn!(item = ?*item, %status, "failed");
                    queue.add_rate_limited(item.clone());
                }
            }
        }
    }

    async fn look_at(&mut self, name: &str) -> Result<(), Status> {
        let Some(node) = self.nodes.get("", name) else {
            self.forget(name);
            return self.weigh_zones().await;
        };
        if self.known.get(name).is_some_and(|known| known.uid != node.uid()) {
            self.forget(name);
        }
        if !self.known.contains_key(name) {
            self.meet(&node);
            mark::reachable(&self.client, &node).await?;
        }
        let Some(known) = self.known.get_mut(name) else { return Ok(()) };
        let was_ready = condition(&node, "Ready").map(|ready| ready.status.clone());
        known.health.observe(&node, self.leases.of(name), self.env.clock.now());
        let grace =
            if was_ready.is_some() { self.settings.monitor_grace_period } else { self.settings.startup_grace_period };
        let left = known.health.time_left(grace, self.env.clock.now());
        let node = match left {
            None => mark::silent(&self.client, &self.env, &node).await?.unwrap_or(node),
            Some(left) => {
                self.queue.add_after(Item::Node(name.to_owned()), left + Duration::from_millis(1));
                node
            }
        };
        let ready = condition(&node, "Ready").map(|ready| ready.status.clone());
        self.count(&node, ready.as_deref() == Some("True"));
        mark::conditions_as_taints(&self.client, &self.env, &node).await?;
        mark::labels(&self.client, &node).await?;
        if let Some(ready) = ready {
            self.follow_readiness(&node, &ready, was_ready.as_deref()).await?;
        }
        self.weigh_zones().await
    }

    /// Taints, events and pods after the readiness of a node.
    async fn follow_readiness(&mut self, node: &Node, ready: &str, was: Option<&str>) -> Result<(), Status> {
        let zone = zones::zone_of(node);
        let (taint, opposite) = if ready == "False" { (NOT_READY, UNREACHABLE) } else { (UNREACHABLE, NOT_READY) };
        if let Some(known) = self.known.get_mut(node.name()) {
            known.eviction = (ready != "True").then_some((taint, opposite));
        }
        if ready == "True" {
            self.zones.unqueue(&zone, node.name());
            mark::reachable(&self.client, node).await?;
        } else if has_taint(node, opposite, "NoExecute") {
            mark::swap(&self.client, &self.env, node, taint, opposite).await?;
        } else if !has_taint(node, taint, "NoExecute") {
            self.zones.queue(&zone, node.name());
            self.queue.add(Item::Zone(zone));
        }
        let turned = ready != "True" && was == Some("True");
        if turned {
            let message = format!("Node {} status is now: NodeNotReady", node.name());
            self.recorder.event_for(reference(node.name(), node.uid()), EventType::Normal, "NodeNotReady", message);
        }
        let Some(known) = self.known.get_mut(node.name()) else { return Ok(()) };
        if turned || (known.pods_unmarked && ready != "True") {
            known.pods_unmarked = true;
            for pod in self.pods.by_index(BY_NODE, node.name()) {
                mark::pod_not_ready(&self.client, &self.env, &self.recorder, &pod).await?;
            }
        }
        known.pods_unmarked = false;
        Ok(())
    }

    async fn look_at_pod(&self, key: &ObjectKey) -> Result<(), Status> {
        let Some(pod) = self.pods.find(key) else { return Ok(()) };
        let node = self.nodes.get("", pod::node_name(&pod));
        let ready = node.as_ref().and_then(|node| condition(node, "Ready"));
        if ready.is_some_and(|ready| ready.status != "True") {
            mark::pod_not_ready(&self.client, &self.env, &self.recorder, &pod).await?;
        }
        Ok(())
    }

    /// Taints the next node of a zone, as fast as the zone's state allows.
    async fn taint_next(&mut self, zone: &str) -> Result<(), Status> {
        loop {
            let name = match self.zones.next(zone) {
                zones::Next::Node(name) => name,
                zones::Next::Wait(pause) => {
                    self.queue.add_after(Item::Zone(zone.to_owned()), pause);
                    return Ok(());
                }
                zones::Next::Nothing => return Ok(()),
            };
            let Some(node) = self.nodes.get("", &name) else { continue };
            // What was seen last, which may be our own write: the informer may not have it yet.
            let seen = self.known.get(&name).and_then(|known| known.eviction);
            let Some((taint, opposite)) = seen else { continue };
            if let Err(status) = mark::swap(&self.client, &self.env, &node, taint, opposite).await {
                self.zones.queue(zone, &name);
                return Err(status);
            }
        }
    }

    fn meet(&mut self, node: &Node) {
        let name = node.name();
        let message = format!("Node {name} event: Registered Node {name} in Controller");
        self.recorder.event_for(reference(name, node.uid()), EventType::Normal, "RegisteredNode", message);
        let known = Known {
            uid: node.uid().to_owned(),
            health: Health::new(node, self.env.clock.now()),
            zone: None,
            ready: false,
            eviction: None,
            pods_unmarked: false,
        };
        self.known.insert(name.to_owned(), known);
    }

    fn forget(&mut self, name: &str) {
        let Some(known) = self.known.remove(name) else { return };
        let message = format!("Node {name} event: Removing Node {name} from Controller");
        self.recorder.event_for(reference(name, &known.uid), EventType::Normal, "RemovingNode", message);
        self.leases.forget(name);
        if let Some(zone) = known.zone {
            self.zones.leave(&zone, known.ready);
            self.zones.unqueue(&zone, name);
        }
    }

    /// Counts the node in its zone.
    fn count(&mut self, node: &Node, ready: bool) {
        let Some(known) = self.known.get_mut(node.name()) else { return };
        let labels = node.metadata.labels.as_ref();
        let excluded = labels.is_some_and(|labels| labels.contains_key("node.kubernetes.io/exclude-disruption"));
        let zone = (!excluded).then(|| zones::zone_of(node));
        if known.zone == zone && known.ready == ready {
            return;
        }
        if let Some(old) = &known.zone {
            self.zones.leave(old, known.ready);
        }
        if let Some(new) = &zone {
            self.zones.enter(new, ready);
        }
        (known.zone, known.ready) = (zone, ready);
    }

    /// Adapts to how many nodes are ill: when all are, the fault is more likely ours than theirs.
    async fn weigh_zones(&mut self) -> Result<(), Status> {
        match self.zones.weigh(&self.settings) {
            zones::Turn::None => Ok(()),
            zones::Turn::AllIll => {
                for node in self.nodes.list() {
                    mark::reachable(&self.client, &node).await?;
                }
                Ok(())
            }
            zones::Turn::SomeWell => {
                let now = self.env.clock.now();
                for (name, known) in &mut self.known {
                    known.health.restart(now);
                    self.queue.add(Item::Node(name.clone()));
                }
                Ok(())
            }
        }
    }
}

fn reference(name: &str, uid: &str) -> ObjectReference {
    ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Node".to_owned()),
        name: Some(name.to_owned()),
        uid: Some(uid.to_owned()),
        ..ObjectReference::default()
    }
}
