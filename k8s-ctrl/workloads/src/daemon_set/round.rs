use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use k8s_api::Kind;
use k8s_api_client::ObjectKey;
use k8s_api_client::events::EventType;
use k8s_ctrl::batch::slow_start;
use k8s_ctrl::{Action, Error, pod};
use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet, DaemonSetStatus};
use k8s_openapi::api::core::v1::{Pod, Toleration};

use super::fit::{self, Fit};
use super::{HASH, Sync};
use crate::int_or_percent::{self, scaled};
use crate::pods;

const GENERATION: &str = "pod-template-generation";
const GENERATION_OF_SET: &str = "deprecated.daemonset.template.generation";

/// So many pods are made or deleted in one round. Upstream: `BurstReplicas`.
const BURST: usize = 250;

/// One round about one daemon set.
pub(super) struct Round<'a> {
    ctx: &'a Sync,
    key: &'a ObjectKey,
    set: &'a DaemonSet,
    hash: String,
    pods: Vec<Arc<Pod>>,
    /// The pods by the node they are for, the oldest first.
    by_node: BTreeMap<String, Vec<Arc<Pod>>>,
    nodes: BTreeMap<String, Fit>,
    tolerations: Vec<Toleration>,
    now: Timestamp,
    wake: Option<Duration>,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        ctx: &'a Sync,
        key: &'a ObjectKey,
        set: &'a DaemonSet,
        pods: Vec<Arc<Pod>>,
        hash: String,
    ) -> Self {
        let spec = set.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
        let tolerations = spec.map(fit::tolerations).unwrap_or_default();
        let mut nodes = BTreeMap::new();
        ctx.nodes.for_each(|node| {
            nodes.insert(node.name().to_owned(), fit::judge(set, &tolerations, node));
        });
        let mut by_node: BTreeMap<String, Vec<Arc<Pod>>> = BTreeMap::new();
        for pod in &pods {
            let goes_ended = pod.metadata.deletion_timestamp.is_some() && pod::is_terminal(pod);
            if let Some(node) = pod.spec.as_ref().and_then(fit::target).filter(|_| !goes_ended) {
                by_node.entry(node.to_owned()).or_default().push(pod.clone());
            }
        }
        for of_node in by_node.values_mut() {
            of_node.sort_by_key(|pod| {
                let created = pod.metadata.creation_timestamp.clone();
                (pod::node_name(pod).is_empty(), created, pod.name().to_owned())
            });
        }
        Self { ctx, key, set, hash, pods, by_node, nodes, tolerations, now: ctx.env.clock.now(), wake: None }
    }

    pub(super) async fn run(mut self, satisfied: bool, old: &[Arc<ControllerRevision>]) -> Result<Action, Error> {
        if !satisfied {
            self.write(false).await?;
            return Ok(Action::Done);
        }
        let outcome = self.act(old).await;
        self.write(true).await?;
        outcome
    }

    async fn act(&mut self, old: &[Arc<ControllerRevision>]) -> Result<Action, Error> {
        let mut missing = Vec::new();
        let mut doomed = Vec::new();
        let mut wake: Option<Duration> = None;
        for (node, fit) in &self.nodes {
            match (fit, self.by_node.get(node)) {
                (Fit::Run, None) => missing.push(node.clone()),
                (Fit::Run | Fit::Stay, Some(pods)) => {
                    let pause = self.prune(node, pods, &mut doomed);
                    wake = wake.into_iter().chain(pause).min();
                }
                (Fit::No, Some(pods)) => doomed.extend(pods.iter().filter(|pod| stays(pod)).cloned()),
                (Fit::Stay | Fit::No, None) => {}
            }
        }
        self.wake = wake;
        // The scheduler will never bind a pod that is for a node which is gone.
        let lost = self.by_node.iter().filter(|(node, _)| !self.nodes.contains_key(*node)).flat_map(|(_, pods)| pods);
        doomed.extend(lost.filter(|pod| pod::node_name(pod).is_empty() && stays(pod)).cloned());
        if missing.is_empty() && doomed.is_empty() {
            doomed = self.outdated();
        }
        if missing.is_empty() && doomed.is_empty() {
            self.truncate(old).await?;
        }
        self.make_so(&missing, &doomed).await?;
        Ok(self.next_check())
    }

    /// Finds the pods of a node that have ended, and those beyond the first. Returns how long to wait with others.
    fn prune(&self, node: &str, pods: &[Arc<Pod>], doomed: &mut Vec<Arc<Pod>>) -> Option<Duration> {
        let (mut running, mut wait) = (0, None);
        let observed = self.set.status.as_ref().and_then(|status| status.observed_generation).unwrap_or_default();
        for pod in pods.iter().filter(|pod| stays(pod)) {
            let whose = format!("daemon pod {}/{} on node {node}", pod.namespace(), pod.name());
            let record = |kind, reason, message| self.ctx.control.recorder.event(self.set, kind, reason, message);
            match pod::phase(pod) {
                "Failed" => {
                    if let Err(pause) = self.ctx.backoffs.begin(self.key, observed, node) {
                        wait = Some(pause);
                        continue;
                    }
                    let message = format!("Found failed {whose}, will try to kill it");
                    record(EventType::Warning, "FailedDaemonPod", message);
                    doomed.push(pod.clone());
                }
                "Succeeded" => {
                    let message = format!("Found succeeded {whose}, will try to delete it");
                    record(EventType::Normal, "SucceededDaemonPod", message);
                    doomed.push(pod.clone());
                }
                _ if running == 0 => running += 1,
                _ => doomed.push(pod.clone()),
            }
        }
        wait
    }

    /// The pods of old templates that a rolling update may replace now.
    fn outdated(&self) -> Vec<Arc<Pod>> {
        let strategy = self.set.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref());
        if strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("OnDelete") {
            return Vec::new();
        }
        let wanted = self.nodes.values().filter(|fit| **fit == Fit::Run).count() as i32;
        let share = strategy.and_then(|strategy| strategy.rolling_update.as_ref()?.max_unavailable.as_ref());
        let max = share.map_or(Some(1), |share| scaled(share, wanted, int_or_percent::Round::Up));
        let max = max.unwrap_or(1).max(1);
        let (mut n_unavailable, mut unavailable, mut candidates) = (0, Vec::new(), Vec::new());
        for node in self.nodes.iter().filter(|(_, fit)| **fit == Fit::Run).map(|(node, _)| node) {
            let pods = self.by_node.get(node).map(Vec::as_slice).unwrap_or_default();
            let Some(pod) = pods.iter().find(|pod| stays(pod)) else {
                n_unavailable += 1;
                continue;
            };
            let is_available = self.is_available(pod);
            n_unavailable += i32::from(!is_available);
            match (self.is_updated(pod), is_available) {
                (true, _) => {}
                (false, true) => candidates.push(pod.clone()),
                (false, false) => unavailable.push(pod.clone()),
            }
        }
        candidates.truncate(usize::try_from(max - n_unavailable).unwrap_or_default());
        unavailable.extend(candidates);
        unavailable
    }

    async fn make_so(&self, missing: &[String], doomed: &[Arc<Pod>]) -> Result<(), Error> {
        let missing = &missing[..missing.len().min(BURST)];
        let doomed = &doomed[..doomed.len().min(BURST)];
        if missing.is_empty() && doomed.is_empty() {
            return Ok(());
        }
        let (expectations, control) = (&self.ctx.expectations, &self.ctx.control);
        expectations.expect(self.key, missing.len(), doomed.iter().map(|pod| pod.uid().to_owned()));
        let create = |place: usize| control.create(self.set, self.pod(&missing[place]));
        let (n_made, failure) = slow_start(missing.len(), 1, create).await;
        expectations.creations_observed(self.key, missing.len() - n_made);
        let delete = async |pod: &Arc<Pod>| {
            let outcome = control.delete(self.set, pod.name()).await;
            if !matches!(outcome, Ok(true)) {
                expectations.deletion_observed(self.key, pod.uid());
            }
            outcome.map(drop)
        };
        let mut deletions: FuturesUnordered<_> = doomed.iter().map(delete).collect();
        let mut outcome = match failure {
            Some(error) if !pods::is_namespace_terminating(&error) => Err(error),
            _ => Ok(()),
        };
        while let Some(deleted) = deletions.next().await {
            outcome = outcome.and(deleted);
        }
        outcome
    }

    fn pod(&self, node: &str) -> Pod {
        let template = self.set.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
        let mut pod = pods::from_template(self.set, &template);
        let labels = pod.metadata.labels.get_or_insert_default();
        labels.insert(HASH.to_owned(), self.hash.clone());
        if let Some(generation) = self.generation() {
            labels.insert(GENERATION.to_owned(), generation.to_owned());
        }
        if let Some(spec) = &mut pod.spec {
            spec.affinity = Some(fit::pinned(spec.affinity.as_ref(), node));
            spec.tolerations = Some(self.tolerations.clone());
        }
        pod
    }

    fn generation(&self) -> Option<&str> {
        let generation = self.set.metadata.annotations.as_ref()?.get(GENERATION_OF_SET)?;
        generation.parse::<i64>().is_ok().then_some(generation)
    }

    fn is_updated(&self, pod: &Pod) -> bool {
        let label = |key: &str| pod.metadata.labels.as_ref().and_then(|labels| labels.get(key)).map(String::as_str);
        label(HASH) == Some(&self.hash) || self.generation().is_some_and(|now| label(GENERATION) == Some(now))
    }

    fn min_ready(&self) -> i32 {
        self.set.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or_default()
    }

    fn is_available(&self, pod: &Pod) -> bool {
        pod::is_available(pod, self.min_ready(), self.now)
    }

    async fn truncate(&self, old: &[Arc<ControllerRevision>]) -> Result<(), Error> {
        let limit = self.set.spec.as_ref().and_then(|spec| spec.revision_history_limit).unwrap_or(10);
        let live: BTreeSet<_> =
            self.pods.iter().filter_map(|pod| pod.metadata.labels.as_ref()?.get(HASH).cloned()).collect();
        let n_spare = old.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
        let is_live = |revision: &ControllerRevision| {
            let hash = revision.metadata.labels.as_ref().and_then(|labels| labels.get(HASH));
            hash.is_some_and(|hash| live.contains(hash))
        };
        for revision in old.iter().filter(|revision| !is_live(revision)).take(n_spare) {
            self.ctx.history.delete(revision).await?;
        }
        Ok(())
    }

    async fn write(&self, observed: bool) -> Result<(), Error> {
        let status = self.status(observed);
        if self.set.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let mut changed = self.set.clone();
        changed.status = Some(status);
        let api = self.ctx.control.client.namespaced::<DaemonSet>(self.key.namespace());
        let written = api.update_status(changed).await?;
        self.ctx.latest.wrote(self.key, written);
        Ok(())
    }

    fn status(&self, observed: bool) -> DaemonSetStatus {
        let before = self.set.status.clone().unwrap_or_default();
        let mut status = DaemonSetStatus {
            collision_count: before.collision_count,
            conditions: before.conditions,
            observed_generation: if observed { self.set.metadata.generation } else { before.observed_generation },
            ..DaemonSetStatus::default()
        };
        let (mut n_available, mut n_updated) = (0, 0);
        for (node, fit) in &self.nodes {
            let first = self.by_node.get(node).and_then(|pods| pods.first());
            if *fit != Fit::Run {
                status.number_misscheduled += i32::from(first.is_some());
                continue;
            }
            status.desired_number_scheduled += 1;
            let Some(pod) = first else { continue };
            status.current_number_scheduled += 1;
            status.number_ready += i32::from(pod::is_ready(pod));
            n_available += i32::from(self.is_available(pod));
            n_updated += i32::from(self.is_updated(pod));
        }
        let some = |count: i32| (count != 0).then_some(count);
        status.number_available = some(n_available);
        status.number_unavailable = some(status.desired_number_scheduled - n_available);
        status.updated_number_scheduled = some(n_updated);
        status
    }

    fn next_check(&self) -> Action {
        let waits = |pod: &Arc<Pod>| pod::is_ready(pod) && !self.is_available(pod);
        let ready = self.min_ready() > 0 && self.pods.iter().any(waits);
        let ready = ready.then(|| Duration::from_secs(self.min_ready().unsigned_abs().into()));
        self.wake.into_iter().chain(ready).min().map_or(Action::Done, Action::RequeueAfter)
    }
}

/// Whether a pod is not to go.
fn stays(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_none()
}
