//! Pods that were said to go and did not: after two minutes that is said no longer.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api_client::informer::{Informer, Reader};
use k8s_api_client::{Client, ObjectKey, PatchKind};
use k8s_ctrl::{Action, Error, Reconcile, Reconciler, pod};
use k8s_env::Env;
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use crate::time;

const DISRUPTION_TARGET: &str = "DisruptionTarget";
const TIMEOUT_SECONDS: i64 = 120;

struct Stale {
    client: Client,
    env: Env,
    pods: Reader<Pod>,
}

/// Works until the future is dropped.
pub(super) async fn run(name: &'static str, client: Client, env: Env, pods: &Informer<Pod>) {
    let stale = Arc::new(Stale { client, env, pods: pods.reader() });
    let of_pod = stale.clone();
    Reconciler::new(name)
        .workers(1)
        .maps(pods, move |event, keys| {
            if let Some(pod) = event.current().filter(|pod| of_pod.left(pod).is_some()) {
                keys.push(ObjectKey::of(&**pod));
            }
        })
        .run(stale)
        .await;
}

impl Stale {
    /// How long the condition of a pod may stand still; `None` when it has none that may become stale. What a kubelet
    /// says stays until it has done it.
    fn left(&self, pod: &Pod) -> Option<Duration> {
        let target = pod::condition(pod, DISRUPTION_TARGET).filter(|target| target.status == "True")?;
        let by_kubelet = target.reason.as_deref() == Some("TerminationByKubelet");
        if pod.metadata.deletion_timestamp.is_some() || by_kubelet || pod::is_terminal(pod) {
            return None;
        }
        let since = target.last_transition_time.as_ref().map(|time| time.0).unwrap_or_default();
        Some(time::until(self.env.clock.now(), since, TIMEOUT_SECONDS))
    }
}

#[async_trait]
impl Reconcile for Stale {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let Some(left) = self.pods.find(key).and_then(|pod| self.left(&pod)) else { return Ok(Action::Done) };
        if !left.is_zero() {
            return Ok(Action::RequeueAfter(left));
        }
        let condition = json!({
            "type": DISRUPTION_TARGET, "status": "False", "reason": null, "message": null,
            "lastTransitionTime": time::now(&self.env),
        });
        let patch = json!({ "status": { "conditions": [condition] } });
        let api = self.client.namespaced::<Pod>(key.namespace());
        match api.patch_status(key.name(), PatchKind::Strategic, &patch).await {
            Err(status) if !status.is_not_found() => Err(status.into()),
            _ => Ok(Action::Done),
        }
    }
}
