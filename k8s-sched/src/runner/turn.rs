use std::future::poll_fn;
use std::sync::Arc;

use k8s_api::Kind;
use k8s_api_client::informer::{Event, Reader};
use k8s_api_client::{Client, Informers, Recorder};
use k8s_env::{Clock, Env, Spawner, Tasks};
use k8s_openapi::api::core::v1::{Node, Pod};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::act::{Act, Refusal};
use super::evict::Eviction;
use super::observe::Observed;
use super::report::{Condition, Reporter, write_status};
use super::waiting::WaitingPods;
use crate::event::ClusterEvent;
use crate::plugin::Nomination;
use crate::profile::Profiles;
use crate::{Cache, Decision, Engine, Failure, Nominator, PodInfo, Queue, QueueOptions, QueuedPod, Snapshot, convert};

/// After so many pods others get their turn: events are looked at and tasks run.
const BURST: usize = 64;
/// So many bindings may be under way at a time.
const BINDINGS: usize = 1024;

/// All that one scheduler knows and does, in one task: deciding is never concurrent with learning.
pub(super) struct Turn {
    client: Client,
    clock: Clock,
    spawner: Spawner,
    reporter: Reporter,
    waiting: WaitingPods,
    observed: Observed,
    pods: Reader<Pod>,
    engine: Engine,
    cache: Cache,
    snapshot: Snapshot,
    queue: Queue,
    nominator: Nominator,
    ends: (mpsc::UnboundedSender<End>, mpsc::UnboundedReceiver<End>),
    bindings: usize,
}

/// How something that was started ended.
enum End {
    Bound {
        queued: Box<QueuedPod>,
        decision: Decision,
        result: Result<(), Refusal>,
    },
    /// Pods could not be evicted in favour of the one with this uid.
    NotEvicted(Arc<str>),
}

impl Turn {
    #[expect(clippy::too_many_arguments, reason = "called once, with what a scheduler is made of")]
    pub(super) fn new(
        client: &Client,
        informers: &Informers,
        profiles: Profiles,
        options: QueueOptions,
        recorder: Recorder,
        env: &Env,
        tasks: &Tasks,
        waiting: WaitingPods,
    ) -> Self {
        let profiles = Arc::new(profiles);
        let observed = Observed::new(informers);
        Self {
            client: client.clone(),
            clock: env.clock,
            spawner: tasks.spawner(),
            reporter: Reporter::new(recorder, profiles.names().map(ToString::to_string)),
            waiting,
            pods: observed.pods().reader(),
            observed,
            engine: Engine::new(profiles.clone(), env.random.fork()),
            cache: Cache::new(),
            snapshot: Snapshot::default(),
            queue: Queue::new(profiles, options),
            nominator: Nominator::default(),
            ends: mpsc::unbounded_channel(),
            bindings: 0,
        }
    }

    /// Learns and decides, for ever.
    pub(super) async fn run(&mut self) {
        self.observed.synced().await;
        loop {
            self.learn();
            let now = Instant::now();
            let mut tried = 0;
            while tried < BURST && self.bindings < BINDINGS {
                let Some(queued) = self.queue.pop(now) else { break };
                self.try_one(queued, now);
                tried += 1;
            }
            if tried < BURST { self.wait().await } else { tokio::task::yield_now().await }
        }
    }

    /// Waits until there is something to learn or a pod is due.
    async fn wait(&mut self) {
        let due = self.queue.next_due().filter(|_| self.bindings < BINDINGS);
        let (observed, ends) = (&mut self.observed, &mut self.ends.1);
        let sleep = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let end = tokio::select! {
            biased;
            end = ends.recv() => end,
            () = poll_fn(|cx| observed.poll(cx)) => None,
            () = sleep => None,
        };
        if let Some(end) = end {
            self.ended(end);
        }
    }

    fn learn(&mut self) {
        while let Ok(end) = self.ends.1.try_recv() {
            self.ended(end);
        }
        let now = Instant::now();
        if self.observed.update(&mut self.cache) {
            self.queue.notify(&ClusterEvent::SurroundingsChanged, now);
        }
        while let Some(event) = self.observed.nodes.take() {
            self.node(&event, now);
        }
        while let Some(event) = self.observed.pods.take() {
            self.pod(&event, now);
        }
    }

    fn node(&mut self, event: &Event<Node>, now: Instant) {
        let Some(node) = event.current() else {
            if let Some(last) = self.cache.remove_node(event.object().name()) {
                self.queue.notify(&ClusterEvent::NodeRemoved(last), now);
            }
            return;
        };
        let facts = convert::node(node);
        // A node reports every few seconds that it is alive, which changes nothing here.
        if self.cache.node(&facts.name).is_some_and(|known| *known.facts() == facts) {
            return;
        }
        let event = match self.cache.set_node(facts) {
            (Some(old), new) => ClusterEvent::NodeChanged { old, new },
            (None, new) => ClusterEvent::NodeAdded(new),
        };
        self.queue.notify(&event, now);
    }

    fn pod(&mut self, event: &Event<Pod>, now: Instant) {
        let Some(new) = event.current() else { return self.pod_gone(event.object(), now) };
        if let Some(old) = event.previous()
            && old.metadata.uid != new.metadata.uid
        {
            self.pod_gone(old, now);
        }
        if let (Some(old), Some(uid)) = (event.previous(), new.metadata.uid.as_deref())
            && nominated(old)
            && !nominated(new)
        {
            self.nominator.remove(uid);
        }
        match convert::pod(new) {
            Ok(pod) => self.pod_there(Arc::new(pod), now),
            Err(error) => tracing::warn!(%error, "leaving out a pod"),
        }
    }

    fn pod_there(&mut self, pod: Arc<PodInfo>, now: Instant) {
        if let Some(node) = &pod.node_name {
            self.queue.remove(&pod.uid);
            self.nominator.remove(&pod.uid);
            match self.cache.set_pod(pod.clone(), node) {
                None => self.queue.notify(&ClusterEvent::PodAssigned(pod), now),
                Some(old) if !old.schedules_like(&pod) => {
                    self.queue.notify(&ClusterEvent::PodChanged { old, new: pod }, now);
                }
                Some(_) => {}
            }
        } else if self.cache.is_assumed(&pod.uid) {
            // Its binding is under way and will fail if the pod is on its way out.
        } else if self.engine.profiles().contains(&pod.scheduler_name) {
            if pod.terminating {
                self.queue.remove(&pod.uid);
                self.nominator.remove(&pod.uid);
                return;
            }
            if let Some(node) = &pod.nominated_node {
                self.nominator.add(pod.clone(), node.clone());
            }
            self.queue.update(pod, now);
        }
    }

    fn pod_gone(&mut self, pod: &Pod, now: Instant) {
        let Some(uid) = pod.metadata.uid.as_deref() else { return };
        self.queue.remove(uid);
        self.waiting.reject(uid, crate::Status::error("the pod was deleted"));
        let promised = self.nominator.node_of(uid).is_some();
        self.nominator.remove(uid);
        let gone = match self.cache.remove_pod(uid) {
            Some(gone) => Some(gone),
            None if promised => convert::pod(pod).ok().map(Arc::new),
            None => None,
        };
        if let Some(gone) = gone {
            self.queue.notify(&ClusterEvent::PodRemoved(gone), now);
        }
    }

    fn try_one(&mut self, queued: QueuedPod, now: Instant) {
        self.cache.refresh(&mut self.snapshot);
        let pod = queued.pod.clone();
        match self.engine.schedule(&pod, &self.snapshot, &self.nominator) {
            Ok(decision) => self.decided(queued, decision, now),
            Err(failure) => self.failed(queued, failure, now),
        }
    }

    fn decided(&mut self, queued: QueuedPod, mut decision: Decision, now: Instant) {
        let profiles = self.engine.profiles().clone();
        let framework = profiles.get(&queued.pod.scheduler_name);
        let (Some(framework), Some(node)) = (framework, self.snapshot.node(&decision.node)) else { return };
        let assumed = Arc::new(PodInfo { node_name: Some(decision.node.clone()), ..(*queued.pod).clone() });
        if !self.cache.assume(assumed, &decision.node) {
            self.queue.done(&queued.pod.uid);
            return;
        }
        self.nominator.remove(&queued.pod.uid);
        match framework.commit(&mut decision, &queued.pod, node) {
            Ok(wait) => self.bind(queued, decision, wait),
            Err(failure) => self.take_back(queued, failure, now),
        }
    }

    fn bind(&mut self, queued: QueuedPod, decision: Decision, wait: Option<crate::engine::Wait>) {
        let act = Act {
            client: self.client.clone(),
            profiles: self.engine.profiles().clone(),
            waiting: self.waiting.clone(),
            pod: queued.pod.clone(),
            wait,
        };
        let ends = self.ends.0.clone();
        self.bindings += 1;
        self.spawner.spawn(async move {
            let result = act.run(&decision).await;
            // Nobody listens only when the scheduler has stopped.
            let _ = ends.send(End::Bound { queued: Box::new(queued), decision, result });
        });
    }

    fn ended(&mut self, end: End) {
        let now = Instant::now();
        match end {
            End::NotEvicted(uid) => self.queue.wake(&uid, now),
            End::Bound { queued, decision, result } => {
                self.bindings -= 1;
                match result {
                    Ok(()) => self.bound(&queued.pod, &decision, now),
                    Err(refusal) => self.not_bound(*queued, &decision, refusal, now),
                }
            }
        }
    }

    fn bound(&mut self, pod: &PodInfo, decision: &Decision, now: Instant) {
        self.cache.finish_binding(&pod.uid, now);
        self.queue.done(&pod.uid);
        self.reporter.scheduled(pod, &decision.node);
        let profiles = self.engine.profiles();
        for plugin in profiles.get(&pod.scheduler_name).into_iter().flat_map(|f| f.profile.plugins()) {
            if let Some(post_bind) = &plugin.points.post_bind {
                post_bind.post_bind(&decision.state, pod, &decision.node);
            }
        }
    }

    fn not_bound(&mut self, queued: QueuedPod, decision: &Decision, (id, status): Refusal, now: Instant) {
        let profiles = self.engine.profiles().clone();
        let Some(framework) = profiles.get(&queued.pod.scheduler_name) else { return };
        framework.unreserve(decision, &queued.pod);
        let failure = match id {
            Some(id) => framework.refused(id, status),
            None => Failure::Broken { plugin: "bind".into(), status },
        };
        self.take_back(queued, failure, now);
    }

    fn take_back(&mut self, queued: QueuedPod, failure: Failure, now: Instant) {
        if let Some(freed) = self.cache.forget(&queued.pod.uid) {
            self.queue.notify(&ClusterEvent::PodRemoved(freed), now);
        }
        self.failed(queued, failure, now);
    }

    /// Puts a pod back into the queue and tells why, unless it is no longer there or has a node by now.
    fn failed(&mut self, queued: QueuedPod, failure: Failure, now: Instant) {
        let pod = queued.pod.clone();
        let object = self.pods.get(&pod.namespace, &pod.name).filter(|object| {
            let placed = object.spec.as_ref().and_then(|spec| spec.node_name.as_ref()).is_some();
            object.metadata.uid.as_deref() == Some(&*pod.uid) && !placed
        });
        let Some(object) = object else { return self.queue.done(&pod.uid) };
        let message = failure.to_string();
        let reason = match &failure {
            Failure::Unfit(_) | Failure::NoNodes => "Unschedulable",
            Failure::NotOurs | Failure::Broken { .. } => "SchedulerError",
        };
        self.queue.put_back(queued, &failure, now);
        self.reporter.failed(&pod, &message);
        let nominated = self.nominate(&pod, failure);
        let condition = Condition { kind: "PodScheduled", status: "False", reason, message };
        let Some(patch) = condition.patch(&object, nominated.as_deref(), self.clock.now()) else { return };
        let client = self.client.clone();
        self.spawner.spawn(async move {
            if let Err(error) = write_status(&client, &object, &patch).await {
                tracing::debug!(pod = object.name(), %error, "could not write a pod's condition");
            }
        });
    }

    /// Keeps or frees a place for a pod that fits nowhere yet. What to write into its status as its nominated node.
    fn nominate(&mut self, pod: &Arc<PodInfo>, failure: Failure) -> Option<Arc<str>> {
        let Failure::Unfit(diagnosis) = failure else {
            self.nominator.remove(&pod.uid);
            return Some("".into());
        };
        match diagnosis.nomination {
            Some(nomination) => {
                let node = nomination.node.clone();
                self.displace(pod, &node);
                self.nominator.add(pod.clone(), node.clone());
                self.evict(pod, nomination);
                Some(node)
            }
            None if diagnosis.withdraw_nomination => {
                self.nominator.remove(&pod.uid);
                Some("".into())
            }
            None => None,
        }
    }

    /// Takes the promise of a place on `node` from less important pods: they should look for another one now.
    fn displace(&mut self, pod: &PodInfo, node: &str) {
        let less_important = |other: &&Arc<PodInfo>| other.priority < pod.priority;
        let displaced: Vec<_> = self.nominator.pods_on(node).iter().filter(less_important).cloned().collect();
        for other in displaced {
            self.nominator.remove(&other.uid);
            self.queue.wake(&other.uid, Instant::now());
        }
    }

    fn evict(&self, preemptor: &Arc<PodInfo>, nomination: Nomination) {
        let eviction = Eviction {
            client: self.client.clone(),
            clock: self.clock,
            reporter: self.reporter.clone(),
            preemptor: preemptor.clone(),
            node: nomination.node,
        };
        let known = |victim: Arc<PodInfo>| {
            let object = self.pods.get(&victim.namespace, &victim.name)?;
            (!victim.terminating && object.metadata.uid.as_deref() == Some(&*victim.uid)).then_some((victim, object))
        };
        let victims: Vec<_> = nomination.victims.into_iter().filter_map(known).collect();
        let ends = self.ends.0.clone();
        self.spawner.spawn(async move {
            for (victim, object) in victims {
                if let Err(error) = eviction.run(&victim, &object).await {
                    tracing::warn!(victim = victim.key(), %error, "could not evict a pod");
                    let _ = ends.send(End::NotEvicted(eviction.preemptor.uid.clone()));
                    return;
                }
            }
        });
    }
}

fn nominated(pod: &Pod) -> bool {
    let node = pod.status.as_ref().and_then(|status| status.nominated_node_name.as_deref());
    node.is_some_and(|node| !node.is_empty())
}
