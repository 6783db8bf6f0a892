//! Stopping containers, and whole pods.
//!
//! Upstream: `pkg/kubelet/kuberuntime.killContainer`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use k8s_api_client::events::EventType;
use k8s_cri::{ContainerId, SandboxId};
use k8s_openapi::api::core::v1::{Container, Pod};
use tokio::time::Instant;

use super::{hook, sandbox};
use crate::context::Context;
use crate::probe::Kind;

/// Nothing is killed without this much warning. Upstream: `minimumGracePeriodInSeconds`.
const LEAST: Duration = Duration::from_secs(2);

/// How many seconds a container gets, and for which probe's sake it goes.
pub(crate) fn grace(pod: &Pod, cause: Option<(Kind, &Container)>) -> u64 {
    let of_probe = cause.and_then(|(kind, container)| {
        let probe = match kind {
            Kind::Liveness => container.liveness_probe.as_ref(),
            Kind::Startup => container.startup_probe.as_ref(),
            Kind::Readiness => None,
        };
        probe?.termination_grace_period_seconds
    });
    let of_pod = || pod.spec.as_ref()?.termination_grace_period_seconds;
    let seconds = pod.metadata.deletion_grace_period_seconds.or(of_probe).or_else(of_pod).unwrap_or(2);
    u64::try_from(seconds).unwrap_or(0)
}

/// A container to stop.
#[derive(Clone)]
pub(crate) struct Kill {
    pub(crate) context: Arc<Context>,
    pub(crate) pod: Arc<Pod>,
    pub(crate) container: Arc<Container>,
    pub(crate) field_path: String,
    pub(crate) id: ContainerId,
    /// What people are told; empty for the usual.
    pub(crate) message: String,
    pub(crate) grace: Duration,
}

impl Kill {
    /// Tells people, runs the hook and stops the container.
    ///
    /// # Errors
    /// What the runtime said: call again.
    pub(crate) async fn run(self) -> k8s_cri::Result<()> {
        let left = self.warn().await;
        self.context.runtime.stop_container(&self.id, left).await
    }

    /// Tells people and runs the hook; answers how much of the grace is left.
    async fn warn(&self) -> Duration {
        let message = match self.message.as_str() {
            "" => format!("Stopping container {}", self.container.name),
            message => message.to_owned(),
        };
        self.context.part_event(&self.pod, &self.field_path, EventType::Normal, "Killing", message);
        let began = Instant::now();
        let hook = self.container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
        if let Some(hook) = hook.filter(|_| !self.grace.is_zero()) {
            let run = hook::run(&self.context, &self.pod, &self.container, &self.id, hook);
            if let Ok(Err(error)) = tokio::time::timeout(self.grace, run).await {
                tracing::debug!(container = %self.id, %error, "a hook failed");
                let event = "PreStopHook failed";
                self.context.part_event(&self.pod, &self.field_path, EventType::Warning, "FailedPreStopHook", event);
            }
        }
        self.grace.saturating_sub(began.elapsed()).max(LEAST)
    }
}

/// A whole pod to stop: first the containers, sidecars after all others in the reverse of their order, then its
/// sandboxes.
pub(crate) struct StopPod {
    pub(crate) context: Arc<Context>,
    pub(crate) pod: Arc<Pod>,
    pub(crate) containers: Vec<Kill>,
    /// In the order of the spec.
    pub(crate) sidecars: Vec<Kill>,
    pub(crate) sandboxes: Vec<SandboxId>,
}

impl StopPod {
    /// Stops it.
    ///
    /// # Errors
    /// A sentence for people, which was told already: call again.
    pub(crate) async fn run(self) -> Result<(), String> {
        let stopped = self.stop().await;
        stopped.inspect_err(|error| {
            let message = format!("error killing pod: {error}");
            self.context.pod_event(&self.pod, EventType::Warning, "FailedKillPod", message);
        })
    }

    async fn stop(&self) -> Result<(), String> {
        let began = Instant::now();
        let ended = join_all(self.containers.iter().cloned().map(Kill::run)).await;
        ended.into_iter().collect::<Result<Vec<()>, _>>().map_err(|error| error.to_string())?;
        for mut sidecar in self.sidecars.iter().rev().cloned() {
            sidecar.grace = sidecar.grace.saturating_sub(began.elapsed());
            sidecar.run().await.map_err(|error| error.to_string())?;
        }
        for id in &self.sandboxes {
            sandbox::stop(&self.context, &self.pod, id).await?;
        }
        Ok(())
    }
}
