//! Keeps the number of pods that a ReplicaSet, or a ReplicationController, asks for.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/{replicaset,replication}`.

mod observer;
mod pod_set;
mod status;
mod sync;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api_client::ObjectKey;
use k8s_api_client::informer::Event;
use k8s_ctrl::expectations::Expectations;
use k8s_ctrl::{Context, Controller, Reconciler};
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Pod, ReplicationController};

use crate::latest::Latest;
use crate::pods::{self, PodControl};
use observer::Observer;
use pod_set::PodSet;
use sync::Sync;

/// At least so much time between two rounds of one set: its thousand pods that become ready one after the other cost
/// some tens of rounds. Upstream's limit on requests has this effect.
const PAUSE: Duration = Duration::from_millis(10);

/// Keeps the pods of ReplicaSets.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplicaSets;

/// Keeps the pods of ReplicationControllers.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplicationControllers;

#[async_trait]
impl Controller for ReplicaSets {
    fn name(&self) -> &'static str {
        "replicaset-controller"
    }

    async fn run(&self, ctx: Context) {
        run::<ReplicaSet>(self.name(), ctx).await;
    }
}

#[async_trait]
impl Controller for ReplicationControllers {
    fn name(&self) -> &'static str {
        "replicationcontroller-controller"
    }

    fn account(&self) -> &'static str {
        "replication-controller"
    }

    async fn run(&self, ctx: Context) {
        run::<ReplicationController>(self.name(), ctx).await;
    }
}

async fn run<S: PodSet>(name: &'static str, ctx: Context) {
    let (sets, pods) = (ctx.informers().get::<S>(), ctx.informers().get::<Pod>());
    pods::index(&sets);
    pods::index(&pods);
    let expectations = Arc::new(Expectations::new());
    let observer = Observer { sets: sets.reader(), expectations: expectations.clone() };
    let sync = Sync {
        control: PodControl { client: ctx.client().clone(), recorder: ctx.recorder().clone() },
        sets: sets.reader(),
        pods: pods.reader(),
        expectations: expectations.clone(),
        latest: Latest::default(),
        env: ctx.env().clone(),
    };
    let reconciler = Reconciler::new(name).throttle(PAUSE);
    let queue = reconciler.queue().clone();
    reconciler
        .maps(&sets, move |event, keys| {
            let key = ObjectKey::of(&**event.object());
            let is_other = |old: &Arc<S>| old.uid() != event.object().uid();
            if matches!(event, Event::Deleted(_)) || event.previous().is_some_and(is_other) {
                expectations.forget(&key);
            }
            keys.push(key);
        })
        .handles(&pods, move |events| queue.extend(observer.observe(events)))
        .run(Arc::new(sync))
        .await;
}
