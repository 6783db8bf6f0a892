//! Runs pods until enough of them have succeeded, or too many have failed.
//!
//! Pods bear a finalizer until they are counted, so that none is missed or counted twice, whoever deletes it.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/job`.

mod backoff;
pub(crate) mod facts;
mod indexes;
mod manage;
mod observer;
mod orphans;
mod policy;
mod removals;
mod round;
mod track;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api::Kind;
use k8s_api::selector::Selector;
use k8s_api_client::informer::{Event, Reader};
use k8s_api_client::{ObjectKey, PatchKind};
use k8s_ctrl::expectations::Expectations;
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler, owner};
use k8s_env::Env;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use crate::latest::Latest;
use crate::pods::{self, BY_CONTROLLER, PodControl};
use backoff::Backoffs;
use observer::Observer;
use removals::Removals;
use round::Round;

/// At least so much time between two rounds of one job, so that pods that end together are counted together. Upstream
/// waits a second before each.
const PAUSE: Duration = Duration::from_millis(10);

/// Runs Jobs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Jobs;

struct Sync {
    control: PodControl,
    env: Env,
    jobs: Reader<Job>,
    pods: Reader<Pod>,
    expectations: Arc<Expectations>,
    removals: Arc<Removals>,
    backoffs: Backoffs,
    latest: Latest<Job>,
}

#[async_trait]
impl Controller for Jobs {
    fn name(&self) -> &'static str {
        "job-controller"
    }

    async fn run(&self, ctx: Context) {
        let (jobs, pods) = (ctx.informers().get::<Job>(), ctx.informers().get::<Pod>());
        pods::index(&pods);
        let (expectations, removals) = (Arc::new(Expectations::new()), Arc::new(Removals::default()));
        let observer = Observer { jobs: jobs.reader(), expectations: expectations.clone(), removals: removals.clone() };
        let sync = Sync {
            control: PodControl { client: ctx.client().clone(), recorder: ctx.recorder().clone() },
            env: ctx.env().clone(),
            jobs: jobs.reader(),
            pods: pods.reader(),
            expectations,
            removals,
            backoffs: Backoffs::default(),
            latest: Latest::default(),
        };
        let reconciler = Reconciler::new(self.name()).throttle(PAUSE);
        let queue = reconciler.queue().clone();
        let sync = Arc::new(sync);
        let of_job = sync.clone();
        let reconciler = reconciler
            .maps(&jobs, move |event, keys| {
                let key = ObjectKey::of(&**event.object());
                let is_other = |old: &Arc<Job>| old.uid() != event.object().uid();
                if matches!(event, Event::Deleted(_)) || event.previous().is_some_and(is_other) {
                    of_job.forget(&key);
                }
                keys.push(key);
            })
            .handles(&pods, move |events| queue.extend(observer.observe(events)));
        let orphans = orphans::run(self.name(), ctx.client().clone(), &jobs, &pods);
        futures_util::future::join(reconciler.run(sync), orphans).await;
    }
}

#[async_trait]
impl Reconcile for Sync {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let Some(job) = self.jobs.find(key) else {
            self.forget(key);
            return Ok(Action::Done);
        };
        let job = self.latest.newer(key, job);
        if facts::is_foreign(&job) {
            return Ok(Action::Done);
        }
        if facts::is_finished(&job) {
            self.backoffs.forget(key);
            return Ok(Action::Done);
        }
        // Asked before the pods are counted: one that comes in between is seen in the next round.
        let satisfied = self.expectations.satisfied(key);
        let pods = self.claim(&job).await?;
        Round::new(self, key, &job, pods).run(satisfied).await
    }
}

impl Sync {
    fn forget(&self, key: &ObjectKey) {
        self.expectations.forget(key);
        self.removals.forget(key);
        self.backoffs.forget(key);
        self.latest.forget(key);
    }

    /// The pods of a job, with those adopted that nobody controlled; these are then counted, too.
    async fn claim(&self, job: &Job) -> Result<Vec<Arc<Pod>>, Error> {
        let selector = Selector::of(job.spec.as_ref().and_then(|spec| spec.selector.as_ref()));
        let selector = selector.map_err(|error| Error::blocked(format!("couldn't convert Job selector: {error}")))?;
        let matches = |pod: &Pod| selector.matches(pod.metadata.labels.as_ref());
        let (mut claimed, mut unclear) = (Vec::new(), Vec::new());
        self.pods.for_each_indexed(BY_CONTROLLER, job.uid(), |pod| {
            if matches(pod) { &mut claimed } else { &mut unclear }.push(pod.clone());
        });
        self.pods.for_each_indexed(BY_CONTROLLER, &pods::orphans(job.namespace()), |pod| {
            if matches(pod) {
                unclear.push(pod.clone());
            }
        });
        if !unclear.is_empty() {
            let client = &self.control.client;
            let adopted = owner::claim(client, job, unclear, matches, owner::recheck(client, job)).await?;
            for pod in adopted {
                let patch = json!({ "metadata": { "finalizers": [facts::FINALIZER], "uid": pod.uid() } });
                let api = client.namespaced::<Pod>(pod.namespace());
                claimed.push(api.patch(pod.name(), PatchKind::Strategic, &patch).await?);
            }
        }
        Ok(claimed)
    }
}
