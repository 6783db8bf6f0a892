//! Keeps one pod on every node that is meant.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/daemon`. Pods that surge (`maxSurge`) are not made: an update with surge
//! goes on as one without, a node at a time.

mod backoff;
mod fit;
mod round;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api::Kind;
use k8s_api::selector::Selector;
use k8s_api_client::ObjectKey;
use k8s_api_client::events::EventType;
use k8s_api_client::informer::{Event, Reader};
use k8s_ctrl::expectations::Expectations;
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler, owner};
use k8s_env::Env;
use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet};
use k8s_openapi::api::core::v1::{Node, Pod};

use crate::deployment::template;
use crate::history::{self, History};
use crate::latest::Latest;
use crate::pods::{self, BY_CONTROLLER, PodControl};
use round::Round;

/// At least so much time between two rounds of one set.
const PAUSE: Duration = Duration::from_millis(10);

/// The label that tells the pods of different templates apart.
const HASH: &str = "controller-revision-hash";

/// Keeps the pods of DaemonSets.
#[derive(Clone, Copy, Debug, Default)]
pub struct DaemonSets;

struct Sync {
    control: PodControl,
    env: Env,
    sets: Reader<DaemonSet>,
    pods: Reader<Pod>,
    nodes: Reader<Node>,
    history: History,
    expectations: Expectations,
    latest: Latest<DaemonSet>,
    backoffs: backoff::Backoffs,
}

#[async_trait]
impl Controller for DaemonSets {
    fn name(&self) -> &'static str {
        "daemonset-controller"
    }

    fn account(&self) -> &'static str {
        "daemon-set-controller"
    }

    async fn run(&self, ctx: Context) {
        let informers = ctx.informers();
        let (sets, pods) = (informers.get::<DaemonSet>(), informers.get::<Pod>());
        let (nodes, revisions) = (informers.get::<Node>(), informers.get::<ControllerRevision>());
        pods::index(&pods);
        pods::index(&revisions);
        let recorder = ctx.recorder().as_source(k8s_api_client::events::Source::component("daemonset-controller"));
        let sync = Arc::new(Sync {
            control: PodControl { client: ctx.client().clone(), recorder },
            env: ctx.env().clone(),
            sets: sets.reader(),
            pods: pods.reader(),
            nodes: nodes.reader(),
            history: History { client: ctx.client().clone(), revisions: revisions.reader() },
            expectations: Expectations::new(),
            latest: Latest::default(),
            backoffs: backoff::Backoffs::default(),
        });
        let (of_pod, of_node) = (sync.clone(), sync.clone());
        Reconciler::new(self.name())
            .throttle(PAUSE)
            .needs(&revisions)
            .watches(&sets)
            .maps(&pods, move |event, keys| of_pod.observe(event, keys))
            .maps(&nodes, move |event, keys| {
                if fit::has_changed(event) {
                    of_node.sets.for_each(|set| keys.push(ObjectKey::of(&**set)));
                }
            })
            .run(sync)
            .await;
    }
}

#[async_trait]
impl Reconcile for Sync {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let Some(set) = self.sets.find(key) else {
            self.expectations.forget(key);
            self.latest.forget(key);
            self.backoffs.forget(key);
            return Ok(Action::Done);
        };
        let set = self.latest.newer(key, set);
        let Ok(selector) = Selector::of(set.spec.as_ref().map(|spec| &spec.selector)) else { return Ok(Action::Done) };
        if selector.is_everything() {
            let message = "This daemon set is selecting all pods. A non-empty selector is required.";
            self.control.recorder.event(&*set, EventType::Warning, "SelectingAll", message);
            return Ok(Action::Done);
        }
        if set.metadata.deletion_timestamp.is_some() {
            return Ok(Action::Done);
        }
        let (hash, old) = self.revisions(&set, &selector).await?;
        let satisfied = self.expectations.satisfied(key);
        let pods = self.claim(&set, &selector).await?;
        Round::new(self, key, &set, pods, hash).run(satisfied, &old).await
    }
}

impl Sync {
    fn observe(&self, event: &Event<Pod>, keys: &mut Vec<ObjectKey>) {
        let pod = event.object();
        let before = event.previous().and_then(|old| owner::key_of_controller::<DaemonSet, _>(&**old));
        let key = owner::key_of_controller::<DaemonSet, _>(&**pod);
        keys.extend(before.filter(|before| Some(before) != key.as_ref()));
        if let Some(key) = key {
            if pod.metadata.deletion_timestamp.is_some() || matches!(event, Event::Deleted(_)) {
                self.expectations.deletion_observed(&key, pod.uid());
            } else if matches!(event, Event::Added(_)) {
                self.expectations.creation_observed(&key);
            }
            keys.push(key);
        } else if owner::controller(&pod.metadata).is_none() && !matches!(event, Event::Updated { .. }) {
            self.sets.for_each_in(pod.namespace(), |set| {
                let selector = Selector::of(set.spec.as_ref().map(|spec| &spec.selector));
                let labels = pod.metadata.labels.as_ref();
                if selector.is_ok_and(|selector| !selector.is_everything() && selector.matches(labels)) {
                    keys.push(ObjectKey::of(&**set));
                }
            });
        }
    }

    async fn claim(&self, set: &DaemonSet, selector: &Selector) -> Result<Vec<Arc<Pod>>, Error> {
        let matches = |pod: &Pod| selector.matches(pod.metadata.labels.as_ref());
        let mut found = self.pods.by_index(BY_CONTROLLER, set.uid());
        self.pods.for_each_indexed(BY_CONTROLLER, &pods::orphans(set.namespace()), |pod| {
            if matches(pod) {
                found.push(pod.clone());
            }
        });
        owner::claim(&self.control.client, set, found, matches, owner::recheck(&self.control.client, set)).await
    }

    /// The hash of the present template, and the revisions of others, oldest first; makes the present one if needed.
    async fn revisions(
        &self,
        set: &DaemonSet,
        selector: &Selector,
    ) -> Result<(String, Vec<Arc<ControllerRevision>>), Error> {
        let Some(spec) = &set.spec else { return Ok((String::new(), Vec::new())) };
        let all = self.history.list(set, selector).await?;
        let data = history::data(&spec.template);
        let (present, old): (Vec<_>, Vec<_>) = all.into_iter().partition(|revision| history::holds(revision, &data));
        let number = old.last().map_or(1, |last| last.revision + 1);
        let present = match present.last() {
            Some(present) if present.revision < number => self.history.renumber(present, number).await?,
            Some(present) => present.clone(),
            None => self.snapshot(set, data, number).await?,
        };
        let hash = present.metadata.labels.as_ref().and_then(|labels| labels.get(HASH)).cloned();
        Ok((hash.unwrap_or_else(|| present.name().to_owned()), old))
    }

    async fn snapshot(
        &self,
        set: &DaemonSet,
        data: serde_json::Value,
        number: i64,
    ) -> Result<Arc<ControllerRevision>, Error> {
        let mut n_collisions = set.status.as_ref().and_then(|status| status.collision_count);
        let wanted = set.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
        loop {
            let hash = template::hash(&wanted, n_collisions);
            let mut revision = history::new(set, data.clone(), number);
            revision.metadata.name = Some(format!("{}-{hash}", set.name()));
            revision.metadata.annotations.clone_from(&set.metadata.annotations);
            let mut labels = wanted.metadata.as_ref().and_then(|meta| meta.labels.clone()).unwrap_or_default();
            labels.insert(HASH.to_owned(), hash);
            revision.metadata.labels = Some(labels);
            if let Some(made) = self.history.create(revision).await? {
                return Ok(made);
            }
            n_collisions = Some(n_collisions.unwrap_or_default() + 1);
        }
    }
}
