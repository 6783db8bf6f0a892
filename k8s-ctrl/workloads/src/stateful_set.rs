//! Keeps pods that have a name and a place each.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/statefulset`. The retention policy of claims is not followed: claims
//! stay.

mod identity;
mod replica;
mod revisions;
mod round;
mod status;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api::Kind;
use k8s_api::selector::Selector;
use k8s_api_client::informer::{Event, Reader};
use k8s_api_client::{Client, ObjectKey, Recorder};
use k8s_ctrl::expectations::Expectations;
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler, owner};
use k8s_env::Env;
use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};

use crate::history::History;
use crate::latest::Latest;
use crate::pods::{self, BY_CONTROLLER};
use round::Round;

/// At least so much time between two rounds of one set.
const PAUSE: Duration = Duration::from_millis(10);

/// Keeps the pods of StatefulSets, and makes the claims they need.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatefulSets;

struct Sync {
    client: Client,
    recorder: Recorder,
    env: Env,
    sets: Reader<StatefulSet>,
    pods: Reader<Pod>,
    claims: Reader<PersistentVolumeClaim>,
    history: History,
    expectations: Expectations,
    latest: Latest<StatefulSet>,
}

#[async_trait]
impl Controller for StatefulSets {
    fn name(&self) -> &'static str {
        "statefulset-controller"
    }

    async fn run(&self, ctx: Context) {
        let informers = ctx.informers();
        let (sets, pods) = (informers.get::<StatefulSet>(), informers.get::<Pod>());
        let (claims, revisions) = (informers.get::<PersistentVolumeClaim>(), informers.get::<ControllerRevision>());
        pods::index(&pods);
        pods::index(&revisions);
        let sync = Arc::new(Sync {
            client: ctx.client().clone(),
            recorder: ctx.recorder().clone(),
            env: ctx.env().clone(),
            sets: sets.reader(),
            pods: pods.reader(),
            claims: claims.reader(),
            history: History { client: ctx.client().clone(), revisions: revisions.reader() },
            expectations: Expectations::new(),
            latest: Latest::default(),
        });
        let of_pod = sync.clone();
        Reconciler::new(self.name())
            .throttle(PAUSE)
            .needs(&claims)
            .needs(&revisions)
            .watches(&sets)
            .maps(&pods, move |event, keys| of_pod.observe(event, keys))
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
            return Ok(Action::Done);
        };
        let set = self.latest.newer(key, set);
        // What was done in the round before comes as an event.
        if !self.expectations.satisfied(key) {
            return Ok(Action::Done);
        }
        let Ok(selector) = Selector::of(set.spec.as_ref().map(|spec| &spec.selector)) else { return Ok(Action::Done) };
        let revisions = self.history.list(&*set, &selector).await?;
        let pods = self.claim(&set, &selector).await?;
        Round::begin(self, key, &set, pods, revisions).await?.run().await
    }
}

impl Sync {
    fn observe(&self, event: &Event<Pod>, keys: &mut Vec<ObjectKey>) {
        let pod = event.object();
        let before = event.previous().and_then(|old| owner::key_of_controller::<StatefulSet, _>(&**old));
        let key = owner::key_of_controller::<StatefulSet, _>(&**pod);
        keys.extend(before.filter(|before| Some(before) != key.as_ref()));
        match key {
            Some(key) => {
                let goes = pod.metadata.deletion_timestamp.is_some() || matches!(event, Event::Deleted(_));
                if goes {
                    self.expectations.deletion_observed(&key, pod.uid());
                } else if matches!(event, Event::Added(_)) {
                    self.expectations.creation_observed(&key);
                }
                keys.push(key);
            }
            None if owner::controller(&pod.metadata).is_none() && !matches!(event, Event::Updated { .. }) => {
                let parent = identity::parent(pod.name()).map(|(parent, _)| parent);
                keys.extend(parent.map(|parent| ObjectKey::new(pod.namespace(), parent)));
            }
            None => {}
        }
    }

    async fn claim(&self, set: &StatefulSet, selector: &Selector) -> Result<Vec<Arc<Pod>>, Error> {
        // Pods must match by name as well: the name is their place.
        let matches = |pod: &Pod| {
            let is_member = identity::parent(pod.name()).is_some_and(|(parent, _)| parent == set.name());
            is_member && selector.matches(pod.metadata.labels.as_ref())
        };
        let mut found = self.pods.by_index(BY_CONTROLLER, set.uid());
        self.pods.for_each_indexed(BY_CONTROLLER, &pods::orphans(set.namespace()), |pod| {
            if matches(pod) {
                found.push(pod.clone());
            }
        });
        owner::claim(&self.client, set, found, matches, owner::recheck(&self.client, set)).await
    }
}
