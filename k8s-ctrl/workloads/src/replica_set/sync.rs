use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use k8s_api::selector::Selector;
use k8s_api_client::ObjectKey;
use k8s_api_client::informer::Reader;
use k8s_ctrl::batch::slow_start;
use k8s_ctrl::expectations::Expectations;
use k8s_ctrl::{Action, Error, Reconcile, owner, pod};
use k8s_env::Env;
use k8s_openapi::api::apps::v1::ReplicaSetStatus;
use k8s_openapi::api::core::v1::Pod;

use super::pod_set::PodSet;
use super::status::{self, Pods};
use crate::latest::Latest;
use crate::pods::{self, BY_CONTROLLER, PodControl};
use crate::{rank, time};

/// So many pods are made or deleted in one round; the next waits until they were seen. Upstream: `BurstReplicas`.
const BURST: usize = 500;

pub(super) struct Sync<S> {
    pub(super) control: PodControl,
    pub(super) sets: Reader<S>,
    pub(super) pods: Reader<Pod>,
    pub(super) expectations: Arc<Expectations>,
    pub(super) latest: Latest<S>,
    pub(super) env: Env,
}

#[async_trait]
impl<S: PodSet> Reconcile for Sync<S> {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let Some(set) = self.sets.find(key) else {
            self.expectations.forget(key);
            self.latest.forget(key);
            return Ok(Action::Done);
        };
        let set = self.latest.newer(key, set);
        let satisfied = self.expectations.satisfied(key);
        let Ok(selector) = set.selector() else { return Ok(Action::Done) };
        let pods = self.claim(&set, &selector).await?;
        let outcome = if satisfied && set.metadata().deletion_timestamp.is_none() {
            self.manage(key, &set, &pods.active).await
        } else {
            Ok(())
        };
        let now = self.env.clock.now();
        let status = status::calculate(&*set, &pods, outcome.as_ref().err(), now);
        let waiting = status.ready_replicas != status.available_replicas;
        self.write(key, &set, status).await?;
        outcome?;
        Ok(match set.min_ready_seconds() {
            seconds if seconds > 0 && waiting => Action::RequeueAfter(next_available(&pods.active, seconds, now)),
            _ => Action::Done,
        })
    }
}

impl<S: PodSet> Sync<S> {
    /// The pods of a set, with those adopted that nobody controlled.
    async fn claim(&self, set: &Arc<S>, selector: &Selector) -> Result<Pods, Error> {
        let mut pods = Pods { active: Vec::new(), n_terminating: 0 };
        let mut unclear = Vec::new();
        self.pods.for_each_indexed(BY_CONTROLLER, set.uid(), |pod| {
            let matches = selector.matches(pod.metadata.labels.as_ref());
            match (pod::is_active(pod), matches) {
                (true, true) => pods.active.push(pod.clone()),
                (true, false) => unclear.push(pod.clone()),
                (false, _) => pods.n_terminating += i32::from(matches && pods::is_terminating(pod)),
            }
        });
        self.pods.for_each_indexed(BY_CONTROLLER, &pods::orphans(set.namespace()), |pod| {
            if pod::is_active(pod) && selector.matches(pod.metadata.labels.as_ref()) {
                unclear.push(pod.clone());
            }
        });
        if !unclear.is_empty() {
            let matches = |pod: &Pod| selector.matches(pod.metadata.labels.as_ref());
            let client = &self.control.client;
            let may_adopt = owner::recheck(client, &**set);
            pods.active.extend(owner::claim(client, &**set, unclear, matches, may_adopt).await?);
        }
        Ok(pods)
    }

    /// Makes the pods that are missing, or deletes those that are too many.
    async fn manage(&self, key: &ObjectKey, set: &S, active: &[Arc<Pod>]) -> Result<(), Error> {
        let wanted = usize::try_from(set.replicas()).unwrap_or_default();
        match active.len().cmp(&wanted) {
            Ordering::Less => self.create(key, set, (wanted - active.len()).min(BURST)).await,
            Ordering::Greater => self.delete(key, set, active, (active.len() - wanted).min(BURST)).await,
            Ordering::Equal => Ok(()),
        }
    }

    async fn create(&self, key: &ObjectKey, set: &S, n: usize) -> Result<(), Error> {
        let Some(template) = set.template() else { return Ok(()) };
        let pod = pods::from_template(set, template);
        self.expectations.expect_creations(key, n);
        let (n_made, failure) = slow_start(n, 1, |_| self.control.create(set, pod.clone())).await;
        self.expectations.creations_observed(key, n - n_made);
        match failure {
            // Whatever is tried in such a namespace fails, and soon nobody wants it any more.
            Some(error) if !pods::is_namespace_terminating(&error) => Err(error),
            _ => Ok(()),
        }
    }

    async fn delete(&self, key: &ObjectKey, set: &S, active: &[Arc<Pod>], n: usize) -> Result<(), Error> {
        let chosen = rank::choose(active.to_vec(), &self.neighbours(set), n, self.env.clock.now());
        self.expectations.expect_deletions(key, chosen.iter().map(|pod| k8s_api::Kind::uid(&**pod).to_owned()));
        let delete = async |pod: &Arc<Pod>| {
            let outcome = self.control.delete(set, k8s_api::Kind::name(&**pod)).await;
            if !matches!(outcome, Ok(true)) {
                self.expectations.deletion_observed(key, k8s_api::Kind::uid(&**pod));
            }
            outcome.map(drop)
        };
        let mut deletions: FuturesUnordered<_> = chosen.iter().map(delete).collect();
        let mut failure = Ok(());
        while let Some(outcome) = deletions.next().await {
            failure = failure.and(outcome);
        }
        failure
    }

    /// How many active pods of sets with the same controller run on each node.
    fn neighbours(&self, set: &S) -> BTreeMap<String, usize> {
        let mut on_node = BTreeMap::new();
        let Some(reference) = owner::controller(set.metadata()) else { return on_node };
        let mut selectors = Vec::new();
        self.sets.for_each_indexed(BY_CONTROLLER, &reference.uid, |set| selectors.extend(set.selector().ok()));
        self.pods.for_each_in(set.namespace(), |pod| {
            let labels = pod.metadata.labels.as_ref();
            if pod::is_active(pod) && selectors.iter().any(|selector| selector.matches(labels)) {
                match on_node.get_mut(pod::node_name(pod)) {
                    Some(n) => *n += 1,
                    None => drop(on_node.insert(pod::node_name(pod).to_owned(), 1)),
                }
            }
        });
        on_node
    }

    /// Writes the status if it has changed; once more on what is there by then if somebody else was faster.
    async fn write(&self, key: &ObjectKey, set: &S, status: ReplicaSetStatus) -> Result<(), Error> {
        if set.status() == status {
            return Ok(());
        }
        let api = self.control.client.namespaced::<S>(set.namespace());
        let mut changed = set.clone();
        changed.set_status(status.clone());
        let written = match api.update_status(changed).await {
            Err(conflict) if conflict.is_conflict() => {
                let mut fresh = S::clone(&*api.get(set.name()).await?);
                fresh.set_status(status);
                api.update_status(fresh).await?
            }
            outcome => outcome?,
        };
        self.latest.wrote(key, written);
        Ok(())
    }
}

/// When the next pod that is ready becomes available.
fn next_available(active: &[Arc<Pod>], min_ready_seconds: i32, now: Timestamp) -> Duration {
    let waiting = active.iter().filter(|pod| !pod::is_available(pod, min_ready_seconds, now));
    let ready = waiting.filter_map(|pod| pod::condition(pod, "Ready").filter(|ready| ready.status == "True"));
    let since = ready.filter_map(|ready| ready.last_transition_time.as_ref()).map(|time| time.0).min();
    since.map_or(Duration::from_secs(min_ready_seconds.unsigned_abs().into()), |since| {
        time::until(now, since, min_ready_seconds.into())
    })
}
