//! Rolls out what a Deployment says: one ReplicaSet for each pod template, the newest growing as the others shrink.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/deployment`.

mod annotations;
mod conditions;
mod progress;
mod revision;
mod rollback;
mod rollout;
mod round;
mod scale;
mod size;
pub(crate) mod template;
mod trigger;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api::Kind;
use k8s_api::selector::Selector;
use k8s_api_client::events::EventType;
use k8s_api_client::informer::{Event, Reader};
use k8s_api_client::{Client, ObjectKey, Recorder};
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler, owner};
use k8s_env::Env;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;

use crate::latest::Latest;
use crate::pods::{self, BY_CONTROLLER};
use round::Round;

/// At least so much time between two rounds of one deployment; see the same of replica sets.
const PAUSE: Duration = Duration::from_millis(10);

/// Rolls out Deployments.
///
/// The hash that names ReplicaSets is FNV-32a, as upstream's, but of the template's JSON instead of Go's print-out of
/// its fields in memory: names have the same shape and other letters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deployments;

struct Sync {
    client: Client,
    recorder: Recorder,
    env: Env,
    deployments: Reader<Deployment>,
    sets: Reader<ReplicaSet>,
    pods: Reader<Pod>,
    latest: Latest<Deployment>,
    latest_sets: Latest<ReplicaSet>,
}

#[async_trait]
impl Controller for Deployments {
    fn name(&self) -> &'static str {
        "deployment-controller"
    }

    async fn run(&self, ctx: Context) {
        let informers = ctx.informers();
        let deployments = informers.get::<Deployment>();
        let (sets, pods) = (informers.get::<ReplicaSet>(), informers.get::<Pod>());
        pods::index(&sets);
        pods::index(&pods);
        let sync = Arc::new(Sync {
            client: ctx.client().clone(),
            recorder: ctx.recorder().clone(),
            env: ctx.env().clone(),
            deployments: deployments.reader(),
            sets: sets.reader(),
            pods: pods.reader(),
            latest: Latest::default(),
            latest_sets: Latest::default(),
        });
        let (of_orphan, of_pod) = (sync.clone(), sync.clone());
        Reconciler::new(self.name())
            .throttle(PAUSE)
            .watches(&deployments)
            .owns::<Deployment, ReplicaSet>(&sets)
            .maps(&sets, move |event, keys| {
                if let Event::Deleted(set) = event {
                    of_orphan.latest_sets.forget(&ObjectKey::of(&**set));
                }
                trigger::orphan(&of_orphan.deployments, event, keys);
            })
            .maps(&pods, move |event, keys| trigger::pod_gone(&of_pod.deployments, &of_pod.sets, event, keys))
            .run(sync)
            .await;
    }
}

#[async_trait]
impl Reconcile for Sync {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let Some(deployment) = self.deployments.find(key) else {
            self.latest.forget(key);
            return Ok(Action::Done);
        };
        let deployment = self.latest.newer(key, deployment);
        let selector = Selector::of(deployment.spec.as_ref().map(|spec| &spec.selector));
        let selector = selector
            .map_err(|error| Error::blocked(format!("deployment {key} has invalid label selector: {error}")))?;
        if selector.is_everything() {
            return self.refuse(key, deployment).await;
        }
        let sets = self.claim(&deployment, &selector).await?;
        match Round::new(self, key, deployment, sets).run().await {
            // Whatever is tried in such a namespace fails, and soon nobody wants it any more.
            Err(error) if pods::is_namespace_terminating(&error) => Ok(Action::Done),
            outcome => outcome,
        }
    }
}

impl Sync {
    async fn refuse(&self, key: &ObjectKey, deployment: Arc<Deployment>) -> Result<Action, Error> {
        let message = "This deployment is selecting all pods. A non-empty selector is required.";
        self.recorder.event(&*deployment, EventType::Warning, "SelectingAll", message);
        let generation = deployment.metadata.generation;
        let observed = deployment.status.as_ref().and_then(|status| status.observed_generation);
        if observed.unwrap_or_default() < generation.unwrap_or_default() {
            let mut round = Round::new(self, key, deployment, Vec::new());
            round
                .update(|deployment| {
                    deployment.status.get_or_insert_default().observed_generation = generation;
                })
                .await?;
        }
        Ok(Action::Done)
    }

    /// The replica sets of a deployment, oldest first, with those adopted that nobody controlled.
    async fn claim(&self, deployment: &Deployment, selector: &Selector) -> Result<Vec<Arc<ReplicaSet>>, Error> {
        let matches = |set: &ReplicaSet| selector.matches(set.metadata.labels.as_ref());
        let (mut claimed, mut unclear) = (Vec::new(), Vec::new());
        self.sets.for_each_indexed(BY_CONTROLLER, deployment.uid(), |set| {
            if matches(set) { &mut claimed } else { &mut unclear }.push(set.clone());
        });
        self.sets.for_each_indexed(BY_CONTROLLER, &pods::orphans(deployment.namespace()), |set| {
            if matches(set) {
                unclear.push(set.clone());
            }
        });
        if !unclear.is_empty() {
            let may_adopt = owner::recheck(&self.client, deployment);
            claimed.extend(owner::claim(&self.client, deployment, unclear, matches, may_adopt).await?);
        }
        let newer = |set: Arc<ReplicaSet>| self.latest_sets.newer(&ObjectKey::of(&*set), set);
        let mut claimed: Vec<_> = claimed.into_iter().map(newer).collect();
        claimed.sort_by(|a, b| template::by_age(a, b));
        Ok(claimed)
    }
}
