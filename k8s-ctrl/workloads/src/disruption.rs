//! Says how many pods of each PodDisruptionBudget may be evicted.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/disruption`.

mod scale;
mod stale;
mod status;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use k8s_api::Kind;
use k8s_api::selector::Selector;
use k8s_api_client::events::{EventType, Source};
use k8s_api_client::informer::{Event, Reader};
use k8s_api_client::{Client, ObjectKey, Recorder};
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler, pod};
use k8s_env::Env;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, ReplicationController};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::int_or_percent::{Round, scaled};
use crate::latest::Latest;
use scale::Scales;
use status::Counts;

/// At least so much time between two rounds of one budget.
const PAUSE: Duration = Duration::from_millis(10);

/// An evicted pod that is not on its way out after this time stays. Upstream: `DeletionTimeout`.
const DELETION_TIMEOUT: SignedDuration = SignedDuration::from_mins(2);

/// Keeps the status of PodDisruptionBudgets, which the eviction of pods relies on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disruption;

struct Sync {
    client: Client,
    recorder: Recorder,
    env: Env,
    budgets: Reader<PodDisruptionBudget>,
    pods: Reader<Pod>,
    scales: Scales,
    latest: Latest<PodDisruptionBudget>,
}

/// Evicted pods that are to go, by name, with the time of their eviction.
type Disrupted = BTreeMap<String, Time>;

#[async_trait]
impl Controller for Disruption {
    fn name(&self) -> &'static str {
        "disruption-controller"
    }

    async fn run(&self, ctx: Context) {
        let informers = ctx.informers();
        let (budgets, pods) = (informers.get::<PodDisruptionBudget>(), informers.get::<Pod>());
        let (sets, deployments) = (informers.get::<ReplicaSet>(), informers.get::<Deployment>());
        let (old_sets, stateful) = (informers.get::<ReplicationController>(), informers.get::<StatefulSet>());
        let sync = Sync {
            client: ctx.client().clone(),
            recorder: ctx.recorder().as_source(Source::component("controllermanager")),
            env: ctx.env().clone(),
            budgets: budgets.reader(),
            pods: pods.reader(),
            scales: Scales {
                client: ctx.client().clone(),
                sets: sets.reader(),
                deployments: deployments.reader(),
                old_sets: old_sets.reader(),
                stateful: stateful.reader(),
            },
            latest: Latest::default(),
        };
        let sync = Arc::new(sync);
        let of_pod = sync.clone();
        let reconciler = Reconciler::new(self.name())
            .throttle(PAUSE)
            .needs(&sets)
            .needs(&deployments)
            .needs(&old_sets)
            .needs(&stateful)
            .watches(&budgets)
            .maps(&pods, move |event, keys| of_pod.budgets_of(event, keys));
        let stale = stale::run(self.name(), ctx.client().clone(), ctx.env().clone(), &pods);
        futures_util::future::join(reconciler.run(sync), stale).await;
    }
}

#[async_trait]
impl Reconcile for Sync {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let Some(budget) = self.budgets.find(key) else {
            self.latest.forget(key);
            return Ok(Action::Done);
        };
        let budget = self.latest.newer(key, budget);
        match self.try_sync(key, &budget).await {
            Err(error) if !error.is_conflict() => {
                tracing::warn!(%key, %error, "no disruption is allowed, since the budget cannot be calculated");
                let now = crate::time::now(&self.env);
                self.write(key, &budget, status::failed(&budget, &error, now)).await?;
                Ok(Action::Done)
            }
            outcome => outcome,
        }
    }
}

impl Sync {
    /// The budgets that a changed pod may concern.
    fn budgets_of(&self, event: &Event<Pod>, keys: &mut Vec<ObjectKey>) {
        let pod = event.object();
        let labels = pod.metadata.labels.as_ref();
        let before = event.previous().filter(|old| old.metadata.labels.as_ref() != labels);
        let mut found = Vec::new();
        self.budgets.for_each_in(pod.namespace(), |budget| {
            let selector = Selector::of(budget.spec.as_ref().and_then(|spec| spec.selector.as_ref()));
            let Ok(selector) = selector else { return };
            if selector.matches(labels) {
                found.push(ObjectKey::of(&**budget));
            } else if before.is_some_and(|old| selector.matches(old.metadata.labels.as_ref())) {
                keys.push(ObjectKey::of(&**budget));
            }
        });
        if found.len() > 1 && matches!(event, Event::Added(_)) {
            let (namespace, name, chosen) = (pod.namespace(), pod.name(), found[0].name());
            let message = format!(
                "Pod \"{namespace}\"/\"{name}\" matches multiple PodDisruptionBudgets.  Chose \"{chosen}\" arbitrarily."
            );
            self.recorder.event(&**pod, EventType::Warning, "MultiplePodDisruptionBudgets", message);
        }
        keys.extend(found);
    }

    async fn try_sync(&self, key: &ObjectKey, budget: &PodDisruptionBudget) -> Result<Action, Error> {
        let selector = Selector::of(budget.spec.as_ref().and_then(|spec| spec.selector.as_ref()));
        let selector = selector.map_err(|error| {
            self.recorder.event(budget, EventType::Warning, "NoPods", format!("Failed to get pods: {error}"));
            Error::blocked(error.to_string())
        })?;
        let mut pods = Vec::new();
        self.pods.for_each_in(key.namespace(), |pod| {
            if selector.matches(pod.metadata.labels.as_ref()) {
                pods.push(pod.clone());
            }
        });
        if pods.is_empty() {
            self.recorder.event(budget, EventType::Normal, "NoPods", "No matching pods found");
        }
        let (expected, desired_healthy) = self.expect(budget, &pods).await.inspect_err(|error| {
            let message = format!("Failed to calculate the number of expected pods: {error}");
            self.recorder.event(budget, EventType::Warning, "CalculateExpectedPodCountFailed", message);
        })?;
        let now = self.env.clock.now();
        let (disrupted, recheck) = self.disrupted(budget, &pods, now);
        let current_healthy = pods.iter().filter(|pod| is_healthy(pod, &disrupted)).count() as i32;
        let counts = Counts { expected, desired_healthy, current_healthy };
        let status = status::calculate(budget, counts, disrupted, crate::time::now(&self.env));
        if budget.status.as_ref() != Some(&status) {
            self.write(key, budget, status).await?;
        }
        Ok(recheck.map_or(Action::Done, Action::RequeueAfter))
    }

    /// How many pods there should be, and how many of them healthy.
    async fn expect(&self, budget: &PodDisruptionBudget, pods: &[Arc<Pod>]) -> Result<(i32, i32), Error> {
        let Some(spec) = &budget.spec else { return Ok((0, 0)) };
        let invalid = || Error::blocked("invalid value for IntOrString: invalid type: string is not a percentage");
        match (&spec.max_unavailable, &spec.min_available) {
            (Some(max), _) => {
                let expected = self.expected_scale(budget, pods).await?;
                let max = scaled(max, expected, Round::Up).ok_or_else(invalid)?;
                Ok((expected, (expected - max).max(0)))
            }
            (None, Some(IntOrString::Int(least))) => Ok((pods.len() as i32, *least)),
            (None, Some(least)) => {
                let expected = self.expected_scale(budget, pods).await?;
                Ok((expected, scaled(least, expected, Round::Up).ok_or_else(invalid)?))
            }
            (None, None) => Ok((0, 0)),
        }
    }

    async fn expected_scale(&self, budget: &PodDisruptionBudget, pods: &[Arc<Pod>]) -> Result<i32, Error> {
        let (expected, has_unmanaged) = self.scales.total(pods).await?;
        if has_unmanaged {
            let selector = status::selector_text(budget.spec.as_ref().and_then(|spec| spec.selector.as_ref()));
            let message = format!(
                "Pods selected by this PodDisruptionBudget (selector: {selector}) were found to be unmanaged. As a \
                 result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. \
                 To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value."
            );
            self.recorder.event(budget, EventType::Warning, "UnmanagedPods", message);
        }
        Ok(expected)
    }

    /// The evicted pods that are still expected to go, and when to look again.
    fn disrupted(
        &self,
        budget: &PodDisruptionBudget,
        pods: &[Arc<Pod>],
        now: Timestamp,
    ) -> (Disrupted, Option<Duration>) {
        let (mut left, mut recheck) = (Disrupted::new(), None);
        let told = budget.status.as_ref().and_then(|status| status.disrupted_pods.as_ref());
        let Some(told) = told.filter(|told| !told.is_empty()) else { return (left, recheck) };
        for pod in pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()) {
            let Some(since) = told.get(pod.name()) else { continue };
            let due = since.0.saturating_add(DELETION_TIMEOUT).unwrap_or(Timestamp::MAX);
            if due < now {
                // Upstream names the namespace twice.
                let namespace = budget.namespace();
                let message = format!("Pod was expected by PDB {namespace}/{namespace} to be deleted but it wasn't");
                self.recorder.event(&**pod, EventType::Warning, "NotDeleted", message);
                continue;
            }
            // A little later than due, so that it is over by then.
            let wait = Duration::try_from(now.duration_until(due)).unwrap_or_default() + Duration::from_millis(1);
            recheck = Some(recheck.map_or(wait, |first: Duration| first.min(wait)));
            left.insert(pod.name().to_owned(), since.clone());
        }
        (left, recheck)
    }

    async fn write(
        &self,
        key: &ObjectKey,
        budget: &PodDisruptionBudget,
        status: k8s_openapi::api::policy::v1::PodDisruptionBudgetStatus,
    ) -> Result<(), Error> {
        let mut changed = budget.clone();
        changed.status = Some(status);
        let written = self.client.namespaced::<PodDisruptionBudget>(key.namespace()).update_status(changed).await?;
        self.latest.wrote(key, written);
        Ok(())
    }
}

fn is_healthy(pod: &Pod, disrupted: &Disrupted) -> bool {
    pod.metadata.deletion_timestamp.is_none() && !disrupted.contains_key(pod.name()) && pod::is_ready(pod)
}
