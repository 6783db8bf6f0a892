//! Deletes what has lost its owners, and sees to it that owners go before, after or without their dependents.
//!
//! It follows every resource that can be listed, watched and deleted, and keeps of each object who it is and who owns
//! it, nothing else.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/garbagecollector`.

mod collect;
mod graph;
mod resources;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api::registry::Verb;
use k8s_api::{GroupVersionResource, Status};
use k8s_api_client::discovery::Discovered;
use k8s_api_client::events::Source;
use k8s_api_client::queue::Limits;
use k8s_api_client::{Change, Client, ListOptions, Queue, Step, Watcher};
use k8s_ctrl::{Context, Controller};
use k8s_env::{Env, Spawner, Tasks};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use collect::Collector;
use graph::{Graph, Item};
use resources::Resources;

/// How many items are worked on at once. Upstream: `ConcurrentGCSyncs`.
const WORKERS: usize = 20;

/// Work begins after so long even when some resource cannot be read. Upstream: `initialSyncTimeout`.
const PATIENCE: Duration = Duration::from_secs(30);

/// A new custom resource is served so long after its definition has changed.
const SETTLE: Duration = Duration::from_secs(1);

/// Deletes what has lost its owners.
#[derive(Clone, Copy, Debug, Default)]
pub struct GarbageCollector;

/// What all tasks of the collector share.
struct Shared {
    client: Client,
    env: Env,
    graph: Mutex<Graph>,
    queue: Queue<Item>,
    resources: Resources,
    /// Something has changed about what is served.
    served: Notify,
}

#[async_trait]
impl Controller for GarbageCollector {
    fn name(&self) -> &'static str {
        "garbage-collector-controller"
    }

    fn account(&self) -> &'static str {
        "generic-garbage-collector"
    }

    async fn run(&self, ctx: Context) {
        let shared = Arc::new(Shared {
            // One identity reads all: the one whose caches the other controllers share.
            client: ctx.informers().client().clone(),
            env: ctx.env().clone(),
            graph: Mutex::default(),
            queue: Queue::new(Limits::default()),
            resources: Resources::default(),
            served: Notify::new(),
        });
        let tasks = Tasks::new();
        let monitors = Tasks::new();
        let (ready, mut is_ready) = watch::channel(false);
        tasks.spawn(shared.clone().follow_discovery(monitors.spawner(), ready));
        // An error says that the task is gone; then so is everything else.
        let _ = is_ready.wait_for(|ready| *ready).await;
        let source = Source::component("garbage-collector-controller");
        let collector =
            Arc::new(Collector { client: ctx.client().clone(), recorder: ctx.recorder().as_source(source), shared });
        for _ in 1..WORKERS {
            tasks.spawn(collector.clone().work());
        }
        collector.work().await;
    }
}

impl Shared {
    /// Keeps a monitor for every resource that is served.
    async fn follow_discovery(self: Arc<Self>, spawner: Spawner, ready: watch::Sender<bool>) {
        let mut monitors = BTreeMap::new();
        loop {
            match self.client.discover().await {
                Ok((found, failed)) => {
                    self.resources.learn(&found);
                    let synced = self.keep_monitors(&mut monitors, &found, failed.is_empty(), &spawner);
                    let all = futures_util::future::join_all(synced);
                    // What cannot be read must not hold up the rest for ever.
                    let _ = tokio::time::timeout(PATIENCE, all).await;
                    ready.send_replace(true);
                    self.served.notified().await;
                    tokio::time::sleep(SETTLE).await;
                }
                Err(status) => {
                    tracing::warn!(%status, "failed to discover resources");
                    tokio::time::sleep(PATIENCE).await;
                }
            }
        }
    }

    /// Starts monitors of new resources and, where discovery was complete, ends those of resources that are gone.
    fn keep_monitors(
        self: &Arc<Self>,
        monitors: &mut BTreeMap<GroupVersionResource, tokio::task::AbortHandle>,
        found: &[Discovered],
        complete: bool,
        spawner: &Spawner,
    ) -> Vec<impl Future<Output = ()> + use<>> {
        let needed = |resource: &&Discovered| {
            let is_event = resource.resource.resource == "events";
            let verbs = [Verb::List, Verb::Watch, Verb::Delete];
            !is_event && verbs.iter().all(|verb| resource.verbs.contains(*verb))
        };
        let needed: Vec<_> = found.iter().filter(needed).collect();
        if complete {
            monitors.retain(|resource, monitor| {
                let stays = needed.iter().any(|needed| needed.resource == *resource);
                if !stays {
                    monitor.abort();
                }
                stays
            });
        }
        let mut synced = Vec::new();
        for resource in needed {
            if monitors.contains_key(&resource.resource) {
                continue;
            }
            let (first, has_first) = tokio::sync::oneshot::channel();
            let monitor = spawner.spawn(self.clone().monitor(resource.clone(), first));
            monitors.extend(monitor.map(|monitor| (resource.resource.clone(), monitor)));
            synced.push(async move {
                // It is dropped when the monitor ends early.
                let _ = has_first.await;
            });
        }
        synced
    }

    /// Brings what happens to one resource into the graph.
    async fn monitor(self: Arc<Self>, resource: Discovered, first: tokio::sync::oneshot::Sender<()>) {
        let api = self.client.dynamic(resource.resource.clone(), "");
        let mut watcher = Watcher::new(api, ListOptions::default(), &self.env);
        let defines = matches!(&*resource.resource.resource, "customresourcedefinitions" | "apiservices");
        let resource = Arc::new(resource);
        let mut first = Some(first);
        loop {
            let step = watcher.next().await;
            let mut todo = Vec::new();
            {
                let mut graph = self.graph.lock();
                match step {
                    Step::Replaced(items) => graph.replace(&resource, &items, &mut todo),
                    Step::Changed(changes) => {
                        for change in changes {
                            match change {
                                Change::Set(object) => graph.set(&resource, object.meta(), &mut todo),
                                Change::Removed(object) => graph.remove(&object.meta().uid, &mut todo),
                            }
                        }
                    }
                }
            }
            if !todo.is_empty() {
                self.queue.extend(todo);
            }
            match first.take() {
                // The receiver may have lost patience.
                Some(first) => drop(first.send(())),
                None if defines => self.served.notify_one(),
                None => {}
            }
        }
    }

    /// Forgets an object that turned out not to be there.
    fn forget(&self, uid: &str) {
        let mut todo = Vec::new();
        self.graph.lock().remove(uid, &mut todo);
        self.queue.extend(todo);
    }

    /// Where a kind is served and whether it lives in namespaces.
    fn resource_of(&self, api_version: &str, kind: &str) -> Result<(GroupVersionResource, bool), Status> {
        self.resources
            .find(api_version, kind)
            .ok_or_else(|| Status::unavailable(format!("no resource is known to serve {kind} of {api_version}")))
    }
}
